"""New files into the inventory: read, named and written side by side, a lot at a time.

Worker processes read the lots while the walk still goes on and the server writes the ones
before; every few seconds what came so far is committed, so that a kill loses no more.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import time
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import aclosing
from dataclasses import dataclass

from mediavault_tui.domain.library import ScanPhase
from mediavault_tui.domain.paths import LOCAL
from mediavault_tui.domain.pathtext import display
from mediavault_tui.services.scanning.lots import Lot, LotRows, NewFile, begin_worker, read_lot
from mediavault_tui.services.scanning.progress import Meter
from mediavault_tui.services.scanning.readers import CHECKPOINT
from mediavault_tui.sources.base import Source
from mediavault_tui.store import arrivals, indexes
from mediavault_tui.store.database import Connection, Database

LOT = 1000
"""Files in one message to a worker."""
MANY = 5000
"""New files from which worker processes pay for their start, and an empty inventory is indexed afterwards."""
_WORKERS = 2
_AHEAD = 16 * _WORKERS
"""Lots under way at a time, some MB: the walk goes on while the workers start, and waits in the end."""

Files = tuple[bytes, Sequence[NewFile]]
"""A root and new files below it, at most `LOT`."""


@dataclass(frozen=True, slots=True)
class Arriving:
    """One scan's means for taking in new files."""

    conn: Connection
    database: Database
    source: Source
    meter: Meter

    async def take(self, coming: AsyncGenerator[Files, None]) -> None:
        """Write the new files down, each with its identity and, if it is small, its hash."""
        first: list[Files] = []
        count = 0
        async with aclosing(coming):
            async for files in coming:
                first.append(files)
                count += len(files[1])
                if count >= MANY:
                    break
            if not count:
                return
            async with _Readers(self._cancelled, many=count >= MANY) as readers:
                aside = count >= MANY and await indexes.set_aside(self.conn)
                rows = self._rows(readers, first, coming)
                async with aclosing(rows):
                    await self._write(rows)
        if aside:
            self.meter.message = "building indexes"
            await self._settle()
            self.meter.message = ""

    async def recover(self) -> None:
        """Finish what a crash cut off while an empty inventory was filled."""
        if await indexes.unmade(self.conn):
            await self._settle()

    async def _settle(self) -> None:
        await arrivals.analyze(self.conn)  # first: what is due goes by the size that the planner knows
        # Beside the indexes: the small ones and this together take as long as the large one.
        looking = asyncio.create_task(arrivals.written_twice(self.conn, self.source.name))
        try:
            await indexes.make_due(self.database)
        finally:
            await asyncio.wait({looking})
        if await looking:
            await arrivals.fold_links(self.conn, self.source.name)

    def _cancelled(self) -> bool:
        return self.meter.control.cancelled

    async def _write(self, rows: AsyncIterator[bytes]) -> None:
        """COPY the rows; each checkpoint is a statement of its own."""
        while (chunk := await anext(rows, None)) is not None:
            await arrivals.insert(self.conn, _until_checkpoint(chunk, rows))

    async def _rows(
        self, readers: _Readers, first: Sequence[Files], coming: AsyncIterator[Files]
    ) -> AsyncGenerator[bytes, None]:
        """Yield the rows of each lot in turn, keeping the workers busy."""
        under_way: deque[asyncio.Future[LotRows]] = deque()

        async def all_files() -> AsyncIterator[Files]:
            for files in first:
                yield files
            async for files in coming:
                yield files

        async for root, files in all_files():
            under_way.append(readers.submit(self._lot(root, files)))
            while under_way and (len(under_way) >= _AHEAD or under_way[0].done()):
                yield self._counted(await under_way.popleft())
        while under_way:
            yield self._counted(await under_way.popleft())

    def _lot(self, root: bytes, files: Sequence[NewFile]) -> Lot:
        return Lot(self.source.name, root, self.meter.scan, self.source.name == LOCAL, files)

    def _counted(self, read: LotRows) -> bytes:
        self.meter.count(hashed=read.hashed, bytes_read=read.bytes_read)
        if self.meter.phase is ScanPhase.HASHING:  # else the walk is told of
            self.meter.advance(files=read.files)
        for path, message in read.errors:
            self.meter.error(display(path), message)
        return read.rows


async def _until_checkpoint(first: bytes, rows: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    until = time.monotonic() + CHECKPOINT
    yield first
    while time.monotonic() < until and (chunk := await anext(rows, None)) is not None:
        yield chunk


class _Readers:
    """Who reads the lots: worker processes when there are many files, else a thread.

    Use it as a context manager; leaving it drops what has not begun, and waits for what has.
    """

    def __init__(self, cancelled: Callable[[], bool], *, many: bool) -> None:
        self._cancelled = cancelled
        self._pool: ProcessPoolExecutor | None = None
        if many:
            # Threads run in this process: a fork could copy a lock that one of them holds.
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(_WORKERS, mp_context=context, initializer=begin_worker)
            self._pool.submit(os.getpid)  # they start while the database is made ready

    async def __aenter__(self) -> _Readers:
        return self

    async def __aexit__(self, *_exception: object) -> None:
        if self._pool is not None:
            await asyncio.to_thread(self._pool.shutdown, cancel_futures=True)  # a disk may not answer

    def submit(self, lot: Lot) -> asyncio.Future[LotRows]:
        """Begin to read a lot."""
        loop = asyncio.get_running_loop()
        if self._pool is None:
            return loop.run_in_executor(None, read_lot, lot, self._cancelled)
        return loop.run_in_executor(self._pool, read_lot, lot)
