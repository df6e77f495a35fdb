"""A share that this machine has mounted as well: is it the same, is it faster, and reading through it.

Only bytes of files are read through a mount. Names, times, identity and every change come from the
server itself, so that there is one way of each. A mount may hang for ever when its server goes away:
each question to it has a thread of its own and a deadline, and after the first failure SMB reads on.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial

from mediavault_tui.domain.model import FileStamp
from mediavault_tui.domain.paths import Mount
from mediavault_tui.domain.pathtext import display
from mediavault_tui.errors import SourceChanged, SourceError
from mediavault_tui.sources.base import RangedReader
from mediavault_tui.sources.share_holding import ShareSource
from mediavault_tui.sources.waiting import DEADLINE, in_time

_PROOFS = 3
"""Files compared before a mount is believed."""
_LISTINGS = 12
"""Folders listed to find them."""
_HEAD = 64 * 1024
_PIECE = 4 * 1024 * 1024
"""Bytes read both ways to learn which is faster."""
_GRAIN = 2_000_000_000
"""Nanoseconds by which a mount may round a time."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What comparing a mount with its share came to; rates in bytes a second, 0 where not measured."""

    mount: Mount
    same: bool
    said: str
    by_mount: float = 0.0
    by_smb: float = 0.0

    @property
    def faster(self) -> bool:
        """Whether bytes are better read through the mount."""
        return self.same and self.by_mount > self.by_smb


def examine(share: ShareSource, mount: Mount, *, deadline: float = DEADLINE) -> Finding:
    """Compare a mount with the share, then measure both. Blocks. Raises: SourceError from the share."""
    proofs: list[tuple[bytes, int]] = []
    for path, size, modified_ns in _files(share, mount.path):
        there = _there(mount, path)
        try:
            stat = in_time(partial(os.stat, there), deadline)
            head = in_time(partial(_read, there, 0, _HEAD), deadline)
        except (OSError, TimeoutError) as error:
            why = "does not answer" if isinstance(error, TimeoutError) else f"has no {display(path)}"
            return Finding(mount, False, f"it {why}: it is not this share, or not mounted")
        if (
            stat.st_size != size
            or abs(stat.st_mtime_ns - modified_ns) > _GRAIN
            or head != _ask(share, path, 0, _HEAD)
        ):
            return Finding(mount, False, f"it has another {display(path)}: it is not this share")
        proofs.append((path, size))
        if len(proofs) == _PROOFS:
            break
    if not proofs:
        return Finding(mount, False, "there is no file to compare it by yet")
    path, size = max(proofs, key=lambda proof: proof[1])
    by_mount, by_smb = _rates(share, path, _there(mount, path), size, deadline)
    return Finding(
        mount,
        True,
        f"the same share; {by_mount / 1e6:.0f} MB/s through it, {by_smb / 1e6:.0f} MB/s over SMB:"
        f" scans read {'through it' if by_mount > by_smb else 'over SMB'}",
        by_mount,
        by_smb,
    )


def fastest(share: ShareSource, mounts: Iterable[Mount]) -> Mount | None:
    """Return the mount that is the same share and faster than SMB, if there is one. Blocks."""
    try:
        findings = [examine(share, mount) for mount in mounts]
    except SourceError:
        return None  # the scan will say what is the matter with the share
    faster = [finding for finding in findings if finding.faster]
    return max(faster, key=lambda finding: finding.by_mount).mount if faster else None


