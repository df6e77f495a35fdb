"""Acts on many files together: what staging, restoring and purging have in common.

Intents of a lot (one transaction) → each file: the last look, then the act at once, a few files at the same
time → the folders made to last → manifests (one writing a folder) → inventory (one transaction). What a rule
or the disk refuses holds no other file up. A file that must be copied, or whose act failed half-way, is
dealt with by itself, as `staging.acts` does.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeAlias, TypeVar

from mediavault_tui.domain.holding import split
from mediavault_tui.domain.model import OperationId, StagedId
from mediavault_tui.domain.staging import Act, ActState
from mediavault_tui.errors import CrossVolume, Refused, SourceError, UsageError
from mediavault_tui.services.staging.acts import Carrying, Tools
from mediavault_tui.services.staging.hold import Hold
from mediavault_tui.services.staging.waves import at_once, chunks
from mediavault_tui.sources.base import FoundFile
from mediavault_tui.store import acts
from mediavault_tui.store.database import Connection

LOT = 100
"""Files whose intents are written down together; so many acts a crash may leave open."""
WAVE = 8
"""Files between two looks at whether the acts are still ours."""

Outcome: TypeAlias = tuple[StagedId, OperationId, int]
"""The staged file, the act, and the bytes that it freed."""
Failure: TypeAlias = "Refused | SourceError | UsageError"
Answer: TypeAlias = "Outcome | Failure"


@dataclass(slots=True, kw_only=True)
class Job:
    """One file of a lot on its way, and what came of it."""

    act: Act
    found: list[FoundFile] = field(default_factory=list)
    """The video and its sidecars as they are where the act brought them."""
    refused: Refused | SourceError | None = None
    """What the last look said: nothing was moved."""
    answer: Answer | None = None


AnyJob = TypeVar("AnyJob", bound=Job)


class Lot(ABC, Generic[AnyJob]):
    """The acts of one lot, begun and locked, on their way; each kind of act says what it does."""

    def __init__(self, tools: Tools, conn: Connection, jobs: Sequence[AnyJob]) -> None:
        self._hold = Hold()
        self._tools = tools.under(self._hold)
        self._conn = conn
        self._jobs = jobs
        self._carrying = Carrying(self._tools, conn)
        self._places = tools.source.steady()

    async def carry(self) -> None:
        """Bring every file as far as it can be brought; each job has its answer then, and no act its lock."""
        if not self._jobs:
            return
        try:
            with self._hold.on(self._conn):
                await self._carry()
        finally:
            if not self._conn.is_closed():
                await acts.release(self._conn, *(job.act.id for job in self._jobs))

    async def _carry(self) -> None:
        self._tools.step("intents committed")
        await self._before()
        for wave in chunks(self._under_way(), WAVE):
            await self._wave(wave)
        if refused := [job for job in self._under_way() if job.refused is not None]:
            await self._close(refused)
        await self._settle(self._under_way())
        await self._after(self._under_way())
        await self._record(self._under_way())

    async def _before(self) -> None:
        """What must be written before any file moves."""

    @abstractmethod
    def _look(self, job: AnyJob) -> None:
        """Take the last look: Refused or SourceError if the act must not be done. Blocks."""

    @abstractmethod
    def _do(self, job: AnyJob) -> None:
        """Do the act, at once after the look; SourceError if it failed, perhaps half-way. Blocks."""

    @abstractmethod
    async def _failed(self, job: AnyJob, error: Refused | SourceError) -> None:
        """Clear up after an act that failed half-way."""

    async def _after(self, jobs: Sequence[AnyJob]) -> None:
        """What must be written after files have moved and before the journal says so."""

    @abstractmethod
    async def _finish(self, jobs: Sequence[AnyJob]) -> Sequence[Outcome]:
        """Write down, in the transaction that is open, that acts which are MOVED are done."""

    async def _alone(self, job: AnyJob) -> Outcome:
        """Do by itself what is no rename. Raises: Refused, SourceError."""
        raise CrossVolume("only a move goes to another volume")

    def _under_way(self) -> list[AnyJob]:
        return [job for job in self._jobs if job.answer is None]

    async def _wave(self, jobs: Sequence[AnyJob]) -> None:
        await acts.still_owned(self._conn, *(job.act.id for job in jobs))
        for job, failed in zip(jobs, await at_once(self._go, jobs), strict=True):
            if isinstance(failed, CrossVolume):
                try:
                    job.answer = await self._alone(job)
                except (Refused, SourceError) as error:
                    job.answer = error
            elif isinstance(failed, Refused | SourceError):
                await self._failed(job, failed)

    def _go(self, job: AnyJob) -> None:
        try:
            self._look(job)
        except (Refused, SourceError) as error:
            job.refused = error
            return
        self._tools.step("last look")
        self._do(job)

    async def _put_back(self, job: AnyJob, error: Refused | SourceError) -> None:
        """Have everything of an act where it was, and end it."""
        try:
            await self._carrying.put_back(job.act, error)
        except (Refused, SourceError) as worse:
            job.answer = worse
        else:
            job.answer = error

    async def _close(self, jobs: Sequence[AnyJob]) -> None:
        """End the acts that the last look refused: nothing of them was moved."""
        for job in jobs:
            assert job.refused is not None
            await self._carrying.close(job.act, ActState.FAILED, str(job.refused))
            job.answer = job.refused

    async def _settle(self, jobs: Sequence[AnyJob]) -> None:
        """Have the moves last before the journal says that they were made."""
        legs = [leg for job in jobs for leg in job.act.legs]
        # First where they are now: a file may be at both places after a power cut, but not at none.
        folders = dict.fromkeys(split(leg.destination)[0] for leg in legs if leg.destination is not None)
        folders |= dict.fromkeys(split(leg.source)[0] for leg in legs)
        try:
            await asyncio.to_thread(self._tools.source.settle, list(folders))
        except SourceError as error:
            for job in jobs:
                await self._failed(job, error)
            return
        self._tools.step("moves settled")

    async def _record(self, jobs: Sequence[AnyJob]) -> None:
        """Write down together that acts are done or, if a rule forbids one, each by itself."""
        if not jobs:
            return

        async def work() -> Sequence[Outcome]:
            await acts.advance_all(
                self._conn, [job.act.id for job in jobs], ActState.INTENDED, ActState.MOVED
            )
            return await self._finish(jobs)

        try:
            outcomes = await acts.together(self._conn, work)
        except Refused as error:
            if len(jobs) == 1:
                jobs[0].answer = error
                return
            for job in jobs:
                await self._record([job])
            return
        for job, outcome in zip(jobs, outcomes, strict=True):
            job.answer = outcome
        self._tools.step("recorded")


def by_folder(jobs: Iterable[AnyJob], path: Callable[[AnyJob], bytes]) -> dict[bytes, list[AnyJob]]:
    """Return jobs by the folder of one of their paths."""
    found: dict[bytes, list[AnyJob]] = {}
    for job in jobs:
        found.setdefault(split(path(job))[0], []).append(job)
    return found
