"""Each act on one file, as a person means it: look it up, begin it, carry it out, let go of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from mediavault_tui.domain.holding import split
from mediavault_tui.domain.losses import losses
from mediavault_tui.domain.model import FileId, FileState, GroupId, MediaFile, OperationId, StagedId
from mediavault_tui.domain.pathtext import display
from mediavault_tui.domain.staging import Act, Held
from mediavault_tui.domain.verdict import Loss, Proof, Verdict
from mediavault_tui.errors import Refused, SourceError, SourceMissing, UsageError
from mediavault_tui.services import rename_acts, stage_checks
from mediavault_tui.services.stage_acts import Carrying, Tools, needed_file
from mediavault_tui.services.stage_moves import same_content
from mediavault_tui.services.stage_plan import Order, Planner
from mediavault_tui.store import acts, staging
from mediavault_tui.store.database import Connection

Outcome = tuple[StagedId, OperationId, int]
"""The staged file, the act, and the bytes that it freed."""


@dataclass(frozen=True, slots=True)
class StageOrder:
    """One file to be staged: instead of what it goes, and why."""

    loser: FileId
    keeper: FileId
    group: GroupId | None
    exact: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What staging one file would do; `refused` is a sentence if it would do nothing.

    `verdict` is the rules' for the group, None where another copy than theirs is kept; `losses`
    are what only this file has beside the keeper.
    """

    file: FileId | None
    keeper: FileId | None
    moves: tuple[tuple[bytes, bytes], ...]
    reason: str
    refused: str = ""
    verdict: Verdict | None = None
    losses: tuple[Loss, ...] = ()


class _Rollback(Exception):
    """Ends a rehearsal's transaction; nobody outside sees it."""

    def __init__(self, act: Act) -> None:
        self.act = act


