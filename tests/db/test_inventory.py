"""Windows of the inventory: orders, filters, and the indexes that carry them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import product

import pytest

from mediavault_tui.domain.library import Facet, InventoryQuery, InventoryRow, SortKey
from mediavault_tui.services.library import Library
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
async def library(database: Database) -> AsyncIterator[Library]:
    async with database.connection() as conn:
        await fill(conn, 3000)
    yield Library(database)


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
