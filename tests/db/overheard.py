"""What a service asks the database, written down."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from mediavault_tui.store.database import Connection, Database


class Overheard(Database):
    """A pool that notes what each of its connections is asked."""

    def __init__(self, database: Database) -> None:
        super().__init__(database.url, database._pool)
        self.asked: list[str] = []

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        async with super().connection() as conn:
            with conn.query_logger(lambda each: self.asked.append(each.query)):
                yield conn
                await asyncio.sleep(0)  # the last one is told of after its answer
