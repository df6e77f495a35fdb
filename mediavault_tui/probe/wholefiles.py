"""Small local files, read whole and hashed in few system calls, many at a time."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

from xxhash import xxh3_128_digest

from mediavault_tui.probe.hashing import WHOLE, never, new_buffer

_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
_OPEN_AT_ONCE = 32
"""Files opened before all are closed with one call."""
CHANGED = 0
"""In place of a hash: the file is not what was looked at before, or did not hold still."""

_NUMBERS = 2**64
"""Device and inode are compared by their 64 bits, with a sign (`domain.model.signed`) or without."""

SmallFile = tuple[int, int, int, int, bytes]
"""Device, inode, size (at most `WHOLE`), modification time in ns, path: as looked at before."""


def hash_whole(
    files: Sequence[SmallFile], *, buffer: memoryview | None = None, cancelled: Callable[[], bool] = never
) -> list[bytes | int]:
    """Return for each file its content hash, or the errno of what went wrong, or `CHANGED`.

    Three and a bit system calls a file: open, one read that also shows the end, one look that
    shows that it is still the same file at rest, and a share in a close. `buffer`: page-aligned,
    at least `WHOLE` + 1 bytes. When cancelled the list is shorter than `files`.
    """
    work = new_buffer(WHOLE + 1) if buffer is None else buffer
    into = (work,)
    answers: list[bytes | int] = []
    answer = answers.append
    open_file, read, look = os.open, os.readv, os.fstat  # looked up once, not once a file
    handles: list[int] = []
    try:
        for device, inode, size, modified_ns, path in files:
            if len(handles) == _OPEN_AT_ONCE:
                _close(handles)
                if cancelled():
                    break
            try:
                handle = open_file(path, _FLAGS)
                handles.append(handle)
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
    finally:
        _close(handles)
    return answers


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
    """Close all and forget them; numbers that fill a range are all ours and go in one call.

    Where other threads open files too the numbers have gaps that belong to them.
    """
    if handles:
        lowest, highest = min(handles), max(handles)
        if highest - lowest == len(handles) - 1:
            os.closerange(lowest, highest + 1)
        else:
            for handle in handles:
                os.close(handle)
        handles.clear()
