"""The holding folder's own disk work: real folders, lists of names, its manifest.

Blocking, like the rest of this package; every OSError becomes a SourceError. Paths are plain ones of this
machine, never located ones: `places` has taken the machine off.
"""

from __future__ import annotations

import fcntl
import json
import os
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from mediavault_tui.domain.manifest import MANIFEST
from mediavault_tui.domain.model import signed
from mediavault_tui.domain.mounts import intended, points
from mediavault_tui.domain.pathtext import display
from mediavault_tui.errors import SourceChanged
from mediavault_tui.sources.local.errors import renamed
from mediavault_tui.sources.local.rename import sync_folder

FSTAB = "/etc/fstab"
MOUNTS = "/proc/self/mountinfo"
_NEW = b".new"
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def real_folder(folder: bytes, *, top: bytes) -> None:
    """Make sure that every step from `top` down to `folder` is a folder and no symbolic link.

    `top` itself may be reached through a link: it is the person's own choice.
    Raises: SourceMissing for a step that is not there; SourceChanged for a link or a file,
        because what lies behind it may be anywhere.
    """
    steps = folder[len(top.rstrip(b"/")) :].split(b"/")
    path = top.rstrip(b"/")
    try:
        if not stat.S_ISDIR(os.stat(path or b"/").st_mode):
            raise SourceChanged(f"{display(top)} is no folder any more; scan again")
        for step in filter(None, steps):
            path += b"/" + step
            mode = os.lstat(path).st_mode
            if stat.S_ISLNK(mode):
                raise SourceChanged(f"{display(path)} has become a symbolic link; links are not followed")
            if not stat.S_ISDIR(mode):
                raise SourceChanged(f"{display(path)} is no folder any more; scan again")
    except OSError as error:
        raise renamed(error, "look at", path) from error


def is_folder(path: bytes) -> bool:
    """Return whether a folder can be reached there now; a broken mount is no folder."""
    try:
        return stat.S_ISDIR(os.stat(path).st_mode)
    except OSError:
        return False


def unmounted(path: bytes) -> bytes | None:
    """Return the system's mount point at or above `path` at which nothing is mounted now, if there is one."""
    try:
        table = Path(FSTAB).read_bytes()
    except OSError:
        return None  # another system, or nothing that we may read
    for point in intended(table):
        inside = path == point or path.startswith(point.rstrip(b"/") + b"/")
        if inside and os.path.isdir(point) and not _is_mounted(point):
            return point
    return None


def _is_mounted(point: bytes) -> bool:
    """Return whether anything is mounted there; a folder bound to another one of its volume is, too."""
    try:
        return os.path.realpath(point) in points(Path(MOUNTS).read_bytes())
    except OSError:
        return os.path.ismount(point)  # another system than Linux


def device_if_empty(folder: bytes) -> int | None:
    """Return the device of an empty folder; None where something lies in it."""
    try:
        with os.scandir(folder) as entries:
            return None if next(entries, None) is not None else signed(os.stat(folder).st_dev)
    except OSError as error:
        raise renamed(error, "list", folder) from error


def names_in(folder: bytes) -> list[bytes]:
    """Return every name in a folder, of whatever kind; raises SourceMissing, SourceDenied."""
    try:
        return os.listdir(folder)
    except OSError as error:
        raise renamed(error, "list", folder) from error


def exists(path: bytes) -> bool:
    """Return whether anything, a broken link included, has that name."""
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise renamed(error, "look at", path) from error
    return True


def make_file(path: bytes) -> None:
    """Make an empty file; raises SourceTaken if the name is in use."""
    try:
        os.close(os.open(path, _CREATE, 0o600))
    except OSError as error:
        raise renamed(error, "make", path) from error


def write_new(path: bytes, data: bytes) -> None:
    """Make a small file that everybody may read, whole or not at all; SourceTaken if the name is in use."""
    try:
        with open(os.open(path, _CREATE, 0o644), "wb", buffering=0) as file:
            try:
                file.write(data)
            except OSError:
                os.unlink(path)
                raise
    except OSError as error:
        raise renamed(error, "make", path) from error


def settle(folder: bytes) -> None:
    """Make the names in a folder survive a power cut."""
    try:
        sync_folder(folder)
    except OSError as error:
        raise renamed(error, "make sure of the moves in", folder) from error


@contextmanager
def _locked(folder: bytes) -> Iterator[None]:
    """Keep other programs from changing this folder's manifest meanwhile."""
    try:
        descriptor = os.open(folder, _FOLDER)
    except OSError as error:
        raise renamed(error, "open", folder) from error
    try:
        with suppress(OSError):  # some network file systems have no locks; most have one user
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def rewrite_manifest(
    folder: bytes,
    change: Callable[[Mapping[str, Any] | None], dict[str, Any] | None],
    *,
    step: Callable[[str], None],
) -> None:
    """Replace the folder's manifest by what `change` makes of it, whole or not at all.

    `change` gets None where there is none, and returns None to remove it. A manifest that
    cannot be read is set aside under a free name, never overwritten.
    Raises: SourceMissing, SourceDenied, SourceFull.
    """
    path = folder + b"/" + MANIFEST
    with _locked(folder):
        remove_if_there(path + _NEW)  # of a crash: it may be cut off anywhere
        document = _read(path)
        try:
            revised = change(document)
        except ValueError:
            _set_aside(path)
            document, revised = None, change(None)
        try:
            if revised == document:
                return
            if revised is not None:
                _write_whole(path, json.dumps(revised, indent=1, ensure_ascii=True).encode(), step)
            else:
                os.unlink(path)
                step("manifest removed")
            sync_folder(folder)
        except OSError as error:
            raise renamed(error, "write", path) from error


def _read(path: bytes) -> dict[str, Any] | None:
    try:
        with open(path, "rb") as file:
            document = json.load(file)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise renamed(error, "read", path) from error
    except ValueError:  # no JSON, no UTF-8
        return {"files": None}
    return document if isinstance(document, dict) else {"files": None}


def _set_aside(path: bytes) -> None:
    number = 1
    while exists(aside := path[: -len(b".json")] + b".damaged-%d.json" % number):
        number += 1
    try:
        os.rename(path, aside)
    except OSError as error:
        raise renamed(error, "set aside", path) from error


def _write_whole(path: bytes, text: bytes, step: Callable[[str], None]) -> None:
    new = path + _NEW
    try:
        with open(os.open(new, _CREATE, 0o644), "wb") as file:
            step("manifest opened")
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        step("manifest written")
        os.replace(new, path)
        step("manifest in place")
    except OSError:
        remove_if_there(new)
        raise


def remove_if_there(path: bytes) -> None:
    """Remove a file of our own making; its absence is fine, on a read-only volume too."""
    if not exists(path):
        return
    try:
        os.unlink(path)
    except FileNotFoundError:
        return
    except OSError as error:
        raise renamed(error, "remove", path) from error
