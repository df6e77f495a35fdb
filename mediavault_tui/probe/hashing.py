"""What a file's bytes say: xxh3-128 of a sample (head and tail) or of all of them, 16 bytes each.

A sample only sorts out what differs; it proves nothing. Only two equal full hashes (with equal
sizes) make two files the same. All of it blocks, but reading and hashing release the GIL.
"""

from __future__ import annotations

import mmap
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from xxhash import xxh3_128, xxh3_128_digest

from mediavault_tui.domain.pathtext import display
from mediavault_tui.errors import SourceChanged

if TYPE_CHECKING:
    from mediavault_tui.domain.model import FileStamp

SAMPLE = 64 * 1024
"""Bytes taken from each end of a file for its sample hash."""
WHOLE = 2 * SAMPLE
"""Up to this size the sample is the whole file, and its hash the content hash."""
STEP = 4 * 1024 * 1024
"""Bytes read at a time: large enough to be fast, small enough to be cancelled between two."""


class Reader(Protocol):
    """What hashing asks of an open file; any `sources.base.RangedReader` is one."""

    path: bytes

    def read_into(self, offset: int, buffer: memoryview) -> int: ...

    def stamp(self) -> FileStamp: ...


class Interrupted(Exception):
    """`cancelled()` said so in the middle of a file; nothing is known of it."""


def never() -> bool:
    """Not cancelled, ever."""
    return False


def uncounted(_count: int) -> None:
    """Nobody wants to know how many bytes were read."""


def new_buffer(size: int) -> memoryview:
    """Return `size` zeroed bytes that begin at a page.

    Reading the page cache into memory that begins 16 bytes into a page, as a bytearray's may,
    was eight times slower here.
    """
    return memoryview(mmap.mmap(-1, size))


def changed(path: bytes) -> SourceChanged:
    """Return the error for a file that did not hold still."""
    return SourceChanged(f"{display(path)} changed while it was read; scan again when it is at rest")


def fill(reader: Reader, offset: int, buffer: memoryview) -> None:
    """Read exactly `buffer` from `offset`; raises SourceChanged if the file has become too short."""
    if reader.read_into(offset, buffer) != len(buffer):
        raise changed(reader.path)


def sample_pieces(size: int) -> list[tuple[int, int]]:
    """Return which pieces (offset, bytes) of a file of `size` bytes `sample_hash` is made of."""
    if size <= WHOLE:
        ends = [(0, min(size, SAMPLE)), (SAMPLE, size - SAMPLE)]
        return [(offset, length) for offset, length in ends if length > 0]
    return [(0, SAMPLE), (size - SAMPLE, SAMPLE)]


def sample_of(data: bytes) -> bytes:
    """Return `sample_hash` of a file, given its `sample_pieces` joined."""
    return xxh3_128_digest(data)


def sample_hash(reader: Reader, *, size: int | None = None, buffer: memoryview | None = None) -> bytes:
    """Return xxh3-128 of the first and the last 64 KiB, of everything up to 128 KiB.

    `size`: what the file is believed to have, asked of the reader if not given. `buffer`: at
    least 128 KiB to work in. Raises SourceChanged if the file is shorter than that.
    """
    size = reader.stamp().size if size is None else size
    work = (new_buffer(WHOLE) if buffer is None else buffer)[: min(size, WHOLE)]
    if size <= WHOLE:
        fill(reader, 0, work)
    else:
        fill(reader, 0, work[:SAMPLE])
        fill(reader, size - SAMPLE, work[SAMPLE:])
    return xxh3_128_digest(work)


def content_hash(
    reader: Reader,
    *,
    cancelled: Callable[[], bool] = never,
    on_bytes: Callable[[int], None] = uncounted,
) -> bytes:
    """Return xxh3-128 of the whole file.

    `cancelled` is asked before each step, `on_bytes` told the bytes of each.
    Raises: Interrupted when cancelled; SourceChanged if the file changed meanwhile.
    """
    before = reader.stamp()
    work = new_buffer(min(max(before.size, 1), STEP))
    state = xxh3_128()
    offset = 0
    while offset < before.size:
        if cancelled():
            raise Interrupted
        step = work[: before.size - offset]
        fill(reader, offset, step)
        state.update(step)
        offset += len(step)
        on_bytes(len(step))
    if reader.stamp() != before:
        raise changed(reader.path)
    return state.digest()
