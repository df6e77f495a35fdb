"""New files into the inventory: whole rows by COPY, and identities into rows that are there."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterable
from typing import Any

from mediavault_tui.store import copybinary
from mediavault_tui.store.arrival_rows import IDENTITY_COLUMNS, SEEN_COLUMNS, identified
from mediavault_tui.store.database import Connection
from mediavault_tui.store.sqlfiles import sql


async def insert(conn: Connection, rows: AsyncIterable[bytes]) -> None:
    """COPY rows into the inventory: each chunk is one or more of a `seen_half` and an `identity_half`."""
    columns = [*SEEN_COLUMNS, *IDENTITY_COLUMNS]
    await conn.copy_to_table("media_files", source=copybinary.stream(rows), columns=columns, format="binary")


async def written_twice(conn: Connection, source: str) -> bool:
    """Return whether one physical file was written down under several names."""
    return bool(await conn.fetchval(sql("scan_written_twice"), source))


async def fold_links(conn: Connection, source: str) -> None:
    """Make one row of the names that one physical file was written down under."""
    await conn.execute(sql("scan_fold_arrived"), source)


async def analyze(conn: Connection) -> None:
    """Let the planner know what was written in bulk: the columns that a query may choose rows by."""
    async with conn.transaction():
        # A third of the usual sample and time: autovacuum takes a whole one within minutes.
        await conn.execute("set local default_statistics_target = 30")
        await conn.execute(sql("inventory_statistics"))


async def set_identities(conn: Connection, rows: Iterable[tuple[int, bytes]]) -> None:
    """Give rows (id, identity half) their identity."""
    await conn.execute(sql("temporary_identity"))

    async def lines() -> AsyncIterator[bytes]:
        for id, half in rows:
            yield identified(id, half)

    await conn.copy_to_table(
        "scan_identity",
        source=copybinary.stream(lines()),
        columns=["id", *IDENTITY_COLUMNS],
        format="binary",
    )
    async with conn.transaction():
        await conn.execute(sql("scan_set_identities"))
        await conn.execute(sql("scan_show_titles"))
    await conn.execute("truncate scan_identity")


async def known_names(conn: Connection, parser: str, names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return the identities (as JSON values) of the names that were parsed before."""
    keys = {name.encode(): name for name in names}
    rows = await conn.fetch(sql("names_known"), parser, list(keys))
    return {keys[row["name"]]: row["identity"] for row in rows}


async def remember_names(conn: Connection, parser: str, identities: dict[str, dict[str, Any]]) -> None:
    """Keep identities (as JSON values) by name, for ever; other versions of the parser are forgotten."""
    await conn.execute(
        sql("names_remember"), parser, [name.encode() for name in identities], list(identities.values())
    )
