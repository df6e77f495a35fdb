"""The regular files below a folder, with one look at each; nothing is opened or followed."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator

from mediavault_tui.domain.media import skipped
from mediavault_tui.errors import SourceOffline
from mediavault_tui.sources.local_errors import renamed

Ancestors = tuple[int, int, "Ancestors"] | tuple[()]
"""Device and inode of a folder, then the same of the one above it."""


def distinct_roots(roots: Iterable[bytes]) -> list[bytes]:
    """Return the roots as real paths, without repetitions and without those inside another."""
    kept: list[bytes] = []
    for root in sorted({os.path.realpath(root) for root in roots}, key=len):
        if not any(root.startswith(above.rstrip(b"/") + b"/") for above in kept):
            kept.append(root)
    return sorted(kept)


def walk(
    root: bytes,
    *,
    skip: frozenset[bytes] = frozenset(),
    on_error: Callable[[bytes, str], None],
) -> Iterator[list[tuple[bytes, os.stat_result]]]:
    """Yield, folder by folder, the regular files below `root` with their lstat.

    Links are not followed, mounts are entered, a folder that is its own ancestor is not entered
    again. `skip`: real paths of folders not to enter, beside `domain.media.skipped`.
    Raises: SourceOffline if the root is missing, no folder or cannot be listed.
    """
    top = os.path.realpath(root)
    try:
        here = os.stat(top)
        if not stat.S_ISDIR(here.st_mode):
            raise NotADirectoryError(20, "not a folder")
        os.scandir(top).close()
    except OSError as error:
        raise SourceOffline(str(renamed(error, "list the folder", top))) from error
    todo: list[tuple[bytes, Ancestors]] = [(top, (here.st_dev, here.st_ino, ()))]
    while todo:
        folder, ancestors = todo.pop()
        found: list[tuple[bytes, os.stat_result]] = []
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    try:
                        if entry.is_file(follow_symlinks=False):
                            found.append((entry.path, entry.stat(follow_symlinks=False)))
                        elif entry.is_dir(follow_symlinks=False):
                            if skipped(entry.name) or entry.path in skip:
                                continue
                            below = entry.stat(follow_symlinks=False)
                            if not _loops(below, ancestors):
                                todo.append((entry.path, (below.st_dev, below.st_ino, ancestors)))
                    except FileNotFoundError:
                        continue  # gone since the folder was listed: it is simply not there
                    except OSError as error:
                        on_error(entry.path, str(renamed(error, "look at", entry.path)))
        except FileNotFoundError:
            if folder == top:
                raise SourceOffline(str(renamed(FileNotFoundError(2, ""), "list the folder", top))) from None
        except OSError as error:
            if folder == top and not found:
                raise SourceOffline(str(renamed(error, "list the folder", top))) from error
            on_error(folder, str(renamed(error, "list the folder", folder)))
        if found:
            yield found


def _loops(folder: os.stat_result, ancestors: Ancestors) -> bool:
    """Return whether the folder is one of its own ancestors (a bind mount, a broken disk)."""
    while ancestors:
        device, inode, ancestors = ancestors
        if folder.st_ino == inode and folder.st_dev == device:
            return True
    return False
