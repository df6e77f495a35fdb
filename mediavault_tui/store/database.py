"""A pool of connections to PostgreSQL; the edge at which the driver's errors become ours.

asyncpg's exceptions never leave this package: `connection()` renames what its block let
through, so a caller outside catches `DatabaseError` (the database said no) or
`DatabaseDown` (nobody answered). Misuse of the driver is a bug and stays as loud as it is.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeAlias
from urllib.parse import parse_qs, urlsplit

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from mediavault_tui.errors import DatabaseDown, DatabaseError

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]"

RECONNECT_WITHIN = 10.0
"""Seconds that a caller waits for a database that restarts before it is told `DatabaseDown`."""

CONNECT_TIMEOUT = 10.0
"""Seconds for one attempt to connect."""

_UNREACHABLE = (
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    ConnectionError,
)
_REFUSED = (asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InvalidCatalogNameError)


def whereabouts(url: str) -> str:
    """Return user, host and database of `url` for a message: never its password."""
    try:
        parts = urlsplit(url)
        host = parse_qs(parts.query).get("host", [parts.hostname or "localhost"])[0]
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "the database that DATABASE_URL names"
    return f"database {parts.path.lstrip('/') or parts.username or '?'} at {host}{port}"


def renamed(error: Exception, url: str) -> DatabaseError:
    """Return our error for the driver's `error`, as one sentence without secrets."""
    where = whereabouts(url)
    if isinstance(error, _REFUSED):
        return DatabaseDown(f"The {where} lets nobody in: {_one_line(error)}; correct DATABASE_URL")
    if isinstance(error, asyncpg.PostgresError) and not isinstance(error, _UNREACHABLE):
        return DatabaseError(f"The {where} refused: {_one_line(error)}")
    if isinstance(error, TimeoutError):
        return DatabaseDown(f"The {where} did not answer in time; is it running?")
    return DatabaseDown(f"The {where} cannot be reached ({_one_line(error)}); is it running?")


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


async def prepare(conn: asyncpg.Connection[asyncpg.Record]) -> None:
    """Make a fresh connection speak the house's language: jsonb as Python values."""
    for kind in ("json", "jsonb"):
        await conn.set_type_codec(
            kind, encoder=json.dumps, decoder=json.loads, schema="pg_catalog", format="text"
        )


def lost(conn: Connection) -> bool:
    """Return whether a connection is gone; the pool takes one back at once when the server drops it."""
    try:
        return conn.is_closed()
    except asyncpg.InterfaceError:
        return True


async def connect_once(url: str) -> asyncpg.Connection[asyncpg.Record]:
    """Return one connection of its own, outside any pool; the caller closes it.

    Raises: DatabaseDown when nobody answers or lets us in; DatabaseError otherwise.
    """
    try:
        conn = await asyncpg.connect(url, timeout=CONNECT_TIMEOUT, server_settings=_session())
        try:
            await prepare(conn)
        except BaseException:
            conn.terminate()
            raise
    except (asyncpg.PostgresError, OSError) as error:
        raise renamed(error, url) from error
    except (asyncpg.InterfaceError, ValueError) as error:
        # The driver quotes the address, password and all, so its text is not repeated.
        raise DatabaseDown("DATABASE_URL is no address of a PostgreSQL database; correct it") from error
    return conn


def _out_of_step(error: BaseException | None) -> bool:
    """Return whether the driver has lost its place, as when a server dies in the middle of a COPY.

    It may have been before: whoever then cleans up finds the connection busy for ever.
    """
    while error is not None:
        if isinstance(error, asyncpg.InternalClientError):
            return True
        error = error.__context__
    return False


def _session() -> dict[str, str]:
    return {"application_name": "mediavault", "timezone": "UTC"}


