"""New files by the lot: small ones read whole, every name read, their rows made ready for COPY.

What a worker process does for a scan: everything between the walk and the database that
costs processor time, and nothing that needs a loop or a connection. What is imported here
each worker imports at its start.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import threading
from collections.abc import Callable, Sequence
from typing import NamedTuple

from mediavault_tui.domain.folders import read_folders, split_path
from mediavault_tui.domain.identity import identify_in, meaningless
from mediavault_tui.domain.model import ScanId
from mediavault_tui.domain.pathtext import display
from mediavault_tui.domain.regular_names import PLAIN_CONFIDENCE, PLAIN_EVIDENCE, plain_title, regular_name
from mediavault_tui.probe.hashing import WHOLE, changed, never
from mediavault_tui.probe.wholefiles import CHANGED, FETCHES_AHEAD, SmallFile, hash_whole, in_memory
from mediavault_tui.sources.local.errors import renamed
from mediavault_tui.store.arrival_rows import beginning, identity_half, plain_half, seen_half

_ASKED = 4
"""Files of a lot asked whether they are in memory."""


NewFile = tuple[bytes, int, int, int, int, int, tuple[bytes, ...], bool]
"""A file to be written down: path, the numbers of `domain.model.FileStamp`, links, its other names, and
whether it is protected. A bare tuple: each goes to another process, and pickling names of fields takes as
long as finding the file."""


class Lot(NamedTuple):
    """New files below one root, for one worker. `readable`: they are files of this machine."""

    source: str
    root: bytes
    scan: ScanId
    readable: bool
    files: Sequence[NewFile]


class LotRows(NamedTuple):
    """Rows for `store.arrivals.insert`, and what it took: files hashed, bytes read, errors by path."""

    rows: bytes
    files: int
    hashed: int
    bytes_read: int
    errors: Sequence[tuple[bytes, str]]


def begin_worker() -> None:
    """In a worker: do not outlive a scan that was killed; the pool's own pipes would not tell."""
    gc.disable()  # a lot leaves no cycles, and is gone when its rows are made
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True, name="parent").start()


def read_lot(lot: Lot, cancelled: Callable[[], bool] = never) -> LotRows:
    """Read a lot. Up to 128 KiB a file is read whole, for that costs hardly more than opening it.

    A file that cannot be read is written down without a hash; the hashing phase tries again.
    """
    hashes, read, errors = _hash_small(lot, cancelled) if lot.readable else ({}, 0, [])
    halves: list[bytes] = []
    start = len(display(lot.root[: lot.root.rstrip(b"/").rfind(b"/") + 1]))
    begun = beginning(lot.source, lot.root, lot.scan)
    for path, device, inode, size, modified_ns, links, aliases, protected in lot.files:
        shown = display(path)
        stamp = (device, inode, size, modified_ns)
        digest = hashes.get(path)
        halves += (
            seen_half(begun, path, shown, stamp, links, aliases, digest, protected=protected),
            named_half(shown[start:]),
        )
    return LotRows(b"".join(halves), len(lot.files), len(hashes), read, errors)


def named_half(name: str) -> bytes:
    """Return the identity half (`store.arrival_rows`) of a name that our own rules can read.

    What they leave to guessit is not known yet.
    """
    folder, file = split_path(name)
    folders = read_folders(folder)
    if (title := plain_title(file, folders)) and not meaningless(title):
        return plain_half(name, title, PLAIN_CONFIDENCE, PLAIN_EVIDENCE)
    guess = regular_name(file, folders)
    return identity_half(name, identify_in(file, guess, folders) if guess else None)


def _hash_small(
    lot: Lot, cancelled: Callable[[], bool]
) -> tuple[dict[bytes, bytes], int, list[tuple[bytes, str]]]:
    """Hash the lot's small files, roughly in their order on a disk; an empty file has no duplicates."""
    small: list[SmallFile] = [
        (device, inode, size, modified_ns, path)
        for path, device, inode, size, modified_ns, _, _, _ in lot.files
        if 0 < size <= WHOLE
    ]
    if not small:
        return {}, 0, []
    small.sort(key=lambda file: (file[0], file[1]))
    asked = [in_memory(file[4]) for file in small[:: len(small) // _ASKED + 1]]
    ahead = FETCHES_AHEAD and asked.count(False) * 2 > len(asked)
    found: dict[bytes, bytes] = {}
    errors: list[tuple[bytes, str]] = []
    read = 0
    answers = hash_whole(small, cancelled=cancelled, ahead=ahead)
    for (_, _, size, _, path), answer in zip(small, answers, strict=False):  # fewer when called off
        if isinstance(answer, bytes):
            found[path] = answer
            read += size
        elif answer == CHANGED:
            errors.append((path, str(changed(path))))
        else:
            errors.append((path, str(renamed(OSError(answer, os.strerror(answer)), "read", path))))
    return found, read, errors
