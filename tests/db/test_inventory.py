"""Windows of the inventory: orders, filters, and the indexes that carry them."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from itertools import product
from pathlib import Path

import pytest

from mediavault_tui.domain.library import Facet, InventoryQuery, InventoryRow, SortKey
from mediavault_tui.domain.model import FileId
from mediavault_tui.domain.pathtext import display
from mediavault_tui.services.library import Library
from mediavault_tui.store import indexes, inventory, inventory_search
from mediavault_tui.store.database import Connection, Database
from mediavault_tui.store.sqlfiles import sql
from tests.db.own import own_database
from tests.db.rows import fill
from tests.db.scans import scan, write

FACETS = [
    (Facet.KIND, "documentary"),
    (Facet.TIER, "4K"),
    (Facet.CODEC, "av1"),
    (Facet.LANGUAGE, "fi"),
    (Facet.FOLDER, "/lib/movie"),
    (Facet.STATE, "missing"),
]


def sorted_by_hand(rows: list[InventoryRow], query: InventoryQuery) -> list[int]:
    keyed = sorted(((row.cursor.value, row.id) for row in rows), reverse=query.descending)
    return [id for _, id in keyed]


@pytest.fixture(scope="module")
def filled(pg_url: str, template: str) -> Iterator[str]:
    """Yield the address of an inventory that the tests of this module only read."""
    with own_database(pg_url, template, "inventory", lambda conn: fill(conn, 3000)) as url:
        yield url


@pytest.fixture
async def library(filled: str) -> AsyncIterator[Library]:
    database = await Database.connect(filled)
    yield Library(database)
    await database.close()


async def everything(library: Library, query: InventoryQuery, *, limit: int = 97) -> list[InventoryRow]:
    rows: list[InventoryRow] = []
    while page := await library.page(query, after=rows[-1].cursor if rows else None, limit=limit):
        rows += page
    return rows


@pytest.mark.parametrize(("sort", "descending"), product(SortKey, (False, True)))
async def test_pages_put_together_are_the_whole_inventory_in_order(
    library: Library, sort: SortKey, descending: bool
) -> None:
    query = InventoryQuery(sort=sort, descending=descending)
    rows = await everything(library, query)
    assert len(rows) == 2970  # 30 of the 3,000 are purged
    assert [row.id for row in rows] == sorted_by_hand(rows, query)
    last = await library.page(query, from_end=True, limit=10)
    assert [row.id for row in last] == [row.id for row in rows[-10:]]
    above = await library.page(query, before=last[0].cursor, limit=10)
    assert [row.id for row in above] == [row.id for row in rows[-20:-10]]


@pytest.mark.parametrize(("facet", "sort"), product(FACETS, SortKey))
async def test_a_facet_lets_through_what_has_it_under_any_sort(
    library: Library, facet: tuple[Facet, str], sort: SortKey
) -> None:
    query = InventoryQuery(facets=(facet,), sort=sort, descending=True)
    rows = await everything(library, query)
    assert rows
    assert [row.id for row in rows] == sorted_by_hand(rows, query)
    assert (await library.totals(query)).files == len(rows)
    counts = {count.value: count.files for count in await library.facet_counts(facet[0], query)}
    if facet[0] is not Facet.STATE:
        present = [row for row in rows if row.state == "present"]
        assert counts[facet[1]] == len(present)
    else:
        assert counts[facet[1]] == len(rows)


@pytest.mark.parametrize(
    "query",
    [
        InventoryQuery(text="sta"),
        InventoryQuery(text="STAR epi", sort=SortKey.SIZE),
        InventoryQuery(text="star", inverse=True, sort=SortKey.YEAR),
        InventoryQuery(facets=((Facet.LANGUAGE, "en"),), sort=SortKey.SCORE, descending=True),
        InventoryQuery(facets=((Facet.FOLDER, "/lib/episode"), (Facet.KIND, "episode"))),
        InventoryQuery(text="night", facets=((Facet.TIER, "4K"), (Facet.LANGUAGE, "en"))),
    ],
)
async def test_walking_and_collecting_find_the_same(
    library: Library, query: InventoryQuery, monkeypatch: pytest.MonkeyPatch
) -> None:
    collected = await everything(library, query)
    assert collected
    monkeypatch.setattr(inventory_search, "_FEW", -1)  # nothing counts as rare: everything is walked
    monkeypatch.setattr(inventory_search, "_STEP", 10)
    assert await everything(library, query) == collected


async def test_what_statistics_call_rare_and_is_not_is_found_all_the_same(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = InventoryQuery(text="star", sort=SortKey.TITLE, descending=True)
    walked = await everything(library, query)
    assert len(walked) > 300
    monkeypatch.setattr(inventory_search, "_FEW", 200)
    monkeypatch.setattr(inventory_search, "_STEP", 10)
    for believed in (1, 1000):
        monkeypatch.setattr(inventory_search, "estimate", _Always(believed))
        assert await everything(library, query) == walked


class _Always:
    """Stands for statistics that always say the same."""

    def __init__(self, rows: int) -> None:
        self._rows = rows

    async def __call__(self, *_arguments: object) -> int:
        return self._rows


async def test_a_folders_text_finds_its_files_whatever_bytes_its_name_is_made_of(
    database: Database, tmp_path: Path
) -> None:
    root = os.fsencode(tmp_path) + b"/Sammlung \xc3\xa4 \xff"
    folders = [root + b"/plain", root + "/日本".encode(), root + b"/bad \xfe", root + b"/bad \\xfe"]
    for folder in folders:
        for deep in (b"", b"/deep \xe9"):
            write(Path(os.fsdecode(folder + deep)) / "a.mkv", folder + deep)
    write(Path(os.fsdecode(root)) / "loose.mkv", b"in no folder")
    await scan(database, Path(os.fsdecode(root)))
    library = Library(database)
    counts = await library.facet_counts(Facet.FOLDER, InventoryQuery())
    assert {count.value for count in counts} == {display(folder) for folder in folders}
    assert {(count.value, count.files) for count in counts} <= {
        (display(folder), files) for folder in folders for files in (2, 4)
    }

    async def found(folder: bytes) -> list[str]:
        query = InventoryQuery(facets=((Facet.FOLDER, display(folder)),))
        return sorted(row.path for row in await library.page(query))

    for folder in folders[:2]:
        assert await found(folder) == sorted(
            display(folder + deep) + "/a.mkv" for deep in (b"", b"/deep \xe9")
        )
    assert await found(folders[0] + b"/deep \xe9") == [display(folders[0]) + r"/deep \xe9/a.mkv"]
    assert len(await found(folders[2])) == 2
    assert await found(root + b"/nowhere") == []


async def test_a_text_without_a_word_lets_everything_through(library: Library) -> None:
    assert (await library.totals(InventoryQuery(text="!!! -- ...."))).files == 2970


async def test_milestones_are_the_rows_that_pages_meet(library: Library) -> None:
    query = InventoryQuery(sort=SortKey.SIZE, facets=((Facet.KIND, "movie"),))
    rows = await everything(library, query)
    marks = await library.milestones(query, every=100)
    assert marks == [row.cursor for row in rows[99::100]]


async def test_the_details_of_a_file_come_with_its_score(library: Library) -> None:
    row = (await library.page(InventoryQuery(), limit=1))[0]
    copy = await library.file(row.id)
    assert copy is not None
    assert copy.file.path == row.path
    assert await library.file(FileId(10**9)) is None


async def test_windows_are_read_through_an_index(conn: Connection) -> None:
    """No scan of the whole table and, where an index holds the order, no sort."""
    await fill(conn, 12_000)
    for facet, sort in product((None, *FACETS), SortKey):
        query = InventoryQuery(facets=(facet,) if facet else (), sort=sort)
        for statement, values in await inventory.statements(conn, query):
            plan = "\n".join(row[0] for row in await conn.fetch(f"explain {statement}", *values))
            assert "Index" in plan, plan
            if "hits" not in statement:
                assert "Seq Scan" not in plan, plan
            if "hits" not in statement and "place" not in statement:
                assert "Sort" not in plan, plan


async def test_the_folder_of_a_facet_is_looked_up_in_its_own_source(conn: Connection) -> None:
    """Without the source in the index's condition every path of the library is passed."""
    await fill(conn, 12_000)
    statement = f"explain (costs off) {sql('inventory_folder')}"
    plan = "\n".join(row[0] for row in await conn.fetch(statement, [b"/lib/other"]))
    assert "Seq Scan on media_files" not in plan, plan
    assert "Index Cond: ((source = " in plan, plan


