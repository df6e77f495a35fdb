"""One act on one file, from the written intent to the last line of the journal.

Intent (committed) → last look → manifest → moves, the video first → inventory. A refusal
before the first move ends as `failed`; one after it puts everything back and ends as
`undone`. Whatever else ends the program in between is for `staging.recovery`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from mediavault_tui.domain.holding import split
from mediavault_tui.domain.manifest import ManifestEntry, ManifestFile, revised
from mediavault_tui.domain.model import FileId, FileStamp, MediaFile, StagedId
from mediavault_tui.domain.paths import LOCAL, locate
from mediavault_tui.domain.pathtext import display
from mediavault_tui.domain.staging import Act, ActKind, ActState, Found, Held, Leg, VerifiedCopy
from mediavault_tui.errors import MediaVaultError, Refused, SourceChanged, SourceError, SourceMissing
from mediavault_tui.services.staging.hold import Hold
from mediavault_tui.services.staging.moves import Mover, Step
from mediavault_tui.services.staging.parts import part_beside
from mediavault_tui.sources.places import Places
from mediavault_tui.store import acts, staging
from mediavault_tui.store.database import Connection
from mediavault_tui.store.files import media_file
from mediavault_tui.store.staging import Arrived

Look = Callable[[], None]
"""The last look at the disk: returns, or raises Refused or SourceError. Blocks."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What carrying out acts needs of the world."""

    source: Places
    mover: Mover
    step: Step
    now: Callable[[], datetime]

    def under(self, hold: Hold) -> Tools:
        """Return tools that move and remove nothing any more once `hold` has ended."""
        return replace(self, mover=self.mover.under(hold))


