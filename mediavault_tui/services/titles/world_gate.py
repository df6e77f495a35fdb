"""The gate and the cache in front of TMDb and OMDb, kept in PostgreSQL for all processes."""

from __future__ import annotations

import asyncio
import random
from typing import Any

from mediavault_tui.errors import BudgetSpent
from mediavault_tui.metadata.edge import Edge
from mediavault_tui.metadata.gate import Allowance
from mediavault_tui.metadata.tmdb import Asking
from mediavault_tui.store import requests
from mediavault_tui.store.database import Database

DAY = 86_400.0
FRESH = 30 * DAY
"""Seconds that an answer is used without asking again…"""
FRESH_NOTHING = 7 * DAY
"""…and one that says "there is no such thing"."""
LEASE = 20.0
"""Seconds after which the claim of a process that died is void; a live one prolongs its own."""
_LONGEST_WAIT = 1.0


class DatabaseGate:
    """Admits requests by the log that all processes share."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def admit(self, allowance: Allowance, what: str) -> int:
        """Wait for a turn; return its number. Raises: BudgetSpent where nothing waits."""
        while True:
            async with self._database.connection() as conn:
                turn = await requests.take(
                    conn,
                    allowance.service,
                    what,
                    requests=allowance.requests,
                    window=allowance.window,
                    deadline=allowance.deadline,
                )
                if turn is not None:
                    return turn
                wait = await requests.wait(conn, allowance.service, window=allowance.window)
            if not allowance.waits:
                raise BudgetSpent(
                    f"The {allowance.requests} requests of {allowance.service.upper()} are used up;"
                    f" the next is free in {wait / 3600:.1f} hours"
                )
            # Jitter, so that many who wait do not all ask the database at one moment.
            await asyncio.sleep(min(max(wait, 0.02), _LONGEST_WAIT) * random.uniform(1.0, 1.2))  # noqa: S311

    async def leave(self, turn: int, status: int) -> None:
        """The request is over."""
        async with self._database.connection() as conn:
            await requests.end(conn, turn, status)

    async def pause(self, allowance: Allowance, seconds: float) -> None:
        """Hold every process for so long."""
        async with self._database.connection() as conn:
            await requests.pause(conn, allowance.service, seconds)


class Answers:
    """TMDb's answers: from the cache while they are fresh, else asked by one process alone."""

    def __init__(self, database: Database, edge: Edge | None, *, lease: float = LEASE) -> None:
        """`edge` None: offline; what is kept is used whatever its age."""
        self._database = database
        self._edge = edge
        self._lease = lease
        self.asked = 0
        """Questions that the service was really asked."""

    async def get(self, asking: Asking) -> Any:
        """Return the body, or None for "there is no such thing". Raises: MetadataError.

        Raises LookupError offline, where nothing is kept.
        """
        while True:
            async with self._database.connection() as conn:
                kept = await requests.answer(conn, asking.text)
                old = kept.age > (FRESH if kept.body is not None else FRESH_NOTHING)
                if kept.status and (self._edge is None or not old):
                    return kept.body
                if self._edge is None:
                    raise LookupError(asking.text)
                if await requests.claim(conn, asking.text, lease=self._lease):
                    # The one before us may have had its answer between our look and our claim.
                    now = await requests.answer(conn, asking.text)
                    if not now.status or now.age > FRESH_NOTHING:
                        break
                    await requests.release(conn, asking.text)
                    return now.body
            # Somebody else asks just now; its answer will be ours.
            await asyncio.sleep(random.uniform(0.1, 0.3))  # noqa: S311
        return await self._ask(self._edge, asking, kept)

    async def _ask(self, edge: Edge, asking: Asking, kept: requests.Kept) -> Any:
        holding = asyncio.create_task(self._hold(asking.text))
        try:
            answer = await edge.get(asking.path, dict(asking.params), etag=kept.etag)
        except BaseException:
            holding.cancel()
            await asyncio.gather(holding, return_exceptions=True)
            async with self._database.connection() as conn:
                await requests.release(conn, asking.text)
            raise
        holding.cancel()
        await asyncio.gather(holding, return_exceptions=True)
        self.asked += 1
        async with self._database.connection() as conn:
            if answer.status == 304:
                await requests.renew(conn, asking.text)
                return kept.body
            await requests.keep(conn, asking.text, status=answer.status, etag=answer.etag, body=answer.body)
        return answer.body

    async def _hold(self, question: str) -> None:
        """Keep the claim while we wait: the turn may be long in coming."""
        while True:
            await asyncio.sleep(self._lease / 3)
            async with self._database.connection() as conn:
                await requests.hold(conn, question, lease=self._lease)
