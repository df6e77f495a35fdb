"""Put many staged files back, or delete them for good: the steps of `staging.lots` for what is held."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from mediavault_tui.domain.holding import split
from mediavault_tui.domain.model import MediaFile, OperationId, StagedId
from mediavault_tui.domain.pathtext import display
from mediavault_tui.domain.staging import Act, ActState, Held
from mediavault_tui.errors import Refused, SourceError, SourceMissing, UsageError
from mediavault_tui.services.staging import checks as stage_checks
from mediavault_tui.services.staging.acts import Tools, located
from mediavault_tui.services.staging.drafts import Order
from mediavault_tui.services.staging.lots import LOT, Answer, AnyJob, Failure, Job, Lot, Outcome, by_folder
from mediavault_tui.services.staging.plan import Planner
from mediavault_tui.services.staging.returning import Returning, left_held
from mediavault_tui.services.staging.waves import chunks
from mediavault_tui.store import acts, staging
from mediavault_tui.store.database import Connection
from mediavault_tui.store.files import media_files


@dataclass(frozen=True, slots=True)
class BackOrder:
    """One staged file to be put back, and the act that this undoes."""

    staged: StagedId
    undoes: OperationId | None = None


@dataclass(slots=True, kw_only=True)
class _Back(Job):
    """A file on its way back."""

    staged: Held
    left: list[SourceError] = field(default_factory=list)
    """What is to be said of sidecars that stay held."""


@dataclass(slots=True, kw_only=True)
class _Away(Job):
    """A file that is deleted, and the copy that stays; `by_hand`: somebody has taken it away already."""

    staged: Held
    keeper: MediaFile
    by_hand: bool = False
    gone: bool = False
    freed: int = 0
    left: list[SourceError] = field(default_factory=list)
    """What is to be said of sidecars that stay: whoever took their film away may have rescued it."""


class BackBatch:
    """Restores and purges any number of staged files, lot by lot."""

    def __init__(self, tools: Tools, planner: Planner) -> None:
        self._tools = tools
        self._planner = planner

    async def restore(
        self, conn: Connection, orders: Sequence[BackOrder], by: Order, *, rename: bool = False
    ) -> AsyncIterator[Answer]:
        """Yield what came of each order, in their order, and what is to be said of sidecars that stay held.

        `rename`: as `Film (2)` where the place is taken.
        """
        for lot in chunks(orders, LOT):
            held = await _held(conn, [order.staged for order in lot])
            known = {number: one for number, one in enumerate(held) if isinstance(one, Held)}
            undoes = [lot[number].undoes for number in known]
            begun = await self._planner.begin_restores(
                conn, list(known.values()), undoes, order=by, rename=rename
            )
            answers: dict[int, Answer] = {n: one for n, one in enumerate(held) if not isinstance(one, Held)}
            jobs: dict[int, _Back] = {}
            for (number, staged), act in zip(known.items(), begun, strict=True):
                if isinstance(act, Act):
                    jobs[number] = _Back(act=act, staged=staged)
                else:
                    answers[number] = act
            for answer in await _carried(_RestoreLot(self._tools, conn, list(jobs.values())), jobs, answers):
                yield answer
            for sentence in _left(jobs.values()):
                yield sentence

    async def purge(self, conn: Connection, ids: Sequence[StagedId], by: Order) -> AsyncIterator[Answer]:
        """Yield what came of each approved staged file that is deleted for good, in their order.

        And what is to be said of sidecars that stay held.
        """
        for lot in chunks(ids, LOT):
            held = await _held(conn, lot)
            known = {number: one for number, one in enumerate(held) if isinstance(one, Held)}
            files = await media_files(conn, list(dict.fromkeys(one.keeper for one in known.values())))
            keepers = {file.id: located(file) for file in files}
            begun = await self._planner.begin_purges(conn, list(known.values()), order=by)
            answers: dict[int, Answer] = {n: one for n, one in enumerate(held) if not isinstance(one, Held)}
            jobs: dict[int, _Away] = {}
            for (number, staged), act in zip(known.items(), begun, strict=True):
                if isinstance(act, Act):
                    jobs[number] = _Away(act=act, staged=staged, keeper=keepers[staged.keeper])
                else:
                    answers[number] = act
            for answer in await _carried(_PurgeLot(self._tools, conn, list(jobs.values())), jobs, answers):
                yield answer
            for sentence in _left(jobs.values()):
                yield sentence


async def _held(conn: Connection, ids: Sequence[StagedId]) -> list[Held | Failure]:
    """Return each staged file, or why there is nothing to do with it."""
    found = {one.id: one for one in await staging.held(conn, ids)}
    answers: list[Held | Failure] = []
    for id in ids:
        one = found.get(id)
        if one is None:
            answers.append(UsageError(f"nothing was staged under number {id}"))
        elif not one.live:
            answers.append(Refused(f"{display(one.original)} was {one.state} already"))
        else:
            answers.append(one)
    return answers


async def _carried(lot: Lot[AnyJob], jobs: dict[int, AnyJob], answers: dict[int, Answer]) -> Sequence[Answer]:
    """Carry a lot out; return all answers in the order of their numbers."""
    await lot.carry()
    answers |= {number: job.answer for number, job in jobs.items() if job.answer is not None}
    return [answers[number] for number in sorted(answers)]


def _left(jobs: Iterable[_Back | _Away]) -> Iterator[SourceError]:
    """Yield what is to be said of sidecars that stay; of what failed nothing, for it is tried again."""
    for job in jobs:
        if not isinstance(job.answer, Exception):
            yield from job.left


def _where(job: _Back | _Away) -> bytes:
    """Return where the file is held."""
    return job.act.video.source


class _RestoreLot(Lot[_Back]):
    """Restores of one lot."""

    def __init__(self, tools: Tools, conn: Connection, jobs: Sequence[_Back]) -> None:
        super().__init__(tools, conn, jobs)
        self._carrying = self._returning = Returning(self._tools, conn)

    def _look(self, job: _Back) -> None:
        staged = job.staged
        stage_checks.way_back(self._places, staged.original, staged.root, device=staged.original_device)
        self._places.make_folder(split(job.staged.original)[0])
        self._tools.step("folder made")

    def _do(self, job: _Back) -> None:
        film, *beside = job.act.legs
        # A person may have put it back by hand.
        job.found.append(self._tools.mover.rename(film, perhaps_there=True))
        self._tools.step("video moved")
        for leg in beside:
            try:
                self._tools.mover.rename(leg, perhaps_there=True)
            except SourceError as error:
                job.left += left_held(leg, error)
            self._tools.step("sidecar moved")

    async def _alone(self, job: _Back) -> Outcome:
        """Bring a file back from another volume; that takes its time, and each copy is journalled."""
        try:
            job.left = await self._returning.carry_back(job.act)
        except SourceError as error:
            await self._carrying.put_back(job.act, error)
            raise
        await self._returning.record_restore(job.act, job.staged)
        return job.staged.id, job.act.id, 0

    async def _failed(self, job: _Back, error: Refused | SourceError) -> None:
        await self._put_back(job, error)

    async def _after(self, jobs: Sequence[_Back]) -> None:
        """Take what is back out of the manifests that named it."""
        for folder, back in by_folder(jobs, _where).items():
            await self._carrying.strike_if_possible(folder, [_where(job) for job in back])

    async def _finish(self, jobs: Sequence[_Back]) -> Sequence[Outcome]:
        await staging.finish_restores(
            self._conn, [(job.act, job.staged.id, job.found[0].stamp) for job in jobs]
        )
        return [(job.staged.id, job.act.id, 0) for job in jobs]


class _PurgeLot(Lot[_Away]):
    """Purges of one lot; until its wave comes the approval of each may be taken back."""

    async def _wave(self, jobs: Sequence[_Away]) -> None:
        if begun := await self._begun(jobs):
            await super()._wave(begun)

    async def _begun(self, jobs: Sequence[_Away]) -> list[_Away]:
        """Have purges begin; return those that have, the others keep their files and have their answers."""
        try:
            begun = await acts.begin_purges(self._conn, [job.act.id for job in jobs])
        except Refused as error:
            if len(jobs) > 1:
                return [begun for job in jobs for begun in await self._begun([job])]
            with suppress(Refused):  # called off at this very moment
                await self._carrying.close(jobs[0].act, ActState.FAILED, str(error))
            jobs[0].answer = error
            return []
        self._tools.step("purges begun")
        for job in jobs:
            if job.act.id not in begun:
                job.answer = Refused(
                    f"{display(job.staged.original)} stays staged: its approval was taken back"
                )
        return [job for job in jobs if job.act.id in begun]

    def _look(self, job: _Away) -> None:
        found = stage_checks.before_purging(self._places, job.staged, job.keeper)
        job.by_hand = found is None
        job.freed = found.stamp.size if found is not None and found.links == 1 else 0

    def _do(self, job: _Away) -> None:
        if not job.by_hand and not self._removed(job):
            return
        job.gone = True
        self._tools.step("video purged")
        if job.by_hand:
            job.left = self._beside(job.staged)
            return
        for leg in job.act.legs[1:]:
            with suppress(SourceMissing):  # before a crash, or by hand
                self._tools.mover.remove(leg)

    def _beside(self, staged: Held) -> list[SourceError]:
        """Return what is to be said of the sidecars that lie where a film lay that somebody took away."""
        paths = [leg.destination or b"" for leg in staged.sidecars]
        there = [display(path) for path in paths if self._places.exists(path)]
        why = f"{display(staged.staged)} was taken away by hand, so what lay beside it stays there"
        return [SourceError(f"{why}: {', '.join(there)}")] if there else []

    def _removed(self, job: _Away) -> bool:
        """Delete the video; False if it is still there, and then nothing was deleted."""
        try:
            self._tools.mover.remove(job.act.video)
        except SourceMissing:
            job.by_hand, job.freed = True, 0
        except SourceError as error:
            # A server whose answer was lost may have deleted it, or do so yet: then the act stays open.
            if self._places.exists(job.act.video.source):
                if self._tools.mover.in_doubt(job.act.video.source):
                    raise
                job.refused = error
                return False
        return True

    async def _failed(self, job: _Away, error: Refused | SourceError) -> None:
        """Nothing that is deleted comes back: what is left is tried once more, else by the next start."""
        if not job.gone:
            job.answer = SourceError(f"{error}. The next start finds out whether it was deleted")
            return
        act = replace(job.act, legs=(job.act.video,)) if job.by_hand else job.act
        try:
            await self._carrying.record_purge(act, job.staged)
        except (Refused, SourceError) as worse:
            job.answer = worse
        else:
            job.answer = (job.staged.id, job.act.id, job.freed)

    async def _after(self, jobs: Sequence[_Away]) -> None:
        """Take what is gone out of the manifests that named it; else the acts wait for the next start.

        One that lists sidecars which stay is left: it says where they belong.
        """
        for folder, away in by_folder([job for job in jobs if not job.left], _where).items():
            try:
                await self._carrying.strike(folder, [_where(job) for job in away])
            except SourceError as error:
                for job in away:
                    job.answer = error

    async def _finish(self, jobs: Sequence[_Away]) -> Sequence[Outcome]:
        await staging.finish_purges(self._conn, [(job.act, job.staged) for job in jobs])
        return [(job.staged.id, job.act.id, job.freed) for job in jobs]
