"""What a look over the installation asks the database; it changes nothing."""

from __future__ import annotations

from mediavault_tui.store.database import Connection
from mediavault_tui.store.sqlfiles import sql
from mediavault_tui.store.streaming import recent_roots


async def version(conn: Connection) -> str:
    """Return the server's version."""
    return str(await conn.fetchval(sql("doctor_version")))


async def clock(conn: Connection) -> float:
    """Return the server's time in seconds since 1970."""
    return float(await conn.fetchval(sql("doctor_clock")))


async def tables(conn: Connection) -> set[str]:
    """Return the names of the tables."""
    return {row["name"] for row in await conn.fetch(sql("doctor_tables"))}


async def nas_row(conn: Connection) -> str | None:
    """Return the name in `nas_config`'s first row; None if it is missing."""
    name: str | None = await conn.fetchval(sql("doctor_nas"))
    return name


async def counts(conn: Connection) -> dict[str, int]:
    """Return the rows of the tables that people ask after."""
    row = await conn.fetchrow(sql("doctor_counts"))
    assert row is not None  # a row of counts is always there
    return dict(row)


async def accounts(conn: Connection) -> int:
    """Return how many accounts there are."""
    return int(await conn.fetchval(sql("doctor_accounts")))


async def roots(conn: Connection) -> list[bytes]:
    """Return the folders of the last scans."""
    return await recent_roots(conn)
