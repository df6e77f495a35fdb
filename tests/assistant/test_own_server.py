"""A server of one's own, where the user may create no roles: an administrator runs `sql/roles.sql`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from mediavault_tui.errors import DatabaseError, Refused
from mediavault_tui.store.asking import Reader
from mediavault_tui.store.database import Database
from mediavault_tui.store.embedded import serve
from mediavault_tui.store.migrate import migrate
from mediavault_tui.store.reader_login import ROLE
from mediavault_tui.store.sqlfiles import sql_root
from tests.assistant.statements import statements
from tests.conftest import FAST

OWNER, PASSWORD = "plain_owner", "owner's secret"


@pytest.fixture(scope="module")
def administrator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Yield the address of a superuser on a server that no other test uses."""
    with asyncio.Runner() as runner:
        server = serve(tmp_path_factory.mktemp("own"), server=FAST)
        yield runner.run(server.__aenter__())
        runner.run(server.__aexit__(None, None, None))


@pytest.fixture
async def owner_url(administrator: str) -> AsyncIterator[str]:
    """Yield the address of a fresh database for its owner, who may do nothing but own it."""
    admin = await asyncpg.connect(administrator)
    await admin.execute(f"create role {OWNER} login password '{PASSWORD.replace(chr(39), chr(39) * 2)}'")
    await admin.execute(f"create database films owner {OWNER}")
    yield address(administrator, OWNER, PASSWORD)
    await admin.execute("drop database films with (force)")
    await admin.execute(f"drop role {OWNER}")
    await admin.execute(f"drop role if exists {ROLE}")
    await admin.close()


def address(url: str, user: str, password: str) -> str:
    from urllib.parse import quote

    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{user}:{quote(password, safe='')}@{place}", path="/films"))


async def run_roles(administrator: str) -> None:
    """Do what docs/chat.md asks an administrator for."""
    parts = urlsplit(administrator)
    conn = await asyncpg.connect(urlunsplit(parts._replace(path="/films")))
    await conn.execute((sql_root() / "roles.sql").read_text(encoding="utf-8"))
    await conn.execute(f"alter role {ROLE} password 'given by the administrator'")
    await conn.close()


async def test_the_app_works_and_the_chat_says_in_one_sentence_what_is_missing(owner_url: str) -> None:
    await migrate(owner_url)
    database = await Database.connect(owner_url)
    async with database.connection() as conn:
        assert await conn.fetchval("select count(*) from media_files") == 0
        assert await conn.fetchval("select count(*) from pg_roles where rolname = $1", ROLE) == 0
    with pytest.raises(Refused, match=r"let an administrator run sql/roles\.sql") as refused:
        await Reader(database).ask("select 1")
    assert PASSWORD not in str(refused.value)
    await database.close()


async def test_the_administrators_wall_is_the_same(owner_url: str, administrator: str) -> None:
    await migrate(owner_url)
    await run_roles(administrator)
    await run_roles(administrator)  # it may be run again at any time
    database = await Database.connect(owner_url)
    reader = Reader(database, password="given by the administrator")
    assert (await reader.ask("select count(*) as n from v_files")).rows == ((0,),)
    let_through = []
    for statement in statements("hostile.sql"):
        try:
            let_through.append((statement, await reader.ask(statement, within=2)))
        except DatabaseError:
            continue
    assert let_through == []
    # The owner keeps what the app needs, and what it had.
    async with database.transaction() as conn:
        await conn.execute("select pg_notify('mediavault', 'x'), pg_advisory_xact_lock(1)")
        await conn.execute("create temporary table scratch (a integer) on commit drop")
        await conn.execute("select * from pg_settings, pg_roles limit 1")
    await reader.close()
    with pytest.raises(Refused, match="correct MEDIAVAULT_READER_PASSWORD"):
        await Reader(database, password="wrong").ask("select 1")
    with pytest.raises(Refused, match="set MEDIAVAULT_READER_PASSWORD"):
        await Reader(database).ask("select 1")
    await database.close()


async def test_a_migration_later_than_the_wall_changes_nothing(owner_url: str, administrator: str) -> None:
    await migrate(owner_url)
    await run_roles(administrator)
    assert await migrate(owner_url) == []


async def test_an_owner_with_createrole_alone_builds_no_half_wall(owner_url: str, administrator: str) -> None:
    admin = await asyncpg.connect(administrator)
    await admin.execute(f"alter role {OWNER} createrole")
    await admin.close()
    await migrate(owner_url)
    database = await Database.connect(owner_url)
    with pytest.raises(Refused, match=r"roles\.sql"):
        await Reader(database).ask("select 1")
    await database.close()


def test_the_file_says_how_to_use_it() -> None:
    text = Path(sql_root() / "roles.sql").read_text("utf-8")
    assert "MEDIAVAULT_READER_PASSWORD" in text
    assert "psql" in text