class FileActs:
    """The acts, one file at a time, on the connection that the batch uses."""

    def __init__(self, tools: Tools, planner: Planner, *, protected: tuple[bytes, ...]) -> None:
        self._tools = tools
        self._planner = planner
        self._protected = protected

    async def orders_of_group(
        self, conn: Connection, group: GroupId, keeper: FileId | None = None
    ) -> list[StageOrder]:
        """Return the orders that leave only `keeper` (else the recommended copy) of a group."""
        found = await staging.staging_group(conn, group)
        if found is None:
            raise UsageError(f"there is no group {group}")
        keeper = found.keeper if keeper is None else keeper
        if keeper not in found.members:
            raise UsageError(f"file {keeper} is no member of group {group}")
        if found.state != "open" or found.proof is Proof.COVERAGE:
            why = "it shows coverage, not copies" if found.state == "open" else f"it is {found.state}"
            raise Refused(f"nothing of group {group} ({found.title}) is staged: {why}")
        losers = [
            member
            for member in found.members
            if member != keeper and (await needed_file(conn, member)).state is FileState.PRESENT
        ]
        pairs = await staging.pairings(conn, losers, keeper=keeper)
        return [
            StageOrder(
                loser,
                keeper,
                group,
                found.proof is Proof.EXACT,
                pairs[loser].reason if loser in pairs else found.sentence,
            )
            for loser in losers
        ]

    async def orders_of_files(
        self, conn: Connection, files: Sequence[FileId], keeper: FileId | None
    ) -> tuple[list[StageOrder], list[str]]:
        """Return the orders for single files, and a sentence for each that has no group."""
        found = await staging.pairings(conn, files, keeper=keeper)
        orders, refused = [], []
        for file in dict.fromkeys(files):
            if pair := found.get(file):
                exact = pair.proof is Proof.EXACT
                orders.append(StageOrder(file, pair.keeper, pair.group, exact, pair.reason))
            else:
                path = (await needed_file(conn, file)).path
                refused.append(f"{path} stays: no open group has a better copy of it to keep")
        return orders, refused

    async def stage(self, conn: Connection, order: StageOrder, by: Order) -> Outcome:
        """Stage one file."""
        loser, keeper = await needed_file(conn, order.loser), await needed_file(conn, order.keeper)
        act = await self._planner.begin_stage(
            conn, loser, keeper, group=order.group, reason=order.reason, order=by, now=self._tools.now()
        )
        async with self._at(conn, act) as carrying:
            id = await carrying.stage(
                act, lambda: self._before_staging(loser, keeper, order.exact, act.holding), keeper
            )
        return id, act.id, 0

    async def rehearse(self, conn: Connection, order: StageOrder, who: str) -> Rehearsed:
        """Return what `stage` would do: every rule asked, every look taken, nothing kept."""
        loser, keeper = await needed_file(conn, order.loser), await needed_file(conn, order.keeper)
        verdict = await self._verdict(conn, order)
        lost = losses(keeper.info, loser.info) if keeper.info and loser.info and not order.exact else ()
        by = Order("00000000-0000-0000-0000-000000000000", who)
        try:
            async with conn.transaction():
                act = await self._planner.begin_stage(
                    conn,
                    loser,
                    keeper,
                    group=order.group,
                    reason=order.reason,
                    order=by,
                    now=self._tools.now(),
                    make_folders=False,
                )
                self._before_staging(loser, keeper, order.exact, act.holding, rehearsal=True)
                raise _Rollback(act)  # noqa: TRY301 -- it takes the intent back
        except _Rollback as planned:
            await acts.release(conn, planned.act.id)
            moves = tuple((leg.source, leg.destination or b"") for leg in planned.act.legs)
            return Rehearsed(loser.id, keeper.id, moves, order.reason, "", verdict, lost)
        except (Refused, SourceError) as error:
            return Rehearsed(loser.id, keeper.id, (), order.reason, str(error), verdict, lost)

    async def _verdict(self, conn: Connection, order: StageOrder) -> Verdict | None:
        """Return what the rules say of the group, if it is their keeper that stays."""
        found = await staging.staging_group(conn, order.group) if order.group is not None else None
        return found.verdict if found is not None and found.keeper == order.keeper else None

    async def restore(self, conn: Connection, id: StagedId, by: Order, *, rename: bool = False) -> Outcome:
        """Put one staged file back."""
        staged = await self._live(conn, id)
        act = await self._planner.begin_restore(conn, staged, order=by, rename=rename)
        async with self._at(conn, act) as carrying:
            await carrying.restore(act, lambda: self._before_restoring(staged), staged)
        return id, act.id, 0

    async def purge(self, conn: Connection, id: StagedId, by: Order) -> Outcome:
        """Delete one approved staged file for good."""
        staged = await self._live(conn, id)
        keeper = await needed_file(conn, staged.keeper)
        act = await self._planner.begin_purge(conn, staged, order=by)
        freed = 0

        def look() -> None:
            nonlocal freed
            freed = self._before_purging(staged, keeper)

        async with self._at(conn, act) as carrying:
            await carrying.purge(act, look, staged)
        return id, act.id, freed

    async def unstage(self, conn: Connection, file: FileId, by: Order) -> Outcome:
        """Undo a stage: restore the file, whichever act staged it."""
        held = await staging.held_of_file(conn, file)
        if held is None:
            raise Refused(f"file {file} was never staged")
        return await self.restore(conn, held.id, by)

    async def stage_again(self, conn: Connection, file: FileId, by: Order) -> Outcome:
        """Undo a restore: stage the file against the same copy as before."""
        held = await staging.held_of_file(conn, file)
        if held is None:
            raise Refused(f"file {file} was never staged")
        # The pair was shown to be copies then; that they still are is looked at again below.
        order = StageOrder(file, held.keeper, held.group, exact=False, reason=held.reason)
        return await self.stage(conn, order, by)

    async def rename_back(self, conn: Connection, file: FileId, by: Order) -> Outcome:
        """Undo a rename: the file gets the name it had."""
        assert by.undoes is not None
        id = await rename_acts.rename_back(conn, self._tools, by.undoes, order=by, protected=self._protected)
        return StagedId(file), id, 0

    @asynccontextmanager
    async def _at(self, conn: Connection, act: Act) -> AsyncIterator[Carrying]:
        """Carry out a begun act; its lock is given back at the end, whatever the end is."""
        self._tools.step("intent committed")
        try:
            yield Carrying(self._tools, conn)
        finally:
            if not conn.is_closed():
                await acts.release(conn, act.id)

    async def _live(self, conn: Connection, id: StagedId) -> Held:
        found = await staging.held(conn, [id])
        if not found:
            raise UsageError(f"nothing was staged under number {id}")
        if not found[0].live:
            raise Refused(f"{display(found[0].original)} was {found[0].state} already")
        return found[0]

    def _before_staging(
        self, loser: MediaFile, keeper: MediaFile, exact: bool, top: bytes, *, rehearsal: bool = False
    ) -> None:
        stage_checks.before_staging(
            self._tools.source,
            loser,
            keeper,
            exact=exact,
            holding_top=top,
            protected=self._protected,
            rehearsal=rehearsal,
        )

    def _before_restoring(self, staged: Held) -> None:
        stage_checks.way_back(self._tools.source, staged.original, staged.root)
        self._tools.source.make_folder(split(staged.original)[0])
        self._tools.step("folder made")

    def _before_purging(self, staged: Held, keeper: MediaFile) -> int:
        """Return the bytes that deleting the video frees: none while another name holds them."""
        try:
            stage_checks.before_purging(self._tools.source, staged, keeper)
            found = self._tools.source.stat(staged.staged)
        except SourceMissing:
            return self._gone_by_hand(staged)
        return found.stamp.size if found.links == 1 else 0

    def _gone_by_hand(self, staged: Held) -> int:
        """The staged file is not there: that may be recorded, unless it was put back or cannot be reached."""
        self._tools.source.real_folder(split(staged.staged)[0], top=staged.holding)
        try:
            there = same_content(self._tools.source.stat(staged.original).stamp, staged.stamp)
        except SourceError:
            there = False
        if there:
            raise Refused(
                f"{display(staged.original)} was put back by hand; restore it to have that recorded"
            )
        return 0
