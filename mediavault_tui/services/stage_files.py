"""Each act on one file, as a person means it: look it up, begin it, carry it out, let go of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from mediavault_tui.domain.holding import split
from mediavault_tui.domain.losses import losses
from mediavault_tui.domain.model import FileId, GroupId, MediaFile, OperationId, StagedId
from mediavault_tui.domain.pathtext import display
from mediavault_tui.domain.staging import Act, Held
from mediavault_tui.domain.verdict import Loss, Proof, Verdict
from mediavault_tui.errors import Refused, SourceError, SourceMissing, UsageError
from mediavault_tui.services import rename_acts, stage_checks
from mediavault_tui.services.stage_acts import Carrying, Tools, needed_file
from mediavault_tui.services.stage_batch import Outcome, StageBatch, StageOrder
from mediavault_tui.services.stage_drafts import Order, Wanted
from mediavault_tui.services.stage_moves import same_content
from mediavault_tui.services.stage_plan import Planner
from mediavault_tui.store import acts, staging
from mediavault_tui.store.database import Connection
from mediavault_tui.store.staging import StagingGroup


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
        self.stage = StageBatch(tools, planner, protected=protected).stage
        """Stage files, many together."""

    async def orders_of_groups(
        self, conn: Connection, groups: Sequence[GroupId], keeper: FileId | None = None
    ) -> tuple[list[StageOrder], list[str]]:
        """Return the orders that leave only `keeper` (else the recommended copy) of each group.

        One that is not open is a sentence. Raises: UsageError for an unknown group, or no member of it.
        """
        found = {group.id: group for group in await staging.staging_groups(conn, groups)}
        refused: list[str] = []
        pairs: list[tuple[FileId, FileId, StagingGroup]] = []
        for id in groups:
            group = found.get(id)
            if group is None:
                raise UsageError(f"there is no group {id}")
            kept = group.keeper if keeper is None else keeper
            if kept not in group.members:
                raise UsageError(f"file {kept} is no member of group {id}")
            if group.state != "open" or group.proof is Proof.COVERAGE:
                why = "it shows coverage, not copies" if group.state == "open" else f"it is {group.state}"
                refused.append(f"nothing of group {id} ({group.title}) is staged: {why}")
                continue
            losers = [member for member in group.members if member != kept and member in group.present]
            pairs += [(loser, kept, group) for loser in losers]
        proofs = await staging.pairings(
            conn, [loser for loser, _, _ in pairs], keepers=[kept for _, kept, _ in pairs]
        )
        orders = []
        for loser, kept, group in pairs:
            proof = proofs.get(loser)
            reason = proof.reason if proof is not None and proof.keeper == kept else group.sentence
            orders.append(StageOrder(loser, kept, group.id, group.proof is Proof.EXACT, reason))
        return orders, refused

    async def orders_of_files(
        self, conn: Connection, files: Sequence[FileId], keeper: FileId | None
    ) -> tuple[list[StageOrder], list[str]]:
        """Return the orders for single files, and a sentence for each that has no group."""
        found = await staging.pairings(conn, files, keepers=[keeper] * len(files))
        orders, refused = [], []
        for file in dict.fromkeys(files):
            if pair := found.get(file):
                exact = pair.proof is Proof.EXACT
                orders.append(StageOrder(file, pair.keeper, pair.group, exact, pair.reason))
            else:
                path = (await needed_file(conn, file)).path
                refused.append(f"{path} stays: no open group has a better copy of it to keep")
        return orders, refused

    async def orders_to_stage_again(
        self, conn: Connection, undone: Mapping[FileId, OperationId]
    ) -> tuple[list[StageOrder], list[str]]:
        """Return the orders that undo restores: each file goes against the same copy as before."""
        orders, refused = [], []
        for file, restore in undone.items():
            held = await staging.held_of_file(conn, file)
            if held is None:
                refused.append(f"file {file} was never staged")
                continue
            # The pair was shown to be copies then; that they still are is looked at again.
            orders.append(StageOrder(file, held.keeper, held.group, False, held.reason, restore))
        return orders, refused

    async def rehearse(self, conn: Connection, order: StageOrder, who: str) -> Rehearsed:
        """Return what `stage` would do: every rule asked, every look taken, nothing kept."""
        loser, keeper = await needed_file(conn, order.loser), await needed_file(conn, order.keeper)
        verdict = await self._verdict(conn, order)
        lost = losses(keeper.info, loser.info) if keeper.info and loser.info and not order.exact else ()
        by = Order("00000000-0000-0000-0000-000000000000", who)
        wanted = Wanted(loser, keeper, order.group, order.reason)
        try:
            async with conn.transaction():
                (act,) = await self._planner.begin_stages(
                    conn, [wanted], order=by, now=self._tools.now(), make_folders=False
                )
                if not isinstance(act, Act):
                    raise act
                await asyncio.to_thread(self._rehearsed, loser, keeper, order.exact, act.holding)
                raise _Rollback(act)  # noqa: TRY301 -- it takes the intent back
        except _Rollback as planned:
            await acts.release(conn, planned.act.id)
            moves = tuple((leg.source, leg.destination or b"") for leg in planned.act.legs)
            return Rehearsed(loser.id, keeper.id, moves, order.reason, "", verdict, lost)
        except (Refused, SourceError) as error:
            return Rehearsed(loser.id, keeper.id, (), order.reason, str(error), verdict, lost)

    async def _verdict(self, conn: Connection, order: StageOrder) -> Verdict | None:
        """Return what the rules say of the group, if it is their keeper that stays."""
        groups = [order.group] if order.group is not None else []
        found = await staging.staging_groups(conn, groups)
        return found[0].verdict if found and found[0].keeper == order.keeper else None

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

    def _rehearsed(self, loser: MediaFile, keeper: MediaFile, exact: bool, top: bytes) -> None:
        stage_checks.before_staging(
            self._tools.source,
            loser,
            keeper,
            exact=exact,
            holding_top=top,
            protected=self._protected,
            rehearsal=True,
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
