"""Conditions that no order holds: every way to the next rows finds what the plain query finds, by indexes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import pytest
from asyncpg.connection import LoggedQuery
from hypothesis import given
from hypothesis import strategies as st

from mediavault_tui.domain.library import Cursor, Facet, InventoryQuery, SortKey
from mediavault_tui.domain.model import FileId
from mediavault_tui.domain.worldfacets import tag_of
from mediavault_tui.store import inventory, inventory_search
from mediavault_tui.store.database import Connection, connect_once
from mediavault_tui.store.inventory_search import TOGETHER
from mediavault_tui.store.inventory_sql import SORT_COLUMNS
from tests.db.own import own_database
from tests.db.rows import fill, fill_world

PLAIN = {
    (Facet.KIND, "movie"): "kind = 'movie'",
    (Facet.KIND, "documentary"): "kind = 'documentary'",
    (Facet.TIER, "720p"): "tier = '720p'",
    (Facet.TIER, "?"): "tier = '?'",
    (Facet.CODEC, "hevc"): "video_codec = 'hevc'",
    (Facet.LANGUAGE, "en"): "'en' = any (audio_languages)",
    (Facet.LANGUAGE, "fr"): "'fr' = any (audio_languages)",
    (Facet.LANGUAGE, "fi"): "'fi' = any (audio_languages)",
    (Facet.FOLDER, "/lib/episode"): "path like '/lib/episode/%'",
    (Facet.FOLDER, "/lib/movie/Star"): "path like '/lib/movie/Star/%'",
    (Facet.STATE, "present"): "state = 'present'",
    (Facet.STATE, "missing"): "state = 'missing'",
    **{
        (facet, value): f"'{tag_of(facet, value)}' = any (tags)"
        for facet, value in (
            (Facet.GENRE, "Drama"),
            (Facet.GENRE, "Western"),
            (Facet.DECADE, "1950s"),
            (Facet.ORIGINAL, "Finnish"),
            (Facet.COLLECTION, "Collection 7"),
        )
    },
}
"""Facets in the words of one who knows no index."""
WORDS = ("star", "gla", "night mov", "win epi", "king", "zzz")


@pytest.fixture(scope="module")
def filled(pg_url: str, template: str) -> Iterator[str]:
    """Yield the address of an inventory at rest, whose keys can be read without its rows."""

    async def both(conn: Connection) -> None:
        await conn.execute("set synchronous_commit = on")  # what is not on the disk is not at rest
        await fill(conn, 3000)
        await fill_world(conn)
        await conn.execute("vacuum analyze media_files")

    with own_database(pg_url, template, "search", both) as url:
        yield url


@pytest.fixture
async def inside(filled: str) -> AsyncIterator[Connection]:
    connection = await connect_once(filled)
    yield connection
    await connection.close()


@dataclass
class Plain:
    """The inventory as one query reads it, and a loop in which to ask."""

    runner: asyncio.Runner
    conn: Connection

    async def ids(self, query: InventoryQuery) -> list[tuple[Any, int]]:
        """Return the sort value and the id of all that the query lets through, in order."""
        fits = [PLAIN[facet] for facet in query.facets]
        fits += [f"{'not ' * query.inverse}search @@ '{word}:*'::tsquery" for word in query.text.split()[:1]]
        if query.text and not query.inverse:
            fits += [f"search @@ '{word}:*'::tsquery" for word in query.text.split()[1:]]
        column, way = SORT_COLUMNS[query.sort], "desc" if query.descending else "asc"
        rows = await self.conn.fetch(
            f"select {column} as value, id from media_files"
            f" where {' and '.join(['state <> $1', *fits])} order by {column} {way}, id {way}",
            "purged",
        )
        return [(row["value"], row["id"]) for row in rows]


@pytest.fixture(scope="module")
def plain(filled: str) -> Iterator[Plain]:
    with asyncio.Runner() as runner:
        conn = runner.run(connect_once(filled))
        yield Plain(runner, conn)
        runner.run(conn.close())


QUERIES = st.builds(
    InventoryQuery,
    text=st.sampled_from(("", *WORDS)),
    facets=st.lists(st.sampled_from(list(PLAIN)), max_size=2, unique_by=lambda chosen: chosen[0]).map(tuple),
    sort=st.sampled_from(SortKey),
    descending=st.booleans(),
)
GUESSES = st.fixed_dictionaries(
    {
        "_FEW": st.sampled_from((-1, 20, 3000)),
        "_SOME": st.sampled_from((-1, 50, 8000)),
        "_MANY": st.sampled_from((0, 200, 20_000)),
        "_STEP": st.sampled_from((7, 8192)),
        "_AMPLE": st.sampled_from((0.1, 1.5)),
        "_SAMPLED": st.sampled_from((1, 3)),
        "_SHARE": st.sampled_from((0.5, 30.0)),
    }
)


@given(query=QUERIES, guesses=GUESSES, at=st.floats(0, 1), limit=st.integers(1, 120), back=st.booleans())
def test_a_window_has_the_rows_of_the_plain_query(
    plain: Plain, query: InventoryQuery, guesses: dict[str, float], at: float, limit: int, back: bool
) -> None:
    """Whatever way is taken for whatever it is that the statistics say, and from any row on."""

    async def both() -> tuple[list[int], list[int]]:
        whole = await plain.ids(query)
        place = int(at * len(whole))
        cursor = Cursor(whole[place][0], FileId(whole[place][1])) if whole[place:] else None
        with pytest.MonkeyPatch.context() as patch:
            for name, value in guesses.items():
                patch.setattr(inventory_search, name, value)
            if back:
                rows = await inventory.page(
                    plain.conn, query, before=cursor, from_end=cursor is None, limit=limit
                )
            else:
                rows = await inventory.page(plain.conn, query, after=cursor, limit=limit)
        if back:
            right = whole[:place][-limit:] if cursor else whole[-limit:]
        else:
            right = whole[place + 1 :][:limit] if cursor else whole[:limit]
        return [row.id for row in rows], [id for _, id in right]

    found, right = plain.runner.run(both())
    assert found == right


RARE = [
    InventoryQuery(facets=((Facet.LANGUAGE, "fi"),)),
    InventoryQuery(facets=((Facet.STATE, "missing"),)),
    InventoryQuery(text="winter"),
    InventoryQuery(text="gla epi"),
    InventoryQuery(facets=((Facet.GENRE, "Western"),)),
    InventoryQuery(facets=((Facet.LANGUAGE, "ja"), (Facet.KIND, "movie"))),
]


@pytest.mark.parametrize(("query", "descending"), product(RARE, (False, True)))
async def test_a_stretch_fetches_only_what_two_indexes_name(
    inside: Connection, monkeypatch: pytest.MonkeyPatch, query: InventoryQuery, descending: bool
) -> None:
    """Its end is read from the order's index alone; no sort holds more than what was fetched."""
    monkeypatch.setattr(inventory_search, "_FEW", 0)
    monkeypatch.setattr(inventory_search, "_SOME", 0)
    for sort in SortKey:
        if sort is SortKey.YEAR and query.facets and query.facets[0][0] is Facet.GENRE:
            continue  # is walked: there both would be the same index
        asked: list[LoggedQuery] = []
        turned = InventoryQuery(query.text, facets=query.facets, sort=sort, descending=descending)
        with inside.query_logger(asked.append):
            await inventory.page(inside, turned, limit=10)
            await asyncio.sleep(0)  # the last one is told of after its answer
        far = next(each for each in asked if "as value" in each.query and "limit $3\n) v" in each.query)
        stretch = next(each for each in asked if "f.id between" in each.query)
        assert "Index Only Scan" in await _plan(inside, far), far.query
        async with inside.transaction():
            await inside.execute(TOGETHER)
            plan = await _plan(inside, stretch)
        assert "BitmapAnd" in plan, plan
        assert "Seq Scan" not in plan, plan


