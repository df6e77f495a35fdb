"""New files into the inventory: read, named and written side by side, in bulk."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from mediavault_tui.domain.library import ScanPhase
from mediavault_tui.services.identify import QuickReader, batches, name_of
from mediavault_tui.services.lockstep import Hashed
from mediavault_tui.services.scan_hash import Hashing
from mediavault_tui.services.scan_progress import Meter
from mediavault_tui.sources.base import FoundFile, Source
from mediavault_tui.store import arrivals
from mediavault_tui.store.arrivals import identity_half, seen_half
from mediavault_tui.store.database import Connection
from mediavault_tui.store.stocktake import Arrival

_SMALL = 1024 * 1024
"""Bytes of a file that is quicker to hash before it is written down than to update afterwards."""
_BEFORE_WRITING = 30.0
"""Seconds spent on that at most: whoever is killed later loses no more."""


@dataclass(frozen=True, slots=True)
class Arriving:
    """One scan's means for taking in new files."""

    conn: Connection
    source: Source
    meter: Meter
    readers: int
    protected: tuple[bytes, ...]
    hashing: bool = True
    """Whether small files are hashed before they are written down."""

    async def take(self, found: Sequence[Arrival]) -> None:
        """Write the new files down, each with its identity and, if it is small, its hash."""
        if not found:
            return
        in_order = sorted(found, key=lambda file: (file.stamp.device, file.stamp.inode))
        with QuickReader(expected=len(in_order)) as reader:
            naming = [
                reader.submit([name_of(file.path, file.root) for file in in_order[part]])
                for part in batches(len(in_order))
            ]
            async with (
                self._hash_small(in_order) as hashes,
                self.conn.transaction(),
                arrivals.bulk(self.conn, rows=len(in_order)),
            ):
                await arrivals.insert(self.conn, self._lines(in_order, naming, hashes))

    @asynccontextmanager
    async def _hash_small(self, found: Sequence[Arrival]) -> AsyncIterator[_Hashes]:
        """Begin to hash, beside the loop, the small files that have company of their size."""
        sizes = Counter(file.stamp.size for file in found)
        files = [
            FoundFile(file.path, file.stamp, file.links)
            for file in found
            if self.hashing and sizes[file.stamp.size] > 1 and 0 < file.stamp.size <= _SMALL
        ]
        self.meter.begin(ScanPhase.HASHING, files=len(files), bytes=sum(file.stamp.size for file in files))
        hashes = _Hashes({file.path for file in files})
        until = time.monotonic() + _BEFORE_WRITING
        hashing = Hashing(self.source, self.meter, self.readers)
        left = threading.Event()
        reading = asyncio.create_task(
            asyncio.to_thread(
                hashing.new_files,
                files,
                give_up=lambda: left.is_set() or time.monotonic() > until,
                done=hashes.add,
            )
        )
        reading.add_done_callback(lambda _reading: hashes.end())
        try:
            yield hashes
        finally:
            left.set()
            await reading

    async def _lines(
        self,
        found: Sequence[Arrival],
        naming: Sequence[asyncio.Future[list[str | None]]],
        hashes: _Hashes,
    ) -> AsyncIterator[bytes]:
        """Yield the rows as they get ready: the server writes some while others are read."""
        for part, named in zip(batches(len(found)), naming, strict=True):
            halves = await named
            known = await hashes.of([file.path for file in found[part]])
            lines = []
            for file, half, hashed in zip(found[part], halves, known, strict=True):
                if half is None:  # our own rules leave it to guessit, later
                    half = identity_half(name_of(file.path, file.root), None)
                lines.append(f"{self._seen(file, hashed)}\t{half}\n")
            yield "".join(lines).encode()

    def _seen(self, file: Arrival, hashed: Hashed | None) -> str:
        return seen_half(
            file.path,
            file.stamp,
            source=self.source.name,
            root=file.root,
            links=file.links,
            aliases=file.aliases,
            protected=any(file.path.startswith(folder + b"/") for folder in self.protected),
            sample=hashed.sample_hash if hashed else None,
            content=hashed.content_hash if hashed else None,
            scan=self.meter.scan,
        )


class _Hashes:
    """What a thread has hashed so far, for the loop to wait on."""

    def __init__(self, wanted: set[bytes]) -> None:
        self._wanted = wanted
        self._found: dict[bytes, Hashed] = {}
        self._ended = False
        self._news = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def add(self, batch: Sequence[Hashed]) -> None:
        """Add what was read; for the thread."""
        for hashed in batch:
            self._found[hashed.file.path] = hashed
        self._loop.call_soon_threadsafe(self._news.set)

    def end(self) -> None:
        """Nothing more will come."""
        self._ended = True
        self._news.set()

    async def of(self, paths: Sequence[bytes]) -> list[Hashed | None]:
        """Return what is known of the files, once it is known or never will be."""
        waiting = [path for path in paths if path in self._wanted]
        while not self._ended and any(path not in self._found for path in waiting):
            self._news.clear()
            await self._news.wait()
        return [self._found.get(path) for path in paths]
