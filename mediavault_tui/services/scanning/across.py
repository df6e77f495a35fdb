"""The second phase, beyond one source: equal bytes here and on a share, or on two shares.

What a scan found is compared with what the inventory knows of the other places: head and tail
where sizes are equal, everything where those agree as well. What is read of a share counts to
the budget and keeps to the night window; a scan of this machine never waits for either, nor for
a server that is away: what it leaves is said, and the next scan goes on from there.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import cast

from mediavault_tui.domain.library import ScanPhase
from mediavault_tui.domain.paths import LOCAL
from mediavault_tui.domain.pathtext import display
from mediavault_tui.errors import SourceChanged, SourceError, SourceMissing, SourceOffline
from mediavault_tui.probe.hashing import WHOLE, Interrupted, changed, content_hash, sample_hash
from mediavault_tui.services.scanning.far import FarControl, FarPolicy
from mediavault_tui.services.scanning.progress import Meter
from mediavault_tui.services.scanning.readers import drain, read_in_threads
from mediavault_tui.sources.base import RangedReader, Source
from mediavault_tui.sources.places import Places
from mediavault_tui.sources.share_holding import ShareSource
from mediavault_tui.store import readings
from mediavault_tui.store.database import Connection
from mediavault_tui.store.readings import Shared

_FEW = 2
"""Files read at once as soon as a share is among the places."""

Row = tuple[bytes, int, int, bytes | None, bytes | None]
"""What `readings.set_hashes` takes: path, size, modification time, sample hash, content hash."""


@dataclass(slots=True)
class Across:
    """One scan's means for comparing its source with the other places."""

    source: Source
    places: Places
    meter: Meter
    policy: FarPolicy
    left: str = ""
    """What was not read, in a sentence for the scan's last word; empty if all of it was."""
    _control: FarControl = field(init=False)
    _away: dict[str, str] = field(default_factory=dict)
    """Places that could not be reached during this scan, and why."""

    async def known_files(self, conn: Connection, *, after: Callable[[], Awaitable[None]]) -> None:
        """Hash what is of equal size here and elsewhere; checkpoints on the way."""
        others = [name for name in self.places.names() if name != self.source.name]
        others = await readings.with_files(conn, others) if others else []
        if not others or await asyncio.to_thread(self.meter.control.stopped):
            return
        self._control = await asyncio.to_thread(self._limits, others)  # a share may ask for its password
        if self.source.name == LOCAL and not self._control.open_now:
            if waiting := len(await readings.across_unsampled(conn, LOCAL, others)):
                self.left = f"{waiting} files are compared with those of a share at night"
            return
        before = self._control.read
        for find, read in (
            (readings.across_unsampled, self._sample),
            (readings.across_unread, self._whole),
        ):
            there = [name for name in others if name not in self._away]
            todo = await find(conn, self.source.name, there)
            if todo:
                await self._through(conn, todo, read, after)
        if self.source.name == LOCAL:
            self.meter.count(bytes_wire=self._control.read - before)
            self.left = self._control.last_word
        for name, why in self._away.items():
            self.meter.error(name, f"{why}; its files are compared with these by a later scan")

    def _limits(self, others: Sequence[str]) -> FarControl:
        """Return the switches that know the budget: the scan's own, or a set for this comparison."""
        control = self.meter.control
        if not isinstance(control, FarControl):
            control = FarControl(control, self.policy)
            control.bytes_matter(True)
        for name in others:
            if name != LOCAL:
                try:
                    control.watch(cast(ShareSource, self.places.source(name)))
                except SourceError as error:
                    self._away[name] = str(error)
        return control

    async def _through(
        self,
        conn: Connection,
        todo: Sequence[Shared],
        read: Callable[[Shared, RangedReader], Row],
        after: Callable[[], Awaitable[None]],
    ) -> None:
        """Read files side by side; write what is done every few seconds."""
        self.meter.begin(ScanPhase.HASHING, files=len(todo), bytes=sum(file.stamp.size for file in todo))
        files = iter(todo)
        done: SimpleQueue[tuple[str, Row]] = SimpleQueue()

        async def save() -> None:
            await _write(conn, drain(done))
            await after()

        await read_in_threads(
            lambda: self._read(files, read, done),
            threads=self.policy.readers or _FEW,
            control=self._control,
            save=save,
        )

    def _read(
        self,
        files: Iterator[Shared],
        read: Callable[[Shared, RangedReader], Row],
        done: SimpleQueue[tuple[str, Row]],
    ) -> None:
        """Be one reader, until there are no files or the scan is stopped."""
        for file in files:
            if self._control.stopped():
                return
            if file.source in self._away:
                continue
            self.meter.advance(files=1, current=display(file.path))
            try:
                source = self.source if file.source == self.source.name else self.places.source(file.source)
                with source.open(file.path) as reader:
                    _check_same(reader, file)
                    row = read(file, reader)
                    _check_same(reader, file)
            except Interrupted:
                return
            except SourceOffline as error:
                self._away[file.source] = str(error)
            except (SourceMissing, SourceChanged):
                continue  # a scan of that place will tell what became of it
            except SourceError as error:
                self.meter.error(display(file.path), str(error))
            else:
                self.meter.count(hashed=1)
                done.put((file.source, row))

    def _sample(self, file: Shared, reader: RangedReader) -> Row:
        size = file.stamp.size
        sample = sample_hash(reader, size=size)
        self._count(min(size, WHOLE))
        return file.path, size, file.stamp.modified_ns, sample, sample if size <= WHOLE else None

    def _whole(self, file: Shared, reader: RangedReader) -> Row:
        content = content_hash(reader, cancelled=self._control.stopped, on_bytes=self._count)
        return file.path, file.stamp.size, file.stamp.modified_ns, None, content

    def _count(self, count: int) -> None:
        self.meter.count(bytes_read=count)
        self.meter.advance(bytes=count)


def _check_same(reader: RangedReader, file: Shared) -> None:
    """Raise SourceChanged unless it is the file of the inventory; volumes may have a new number."""
    now, then = reader.stamp(), file.stamp
    if (now.inode, now.size, now.modified_ns) != (then.inode, then.size, then.modified_ns):
        raise changed(file.path)


async def _write(conn: Connection, done: Sequence[tuple[str, Row]]) -> None:
    by_source: dict[str, list[Row]] = defaultdict(list)
    for source, row in done:
        by_source[source].append(row)
    for source, rows in by_source.items():
        await readings.set_hashes(conn, source, rows)
