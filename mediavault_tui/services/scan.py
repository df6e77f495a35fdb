"""A folder of films becomes an inventory: walk, compare, hash, identify, probe, match.

One scan is one task that works through the phases and writes what it learns in
batches; `Scanner.scan` watches it and yields what a screen shows. A kill loses seconds:
every phase takes from the database what is still to be done.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from mediavault_tui.domain.library import ScanPhase, ScanProgress, ScanRecord
from mediavault_tui.services.identify import identities, name_of
from mediavault_tui.services.scan_arrive import LOT, Arriving, Files
from mediavault_tui.services.scan_control import ScanControl
from mediavault_tui.services.scan_first import FirstStock, new_file
from mediavault_tui.services.scan_hash import Hashing
from mediavault_tui.services.scan_lots import NewFile
from mediavault_tui.services.scan_progress import Meter
from mediavault_tui.services.scan_stock import Stock
from mediavault_tui.services.scan_walk import Walk
from mediavault_tui.sources.base import FoundFile, Source
from mediavault_tui.sources.local_walk import distinct_roots
from mediavault_tui.store import arrival_rows, arrivals, indexes, readings, scans, stocktake
from mediavault_tui.store.database import Connection, Database, lost
from mediavault_tui.store.stocktake import Arrival

if TYPE_CHECKING:
    from mediavault_tui.probe.ffprobe import Prober

_SHOWN_EVERY = 0.1
"""Seconds between two progress values."""
_SAVED_EVERY = 2.0
"""Seconds between two checkpoints of the history row."""
_NAMES = 200
"""Names handed to the slow parser before what it found is written down."""


@dataclass(frozen=True, slots=True)
class ScanPolicy:
    """How scans are done here. `protected`: folders whose files are never staged."""

    readers: int = 4
    probes: int = field(default_factory=lambda: max(2, os.cpu_count() or 2))
    staging_path: Path | None = None
    protected: tuple[Path, ...] = ()

    def protected_folders(self) -> tuple[bytes, ...]:
        """Return the protected folders as raw paths, links resolved, with a slash at the end."""
        return tuple(os.path.realpath(os.fsencode(folder)) + b"/" for folder in self.protected)


class Scanner:
    """Takes stock of folders; one object serves any number of scans."""

    def __init__(
        self,
        database: Database,
        source: Source,
        prober: Prober | None,
        *,
        readers: int = 4,
        staging_path: Path | None = None,
        protected: Sequence[Path] = (),
        dedupe: Callable[[], Awaitable[object]] | None = None,
    ) -> None:
        self._database = database
        self._source = source
        self._prober = prober
        self._policy = ScanPolicy(readers=readers, staging_path=staging_path, protected=tuple(protected))
        self._dedupe = dedupe

    async def scan(
        self,
        roots: Sequence[Path],
        *,
        control: ScanControl | None = None,
        probe: bool = True,
        everything: bool = False,
    ) -> AsyncIterator[ScanProgress]:
        """Scan the folders; yield progress ten times a second and the last word at the end.

        `probe`: ask new and changed files what they are. `everything`: forget what was read
        of the files below the roots, and read it again. Leaving the iteration cancels the scan.
        Raises: Refused while another scan reads one of the folders; DatabaseError.
        """
        control = control or ScanControl()
        raw = await asyncio.to_thread(distinct_roots, [os.fsencode(root) for root in roots])
        async with self._database.connection() as conn:
            scan = await scans.begin(conn, raw)
            meter = Meter(scan, control)
            run = _Run(
                conn,
                self._database,
                self._source,
                raw,
                meter,
                self._policy,
                self._prober if probe else None,
                self._dedupe,
                self._policy.protected_folders(),
            )
            working = asyncio.create_task(run.work(everything=everything))
            try:
                while not working.done():
                    yield meter.snapshot()
                    await asyncio.wait({working}, timeout=_SHOWN_EVERY)
                working.result()
                yield meter.snapshot()
            finally:
                if not working.done():
                    control.cancel()
                    await asyncio.gather(working, return_exceptions=True)
                await run.leave()

    async def history(self, *, limit: int = 50) -> list[ScanRecord]:
        """Return the newest scans first."""
        async with self._database.connection() as conn:
            return await scans.history(conn, limit=limit)


@dataclass(slots=True)
class _Run:
    """One scan at work on its own connection."""

    conn: Connection
    database: Database
    source: Source
    roots: Sequence[bytes]
    meter: Meter
    policy: ScanPolicy
    prober: Prober | None
    dedupe: Callable[[], Awaitable[object]] | None
    protected: tuple[bytes, ...]
    """Folders, with a slash at the end, whose files are never staged."""
    _saved: float = 0.0

    async def work(self, *, everything: bool) -> None:
        """Go through the phases; a cancelled scan keeps what it has found so far."""
        if everything:
            await stocktake.forget_content(self.conn, self.source.name, self.roots)
        for phase in (self._take_stock, self._hash, self._identify, self._probe, self._match):
            await phase()
            await self._save(now=True)
            if self.meter.control.cancelled:
                self.meter.phase = ScanPhase.CANCELLED
                self.meter.message = "Cancelled; what was found is kept, and the next scan goes on from here"
                return
            if self.meter.phase is ScanPhase.FAILED:
                return
        await indexes.make_due(self.database)
        self.meter.phase = ScanPhase.DONE

    async def leave(self) -> None:
        """Close the history row and give the connection back clean, if it still lives."""
        if lost(self.conn):
            return
        phase = self.meter.phase
        if phase not in (ScanPhase.DONE, ScanPhase.CANCELLED):
            phase = ScanPhase.CANCELLED if self.meter.control.cancelled else ScanPhase.FAILED
        await scans.end(self.conn, self.meter.scan, phase, self.meter.counts, self.meter.errors)
        await stocktake.finish(self.conn)
        await scans.release(self.conn, self.meter.scan)

    async def _take_stock(self) -> None:
        walk = Walk(self.source, self.roots, self._never_entered(), self.meter)
        stock = Stock(self.conn, self.source, self.roots, self.meter)
        arriving = Arriving(self.conn, self.database, self.source, self.meter)
        await arriving.recover()
        if await stocktake.is_empty(self.conn):
            await arriving.take(FirstStock(stock, self._is_protected).files(walk))
            self._believe(walk)
            return
        await stock.walk(walk)
        if self.meter.control.cancelled:
            return  # half a walk proves nothing missing
        if not self._believe(walk):
            return
        found = await stock.compare(walk)
        self.meter.roots_failed = len(walk.offline)
        self.meter.begin(ScanPhase.HASHING, files=len(found))
        await arriving.take(self._arrivals(found))

    def _believe(self, walk: Walk) -> bool:
        """Return whether any folder could be read; if none, the scan has failed."""
        self.meter.roots_failed = len(walk.offline)
        if self.roots and len(walk.offline) == len(self.roots):
            self.meter.phase = ScanPhase.FAILED
            self.meter.message = "None of the folders could be read; the inventory stays as it was"
            return False
        return True

    async def _arrivals(self, found: Sequence[Arrival]) -> AsyncGenerator[Files, None]:
        """Yield the new files by root, in lots, until the scan is called off."""
        by_root: dict[bytes, list[NewFile]] = defaultdict(list)
        for file in found:
            seen = FoundFile(file.path, file.stamp, file.links)
            by_root[file.root].append(new_file(seen, file.aliases, self._is_protected))
        for root, files in by_root.items():
            for at in range(0, len(files), LOT):
                if await asyncio.to_thread(self.meter.control.stopped):
                    return
                yield root, files[at : at + LOT]

    async def _hash(self) -> None:
        hashing = Hashing(self.source, self.meter, self.policy.readers)
        await hashing.known_files(self.conn)
        adopted = await readings.adopt_moved(self.conn, self.source.name, self.meter.scan)
        self.meter.count(renamed=adopted, new=-adopted, missing=-adopted)
        for back in await readings.returned(self.conn, self.source.name, self.meter.scan):
            self.meter.error(
                back.path, f"{back.path} has the bytes of {back.was}, which was {back.state} earlier"
            )

    async def _identify(self) -> None:
        """Name what has no identity yet: new files that our own rules left, and files under new names."""
        last = 0
        while rows := await readings.unidentified(self.conn, self.source.name, after=last, limit=_NAMES):
            if await asyncio.to_thread(self.meter.control.stopped):
                return
            self.meter.message = "reading names"
            last = rows[-1][0]
            names = [name_of(path, root) for _, path, root in rows]
            found = await identities(self.conn, names)
            halves = [arrival_rows.identity_half(name, one) for name, one in zip(names, found, strict=True)]
            ids = [id for id, _, _ in rows]
            async with self.conn.transaction():
                await arrivals.set_identities(self.conn, zip(ids, halves, strict=True))
            await self._save()
        self.meter.message = ""

    async def _probe(self) -> None:
        if self.prober is None:
            return
        from mediavault_tui.services.scan_probe import Probing

        probing = Probing(self.source, self.prober, self.policy.probes, self.meter)
        await probing.known_files(self.conn, self.roots, after=self._save)

    async def _match(self) -> None:
        if self.dedupe is not None:
            self.meter.begin(ScanPhase.MATCHING)
            await self.dedupe()

    async def _save(self, *, now: bool = False) -> None:
        if now or time.monotonic() - self._saved >= _SAVED_EVERY:
            self._saved = time.monotonic()
            await scans.save(
                self.conn, self.meter.scan, self.meter.phase, self.meter.counts, self.meter.errors
            )

    def _never_entered(self) -> frozenset[bytes]:
        staging = self.policy.staging_path
        return frozenset() if staging is None else frozenset([os.path.realpath(os.fsencode(staging))])

    def _is_protected(self, path: bytes) -> bool:
        return any(path.startswith(folder) for folder in self.protected)
