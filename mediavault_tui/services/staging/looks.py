"""What the disk says of an act's file: whether it is the one, and at which end of its way. Blocks."""

from __future__ import annotations

from mediavault_tui.domain.holding import folded, split
from mediavault_tui.domain.model import FileStamp
from mediavault_tui.domain.pathtext import display
from mediavault_tui.domain.staging import Found, Leg
from mediavault_tui.errors import SourceChanged, SourceMissing
from mediavault_tui.sources.base import Source
from mediavault_tui.sources.places import Places

_CLOCK_GRAIN = 2_000_000_000
"""Nanoseconds to which some file systems (FAT) round a modification time."""


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


def stamp_if_there(source: Source, path: bytes) -> FileStamp | None:
    """Return the stamp of the file that lies there; None if nothing does."""
    try:
        return source.stat(path).stamp
    except SourceMissing:
        return None


def is_there(source: Source, path: bytes, stamp: FileStamp) -> bool:
    """Return whether a file lies there that is that one by size and, if not by its time, by its number."""
    try:
        now = source.stat(path).stamp
    except (SourceMissing, SourceChanged):
        return False
    return same_content(now, stamp) or (now.inode, now.size) == (stamp.inode, stamp.size)


def find(source: Places, leg: Leg) -> Found:
    """Return where a leg's file is, judging by what is on the disk and nothing else."""
    there = leg.destination is not None and is_there(source, leg.destination, leg.stamp)
    here = is_there(source, leg.source, leg.stamp) if there else source.exists(leg.source)
    if there and here and leg.destination is not None and folded(leg.source) == folded(leg.destination):
        # Where case means nothing one entry answers to both names: a listing tells which it has.
        there, here = _listed(source, leg.destination), _listed(source, leg.source)
    if there:
        return Found.BOTH if here else Found.DESTINATION
    # Changed or not: what is there has not been moved.
    return Found.SOURCE if here else Found.NOWHERE


def _listed(source: Places, path: bytes) -> bool:
    folder, name = split(path)
    return name in source.names_in(folder)
