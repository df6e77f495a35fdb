"""The inventory shows, sorts by and finds the title that is sure or chosen; the name is found as well."""

from __future__ import annotations

from dataclasses import replace

import asyncpg
import pytest

from mediavault_tui.domain.library import GroupQuery, InventoryQuery, InventoryRow, SortKey
from mediavault_tui.domain.model import FileId
from mediavault_tui.domain.world import Title, TitleKind
from mediavault_tui.services.dedupe import Dedupe
from mediavault_tui.services.library import Library
from mediavault_tui.services.titles.choosing import Choosing
from mediavault_tui.services.titles.world_asking import Asker
from mediavault_tui.services.titles.world_gate import Answers
from mediavault_tui.store import arrivals, indexes, metadata
from mediavault_tui.store.arrival_rows import identity_half
from mediavault_tui.store.database import Connection, Database
from mediavault_tui.store.metadata import FoundMatch
from tests.factories import a_file, an_identity, insert_file

SEVEN = Title(TitleKind.MOVIE, 807, "Seven", original_title="Se7en", year=1995, detailed=True)
PATHS = ("/lib/Zodiac.mkv", "/lib/Se7en.mkv", "/lib/Alien.mkv")


async def shelve(conn: Connection) -> list[FileId]:
    """Three films whose names say no more than their titles; the second is called otherwise at TMDb."""
    names = [path.rpartition("/")[2].removesuffix(".mkv") for path in PATHS]
    files = [
        await insert_file(conn, a_file(path, root="/lib", identity=an_identity(name, year=None)))
        for path, name in zip(PATHS, names, strict=True)
    ]
    await metadata.put_titles(conn, [SEVEN])
    return [file.id for file in files]


async def rows(database: Database, text: str = "", sort: SortKey = SortKey.TITLE) -> list[InventoryRow]:
    return await Library(database).page(InventoryQuery(text=text, sort=sort), limit=50)


async def shown(database: Database, text: str = "") -> list[tuple[str, int | None]]:
    return [(row.title, row.year) for row in await rows(database, text)]


async def test_a_sure_title_is_shown_sorted_and_found_and_so_is_the_name(
    database: Database, conn: Connection
) -> None:
    _, file, _ = await shelve(conn)
    found = FoundMatch(file, "movie|se7en||", "ask", SEVEN.key)
    await metadata.put_matches(conn, [found])
    assert await shown(database) == [("Alien", None), ("Se7en", None), ("Zodiac", None)], "not sure yet"
    await metadata.put_matches(conn, [replace(found, state="sure")])
    assert await shown(database) == [("Alien", None), ("Seven", 1995), ("Zodiac", None)]
    assert [row.title for row in await rows(database, sort=SortKey.YEAR)][-1] == "Seven"
    assert await shown(database, "seven") == await shown(database, "se7en") == [("Seven", 1995)]
    # What is asked of the world goes on to be what the name says.
    files, _ = await metadata.files_to_match(conn, after=0, limit=10)
    assert [each.asked.question.title for each in files if each.id == file] == ["Se7en"]
    # Details may call it otherwise.
    await metadata.put_titles(conn, [replace(SEVEN, title="Zeven", year=1996)])
    assert await shown(database) == [("Alien", None), ("Zeven", 1996), ("Zodiac", None)]
    assert await shown(database, "seven") == []
    await conn.execute("delete from file_matches")
    assert await shown(database) == [("Alien", None), ("Se7en", None), ("Zodiac", None)]
    assert await shown(database, "zeven") == []
    held = await conn.fetchrow("select named_title, world_words, tags from media_files where id = $1", file)
    assert held is not None
    assert tuple(held) == (None, None, None)


