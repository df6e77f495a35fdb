"""The fourth phase: what new and changed files say of themselves, a bounded number at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass

from mediavault_tui.domain.library import ScanPhase
from mediavault_tui.domain.model import Health, HealthReport, MediaInfo, Tier
from mediavault_tui.domain.paths import LOCAL
from mediavault_tui.domain.pathtext import display
from mediavault_tui.domain.quality import QualityPolicy, score, tier
from mediavault_tui.errors import ProbeCrashed, ProbeError, ProbeTimeout, SourceError
from mediavault_tui.probe.endings import ending
from mediavault_tui.probe.ffprobe import Prober
from mediavault_tui.probe.health import check
from mediavault_tui.services.bridged import bridged
from mediavault_tui.services.scanning.progress import Meter
from mediavault_tui.services.scanning.readers import CHECKPOINT
from mediavault_tui.sources.base import Source
from mediavault_tui.store import readings
from mediavault_tui.store.database import Connection
from mediavault_tui.store.readings import Probed, Unprobed

_AHEAD = 256
"""Files fetched from the database at a time."""
_PAUSE = 0.05
"""Seconds between two looks at the switches while a file is probed."""


@dataclass(frozen=True, slots=True)
class Probing:
    """One scan's means for asking files what they are."""

    source: Source
    prober: Prober
    workers: int
    meter: Meter
    quality: QualityPolicy

    async def known_files(
        self, conn: Connection, roots: Sequence[bytes], *, after: Callable[[], Awaitable[None]]
    ) -> None:
        """Probe every file below the roots that never was; checkpoints on the way."""
        files, size = await readings.unprobed_total(conn, self.source.name, roots)
        self.meter.begin(ScanPhase.PROBING, files=files, bytes=size)
        last = 0
        while batch := await readings.unprobed(conn, self.source.name, roots, after=last, limit=_AHEAD):
            last = batch[-1].id
            await self._batch(conn, batch, after)
            if self.meter.control.cancelled or self.meter.control.last_word:
                return

    async def _batch(
        self, conn: Connection, batch: Sequence[Unprobed], after: Callable[[], Awaitable[None]]
    ) -> None:
        """Probe the files side by side; write what is done every few seconds."""
        todo = iter(batch)
        done: list[Probed] = []
        workers = [asyncio.create_task(self._work(todo, done)) for _ in range(self.workers)]
        try:
            running = set(workers)
            while running:
                finished, running = await asyncio.wait(running, timeout=CHECKPOINT)
                await readings.set_probes(conn, _taken(done))
                await after()
                for worker in finished:
                    worker.result()
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
        await readings.set_probes(conn, _taken(done))

    async def _work(self, todo: Iterator[Unprobed], done: list[Probed]) -> None:
        for file in todo:
            control = self.meter.control
            if (control.paused or control.limited) and await asyncio.to_thread(control.stopped):
                return
            if self.meter.control.cancelled:
                return
            probed = await self._until_cancelled(file)
            if probed is not None:
                done.append(probed)

    async def _until_cancelled(self, file: Unprobed) -> Probed | None:
        """Probe one file; a cancelled scan kills the prober in the middle of it."""
        task = asyncio.create_task(self._probe(file))
        try:
            while not task.done():
                await asyncio.wait({task}, timeout=_PAUSE)
                if self.meter.control.cancelled:
                    return None
            return task.result()
        finally:
            if not task.done():
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

    async def _probe(self, file: Unprobed) -> Probed | None:
        path = display(file.path)
        try:
            if (await asyncio.to_thread(self.source.stat, file.path)).stamp != file.stamp:
                self.meter.error(path, f"{path} changed since it was found; the next scan reads it")
                return None
            info, health = await self._ask(file)
        except SourceError as error:
            self.meter.unreachable(path, error)
            return None
        except (ProbeTimeout, ProbeCrashed) as error:
            return self._unreadable(file, Health.QUARANTINED, f"{error}; skipped until it changes")
        except ProbeError as error:
            return self._unreadable(file, Health.BROKEN, str(error))
        finally:
            self.meter.advance(files=1, bytes=file.stamp.size, current=path)
        self.meter.count(probed=1)
        video = info.video
        return Probed(
            file,
            info,
            health,
            score(info, self.quality).total,
            tier(video.width, video.height) if video else Tier.UNKNOWN,
        )

    async def _ask(self, file: Unprobed) -> tuple[MediaInfo, HealthReport]:
        """Ask what the file is and whether it is whole; on a share through a bridge.

        Raises: as `Prober.probe` does; SourceError if the share failed meanwhile.
        """
        path, size = file.path, file.stamp.size
        if self.source.name == LOCAL:
            info = await self.prober.probe(path, size=size)
            return info, await check(self.prober, path, info, size=size)
        async with bridged(self.source, path) as bridge:
            prober = self.prober.at(bridge.address)
            try:
                info = await prober.probe(path, size=size)
                health = await check(
                    prober, path, info, size=size, cut=lambda _path: ending(bridge.read, size), far=True
                )
            except ProbeError:
                bridge.check()
                raise
            bridge.check()
        return info, health

    def _unreadable(self, file: Unprobed, health: Health, reason: str) -> Probed:
        self.meter.error(display(file.path), reason)
        return Probed(file, None, HealthReport(health, reason))


def _taken(done: list[Probed]) -> list[Probed]:
    taken = done[:]
    del done[: len(taken)]
    return taken
