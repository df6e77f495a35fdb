"""A local file opened below a folder that it must not leave, and read without waiting where that is possible.

A path from the inventory was right when it was scanned. Since then any folder on the way
may have become a link to somewhere else, so each part is opened from the one before it and
no link is followed below the scanned root.
"""

from __future__ import annotations

import errno
import os
import stat

from mediavault_tui.domain.model import FileStamp
from mediavault_tui.domain.pathtext import display
from mediavault_tui.errors import SourceChanged
from mediavault_tui.sources.local.errors import renamed
from mediavault_tui.sources.local.source import OPEN_FLAGS, stamp_of

_FOLDER = os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC | getattr(os, "O_PATH", os.O_RDONLY)
_NO_WAITING = getattr(os, "RWF_NOWAIT", 0)


class LocalStream:
    """An open local file; `sources.base.RangedReader`, and `read_now` beside it."""

    __slots__ = ("_handle", "_may_not_wait", "path")

    def __init__(self, handle: int, path: bytes) -> None:
        self._handle = handle
        self._may_not_wait = bool(_NO_WAITING)
        self.path = path

    def __enter__(self) -> LocalStream:
        return self

    def __exit__(self, *_exception: object) -> None:
        os.close(self._handle)

    def fileno(self) -> int:
        """Return its descriptor, for a program that reads the very same file."""
        return self._handle

    def read_into(self, offset: int, buffer: memoryview) -> int:
        """Read once into `buffer` from `offset`; return the bytes read, 0 only at the end."""
        try:
            return os.preadv(self._handle, [buffer], offset)
        except OSError as error:
            raise renamed(error, "read", self.path) from error

    def read_now(self, offset: int, buffer: memoryview) -> tuple[int, FileStamp] | None:
        """Read what lies in memory, and stamp the file; None if the disk would be waited for.

        Safe on an event loop. Only file systems of this machine's own disks can do it.
        """
        if not self._may_not_wait:
            return None
        try:
            count = os.preadv(self._handle, [buffer], offset, _NO_WAITING)
            return count, stamp_of(os.fstat(self._handle))
        except BlockingIOError:
            return None
        except OSError as error:
            if error.errno not in (errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS):
                raise renamed(error, "read", self.path) from error
            self._may_not_wait = False
            return None

    def linked_now(self) -> FileStamp | None:
        """Return the stamp of a file that still has a name: a removed one is not served to anybody new.

        Safe on an event loop: None also where the file system may have to ask a server.
        """
        if not self._may_not_wait:
            return None
        looked = os.fstat(self._handle)
        return stamp_of(looked) if looked.st_nlink > 0 else None

    def stamp(self) -> FileStamp:
        """Return the stamp of the very file that is open."""
        try:
            return stamp_of(os.fstat(self._handle))
        except OSError as error:
            raise renamed(error, "look at", self.path) from error


def open_beneath(folder: bytes, path: bytes) -> LocalStream:
    """Open a regular file below `folder`; neither a link nor `..` leads out of it. Blocks.

    Raises: SourceChanged for a path that leaves the folder or meets a link, SourceMissing,
        SourceDenied, SourceOffline.
    """
    inside = path.removeprefix(folder.rstrip(b"/") + b"/")
    parts = inside.split(b"/")
    if inside == path or not {b"", b".", b".."}.isdisjoint(parts) or b"\0" in path:
        raise SourceChanged(f"cannot open {display(path)}: it is not below {display(folder)}; scan again")
    try:
        # The root itself may be reached by a link: that is how the user named it.
        above = os.open(folder, _FOLDER & ~os.O_NOFOLLOW)
        try:
            for part in parts[:-1]:
                below = os.open(part, _FOLDER, dir_fd=above)
                os.close(above)
                above = below
            handle = os.open(parts[-1], OPEN_FLAGS, dir_fd=above)
        finally:
            os.close(above)
    except OSError as error:
        raise renamed(error, "open", path) from error
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise SourceChanged(f"cannot open {display(path)}: it is no regular file; scan again")
    os.set_blocking(handle, True)  # not to block was for pipes
    return LocalStream(handle, path)