@pytest.mark.parametrize("text", ["kin doc", "sta win", "night mov gla", "st epi", "zz mo"])
async def test_beginnings_and_the_words_they_stand_for_find_the_same(
    library: Library, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    by_words = await everything(library, InventoryQuery(text=text))
    monkeypatch.setattr(inventory, "_WORDS", 0)
    assert await everything(library, InventoryQuery(text=text)) == by_words


async def test_a_large_library_learns_the_words_of_what_comes_later(
    database: Database, conn: Connection, tmp_path: Path
) -> None:
    write(tmp_path / "lib" / "King of Kong (2007).mkv")
    await scan(database, tmp_path / "lib")
    await conn.execute("update deferred_indexes set from_files = 0")
    assert await indexes.make_due(database) == 13
    write(tmp_path / "lib" / "Zanzibar Nights (1999).mkv")
    write(tmp_path / "lib" / "24-7 Xylophone S01E03.mkv")  # read by guessit, so identified later
    await scan(database, tmp_path / "lib")
    library = Library(database)
    for text, year in (("king kon", 2007), ("zanz nig", 1999)):
        assert [row.year for row in await library.page(InventoryQuery(text=text), limit=9)] == [year]
    assert len(await library.page(InventoryQuery(text="xylo mkv"), limit=9)) == 1
    words = {row["word"] for row in await conn.fetch("select word from search_words")}
    assert {"king", "zanzibar", "nights", "xylophone"} <= words


async def test_a_slip_in_a_title_of_the_library_finds_it(library: Library) -> None:
    rows = await library.page(InventoryQuery(), limit=1)
    title = rows[0].title
    assert title
    found = await library.nearest(title[:-2] + title[-1])
    assert 0 < len(found) <= 4
    assert len(set(found)) == len(found)
    library.forget()
    assert await library.nearest(title[:-2] + title[-1]) == found
    assert title in await library.nearest(title)


async def test_how_large_the_inventory_is_follows_its_table_from_one_analysis_to_the_next(
    conn: Connection,
) -> None:
    await fill(conn, 2000)
    await conn.execute("vacuum analyze media_files")
    assert await conn.fetchval(sql("inventory_files"), 10) == 2000
    await conn.execute(
        "insert into media_files (path_raw, path, root_raw, device, inode, size_bytes, modified_ns,"
        " last_scan_id)"
        " select convert_to(p, 'UTF8'), p, '/new', 1, n, n, n, 1"
        " from generate_series(1, 4000) n, lateral (select '/new/' || repeat('x', 400) || n) as of (p)"
    )
    assert await conn.fetchval(sql("inventory_files"), 10) > 3000, "the table grew, the statistics did not"
    await conn.execute("delete from media_files")
    await conn.execute("vacuum analyze media_files")
    assert await conn.fetchval(sql("inventory_files"), 10) == 0
