"""A migrated database of one's own for a measurement: DATABASE_URL's server, else the embedded one."""

from __future__ import annotations

import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from mediavault_tui.store.database import connect_once
from mediavault_tui.store.embedded import serve
from mediavault_tui.store.migrate import migrate


@asynccontextmanager
async def own_database() -> AsyncIterator[str]:
    """Yield the address of a fresh, migrated database and drop it afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        if given := os.environ.get("DATABASE_URL"):
            async with _fresh(given) as url:
                yield url
        else:
            async with serve(Path(folder)) as server, _fresh(server) as url:
                yield url


@asynccontextmanager
async def kept_database(folder: Path, name: str) -> AsyncIterator[tuple[str, bool]]:
    """Yield the address of a database that stays in `folder`, and whether it was just made."""
    async with serve(folder) as server:
        conn = await connect_once(server)
        try:
            new = not await conn.fetchval("select exists (select from pg_database where datname = $1)", name)
            if new:
                await conn.execute(f"create database {name}")
        finally:
            await conn.close()
        url = _address(server, name)
        await migrate(url)
        yield url, new


def _address(server: str, name: str) -> str:
    parts = urlsplit(server)
    return urlunsplit((parts.scheme, parts.netloc, f"/{name}", parts.query, ""))


@asynccontextmanager
async def _fresh(server: str) -> AsyncIterator[str]:
    name = f"mediavault_bench_{os.getpid()}"
    conn = await connect_once(server)
    try:
        await conn.execute(f"drop database if exists {name}")
        await conn.execute(f"create database {name}")
        url = _address(server, name)
        await migrate(url)
        try:
            yield url
        finally:
            await conn.execute(f"drop database {name} with (force)")
    finally:
        await conn.close()
