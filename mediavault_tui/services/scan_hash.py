"""The second phase: equal bytes among the files of equal size, read beside the loop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import TypeVar

from mediavault_tui.domain.library import ScanPhase
from mediavault_tui.domain.pathtext import display
from mediavault_tui.errors import SourceError
from mediavault_tui.probe.hashing import Interrupted, content_hash, sample_hash
from mediavault_tui.services.exact import hash_candidates
from mediavault_tui.services.lockstep import Candidate, Hashed, check_stamp
from mediavault_tui.services.scan_progress import Meter
from mediavault_tui.sources.base import FoundFile, Source
from mediavault_tui.store import readings
from mediavault_tui.store.database import Connection
from mediavault_tui.store.readings import Unprobed

_TOGETHER = 256
"""Files asked of the database at a time."""
CHECKPOINT = 2.0
"""Seconds after which what was read is written down: a kill loses no more."""

Done = TypeVar("Done")


@dataclass(frozen=True, slots=True)
class Hashing:
    """One scan's means for reading bytes."""

    source: Source
    meter: Meter
    readers: int

    async def known_files(
        self, conn: Connection, *, after: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        """Hash what the inventory holds of equal size and has not been read; checkpoints on the way."""
        candidates = await readings.hash_candidates(conn, self.source.name)
        size = sum(c.size for c in candidates if c.sample_hash is None)
        self.meter.begin(ScanPhase.HASHING, files=sum(c.sample_hash is None for c in candidates), bytes=size)
        done: SimpleQueue[Hashed] = SimpleQueue()
        reading = asyncio.create_task(
            asyncio.to_thread(
                self._read,
                [
                    Candidate(FoundFile(c.path, c.stamp, c.links), c.sample_hash, c.content_hash)
                    for c in candidates
                ],
                done,
            )
        )
        try:
            while not reading.done():
                await asyncio.wait({reading}, timeout=CHECKPOINT)
                await self._write(conn, drain(done))
                if after:
                    await after()
        finally:
            await reading
        await self._write(conn, drain(done))

    async def everything(
        self, conn: Connection, roots: Sequence[bytes], *, after: Callable[[], Awaitable[None]]
    ) -> None:
        """Hash every file below the roots that has no full hash yet; checkpoints on the way."""
        files, size = await readings.unhashed_total(conn, self.source.name, roots)
        self.meter.begin(ScanPhase.HASHING, files=files, bytes=size)
        last = 0
        while batch := await readings.unhashed(conn, self.source.name, roots, after=last, limit=_TOGETHER):
            last = batch[-1].id
            todo = iter(batch)
            done: SimpleQueue[Hashed] = SimpleQueue()
            crew = {
                asyncio.create_task(asyncio.to_thread(self._through, todo, done)) for _ in range(self.readers)
            }
            try:
                running = crew
                while running:
                    finished, running = await asyncio.wait(running, timeout=CHECKPOINT)
                    await self._write(conn, drain(done))
                    await after()
                    for reader in finished:
                        reader.result()
            finally:
                await asyncio.gather(*crew, return_exceptions=True)
            if await asyncio.to_thread(self.meter.control.stopped):
                return

    def _through(self, todo: Iterator[Unprobed], done: SimpleQueue[Hashed]) -> None:
        """Be one reader: read files to their end until there are none or the scan is stopped."""
        for file in todo:
            if self.meter.control.stopped():
                return
            found = FoundFile(file.path, file.stamp, 1)
            try:
                with self.source.open(file.path) as reader:
                    check_stamp(reader, found)
                    sample = sample_hash(reader, size=file.stamp.size)
                    content = content_hash(
                        reader, cancelled=self.meter.control.stopped, on_bytes=self._count_bytes
                    )
            except Interrupted:
                return
            except SourceError as error:
                hashed = Hashed(found, error=error)
            else:
                hashed = Hashed(found, sample, content)
            done.put(hashed)
            self._count([hashed])

    def _read(self, candidates: Sequence[Candidate], done: SimpleQueue[Hashed]) -> None:
        for hashed in hash_candidates(
            self.source,
            candidates,
            readers=self.readers,
            cancelled=self.meter.control.stopped,
            on_bytes=self._count_bytes,
        ):
            done.put(hashed)
            self._count([hashed])

    def _count_bytes(self, count: int) -> None:
        self.meter.count(bytes_read=count)
        self.meter.advance(bytes=count)

    def _count(self, batch: Sequence[Hashed]) -> None:
        if not batch:
            return
        self.meter.advance(files=len(batch), current=display(batch[-1].file.path))
        self.meter.count(hashed=sum(hashed.error is None for hashed in batch))
        for hashed in batch:
            if hashed.error is not None:
                self.meter.unreachable(display(hashed.file.path), hashed.error)

    async def _write(self, conn: Connection, hashed: Sequence[Hashed]) -> None:
        rows = [
            (h.file.path, h.file.stamp.size, h.file.stamp.modified_ns, h.sample_hash, h.content_hash)
            for h in hashed
            if h.error is None
        ]
        if rows:
            await readings.set_hashes(conn, self.source.name, rows)


def drain(queue: SimpleQueue[Done]) -> list[Done]:
    """Return all that is in the queue now."""
    drained: list[Done] = []
    while True:
        try:
            drained.append(queue.get_nowait())
        except Empty:
            return drained
