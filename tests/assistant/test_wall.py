"""The wall: every hostile statement is refused by the parser, and without it by the role.

Three ways: the parser alone; the reader with the parser off (brackets, read-only transaction, role); the
bare role over the simple protocol, where even several statements at once may be sent.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import asyncpg
import pytest

from mediavault_tui.assistant.sqlguard import checked
from mediavault_tui.errors import DatabaseError, Refused
from mediavault_tui.store import asking
from mediavault_tui.store.asking import Reader
from mediavault_tui.store.database import Database
from mediavault_tui.store.reader_login import ROLE, derived_password, reader_url, scram_verifier
from mediavault_tui.store.sqlfiles import sql_root
from tests.assistant.conftest import FILES
from tests.assistant.statements import statements
from tests.conftest import copy_of, with_database

HOSTILE = statements("hostile.sql")
SESSION = statements("session.sql")
BOMBS = statements("bombs.sql")
VIEWS = ("v_files", "v_audio", "v_groups", "v_members", "v_pending", "v_operations", "v_scans")


@pytest.fixture
async def database(library_url: str) -> AsyncIterator[Database]:
    pool = await Database.connect(library_url)
    yield pool
    await pool.close()


@pytest.fixture
async def reader(database: Database) -> AsyncIterator[Reader]:
    reader = Reader(database)
    yield reader
    await reader.close()


async def fingerprint(database: Database) -> object:
    """Return what any write would change: rows of every table, tables, roles, functions, settings."""
    async with database.connection() as conn:
        tables = await conn.fetch(
            "select oid::regclass::text as name from pg_class where relkind in ('r', 'v')"
        )
        rows = [
            await conn.fetchval(
                f"select count(*) || ' ' || coalesce(sum(hashtext(t::text)), 0) from {t['name']} t"
            )
            for t in tables
            if not t["name"].startswith(("pg_", "information_schema."))
        ]
        roles = await conn.fetch(
            "select rolname, rolsuper, rolcreatedb, rolcreaterole, rolbypassrls, rolconfig"
            " from pg_roles order by 1"
        )
        functions = await conn.fetchval("select count(*) from pg_proc")
        memberships = await conn.fetchval("select count(*) from pg_auth_members")
        large = await conn.fetchval("select count(*) from pg_largeobject_metadata")
    return sorted(t["name"] for t in tables), rows, [tuple(r) for r in roles], functions, memberships, large


def test_the_corpus_is_as_large_as_was_promised() -> None:
    assert len(set(HOSTILE)) == len(HOSTILE) >= 150
    assert len(BOMBS) >= 15


@pytest.mark.parametrize("statement", [*HOSTILE, *SESSION])
def test_the_parser_refuses(statement: str) -> None:
    with pytest.raises(Refused) as refused:
        checked(statement, VIEWS)
    assert str(refused.value)[-1] not in ".:"  # one clause, for the model to read


async def test_the_role_refuses_with_the_parser_off(reader: Reader, database: Database) -> None:
    before = await fingerprint(database)
    let_through = []
    for statement in [*HOSTILE, *SESSION]:
        try:
            rows = await reader.ask(statement, within=2)
        except DatabaseError:
            continue
        let_through.append((statement, rows))
    assert let_through == []
    assert await fingerprint(database) == before
    assert len((await reader.ask("select title from v_files")).rows) == 1000


async def test_the_bare_role_refuses_several_statements_too(role_url: str, database: Database) -> None:
    """Even for somebody who holds the role's password and speaks to the server directly."""
    before = await fingerprint(database)
    let_through = []
    for statement in HOSTILE:
        conn = await asyncpg.connect(role_url)
        try:
            done = await conn.execute(statement, timeout=3)
            let_through.append((statement, done))
        except (asyncpg.PostgresError, asyncpg.InterfaceError):
            pass
        finally:
            conn.terminate()
    assert let_through == []
    assert await fingerprint(database) == before


