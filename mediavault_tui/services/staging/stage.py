"""Stage, restore, approve, purge, undo: everything that a person may do to a duplicate.

Each act concerns one file, is journalled before it begins, and ends whole; files are staged, restored and
purged in lots (`staging.lots`), renames are taken back one after the other. What a rule or the disk refuses
is a sentence in `ActResult.refused`, and the other files of the batch go on. A cancelled caller does not
stop the files that are just being moved. A little longer than the habit: one call for each thing that a
person may do.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

from mediavault_tui.domain.library import ActResult, StagedFile
from mediavault_tui.domain.model import FileId, GroupId, OperationId, StagedId
from mediavault_tui.domain.paths import LOCAL
from mediavault_tui.domain.purging import Purgeable, PurgeForecast
from mediavault_tui.domain.stage_terms import StagePreview, Terms
from mediavault_tui.domain.staging import PURGE_WORD, ActKind
from mediavault_tui.domain.verdict import Loss, Verdict
from mediavault_tui.errors import MediaVaultError, ReadOnly, Refused
from mediavault_tui.services.staging import preview as stage_preview
from mediavault_tui.services.staging.acts import Tools
from mediavault_tui.services.staging.back import BackOrder
from mediavault_tui.services.staging.batch import StageOrder
from mediavault_tui.services.staging.drafts import Order
from mediavault_tui.services.staging.files import FileActs, Rehearsed
from mediavault_tui.services.staging.forecast import Purging, left_out
from mediavault_tui.services.staging.hold import Running
from mediavault_tui.services.staging.left_open import Item, LeftOpen
from mediavault_tui.services.staging.lots import Answer
from mediavault_tui.services.staging.moves import Mover, Step, no_step
from mediavault_tui.services.staging.plan import Planner
from mediavault_tui.services.staging.recovery import Recovery
from mediavault_tui.sources.base import Source
from mediavault_tui.sources.places import as_places
from mediavault_tui.store import staging, staging_groups
from mediavault_tui.store.acts import last_act, open_acts, together
from mediavault_tui.store.database import Connection, Database

_Item = TypeVar("_Item", bound=Item)
_Acts = Callable[[Connection, Sequence[_Item], Order], AsyncIterator[Answer]]


def _now() -> datetime:
    return datetime.now().astimezone()


class Stage:
    """The service that the app and the command line call.

    `staging_path`: None for a folder at the top of each scanned one. `protected`: folders
    whose files never go. `retention_days`: so long a file is held before a purge takes it.
    `staging_of`: the located holding folder of each source, instead of `staging_path`, where there
    are shares. `step` and `now` are for tests.
    """

    def __init__(
        self,
        database: Database,
        source: Source,
        *,
        staging_path: Path | None = None,
        protected: tuple[Path, ...] = (),
        read_only: bool = False,
        retention_days: int = 0,
        staging_of: Callable[[str], bytes | None] | None = None,
        step: Step = no_step,
        now: Callable[[], datetime] = _now,
    ) -> None:
        self._database = database
        self._source = places = as_places(source)
        self._read_only = read_only
        self._purging = Purging(database, places, retention_days=retention_days)
        tools = Tools(places, Mover(places, step), step, now)
        if staging_of is None:
            own = os.path.abspath(os.fsencode(staging_path)) if staging_path else None
            staging_of = lambda name: own if name == LOCAL else None  # noqa: E731
        planner = Planner(places, staging_of)
        self._files = FileActs(tools, planner, protected=tuple(os.fsencode(path) for path in protected))
        self._recovery = Recovery(database, tools)
        self._left_open = LeftOpen(database, self._recovery)
        self._running = Running()

    async def stage_group(self, group: GroupId, keeper: FileId, *, who: str) -> ActResult:
        """Stage every other present member of a group. Raises: UsageError, Refused."""
        self._writing()
        orders, refused = await self._orders([group], keeper)
        if refused:
            raise Refused(refused[0])
        return await self._batch(orders, self._files.stage, who=who)

    async def preview(self, files: Sequence[FileId]) -> StagePreview:
        """Return what `staging.files` would do, as far as the database knows, and do none of it."""
        async with self._database.connection() as conn:
            return await stage_preview.preview(conn, files)

    async def stage_files(
        self,
        files: Sequence[FileId],
        *,
        keeper: FileId | None = None,
        shown: Sequence[Terms] = (),
        who: str,
    ) -> ActResult:
        """Stage these files, each against `keeper` or else its open group's recommendation.

        A file without such a group is refused, in a sentence of the result; of several files so is each
        with the verdict *review*, and each whose copy to keep or verdict is not what was `shown`.
        """
        self._writing()
        async with self._database.connection() as conn:
            orders, refused = await self._files.orders_of_files(conn, files, keeper, shown)
        return await self._batch(orders, self._files.stage, who=who, refused=refused)

    async def stage_groups(
        self, groups: Sequence[GroupId], *, keeper: FileId | None = None, sure: bool = False, who: str
    ) -> ActResult:
        """Stage, as one act, what each group recommends; `keeper` is for a single group.

        One that is not open is a sentence of the result; so is of several each with the verdict *review*,
        and with `sure` each that is not certain or clear. Raises: UsageError for an unknown group.
        """
        self._writing()
        orders, refused = await self._orders(groups, keeper, sure=sure)
        return await self._batch(orders, self._files.stage, who=who, refused=refused)

    async def rehearse(
        self, groups: Sequence[GroupId], *, keeper: FileId | None = None, sure: bool = False, who: str
    ) -> list[Rehearsed]:
        """Return what `stage_groups` would do, by every rule and by the disk, and do none of it."""
        orders, refused = await self._orders(groups, keeper, sure=sure)
        answers = [Rehearsed(None, None, (), "", sentence) for sentence in refused]
        async with self._database.connection() as conn:
            return answers + [await self._files.rehearse(conn, order, who) for order in orders]

    async def lost_beside(self, group: GroupId, keeper: FileId) -> dict[FileId, tuple[Loss, ...]]:
        """Return what subtitles would go with each other copy of a group that `keeper` has not.

        Raises: SourceError if a folder cannot be listed.
        """
        orders, _ = await self._orders([group], keeper)
        async with self._database.connection() as conn:
            return await self._files.lost_beside(conn, orders)

    async def _orders(
        self, groups: Sequence[GroupId], keeper: FileId | None, *, sure: bool = False
    ) -> tuple[list[StageOrder], list[str]]:
        async with self._database.connection() as conn:
            return await self._files.orders_of_groups(conn, groups, keeper, sure=sure)

    async def restore(self, staged: Sequence[StagedId], *, who: str, rename: bool = False) -> ActResult:
        """Put staged files and their sidecars back; `rename`: as `Film (2)` where the place is taken."""
        self._writing()
        orders = [BackOrder(id) for id in staged]
        return await self._batch(orders, partial(self._files.restore, rename=rename), who=who)

    async def approve(self, staged: Sequence[StagedId], *, who: str) -> ActResult:
        """Approve staged files for purging; nothing is deleted by it."""
        self._writing()
        batch = str(uuid.uuid4())
        async with self._database.transaction() as conn:
            done = await staging.approve(conn, staged, who=who, batch=batch)
        return ActResult(
            batch, tuple(done), refused=left_out(staged, done, "staged and waiting for approval")
        )

    async def unapprove(self, staged: Sequence[StagedId], *, who: str) -> ActResult:
        """Take approvals back, but of what is being deleted at this moment."""
        self._writing()
        async with self._database.connection() as conn:
            done, busy = await together(conn, lambda: staging.unapprove(conn, staged))
        refused = left_out([id for id in staged if id not in busy], done, "approved")
        refused += tuple(
            f"number {id} is being purged just now; its approval cannot be taken back"
            for id in staged
            if id in busy
        )
        return ActResult(str(uuid.uuid4()), tuple(done), refused=refused)

    async def purge(
        self, *, word: str, who: str, staged: Sequence[StagedId] | None = None, early: bool = False
    ) -> ActResult:
        """Delete approved staged files for good: all that are due, or of `staged` those that are.

        A person is shown what goes, so `staged` is what was shown: another one's approval that came
        meanwhile is not among it. `early`: those too that are not held long enough yet.
        Raises: Refused unless `word` is "purge", as a person typed it.
        """
        self._writing()
        if word != PURGE_WORD:
            raise Refused(f'nothing was purged: the word to type is "{PURGE_WORD}"')
        going, refused = await self._purging.due(staged, early=early)
        return await self._batch(going, self._files.purge, who=who, refused=refused)

    async def undo(self, *, who: str) -> ActResult:
        """Reverse this person's last act that still has an effect: a whole batch.

        Pressed again, it goes one act further back. Raises: Refused for a purge, or when
        there is nothing to undo.
        """
        self._writing()
        async with self._database.connection() as conn:
            acts = await last_act(conn, who)
        if not acts:
            raise Refused("there is nothing to undo")
        kind = acts[0][0]
        if kind == "approve":
            return await self.unapprove([StagedId(id) for _, id, _ in acts], who=who)
        if kind == ActKind.PURGE.value:
            raise Refused("the last act was a purge: what is deleted cannot be brought back")
        undone = {file: OperationId(id) for _, id, file in acts}
        if kind == ActKind.RESTORE.value:
            async with self._database.connection() as conn:
                orders, refused = await self._files.orders_to_stage_again(conn, undone)
            return await self._batch(orders, self._files.stage, who=who, refused=refused)
        if kind == ActKind.STAGE.value:
            async with self._database.connection() as conn:
                back, refused = await self._files.orders_to_unstage(conn, undone)
            return await self._batch(back, self._files.restore, who=who, refused=refused)
        # Backwards: what was renamed last makes room for what was renamed before it.
        return await self._batch(
            [(file, undone[file]) for file in reversed(undone)], self._files.rename_back, who=who
        )

    async def pending(
        self, *, limit: int = 200, after: StagedFile | None = None, text: str = "", inverse: bool = False
    ) -> list[StagedFile]:
        """Return what is staged, newest first; `text`: words that title or path must hold.

        `inverse`: all that does not hold them.
        """
        async with self._database.connection() as conn:
            rows = await staging.page(conn, limit=limit, after=after, text=text, inverse=inverse)
        return self._purging.dated(rows)

    async def purgeable(self, staged: Sequence[StagedId] | None = None, *, early: bool = False) -> Purgeable:
        """Return which approved files (of `staged`) a purge would delete now; no disk is asked."""
        return await self._purging.purgeable(staged, early=early)

    async def forecast(
        self, staged: Sequence[StagedId] | None = None, *, early: bool = False
    ) -> PurgeForecast:
        """Return what a purge would delete now, and what that really frees, hard links considered."""
        return await self._purging.forecast(staged, early=early)

    async def recover(self) -> list[str]:
        """Finish or undo what a crash interrupted; one sentence for each act.

        Acts that a live program is at are left to it; a second call has nothing to say.
        """
        if self._read_only:
            async with self._database.connection() as conn:
                waiting = len(await open_acts(conn))
            left = f"{waiting} unfinished acts wait: MEDIAVAULT_READ_ONLY is set"
            return [left] if waiting else []
        return await self._recovery.run()

    async def batch_groups(self, verdicts: Sequence[Verdict]) -> list[GroupId]:
        """Return the open groups that one batch may take: certain or clear ones, whatever is asked."""
        async with self._database.connection() as conn:
            return await staging_groups.groups_of_verdicts(conn, verdicts)

    async def close(self) -> None:
        """Wait some seconds for the acts that are under way; what takes longer is the next start's."""
        await self._running.close()

    def _writing(self) -> None:
        if self._read_only:
            raise ReadOnly

    async def _batch(
        self, items: Sequence[_Item], acts: _Acts[_Item], *, who: str, refused: Sequence[str] = ()
    ) -> ActResult:
        told: list[str] = []
        if self._running.idle:  # else a thread may hang in the middle of what is open
            items, told = await self._left_open.take_up(items)
        order = Order(str(uuid.uuid4()), who)
        return await self._running.finish(self._run(items, acts, order, [*told, *refused]))

    async def _run(
        self, items: Sequence[_Item], acts: _Acts[_Item], order: Order, refused: Sequence[str]
    ) -> ActResult:
        done: list[StagedId] = []
        operations: list[OperationId] = []
        sentences = list(refused)
        freed = 0
        async with self._database.connection() as conn:
            async for answer in acts(conn, items, order):
                if isinstance(answer, MediaVaultError):
                    sentences.append(str(answer))
                    continue
                id, operation, bytes_freed = answer
                done.append(id)
                operations.append(operation)
                freed += bytes_freed
        return ActResult(order.batch, tuple(done), tuple(operations), tuple(sentences), freed)
