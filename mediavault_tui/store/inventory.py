"""Windows of the inventory: any order, any filter, in milliseconds at a million rows.

Where an index holds the order and the conditions, it is read from the cursor on; what else
there may be asked for is the work of `inventory_search`. Pages, totals and facets share the
conditions of one filter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
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
from mediavault_tui.domain.pathtext import display
from mediavault_tui.domain.search import prefix_query, prefix_terms
from mediavault_tui.domain.worldfacets import WORLD, counted
from mediavault_tui.store.database import Connection
from mediavault_tui.store.inventory_search import Search, estimate, possible
from mediavault_tui.store.inventory_sql import (
    SORT_COLUMNS,
    Conditions,
    Folder,
    conditions,
    ordered,
    raw_forms,
    start,
)
from mediavault_tui.store.sqlfiles import sql

if TYPE_CHECKING:
    from asyncpg import Record

_WORDS = 32
"""Words asked for in place of their beginning, at most."""
_COUNTED = 50_000
"""Rows up to which totals are counted; beyond, the planner's estimate has to do."""


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
    wanted = await _conditions(conn, query)
    key = start(query, cursor, descending=descending)
    if not wanted.others:
        statement = ordered("inventory_keys", query.sort, descending=descending)
        statement, values = wanted.put_into(statement, parameters=3)
        return [row["id"] for row in await conn.fetch(statement, *key, limit, *values)]
    search = Search(conn, query, wanted, key, descending=descending, limit=limit)
    await search.run()
    return search.found


async def totals(conn: Connection, query: InventoryQuery) -> Totals:
    """Count what fits; from 50,000 files on it is an estimate, and says so."""
    wanted = await _conditions(conn, query)
    statement, values = wanted.put_into(sql("inventory_some"), parameters=1)
    most = _COUNTED + 1
    row = await conn.fetchrow(statement, most, *values)
    assert row is not None  # an aggregate always has one row
    files, size = row["files"], row["bytes"]
    if files < most:
        return Totals(files, size)
    likely = max(await estimate(conn, wanted), files)
    return Totals(likely, size * likely // files, exact=False)


async def facets_about(conn: Connection, query: InventoryQuery) -> dict[Facet, list[FacetCount]]:
    """Estimate the values of every facet of which nothing is chosen, where very many files fit; else nothing.

    Values that few files have may be left out: this is what is shown until all are counted.
    """
    wanted = await _conditions(conn, query)
    likely = await estimate(conn, wanted)
    if likely <= 2 * _COUNTED:
        return {}
    share = _COUNTED / likely
    statement, values = wanted.put_into(sql("facets_about"), parameters=1)
    rows = await conn.fetch(statement, share * 100, *values)
    chosen = {facet for facet, _ in query.facets}
    found: dict[Facet, list[FacetCount]] = {f: [] for f in Facet if f not in chosen and f not in WORLD}
    tags: list[tuple[str, int]] = []
    for row in rows:
        files = round(row["files"] / share)
        if not row["facet"]:
            tags.append((row["value"], files))
        elif (facet := Facet(row["facet"])) in found:
            value = display(row["folder_raw"]) if facet is Facet.FOLDER else row["value"]
            found[facet].append(FacetCount(value, files, exact=False))
    known = counted(tags, [facet for facet in WORLD if facet not in chosen])
    return found | {f: [replace(each, exact=False) for each in counts] for f, counts in known.items()}


async def facet_counts(conn: Connection, facet: Facet, query: InventoryQuery) -> list[FacetCount]:
    """Count the values of one facet among what the rest of the query lets through, most first."""
    if facet in WORLD:
        return (await _tags(conn, query, [facet], leave_out=facet))[facet]
    wanted = await _conditions(conn, query, leave_out=facet)
    statement, values = wanted.put_into(sql(f"facet_{facet}"), parameters=0)
    rows = await conn.fetch(statement, *values)
    if facet is Facet.FOLDER:
        return [FacetCount(display(row["folder_raw"]), row["files"]) for row in rows]
    return [FacetCount(row["value"], row["files"]) for row in rows]


async def world_counts(conn: Connection, query: InventoryQuery) -> dict[Facet, list[FacetCount]]:
    """Count the values of every facet that titles give, each under the rest of the query.

    One look at the files counts all facets of which nothing is chosen.
    """
    chosen = [facet for facet, _ in query.facets if facet in WORLD]
    found = await _tags(conn, query, [facet for facet in WORLD if facet not in chosen])
    for facet in chosen:
        found |= await _tags(conn, query, [facet], leave_out=facet)
    return found


async def _tags(
    conn: Connection, query: InventoryQuery, wanted: Sequence[Facet], *, leave_out: Facet | None = None
) -> dict[Facet, list[FacetCount]]:
    fits = await _conditions(conn, query, leave_out=leave_out)
    statement, values = fits.put_into(sql("facet_world"), parameters=0)
    rows = await conn.fetch(statement, *values)
    return counted(((row["value"], row["files"]) for row in rows), wanted)


async def milestones(conn: Connection, query: InventoryQuery, *, every: int) -> list[Cursor]:
    """Return the key of every so many rows, for jumps."""
    wanted = await _conditions(conn, query)
    statement = ordered("inventory_milestones", query.sort, descending=query.descending)
    statement, values = wanted.put_into(statement, parameters=1)
    return [Cursor(row["value"], FileId(row["id"])) for row in await conn.fetch(statement, every, *values)]


async def titles(conn: Connection, *, most: int) -> list[str]:
    """Return every distinct title, at most so many."""
    return [row["title"] for row in await conn.fetch(sql("inventory_titles"), most)]


async def _conditions(
    conn: Connection, query: InventoryQuery, *, leave_out: Facet | None = None
) -> Conditions:
    """Return what the query asks for, its folder and its words as the database knows them."""
    words = await _words(conn, query.text)
    text = next((value for facet, value in query.facets if facet is Facet.FOLDER), None)
    if text is None or leave_out is Facet.FOLDER:
        return conditions(query, folder=None, words=words, leave_out=leave_out)
    meant = raw_forms(text)
    row = await conn.fetchrow(sql("inventory_folder"), meant)
    folder = Folder(row["folder_raw"], row["mark"]) if row else Folder(meant[0], None)
    return conditions(query, folder=folder, words=words, leave_out=leave_out)


async def _words(conn: Connection, text: str) -> str:
    """Return what was typed as a `tsquery`, beginnings as the few words that begin so where that is known."""
    terms = prefix_terms(text)
    beginnings = [term[:-2] for term in terms if term.endswith(":*")]
    if not beginnings:
        return prefix_query(terms)
    known = await conn.fetch(sql("search_words_like"), beginnings, _WORDS)
    return prefix_query(terms, {row["prefix"]: row["words"] for row in known})


async def statements(conn: Connection, query: InventoryQuery) -> Sequence[tuple[str, list[Any]]]:
    """Return the statements that may answer the query's first page, with their values: for EXPLAIN."""
    wanted = await _conditions(conn, query)
    key = start(query, None, descending=query.descending)
    if wanted.others:
        return possible(query, wanted, key, limit=50)
    statement = ordered("inventory_keys", query.sort, descending=query.descending)
    statement, values = wanted.put_into(statement, parameters=3)
    return [(statement, [*key, 50, *values])]


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
        cursor=Cursor(row[SORT_COLUMNS[sort]], FileId(row["id"])),
        source=row["source"],
    )
