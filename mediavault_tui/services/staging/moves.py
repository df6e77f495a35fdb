"""Carry one file from here to there so that a crash at any instruction leaves it whole somewhere.

On one volume that is an exclusive rename. Between volumes: copy under a name of the act's
own, on the disk (fsync), read it back and compare the hashes, journal the verified copy,
give it its name (never overwriting), look at both once more, and only then remove the source.

Where an answer is lost the file may still be renamed or removed, however late. What such a change
would leave behind is never removed: the act stays open, and the next start looks.

This module knows legs and disks, but neither groups nor keepers. Everything that touches
the disk runs in a thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Protocol

from mediavault_tui.domain.holding import split
from mediavault_tui.domain.paths import LOCAL, place
from mediavault_tui.domain.pathtext import display
from mediavault_tui.domain.staging import Act, ActKind, Found, Leg, VerifiedCopy
from mediavault_tui.errors import (
    CrossVolume,
    SourceChanged,
    SourceDenied,
    SourceError,
    SourceFull,
    SourceMissing,
    SourceOffline,
)
from mediavault_tui.probe.hashing import content_hash
from mediavault_tui.services.staging import parts as stage_parts
from mediavault_tui.services.staging.hold import Hold
from mediavault_tui.services.staging.looks import find, still
from mediavault_tui.services.staging.parts import part_beside
from mediavault_tui.sources.base import FoundFile
from mediavault_tui.sources.places import Places

_REFUSALS = (SourceDenied, SourceFull)
"""What this machine says of a file that it leaves where it is."""

Remember = Callable[[VerifiedCopy], Awaitable[None]]
"""Journal the verified copy of a leg before it takes its name."""


class Step(Protocol):
    """Told after every single step; tests kill the process there."""

    def __call__(self, name: str, /) -> None: ...


def no_step(_name: str, /) -> None:
    """Nobody watches."""


class Mover:
    """Moves the legs of an act, forward and back, and finds out where they are."""

    def __init__(self, source: Places, step: Step = no_step) -> None:
        self._source = source
        self._step = step
        self._hold = Hold()
        self._unanswered: set[bytes] = set()
        """Paths whose removal was asked for and not answered: nothing may be relied on to stay there."""

    def under(self, hold: Hold) -> Mover:
        """Return a mover that changes nothing any more once `hold` has ended."""
        mover = Mover(self._source, self._step)
        mover._hold, mover._unanswered = hold, self._unanswered
        return mover

    async def carry(self, leg: Leg, part: bytes, remember: Remember) -> None:
        """Bring a leg's file to its destination; on a SourceError look where it is.

        `part`: the name of the act's own beside the destination, for a copy between volumes.
        """
        try:
            await asyncio.to_thread(self._rename, leg)
        except CrossVolume:
            copy = await asyncio.to_thread(stage_parts.copy, self._source, leg, part, step=self._step)
            await remember(copy)
            self._step("copy journalled")
            await asyncio.to_thread(self._replace_by_copy, leg, part, copy)

    async def whereabouts(self, leg: Leg) -> Found:
        """Return where a leg's file is, judging by what is on the disk and nothing else."""
        found = await asyncio.to_thread(find, self._source, leg)
        if found is Found.SOURCE:  # and nowhere else: nothing was begun that could yet end
            self._unanswered -= {leg.source, leg.destination}
        return found

    async def complete(self, act: Act) -> Found:
        """Return where an act's video is; a verified copy that is all there is gets its name first.

        Raises: SourceChanged if something else lies under the name that it was to have.
        """
        return await asyncio.to_thread(self._complete, act)

    async def settle(self, leg: Leg, *, forward: bool) -> None:
        """Where a crash left both a source and its finished copy, remove the one not wanted.

        Nothing is removed unless both have the same content, read in full.
        """
        assert leg.destination is not None
        surplus = leg.source if forward else leg.destination
        await asyncio.to_thread(self._remove_twin, surplus, leg.destination if forward else leg.source)

    async def sweep(self, act: Act, number: int) -> None:
        """Remove what a crash left of copies of this leg under names of the act's own."""
        await asyncio.to_thread(self._sweep, act, number)

    async def bring_back(self, act: Act, number: int) -> None:
        """Put a leg's file back to its source from wherever it is; its absence is nobody's fault.

        Raises: SourceError also while a removal of its source may still be made.
        """
        leg = act.legs[number]
        found = await self.whereabouts(leg)
        if found is Found.NOWHERE and number == 0:
            found = await self.complete(act)
        if found is not Found.SOURCE:
            self.must_be_known(leg.source)
        if found is Found.BOTH:
            await self.settle(leg, forward=False)
        elif found is Found.DESTINATION:
            assert leg.destination is not None
            stamp = (await asyncio.to_thread(self._source.stat, leg.destination)).stamp
            back = Leg(leg.destination, leg.source, stamp)
            await self.carry(back, part_beside(act, number, leg.source), _forget)
        await self.sweep(act, number)

    def remove(self, leg: Leg) -> None:
        """Delete a leg's file, not yet durably, if it is still the one that was looked at. Blocks."""

        def check(found: FoundFile) -> None:
            still(leg.source, found.stamp, leg.stamp)
            self._step("removal checked")

        self._remove(leg.source, check)
        self._step("removed")

    def in_doubt(self, path: bytes) -> bool:
        """Return whether a removal of `path` was asked for that nobody answered: it may yet be made."""
        return path in self._unanswered

    def must_be_known(self, path: bytes) -> None:
        """Make sure that no removal of `path` is in doubt. Raises: SourceError."""
        if self.in_doubt(path):
            raise _unknown(path)

    def rename(self, leg: Leg, *, perhaps_there: bool = False) -> FoundFile:
        """Rename a leg's file, not yet durably, if it is still the one; CrossVolume where that is no rename.

        `perhaps_there`: a person may have moved it by hand. Blocks. On a SourceError look where it is.
        """
        assert leg.destination is not None
        try:
            return self._renamed(leg, leg.destination)
        except SourceMissing:
            if perhaps_there and find(self._source, leg) is Found.DESTINATION:
                return self._source.stat(leg.destination)
            raise

    def _renamed(self, leg: Leg, destination: bytes) -> FoundFile:
        def check(found: FoundFile) -> None:
            still(leg.source, found.stamp, leg.stamp)
            self._step("leg checked")
            self._hold()

        try:
            found = self._source.move_checked(leg.source, destination, check)
        except SourceError as error:
            if type(error) is SourceError or isinstance(error, SourceOffline):
                self._unanswered |= {leg.source, destination}  # by links either name may yet go
            raise
        self._step("leg renamed")
        return found

    def _rename(self, leg: Leg) -> None:
        assert leg.destination is not None
        self.rename(leg)
        self._source.settle((split(leg.destination)[0], split(leg.source)[0]))

    def _replace_by_copy(self, leg: Leg, part: bytes, copy: VerifiedCopy) -> None:
        assert leg.destination is not None
        self._hold()
        try:
            if not stage_parts.is_copy(self._source, part, leg, copy):
                raise _replaced(part)
            self._source.move(part, leg.destination)
        except SourceError:
            self._source.remove_if_there(part)
            raise
        self._step("copy named")
        if not stage_parts.is_copy(self._source, leg.destination, leg, copy):
            raise _replaced(leg.destination)

        def check(found: FoundFile) -> None:
            still(leg.source, found.stamp, leg.stamp)
            self._step("source checked")

        try:
            self._remove(leg.source, check)
        except (SourceChanged, *_REFUSALS):
            if leg.source not in self._unanswered and self._source.exists(leg.source):
                self._source.remove(leg.destination)
            raise
        self._source.settle([split(leg.source)[0]])
        self._step("source removed")

    def _remove(self, path: bytes, check: Callable[[FoundFile], None]) -> None:
        """Remove a file that `check` lets pass, and remember the path if nobody says whether it was done."""
        asked = False

        def checked(found: FoundFile) -> None:
            nonlocal asked
            check(found)
            self._hold()
            asked = True

        try:
            self._source.remove_checked(path, checked)
        except SourceError as error:
            # A share may refuse to be asked again while it still does what it was asked first.
            answers = _REFUSALS if place(path)[0] == LOCAL else ()
            if asked and not isinstance(error, (SourceMissing, *answers)):
                self._unanswered.add(path)
            raise

    def _complete(self, act: Act) -> Found:
        leg, copy = act.video, act.copy_of(0)
        found = find(self._source, leg)
        if found is not Found.NOWHERE or leg.destination is None:
            return found
        if self._source.exists(leg.destination):
            hashes = (act.content_hash, copy.hash if copy is not None else None)
            if stage_parts.has_content(self._source, leg.destination, leg, hashes):
                return Found.DESTINATION  # only its time has changed, and perhaps its number
            if act.kind is not ActKind.RESTORE:  # what is out of the holding folder is its owner's affair
                raise _replaced_meanwhile(leg)
        elif copy is not None:
            for named in (part_beside, stage_parts.named_of_old):
                part = named(act, 0, leg.destination)
                if stage_parts.is_copy(self._source, part, leg, copy):
                    self._hold()
                    self._source.move(part, leg.destination)
                    return Found.DESTINATION
        return found

    def _remove_twin(self, surplus: bytes, wanted: bytes) -> None:
        self.must_be_known(wanted)
        with self._source.open(surplus) as one, self._source.open(wanted) as other:
            same_file = one.stamp() == other.stamp()
            if same_file and self._source.stat(surplus).links < 2:
                raise SourceChanged(f"{display(surplus)} and {display(wanted)} are one name of one file")
            if not same_file and content_hash(one) != content_hash(other):
                raise SourceChanged(f"{display(surplus)} and {display(wanted)} differ: neither is touched")
            compared = one.stamp()

        def check(found: FoundFile) -> None:
            still(surplus, found.stamp, compared)

        with suppress(SourceMissing):  # what was asked before, and not answered, has been done
            self._remove(surplus, check)
            self._source.settle([split(surplus)[0]])
        self._unanswered.discard(surplus)
        self._step("twin removed")

    def _sweep(self, act: Act, number: int) -> None:
        leg = act.legs[number]
        if leg.destination is None or (found := find(self._source, leg)) is Found.NOWHERE:
            return  # a finished copy under such a name may then be all there is
        self._hold()
        whole = leg.destination if found is Found.DESTINATION else leg.source
        stage_parts.sweep(self._source, act, number, whole=whole)


def _replaced(path: bytes) -> SourceChanged:
    return SourceChanged(f"{display(path)} is not the copy that was made there; try again")


def _replaced_meanwhile(leg: Leg) -> SourceChanged:
    there, back = display(leg.destination or b""), display(leg.source)
    return SourceChanged(
        f"{there} is not as it was when it was moved there; move it to {back}, or away if it is another file"
    )


def _unknown(path: bytes) -> SourceError:
    return SourceError(f"it is not known yet whether {display(path)} was removed")


async def _forget(_copy: VerifiedCopy) -> None:
    """The way back needs no journal: `whereabouts` and a full comparison decide after a crash."""
