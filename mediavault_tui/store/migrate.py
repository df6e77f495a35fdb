"""The schema's history: `sql/migrations/NNNN_name.sql`, in order, each exactly once.

Every migration and its line in `schema_migrations` are one transaction; an advisory
lock makes two programs that start at once take turns. Migrations only grow: a database
that knows more than this program, or other texts, is left alone with a clear sentence.
There is no way down: restore a backup.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from mediavault_tui.errors import DatabaseError, SchemaMismatch
from mediavault_tui.store.database import connect_once, renamed
from mediavault_tui.store.locks import Lock
from mediavault_tui.store.sqlfiles import sql, sql_root

_FILE = re.compile(r"^(\d{4})_([a-z0-9_]+)\.sql$")
_TABLE = re.compile(r"^create table (\w+)", re.MULTILINE)

_BOOKKEEPING = """
create table if not exists schema_migrations (
    version    integer     primary key,
    name       text        not null,
    checksum   text        not null,
    applied_at timestamptz not null default now()
)
"""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file of `sql/migrations/`."""

    version: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """SHA-256 of the text, in hex; line ends do not count."""
        return hashlib.sha256(self.sql.encode()).hexdigest()

    def __str__(self) -> str:
        return f"{self.version:04}_{self.name}"


@dataclass(frozen=True, slots=True)
class Applied:
    """A migration that was carried out just now, and the seconds it took."""

    version: int
    name: str
    seconds: float


@dataclass(frozen=True, slots=True)
class MigrationStatus:
    """A migration of this program; `applied_at` is None while it waits."""

    version: int
    name: str
    applied_at: datetime | None


@dataclass(frozen=True, slots=True)
class TableCount:
    """A table and the rows in it, counted."""

    table: str
    rows: int


def migrations() -> Sequence[Migration]:
    """Return the migrations in order; a gap, a repetition or another name is a ValueError."""
    found = []
    for file in sorted((sql_root() / "migrations").glob("*.sql")):
        match = _FILE.match(file.name)
        if match is None:
            raise ValueError(f"{file.name} is no migration: call it NNNN_what_it_does.sql")
        found.append(Migration(int(match[1]), match[2], file.read_text("utf-8")))
    if [m.version for m in found] != list(range(1, len(found) + 1)):
        raise ValueError(f"migrations must be numbered 0001, 0002, …: {', '.join(map(str, found))}")
    return found


def tables() -> Sequence[str]:
    """Return the names of the tables that the migrations make, this module's own last."""
    made = [name for each in migrations() for name in _TABLE.findall(each.sql)]
    return [*made, "schema_migrations"]


async def migrate(url: str) -> list[Applied]:
    """Bring the schema up to this program; return what was done (nothing: it was already).

    Raises: SchemaMismatch when the database is newer or a migration was edited;
        DatabaseError, DatabaseDown. A migration that fails leaves nothing of itself.
    """
    ours = migrations()
    done: list[Applied] = []
    async with _connection(url) as conn:
        if not check(ours, await _recorded(conn)):
            return done
        await conn.execute(sql("migrations_lock"), Lock.MIGRATIONS)
        await conn.execute(_BOOKKEEPING)
        for migration in check(ours, await _recorded(conn)):
            started = time.perf_counter()
            await _apply(conn, migration)
            done.append(Applied(migration.version, migration.name, time.perf_counter() - started))
    return done


async def status(url: str) -> list[MigrationStatus]:
    """Return each migration of this program with the time it was applied; changes nothing.

    Raises: SchemaMismatch, DatabaseError, DatabaseDown as `migrate` does.
    """
    ours = migrations()
    async with _connection(url) as conn:
        recorded = await _recorded(conn)
    check(ours, recorded)
    return [
        MigrationStatus(
            m.version, m.name, recorded[m.version]["applied_at"] if m.version in recorded else None
        )
        for m in ours
    ]


async def table_counts(url: str) -> list[TableCount]:
    """Return every table of the schema with its rows, counted one by one."""
    async with _connection(url) as conn:
        names = await conn.fetch(
            "select relname, format('%I.%I', nspname, relname) as quoted"
            " from pg_class join pg_namespace n on n.oid = relnamespace"
            " where relkind = 'r' and n.nspname = current_schema() order by relname"
        )
        # Names come from the catalogue, quoted by the server itself.
        return [
            TableCount(row["relname"], await conn.fetchval(f"select count(*) from {row['quoted']}"))  # noqa: S608
            for row in names
        ]


def check(ours: Sequence[Migration], recorded: Mapping[int, asyncpg.Record]) -> Sequence[Migration]:
    """Compare the program's migrations with the database's; return those still to do.

    Raises: SchemaMismatch.
    """
    newer = sorted(set(recorded) - {m.version for m in ours})
    if newer:
        raise SchemaMismatch(
            f"The database has migration {newer[-1]:04}_{recorded[newer[-1]]['name']}, which this"
            f" MediaVault (up to {len(ours):04}) does not know; install a newer MediaVault"
        )
    for migration in ours:
        row = recorded.get(migration.version)
        if row is not None and row["checksum"] != migration.checksum:
            raise SchemaMismatch(
                f"Migration {migration} is not the text that made this database;"
                " restore the original file and put the change into a new migration"
            )
    return [m for m in ours if m.version not in recorded]


@asynccontextmanager
async def _connection(url: str) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    conn = await connect_once(url)
    try:
        yield conn
    except (asyncpg.PostgresError, OSError) as error:
        raise renamed(error, url) from error
    finally:
        # Closing also gives the advisory lock back, whatever happened.
        conn.terminate() if conn.is_closed() else await conn.close()


async def _recorded(conn: asyncpg.Connection[asyncpg.Record]) -> dict[int, asyncpg.Record]:
    if await conn.fetchval("select to_regclass('schema_migrations')") is None:
        return {}
    rows = await conn.fetch("select version, name, checksum, applied_at from schema_migrations")
    return {row["version"]: row for row in rows}


async def _apply(conn: asyncpg.Connection[asyncpg.Record], migration: Migration) -> None:
    try:
        async with conn.transaction():
            await conn.execute(migration.sql)
            await conn.execute(
                "insert into schema_migrations (version, name, checksum) values ($1, $2, $3)",
                migration.version,
                migration.name,
                migration.checksum,
            )
    except asyncpg.PostgresError as error:
        raise DatabaseError(f"Migration {migration} failed and was undone: {error}") from error
