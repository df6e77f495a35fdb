"""A reader on a library of some size, made once for a module: nothing that asks can change it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from urllib.parse import urlsplit

import asyncpg
import pytest

from mediavault_tui.store.asking import Reader
from mediavault_tui.store.database import Database
from mediavault_tui.store.reader_login import derived_password, reader_url
from tests.conftest import copy_of, with_database
from tests.db.rows import fill

FILES = 3000


@pytest.fixture(scope="module")
def library_url(pg_url: str, template: str) -> Iterator[str]:
    """Yield the address of a database with three thousand files."""
    name = f"asked_{os.getpid()}"

    async def make() -> None:
        conn = await asyncpg.connect(with_database(pg_url, "postgres"))
        await conn.execute(f"drop database if exists {name} with (force)")
        await conn.execute(copy_of(template, name))
        await conn.close()
        conn = await asyncpg.connect(with_database(pg_url, name))
        await fill(conn, FILES)
        await conn.execute("insert into users (username, password_hash) values ('ruth', 'secret-hash')")
        await conn.close()
        # Opened once, so that the role has its password for those who come by hand.
        database = await Database.connect(with_database(pg_url, name))
        reader = Reader(database)
        await reader.ask("select 1")
        await reader.close()
        await database.close()

    async def drop() -> None:
        conn = await asyncpg.connect(with_database(pg_url, "postgres"))
        await conn.execute(f"drop database {name} with (force)")
        await conn.close()

    asyncio.run(make())
    yield with_database(pg_url, name)
    asyncio.run(drop())


@pytest.fixture
def role_url(library_url: str) -> str:
    """Return the address at which the role itself connects."""
    assert urlsplit(library_url).password
    return reader_url(library_url, derived_password(library_url))
