"""After a crash: find out what is where, and finish or undo every act that was left open.

The disk is believed, the journal says what was meant. A program that is still alive holds
its acts' locks, so two starts at once, or a start beside a running app, do no harm.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from mediavault_tui.domain.holding import split
from mediavault_tui.domain.model import FileId, FileState, Health, MediaFile
from mediavault_tui.domain.pathtext import display
from mediavault_tui.domain.staging import Act, ActKind, ActState, Found, Held, Remedy, remedy
from mediavault_tui.errors import Refused, SourceError, SourceMissing
from mediavault_tui.services.staging import checks as stage_checks
from mediavault_tui.services.staging.acts import Carrying, Tools, needed_file
from mediavault_tui.services.staging.hold import Hold
from mediavault_tui.services.staging.returning import FilmIsBack, Returning, left_held
from mediavault_tui.sources.places import Places
from mediavault_tui.store import acts, staging
from mediavault_tui.store.database import Connection, Database

_DONE = {
    ActKind.STAGE: "staged",
    ActKind.RESTORE: "restored",
    ActKind.PURGE: "purged",
    ActKind.RENAME: "renamed",
}


class Recovery:
    """Deals with what a crash left open."""

    def __init__(self, database: Database, tools: Tools) -> None:
        self._database = database
        self._tools = tools

    async def run(self, only: Iterable[FileId] | None = None) -> list[str]:
        """Return one sentence for each act (on `only` these files) that was dealt with, or cannot be now."""
        sentences = []
        async with self._database.connection() as conn:
            for id in await acts.open_acts(conn, only):
                async with acts.claimed(conn, id) as act:
                    if act is not None:
                        with (hold := Hold()).on(conn):
                            dealing = Recovery(self._database, self._tools.under(hold))
                            sentences.append(await dealing._deal_with(conn, act))
        return sentences

    async def _deal_with(self, conn: Connection, act: Act) -> str:
        carrying = (Returning if act.kind is ActKind.RESTORE else Carrying)(self._tools, conn)
        try:
            if act.kind is ActKind.PURGE and not act.begun:
                return await self._undo(carrying, act, "the program was stopped before it began")
            found = await self._tools.mover.complete(act)
            safe = act.kind is not ActKind.STAGE or await self._keeper_is_safe(conn, act)
            reachable = await asyncio.to_thread(_reachable, self._tools.source, act)
            match remedy(act.kind, found, reachable=reachable, keeper_safe=safe):
                case Remedy.FINISH:
                    return await self._finish(conn, carrying, act)
                case Remedy.UNDO:
                    try:
                        return await self._undo(carrying, act, "the program was stopped in the middle of it")
                    except FilmIsBack:
                        return await self._finish(conn, carrying, act)
                case Remedy.GIVE_UP:
                    return await self._give_up(carrying, act)
                case Remedy.WAIT:
                    return f"{_what(act)} waits: its disk cannot be reached now"
        except (SourceError, Refused) as error:
            return f"{_what(act)} cannot be finished now: {error}"

    async def _keeper_is_safe(self, conn: Connection, act: Act) -> bool:
        assert act.keeper is not None
        keeper = await needed_file(conn, act.keeper)
        if keeper.state is not FileState.PRESENT or keeper.health.health is not Health.HEALTHY:
            return False
        if act.keeper_size is not None and (act.keeper_size, act.keeper_modified_ns) != (
            keeper.size,
            keeper.stamp.modified_ns,
        ):
            return False  # a scan has read another file there since; nobody has compared it with this one
        return await asyncio.to_thread(self._looks_safe, keeper, act)

    def _looks_safe(self, keeper: MediaFile, act: Act) -> bool:
        try:
            stage_checks.kept_is_safe(self._tools.source, keeper, apart_from=act.video.stamp)
        except (Refused, SourceError):
            return False
        return True

    async def _finish(self, conn: Connection, carrying: Carrying, act: Act) -> str:
        if act.kind is ActKind.PURGE:
            return await self._finish_purge(carrying, act, await self._held(conn, act))
        if act.state is ActState.INTENDED:
            await acts.advance(conn, act.id, ActState.INTENDED, ActState.MOVED)
        try:
            if act.kind is ActKind.STAGE:
                assert act.keeper is not None
                folder = split(act.video.destination or b"")[0]
                keeper = await needed_file(conn, act.keeper)
                await carrying.list_in_manifest(folder, [(act, keeper)])
            left = await self._all_forward(carrying, act)
            await self._settle(act)
        except SourceError as error:
            return await self._undo(carrying, act, str(error))
        if act.kind is ActKind.STAGE:
            await carrying.record_stage(act)
        elif isinstance(carrying, Returning):
            await carrying.record_restore(act, await self._held(conn, act))
        else:
            await carrying.record_rename(act)
        return "; but ".join([f"{_what(act)} was finished", *map(str, left)])

    async def _settle(self, act: Act) -> None:
        """Have the moves last before the journal says that they were made: a killed program may not have.

        First where the files are now: after a power cut one may be at both places, but not at none.
        """
        ends = [split(leg.destination)[0] for leg in act.legs if leg.destination is not None]
        folders = dict.fromkeys([*ends, *(split(leg.source)[0] for leg in act.legs)])

        def settle() -> None:  # a folder that is empty now may have been removed
            self._tools.source.settle(list(filter(self._tools.source.is_folder, folders)))

        await asyncio.to_thread(settle)
        self._tools.step("moves settled")

    async def _finish_purge(self, carrying: Carrying, act: Act, staged: Held) -> str:
        try:
            await asyncio.to_thread(stage_checks.gone_for_good, self._tools.source, staged)
        except Refused as rescued:
            await carrying.close(act, ActState.UNDONE, str(rescued))
            return f"{_what(act)} was given up: {rescued}"
        await carrying.record_purge(act, staged)
        return f"{_what(act)} was finished"

    async def _all_forward(self, carrying: Carrying, act: Act) -> list[SourceError]:
        """Have every leg arrive; return what is to be said of sidecars that stay when their film is back."""
        left: list[SourceError] = []
        for number, leg in enumerate(act.legs):
            try:
                await self._forward(carrying, act, number)
            except SourceError as error:
                if act.kind is not ActKind.RESTORE or number == 0:
                    raise
                left += left_held(leg, error)
        return left

    async def _forward(self, carrying: Carrying, act: Act, number: int) -> None:
        leg = act.legs[number]
        found = await self._tools.mover.whereabouts(leg)
        if found is Found.BOTH:
            await self._tools.mover.settle(leg, forward=True)
        await self._tools.mover.sweep(act, number)
        if found is Found.SOURCE:
            try:
                await carrying.carry(act, number)
            except SourceMissing:
                return  # a sidecar that somebody took away meanwhile holds nothing up

    async def _undo(self, carrying: Carrying, act: Act, why: str) -> str:
        if act.kind is ActKind.PURGE:
            self._tools.mover.must_be_known(act.video.source)
            await carrying.close(act, ActState.UNDONE, why)
            return f"{_what(act)} had not begun; nothing was deleted"
        await carrying.put_back(act, SourceError(why))
        return f"{_what(act)} was undone: {why}"

    async def _give_up(self, carrying: Carrying, act: Act) -> str:
        why = f"{display(act.video.source)} is at neither place any more: somebody else has removed it"
        if act.kind is not ActKind.RESTORE:  # what is out of the holding folder stays out of it
            for number in range(1, len(act.legs)):
                await self._tools.mover.bring_back(act, number)
        if act.kind is ActKind.STAGE:
            await carrying.strike_from_manifest(act, split(act.video.destination or b"")[0])
        await carrying.close(act, ActState.FAILED, why)
        return f"{_what(act)} has failed: {why}"

    async def _held(self, conn: Connection, act: Act) -> Held:
        # The database lets nothing be restored or purged that was not staged.
        return (await staging.held_of_files(conn, [act.file]))[act.file]


def _reachable(source: Places, act: Act) -> bool:
    ends = [act.video.source] + ([act.video.destination] if act.video.destination is not None else [])
    return all(source.is_folder(split(end)[0]) for end in ends)


def _what(act: Act) -> str:
    return f"{display(act.video.source)} (being {_DONE[act.kind]} by {act.who})"
