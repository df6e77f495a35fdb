"""The operating system's errors, renamed: one sentence that says what, where and what to do."""

from __future__ import annotations

import errno

from mediavault_tui.domain.pathtext import display
from mediavault_tui.errors import (
    CrossVolume,
    SourceChanged,
    SourceDenied,
    SourceError,
    SourceFull,
    SourceMissing,
    SourceOffline,
    SourceTaken,
)

_KNOWN: dict[int, tuple[type[SourceError], str]] = {
    errno.ENOENT: (SourceMissing, "it is not there; scan again"),
    errno.ENOTDIR: (SourceMissing, "a part of its path is no folder; scan again"),
    errno.EACCES: (SourceDenied, "access is denied; check the permissions of the file and its folders"),
    errno.EPERM: (SourceDenied, "the system does not permit it; check owner, permissions and attributes"),
    errno.EEXIST: (SourceTaken, "the name is in use and nothing is overwritten; choose another"),
    errno.ENOTEMPTY: (SourceTaken, "the name is in use by a folder; choose another"),
    errno.EISDIR: (SourceTaken, "the name is in use by a folder; choose another"),
    errno.EXDEV: (CrossVolume, "source and destination are on different volumes; copy instead"),
    errno.ENOSPC: (SourceFull, "the volume is full; make room"),
    errno.EDQUOT: (SourceFull, "the quota is used up; make room"),
    errno.EROFS: (SourceFull, "the volume is read-only; mount it for writing"),
    errno.EFBIG: (SourceFull, "the volume takes no file of that size; choose another"),
    errno.ELOOP: (SourceChanged, "it is a symbolic link, and links are not followed; scan again"),
    errno.ENXIO: (SourceChanged, "it is no regular file; scan again"),
    errno.ENAMETOOLONG: (SourceError, "the name is too long for the volume; shorten it"),
    errno.EIO: (SourceError, "the disk gave an input/output error; check the disk"),
    errno.EMFILE: (SourceError, "too many files are open; use fewer readers"),
    errno.ENFILE: (SourceError, "too many files are open on this machine; try again"),
    errno.ETXTBSY: (SourceError, "a program is using it; try again"),
    errno.EBUSY: (SourceError, "it is in use; try again"),
}
_OFFLINE = {
    getattr(errno, name)
    for name in ("ESTALE", "ENOTCONN", "EHOSTDOWN", "EHOSTUNREACH", "ETIMEDOUT", "ENODEV", "EREMOTEIO")
    if hasattr(errno, name)
}
"""What a network mount or a pulled disk answers."""


def renamed(error: OSError, doing: str, path: bytes) -> SourceError:
    """Return the SourceError for `error`, met while `doing` ("read", "move") to `path`.

    Use: `raise renamed(error, "read", path) from error`.
    """
    if error.errno in _OFFLINE:
        return SourceOffline(f"cannot {doing} {display(path)}: its volume does not answer; check the mount")
    text = (error.strerror or "unknown error").lower()
    kind, why = _KNOWN.get(error.errno or 0, (SourceError, f"{text}; check the volume"))
    return kind(f"cannot {doing} {display(path)}: {why}")