async def test_what_a_session_may_say_to_itself_changes_nothing_for_others(
    role_url: str, database: Database
) -> None:
    before = await fingerprint(database)
    conn = await asyncpg.connect(role_url)
    for statement in SESSION:
        try:
            await conn.execute(statement, timeout=3)
        except asyncpg.PostgresError:
            await conn.execute("rollback")
    await conn.execute("set default_transaction_read_only = off")
    for forbidden in ("delete from ask.v_files", "select * from public.users", "create temp table t (a int)"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await conn.execute(forbidden)
    conn.terminate()
    assert await fingerprint(database) == before


@pytest.mark.parametrize("bomb", BOMBS)
async def test_a_bomb_ends_in_time_and_the_loop_stays_quick(
    bomb: str, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the parser off, at a sixth of the real limits: the server's own and ours."""
    monkeypatch.setattr(asking, "SERVER_TIMEOUT", 0.8)
    slowest = 0.0

    async def heartbeat() -> None:
        nonlocal slowest
        while True:
            before = time.monotonic()
            await asyncio.sleep(0.01)
            slowest = max(slowest, time.monotonic() - before - 0.01)

    beating = asyncio.create_task(heartbeat())
    started = time.monotonic()
    with pytest.raises(DatabaseError):
        await reader.ask(bomb, within=1.2)
    assert time.monotonic() - started < 4
    beating.cancel()
    assert slowest < 0.5
    assert (await reader.ask("select 1 as one")).rows == ((1,),)


async def test_a_server_that_ignores_its_limit_is_left_by_ours(reader: Reader) -> None:
    started = time.monotonic()
    with pytest.raises(DatabaseError, match=r"longer than 0\.3 seconds"):
        await reader.ask("select count(*) from v_files a, v_files b, v_files c", within=0.3)
    assert time.monotonic() - started < 3
    assert (await reader.ask("select count(*) as n from v_files")).rows == ((FILES,),)


async def test_a_thousand_rows_and_no_more_and_it_is_said(reader: Reader) -> None:
    rows = await reader.ask("select file_id from v_files")
    assert len(rows.rows) == 1000
    assert rows.cut == "Only the first 1,000 rows are shown; there are more."
    assert (await reader.ask("select file_id from v_files limit 1000")).cut == ""


async def test_a_megabyte_and_no_more_and_it_is_said(reader: Reader) -> None:
    long = "select (select string_agg(title, '') from v_files) as t from v_files limit 30"
    rows = await reader.ask(long)
    assert 0 < len(rows.rows) < 30
    assert "too long" in rows.cut
    huge = await reader.ask(
        "select (select string_agg(a.path, b.path) from v_files a, (select path from v_files limit 2) b) as t"
    )
    assert huge.rows == ()
    assert "too long" in huge.cut


async def test_rows_come_with_names_types_and_repeated_columns(reader: Reader) -> None:
    rows = await reader.ask(
        "select 1 as a, 2.5 as a, null as b, array['x','y'] as c, true as d, date '2020-01-02' as e"
    )
    assert rows.columns == ("a", "a", "b", "c", "d", "e")
    assert rows.rows == ((1, 2.5, None, ["x", "y"], True, "2020-01-02"),)


async def test_an_answer_without_rows_still_has_columns(reader: Reader) -> None:
    rows = await reader.ask(
        "select title, count(*) as n from v_files where false group by 1", names=("title", "n")
    )
    assert (rows.columns, rows.rows) == (("title", "n"), ())


async def test_the_databases_own_words_come_back(reader: Reader) -> None:
    with pytest.raises(DatabaseError, match='column "titel" does not exist'):
        await reader.ask("select titel from v_files")


async def test_two_questions_at_once_and_a_third_waits(reader: Reader) -> None:
    answers = await asyncio.gather(*(reader.ask(f"select {n} as n") for n in range(9)))
    assert [rows.rows[0][0] for rows in answers] == list(range(9))


async def test_every_view_and_column_is_documented(reader: Reader) -> None:
    views = await reader.views()
    assert {view.name for view in views} >= set(VIEWS)
    assert [v.name for v in views if not v.comment] == []
    assert [f"{v.name}.{c.name}" for v in views for c in v.columns if not c.comment] == []
    kinds = next(c for v in views for c in v.columns if (v.name, c.name) == ("v_files", "kind"))
    assert set(kinds.samples) <= {"movie", "episode", "documentary", "other"}
    assert "movie" in kinds.samples


async def test_the_enumerations_in_the_comments_are_those_of_the_checks(database: Database) -> None:
    """What the model is told about a column with a CHECK names every value that the table allows."""
    async with database.connection() as conn:
        checks = await conn.fetch(
            "select c.conrelid::regclass::text as relation, a.attname, pg_get_constraintdef(c.oid) as text"
            " from pg_constraint c"
            " join pg_attribute a on a.attrelid = c.conrelid and array[a.attnum] = c.conkey"
            " where c.contype = 'c' and pg_get_constraintdef(c.oid) ~ 'ANY'"
        )
        comments = {
            (row["view"], row["name"]): row["comment"]
            for row in await conn.fetch(
                "select c.relname as view, a.attname as name, col_description(c.oid, a.attnum) as comment"
                " from pg_class c join pg_attribute a on a.attrelid = c.oid"
                " where c.relnamespace = 'ask'::regnamespace"
            )
        }
    of = {
        "media_files": "v_files",
        "duplicate_groups": "v_groups",
        "pending_deletions": "v_pending",
        "archive_operations": "v_operations",
        "scan_history": "v_scans",
        "user_decisions": "v_decisions",
        "duplicate_members": "v_members",
    }
    compared = 0
    for row in checks:
        comment = comments.get((of.get(row["relation"], ""), row["attname"]))
        if comment is None:
            continue
        values = [part.split("'")[1] for part in row["text"].split("::text") if part.count("'") >= 2]
        assert [value for value in values if value not in comment] == [], (row["relation"], row["attname"])
        compared += 1
    assert compared >= 9


async def test_the_app_keeps_its_own_locks_and_notices(database: Database) -> None:
    async with database.connection() as conn:
        await conn.execute("select pg_notify('mediavault', 'x'), pg_advisory_xact_lock(1)")


async def test_the_password_is_set_anew_when_another_has_changed_it(
    database: Database, library_url: str
) -> None:
    async with database.connection() as conn:
        await conn.execute(f"alter role {ROLE} password '{scram_verifier('other', b'salt')}'")
    reader = Reader(database)
    assert (await reader.ask("select 1 as one")).rows == ((1,),)
    await reader.close()


async def test_a_wrong_given_password_is_one_sentence(database: Database) -> None:
    reader = Reader(database, password="not-it")
    with pytest.raises(Refused, match="correct MEDIAVAULT_READER_PASSWORD") as refused:
        await reader.ask("select 1")
    assert "not-it" not in str(refused.value)


async def test_a_wall_with_a_hole_stays_closed(pg_url: str, template: str) -> None:
    """Somebody granted more than the views: nothing is asked until it is taken back.

    What only got lost, as in a copy or a restored backup, is built again.
    """
    name = f"hole_{os.getpid()}"
    admin = await asyncpg.connect(with_database(pg_url, "postgres"))
    await admin.execute(copy_of(template, name))
    database = await Database.connect(with_database(pg_url, name))
    try:
        for hole, words in (
            (f"grant select on users to {ROLE}", "tables"),
            (f"grant execute on function pg_sleep(double precision) to {ROLE}", "functions"),
            (f"grant temporary on database {name} to {ROLE}", "make tables"),
        ):
            async with database.connection() as conn:
                await conn.execute(hole)
            with pytest.raises(Refused, match=rf"administrator run sql/roles\.sql.*{words}"):
                await Reader(database).ask("select 1")
            async with database.connection() as conn:
                await conn.execute(hole.replace("grant", "revoke").replace(" to ", " from "))
        async with database.connection() as conn:
            await conn.execute(f"revoke select on ask.v_files from {ROLE}")
            await conn.execute(f"grant temporary on database {name} to public")
        reader = Reader(database)
        assert (await reader.ask("select 1 as one")).rows == ((1,),)
        await reader.close()
    finally:
        await database.close()
        await admin.execute(f"drop database {name} with (force)")
        await admin.close()


def test_the_migration_and_the_administrators_file_build_the_same_wall() -> None:
    def wall(path: str) -> str:
        return (sql_root() / path).read_text("utf-8").split("-- wall begins")[1].split("-- wall ends")[0]

    (migration,) = [p.name for p in (sql_root() / "migrations").glob("*_chat.sql")]
    assert wall(f"migrations/{migration}") == wall("roles.sql")


def test_the_derived_password_needs_the_owners() -> None:
    one = derived_password("postgresql://o:secret@h/d")
    assert one == derived_password("postgresql://p:secret@other:5433/e?x=1")
    assert one != derived_password("postgresql://o:secre@h/d")
    assert derived_password("postgresql://o@h/d") is None
    assert "secret" not in str(one)
    assert urlsplit(reader_url("postgresql://o:s@/d?host=/run/x", one)).query == "host=%2Frun%2Fx"
