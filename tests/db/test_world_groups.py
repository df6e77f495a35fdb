"""What TMDb knows reaches the groups: other names join, like names part, genres choose the folder."""

from __future__ import annotations

from pathlib import Path

from mediavault_tui.domain.library import GroupQuery
from mediavault_tui.domain.model import FileId, Kind, MediaFile
from mediavault_tui.domain.verdict import Proof
from mediavault_tui.domain.world import Title, TitleKind
from mediavault_tui.services.dedupe import Dedupe
from mediavault_tui.store import metadata
from mediavault_tui.store.database import Connection, Database
from mediavault_tui.store.files import media_file
from mediavault_tui.store.metadata import FoundMatch
from tests.db.shelf import ME, Shelf
from tests.factories import a_file, an_identity, insert_file

AMELIE = Title(TitleKind.MOVIE, 194, "Amélie", year=2001, original_language="fr", runtime=7200)
OFFICE = Title(TitleKind.TV, 2316, "The Office", year=2005)


async def film(conn: Connection, number: int, name: str, **more: int) -> MediaFile:
    identity = an_identity(name, year=2001)
    return await insert_file(
        conn, a_file(f"/library/{number}/film.mkv", id=number, identity=identity, **more)
    )  # type: ignore[arg-type]  # a test's own words


async def is_title(
    conn: Connection, file: FileId, title: Title, season: int | None = None, *episodes: int
) -> None:
    await metadata.put_titles(conn, [title])
    await metadata.put_matches(
        conn, [FoundMatch(file, "x", "sure", title.key, season=season, episodes=episodes, confidence=99)]
    )


async def groups(database: Database) -> list[set[int]]:
    dedupe = Dedupe(database)
    await dedupe.refresh()
    return [
        {copy.file.id for copy in (await dedupe.comparison(group.id)).copies}
        for group in await dedupe.groups(GroupQuery(proofs=(Proof.SAME_TITLE,)))
    ]


async def test_one_title_under_two_names_is_one_group(conn: Connection, database: Database) -> None:
    one, other = await film(conn, 1, "Amelie"), await film(conn, 2, "Die fabelhafte Welt")
    assert await groups(database) == []
    for file in (one, other):
        await is_title(conn, file.id, AMELIE)
    assert await groups(database) == [{one.id, other.id}]


async def test_two_titles_under_one_name_are_no_group(conn: Connection, database: Database) -> None:
    one, other = await film(conn, 1, "Crash"), await film(conn, 2, "Crash")
    assert await groups(database) == [{one.id, other.id}]
    await is_title(conn, one.id, AMELIE)
    await is_title(conn, other.id, Title(TitleKind.MOVIE, 195, "Other", year=2001))
    assert await groups(database) == []


async def test_an_episode_numbered_through_is_the_one_of_its_season(
    conn: Connection, database: Database
) -> None:
    names = (
        an_identity("Naruto", year=None, season=2, episodes=(8,)),
        an_identity("Naruto", year=None, episodes=(60,)),
    )
    files = [
        await insert_file(conn, a_file(f"/library/n/{n}.mkv", id=n, identity=identity))
        for n, identity in enumerate(names, 1)
    ]
    assert await groups(database) == []
    for file in files:
        await is_title(conn, file.id, Title(TitleKind.TV, 46260, "Naruto", year=2002), 2, 8)
    assert await groups(database) == [{file.id for file in files}]


async def test_a_documentary_by_genre_is_staged_with_the_documentaries(
    conn: Connection, database: Database, tmp_path: Path
) -> None:
    shelf = Shelf(conn, tmp_path / "library")
    keeper, loser = await shelf.add("a/Free Solo.mkv", b"kept"), await shelf.add("b/Free Solo.mkv", b"worse")
    await is_title(conn, loser.id, Title(TitleKind.MOVIE, 515042, "Free Solo", year=2018, genres=(99, 12)))
    read = await media_file(conn, loser.id)
    assert read is not None
    assert read.identity is not None
    assert read.identity.kind is Kind.DOCUMENTARY
    group = await shelf.group(keeper, loser)
    assert not (await shelf.stage(database).stage_group(group, keeper.id, who=ME)).refused
    assert any("/documentaries/" in name for name in shelf.names())
