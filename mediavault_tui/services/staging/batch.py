"""Stage many files together: the steps of `staging.lots`, and the manifest before any file moves.

So no file is in the holding folder without an open act and an entry in the manifest. What was listed and
then refused is struck out again before its act ends.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from mediavault_tui.domain.model import FileId, GroupId, MediaFile, OperationId
from mediavault_tui.domain.stage_terms import Terms
from mediavault_tui.domain.staging import Act
from mediavault_tui.domain.verdict import Verdict
from mediavault_tui.errors import Refused, SourceError
from mediavault_tui.services.staging import checks as stage_checks
from mediavault_tui.services.staging.acts import Tools, located
from mediavault_tui.services.staging.drafts import Order, Wanted
from mediavault_tui.services.staging.lots import LOT, Answer, Job, Lot, Outcome, by_folder
from mediavault_tui.services.staging.plan import Planner
from mediavault_tui.services.staging.preview import no_such_file
from mediavault_tui.services.staging.waves import chunks
from mediavault_tui.store import staging, staging_groups
from mediavault_tui.store.database import Connection
from mediavault_tui.store.files import media_files
from mediavault_tui.store.staging import Arrived


@dataclass(frozen=True, slots=True)
class StageOrder:
    """One file to be staged: instead of what it goes, and why.

    `chosen`: a person compared the two. Else nothing goes that only a comparison shows, but where an act is
    taken back. `verdict`: how sure the rules were when it was ordered, and must be still when its turn comes;
    None where another copy than theirs is kept, or an act is taken back.
    """

    loser: FileId
    keeper: FileId
    group: GroupId | None
    exact: bool
    reason: str
    undoes: OperationId | None = None
    chosen: bool = False
    verdict: Verdict | None = None


@dataclass(slots=True, kw_only=True)
class _Going(Job):
    """A file that goes, and the copy that stays instead."""

    loser: MediaFile
    keeper: MediaFile
    exact: bool


class StageBatch:
    """Stages any number of files, lot by lot."""

    def __init__(self, tools: Tools, planner: Planner, *, protected: tuple[bytes, ...]) -> None:
        self._tools = tools
        self._planner = planner
        self._protected = protected

    async def stage(self, conn: Connection, orders: Sequence[StageOrder], by: Order) -> AsyncIterator[Answer]:
        """Yield what came of each order, in their order; an order that is refused holds no other up."""
        for lot in chunks(orders, LOT):
            for answer in await self._lot(conn, lot, by):
                yield answer

    async def _lot(self, conn: Connection, orders: Sequence[StageOrder], by: Order) -> Sequence[Answer]:
        ids = dict.fromkeys(id for order in orders for id in (order.loser, order.keeper))
        files = {file.id: located(file) for file in await media_files(conn, ids)}
        broken = await _broken(conn, orders)
        answers: dict[int, Answer] = {}
        wanted: dict[int, Wanted] = {}
        for number, order in enumerate(orders):
            missing = [id for id in (order.loser, order.keeper) if id not in files]
            if missing:
                answers[number] = Refused(no_such_file(missing[0]))
            elif why := broken.get(number):
                answers[number] = Refused(f"{files[order.loser].path} stays: {why}")
            else:
                loser, keeper = files[order.loser], files[order.keeper]
                wanted[number] = Wanted(
                    loser, keeper, order.group, order.reason, order.undoes, chosen=order.chosen
                )
        begun = await self._planner.begin_stages(conn, list(wanted.values()), order=by, now=self._tools.now())
        jobs: dict[int, _Going] = {}
        for (number, one), act in zip(wanted.items(), begun, strict=True):
            if isinstance(act, Act):
                exact = orders[number].exact
                jobs[number] = _Going(act=act, loser=one.loser, keeper=one.keeper, exact=exact)
            else:
                answers[number] = act
        await _StageLot(self._tools, conn, list(jobs.values()), self._protected).carry()
        answers |= {number: job.answer for number, job in jobs.items() if job.answer is not None}
        return [answers[number] for number in range(len(orders))]


async def _broken(conn: Connection, orders: Sequence[StageOrder]) -> dict[int, str]:
    """Return by their numbers which orders do not hold any more, and why: a scan may have ended meanwhile."""
    terms = {
        number: (order.group, Terms(order.loser, order.keeper, order.verdict))
        for number, order in enumerate(orders)
        if order.verdict is not None and order.group is not None
    }
    now = await staging_groups.standings(conn, [(group, said.file) for group, said in terms.values()])
    return {
        number: why
        for number, (group, said) in terms.items()
        if (why := said.broken_by(now.get((group, said.file))))
    }


class _StageLot(Lot[_Going]):
    """Stages of one lot."""

    def __init__(
        self, tools: Tools, conn: Connection, jobs: Sequence[_Going], protected: tuple[bytes, ...]
    ) -> None:
        super().__init__(tools, conn, jobs)
        self._protected = protected

    async def _before(self) -> None:
        """Name every file in the manifest of the folder that it goes to, before any of them goes."""
        for folder, jobs in by_folder(self._jobs, _there).items():
            try:
                await self._carrying.list_in_manifest(folder, [(job.act, job.keeper) for job in jobs])
            except SourceError as error:
                for job in jobs:
                    await self._put_back(job, error)

    def _look(self, job: _Going) -> None:
        stage_checks.before_staging(
            self._places,
            job.loser,
            job.keeper,
            exact=job.exact,
            holding_top=job.act.holding,
            protected=self._protected,
        )

    def _do(self, job: _Going) -> None:
        for number, leg in enumerate(job.act.legs):
            job.found.append(self._tools.mover.rename(leg))
            self._tools.step("sidecar moved" if number else "video moved")
            if number == 0:
                stage_checks.kept_stays(self._places, job.loser, job.keeper)

    async def _alone(self, job: _Going) -> Outcome:
        """Bring a file to another volume; that takes its time, and each copy is journalled."""
        try:
            await self._carrying.carry_all(job.act, perhaps_there=True)
            await asyncio.to_thread(stage_checks.kept_stays, self._places, job.loser, job.keeper)
        except SourceError as error:
            await self._carrying.put_back(job.act, error)
            raise
        # If that is refused: it has arrived, and the next start writes that down.
        return await self._carrying.record_stage(job.act), job.act.id, 0

    async def _failed(self, job: _Going, error: Refused | SourceError) -> None:
        await self._put_back(job, error)

    async def _close(self, jobs: Sequence[_Going]) -> None:
        """Take out of the manifests what the last look refused, then end those acts."""
        for folder, refused in by_folder(jobs, _there).items():
            try:
                await self._carrying.strike(folder, [_there(job) for job in refused])
            except SourceError as error:
                for job in refused:
                    job.answer = SourceError(f"{job.refused}; and {error}. The next start tries again")
                continue
            await super()._close(refused)

    async def _finish(self, jobs: Sequence[_Going]) -> Sequence[Outcome]:
        arrived = [
            Arrived(job.act, job.found[0].stamp, job.found[0].links, job.act.legs[1:], job.act.content_hash)
            for job in jobs
        ]
        staged = await staging.finish_stages(self._conn, arrived)
        return [(id, job.act.id, 0) for id, job in zip(staged, jobs, strict=True)]


def _there(job: _Going) -> bytes:
    """Return where the file goes."""
    return job.act.video.destination or b""
