"""What a purge would delete now, and really free: hard links considered, asked of the disk as it is."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

from mediavault_tui.domain.library import StagedFile, StagedState
from mediavault_tui.domain.measures import day
from mediavault_tui.domain.model import StagedId
from mediavault_tui.domain.paths import LOCAL, locate, place
from mediavault_tui.domain.purging import RETENTION, Purgeable, PurgeForecast, RecycleBin, purgeable
from mediavault_tui.domain.staging import Held
from mediavault_tui.errors import SourceError, SourceOffline
from mediavault_tui.sources.base import FoundFile
from mediavault_tui.sources.places import Places
from mediavault_tui.store import purging, staging
from mediavault_tui.store.database import Connection, Database

_RECYCLE = b"#recycle"
"""Where a Synology keeps what was deleted over SMB, at the top of the share."""


class Purging:
    """Says which approved files a purge takes: the database's clock decides, again at the act."""

    def __init__(self, database: Database, places: Places, *, retention_days: int) -> None:
        self._database = database
        self._days = retention_days
        self._forecaster = Forecaster(places)

    def dated(self, rows: list[StagedFile]) -> list[StagedFile]:
        """Return staged files with the moment from which a purge takes them."""
        if not self._days:
            return rows
        hold = timedelta(days=self._days)
        return [replace(row, due_at=row.staged_at + hold) for row in rows]

    async def due(
        self, staged: Sequence[StagedId] | None, *, early: bool
    ) -> tuple[list[StagedId], list[str]]:
        """Return what of `staged` (None: of all that is approved) goes, and a sentence for each that is held.

        What is not approved, of `staged`, is among what goes: the act itself refuses it, and says why. It
        must be due too, for somebody may approve it in between.
        """
        states = [StagedState.APPROVED] if staged is None else [StagedState.APPROVED, StagedState.STAGED]
        async with self._database.connection() as conn:
            found = await purging.due(conn, states, days=self._days, only=staged)
        held = {} if early else {one.id: one for one in found if not one.due}
        if staged is None:  # what nobody asked for by its number just stays
            return [one.id for one in found if one.id not in held], []
        return [id for id in staged if id not in held], [
            f"number {one.id} is held until {day(one.due_at)} ({RETENTION}); it stays"
            for one in held.values()
        ]

    async def purgeable(self, staged: Sequence[StagedId] | None, *, early: bool) -> Purgeable:
        """Return which approved files (of `staged`) a purge would delete now; no disk is asked."""
        async with self._database.connection() as conn:
            return await self._purgeable(conn, staged, early=early)

    async def forecast(self, staged: Sequence[StagedId] | None, *, early: bool) -> PurgeForecast:
        """Return what a purge would delete and free; a cancelled caller stops the looking."""
        async with self._database.connection() as conn:
            what = await self._purgeable(conn, staged, early=early)
            held = await staging.held(conn, what.ids)
        left = threading.Event()
        try:
            return await asyncio.to_thread(self._forecaster.forecast, what, held, stopped=left.is_set)
        finally:
            left.set()

    async def _purgeable(
        self, conn: Connection, staged: Sequence[StagedId] | None, *, early: bool
    ) -> Purgeable:
        approved = await purging.due(conn, [StagedState.APPROVED], days=self._days, only=staged)
        refused = left_out(staged or (), [one.id for one in approved], "approved")
        return purgeable(approved, early=early, refused=refused)


class Forecaster:
    """Looks at files that would be purged; remembers which shares have a recycle bin."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._bins: dict[bytes, bool] = {}

    def forecast(
        self, what: Purgeable, held: Sequence[Held], *, stopped: Callable[[], bool] = lambda: False
    ) -> PurgeForecast:
        """Return what deleting `held`, the files of `what`, would free. Blocks.

        A file whose other names stay outside frees nothing, nor does one that cannot be looked at. A share
        that does not answer is asked once. `stopped`: nobody waits for the answer any more.
        """
        found: list[FoundFile] = []
        away: Counter[str] = Counter()
        tops: dict[str, bytes] = {}
        for staged in held:
            if stopped():
                break
            source, path = place(staged.staged)
            if source in away:
                away[source] += 1
                continue
            try:
                found.append(self._places.stat(staged.staged))
            except SourceOffline:
                if source != LOCAL:  # this machine has several disks, and each answers for itself
                    away[source] += 1
                continue
            except SourceError:
                continue
            if source != LOCAL:
                tops.setdefault(source, b"/" + path.split(b"/")[1])
        names = Counter((file.stamp.device, file.stamp.inode) for file in found)
        whole = {
            (file.stamp.device, file.stamp.inode): file.stamp.size
            for file in found
            if file.links <= names[file.stamp.device, file.stamp.inode]
        }
        bins = tuple(
            RecycleBin(source, self._has_bin(locate(source, top))) for source, top in sorted(tops.items())
        )
        return PurgeForecast(what, sum(whole.values()), bins, tuple(sorted(away.items())))

    def _has_bin(self, top: bytes) -> bool:
        """Return whether a share shows a recycle bin; asked once, but for a share that does not answer."""
        if top not in self._bins:
            try:
                self._bins[top] = self._places.exists(top + b"/" + _RECYCLE)
            except SourceError:
                return False
        return self._bins[top]


def left_out(asked: Sequence[StagedId], done: Sequence[StagedId], what: str) -> tuple[str, ...]:
    """Return a sentence for each staged file that was asked for and is not `what`."""
    known = frozenset(done)
    return tuple(f"number {id} is not {what}" for id in asked if id not in known)
