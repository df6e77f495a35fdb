"""The folders of this machine as a Source; every OSError becomes one clear SourceError here."""

from __future__ import annotations

import mmap
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress

from xxhash import xxh3_64_hexdigest

from mediavault_tui.domain.model import FileStamp, signed
from mediavault_tui.domain.paths import LOCAL
from mediavault_tui.domain.pathtext import display
from mediavault_tui.errors import SourceChanged, SourceTaken
from mediavault_tui.sources import holding
from mediavault_tui.sources.base import FoundFile, WalkError
from mediavault_tui.sources.local.errors import renamed
from mediavault_tui.sources.local.rename import rename_exclusive, sync_folder
from mediavault_tui.sources.local.walk import walk

OPEN_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
"""No link is followed; without O_NONBLOCK a named pipe would wait for a writer for ever."""

_BATCH = 512
"""Files handed on at a time by a walk."""
_CHUNK = 1024 * 1024
"""Bytes copied at a time."""


def stamp_of(looked: os.stat_result) -> FileStamp:
    """Return what tells whether the file is still the same."""
    return FileStamp(signed(looked.st_dev), signed(looked.st_ino), looked.st_size, looked.st_mtime_ns)


def found_file(path: bytes, looked: os.stat_result) -> FoundFile:
    """Return a regular file as a walk reports it."""
    return FoundFile(path, stamp_of(looked), looked.st_nlink)


class LocalReader:
    """A regular file, open for reading by position; `with` closes it."""

    __slots__ = ("_handle", "path")

    def __init__(self, path: bytes) -> None:
        self.path = path
        try:
            self._handle = os.open(path, OPEN_FLAGS)
        except OSError as error:
            raise renamed(error, "open", path) from error
        if not stat.S_ISREG(os.fstat(self._handle).st_mode):
            os.close(self._handle)
            raise SourceChanged(f"cannot open {display(path)}: it is no regular file; scan again")

    def __enter__(self) -> LocalReader:
        return self

    def __exit__(self, *_exception: object) -> None:
        os.close(self._handle)

    def read_into(self, offset: int, buffer: memoryview) -> int:
        """Fill `buffer` from `offset`; return the bytes read, fewer only at the end."""
        done = 0
        try:
            while done < len(buffer):
                count = os.preadv(self._handle, [buffer[done:]], offset + done)
                if count == 0:
                    break
                done += count
        except OSError as error:
            raise renamed(error, "read", self.path) from error
        return done

    def stamp(self) -> FileStamp:
        """Return the stamp of the very file that is open."""
        try:
            return stamp_of(os.fstat(self._handle))
        except OSError as error:
            raise renamed(error, "look at", self.path) from error


class LocalSource:
    """`sources.base.Source` over this machine's own paths. It keeps no state: share it freely."""

    name = LOCAL

    def walk(
        self, root: bytes, *, skip: frozenset[bytes], on_error: Callable[[WalkError], None]
    ) -> Iterator[list[FoundFile]]:
        """Yield batches of the regular files below `root`; see `sources.base.Source.walk`."""
        batch: list[FoundFile] = []
        for found in walk(root, skip=skip, on_error=lambda path, why: on_error(WalkError(path, why))):
            batch += [found_file(path, looked) for path, looked in found]
            if len(batch) >= _BATCH:
                yield batch
                batch = []
        if batch:
            yield batch

    def names_in(self, folder: bytes) -> list[bytes]:
        """Return every name in a folder, of whatever kind."""
        return holding.names_in(folder)

    def stat(self, path: bytes) -> FoundFile:
        """Look at one regular file now, following no link."""
        try:
            looked = os.lstat(path)
        except OSError as error:
            raise renamed(error, "look at", path) from error
        if not stat.S_ISREG(looked.st_mode):
            raise SourceChanged(f"{display(path)} is no regular file (any more); scan again")
        return found_file(path, looked)

    def open(self, path: bytes) -> LocalReader:
        """Open for ranged reading, following no link and waiting for no pipe."""
        return LocalReader(path)

    def move(self, source: bytes, destination: bytes) -> None:
        """Rename within one volume, durably; never overwrites, makes no folder."""
        self.rename(source, destination)
        try:
            sync_folder(os.path.dirname(destination))
            sync_folder(os.path.dirname(source))
        except OSError as error:
            raise renamed(error, "make sure of the move to", destination) from error

    def rename(self, source: bytes, destination: bytes) -> None:
        """Move, but not yet durably: a power cut may take it back until both folders were synced."""
        try:
            rename_exclusive(source, destination)
        except OSError as error:
            there = error.errno is not None and os.path.lexists(source)
            about = destination if there else source
            raise renamed(error, f"move {display(source)} to" if there else "move", about) from error

    def remove(self, path: bytes) -> None:
        """Remove one file, durably; a folder is never removed."""
        self.unlink(path)
        try:
            sync_folder(os.path.dirname(path))
        except OSError as error:
            raise renamed(error, "remove", path) from error

    def unlink(self, path: bytes) -> None:
        """Remove, but not yet durably: a power cut may bring the file back until its folder was synced."""
        try:
            os.unlink(path)
        except IsADirectoryError as error:
            raise SourceChanged(f"{display(path)} is a folder, and folders are never removed") from error
        except OSError as error:
            raise renamed(error, "remove", path) from error

    def make_folder(self, path: bytes) -> None:
        """Make a folder and its parents, durably; an existing one is fine."""
        missing = []
        above = path
        while above and not os.path.lexists(above):
            missing.append(above)
            above = os.path.dirname(above)
        try:
            os.makedirs(path, exist_ok=True)
            for made in missing:
                sync_folder(os.path.dirname(made))
        except OSError as error:
            raise renamed(error, "make the folder", path) from error


