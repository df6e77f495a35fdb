"""Intents: which names files will have, and that their acts are written down, many at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from mediavault_tui.domain.holding import folded, free_names, split
from mediavault_tui.domain.model import FileStamp, GroupId, MediaFile, OperationId
from mediavault_tui.domain.staging import Act, ActKind, ActState, Held, Leg
from mediavault_tui.errors import Refused, SourceError
from mediavault_tui.store import acts
from mediavault_tui.store.database import Connection


@dataclass(frozen=True, slots=True)
class Order:
    """Who wants an act, in which batch, and which earlier act it takes back."""

    batch: str
    who: str
    undoes: OperationId | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file that is to go, the copy that stays instead, and why; `chosen`: a person compared the two."""

    loser: MediaFile
    keeper: MediaFile
    group: GroupId | None
    reason: str
    undoes: OperationId | None = None
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class Way:
    """The folder that takes a file, the top of the holding folder, and the file's root."""

    folder: bytes
    top: bytes
    root: bytes


Begun: TypeAlias = "Act | Refused | SourceError"
"""An act that is written down, or why it is not."""

Beside: TypeAlias = "list[tuple[bytes, FileStamp]]"


@dataclass(frozen=True, slots=True)
class StageDraft:
    """What is to be a stage; `taken`: the names in its folder, shared by all that go there."""

    wanted: Wanted
    way: Way
    beside: Beside
    order: Order
    taken: set[str]

    def act(self) -> Act:
        """Return the act under names that are free now."""
        loser = self.wanted.loser
        origins = ((loser.raw_path, loser.stamp), *self.beside)
        names = _free([path for path, _ in origins], self.taken)
        return Act(
            id=OperationId(0),
            batch=self.order.batch,
            kind=ActKind.STAGE,
            state=ActState.INTENDED,
            file=loser.id,
            keeper=self.wanted.keeper.id,
            group=self.wanted.group,
            legs=tuple(
                Leg(path, self.way.folder + b"/" + name, stamp)
                for (path, stamp), name in zip(origins, names, strict=True)
            ),
            holding=self.way.top,
            content_hash=loser.content_hash,
            reason=self.wanted.reason,
            who=self.order.who,
            undoes=self.wanted.undoes,
        )


@dataclass(frozen=True, slots=True)
class HeldDraft:
    """What is to be a restore or a purge of a staged file.

    `taken`: the names in the folder that it goes to, shared by all that go there, if it may be given another
    name than it had; else None.
    """

    staged: Held
    kind: ActKind
    legs: tuple[Leg, ...]
    order: Order
    undoes: OperationId | None = None
    taken: set[str] | None = None

    def act(self) -> Act:
        """Return the act under names that are free now."""
        legs = self.legs
        if self.taken is not None:
            ends = [leg.destination or b"" for leg in legs]
            folder = split(ends[0])[0]
            legs = tuple(
                replace(leg, destination=folder + b"/" + name)
                for leg, name in zip(legs, _free(ends, self.taken), strict=True)
            )
        return Act(
            id=OperationId(0),
            batch=self.order.batch,
            kind=self.kind,
            state=ActState.INTENDED,
            file=self.staged.file,
            keeper=self.staged.keeper,
            group=self.staged.group,
            legs=legs,
            holding=self.staged.holding,
            content_hash=self.staged.content_hash,
            reason=self.staged.reason,
            who=self.order.who,
            undoes=self.undoes,
        )


Drafted: TypeAlias = "StageDraft | HeldDraft | Refused | SourceError"
"""What is to be written down, or why it is not."""


async def written(conn: Connection, drafts: Sequence[Drafted]) -> list[Begun]:
    """Write acts down together or, if a rule forbids one of them, each by itself; answers are in order."""
    begun: list[Begun | None] = [draft if isinstance(draft, Exception) else None for draft in drafts]
    open_ = [(number, draft) for number, draft in enumerate(drafts) if not isinstance(draft, Exception)]
    together = []
    for _, draft in open_:
        together.append(draft.act())
        _take(draft, together[-1])
    if together:
        try:
            async with conn.transaction():
                ids = await acts.begin_all(conn, together)
        except Refused:
            for (_, draft), act in zip(open_, together, strict=True):
                if draft.taken is not None:
                    draft.taken.difference_update(_names(act))
        else:
            for (number, _), act, id in zip(open_, together, ids, strict=True):
                begun[number] = replace(act, id=id)
            open_ = []
    for number, draft in open_:
        act = draft.act()
        try:
            async with conn.transaction():
                begun[number] = replace(act, id=await acts.begin(conn, act))
        except Refused as error:
            begun[number] = error
        else:
            _take(draft, act)
    return [one for one in begun if one is not None]


def _free(paths: Sequence[bytes], taken: set[str]) -> tuple[bytes, ...]:
    """Return names like those of the paths, of one stem, none of them taken."""
    first, *others = (split(path)[1] for path in paths)
    return free_names(first, others, lambda name: folded(name) in taken)


def _take(draft: StageDraft | HeldDraft, act: Act) -> None:
    """Have the names of an act count as taken from now on."""
    if draft.taken is not None:
        draft.taken.update(_names(act))


def _names(act: Act) -> set[str]:
    return {folded(split(leg.destination)[1]) for leg in act.legs if leg.destination is not None}
