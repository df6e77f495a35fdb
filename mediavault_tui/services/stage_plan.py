"""Turn "this file may go" into an act of the journal: which sidecars, under which names, whereto."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from mediavault_tui.domain.holding import (
    below,
    date_folder,
    folded,
    free_names,
    holding_folder,
    sidecars_of,
    split,
)
from mediavault_tui.domain.model import FileStamp, GroupId, Kind, MediaFile, OperationId
from mediavault_tui.domain.paths import LOCAL, locate, place
from mediavault_tui.domain.pathtext import display
from mediavault_tui.domain.staging import Act, ActKind, ActState, Held, Leg
from mediavault_tui.errors import SourceChanged, SourceMissing, SourceOffline, SourceTaken
from mediavault_tui.services.stage_moves import same_content
from mediavault_tui.sources.places import Places
from mediavault_tui.store import acts
from mediavault_tui.store.database import Connection


@dataclass(frozen=True, slots=True)
class Order:
    """Who wants an act, in which batch, and which earlier act it takes back."""

    batch: str
    who: str
    undoes: OperationId | None = None


class Planner:
    """Writes intents; looks at the disk for names, but moves nothing."""

    def __init__(self, source: Places, staging_of: Callable[[str], bytes | None]) -> None:
        """`staging_of` returns the located holding folder set for a source, None where none is."""
        self._source = source
        self._staging_of = staging_of

    def holding_top(self, root: bytes) -> bytes:
        """Return the holding folder that takes files of a scanned folder."""
        return holding_folder(self._staging_of(place(root)[0]), root)

    async def begin_stage(
        self,
        conn: Connection,
        loser: MediaFile,
        keeper: MediaFile,
        *,
        group: GroupId | None,
        reason: str,
        order: Order,
        now: datetime,
        make_folders: bool = True,
    ) -> Act:
        """Write down, in a transaction of its own, that `loser` goes; raises Refused, SourceError.

        `make_folders` False is for a rehearsal, which must leave nothing behind.
        """
        top = self.holding_top(loser.root)
        kind = loser.identity.kind if loser.identity else Kind.OTHER
        folder = date_folder(top, kind, now.date())
        beside = await asyncio.to_thread(self._beside, loser.raw_path)
        if make_folders:
            await asyncio.to_thread(self._make_folder, folder, top, loser.root)

        async def work() -> Act:
            claimed = await acts.lock_folder(conn, folder)
            there = await asyncio.to_thread(_names_if_any, self._source, folder)
            taken = {folded(name) for name in (*there, *(split(path)[1] for path in claimed))}
            names = free_names(
                split(loser.raw_path)[1], [split(path)[1] for path, _ in beside], lambda n: folded(n) in taken
            )
            origins = ((loser.raw_path, loser.stamp), *beside)
            act = Act(
                id=OperationId(0),
                batch=order.batch,
                kind=ActKind.STAGE,
                state=ActState.INTENDED,
                file=loser.id,
                keeper=keeper.id,
                group=group,
                legs=tuple(
                    Leg(path, folder + b"/" + name, stamp)
                    for (path, stamp), name in zip(origins, names, strict=True)
                ),
                holding=top,
                content_hash=loser.content_hash,
                reason=reason,
                who=order.who,
                undoes=order.undoes,
            )
            return replace(act, id=await acts.begin(conn, act))

        return await acts.together(conn, work)

    async def begin_restore(self, conn: Connection, staged: Held, *, order: Order, rename: bool) -> Act:
        """Write down that a staged file goes back; raises SourceTaken if its place is in use.

        `rename`: take the first free name of the form `Film (2)` instead.
        """
        legs = await asyncio.to_thread(self._legs_back, staged, rename)
        return await self._begin(conn, staged, ActKind.RESTORE, legs, order)

    async def begin_purge(self, conn: Connection, staged: Held, *, order: Order) -> Act:
        """Write down that a staged file is deleted; raises Refused if a rule forbids it."""
        legs = await asyncio.to_thread(self._legs_away, staged)
        return await self._begin(conn, staged, ActKind.PURGE, legs, order)

    async def _begin(
        self, conn: Connection, staged: Held, kind: ActKind, legs: Sequence[Leg], order: Order
    ) -> Act:
        act = Act(
            id=OperationId(0),
            batch=order.batch,
            kind=kind,
            state=ActState.INTENDED,
            file=staged.file,
            keeper=staged.keeper,
            group=staged.group,
            legs=tuple(legs),
            holding=staged.holding,
            content_hash=staged.content_hash,
            reason=staged.reason,
            who=order.who,
            undoes=order.undoes,
        )

        async def work() -> Act:
            return replace(act, id=await acts.begin(conn, act))

        return await acts.together(conn, work)

    def _beside(self, video: bytes) -> list[tuple[bytes, FileStamp]]:
        """Return the sidecars of a video with their stamps; links and folders of such names stay."""
        folder, name = split(video)
        found = []
        for sidecar in sidecars_of(name, self._source.names_in(folder)):
            path = folder + b"/" + sidecar
            try:
                found.append((path, self._source.stat(path).stamp))
            except (SourceMissing, SourceChanged):
                continue
        return found

    def _make_folder(self, folder: bytes, top: bytes, root: bytes) -> None:
        """Make the date folder, but never in the place of a disk that is not mounted."""
        base = root if below(top, root) else _must_stand(top)
        if not self._source.is_folder(base):
            raise SourceOffline(f"{display(base)} is not there; is its disk mounted?")
        above = folder
        while above != base and not self._source.exists(above):
            above = split(above)[0]
        if below(above, top):
            self._source.real_folder(above, top=top)
        self._source.make_folder(folder)
        self._source.real_folder(folder, top=root if top == holding_folder(None, root) else top)

    def _legs_back(self, staged: Held, rename: bool) -> list[Leg]:
        video = self._stamp_if_there(staged.staged)
        put_back = video is None and self._holds(staged.original, staged.stamp)
        if video is None and not put_back:
            raise SourceMissing(f"{display(staged.staged)} is not in the holding folder any more")
        ways = [(staged.staged, staged.original, video or staged.stamp)]
        for leg in staged.sidecars:
            assert leg.destination is not None
            stamp = self._stamp_if_there(leg.destination)
            if stamp is not None:  # one that is gone holds nothing back
                ways.append((leg.destination, leg.source, stamp))
        folder = split(staged.original)[0]
        names = [split(original)[1] for _, original, _ in ways]
        if rename and not put_back:
            there = {folded(name) for name in _names_if_any(self._source, folder)}
            names = list(free_names(names[0], names[1:], lambda name: folded(name) in there))
        elif not put_back:
            for _, original, _ in ways:
                if self._source.exists(original):
                    raise SourceTaken(
                        f"{display(original)} is in use again; restore under another name, or move it away"
                    )
        return [
            Leg(path, folder + b"/" + name, stamp) for (path, _, stamp), name in zip(ways, names, strict=True)
        ]

    def _legs_away(self, staged: Held) -> list[Leg]:
        """The files to delete, by the stamps that they were staged with; ones gone already are left out."""
        legs = [Leg(staged.staged, None, staged.stamp)]
        for leg in staged.sidecars:
            assert leg.destination is not None
            now = self._stamp_if_there(leg.destination)
            if now is None:
                continue
            if not same_content(now, leg.stamp):
                raise SourceChanged(
                    f"{display(leg.destination)} was changed in the holding folder; restore or remove it"
                )
            legs.append(Leg(leg.destination, None, now))
        return legs

    def _stamp_if_there(self, path: bytes) -> FileStamp | None:
        try:
            return self._source.stat(path).stamp
        except SourceMissing:
            return None

    def _holds(self, path: bytes, stamp: FileStamp) -> bool:
        now = self._stamp_if_there(path)
        return now is not None and same_content(now, stamp)


def _must_stand(top: bytes) -> bytes:
    """Return the folder that shows that the disk of a holding folder is there: a share is one whole."""
    source, path = place(top)
    return split(top)[0] if source == LOCAL else locate(source, b"/" + path.split(b"/")[1])


def _names_if_any(source: Places, folder: bytes) -> list[bytes]:
    return source.names_in(folder) if source.is_folder(folder) else []
