"""A database of a module's own, filled once; its tests only read it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from mediavault_tui.store.database import Connection, connect_once
from tests.conftest import copy_of, with_database


@contextmanager
def own_database(
    pg_url: str, template: str, name: str, fill: Callable[[Connection], Awaitable[None]]
) -> Iterator[str]:
    """Yield the address of a migrated database that `fill` was called for, and drop it afterwards."""
    name = f"{name}_{os.getpid()}"

    async def on_server(statement: str) -> None:
        server = await connect_once(with_database(pg_url, "postgres"))
        await server.execute(statement)
        await server.close()

    async def make() -> None:
        await on_server(copy_of(template, name))
        conn = await connect_once(with_database(pg_url, name))
        await fill(conn)
        await conn.close()

    asyncio.run(make())
    yield with_database(pg_url, name)
    asyncio.run(on_server(f"drop database {name} with (force)"))
