"""Intents of staging: which names files will have, and that their acts are written down, many at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from mediavault_tui.domain.holding import folded, free_names, split
from mediavault_tui.domain.model import FileStamp, GroupId, MediaFile, OperationId
from mediavault_tui.domain.staging import Act, ActKind, ActState, Leg
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
    """A file that is to go, the copy that stays instead, and why."""

    loser: MediaFile
    keeper: MediaFile
    group: GroupId | None
    reason: str
    undoes: OperationId | None = None


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
class Draft:
    """What is to be an act; `taken`: the names in its folder, shared by all that go there."""

    number: int
    wanted: Wanted
    way: Way
    beside: Beside
    taken: set[str]
    order: Order

    def act(self) -> Act:
        """Return the act under names that are free now."""
        loser = self.wanted.loser
        origins = ((loser.raw_path, loser.stamp), *self.beside)
        first, *others = (split(path)[1] for path, _ in origins)
        names = free_names(first, others, lambda name: folded(name) in self.taken)
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

    def take(self, act: Act) -> None:
        """Have the names of its act count as taken from now on."""
        self.taken.update(_names(act))


async def written(conn: Connection, drafts: Sequence[Draft]) -> list[Begun]:
    """Write acts down together or, if a rule forbids one of them, each by itself."""
    if not drafts:
        return []
    together = []
    for draft in drafts:
        together.append(draft.act())
        draft.take(together[-1])
    try:
        async with conn.transaction():
            ids = await acts.begin_all(conn, together)
        return [replace(act, id=id) for act, id in zip(together, ids, strict=True)]
    except Refused:
        for draft, act in zip(drafts, together, strict=True):
            draft.taken.difference_update(_names(act))
    alone: list[Begun] = []
    for draft in drafts:
        act = draft.act()
        try:
            async with conn.transaction():
                alone.append(replace(act, id=await acts.begin(conn, act)))
        except Refused as error:
            alone.append(error)
        else:
            draft.take(act)
    return alone


def _names(act: Act) -> set[str]:
    return {folded(split(leg.destination)[1]) for leg in act.legs if leg.destination is not None}