async def test_what_lies_at_the_other_end_is_reached_by_a_sample(
    inside: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A walk along the order would look at every row before it."""
    monkeypatch.setattr(inventory_search, "_FEW", -1)
    monkeypatch.setattr(inventory_search, "_SOME", -1)
    monkeypatch.setattr(inventory_search, "_MANY", -1)
    monkeypatch.setattr(inventory_search, "_STEP", 10)
    monkeypatch.setattr(inventory_search, "_MISTAKEN", 0)
    asked: list[LoggedQuery] = []
    with inside.query_logger(asked.append):
        rows = await inventory.page(inside, InventoryQuery(text="movie", sort=SortKey.YEAR), limit=50)
        await asyncio.sleep(0)  # the last one is told of after its answer
    assert len(rows) == 50
    assert sum("place" in each.query for each in asked) == 2, "one walk, and the rows in their places"
    assert any("tablesample" in each.query for each in asked)


async def _plan(conn: Connection, asked: LoggedQuery) -> str:
    """Return the plan that is made without a look at the values, as it is where `TOGETHER` holds."""
    literals = ", ".join(
        str(value) if isinstance(value, int) else "'" + _text(value) + "'" for value in asked.args
    )
    await conn.execute(f"prepare asked as {asked.query}")
    rows = await conn.fetch(f"explain (costs off) execute asked({literals})")
    await conn.execute("deallocate asked")
    return "\n".join(row[0] for row in rows)


def _text(value: object) -> str:
    return "{" + ",".join(map(str, value)) + "}" if isinstance(value, list) else str(value)
