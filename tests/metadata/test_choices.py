"""A person chooses: the queue, searches of the real (local) TMDb, the choice, its undoing, and posters."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from mediavault_tui.domain.model import FileId
from mediavault_tui.domain.world import Title, TitleKind
from mediavault_tui.errors import ServiceDown, UsageError
from mediavault_tui.metadata.edge import Edge
from mediavault_tui.metadata.images import Images
from mediavault_tui.services.titles.metadata import Metadata
from mediavault_tui.services.titles.posters import Posters
from mediavault_tui.services.titles.world_gate import Answers
from mediavault_tui.store import metadata
from mediavault_tui.store.database import Database
from mediavault_tui.store.metadata import FoundMatch
from tests.db.overheard import Overheard
from tests.factories import a_file, an_identity, insert_file
from tests.metadata.world_server import WorldServer

OLD_HEAT, HEAT = (TitleKind.MOVIE, 31865), (TitleKind.MOVIE, 949)
_MATCHES = (
    "select file_id, state, kind, tmdb_id, evidence, candidates, confidence from file_matches order by 1"
)


async def add(
    database: Database, path: str, title: str, *, year: int | None = None, minutes: float = 0
) -> FileId:
    async with database.connection() as conn:
        number = await conn.fetchval("select count(*) from media_files")
        file = a_file(path, root="/lib", inode=number + 1, identity=an_identity(title, year=year))
        assert not isinstance(file.info, str)
        if file.info is not None:
            file = replace(file, info=replace(file.info, duration=60 * minutes))
        return (await insert_file(conn, file)).id


async def fetched(service: Metadata) -> None:
    async for _ in service.fetch():
        pass


@pytest.fixture
async def heats(database: Database, service: Metadata) -> list[FileId]:
    """Three files called Heat, of no known length, in two folders; one more that is sure."""
    paths = ("/lib/a/Heat 1.mkv", "/lib/a/Heat 2.mkv", "/lib/b/Heat 3.mkv")
    files = [await add(database, path, "Heat") for path in paths]
    files.append(await add(database, "/lib/m/The Matrix.mkv", "The Matrix", year=1999, minutes=136))
    await fetched(service)
    return files


async def test_the_queue_has_a_line_a_folder_and_each_file_its_candidates(
    database: Database, service: Metadata, heats: list[FileId]
) -> None:
    choosing = service.choosing
    assert await choosing.asking() == 1
    queue = await choosing.queue()
    assert [(each.folder, each.files, each.everywhere) for each in queue] == [
        (b"/lib/a", 2, 3),
        (b"/lib/b", 1, 3),
    ]
    assert await choosing.queue(after=queue[-1]) == []
    puzzle = await choosing.puzzle(queue[0].file)
    assert (puzzle.state, puzzle.folder, puzzle.files, puzzle.everywhere) == ("ask", "/lib/a", 2, 3)
    assert [each.title.key for each in puzzle.candidates] == [HEAT, OLD_HEAT]
    assert all("the same title" in each.evidence[0] for each in puzzle.candidates)
    sure = await choosing.puzzle(heats[3])
    assert (sure.state, sure.title) == ("sure", (TitleKind.MOVIE, 603))
    assert sure.candidates[0].title.title == "The Matrix"
    with pytest.raises(UsageError, match="no file number"):
        await choosing.puzzle(FileId(4711))


async def test_a_search_finds_words_films_and_shows_ids_and_addresses(
    database: Database, service: Metadata, heats: list[FileId]
) -> None:
    puzzle = await service.choosing.puzzle(heats[0])

    async def found(text: str) -> list[tuple[str, int]]:
        return [
            (each.title.kind.value, each.title.tmdb_id)
            for each in await service.choosing.search(puzzle, text)
        ]

    assert (await found("Out of the Past"))[0] == ("movie", 678)
    assert await found("Heat 1986") == [("movie", 31865)]
    assert (await found("Blade Runner 2049"))[0] == ("movie", 335984), "a number that is no year of it"
    assert ("tv", 2316) in await found("The Office")
    assert await found("movie/550") == [("movie", 550)]
    assert await found("https://www.themoviedb.org/movie/680-pulp-fiction") == [("movie", 680)]
    assert await found("tt1000603") == [("movie", 603)]
    assert await found("movie/99") == []
    assert await found("no such words at all") == []


async def test_offline_the_kept_candidates_do_and_a_new_search_says_why_not(
    database: Database, service: Metadata, heats: list[FileId]
) -> None:
    offline = Metadata(database, Answers(database, None)).choosing
    puzzle = await offline.puzzle(heats[0])
    assert [each.title.key for each in puzzle.candidates] == [HEAT, OLD_HEAT]
    with pytest.raises(ServiceDown, match="no key to ask it now"):
        await offline.search(puzzle, "Something Else")
    assert [each.title.key for each in await offline.search(puzzle, "movie/949")] == [HEAT]
    assert await offline.choose(heats[0], OLD_HEAT, who="ripley") == 2
    assert (await offline.puzzle(heats[1])).title == OLD_HEAT


async def test_a_choice_for_a_folder_stands_before_one_for_everywhere_and_each_is_undone_in_turn(
    database: Database, service: Metadata, heats: list[FileId]
) -> None:
    choosing = service.choosing
    async with database.connection() as conn:
        before = await conn.fetch(_MATCHES)
    assert await choosing.choose(heats[0], OLD_HEAT, who="ripley") == 2
    async with database.connection() as conn:
        between = await conn.fetch(_MATCHES)
    assert await choosing.choose(heats[2], HEAT, everywhere=True, who="ripley") == 1
    assert [(await choosing.puzzle(file)).title for file in heats[:3]] == [OLD_HEAT, OLD_HEAT, HEAT]
    assert await choosing.asking() == 0
    later = await add(database, "/lib/c/Heat 9.mkv", "Heat")
    await fetched(service)
    assert (await choosing.puzzle(later)).title == HEAT
    assert await choosing.undo(who="dallas") is None, "another's choice is theirs"
    assert (await choosing.undo(who="ripley") or "").startswith("Undone: “Heat (1995)” for 2 files")
    async with database.connection() as conn:
        assert await conn.fetch(_MATCHES) == between, "the later file waits for the next fetch"
    await choosing.undo(who="ripley")
    async with database.connection() as conn:
        assert await conn.fetch(_MATCHES) == before
    assert await choosing.undo(who="ripley") is None
    await fetched(service)
    assert (await choosing.puzzle(later)).state == "ask"


async def test_none_of_them_is_a_choice_too_and_a_second_choice_replaces_it(
    database: Database, service: Metadata, heats: list[FileId]
) -> None:
    choosing = service.choosing
    await choosing.choose(heats[0], None, who="ripley")
    puzzle = await choosing.puzzle(heats[1])
    assert (puzzle.state, puzzle.title) == ("none", None)
    assert [each.title.key for each in puzzle.candidates] == [HEAT, OLD_HEAT], "from the kept answers"
    await choosing.choose(heats[1], HEAT, who="ripley")
    assert (await choosing.puzzle(heats[0])).title == HEAT
    await choosing.undo(who="ripley")
    assert (await choosing.puzzle(heats[0])).state == "none"
    with pytest.raises(UsageError, match="TMDb knows no movie 99"):
        await choosing.choose(heats[0], (TitleKind.MOVIE, 99), who="ripley")


async def test_a_poster_is_fetched_once_and_drawn_in_any_size_without_the_network(
    world: WorldServer, tmp_path: Path
) -> None:
    posters = Posters(tmp_path / "posters", partial(Images, world.image_url))
    small = await posters.poster("/949.jpg", width=20, height=30)
    assert small is not None
    assert (small.width, small.height) == (20, 30)
    red, green, blue = small.rgb[:3]
    assert abs(red - 949 % 256) < 6
    assert abs(green - 60) < 6
    assert abs(blue - 200) < 6
    again = Posters(tmp_path / "posters", None)
    large = await again.poster("/949.jpg", width=200, height=100)
    assert large is not None
    assert large.height == 100
    assert world.images == ["w342/949.jpg"]
    assert world.arrivals == [], "no key travels to the images, and no request of the limit is spent"
    await posters.close()


async def test_what_is_no_poster_is_none_and_is_not_asked_for_again_at_once(
    world: WorldServer, tmp_path: Path
) -> None:
    clock = [0.0]
    posters = Posters(tmp_path / "posters", partial(Images, world.image_url), now=lambda: clock[0])
    for _ in range(2):
        assert await posters.poster("/7.jpg", width=20, height=30) is None
    assert world.images == ["w342/7.jpg"]
    clock[0] = 400.0
    assert await posters.poster("/7.jpg", width=20, height=30) is None
    assert len(world.images) == 2
    assert await posters.poster("/666.jpg", width=20, height=30) is None, "its bytes are no picture"
    for hostile in ("/../../3/movie/603", "http://elsewhere.example/x.jpg", "/a b.jpg", ""):
        assert await posters.poster(hostile, width=20, height=30) is None
    assert len(world.images) == 3
    await posters.close()
    gone = Posters(tmp_path / "posters", partial(Images, "http://127.0.0.1:9/", timeout=1.0))
    assert await gone.poster("/550.jpg", width=20, height=30) is None
    await gone.close()


async def test_posters_that_do_not_come_leave_nothing_behind(world: WorldServer, tmp_path: Path) -> None:
    clock = [0.0]
    posters = Posters(tmp_path / "posters", partial(Images, world.image_url), now=lambda: clock[0])
    for _ in range(3):
        assert await posters.poster("/7.jpg", width=20, height=30) is None
        assert await posters.poster("/8.jpg?", width=20, height=30) is None
        clock[0] += 400.0
    assert len(posters._asking) == 0
    assert await posters.poster("/9.jpg?", width=20, height=30) is None
    assert list(posters._failed) == ["/9.jpg?"]
    await posters.close()


async def test_posters_that_are_wanted_at_once_share_one_client(world: WorldServer, tmp_path: Path) -> None:
    made: list[Images] = []

    def make() -> Images:
        made.append(Images(world.image_url))
        return made[-1]

    posters = Posters(tmp_path / "posters", make)
    names = [f"/{number}.jpg" for number in range(200, 206)]
    assert all(await asyncio.gather(*(posters.poster(name, width=8, height=12) for name in names)))
    await posters.close()
    assert len(made) == 1, "what nobody knows of, nobody closes"


async def test_the_posters_that_are_kept_are_bounded(world: WorldServer, tmp_path: Path) -> None:
    posters = Posters(tmp_path / "posters", partial(Images, world.image_url), most=9000)
    for number in range(200, 206):
        assert await posters.poster(f"/{number}.jpg", width=8, height=12) is not None
    sizes = [path.stat().st_size for path in (tmp_path / "posters").iterdir()]
    assert 0 < sum(sizes) <= 9000
    assert len(sizes) < 6
    assert oct(os.stat(tmp_path / "posters").st_mode & 0o777) == "0o700"
    await posters.close()


async def test_the_candidates_of_all_that_wait_are_read_together(database: Database, edge: Edge) -> None:
    overheard = Overheard(database)
    choosing = Metadata(overheard, Answers(overheard, edge)).choosing
    titles = [Title(TitleKind.MOVIE, number, f"Film {number}", year=1995) for number in range(1, 6)]
    async with database.connection() as conn:
        await metadata.put_titles(conn, titles)
        for number, title in enumerate(titles):
            file = await insert_file(conn, a_file(f"/lib/{number}.mkv", root="/lib", inode=number + 1))
            kept = ((TitleKind.MOVIE, title.tmdb_id, 50, ("a reason",)), (TitleKind.MOVIE, 1, 40, ()))
            found = FoundMatch(file.id, f"film {number}", "ask", title.key, candidates=kept)
            await metadata.put_matches(conn, [found])
    waiting = await choosing.waiting()
    assert [len(candidates) for _, candidates in waiting] == [2] * 5
    assert {candidates[0].title for _, candidates in waiting} == {title.title for title in titles}
    assert sum("join titles t on" in query for query in overheard.asked) == 1
