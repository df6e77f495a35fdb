"""Questions in SQL, asked as the role `mediavault_reader` over connections of its own.

The wall is that role: it may read the views of the schema `ask` and nothing else, whatever the
statement says. Around it: one statement at a time inside a read-only transaction, put in brackets so
that only a SELECT can stand there; rows arrive as JSON text, so that no type has to be looked up in
catalogues that the role cannot read; a time-out here besides the server's; a thousand rows, a megabyte.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Callable, Sequence
from typing import Any

import asyncpg

from mediavault_tui.domain.asking import MOST_BYTES, MOST_ROWS, Cell, Rows, View, ViewColumn
from mediavault_tui.errors import DatabaseDown, DatabaseError, Refused
from mediavault_tui.store.database import CONNECT_TIMEOUT, Database, renamed
from mediavault_tui.store.reader_login import ROLE, derived_password, reader_url, scram_verifier
from mediavault_tui.store.sqlfiles import sql, sql_root

SERVER_TIMEOUT = 10.0
"""Seconds after which the server gives a statement up: twice what a sum over a million files may take."""

CLIENT_TIMEOUT = 12.0
"""Seconds after which we do, whatever the server thinks of it."""

_LONGEST_ROW = 200_000
"""Bytes of one row as JSON; a longer one is left out and said to be."""

_STEP = 50
_SAMPLES = 12
_NO_WALL = (
    "The chat's wall does not stand in this database: let an administrator run sql/roles.sql in it"
    " (docs/chat.md says how)"
)

_HOLES = {
    "powerful": "the role may do more than connect, or is a member of another",
    "reads_views": "it may not read the views",
    "reads_tables": "it may read tables or catalogues",
    "acts": "it may call functions that act, wait or lock",
    "makes_tables": "it may make tables in this database",
}
"""Each column of the query `wall_state`, and what is wrong when it is not as it should be."""


class _Plain(asyncpg.Connection):
    """A connection that is given back without the functions that the role may not call."""

    def get_reset_query(self) -> str:
        return "ROLLBACK; RESET ALL" if self.is_in_transaction() else "RESET ALL"


class Reader:
    """The pool of two that asks; opened at the first question."""

    def __init__(self, database: Database, *, password: str | None = None) -> None:
        """`password`: of the role, where an administrator made it; else it is derived and set by us."""
        self._database = database
        self._given = password
        self._pool: asyncpg.Pool[asyncpg.Record] | None = None
        self._lock = asyncio.Lock()

    async def ask(
        self,
        statement: str,
        *,
        names: Sequence[str] = (),
        within: float = CLIENT_TIMEOUT,
        most_rows: int = MOST_ROWS,
        most_bytes: int = MOST_BYTES,
    ) -> Rows:
        """Return the rows of a SELECT. `names`: its columns, for an answer without rows.

        Raises: DatabaseError with the database's own words, DatabaseDown, Refused where there is no wall.
        """
        pool = await self._opened()
        started = time.monotonic()
        try:
            async with asyncio.timeout(within):
                found = await self._read(pool, statement, most_rows, most_bytes)
        except TimeoutError as error:
            raise DatabaseError(
                f"The question took longer than {within:g} seconds and was stopped"
            ) from error
        except asyncpg.QueryCanceledError as error:
            raise DatabaseError(
                f"The question took longer than {SERVER_TIMEOUT:g} seconds and was stopped"
            ) from error
        except (asyncpg.PostgresError, OSError) as error:
            raise renamed(error, self._database.url) from error
        except (asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
            raise DatabaseError(f"The question could not be put: {error}") from error
        columns, rows, cut = found
        return Rows(columns or tuple(names), rows, cut, time.monotonic() - started)

    async def views(self) -> tuple[View, ...]:
        """Return the documented views, with the comments of the database and values that occur."""
        async with self._database.connection() as conn:
            rows = await conn.fetch(sql("asked_views"))
            samples: dict[str, list[str]] = {}
            for row in await conn.fetch(sql("asked_samples")):
                samples.setdefault(row["name"], []).append(row["value"])
        views: dict[str, tuple[str, list[ViewColumn]]] = {}
        for row in rows:
            occur = tuple(samples.get(row["name"], ())[:_SAMPLES]) if row["view"] == "v_files" else ()
            column = ViewColumn(row["name"], row["type"], row["comment"], occur)
            views.setdefault(row["view"], (row["view_comment"], []))[1].append(column)
        return tuple(View(name, comment, tuple(columns)) for name, (comment, columns) in views.items())

    async def close(self) -> None:
        """Close the connections; one that hangs is not waited for."""
        if self._pool is not None:
            self._pool.terminate()
            self._pool = None

    async def _read(
        self, pool: asyncpg.Pool[asyncpg.Record], statement: str, most_rows: int, most_bytes: int
    ) -> tuple[tuple[str, ...], tuple[tuple[Cell, ...], ...], str]:
        # A statement's own comment ends with its line, hence the line breaks.
        bracketed = (
            f"select case when octet_length(l.line) <= {_LONGEST_ROW} then l.line end as line"  # noqa: S608
            f" from (select row_to_json(answer)::text as line from (\n{statement}\n) as answer) as l"
            f" limit {most_rows + 1}"
        )
        columns: tuple[str, ...] = ()
        rows: list[tuple[Cell, ...]] = []
        size = 0
        async with pool.acquire() as conn, conn.transaction(readonly=True):
            cursor = await conn.cursor(bracketed)
            while batch := await cursor.fetch(_STEP):
                for record in batch:
                    line = record["line"]
                    size += len(line or "")
                    if len(rows) >= most_rows:
                        return (
                            columns,
                            tuple(rows),
                            f"Only the first {most_rows:,} rows are shown; there are more.",
                        )
                    if line is None or size > most_bytes:
                        return (
                            columns,
                            tuple(rows),
                            f"Only the first {len(rows):,} rows are shown: they are too long.",
                        )
                    pairs: list[tuple[str, Cell]] = json.loads(line, object_pairs_hook=list)
                    columns = columns or tuple(name for name, _ in pairs)
                    rows.append(tuple(value for _, value in pairs))
        return columns, tuple(rows), ""

    async def _opened(self) -> asyncpg.Pool[asyncpg.Record]:
        if self._pool is None:
            async with self._lock:
                if self._pool is None:
                    await self._check_wall()
                    self._pool = await self._open()
        return self._pool

    async def _check_wall(self) -> None:
        """Look whether the role can do nothing but read; stay closed where it can do more.

        A database that was restored elsewhere, or copied, has lost what belongs to its server (the role,
        the database's own grants): the wall is then built again, if this user may.
        Raises: Refused, DatabaseError.
        """
        if await self._holes():
            try:
                await _again_if_concurrent(
                    lambda: self._execute((sql_root() / "roles.sql").read_text("utf-8"))
                )
            except asyncpg.InsufficientPrivilegeError as error:
                raise Refused(_NO_WALL) from error
            except (asyncpg.PostgresError, OSError) as error:
                raise renamed(error, self._database.url) from error
            if holes := await self._holes():
                raise Refused(f"{_NO_WALL}; what is wrong: {', '.join(holes)}")

    async def _holes(self) -> list[str]:
        async with self._database.connection() as conn:
            state = await conn.fetchrow(sql("wall_state"))
        if state is None:
            return [f"there is no role {ROLE}"]
        return [words for name, words in _HOLES.items() if state[name] is not (name == "reads_views")]

    async def _open(self) -> asyncpg.Pool[asyncpg.Record]:
        password = self._given or derived_password(self._database.url)
        try:
            return await self._connect(password)
        except asyncpg.InvalidAuthorizationSpecificationError as error:
            if self._given is not None:
                raise Refused(
                    f"The database does not let {ROLE} in; correct MEDIAVAULT_READER_PASSWORD"
                ) from error
        except (asyncpg.PostgresError, OSError) as error:
            raise renamed(error, self._database.url) from error
        await self._set_password(password)
        try:
            return await self._connect(password)
        except (asyncpg.PostgresError, OSError) as error:
            raise DatabaseDown(f"The database does not let {ROLE} in; look at its pg_hba.conf") from error

    async def _connect(self, password: str | None) -> asyncpg.Pool[asyncpg.Record]:
        # Its first connection is made at once: a wrong password is known before anything waits for it.
        pool = asyncpg.create_pool(
            reader_url(self._database.url, password),
            min_size=1,
            max_size=2,
            timeout=CONNECT_TIMEOUT,
            connection_class=_Plain,
            # Statements differ every time; a plan kept for each would only fill the server's memory.
            statement_cache_size=0,
            server_settings={
                "application_name": "mediavault-chat",
                "timezone": "UTC",
                "search_path": "ask",
                "statement_timeout": f"{SERVER_TIMEOUT * 1000:.0f}",
                "lock_timeout": "1000",
                "work_mem": "16MB",
                "hash_mem_multiplier": "1",
                "max_parallel_workers_per_gather": "0",
                "default_transaction_read_only": "on",
                "jit": "off",
            },
        )
        return await pool

    async def _set_password(self, password: str | None) -> None:
        """Give the role its derived password, as a verifier: the server's log never sees the word itself."""
        if password is None:
            raise Refused(
                f"DATABASE_URL has no password to derive one for {ROLE} from; set MEDIAVAULT_READER_PASSWORD"
            )
        statement = f"alter role {ROLE} password '{scram_verifier(password, os.urandom(16))}'"
        try:
            await _again_if_concurrent(lambda: self._execute(statement))
        except asyncpg.InsufficientPrivilegeError as error:
            raise Refused(
                f"This database user may not set a password for {ROLE};"
                " let an administrator do it and set MEDIAVAULT_READER_PASSWORD"
            ) from error

    async def _execute(self, statement: str) -> None:
        conn = await asyncpg.connect(self._database.url, timeout=CONNECT_TIMEOUT)
        try:
            await conn.execute(statement)
        finally:
            await conn.close()


async def _again_if_concurrent(act: Callable[[], Any]) -> None:
    """Do it; a row that another program changes at this very moment is tried again."""
    for attempt in range(5):
        try:
            await act()
        except asyncpg.InternalServerError:
            if attempt == 4:
                raise
            await asyncio.sleep(0.05 * 2**attempt)
        else:
            return
