"""The indexes of the inventory that may wait: set aside while it is filled, or until it is large.

`deferred_indexes` holds what is not there now, so that a crash forgets none of them: whoever
scans or opens the library next makes what is due.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from mediavault_tui.store.database import Connection, Database
from mediavault_tui.store.locks import Lock
from mediavault_tui.store.sqlfiles import sql

_MEMORY = "256MB"
"""For sorting what goes into an index."""
_FOR_ITSELF = f"set maintenance_work_mem = '{_MEMORY}'; set max_parallel_maintenance_workers = 0"
"""The server's own helpers would only take turns with the other index."""
_AT_ONCE = 2
"""Indexes built side by side: each keeps one processor busy."""


@dataclass(frozen=True, slots=True)
class Deferred:
    """An index that is not there, the statement that makes it and the size it waits for."""

    name: str
    definition: str
    from_files: int


async def set_aside(conn: Connection) -> bool:
    """Drop the indexes of an empty inventory that is about to be filled; False: it holds something.

    Three times as fast as keeping twenty indexes up to date row by row.
    """
    async with conn.transaction():
        await conn.execute("lock table media_files in share row exclusive mode")
        if await conn.fetchval(sql("inventory_has_rows")):
            return False
        for name in await conn.fetchval(sql("indexes_set_aside")) or ():
            await conn.execute(f'drop index "{name}"')  # a name from the catalogue
    return True


async def unmade(conn: Connection) -> bool:
    """Return whether a fill was cut off before its indexes were made again."""
    return bool(await conn.fetchval(sql("indexes_unmade")))


async def make_due(database: Database) -> int:
    """Make the indexes that an inventory of this size should have; return how many.

    Safe to call at any time and twice at once: it looks again under a lock.
    """
    async with database.connection() as conn:
        due = [Deferred(**row) for row in await conn.fetch(sql("indexes_due"))]
        if due:
            files = await conn.fetchval(sql("inventory_files"), max(index.from_files for index in due))
            due = [index for index in due if index.from_files <= files]
    if not due:
        return 0
    waiting = list(reversed(due))

    async def work() -> None:
        async with database.connection() as own:
            await own.execute(_FOR_ITSELF)
            try:
                while waiting:
                    await _make(own, waiting.pop())
            finally:
                if not own.is_closed():
                    await own.execute("reset maintenance_work_mem; reset max_parallel_maintenance_workers")

    crew = [work() for _ in range(min(_AT_ONCE, len(due)))]
    for outcome in await asyncio.gather(*crew, return_exceptions=True):
        if isinstance(outcome, BaseException):
            raise outcome
    return len(due)


async def _make(conn: Connection, index: Deferred) -> None:
    """Make one index and forget that it waits, unless somebody else just did."""
    async with conn.transaction():
        await conn.execute(sql("index_lock"), Lock.INDEXES, index.name)
        # `if not exists` for an index that was made by hand.
        await conn.execute(index.definition.replace("CREATE INDEX ", "CREATE INDEX IF NOT EXISTS ", 1))
        await conn.execute(sql("indexes_made"), [index.name])
