"""Each act on one file, as a person means it: look it up, begin it, carry it out, let go of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace

from mediavault_tui.domain.losses import losses
from mediavault_tui.domain.model import FileId, GroupId, MediaFile, OperationId, StagedId
from mediavault_tui.domain.staging import Act
from mediavault_tui.domain.verdict import Loss, Proof, Verdict
from mediavault_tui.errors import Refused, SourceError, UsageError
from mediavault_tui.services import rename_acts, stage_checks
from mediavault_tui.services.stage_acts import Tools, needed_file
from mediavault_tui.services.stage_back import BackBatch, BackOrder
from mediavault_tui.services.stage_batch import StageBatch, StageOrder
from mediavault_tui.services.stage_drafts import Order, Wanted
from mediavault_tui.services.stage_lots import Answer
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
        back = BackBatch(tools, planner)
        self.restore, self.purge = back.restore, back.purge
        """Put staged files back, or delete them for good, many together."""

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
        held = await staging.held_of_files(conn, list(undone))
        # The pairs were shown to be copies then; that they still are is looked at again.
        orders = [
            StageOrder(file, held[file].keeper, held[file].group, False, held[file].reason, restore)
            for file, restore in undone.items()
            if file in held
        ]
        return orders, [f"file {file} was never staged" for file in undone if file not in held]

    async def orders_to_unstage(
        self, conn: Connection, undone: Mapping[FileId, OperationId]
    ) -> tuple[list[BackOrder], list[str]]:
        """Return the orders that undo stages, whichever act staged the files last."""
        held = await staging.held_of_files(conn, list(undone))
        orders = [BackOrder(held[file].id, stage) for file, stage in undone.items() if file in held]
        return orders, [f"file {file} was never staged" for file in undone if file not in held]

    async def rehearse(self, conn: Connection, order: StageOrder, who: str) -> Rehearsed:
        """Return what `stage` would do: every rule asked, every look taken, nothing kept."""
        locked: list[OperationId] = []
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
                locked.append(act.id)
                await asyncio.to_thread(self._rehearsed, loser, keeper, order.exact, act.holding)
                raise _Rollback(act)  # noqa: TRY301 -- it takes the intent back
        except _Rollback as planned:
            moves = tuple((leg.source, leg.destination or b"") for leg in planned.act.legs)
            return Rehearsed(loser.id, keeper.id, moves, order.reason, "", verdict, lost)
        except (Refused, SourceError) as error:
            return Rehearsed(loser.id, keeper.id, (), order.reason, str(error), verdict, lost)
        finally:
            await acts.release(conn, *locked)

    async def _verdict(self, conn: Connection, order: StageOrder) -> Verdict | None:
        """Return what the rules say of the group, if it is their keeper that stays."""
        groups = [order.group] if order.group is not None else []
        found = await staging.staging_groups(conn, groups)
        return found[0].verdict if found and found[0].keeper == order.keeper else None

    async def rename_back(
        self, conn: Connection, renames: Sequence[tuple[FileId, OperationId]], by: Order
    ) -> AsyncIterator[Answer]:
        """Undo renames, one after the other: each file gets the name it had."""
        for file, undone in renames:
            order = replace(by, undoes=undone)
            try:
                id = await rename_acts.rename_back(
                    conn, self._tools, undone, order=order, protected=self._protected
                )
            except (Refused, SourceError, UsageError) as error:
                yield error
            else:
                yield StagedId(file), id, 0

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
