"""A folder of films becomes an inventory: walk, compare, hash, identify, probe, match.

One scan is one task that works through the phases and writes what it learns in
batches; `Scanner.scan` watches it and yields what a screen shows. A kill loses seconds:
every phase takes from the database what is still to be done.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

from mediavault_tui.domain.library import ScanPhase, ScanProgress, ScanRecord
from mediavault_tui.domain.paths import LOCAL, distinct_folders, locate, place
from mediavault_tui.services.identify import identities, name_of
from mediavault_tui.services.scan_arrive import Arriving
from mediavault_tui.services.scan_control import ScanControl
from mediavault_tui.services.scan_far import Far, FarPolicy
from mediavault_tui.services.scan_hash import Hashing
from mediavault_tui.services.scan_progress import Meter
from mediavault_tui.services.scan_stock import Stock
from mediavault_tui.services.scan_walk import Walk
from mediavault_tui.sources.base import Source
from mediavault_tui.sources.local_walk import distinct_roots
from mediavault_tui.sources.places import as_places
from mediavault_tui.sources.share_holding import ShareSource
from mediavault_tui.store import arrivals, readings, scans, stocktake
from mediavault_tui.store.database import Connection, Database, lost

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
    """How scans are done here. `protected`: located folders whose files are never staged.

    `staging_of`: the located holding folder set for a source. `deep`: hash everything ahead of time.
    """

    readers: int = 4
    probes: int = field(default_factory=lambda: max(2, os.cpu_count() or 2))
    staging_of: Callable[[str], bytes | None] = lambda _source: None
    protected: tuple[bytes, ...] = ()
    far: FarPolicy = field(default_factory=FarPolicy)
    deep: bool = False


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
        staging_of: Callable[[str], bytes | None] | None = None,
        far: FarPolicy | None = None,
        dedupe: Callable[[], Awaitable[object]] | None = None,
    ) -> None:
        """`staging_of`: the located holding folder of each source, where there are shares; `far`: how
        much may be read of them, and when."""
        self._database = database
        self._places = as_places(source)
        self._prober = prober
        own = None if staging_path is None else os.path.realpath(os.fsencode(staging_path))
        self._policy = ScanPolicy(
            readers=readers,
            staging_of=staging_of or (lambda name: own if name == LOCAL else None),
            protected=tuple(self._places.real(os.fsencode(folder)) for folder in protected),
            far=far or FarPolicy(),
        )
        self._dedupe = dedupe

    async def scan(
        self,
        roots: Sequence[Path],
        *,
        control: ScanControl | None = None,
        probe: bool = True,
        everything: bool = False,
        deep: bool = False,
    ) -> AsyncIterator[ScanProgress]:
        """Scan the folders; yield progress ten times a second and the last word at the end.

        Roots are located paths; those of different machines are scanned one machine after the other, and
        each scan has its own last word. `probe`: ask new and changed files what they are. `everything`:
        forget what was read of the files below the roots, and read it again. `deep`: hash every file
        ahead of time. Leaving the iteration cancels the scan.
        Raises: Refused while another scan reads one of the folders; SourceOffline for a share that is
            not set up; DatabaseError.
        """
        control = control or ScanControl()
        by_source: dict[str, list[bytes]] = {}
        for root in roots:
            name, path = place(os.fsencode(root))
            by_source.setdefault(name, []).append(path)
        for name, paths in by_source.items():
            if control.cancelled:
                return
            policy = replace(self._policy, deep=deep)
            async for progress in self._scan(name, paths, control, policy, probe, everything):
                yield progress

    async def _scan(
        self,
        name: str,
        paths: Sequence[bytes],
        control: ScanControl,
        policy: ScanPolicy,
        probe: bool,
        everything: bool,
    ) -> AsyncIterator[ScanProgress]:
        """Scan folders of one source."""
        if name == LOCAL:
            source, raw = self._places.source(name), await asyncio.to_thread(distinct_roots, paths)
        else:
            source, raw = await asyncio.to_thread(self._places.source, name), distinct_folders(paths)
            far = Far(cast(ShareSource, source), policy.far, control)
            control, source = far.control, far.source
            policy = replace(policy, readers=await asyncio.to_thread(far.readers, raw[0]))
        async with self._database.connection() as conn:
            scan = await scans.begin(conn, [locate(name, path) for path in raw])
            meter = Meter(scan, control) if name == LOCAL else far.meter(scan)
            prober = self._prober if probe else None
            run = _Run(conn, source, raw, meter, policy, prober, self._dedupe)
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
    source: Source
    roots: Sequence[bytes]
    meter: Meter
    policy: ScanPolicy
    prober: Prober | None
    dedupe: Callable[[], Awaitable[object]] | None
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
        self.meter.phase = ScanPhase.DONE
        self.meter.message = self.meter.control.last_word

    async def leave(self) -> None:
        """Close the history row and give the connection back clean, if it still lives."""
        if lost(self.conn):
            return
        phase = self.meter.phase
        if phase not in (ScanPhase.DONE, ScanPhase.CANCELLED):
            phase = ScanPhase.CANCELLED if self.meter.control.cancelled else ScanPhase.FAILED
        await scans.end(self.conn, self.meter.scan, phase, self.meter.tally(), self.meter.errors)
        await stocktake.finish(self.conn)
        await scans.release(self.conn, self.meter.scan)

    async def _take_stock(self) -> None:
        walk = Walk(self.source, self.roots, self._never_entered(), self.meter)
        stock = Stock(self.conn, self.source, self.roots, self.meter)
        await stock.walk(walk)
        if self.meter.control.cancelled:
            return  # half a walk proves nothing missing
        self.meter.roots_failed = len(walk.offline)
        if self.roots and len(walk.offline) == len(self.roots):
            self.meter.phase = ScanPhase.FAILED
            self.meter.message = "None of the folders could be read; the inventory stays as it was"
            return
        found = await stock.compare(walk)
        self.meter.roots_failed = len(walk.offline)
        arriving = Arriving(self.conn, self.source, self.meter, self.policy.readers, self._protected())
        # Over a network rows come first: whoever is killed then has lost nothing.
        arriving = replace(arriving, hashing=self.source.name == LOCAL)
        await arriving.take(found)

    async def _hash(self) -> None:
        self.meter.control.bytes_matter(True)
        hashing = Hashing(self.source, self.meter, self.policy.readers)
        await hashing.known_files(self.conn)
        if self.policy.deep:
            await hashing.everything(self.conn, self.roots, after=self._save)
        self.meter.control.bytes_matter(False)
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
            halves = [arrivals.identity_half(name, one) for name, one in zip(names, found, strict=True)]
            ids = [id for id, _, _ in rows]
            async with self.conn.transaction():
                await arrivals.set_identities(self.conn, zip(ids, halves, strict=True))
            await self._save()
        self.meter.message = ""

    async def _probe(self) -> None:
        if self.prober is None:
            return
        from mediavault_tui.services.scan_probe import Probing

        self.meter.control.bytes_matter(True)
        workers = self.policy.probes if self.source.name == LOCAL else self.policy.readers
        probing = Probing(self.source, self.prober, workers, self.meter)
        await probing.known_files(self.conn, self.roots, after=self._save)
        self.meter.control.bytes_matter(False)

    async def _match(self) -> None:
        if self.dedupe is not None:
            self.meter.begin(ScanPhase.MATCHING)
            await self.dedupe()

    async def _save(self, *, now: bool = False) -> None:
        if now or time.monotonic() - self._saved >= _SAVED_EVERY:
            self._saved = time.monotonic()
            await scans.save(
                self.conn, self.meter.scan, self.meter.phase, self.meter.tally(), self.meter.errors
            )

    def _never_entered(self) -> frozenset[bytes]:
        staging = self.policy.staging_of(self.source.name)
        if staging is None or place(staging)[0] != self.source.name:
            return frozenset()
        return frozenset([place(staging)[1]])

    def _protected(self) -> tuple[bytes, ...]:
        """Return the protected folders of this source, as it spells them."""
        own = map(place, self.policy.protected)
        return tuple(path for name, path in own if name == self.source.name)