def _files(share: ShareSource, top: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield some files of a share with size and time, those of the nearest folders first."""
    todo = [top]
    for _ in range(_LISTINGS):
        if not todo:
            return
        folder = todo.pop(0)
        for entry in share.list_folder(folder):
            path = folder + b"/" + entry.name
            if entry.is_folder:
                todo.append(path)
            elif entry.size:
                yield path, entry.size, entry.modified_ns


def _rates(share: ShareSource, path: bytes, there: bytes, size: int, deadline: float) -> tuple[float, float]:
    """Return bytes a second through the mount and over SMB, the server's own cache warm for both."""
    at, count = max(0, size // 2 - _PIECE // 2), min(size, _PIECE)
    _ask(share, path, at, count)
    begun = time.monotonic()
    try:
        in_time(lambda: _read(there, at, count), deadline)
    except (OSError, TimeoutError):
        return 0.0, 1.0
    half = time.monotonic()
    _ask(share, path, at, count)
    return count / (half - begun), count / (time.monotonic() - half)


def _ask(share: ShareSource, path: bytes, at: int, count: int) -> bytes:
    buffer = bytearray(count)
    with share.open(path) as reader:
        return bytes(buffer[: reader.read_into(at, memoryview(buffer))])


def _read(path: bytes, at: int, count: int) -> bytes:
    """Read from the mount, not from what this machine remembers of it."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if hasattr(os, "posix_fadvise"):
            os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
        return os.pread(handle, count, at)
    finally:
        os.close(handle)


def _there(mount: Mount, path: bytes) -> bytes:
    return mount.folder + path[len(mount.path) :]


class ThroughMount:
    """Opens the files of a share through its mount while that is well, else over SMB."""

    def __init__(self, share: ShareSource, mount: Mount, *, deadline: float = DEADLINE) -> None:
        self._share = share
        self._mount = mount
        self.deadline = deadline
        self.failed = False
        self.bytes_read = 0

    @contextmanager
    def open(self, path: bytes) -> Iterator[RangedReader]:
        """Open for ranged reading; the server says what file it is."""
        with ExitStack() as stack:
            if not self.failed and path.startswith(self._mount.path + b"/"):
                stamp = self._share.stat(path).stamp
                handle = self._handle(path, stamp, stack)
                if handle is not None:
                    yield _Reader(self, self._share, path, handle, stack)
                    return
            yield stack.enter_context(self._share.open(path))

    def _handle(self, path: bytes, stamp: FileStamp, stack: ExitStack) -> int | None:
        """Return the file opened at the mount, if it is the one that the server has."""
        try:
            there = _there(self._mount, path)
            handle: int = in_time(lambda: os.open(there, os.O_RDONLY | os.O_CLOEXEC), self.deadline)
            stack.callback(_let_go, handle)
            same = alike(in_time(lambda: os.fstat(handle), self.deadline), stamp)
        except TimeoutError:
            self.failed = True
            return None
        except OSError:
            return None
        return handle if same else None


class _Reader:
    """An open file whose bytes come through the mount."""

    def __init__(
        self, owner: ThroughMount, share: ShareSource, path: bytes, handle: int, stack: ExitStack
    ) -> None:
        self.path = path
        self._owner = owner
        self._share = share
        self._handle: int | None = handle
        self._stack = stack
        self._over_smb: RangedReader | None = None
        self._lock = threading.Lock()

    def read_into(self, offset: int, buffer: memoryview) -> int:
        """Fill `buffer` from `offset`; return the bytes read, fewer only at the end."""
        handle = self._handle
        if handle is not None and not self._owner.failed:
            try:
                data = in_time(lambda: os.pread(handle, len(buffer), offset), self._owner.deadline)
            except (OSError, TimeoutError):
                self._owner.failed = True
            else:
                if len(data) == len(buffer) or offset + len(data) == self._size(handle):
                    buffer[: len(data)] = data
                    self._owner.bytes_read += len(data)
                    return len(data)
        return self._smb().read_into(offset, buffer)

    def stamp(self) -> FileStamp:
        """Return what the server says of the file; raises SourceChanged if the mount shows another."""
        stamp = self._share.stat(self.path).stamp
        handle = self._handle
        if handle is not None and not self._owner.failed:
            try:
                same = alike(in_time(lambda: os.fstat(handle), self._owner.deadline), stamp)
            except (OSError, TimeoutError):
                self._owner.failed = True
            else:
                if not same:
                    raise SourceChanged(f"{display(self.path)} changed while it was read; scan again")
        return stamp

    def _size(self, handle: int) -> int:
        return in_time(lambda: os.fstat(handle), self._owner.deadline).st_size

    def _smb(self) -> RangedReader:
        with self._lock:
            if self._over_smb is None:
                self._over_smb = self._stack.enter_context(self._share.open(self.path))
            return self._over_smb


def _let_go(handle: int) -> None:
    """Close a file of a mount; where that hangs too, a thread waits for it and nobody else."""
    with suppress(OSError, TimeoutError):
        in_time(lambda: os.close(handle), 1.0)


def alike(stat: os.stat_result, stamp: FileStamp) -> bool:
    """Return whether a mount's file may be the server's: size, and time but for its rounding."""
    return stat.st_size == stamp.size and abs(stat.st_mtime_ns - stamp.modified_ns) <= _GRAIN
