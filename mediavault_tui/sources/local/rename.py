"""Rename that never overwrites, on every system that can say so, and what makes it last.

Raises OSError throughout; `sources.local.source` renames the errors.
"""

from __future__ import annotations

import ctypes
import errno
import os
import sys
import threading
from collections.abc import Callable
from contextlib import suppress

from mediavault_tui.domain.pathtext import comparable, display

_AT_FDCWD = -100
_RENAME_NOREPLACE = 1
_RENAME_EXCL = 4
_UNSUPPORTED = {errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP}
_NO_LINKS = _UNSUPPORTED | {errno.EPERM, errno.EMLINK}
_REFUSALS = {errno.EACCES, errno.EPERM, errno.EROFS, errno.EBUSY, errno.ETXTBSY}
"""Answers to an unlink after which the name is there for sure, and stays there."""
_ONE_BY_ONE = threading.Lock()
"""Kept from the look at a name to the rename to it, where no volume does both as one."""
_NO_FSYNC = {errno.EINVAL, errno.ENOTSUP, errno.EBADF, errno.EACCES}


def rename_exclusive(source: bytes, destination: bytes) -> None:
    """Rename within one volume; FileExistsError if the destination is there.

    The kernel's own exclusive rename first; a file system that has none (FAT, some network
    mounts) gets a hard link and an unlink, which is as safe; one without links a look and a
    plain rename, between which another program could slip in, but no other thread. Where case
    means nothing, a name that differs in case only is no other file, and is changed. An error may
    leave both names: the first may still go, however late, so the second must not be taken away.
    """
    if _one_entry(source, destination):
        os.rename(source, destination)
        return
    for attempt in (_rename_by_kernel, _rename_by_link):
        if attempt(source, destination):
            return
    with _ONE_BY_ONE:
        if os.path.lexists(destination):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), destination)
        os.rename(source, destination)


def _one_entry(source: bytes, destination: bytes) -> bool:
    """Return whether both names are two spellings of one entry, as on a disk to which case means nothing.

    FUSE (exFAT, NTFS) gives each spelling an inode of its own: there the folder's listing proves it, in which
    the new name, although it is found, does not stand, and the old one is the only name alike.
    """
    folder, name = os.path.split(destination)
    if os.path.dirname(source) != folder or source == destination:
        return False
    if comparable(display(source)) != comparable(display(destination)):
        return False
    try:
        one, other = os.lstat(source), os.lstat(destination)
    except FileNotFoundError:
        return False
    if (one.st_size, one.st_mtime_ns, one.st_nlink) != (other.st_size, other.st_mtime_ns, 1):
        return False
    listed = os.listdir(folder or b".")
    if name in listed:
        return False
    alike = [each for each in listed if comparable(display(each)) == comparable(display(name))]
    return os.path.samestat(one, other) or alike == [os.path.basename(source)]


def _rename_by_kernel(source: bytes, destination: bytes) -> bool:
    """Rename atomically; False if the system or the file system cannot."""
    if _EXCLUSIVE is None:
        return False
    if _EXCLUSIVE(source, destination) == 0:
        return True
    code = ctypes.get_errno()
    if code in _UNSUPPORTED:
        return False
    raise OSError(code, os.strerror(code), source)


def _rename_by_link(source: bytes, destination: bytes) -> bool:
    """Give the file its second name, then take the first away; False without hard links.

    The second name goes again only where the first is there for sure. A server whose answer was lost may
    have removed the first, or do so yet: then the second is the last, and whoever called finds both or one.
    If taking the second away fails too, that is the error: then it is the one that may yet go.
    """
    try:
        os.link(source, destination, follow_symlinks=False)
    except OSError as error:
        if error.errno in _NO_LINKS:
            return False
        raise
    try:
        sync_folder(os.path.dirname(destination))
    except OSError:
        with suppress(FileNotFoundError):
            os.unlink(destination)
        raise
    try:
        os.unlink(source)
    except FileNotFoundError:
        # Asked twice, a server says so the second time.
        if not os.path.lexists(destination):
            raise
    except OSError as error:
        if error.errno in _REFUSALS:
            with suppress(FileNotFoundError):
                os.unlink(destination)
        raise
    return True


def _exclusive_call() -> Callable[[bytes, bytes], int] | None:
    """Return the C library's exclusive rename, None where it has none."""
    library = ctypes.CDLL(None, use_errno=True)
    if sys.platform == "darwin":
        function = getattr(library, "renamex_np", None)
        types: tuple[type, ...] = (ctypes.c_char_p, ctypes.c_char_p, ctypes.c_uint)
        where, flag = (), _RENAME_EXCL
    else:
        function = getattr(library, "renameat2", None)
        types = (ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint)
        where, flag = (_AT_FDCWD,), _RENAME_NOREPLACE
    if function is None:
        return None
    function.argtypes = types
    return lambda source, destination: int(function(*where, source, *where, destination, flag))


_EXCLUSIVE = _exclusive_call()


def sync_folder(folder: bytes) -> None:
    """Make the folder's entries survive a power cut, where the file system can promise it."""
    try:
        handle = os.open(folder or b".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except PermissionError:
        return  # a folder that may be changed but not read cannot be synced; the rename stands
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in _NO_FSYNC:
            raise
    finally:
        os.close(handle)