class Carrying:
    """Carries out acts that were begun; on one connection, whose session holds the acts' locks."""

    def __init__(self, tools: Tools, conn: Connection) -> None:
        self._tools = tools
        self._conn = conn

    async def rename(self, act: Act, look: Look) -> None:
        """Give a begun rename's files their new names and record it."""
        await self._look(act, look)
        try:
            await self.carry_all(act)
        except SourceError as error:
            await self.put_back(act, error)
            raise
        await self.record_rename(act)

    async def _look(self, act: Act, look: Look) -> None:
        try:
            await asyncio.to_thread(look)
        except (Refused, SourceError) as error:
            await self.close(act, ActState.FAILED, str(error))
            raise
        self._tools.step("last look")

    async def carry_all(self, act: Act, *, perhaps_there: bool = False) -> None:
        """Carry every leg; `perhaps_there`: a person may have put a file back by hand."""
        for number, leg in enumerate(act.legs):
            if not (perhaps_there and await self.arrived(leg)):
                await self.carry(act, number)
            if number == 0:
                await acts.advance(self._conn, act.id, ActState.INTENDED, ActState.MOVED)
                self._tools.step("video moved")

    async def carry(self, act: Act, number: int) -> None:
        """Bring one leg of an act to its destination."""
        leg = act.legs[number]
        assert leg.destination is not None

        async def remember(copy: VerifiedCopy) -> None:
            if number == 0 and act.content_hash not in (None, copy.hash):
                await asyncio.to_thread(self._tools.source.remove_if_there, part)
                raise SourceChanged(
                    f"{display(leg.source)} is not what was hashed; check the disk and scan again"
                )
            await acts.remember_copy(self._conn, act.id, number, copy)

        part = part_beside(act, number, leg.destination)
        await acts.still_owned(self._conn, act.id)
        await self._tools.mover.carry(leg, part, remember)
        self._tools.step("leg carried")

    async def put_back(self, act: Act, error: MediaVaultError) -> None:
        """Bring every file of an act back to its source, and end the act as undone.

        If the disk does not even let us do that, the act stays open for the next start.
        """
        current = await acts.act(self._conn, act.id)
        try:
            for number in reversed(range(len(act.legs))):
                await acts.still_owned(self._conn, act.id)
                await self._tools.mover.bring_back(current, number)
                self._tools.step("leg brought back")
            if act.kind is ActKind.STAGE:
                await self.strike_from_manifest(act, _folder(act.video.destination))
        except SourceError as worse:
            raise SourceError(
                f"{error}; and putting it back failed: {worse}. The next start tries again"
            ) from worse
        await self.close(current, ActState.UNDONE, str(error))

    async def close(self, act: Act, new: ActState, why: str) -> None:
        """End an act that moved nothing, or nothing any more."""
        await acts.advance(self._conn, act.id, act.state, new, error=why)
        self._tools.step("closed")

    # The ends of acts: each is repeated by recovery and means the same the second time.

    async def record_stage(self, act: Act) -> StagedId:
        """Write down that a file is staged; its video must be at the destination."""
        destination = act.video.destination
        assert destination is not None
        found = await asyncio.to_thread(self._tools.source.stat, destination)
        moved = [leg for leg in act.legs[1:] if await self.arrived(leg)]
        current = await acts.act(self._conn, act.id)
        copy = current.copy_of(0)

        arrived = Arrived(
            act, found.stamp, found.links, tuple(moved), copy.hash if copy else act.content_hash
        )

        async def work() -> StagedId:
            return (await staging.finish_stages(self._conn, [arrived]))[0]

        id = await acts.together(self._conn, work)
        self._tools.step("recorded")
        return id

    async def record_rename(self, act: Act) -> None:
        """Write down that a file has its new name."""
        destination = act.video.destination
        assert destination is not None
        found = await asyncio.to_thread(self._tools.source.stat, destination)

        async def work() -> None:
            await staging.finish_rename(self._conn, act, stamp=found.stamp)

        await acts.together(self._conn, work)
        self._tools.step("recorded")

    async def record_purge(self, act: Act, staged: Held) -> None:
        """Delete what is left of a purge whose video is gone, and write it down.

        Raises: SourceError if a sidecar resists; the act stays open for the next start.
        """
        if act.state is ActState.INTENDED:
            await acts.advance(self._conn, act.id, ActState.INTENDED, ActState.MOVED)
            self._tools.step("video purged")
        for leg in act.legs[1:]:
            await acts.still_owned(self._conn, act.id)
            try:
                await asyncio.to_thread(self._tools.mover.remove, leg)
            except SourceMissing:
                continue  # before a crash, or by hand
        await asyncio.to_thread(self._tools.source.settle, [_folder(act.video.source)])
        await self.strike_from_manifest(act, _folder(act.video.source))

        async def work() -> None:
            await staging.finish_purges(self._conn, [(act, staged)])

        await acts.together(self._conn, work)
        self._tools.step("recorded")

    async def arrived(self, leg: Leg) -> bool:
        """Return whether a leg's file is at its destination, and there only."""
        return await self._tools.mover.whereabouts(leg) is Found.DESTINATION

    async def list_in_manifest(self, folder: bytes, coming: Sequence[tuple[Act, MediaFile]]) -> None:
        """Name the files of acts, each with its keeper, in the manifest of the folder that they go to."""
        now = self._tools.now()
        entries = [
            ManifestEntry(
                video=_listed(act.video),
                sidecars=tuple(_listed(leg) for leg in act.legs[1:]),
                content_hash=act.content_hash,
                reason=act.reason,
                keeper=keeper.raw_path,
                who=act.who,
                when=now,
            )
            for act, keeper in coming
        ]
        await self._rewrite(folder, add=entries)

    async def strike_from_manifest(self, act: Act, folder: bytes) -> None:
        """Take the act's video out of the manifest of `folder`, where it lay or would have lain."""
        staged = act.video.destination if act.kind is ActKind.STAGE else act.video.source
        assert staged is not None
        await self.strike(folder, [staged])

    async def strike(self, folder: bytes, staged: Sequence[bytes]) -> None:
        """Take files out of the manifest of the folder in which they lay or would have lain."""
        await self._rewrite(folder, remove=[split(path)[1] for path in staged])

    async def strike_if_possible(self, folder: bytes, back: Sequence[bytes]) -> None:
        """Take files that are back out of the manifest: an entry without its file does no harm."""
        try:
            await self.strike(folder, back)
        except SourceError:  # a full disk, say
            self._tools.step("manifest left")

    async def _rewrite(
        self, folder: bytes, *, add: Sequence[ManifestEntry] = (), remove: Sequence[bytes] = ()
    ) -> None:
        def change() -> None:
            self._tools.source.rewrite_manifest(
                folder,
                lambda document: revised(document, add=add, remove=remove),
                step=self._tools.step,
            )

        async with acts.manifest_lock(self._conn, folder):
            await asyncio.to_thread(change)


async def needed_file(conn: Connection, id: FileId) -> MediaFile:
    """Return a file of the inventory, its paths located; Refused if there is no such id."""
    file = await media_file(conn, id)
    if file is None:
        raise Refused(f"there is no file number {id} in the inventory")
    return located(file)


def located(file: MediaFile) -> MediaFile:
    """Return a file with its paths located, as journal and disk work have them."""
    if file.source == LOCAL:
        return file
    return replace(file, raw_path=locate(file.source, file.raw_path), root=locate(file.source, file.root))


def _folder(path: bytes | None) -> bytes:
    assert path is not None
    return split(path)[0]


def _listed(leg: Leg) -> ManifestFile:
    assert leg.destination is not None
    stamp: FileStamp = leg.stamp
    return ManifestFile(split(leg.destination)[1], leg.source, stamp.size, stamp.modified_ns)