def partial_name(destination: bytes) -> bytes:
    """Return where `copy_exclusive` writes before the copy gets its name.

    It is always the same for one destination, so that a restart after a crash can remove it.
    """
    mark = xxh3_64_hexdigest(destination).encode()
    return os.path.join(os.path.dirname(destination), b".mediavault-" + mark + b".part")


def copy_exclusive(source: bytes, destination: bytes, *, on_chunk: Callable[[memoryview], None]) -> None:
    """Copy one regular file with its times, mode, owner and attributes, durably; never overwrites.

    The copy has its name only when it is whole and on the disk. `on_chunk` sees every part in
    order (to hash what was read). Owner and attributes are kept where the system permits it.
    Raises: SourceTaken (also for an unfinished copy of a crash: remove `partial_name`),
        SourceChanged if the source changed meanwhile, SourceFull, SourceMissing, SourceDenied.
    """
    with LocalReader(source) as reader:
        before = reader.stamp()

        def fill(handle: int) -> None:
            _copy_bytes(reader, handle, on_chunk)
            if reader.stamp() != before:
                raise SourceChanged(f"{display(source)} changed while it was copied; try again")
            _copy_attributes(source, handle)

        write_exclusive(source, destination, fill, mode=0o600)


def write_exclusive(source: bytes, destination: bytes, fill: Callable[[int], None], *, mode: int) -> None:
    """Make a new file with what `fill` writes to the handle that it is given, durably; never overwrites.

    It has its name only when it is whole and on the disk; if `fill` raises nothing is left. `source`: what it
    is a copy of, for errors.
    Raises: OSError as a SourceError; what `fill` raises. If only the last step fails, which has the name
        survive a power cut, the name stands, and the error says that.
    """
    if os.path.lexists(destination):
        raise SourceTaken(f"cannot copy to {display(destination)}: the name is in use; choose another")
    partial = partial_name(destination)
    try:
        handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    except OSError as error:
        raise renamed(error, f"copy to {display(destination)} by way of", partial) from error
    try:
        try:
            fill(handle)
            os.fsync(handle)
        finally:
            os.close(handle)
        rename_exclusive(partial, destination)
    except BaseException as error:
        with suppress(OSError):  # the reason that counts is the first one
            os.unlink(partial)
        if isinstance(error, OSError):
            raise renamed(error, f"copy {display(source)} to", destination) from error
        raise
    try:
        sync_folder(os.path.dirname(destination))
    except OSError as error:
        raise renamed(error, "make sure of the copy", destination) from error


def write_all(handle: int, chunk: memoryview) -> None:
    """Write a whole chunk: the system may take less at once."""
    written = 0
    while written < len(chunk):
        written += os.write(handle, chunk[written:])


def _copy_bytes(reader: LocalReader, handle: int, on_chunk: Callable[[memoryview], None]) -> None:
    """Write everything that `reader` has to the open file `handle`."""
    buffer = memoryview(mmap.mmap(-1, _CHUNK))
    offset = 0
    while count := reader.read_into(offset, buffer):
        offset += count
        on_chunk(buffer[:count])
        write_all(handle, buffer[:count])


def _copy_attributes(source: bytes, handle: int) -> None:
    """Give the copy the owner, mode, extended attributes (ACLs among them) and times."""
    looked = os.lstat(source)
    with suppress(PermissionError):
        os.fchown(handle, looked.st_uid, looked.st_gid)
    os.fchmod(handle, stat.S_IMODE(looked.st_mode))
    if hasattr(os, "listxattr"):  # Linux only
        with suppress(OSError):
            for name in os.listxattr(source, follow_symlinks=False):
                with suppress(OSError):
                    os.setxattr(handle, name, os.getxattr(source, name, follow_symlinks=False))
    os.utime(handle, ns=(looked.st_atime_ns, looked.st_mtime_ns))
