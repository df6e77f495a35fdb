"""Windows of the inventory: any order, any filter, in milliseconds at a million rows.

Where an index holds the order and the conditions, it is read from the cursor on.
Other conditions (words, a language, a folder) are met by walking the order a bounded
way, which finds what is common, and else by collecting everything that fits, which
finds what is rare.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mediavault_tui.domain.library import (
    Cursor,
    Facet,
    FacetCount,
    InventoryQuery,
    InventoryRow,
    SortKey,
    Totals,
)
from mediavault_tui.domain.model import FileId, FileState, Health, Kind
from mediavault_tui.store.database import Connection
from mediavault_tui.store.inventory_sql import Conditions, conditions, ordered, start
from mediavault_tui.store.sqlfiles import sql

if TYPE_CHECKING:
    from asyncpg import Record

_FEW = 4000
"""Rows that fit, up to which collecting them all is quicker than walking."""
_STEP = 2000
"""Rows looked at in the first walk; each further one looks at four times as many."""
_COUNTED = 50_000
"""Rows up to which totals are counted; beyond, the planner's estimate has to do."""

_VALUES = {
    SortKey.TITLE: "title_key",
    SortKey.YEAR: "year",
    SortKey.SIZE: "size_bytes",
    SortKey.SCORE: "score",
    SortKey.MODIFIED: "modified_ns",
    SortKey.HEIGHT: "height",
}


async def page(
    conn: Connection,
    query: InventoryQuery,
    *,
    after: Cursor | None = None,
    before: Cursor | None = None,
    from_end: bool = False,
    limit: int,
) -> list[InventoryRow]:
    """Return up to `limit` rows in the query's order: after or before a cursor, or the last ones."""
    backwards = from_end or before is not None
    descending = query.descending != backwards
    ids = await _keys(conn, query, before if backwards else after, descending=descending, limit=limit)
    rows = await conn.fetch(sql("inventory_rows"), ids[::-1] if backwards else ids)
    return [_row(row, query.sort) for row in rows]


async def _keys(
    conn: Connection, query: InventoryQuery, cursor: Cursor | None, *, descending: bool, limit: int
) -> list[int]:
    wanted = conditions(query)
    key = start(query.sort, cursor, descending=descending)
    if not wanted.others:
        statement = ordered("inventory_keys", query.sort, descending=descending)
        statement, values = wanted.put_into(statement, parameters=3)
        return [row["id"] for row in await conn.fetch(statement, *key, limit, *values)]
    if wanted.findable and await _estimate(conn, wanted) <= _FEW:
        return await _collected(conn, query, wanted, key, descending=descending, limit=limit)
    return await _walked(conn, query, wanted, key, descending=descending, limit=limit)


async def _collected(
    conn: Connection,
    query: InventoryQuery,
    wanted: Conditions,
    key: tuple[str | int, int],
    *,
    descending: bool,
    limit: int,
) -> list[int]:
    statement = ordered("inventory_hits", query.sort, descending=descending)
    statement, values = wanted.put_into(statement, parameters=3)
    return [row["id"] for row in await conn.fetch(statement, *key, limit, *values)]


async def _walked(
    conn: Connection,
    query: InventoryQuery,
    wanted: Conditions,
    key: tuple[str | int, int],
    *,
    descending: bool,
    limit: int,
) -> list[int]:
    """Walk in longer and longer steps; give the walk up for the collection once it has gone far."""
    statement = ordered("inventory_walk", query.sort, descending=descending)
    statement, values = wanted.put_into(statement, parameters=4)
    found: list[int] = []
    step = _STEP
    while True:
        rows = await conn.fetch(statement, *key, limit - len(found), step, *values)
        found += [row["id"] for row in rows if row["fits"]]
        if len(found) >= limit or not rows or rows[-1]["place"] < step:
            return found[:limit]
        key = (rows[-1]["value"], rows[-1]["id"])
        step *= 4
        if wanted.findable and step > _STEP * 16:
            rest = await _collected(conn, query, wanted, key, descending=descending, limit=limit - len(found))
            return found + rest


async def totals(conn: Connection, query: InventoryQuery) -> Totals:
    """Count what fits; from 50,000 files on it is an estimate, and says so."""
    wanted = conditions(query)
    statement, values = wanted.put_into(sql("inventory_some"), parameters=1)
    row = await conn.fetchrow(statement, _COUNTED + 1, *values)
    assert row is not None  # an aggregate always has one row
    files, size = row["files"], row["bytes"]
    if files <= _COUNTED:
        return Totals(files, size)
    estimate = max(await _estimate(conn, wanted), files)
    return Totals(estimate, size * estimate // files, exact=False)


async def _estimate(conn: Connection, wanted: Conditions) -> int:
    """Return how many rows the planner believes to fit: its statistics cost no look at the rows."""
    statement, values = wanted.put_into(sql("inventory_all"), parameters=0)
    plan = await conn.fetchval(f"explain (format json) {statement}", *values)
    return int(plan[0]["Plan"]["Plan Rows"])


async def facet_counts(conn: Connection, facet: Facet, query: InventoryQuery) -> list[FacetCount]:
    """Count the values of one facet among what the rest of the query lets through, most first."""
    statement, values = conditions(query, leave_out=facet).put_into(sql(f"facet_{facet}"), parameters=0)
    return [FacetCount(row["value"], row["files"]) for row in await conn.fetch(statement, *values)]


async def milestones(conn: Connection, query: InventoryQuery, *, every: int) -> list[Cursor]:
    """Return the key of every so many rows, for jumps."""
    statement = ordered("inventory_milestones", query.sort, descending=query.descending)
    statement, values = conditions(query).put_into(statement, parameters=1)
    return [Cursor(row["value"], FileId(row["id"])) for row in await conn.fetch(statement, every, *values)]


def statements(query: InventoryQuery) -> Sequence[tuple[str, list[Any]]]:
    """Return the statements that may answer the query's first page, with their values: for EXPLAIN."""
    wanted = conditions(query)
    key = start(query.sort, None, descending=query.descending)
    names = ("inventory_walk", "inventory_hits") if wanted.others else ("inventory_keys",)
    made = []
    for name in names:
        fixed = [*key, 50, _STEP] if name == "inventory_walk" else [*key, 50]
        statement = ordered(name, query.sort, descending=query.descending)
        statement, values = wanted.put_into(statement, parameters=len(fixed))
        made.append((statement, [*fixed, *values]))
    return made


def _row(row: Record, sort: SortKey) -> InventoryRow:
    return InventoryRow(
        id=FileId(row["id"]),
        path=row["path"],
        title=row["title"],
        year=row["year"] or None,
        season=row["season"],
        episodes=tuple(row["episodes"]),
        kind=Kind(row["kind"]),
        edition=row["edition"],
        tier=row["tier"],
        codec=row["video_codec"],
        hdr=tuple(row["hdr"]),
        audio_languages=tuple(row["audio_languages"]),
        subtitle_languages=tuple(row["subtitle_languages"]),
        size=row["size_bytes"],
        duration=row["duration_s"],
        score=row["score"] if row["score"] >= 0 else None,
        state=FileState(row["state"]),
        health=Health(row["health"]),
        modified_ns=row["modified_ns"],
        cursor=Cursor(row[_VALUES[sort]], FileId(row["id"])),
    )
