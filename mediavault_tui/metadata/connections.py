"""One HTTP client after another, so that no server is the first to end a connection.

A server that has had enough of an HTTP/2 connection says GOAWAY and still answers what it accepted;
httpcore drops those answers, and each would be asked for again. So a connection gets its share of
requests, fewer than servers allow (100 and more), and is closed when its last answer is there.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import httpx

SHARE = 90
"""Requests that a connection gets."""


@dataclass(slots=True, eq=False)
class _Line:
    client: httpx.AsyncClient
    given: int = 0
    open: int = 0


class Connections:
    """Lends the client of the moment; `close` ends it and those that are still lent."""

    def __init__(self, make: Callable[[], httpx.AsyncClient], *, share: int = SHARE) -> None:
        self._make = make
        self._share = share
        self._now = _Line(make())
        self._lines = [self._now]

    @asynccontextmanager
    async def lend(self) -> AsyncIterator[httpx.AsyncClient]:
        """Lend a client for one request."""
        line = self._now
        if line.given >= self._share:
            line = self._now = _Line(self._make())
            self._lines.append(line)
        line.given += 1
        line.open += 1
        try:
            yield line.client
        finally:
            line.open -= 1
            await self._close_finished()

    async def close(self) -> None:
        """Close every client."""
        lines, self._lines = self._lines, []
        for line in lines:
            await line.client.aclose()

    async def _close_finished(self) -> None:
        finished = [line for line in self._lines if line is not self._now and not line.open]
        self._lines = [line for line in self._lines if line not in finished]
        for line in finished:
            await line.client.aclose()
