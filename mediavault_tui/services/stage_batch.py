"""Stage many files together: the same steps and promises as for one, each step taken for all of a lot.

Intents of the lot (one transaction) → its manifest entries (one writing a folder) → each file: the last
look, then the rename at once, a few files at the same time → the folders made to last → inventory (one
transaction). So no file is in the holding folder without an open act and an entry in the manifest. What
was listed and then refused is struck out again before its act ends. A file that must be copied, or whose
move failed half-way, is dealt with by itself, as `stage_acts` does.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field

from mediavault_tui.domain.holding import split
from mediavault_tui.domain.model import FileId, GroupId, MediaFile, OperationId, StagedId
from mediavault_tui.domain.staging import Act, ActState
from mediavault_tui.errors import CrossVolume, Refused, SourceError
from mediavault_tui.services import stage_checks
from mediavault_tui.services.stage_acts import Carrying, Tools, located
from mediavault_tui.services.stage_drafts import Order, Wanted
from mediavault_tui.services.stage_plan import Planner
from mediavault_tui.services.stage_waves import at_once, chunks
from mediavault_tui.sources.base import FoundFile
from mediavault_tui.store import acts, staging
from mediavault_tui.store.database import Connection
from mediavault_tui.store.files import media_files
from mediavault_tui.store.staging import Arrived

LOT = 100
"""Files whose intents are written down together; so many acts a crash may leave open."""
WAVE = 8
"""Files between two looks at whether the acts are still ours."""

Outcome = tuple[StagedId, OperationId, int]
"""The staged file, the act, and the bytes that it freed."""
Answer = Outcome | Refused | SourceError


@dataclass(frozen=True, slots=True)
class StageOrder:
    """One file to be staged: instead of what it goes, and why."""

    loser: FileId
    keeper: FileId
    group: GroupId | None
    exact: bool
    reason: str
    undoes: OperationId | None = None


@dataclass(slots=True)
class _Job:
    """One file of a lot on its way, and what came of it."""

    act: Act
    loser: MediaFile
    keeper: MediaFile
    exact: bool
    found: list[FoundFile] = field(default_factory=list)
    """The video and its sidecars as they are at their destinations."""
    refused: Refused | SourceError | None = None
    """What the last look said: nothing was moved."""
    answer: Answer | None = None


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
        answers: dict[int, Answer] = {}
        wanted: dict[int, Wanted] = {}
        for number, order in enumerate(orders):
            missing = [id for id in (order.loser, order.keeper) if id not in files]
            if missing:
                answers[number] = Refused(f"there is no file number {missing[0]} in the inventory")
            else:
                loser, keeper = files[order.loser], files[order.keeper]
                wanted[number] = Wanted(loser, keeper, order.group, order.reason, order.undoes)
        begun = await self._planner.begin_stages(conn, list(wanted.values()), order=by, now=self._tools.now())
        jobs: dict[int, _Job] = {}
        for (number, one), act in zip(wanted.items(), begun, strict=True):
            if isinstance(act, Act):
                jobs[number] = _Job(act, one.loser, one.keeper, orders[number].exact)
            else:
                answers[number] = act
        if jobs:
            self._tools.step("intents committed")
            try:
                await _Lot(self._tools, conn, list(jobs.values()), self._protected).carry()
            finally:
                if not conn.is_closed():
                    await acts.release(conn, *(job.act.id for job in jobs.values()))
        answers |= {number: job.answer for number, job in jobs.items() if job.answer is not None}
        return [answers[number] for number in range(len(orders))]


class _Lot:
    """The acts of one lot, begun and locked, on their way."""

    def __init__(
        self, tools: Tools, conn: Connection, jobs: Sequence[_Job], protected: tuple[bytes, ...]
    ) -> None:
        self._tools = tools
        self._conn = conn
        self._jobs = jobs
        self._protected = protected
        self._carrying = Carrying(tools, conn)
        self._places = tools.source.steady()

    async def carry(self) -> None:
        """Bring every file as far as it can be brought; each job has its answer then."""
        await self._list()
        for wave in chunks(self._under_way(), WAVE):
            await self._wave(wave)
        await self._strike()
        await self._settle()
        await self._record(self._under_way())

    def _under_way(self) -> list[_Job]:
        return [job for job in self._jobs if job.answer is None]

    async def _list(self) -> None:
        """Name every file in the manifest of the folder that it goes to, before any of them goes."""
        for folder, jobs in _by_folder(self._jobs).items():
            try:
                await self._carrying.list_in_manifest(folder, [(job.act, job.keeper) for job in jobs])
            except SourceError as error:
                for job in jobs:
                    await self._put_back(job, error)

    async def _wave(self, jobs: Sequence[_Job]) -> None:
        await acts.still_owned(self._conn, *(job.act.id for job in jobs))
        for job, moved in zip(jobs, await at_once(self._move, jobs), strict=True):
            if isinstance(moved, CrossVolume):
                await self._copy(job)
            elif isinstance(moved, Refused | SourceError):
                await self._put_back(job, moved)

    def _move(self, job: _Job) -> None:
        """Look a last time, then rename at once. Blocks; raises SourceError if a move failed."""
        try:
            stage_checks.before_staging(
                self._places,
                job.loser,
                job.keeper,
                exact=job.exact,
                holding_top=job.act.holding,
                protected=self._protected,
            )
        except (Refused, SourceError) as error:
            job.refused = error
            return
        self._tools.step("last look")
        for number, leg in enumerate(job.act.legs):
            job.found.append(self._tools.mover.rename(leg))
            self._tools.step("sidecar moved" if number else "video moved")

    async def _copy(self, job: _Job) -> None:
        """Bring a file to another volume; that takes its time, and each copy is journalled."""
        try:
            await self._carrying.carry_all(job.act, perhaps_there=True)
        except SourceError as error:
            await self._put_back(job, error)
            return
        try:
            job.answer = (await self._carrying.record_stage(job.act), job.act.id, 0)
        except (Refused, SourceError) as error:
            job.answer = error  # it has arrived: the next start writes that down

    async def _put_back(self, job: _Job, error: Refused | SourceError) -> None:
        try:
            await self._carrying.put_back(job.act, error)
        except (Refused, SourceError) as worse:
            job.answer = worse
        else:
            job.answer = error

    async def _strike(self) -> None:
        """Take out of the manifests what the last look refused, then end those acts: nothing was moved."""
        refused = [job for job in self._under_way() if job.refused is not None]
        for folder, jobs in _by_folder(refused).items():
            try:
                await self._carrying.strike(folder, [job.act.video.destination or b"" for job in jobs])
            except SourceError as error:
                for job in jobs:
                    job.answer = SourceError(f"{job.refused}; and {error}. The next start tries again")
                continue
            for job in jobs:
                assert job.refused is not None
                await self._carrying.close(job.act, ActState.FAILED, str(job.refused))
                job.answer = job.refused

    async def _settle(self) -> None:
        """Have the moves last before the journal says that they were made."""
        jobs = self._under_way()
        ends = [leg for job in jobs for leg in job.act.legs]
        # First where they are now: a file may be at both places after a power cut, but not at none.
        folders = dict.fromkeys(split(leg.destination or b"")[0] for leg in ends)
        folders |= dict.fromkeys(split(leg.source)[0] for leg in ends)
        try:
            await asyncio.to_thread(self._tools.source.settle, list(folders))
        except SourceError as error:
            for job in jobs:
                await self._put_back(job, error)
            return
        self._tools.step("moves settled")

    async def _record(self, jobs: Sequence[_Job]) -> None:
        """Write down together that files are staged or, if a rule forbids one, each by itself."""
        if not jobs:
            return
        ids = [job.act.id for job in jobs]
        arrived = [
            Arrived(job.act, job.found[0].stamp, job.found[0].links, job.act.legs[1:], job.act.content_hash)
            for job in jobs
        ]

        async def work() -> list[StagedId]:
            await acts.advance_all(self._conn, ids, ActState.INTENDED, ActState.MOVED)
            return await staging.finish_stages(self._conn, arrived)

        try:
            staged = await acts.together(self._conn, work)
        except Refused as error:
            if len(jobs) == 1:
                jobs[0].answer = error
                return
            for job in jobs:
                await self._record([job])
            return
        for job, id in zip(jobs, staged, strict=True):
            job.answer = (id, job.act.id, 0)
        self._tools.step("recorded")


def _by_folder(jobs: Iterable[_Job]) -> dict[bytes, list[_Job]]:
    """Return jobs by the folder that their files go to."""
    found: dict[bytes, list[_Job]] = {}
    for job in jobs:
        found.setdefault(split(job.act.video.destination or b"")[0], []).append(job)
    return found
