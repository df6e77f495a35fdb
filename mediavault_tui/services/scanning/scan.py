"""A folder of films becomes an inventory: walk, compare, hash, identify, probe, match.

One scan is one task that works through the phases and writes what it learns in
batches; `Scanner.scan` watches it and yields what a screen shows. A kill loses seconds:
every phase takes from the database what is still to be done. Longer than the habit:
the phases stand in their order, each a few lines around the module that does the work.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

from mediavault_tui.domain.fenced import Fenced
from mediavault_tui.domain.library import ScanPhase, ScanProgress, ScanRecord
from mediavault_tui.domain.mounts import shown_at
from mediavault_tui.domain.paths import LOCAL, Mount, distinct_folders, locate, place
from mediavault_tui.domain.pathtext import display
from mediavault_tui.domain.quality import DEFAULT, QualityPolicy
from mediavault_tui.errors import Refused
from mediavault_tui.services.identify import identities, name_of
from mediavault_tui.services.scanning.across import Across
from mediavault_tui.services.scanning.arrive import LOT, Arriving, Files
from mediavault_tui.services.scanning.control import ScanControl
from mediavault_tui.services.scanning.far import Far, FarPolicy
from mediavault_tui.services.scanning.first import FirstStock, new_file
from mediavault_tui.services.scanning.hash import Hashing
from mediavault_tui.services.scanning.lots import NewFile
from mediavault_tui.services.scanning.news import News
from mediavault_tui.services.scanning.progress import Meter
from mediavault_tui.services.scanning.stock import Stock
from mediavault_tui.services.scanning.walk import Walk
from mediavault_tui.sources.base import FoundFile, Source
from mediavault_tui.sources.local.walk import distinct_roots
from mediavault_tui.sources.places import as_places
from mediavault_tui.sources.share_holding import ShareSource
from mediavault_tui.store import arrival_rows, arrivals, indexes, readings, scans, staging, stocktake
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
    """How scans are done here. `protected`: located folders whose files are never staged.

    `excluded`: located folders that are not entered, and `excluded_names` of such anywhere.
    `staging_of`: the located holding folder set for a source. `deep`: hash everything ahead of time.
    """

    readers: int = 4
    probes: int = field(default_factory=lambda: max(2, os.cpu_count() or 2))
    staging_of: Callable[[str], bytes | None] = lambda _source: None
    protected: tuple[bytes, ...] = ()
    excluded: tuple[bytes, ...] = ()
    excluded_names: tuple[bytes, ...] = ()
    far: FarPolicy = field(default_factory=FarPolicy)
    deep: bool = False
    quality: QualityPolicy = DEFAULT

    def protected_folders(self, source: str) -> Fenced:
        """Return the protected folders of a source."""
        return Fenced(path for name, path in map(place, self.protected) if name == source)

    def excluded_folders(self, source: str) -> frozenset[bytes]:
        """Return the folders of a source that no scan enters."""
        return frozenset(path for name, path in map(place, self.excluded) if name == source)


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
        excluded: Sequence[Path] = (),
        excluded_names: Sequence[str] = (),
        staging_of: Callable[[str], bytes | None] | None = None,
        far: FarPolicy | None = None,
        quality: QualityPolicy = DEFAULT,
        mounts_of: Callable[[str], Sequence[Mount]] = lambda _source: (),
        dedupe: Callable[[], Awaitable[object]] | None = None,
    ) -> None:
        """`staging_of`: the located holding folder of each source, where there are shares; `far`: how
        much may be read of them, and when; `mounts_of`: where this machine has mounted them."""
        self._database = database
        self._places = as_places(source)
        self._prober = prober
        own = None if staging_path is None else os.path.realpath(os.fsencode(staging_path))
        self._policy = ScanPolicy(
            readers=readers,
            staging_of=staging_of or (lambda name: own if name == LOCAL else None),
            protected=tuple(self._places.real(os.fsencode(folder)) for folder in protected),
            excluded=tuple(self._places.real(os.fsencode(folder)) for folder in excluded),
            excluded_names=tuple(map(os.fsencode, excluded_names)),
            far=far or FarPolicy(),
            quality=quality,
        )
        self._mounts_of = mounts_of
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
            await asyncio.to_thread(far.read_through, self._mounts_of(name))
        async with self._database.connection() as conn:
            held = await self._holding_folders(conn, name)
            excluded = policy.excluded_folders(name)
            for root in raw:
                shown = display(locate(name, root))
                if root in Fenced(excluded):
                    raise Refused(
                        f"{shown} is left out by MEDIAVAULT_EXCLUDE; scan another folder, or take it out of"
                        " the setting"
                    )
                if root in Fenced(held):
                    raise Refused(
                        f"{shown} lies in the holding folder, which no scan enters; scan another folder, or"
                        " restore what is staged and set another holding folder"
                    )
            scan = await scans.begin(conn, [locate(name, path) for path in raw])
            meter = Meter(scan, control) if name == LOCAL else far.meter(scan)
            run = _Run(
                conn,
                self._database,
                source,
                raw,
                meter,
                policy,
                Across(source, self._places, meter, policy.far),
                shown_at(self._mounts_of(name), raw),
                self._prober if probe else None,
                self._dedupe,
                policy.protected_folders(name),
                held | excluded | set(policy.excluded_names),
            )
            news = News(self._database, meter.tally())
            working = asyncio.create_task(run.work(everything=everything))
            try:
                while not working.done():
                    yield meter.snapshot()
                    await asyncio.wait({working}, timeout=_SHOWN_EVERY)
                    await news.tell(meter.tally())
                working.result()
                yield meter.snapshot()
            finally:
                if not working.done():
                    control.cancel()
                    await asyncio.gather(working, return_exceptions=True)
                await run.leave()

    async def _holding_folders(self, conn: Connection, name: str) -> frozenset[bytes]:
        """Return the folders of a source that hold, or are to hold, what was staged."""
        located = await staging.holdings_now(conn)
        if (today := self._policy.staging_of(name)) is not None:
            located.add(self._places.real(today))
        return frozenset(path for where, path in map(place, located) if where == name)

    async def known_roots(self) -> list[bytes]:
        """Return the located folders that were scanned before, without those inside another."""
        async with self._database.connection() as conn:
            return distinct_folders(await scans.known_roots(conn))

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
    across: Across
    mounts: Sequence[bytes]
    """Where this machine shows the roots as well; a share's only."""
    prober: Prober | None
    dedupe: Callable[[], Awaitable[object]] | None
    protected: Fenced
    """Folders whose files are never staged."""
    never_entered: frozenset[bytes]
    """Holding folders, and those that are left out: paths, and names that count anywhere."""
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
        self.meter.message = self.meter.control.last_word or self.across.left

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
        walk = Walk(self.source, self.roots, self.never_entered, self.meter)
        stock = Stock(self.conn, self.source, self.roots, self.meter, self.protected)
        arriving = Arriving(self.conn, self.database, self.source, self.meter)
        await arriving.recover()
        # A share's walk may begin a folder anew after a drop; a file that it meets twice is compared away.
        if self.source.name == LOCAL and await stocktake.is_empty(self.conn):
            await arriving.take(FirstStock(stock).files(walk))
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
            by_root[file.root].append(new_file(seen, file.aliases, self.protected))
        for root, files in by_root.items():
            for at in range(0, len(files), LOT):
                if await asyncio.to_thread(self.meter.control.stopped):
                    return
                yield root, files[at : at + LOT]

    async def _hash(self) -> None:
        if self.mounts and not self.meter.roots_failed:
            await stocktake.known_by_share(self.conn, self.mounts)
        self.meter.control.bytes_matter(True)
        hashing = Hashing(self.source, self.meter, self.policy.readers)
        await hashing.known_files(self.conn, after=self._save)
        await self.across.known_files(self.conn, after=self._save)
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
            halves = [arrival_rows.identity_half(name, one) for name, one in zip(names, found, strict=True)]
            ids = [id for id, _, _ in rows]
            async with self.conn.transaction():
                await arrivals.set_identities(self.conn, zip(ids, halves, strict=True))
            await self._save()
        self.meter.message = ""

    async def _probe(self) -> None:
        if self.prober is None:
            return
        from mediavault_tui.services.scanning.probe import Probing

        self.meter.control.bytes_matter(True)
        workers = self.policy.probes if self.source.name == LOCAL else self.policy.readers
        probing = Probing(self.source, self.prober, workers, self.meter, self.policy.quality)
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
