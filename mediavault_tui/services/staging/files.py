"""Each act on one file, as a person means it: look it up, begin it, carry it out, let go of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace

from mediavault_tui.domain.losses import losses
from mediavault_tui.domain.matching import Pair
from mediavault_tui.domain.model import FileId, GroupId, MediaFile, OperationId, StagedId
from mediavault_tui.domain.stage_terms import Terms, in_a_batch, left_out
from mediavault_tui.domain.staging import Act
from mediavault_tui.domain.verdict import Loss, Proof, Verdict
from mediavault_tui.errors import Refused, SourceError, UsageError
from mediavault_tui.services.regroup import vetoed
from mediavault_tui.services.renaming import acts as rename_acts
from mediavault_tui.services.staging import checks as stage_checks
from mediavault_tui.services.staging.acts import Tools, needed_file
from mediavault_tui.services.staging.back import BackBatch, BackOrder
from mediavault_tui.services.staging.batch import StageBatch, StageOrder
from mediavault_tui.services.staging.drafts import Order, Wanted
from mediavault_tui.services.staging.lots import Answer
from mediavault_tui.services.staging.plan import Planner
from mediavault_tui.services.staging.preview import no_better_copy, no_such_file
from mediavault_tui.store import acts, staging, staging_groups
from mediavault_tui.store.database import Connection
from mediavault_tui.store.files import media_files
from mediavault_tui.store.groups import decisions
from mediavault_tui.store.staging_groups import StagingGroup


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What staging one file would do; `refused` is a sentence if it would do nothing.

    `verdict` is the rules', None where another copy than theirs is kept; `losses` are what only this
    file has beside the keeper.
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
        self,
        conn: Connection,
        groups: Sequence[GroupId],
        keeper: FileId | None = None,
        *,
        sure: bool = False,
    ) -> tuple[list[StageOrder], list[str]]:
        """Return the orders that leave only `keeper` (else the recommended copy) of each group.

        One that is not open, or may not be among several, is a sentence; so is with `sure` one that is
        neither certain nor clear. Raises: UsageError for an unknown group, or no member of it.
        """
        found = {group.id: group for group in await staging_groups.staging_groups(conn, groups)}
        refused: list[str] = []
        open_ones: list[StagingGroup] = []
        for id in dict.fromkeys(groups):
            group = found.get(id)
            if group is None:
                raise UsageError(f"there is no group {id}")
            if keeper is not None and keeper not in group.members:
                raise UsageError(f"file {keeper} is no member of group {id}")
            if group.state != "open" or group.proof is Proof.COVERAGE:
                why = "it shows coverage, not copies" if group.state == "open" else f"it is {group.state}"
                refused.append(f"nothing of group {id} ({group.title}) is staged: {why}")
            elif sure and not group.verdict.may_enter_a_batch:
                refused.append(f"No longer sure, so left alone: {group.title}. {group.sentence}")
            else:
                open_ones.append(group)
        pairs: list[tuple[FileId, FileId, StagingGroup]] = []
        goes = in_a_batch([group.verdict for group in open_ones])
        for group, together in zip(open_ones, goes, strict=True):
            if not together:
                refused.append(left_out(f"group {group.id} ({group.title})"))
                continue
            kept = group.keeper if keeper is None else keeper
            losers = [member for member in group.members if member != kept and member in group.present]
            pairs += [(loser, kept, group) for loser in losers]
        proofs = await staging_groups.pairings(
            conn, [loser for loser, _, _ in pairs], keepers=[kept for _, kept, _ in pairs]
        )
        orders = []
        for loser, kept, group in pairs:
            proof = proofs.get(loser)
            reason = proof.reason if proof is not None and proof.keeper == kept else group.sentence
            verdict = group.verdicts.get(loser) if kept == group.keeper else None
            exact = group.proof is Proof.EXACT
            orders.append(
                StageOrder(loser, kept, group.id, exact, reason, chosen=keeper is not None, verdict=verdict)
            )
        return orders, refused

    async def orders_of_files(
        self,
        conn: Connection,
        files: Sequence[FileId],
        keeper: FileId | None,
        shown: Sequence[Terms] = (),
    ) -> tuple[list[StageOrder], list[str]]:
        """Return the orders for single files, and a sentence for each that has no group or may not go.

        `shown`: on what terms; what of it does not hold when a file's turn comes leaves that file alone.
        """
        found = await staging_groups.pairings(conn, files, keepers=[keeper] * len(files))
        terms = {said.file: said for said in shown}
        orders: list[StageOrder] = []
        for file, pair in ((file, found[file]) for file in dict.fromkeys(files) if file in found):
            said = terms.get(file)
            orders.append(
                StageOrder(
                    file,
                    said.keeper if said else pair.keeper,
                    pair.group,
                    pair.proof is Proof.EXACT,
                    pair.reason,
                    chosen=keeper is not None,
                    verdict=said.verdict if said else pair.verdict,
                )
            )
        together = in_a_batch([order.verdict for order in orders])
        going = [order for order, goes in zip(orders, together, strict=True) if goes]
        stays = [file for file in dict.fromkeys(files) if file not in {order.loser for order in going}]
        known = {file.id: file for file in await media_files(conn, stays)}
        return going, [_why_it_stays(id, known.get(id), grouped=id in found) for id in stays]

    async def orders_to_stage_again(
        self, conn: Connection, undone: Mapping[FileId, OperationId]
    ) -> tuple[list[StageOrder], list[str]]:
        """Return the orders that undo restores: each file goes against the same copy as before.

        The pairs were shown to be copies then. That the kept copies have not changed since, the database
        looks at again; a pair that a person has set apart since is a sentence.
        """
        held = await staging.held_of_files(conn, list(undone))
        refused = [f"file {file} was never staged" for file in undone if file not in held]
        both = {id for was in held.values() for id in (was.file, was.keeper)}
        files = {file.id: file for file in await media_files(conn, sorted(both))}
        apart = vetoed(files.values(), await decisions(conn))
        found = await staging_groups.staging_groups(
            conn, [was.group for was in held.values() if was.group is not None]
        )
        exact_groups = {group.id for group in found if group.proof is Proof.EXACT}
        orders = []
        for file, undoes in undone.items():
            if (was := held.get(file)) is None:
                continue
            loser, keeper = files[was.file], files[was.keeper]
            if Pair((loser.id, keeper.id)) in apart:
                refused.append(f"{loser.path} stays: a person has set it apart from {keeper.path} meanwhile")
                continue
            equal = loser.content_hash is not None and loser.content_hash == keeper.content_hash
            exact = equal or was.group in exact_groups
            orders.append(StageOrder(file, was.keeper, was.group, exact, was.reason, undoes))
        return orders, refused

    async def orders_to_unstage(
        self, conn: Connection, undone: Mapping[FileId, OperationId]
    ) -> tuple[list[BackOrder], list[str]]:
        """Return the orders that undo stages, whichever act staged the files last."""
        held = await staging.held_of_files(conn, list(undone))
        orders = [BackOrder(held[file].id, stage) for file, stage in undone.items() if file in held]
        return orders, [f"file {file} was never staged" for file in undone if file not in held]

    async def lost_beside(
        self, conn: Connection, orders: Sequence[StageOrder]
    ) -> dict[FileId, tuple[Loss, ...]]:
        """Return what only the subtitles have that lie beside files which would go; of the others nothing."""
        found = {}
        for order in orders:
            loser, keeper = await needed_file(conn, order.loser), await needed_file(conn, order.keeper)
            if lost := await asyncio.to_thread(self._planner.lost_beside, loser, keeper):
                found[loser.id] = lost
        return found

    async def rehearse(self, conn: Connection, order: StageOrder, who: str) -> Rehearsed:
        """Return what `stage` would do: every rule asked, every look taken, nothing kept."""
        locked: list[OperationId] = []
        loser, keeper = await needed_file(conn, order.loser), await needed_file(conn, order.keeper)
        lost = losses(keeper.info, loser.info) if keeper.info and loser.info and not order.exact else ()
        by = Order("00000000-0000-0000-0000-000000000000", who)
        wanted = Wanted(loser, keeper, order.group, order.reason, chosen=order.chosen)
        try:
            async with conn.transaction():
                (act,) = await self._planner.begin_stages(
                    conn, [wanted], order=by, now=self._tools.now(), make_folders=False
                )
                if not isinstance(act, Act):
                    raise act
                locked.append(act.id)
                await asyncio.to_thread(self._rehearsed, loser, keeper, order.exact, act.holding)
                lost += await asyncio.to_thread(self._planner.lost_beside, loser, keeper)
                raise _Rollback(act)  # noqa: TRY301 -- it takes the intent back
        except _Rollback as planned:
            moves = tuple((leg.source, leg.destination or b"") for leg in planned.act.legs)
            return Rehearsed(loser.id, keeper.id, moves, order.reason, "", order.verdict, lost)
        except (Refused, SourceError) as error:
            return Rehearsed(loser.id, keeper.id, (), order.reason, str(error), order.verdict, lost)
        finally:
            await acts.release(conn, *locked)

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


def _why_it_stays(id: FileId, file: MediaFile | None, *, grouped: bool) -> str:
    if file is None:
        return no_such_file(id)
    return left_out(file.where) if grouped else no_better_copy(file)