async def test_a_choice_is_shown_until_it_is_undone_and_outlives_a_new_reading_of_the_name(
    database: Database, conn: Connection
) -> None:
    _, file, _ = await shelve(conn)
    choosing = Choosing(database, Asker(database, Answers(database, None)))
    await choosing.choose(file, SEVEN.key, who="ripley")
    assert ("Seven", 1995) in await shown(database, "se7en")
    # A scan that finds the file renamed reads its name anew.
    await conn.execute("update media_files set title = '', title_key = '', identity_confidence = 0,"
                       " named_title = null, named_key = null, named_year = null, world_words = null"
                       " where id = $1", file)  # fmt: skip
    half = identity_half("Sieben.mkv", an_identity("Sieben", year=None))
    await arrivals.set_identities(conn, [(file, half)])
    assert await shown(database, "sieben") == await shown(database, "seven") == [("Seven", 1995)]
    await choosing.undo(who="ripley")
    assert await shown(database, "sieben") == [("Sieben", None)]
    assert await shown(database, "seven") == []


async def test_titles_that_an_older_program_kept_are_shown_after_the_next_fetch(
    database: Database, conn: Connection
) -> None:
    _, file, _ = await shelve(conn)
    await conn.execute("update titles set title_key = null, words = '{}'")
    await metadata.put_matches(conn, [FoundMatch(file, "movie|se7en||", "sure", SEVEN.key)])
    assert ("Se7en", None) in await shown(database)
    assert await metadata.in_turn(database, metadata.key_titles) == 1
    assert await shown(database, "seven") == [("Seven", 1995)]
    assert await metadata.in_turn(database, metadata.key_titles) == 0


async def test_a_group_is_called_by_its_title_and_found_by_both(database: Database, conn: Connection) -> None:
    identity = an_identity("Se7en", year=1995)
    copies = [
        await insert_file(conn, a_file(f"/lib/{n}/Se7en.mkv", id=n, root="/lib", identity=identity))
        for n in (1, 2)
    ]
    await metadata.put_titles(conn, [SEVEN])
    found = [FoundMatch(each.id, "movie|se7en|1995|", "sure", SEVEN.key) for each in copies]
    await metadata.put_matches(conn, found)
    dedupe = Dedupe(database)
    await dedupe.refresh()
    assert [group.title for group in await dedupe.groups(GroupQuery("seven"))] == ["Seven (1995)"]
    assert [group.title for group in await dedupe.groups(GroupQuery("se7en"))] == ["Seven (1995)"]
    assert await dedupe.groups(GroupQuery("eight")) == []


async def test_a_writer_of_titles_gives_way_to_a_scan_that_holds_its_files(
    database: Database, conn: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A scan locks rows in its own order; who writes titles lets go and begins again when it is done."""
    first, second, _ = await shelve(conn)
    monkeypatch.setattr(metadata, "_PAUSE", 0.01)
    found = [FoundMatch(id, "x", "sure", SEVEN.key) for id in (first, second)]
    scan = conn.transaction()
    await scan.start()
    await conn.execute("update media_files set score = 1 where id = $1", second)
    tries = 0

    async def write(own: Connection) -> None:
        nonlocal tries
        tries += 1
        if tries == 2:
            # The scan goes on to the file that the writer held while it waited.
            await conn.execute("update media_files set score = 1 where id = $1", first)
            await scan.commit()
        await metadata.put_matches(own, found)

    await metadata.in_turn(database, write)
    assert tries == 2
    assert [row.title for row in await rows(database, "seven")] == ["Seven", "Seven"]


async def test_a_first_scan_fills_neither_the_columns_nor_the_indexes_of_titles(conn: Connection) -> None:
    """Null until a title is sure; and an index with a condition holds only rows that meet it."""
    await insert_file(conn, a_file(PATHS[0], root="/lib", identity=an_identity("Zodiac", year=2007)))
    held = await conn.fetchrow(
        "select named_title, named_key, named_year, world_words, tags from media_files"
    )
    assert held is not None
    assert set(held) == {None}
    definitions = await conn.fetch(
        "select indexdef from pg_indexes where tablename = 'media_files' and indexdef ~ 'tags'"
    )
    assert len(definitions) == 2
    assert all("WHERE (tags IS NOT NULL)" in row["indexdef"] for row in definitions)
    with pytest.raises(asyncpg.CheckViolationError):
        await conn.execute("update media_files set named_title = 'half'")
    assert not await indexes.unmade(conn)
