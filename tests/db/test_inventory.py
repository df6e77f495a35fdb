"""Windows of the inventory: orders, filters, and the indexes that carry them."""

from __future__ import annotations

from itertools import product

import pytest

from mediavault_tui.domain.library import Facet, InventoryQuery, InventoryRow, SortKey
from mediavault_tui.domain.model import FileId
from mediavault_tui.services.library import Library
from mediavault_tui.store import inventory
from mediavault_tui.store.database import Connection, Database
from tests.db.rows import fill

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


@pytest.fixture
async def library(database: Database) -> Library:
    async with database.connection() as conn:
        await fill(conn, 3000)
    return Library(database)


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
    library: Library, conn: Connection, facet: tuple[Facet, str], sort: SortKey
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
    monkeypatch.setattr(inventory, "_FEW", -1)  # nothing counts as rare: everything is walked
    monkeypatch.setattr(inventory, "_STEP", 10)
    assert await everything(library, query) == collected


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
    await fill(conn, 30_000)
    for facet, sort in product((None, *FACETS), SortKey):
        query = InventoryQuery(facets=(facet,) if facet else (), sort=sort)
        for statement, values in await inventory.statements(conn, query):
            plan = "\n".join(row[0] for row in await conn.fetch(f"explain {statement}", *values))
            assert "Index" in plan, plan
            if "hits" not in statement:
                assert "Seq Scan" not in plan, plan
            if "hits" not in statement and "place" not in statement:
                assert "Sort" not in plan, plan
