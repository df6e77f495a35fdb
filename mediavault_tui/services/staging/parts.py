"""The files under which a copy between volumes grows: their names, how they grow, and which are an act's own.

Two databases may use one holding folder, and both number their acts from one. So a name holds the batch,
which is a random number, and no recovery takes another library's copy for its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from xxhash import xxh3_128

from mediavault_tui.domain.holding import split
from mediavault_tui.domain.pathtext import display
from mediavault_tui.domain.staging import Act, Leg, VerifiedCopy
from mediavault_tui.errors import SourceChanged, SourceError, SourceMissing
from mediavault_tui.probe.hashing import content_hash
from mediavault_tui.services.staging.looks import same_content, unchanged
from mediavault_tui.sources.local.source import partial_name
from mediavault_tui.sources.places import Places

_STEP = 1024 * 1024
"""Bytes compared at a time."""


def part_beside(act: Act, number: int, path: bytes) -> bytes:
    """Return the name of the act's own, beside `path`, under which a copy of a leg grows."""
    return _named(path, b"%s-%d-%d" % (act.batch.encode(), act.id, number))


def named_of_old(act: Act, number: int, path: bytes) -> bytes:
    """Return the name that versions without the batch gave it: another database's may be the same."""
    return _named(path, b"%d-%d" % (act.id, number))


def _named(path: bytes, which: bytes) -> bytes:
    return split(path)[0] + b"/.mediavault-" + which + b".part"


def copy(source: Places, leg: Leg, part: bytes, *, step: Callable[[str], None]) -> VerifiedCopy:
    """Copy to `part`, read it back and compare; nothing is left behind if that fails. Blocks."""
    read = xxh3_128()

    def seen(chunk: memoryview) -> None:
        read.update(chunk)
        step("chunk read")

    try:
        source.copy(leg.source, part, on_chunk=seen)
        step("copy on the disk")
        with source.open(part) as copied:
            written = content_hash(copied)
            stamp = copied.stamp()
        if written != read.digest() or stamp.size != leg.stamp.size:
            raise SourceChanged(f"the copy of {display(leg.source)} is not what was read; check the disk")
        unchanged(source, leg.source, leg.stamp)
    except SourceError:
        source.remove_if_there(part)
        raise
    step("copy compared")
    return VerifiedCopy(stamp.device, stamp.inode, written)


def has_content(source: Places, path: bytes, leg: Leg, hashes: Iterable[bytes | None]) -> bool:
    """Return whether a file of the leg's size and of one of these full hashes lies there. Blocks."""
    wanted = set(hashes) - {None}
    try:
        with source.open(path) as reader:
            return bool(wanted) and reader.stamp().size == leg.stamp.size and content_hash(reader) in wanted
    except (SourceMissing, SourceChanged):
        return False


def is_copy(source: Places, path: bytes, leg: Leg, made: VerifiedCopy) -> bool:
    """Return whether the verified copy lies there; its content decides if number or time differ. Blocks."""
    try:
        with source.open(path) as reader:
            now = reader.stamp()
            if now.size != leg.stamp.size:
                return False
            kept = now.inode == made.inode and same_content(now, leg.stamp)
            return kept or content_hash(reader) == made.hash
    except (SourceMissing, SourceChanged):
        return False


def sweep(source: Places, act: Act, number: int, *, whole: bytes) -> None:
    """Remove what a crash left of copies of a leg, whose file lies whole at `whole`. Blocks.

    Under a name of old only what begins as that file does: anything else is another library's.
    """
    leg = act.legs[number]
    for end in filter(None, (leg.source, leg.destination)):
        part, old = part_beside(act, number, end), named_of_old(act, number, end)
        for name in (part, partial_name(part)):
            source.remove_if_there(name)
        for name in (old, partial_name(old)):
            if source.exists(name) and _begins(source, name, whole):
                source.remove_if_there(name)


def _begins(source: Places, part: bytes, whole: bytes) -> bool:
    """Return whether a file holds the first bytes of another; one without any bytes may be anybody's."""
    one, other = (memoryview(bytearray(_STEP)) for _ in range(2))
    offset = 0
    with source.open(part) as begun, source.open(whole) as file:
        while count := begun.read_into(offset, one):
            if file.read_into(offset, other) < count or one[:count] != other[:count]:
                return False
            offset += count
    return offset > 0
