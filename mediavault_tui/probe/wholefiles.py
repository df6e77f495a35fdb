"""Small local files, read whole and hashed in few system calls, many at a time."""

from __future__ import annotations

import errno
import os
from collections import deque
from collections.abc import Callable, Generator, Sequence
from contextlib import closing, suppress

from xxhash import xxh3_128_digest

from mediavault_tui.probe.hashing import WHOLE, never, new_buffer

_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
_LOT = 32
"""Files opened one after the other, then read, then closed together."""
CHANGED = 0
"""In place of a hash: the file is not what was looked at before, or did not hold still."""

_NUMBERS = 2**64
"""Device and inode are compared by their 64 bits, with a sign (`domain.model.signed`) or without."""

SmallFile = tuple[int, int, int, int, bytes]
"""Device, inode, size (at most `WHOLE`), modification time in ns, path: as looked at before."""
_Lot = tuple[Sequence[SmallFile], list[int]]
"""Files, and for each its handle, or the errno of why it has none, negated."""

FETCHES_AHEAD = hasattr(os, "posix_fadvise")
"""Whether the system fetches files from a disk while something else is done."""


def hash_whole(
    files: Sequence[SmallFile],
    *,
    buffer: memoryview | None = None,
    cancelled: Callable[[], bool] = never,
    ahead: bool = False,
) -> list[bytes | int]:
    """Return for each file its content hash, or the errno of what went wrong, or `CHANGED`.

    Three and a bit system calls a file: open, one read that also shows the end, one look that
    shows that it is still the same file at rest, and a share in a close. `buffer`: page-aligned,
    at least `WHOLE` + 1 bytes. When cancelled the list is shorter than `files`.

    `ahead`: they are on a disk. With one call more for each the system fetches up to 64 of them
    at once (where `FETCHES_AHEAD`), so that one thread fills the disk's queue: half the
    processor time of eight threads that wait for a file each, and less than half their time.
    """
    work = new_buffer(WHOLE + 1) if buffer is None else buffer
    into = (work,)
    answers: list[bytes | int] = []
    answer = answers.append
    read, look = os.readv, os.fstat  # looked up once, not once a file
    with closing(_opened(files, ahead=ahead and FETCHES_AHEAD)) as lots:
        for lot, handles in lots:
            if answers and cancelled():
                break
            for (device, inode, size, modified_ns, _path), handle in zip(lot, handles, strict=True):
                if handle < 0:
                    answer(-handle)
                    continue
                try:
                    count = read(handle, into)
                    now = look(handle)
                except OSError as error:
                    answer(error.errno or CHANGED)
                    continue
                if (
                    count == size == now.st_size
                    and now.st_mtime_ns == modified_ns
                    and (now.st_ino - inode) % _NUMBERS == 0
                    and (now.st_dev - device) % _NUMBERS == 0
                ):
                    answer(xxh3_128_digest(work[:count]))
                else:
                    answer(CHANGED)
    return answers


def _opened(files: Sequence[SmallFile], *, ahead: bool) -> Generator[_Lot, None, None]:
    """Yield the files, opened, in lots; each is closed when the next one is asked for.

    `ahead`: by the time that a lot is handed out the next one is being fetched.
    """
    begun: deque[_Lot] = deque()
    try:
        for start in range(0, len(files), _LOT):
            lot: _Lot = (files[start : start + _LOT], [])
            begun.append(lot)
            _open(lot, fetch=ahead)
            if len(begun) > ahead:
                yield begun[0]
                _close(begun.popleft()[1])
        while begun:
            yield begun[0]
            _close(begun.popleft()[1])
    finally:
        for _, handles in begun:
            _close(handles)


def _open(lot: _Lot, *, fetch: bool) -> None:
    """Open the files of a lot; with `fetch` have the system read them meanwhile."""
    files, handles = lot
    open_file, opened = os.open, handles.append
    for file in files:
        try:
            handle = open_file(file[4], _FLAGS)
        except OSError as error:
            opened(-(error.errno or errno.EIO))
            continue
        opened(handle)
        if fetch:
            with suppress(OSError):  # a pipe in its place, say: reading will show what is wrong
                os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_WILLNEED)


def in_memory(path: bytes) -> bool | None:
    """Return whether the file's beginning is in the page cache; None if that cannot be told."""
    if not hasattr(os, "RWF_NOWAIT"):
        return None
    try:
        handle = os.open(path, _FLAGS)
    except OSError:
        return None
    try:
        os.preadv(handle, [bytearray(1)], 0, os.RWF_NOWAIT)
    except BlockingIOError:
        return False
    except OSError:
        return None  # the file system cannot answer without waiting
    else:
        return True
    finally:
        os.close(handle)


def _close(handles: list[int]) -> None:
    """Close all and forget them; numbers that follow each other go in one call.

    Where other files are opened at the same time the numbers have gaps, which are not ours.
    """
    own = sorted(handle for handle in handles if handle >= 0)
    handles.clear()
    first = 0
    for after in range(1, len(own) + 1):
        if after == len(own) or own[after] != own[after - 1] + 1:
            os.closerange(own[first], own[after - 1] + 1)
            first = after
