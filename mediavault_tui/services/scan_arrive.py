"""New files into the inventory: identified beside the walk of their bytes, written in bulk."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
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
_BEFORE_WRITING = 15.0
"""Seconds spent on that at most: whoever is killed later loses no more."""


@dataclass(frozen=True, slots=True)
class Arriving:
    """One scan's means for taking in new files."""

    conn: Connection
    source: Source
    meter: Meter
    readers: int
    protected: tuple[bytes, ...]

    async def take(self, found: Sequence[Arrival]) -> None:
        """Write the new files down, each with its identity and, if it is small, its hash."""
        if not found:
            return
        with QuickReader(expected=len(found)) as reader:
            naming = [
                reader.submit([name_of(file.path, file.root) for file in found[part]])
                for part in batches(len(found))
            ]
            hashes = await self._hash_small(found)
            async with self.conn.transaction(), arrivals.bulk(self.conn, rows=len(found)):
                await arrivals.insert(self.conn, self._lines(found, naming, hashes))

    async def _hash_small(self, found: Sequence[Arrival]) -> Mapping[bytes, Hashed]:
        sizes = Counter(file.stamp.size for file in found)
        files = [
            FoundFile(file.path, file.stamp, file.links)
            for file in found
            if sizes[file.stamp.size] > 1 and file.stamp.size <= _SMALL
        ]
        self.meter.begin(ScanPhase.HASHING, files=len(files), bytes=sum(file.stamp.size for file in files))
        until = time.monotonic() + _BEFORE_WRITING
        hashing = Hashing(self.source, self.meter, self.readers)
        return await asyncio.to_thread(hashing.new_files, files, give_up=lambda: time.monotonic() > until)

    async def _lines(
        self,
        found: Sequence[Arrival],
        naming: Sequence[asyncio.Future[list[str | None]]],
        hashes: Mapping[bytes, Hashed],
    ) -> AsyncIterator[bytes]:
        for part, named in zip(batches(len(found)), naming, strict=True):
            lines = []
            for file, half in zip(found[part], await named, strict=True):
                if half is None:  # our own rules leave it to guessit, later
                    half = identity_half(name_of(file.path, file.root), None)
                lines.append(f"{self._seen(file, hashes.get(file.path))}\t{half}\n")
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
