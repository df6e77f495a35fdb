"""The pool: values in and out, errors renamed at the edge, a restart survived."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import asyncpg
import pytest

from mediavault_tui.errors import DatabaseDown, DatabaseError
from mediavault_tui.store import database as subject
from mediavault_tui.store.cluster import Cluster
from mediavault_tui.store.database import Connection, Database, whereabouts
from mediavault_tui.store.embedded import serve
from tests.conftest import FAST, with_database


async def test_json_goes_in_and_comes_out_as_python_values(database: Database) -> None:
    value = {"a": [1, None, "é\n"]}
    async with database.connection() as conn:
        assert await conn.fetchval("select $1::jsonb", value) == value


async def test_times_come_back_in_utc(database: Database) -> None:
    async with database.connection() as conn:
        assert await conn.fetchval("show timezone") == "UTC"


async def test_a_transaction_that_fails_leaves_nothing(database: Database) -> None:
    async def fail_after_a_change() -> None:
        async with database.transaction() as conn:
            await conn.execute("delete from nas_config")
            await conn.execute("select 1 / 0")

    with pytest.raises(DatabaseError):
        await fail_after_a_change()
    async with database.connection() as conn:
        assert await conn.fetchval("select count(*) from nas_config") == 1


async def test_a_transaction_that_ends_is_kept(database: Database) -> None:
    async with database.transaction() as conn:
        await conn.execute("delete from nas_config")
    async with database.connection() as conn:
        assert await conn.fetchval("select count(*) from nas_config") == 0


async def test_what_the_server_refuses_is_a_database_error_in_one_line(database: Database) -> None:
    with pytest.raises(DatabaseError, match="division by zero") as caught:
        async with database.connection() as conn:
            await conn.execute("select 1 / 0")
    assert "\n" not in str(caught.value)
    assert isinstance(caught.value.__cause__, asyncpg.DivisionByZeroError)


async def test_a_file_error_inside_the_block_stays_a_file_error(database: Database) -> None:
    with pytest.raises(FileNotFoundError):
        async with database.transaction():
            Path("nowhere").stat()  # noqa: ASYNC240  # a caller's mistake is what is tested


async def test_misuse_of_the_driver_stays_loud(database: Database) -> None:
    with pytest.raises(asyncpg.InterfaceError):
        async with database.connection() as conn:
            await conn.fetchval("select $1::int")


async def test_a_broken_connection_gives_way_to_a_new_one(database: Database) -> None:
    with pytest.raises(DatabaseDown):
        async with database.connection() as conn:
            await conn.execute("select pg_terminate_backend(pg_backend_pid())")
    async with database.connection() as conn:
        assert await conn.fetchval("select 1") == 1


async def test_idle_connections_that_were_cut_are_not_handed_out(database: Database) -> None:
    async with database.connection() as one, database.connection() as two:
        pids = [await c.fetchval("select pg_backend_pid()") for c in (one, two)]
    other = await asyncpg.connect(database.url)
    for pid in pids:
        await other.execute("select pg_terminate_backend($1, 5000)", pid)
    await other.close()
    for _ in pids:
        async with database.connection() as conn:
            assert await conn.fetchval("select 1") == 1


async def test_the_pool_outlives_a_restart_of_the_server(tmp_path: Path) -> None:
    async with serve(tmp_path, server=FAST) as url:
        cluster = await Cluster.at(tmp_path / "postgres", pg_bin=None, settings=FAST)
        database = await Database.connect(url)
        async with database.connection() as conn:
            await conn.execute("create table kept (id int)")
        heard: list[str] = []
        async with database.listen("mediavault", heard.append):
            await cluster.stop()
            restart = asyncio.create_task(cluster.ensure())
            async with database.connection() as conn:  # waits for the server
                assert await conn.fetchval("select count(*) from kept") == 0
            await restart
            await _until(lambda: heard == ["all:0"])
            async with database.connection() as conn:
                await conn.execute("notify mediavault, 'scan:7'")
            await _until(lambda: heard == ["all:0", "scan:7"])
        await database.close()


async def test_a_server_that_stays_away_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subject, "RECONNECT_WITHIN", 0.1)
    async with serve(tmp_path, server=FAST) as url:
        database = await Database.connect(url)
    with pytest.raises(DatabaseDown, match="cannot be reached") as caught:
        async with database.connection():
            pass
    _no_secret(caught.value, url)
    await database.close()


async def test_a_notice_reaches_the_listener_when_the_transaction_commits(database: Database) -> None:
    heard: list[str] = []
    async with database.listen("mediavault", heard.append):
        async with database.transaction() as conn:
            await conn.execute("select pg_notify('mediavault', 'group:12')")
            await conn.execute("select pg_sleep(0.02)")
            assert heard == []
        await _until(lambda: heard == ["group:12"])


async def test_a_wrong_password_is_not_repeated(pg_url: str) -> None:
    wrong = pg_url.replace("mediavault:", "mediavault:wr0ng-", 1)
    with pytest.raises(DatabaseDown, match="lets nobody in") as caught:
        await Database.connect(wrong)
    _no_secret(caught.value, wrong)


async def test_a_database_that_does_not_exist_is_named(pg_url: str) -> None:
    with pytest.raises(DatabaseDown, match="no_such_one"):
        await Database.connect(with_database(pg_url, "no_such_one"))


async def test_nobody_at_the_address_is_one_sentence() -> None:
    url = "postgresql://me:s3cret@127.0.0.1:1/films"
    with pytest.raises(DatabaseDown, match=r"database films at 127.0.0.1:1 cannot be reached") as caught:
        await Database.connect(url)
    _no_secret(caught.value, url)


@pytest.mark.parametrize(
    "url", ["postgresql://me:s3cret@host:seven/db", "postgresql://me:s3cret@[::1/db", "postgresql://"]
)
async def test_an_address_that_is_none_never_shows_its_password(url: str) -> None:
    with pytest.raises(DatabaseDown) as caught:
        await Database.connect(url)
    assert "s3cret" not in str(caught.value)


def test_the_repr_hides_the_password(database: Database) -> None:
    _no_secret(database, database.url)


def test_whereabouts_name_user_host_and_database_but_no_password() -> None:
    assert whereabouts("postgresql://me:s3cret@db.example:5433/films") == "database films at db.example:5433"


def _no_secret(shown: object, url: str) -> None:
    password = url.split("@")[0].rsplit(":", 1)[1]
    assert password not in f"{shown} {shown!r}"


async def _until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not holds():  # noqa: ASYNC110  # what is awaited is a plain list's content
            await asyncio.sleep(0.01)


async def test_a_listener_that_is_refused_leaves_no_connection_behind(database: Database) -> None:
    async with database.connection() as conn:
        with pytest.raises(DatabaseError, match="refused"):
            async with database.listen("", print):
                pass
        async with asyncio.timeout(30):
            while await conn.fetchval(OTHERS):  # noqa: ASYNC110  # a backend's end has no event
                await asyncio.sleep(0.01)


OTHERS = (
    "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
)


async def _busy(conn: Connection) -> asyncio.Task[str]:
    """Have the server work on something for long."""
    task = asyncio.create_task(conn.execute("select pg_sleep(60)"))
    await asyncio.sleep(0)  # it is sent
    return task


async def test_a_driver_that_has_lost_its_place_is_a_lost_connection_and_the_pool_goes_on(
    database: Database,
) -> None:
    """As when the server dies in the middle of a COPY, and whoever cleans up asks once more."""
    begun = []

    async def copy_and_clean_up() -> None:
        async with database.connection() as conn:
            begun.append(await _busy(conn))
            try:
                raise asyncpg.InternalClientError("cannot switch to state 21")
            finally:
                await conn.execute("select 1")

    with pytest.raises(DatabaseDown, match="connection was lost"):
        await copy_and_clean_up()
    (outcome,) = await asyncio.gather(*begun, return_exceptions=True)
    assert isinstance(outcome, (asyncpg.PostgresError, asyncpg.InterfaceError, OSError))
    async with database.connection() as conn:
        assert await conn.fetchval("select 1") == 1


async def test_a_connection_that_is_used_by_two_at_once_is_a_bug_that_is_told(database: Database) -> None:
    begun = []

    async def ask_twice_at_once() -> None:
        async with database.connection() as conn:
            begun.append(await _busy(conn))
            await conn.execute("select 1")

    with pytest.raises(asyncpg.InterfaceError, match="another operation is in progress"):
        await ask_twice_at_once()
    (outcome,) = await asyncio.gather(*begun, return_exceptions=True)
    assert isinstance(outcome, (asyncpg.PostgresError, asyncpg.InterfaceError, OSError))