class Database:
    """A pool; everything that the services know of PostgreSQL's whereabouts."""

    def __init__(self, url: str, pool: asyncpg.Pool[asyncpg.Record]) -> None:
        self.url = url
        self._pool = pool

    def __repr__(self) -> str:
        return f"Database({whereabouts(self.url)})"

    @classmethod
    async def connect(cls, url: str, *, pool_size: int = 6) -> Database:
        """Open the pool and prove with one connection that the database answers.

        Raises: DatabaseDown, in one sentence without the password.
        """
        await (await connect_once(url)).close()
        pool = asyncpg.create_pool(
            url,
            min_size=0,
            max_size=pool_size,
            init=prepare,
            timeout=CONNECT_TIMEOUT,
            server_settings=_session(),
        )
        return cls(url, await pool)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """Yield a connection of the pool; wait a little for a database that restarts.

        Raises: DatabaseError, DatabaseDown for what the driver raised inside the block too.
        """
        conn = await self._acquire()
        try:
            yield conn
        except (asyncpg.PostgresError, ConnectionError) as error:
            raise renamed(error, self.url) from error
        except (asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
            if not lost(conn) and not _out_of_step(error):
                raise  # misuse of the driver: a bug
            with suppress(asyncpg.InterfaceError):
                conn.terminate()
            raise renamed(ConnectionResetError("the connection was lost"), self.url) from error
        finally:
            await self._release(conn)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """Yield a connection inside a transaction: committed at the end, undone by any exception."""
        async with self.connection() as conn, conn.transaction():
            yield conn

    @asynccontextmanager
    async def listen(self, channel: str, callback: Callable[[str], None]) -> AsyncIterator[None]:
        """Call `callback` with the payload of each NOTIFY on `channel` while the block runs.

        The listener has a connection of its own and outlives a restart of the server;
        after one it says `all:0`, because notices may have been missed meanwhile.
        """
        conn = await self._subscribe(channel, callback)
        keeper = asyncio.create_task(self._keep_listening(conn, channel, callback))
        try:
            yield
        finally:
            keeper.cancel()
            await asyncio.gather(keeper, return_exceptions=True)

    async def close(self) -> None:
        """Close every connection; a hung server is not waited for longer than five seconds."""
        try:
            async with asyncio.timeout(5):
                await self._pool.close()
        except TimeoutError:
            self._pool.terminate()

    async def _acquire(self) -> PoolConnectionProxy[asyncpg.Record]:
        deadline = time.monotonic() + RECONNECT_WITHIN
        pause = 0.02
        while True:
            try:
                conn = await self._pool.acquire()
                # One turn of the loop lets an end of file that already lies in the socket
                # be noticed, so that a connection to a server that died is not handed out.
                await asyncio.sleep(0)
                if not conn.is_closed():
                    return conn
                await self._release(conn)
            except (asyncpg.PostgresError, OSError) as error:
                retry = isinstance(error, (*_UNREACHABLE, OSError)) and not isinstance(error, _REFUSED)
                if not retry or time.monotonic() > deadline:
                    raise renamed(error, self.url) from error
            except asyncpg.InterfaceError as error:
                raise DatabaseDown("The database was closed while it was in use") from error
            await asyncio.sleep(pause)
            pause = min(pause * 2, 0.5)

    async def _release(self, conn: PoolConnectionProxy[asyncpg.Record]) -> None:
        try:
            await self._pool.release(conn)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError):
            # It is lost, and the pool makes another; most often the pool has seen that already.
            with suppress(asyncpg.InterfaceError):
                conn.terminate()

    async def _subscribe(
        self, channel: str, callback: Callable[[str], None]
    ) -> asyncpg.Connection[asyncpg.Record]:
        def hear(_conn: object, _pid: int, _channel: str, payload: Any) -> None:
            callback(str(payload))

        conn = await connect_once(self.url)
        try:
            await conn.add_listener(channel, hear)
        except BaseException as error:
            conn.terminate()
            if isinstance(error, (asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
                raise renamed(error, self.url) from error
            raise
        return conn

    async def _keep_listening(
        self, conn: asyncpg.Connection[asyncpg.Record], channel: str, callback: Callable[[str], None]
    ) -> None:
        try:
            while True:
                ended = asyncio.Event()
                conn.add_termination_listener(lambda _conn, ended=ended: ended.set())
                if not conn.is_closed():
                    await ended.wait()
                conn = await self._subscribe_again(channel, callback)
                callback("all:0")
        finally:
            conn.terminate()

    async def _subscribe_again(
        self, channel: str, callback: Callable[[str], None]
    ) -> asyncpg.Connection[asyncpg.Record]:
        pause = 0.1
        while True:
            try:
                return await self._subscribe(channel, callback)
            except DatabaseError:
                await asyncio.sleep(pause)
                pause = min(pause * 2, 5.0)
