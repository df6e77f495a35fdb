"""Whether a container's own sizes fit into the file: the surest and cheapest sign of a cut.

ffprobe adapts the length of an AVI or a transport stream to what is there, so a cut one
looks like a shorter one. The headers know better. Only a few bytes are read. (A transport
stream has no header: only a cut inside a packet shows, 187 of 188 cuts.)
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable

from mediavault_tui.domain.media import is_mpeg_ts

_SLACK = 4096
"""Bytes by which a size in a header may be wrong: some writers count their own header."""
_MOST_BOXES = 4096
"""Top-level boxes looked at; a fragmented MP4 has thousands, and the rest is left to the decoder."""
_HEAD = 1024
_SEGMENT = b"\x18\x53\x80\x67"

Read = Callable[[int, int], bytes]
"""Bytes at a position (offset, count), fewer at the end."""


def cut_short(path: bytes) -> str | None:
    """Return how the file was found to end before its content does, or None.

    None also means: this container does not say. Blocks; raises OSError.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        size = os.fstat(descriptor).st_size
        return ending(lambda offset, count: os.pread(descriptor, count, offset), size)
    finally:
        os.close(descriptor)


def ending(read: Read, size: int) -> str | None:
    """Return what `cut_short` does, for anything that can be read by position."""
    head = read(0, _HEAD)
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        needed = _riff(read, size)
    elif head[4:8] in (b"ftyp", b"moov", b"mdat", b"free", b"wide", b"skip"):
        needed = _boxes(read, size)
    elif head[:4] == b"\x1a\x45\xdf\xa3":
        needed = _matroska(head)
    elif is_mpeg_ts(head):
        stride = 188 if head[188:189] == b"\x47" else 192
        return "it ends in the middle of a packet" if size % stride else None
    else:
        return None
    if needed is None or needed <= size + _SLACK:
        return None
    return f"it holds {size:,} of {needed:,} bytes"


def _riff(read: Read, size: int) -> int | None:
    """Return where the last RIFF chunk of an AVI ends; OpenDML files have several."""
    offset = 0
    while offset + 12 <= size:
        mark, length, kind = struct.unpack("<4sI4s", read(offset, 12))
        if mark != b"RIFF" or kind not in (b"AVI ", b"AVIX"):
            break
        if length == 0:
            return None  # written live and never closed; the size is not known
        offset += 8 + length + length % 2
    return offset


def _boxes(read: Read, size: int) -> int | None:
    """Return where the last top-level box of an MP4 or MOV ends."""
    offset = 0
    for _ in range(_MOST_BOXES):
        if offset + 8 > size:
            return offset
        length, kind = struct.unpack(">I4s", read(offset, 8))
        if not kind.isascii():
            return offset  # padding or rubbish after the last box
        header = 8
        if length == 1:
            wide = read(offset + 8, 8)
            if len(wide) < 8:
                return offset + 16
            (length,), header = struct.unpack(">Q", wide), 16
        if length < header:
            return offset  # 0: the box reaches to the end, whatever that is
        offset += length
    return None


def _matroska(head: bytes) -> int | None:
    """Return where the Segment ends, unless it was written live with an unknown size."""
    at = head.find(_SEGMENT)
    if at < 0 or at + 12 > len(head):
        return None
    first = head[at + 4]
    width = 9 - first.bit_length()
    if not 1 <= width <= 8:
        return None
    raw = int.from_bytes(head[at + 4 : at + 4 + width], "big")
    unknown = (1 << (7 * width)) - 1
    length = raw & unknown
    return None if length == unknown else at + 4 + width + length
