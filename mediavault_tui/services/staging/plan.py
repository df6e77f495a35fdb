"""Turn "this file may go" into an act of the journal: which sidecars, under which names, whereto."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cache

from mediavault_tui.domain.holding import (
    date_folder,
    folded,
    holding_folder,
    sidecars_of,
    split,
)
from mediavault_tui.domain.model import FileState, Kind, MediaFile, OperationId
from mediavault_tui.domain.paths import place
from mediavault_tui.domain.pathtext import display
from mediavault_tui.domain.staging import ActKind, Held, Leg
from mediavault_tui.domain.verdict import Loss
from mediavault_tui.errors import (
    Refused,
    SourceChanged,
    SourceError,
    SourceMissing,
    SourceTaken,
)
from mediavault_tui.services.staging import checks as stage_checks
from mediavault_tui.services.staging.drafts import (
    Begun,
    Beside,
    Drafted,
    HeldDraft,
    Order,
    StageDraft,
    Wanted,
    Way,
    written,
)
from mediavault_tui.services.staging.holding import make_folder
from mediavault_tui.services.staging.looks import same_content, stamp_if_there
from mediavault_tui.services.staging.subtitles import lost_beside, must_not_be_lost
from mediavault_tui.services.staging.waves import at_once
from mediavault_tui.sources.places import Places
from mediavault_tui.store import acts, staging
from mediavault_tui.store.database import Connection


class Planner:
    """Writes intents; looks at the disk for names, but moves nothing."""

    def __init__(self, source: Places, staging_of: Callable[[str], bytes | None]) -> None:
        """`staging_of` returns the located holding folder set for a source, None where none is."""
        self._source = source
        self._staging_of = staging_of

    def holding_top(self, root: bytes) -> bytes:
        """Return the holding folder that takes files of a scanned folder."""
        return holding_folder(self._staging_of(place(root)[0]), root)

    async def begin_stages(
        self,
        conn: Connection,
        wanted: Sequence[Wanted],
        *,
        order: Order,
        now: datetime,
        make_folders: bool = True,
    ) -> list[Begun]:
        """Write down, in one transaction, that these go: for each its act, or why it stays.

        `make_folders` False is for a rehearsal, which must leave nothing behind.
        """
        ways = [self._way(one, now) for one in wanted]
        used = await staging.holdings_in_use(conn, {way.top for way in ways})
        beside = await self._all_beside(wanted)
        if make_folders:
            new = list(dict.fromkeys(ways))
            made = dict(
                zip(
                    new,
                    await at_once(lambda way: make_folder(self._source, way, used=way.top in used), new),
                    strict=True,
                )
            )
            beside = [made[way] or found for way, found in zip(ways, beside, strict=True)]

        async def work() -> list[Begun]:
            taken = {
                folder: await self._taken(conn, folder) for folder in sorted({way.folder for way in ways})
            }
            await acts.lock_files(conn, [id for one in wanted for id in (one.loser.id, one.keeper.id)])
            drafts: list[Drafted] = []
            for one, way, found in zip(wanted, ways, beside, strict=True):
                names = taken[way.folder]
                if isinstance(found, Refused | SourceError):
                    drafts.append(found)
                elif isinstance(names, SourceError):
                    drafts.append(names)
                else:
                    drafts.append(StageDraft(one, way, found, order, names))
            return await written(conn, drafts)

        return await acts.together(conn, work)

    def _way(self, one: Wanted, now: datetime) -> Way:
        top = self.holding_top(one.loser.root)
        kind = one.loser.identity.kind if one.loser.identity else Kind.OTHER
        return Way(date_folder(top, kind, now.date()), top, one.loser.root)

    async def _taken(self, conn: Connection, folder: bytes) -> set[str] | SourceError:
        """Return the names that are in use in a folder, in which only we choose names from now on."""
        claimed = await acts.lock_folder(conn, folder)
        try:
            there = await asyncio.to_thread(self._names_if_any, folder)
        except SourceError as error:
            return error
        return {folded(name) for name in (*there, *(split(path)[1] for path in claimed))}

    async def _all_beside(self, wanted: Sequence[Wanted]) -> list[Beside | Refused | SourceError]:
        """Return the sidecars of each file, or why it stays; every folder is listed once.

        Where a purged file lay is not looked at: no path of a disk is its path now.
        """
        here = [one for one in wanted if one.loser.state is FileState.PRESENT]
        folders = list(dict.fromkeys(split(one.loser.raw_path)[0] for one in here))
        names = dict(zip(folders, await at_once(self._source.names_in, folders), strict=True))

        kept_names = cache(self._source.names_in)

        def look(one: Wanted) -> Beside:
            if one.loser.state is not FileState.PRESENT:
                raise Refused(
                    f"{one.loser.path} is {one.loser.state}; only a file that is present can be staged."
                )
            found = names[split(one.loser.raw_path)[0]]
            if isinstance(found, Refused | SourceError):
                raise found
            beside = self._beside(one.loser.raw_path, found)
            if not one.chosen and one.undoes is None:  # else a person has seen what goes
                must_not_be_lost(one.loser, one.keeper, [path for path, _ in beside], kept_names)
            return beside

        return await at_once(look, wanted)

    def lost_beside(self, loser: MediaFile, keeper: MediaFile) -> tuple[Loss, ...]:
        """Return what only the subtitles have that go along with `loser`. Blocks. Raises: SourceError."""
        beside = self._beside(loser.raw_path, self._source.names_in(split(loser.raw_path)[0]))
        return lost_beside(loser, keeper, [path for path, _ in beside], self._source.names_in)

    async def begin_restores(
        self,
        conn: Connection,
        staged: Sequence[Held],
        undoes: Sequence[OperationId | None],
        *,
        order: Order,
        rename: bool,
    ) -> list[Begun]:
        """Write down, in one transaction, that staged files go back: for each its act, or why it stays.

        One whose place is in use stays (SourceTaken), or with `rename` takes the first free name of the
        form `Film (2)`. `undoes`: for each the act that this takes back.
        """
        folders = list(dict.fromkeys(split(one.original)[0] for one in staged)) if rename else []
        names = dict(zip(folders, await at_once(self._names_if_any, folders), strict=True))

        def look(one: Held) -> tuple[list[Leg], bool]:
            found = names.get(split(one.original)[0])
            if isinstance(found, Refused | SourceError):
                raise found
            return self._legs_back(one, rename)

        ways = await at_once(look, staged)

        async def work() -> list[Begun]:
            await acts.lock_files(conn, [id for one in staged for id in (one.file, one.keeper)])
            taken = {
                folder: {folded(name) for name in found}
                for folder, found in names.items()
                if not isinstance(found, Refused | SourceError)
            }
            drafts: list[Drafted] = []
            coming: set[str] = set()
            for one, way, undone in zip(staged, ways, undoes, strict=True):
                if isinstance(way, Refused | SourceError):
                    drafts.append(way)
                    continue
                legs, by_hand = way
                numbered = taken[split(one.original)[0]] if rename and not by_hand else None
                if numbered is None:
                    ends = [leg.destination or b"" for leg in legs]
                    if twice := next((end for end in ends if folded(end) in coming), None):
                        drafts.append(_in_use(twice))
                        continue
                    coming.update(map(folded, ends))
                drafts.append(HeldDraft(one, ActKind.RESTORE, tuple(legs), order, undone, numbered))
            return await written(conn, drafts)

        return await acts.together(conn, work)

    async def begin_purges(self, conn: Connection, staged: Sequence[Held], *, order: Order) -> list[Begun]:
        """Write down, in one transaction, that staged files go for good: each one's act, or why it stays."""
        ways = await at_once(self._legs_away, staged)
        drafts: list[Drafted] = [
            way
            if isinstance(way, Refused | SourceError)
            else HeldDraft(one, ActKind.PURGE, tuple(way), order)
            for one, way in zip(staged, ways, strict=True)
        ]

        async def work() -> list[Begun]:
            await acts.lock_files(conn, [id for one in staged for id in (one.file, one.keeper)])
            await staging.lock_approved(conn, [one.id for one in staged])
            return await written(conn, drafts)

        return await acts.together(conn, work)

    def _beside(self, video: bytes, names: Sequence[bytes]) -> Beside:
        """Return the sidecars of a video with their stamps; links and folders of such names stay."""
        folder, name = split(video)
        found = []
        for sidecar in sidecars_of(name, names):
            path = folder + b"/" + sidecar
            try:
                found.append((path, self._source.stat(path).stamp))
            except (SourceMissing, SourceChanged):
                continue
        return found

    def _legs_back(self, staged: Held, rename: bool) -> tuple[list[Leg], bool]:
        """Return the ways back, and whether somebody has put the video back by hand already."""
        video = stamp_if_there(self._source, staged.staged)
        back = stamp_if_there(self._source, staged.original) if video is None else None
        by_hand = back is not None and back.size == staged.stamp.size  # its time need not have been kept
        if video is None and not by_hand:
            raise stage_checks.not_held(self._source, staged)
        legs = [Leg(staged.staged, staged.original, video or back or staged.stamp)]
        for leg in staged.sidecars:
            assert leg.destination is not None
            stamp = stamp_if_there(self._source, leg.destination)
            if stamp is not None:  # one that is gone holds nothing back
                legs.append(Leg(leg.destination, leg.source, stamp))
        if not rename and not by_hand:
            for leg in legs:
                if self._source.exists(leg.destination or b""):
                    raise _in_use(leg.destination or b"")
        return legs, by_hand

    def _legs_away(self, staged: Held) -> list[Leg]:
        """The files to delete, by the stamps that they were staged with; ones gone already are left out.

        A film that somebody took away may have been rescued to anywhere: its sidecars are not deleted then.
        """
        legs = [Leg(staged.staged, None, staged.stamp)]
        if stamp_if_there(self._source, staged.staged) is None:
            return legs
        for leg in staged.sidecars:
            assert leg.destination is not None
            now = stamp_if_there(self._source, leg.destination)
            if now is None:
                continue
            if not same_content(now, leg.stamp):
                raise SourceChanged(
                    f"{display(leg.destination)} was changed in the holding folder; restore or remove it"
                )
            legs.append(Leg(leg.destination, None, now))
        return legs

    def _names_if_any(self, folder: bytes) -> list[bytes]:
        return self._source.names_in(folder) if self._source.is_folder(folder) else []


def _in_use(path: bytes) -> SourceTaken:
    return SourceTaken(f"{display(path)} is in use again; restore under another name, or move it away")
