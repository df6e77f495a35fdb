"""The second phase: equal bytes among the files of equal size, read beside the loop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from queue import SimpleQueue

from mediavault_tui.domain.library import ScanPhase
from mediavault_tui.domain.pathtext import display
from mediavault_tui.errors import SourceError
from mediavault_tui.probe.hashing import Interrupted, content_hash, sample_hash
from mediavault_tui.services.exact.candidates import hash_candidates
from mediavault_tui.services.exact.lockstep import Candidate, Hashed, check_stamp
from mediavault_tui.services.scanning.progress import Meter
from mediavault_tui.services.scanning.readers import drain, read_in_threads
from mediavault_tui.sources.base import FoundFile, Source
from mediavault_tui.store import readings
from mediavault_tui.store.database import Connection
from mediavault_tui.store.readings import Unprobed

_TOGETHER = 256
"""Files asked of the database at a time."""


@dataclass(frozen=True, slots=True)
class Hashing:
    """One scan's means for reading bytes."""

    source: Source
    meter: Meter
    readers: int

    async def known_files(self, conn: Connection, *, after: Callable[[], Awaitable[None]]) -> None:
        """Hash what the inventory holds of equal size and has not been read; checkpoints on the way."""
        candidates = await readings.hash_candidates(conn, self.source.name)
        size = sum(c.size for c in candidates if c.sample_hash is None)
        self.meter.begin(ScanPhase.HASHING, files=sum(c.sample_hash is None for c in candidates), bytes=size)
        found = [
            Candidate(FoundFile(c.path, c.stamp, c.links), c.sample_hash, c.content_hash) for c in candidates
        ]
        # One thread here: those that read are its own, side by side in equal files.
        await self._crew(conn, lambda done: self._compare(found, done), threads=1, after=after)

    async def everything(
        self, conn: Connection, roots: Sequence[bytes], *, after: Callable[[], Awaitable[None]]
    ) -> None:
        """Hash every file below the roots that has no full hash yet; checkpoints on the way."""
        files, size = await readings.unhashed_total(conn, self.source.name, roots)
        self.meter.begin(ScanPhase.HASHING, files=files, bytes=size)
        last = 0
        while batch := await readings.unhashed(conn, self.source.name, roots, after=last, limit=_TOGETHER):
            last = batch[-1].id
            read = partial(self._through, iter(batch))
            await self._crew(conn, read, threads=self.readers, after=after)
            if await asyncio.to_thread(self.meter.control.stopped):
                return

    async def _crew(
        self,
        conn: Connection,
        read: Callable[[SimpleQueue[Hashed]], None],
        *,
        threads: int,
        after: Callable[[], Awaitable[None]],
    ) -> None:
        """Let threads read, and write down what they are done with."""
        done: SimpleQueue[Hashed] = SimpleQueue()

        async def save() -> None:
            await self._write(conn, drain(done))
            await after()

        await read_in_threads(partial(read, done), threads=threads, control=self.meter.control, save=save)

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

    def _compare(self, candidates: Sequence[Candidate], done: SimpleQueue[Hashed]) -> None:
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
