"""Carry one file from here to there so that a crash at any instruction leaves it whole somewhere.

On one volume that is an exclusive rename. Between volumes: copy under a name of the act's
own, on the disk (fsync), read it back and compare the hashes, journal the verified copy,
give it its name (never overwriting), look at the source once more, and only then remove it.

This module knows legs and disks, but neither groups nor keepers. Everything that touches
the disk runs in a thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from xxhash import xxh3_128

from mediavault_tui.domain.holding import folded, split
from mediavault_tui.domain.model import FileStamp
from mediavault_tui.domain.pathtext import display
from mediavault_tui.domain.staging import Act, Found, Leg, VerifiedCopy
from mediavault_tui.errors import CrossVolume, SourceChanged, SourceError, SourceMissing
from mediavault_tui.probe.hashing import content_hash
from mediavault_tui.sources.base import FoundFile, Source
from mediavault_tui.sources.local import partial_name
from mediavault_tui.sources.places import Places

_CLOCK_GRAIN = 2_000_000_000
"""Nanoseconds to which some file systems (FAT) round a modification time."""

Remember = Callable[[VerifiedCopy], Awaitable[None]]
"""Journal the verified copy of a leg before it takes its name."""


class Step(Protocol):
    """Told after every single step; tests kill the process there."""

    def __call__(self, name: str, /) -> None: ...


def no_step(_name: str, /) -> None:
    """Nobody watches."""


def same_content(now: FileStamp, then: FileStamp) -> bool:
    """Return whether size and time say that it is the same content, wherever it lies now."""
    return now.size == then.size and abs(now.modified_ns - then.modified_ns) <= _CLOCK_GRAIN


def same_file(now: FileStamp, then: FileStamp) -> bool:
    """Return whether it is the same file; a volume may have another number since a restart."""
    return (now.inode, now.size, now.modified_ns) == (then.inode, then.size, then.modified_ns)


def unchanged(source: Source, path: bytes, then: FileStamp) -> FileStamp:
    """Look at a file now; raises SourceChanged unless it is the one that was looked at before."""
    return still(path, source.stat(path).stamp, then)


def still(path: bytes, now: FileStamp, then: FileStamp) -> FileStamp:
    """Return `now`; raises SourceChanged unless it is the stamp of the file that was looked at before."""
    if not same_file(now, then):
        raise SourceChanged(f"{display(path)} has changed since it was last looked at; scan again")
    return now


class Mover:
    """Moves the legs of an act, forward and back, and finds out where they are."""

    def __init__(self, source: Places, step: Step = no_step) -> None:
        self._source = source
        self._step = step

    async def carry(self, leg: Leg, part: bytes, remember: Remember) -> None:
        """Bring a leg's file to its destination; on any SourceError it is still at its source.

        `part`: the name of the act's own beside the destination, for a copy between volumes.
        """
        try:
            await asyncio.to_thread(self._rename, leg)
        except CrossVolume:
            copy = await asyncio.to_thread(self._copy, leg, part)
            await remember(copy)
            self._step("copy journalled")
            await asyncio.to_thread(self._replace_by_copy, leg, part, copy)

    async def whereabouts(self, leg: Leg) -> Found:
        """Return where a leg's file is, judging by what is on the disk and nothing else."""
        return await asyncio.to_thread(self._find, leg)

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
        """Put a leg's file back to its source from wherever it is; its absence is nobody's fault."""
        leg = act.legs[number]
        found = await self.whereabouts(leg)
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

        self._source.remove_checked(leg.source, check)
        self._step("removed")

    def rename(self, leg: Leg, *, perhaps_there: bool = False) -> FoundFile:
        """Rename a leg's file, not yet durably, if it is still the one; CrossVolume where that is no rename.

        `perhaps_there`: a person may have moved it by hand. Blocks. On any SourceError it is still at its
        source.
        """
        assert leg.destination is not None
        try:
            return self._renamed(leg, leg.destination)
        except SourceMissing:
            if perhaps_there and self._find(leg) is Found.DESTINATION:
                return self._source.stat(leg.destination)
            raise

    def _renamed(self, leg: Leg, destination: bytes) -> FoundFile:
        def check(found: FoundFile) -> None:
            still(leg.source, found.stamp, leg.stamp)
            self._step("leg checked")

        found = self._source.move_checked(leg.source, destination, check)
        self._step("leg renamed")
        return found

    def _rename(self, leg: Leg) -> None:
        assert leg.destination is not None
        self.rename(leg)
        self._source.settle((split(leg.destination)[0], split(leg.source)[0]))

    def _copy(self, leg: Leg, part: bytes) -> VerifiedCopy:
        """Copy to `part`, read it back and compare; nothing is left behind if that fails."""
        read = xxh3_128()

        def seen(chunk: memoryview) -> None:
            read.update(chunk)
            self._step("chunk read")

        try:
            self._source.copy(leg.source, part, on_chunk=seen)
            self._step("copy on the disk")
            with self._source.open(part) as copied:
                written = content_hash(copied)
                stamp = copied.stamp()
            if written != read.digest() or stamp.size != leg.stamp.size:
                raise SourceChanged(f"the copy of {display(leg.source)} is not what was read; check the disk")
            unchanged(self._source, leg.source, leg.stamp)
        except SourceError:
            self._source.remove_if_there(part)
            raise
        self._step("copy compared")
        return VerifiedCopy(stamp.device, stamp.inode, written)

    def _replace_by_copy(self, leg: Leg, part: bytes, copy: VerifiedCopy) -> None:
        assert leg.destination is not None
        try:
            self._source.move(part, leg.destination)
        except SourceError:
            self._source.remove_if_there(part)
            raise
        self._step("copy named")

        def check(found: FoundFile) -> None:
            still(leg.source, found.stamp, leg.stamp)
            self._step("source checked")

        try:
            self._source.remove_checked(leg.source, check)
            self._source.settle([split(leg.source)[0]])
        except SourceError:
            if (
                self._source.exists(leg.source)
                and self._source.stat(leg.destination).stamp.inode == copy.inode
            ):
                self._source.remove(leg.destination)
            raise
        self._step("source removed")

    def _find(self, leg: Leg) -> Found:
        there = leg.destination is not None and self._is(leg.destination, leg.stamp)
        here = self._is(leg.source, leg.stamp) if there else self._source.exists(leg.source)
        if there and here and leg.destination is not None and folded(leg.source) == folded(leg.destination):
            # Where case means nothing one entry answers to both names: a listing tells which it has.
            there, here = self._listed(leg.destination), self._listed(leg.source)
        if there:
            return Found.BOTH if here else Found.DESTINATION
        # Changed or not: what is there has not been moved.
        return Found.SOURCE if here else Found.NOWHERE

    def _listed(self, path: bytes) -> bool:
        folder, name = split(path)
        return name in self._source.names_in(folder)

    def _is(self, path: bytes, stamp: FileStamp) -> bool:
        try:
            return same_content(self._source.stat(path).stamp, stamp)
        except (SourceMissing, SourceChanged):
            return False

    def _remove_twin(self, surplus: bytes, wanted: bytes) -> None:
        with self._source.open(surplus) as one, self._source.open(wanted) as other:
            same_file = one.stamp() == other.stamp()
            if same_file and self._source.stat(surplus).links < 2:
                raise SourceChanged(f"{display(surplus)} and {display(wanted)} are one name of one file")
            if not same_file and content_hash(one) != content_hash(other):
                raise SourceChanged(f"{display(surplus)} and {display(wanted)} differ: neither is touched")
        self._source.remove(surplus)
        self._step("twin removed")

    def _sweep(self, act: Act, number: int) -> None:
        leg = act.legs[number]
        if leg.destination is None or self._find(leg) is Found.NOWHERE:
            return  # a finished copy under such a name may then be all there is
        for end in (leg.source, leg.destination):
            part = part_beside(act, number, end)
            for name in (part, partial_name(part)):
                self._source.remove_if_there(name)


def part_beside(act: Act, number: int, path: bytes) -> bytes:
    """Return the name of the act's own, beside `path`, under which a copy of a leg grows."""
    return split(path)[0] + b"/.mediavault-%d-%d.part" % (act.id, number)


async def _forget(_copy: VerifiedCopy) -> None:
    """The way back needs no journal: `whereabouts` and a full comparison decide after a crash."""
