"""What lies in one folder, with one look at each entry; nothing is opened or followed."""

from __future__ import annotations

import os
from typing import NamedTuple

from mediavault_tui.domain.fenced import Fenced
from mediavault_tui.domain.media import skipped
from mediavault_tui.sources.local.errors import renamed

Ancestors = tuple[int, int, "Ancestors"] | tuple[()]
"""Device and inode of a folder, then the same of the one above it."""
Folder = tuple[bytes, Ancestors]
"""A path, and the folder's own numbers followed by those of all above it."""


class Listing(NamedTuple):
    """What one look into a folder gave."""

    folder: bytes
    found: list[tuple[bytes, os.stat_result]]
    """Regular files, and the lstat of each."""
    below: list[Folder]
    """Folders to enter."""
    problems: list[tuple[bytes, str]]
    """Entries that could not be looked at, and the sentence why."""
    failure: OSError | None
    """Why the folder could not be listed (to its end)."""


def list_folder(folder: Folder, skip: Fenced) -> Listing:
    """Look into one folder, and at each of its files and folders once."""
    path, ancestors = folder
    listing = Listing(path, [], [], [], None)
    try:
        with os.scandir(path) as entries:
            for entry in entries:
                try:
                    if entry.is_file(follow_symlinks=False):
                        listing.found.append((entry.path, entry.stat(follow_symlinks=False)))
                    elif entry.is_dir(follow_symlinks=False):
                        if skipped(entry.name) or entry.path in skip:
                            continue
                        below = entry.stat(follow_symlinks=False)
                        if not _loops(below, ancestors):
                            listing.below.append((entry.path, (below.st_dev, below.st_ino, ancestors)))
                except FileNotFoundError:
                    continue  # gone since the folder was listed: it is simply not there
                except OSError as error:
                    listing.problems.append((entry.path, str(renamed(error, "look at", entry.path))))
    except OSError as error:
        return listing._replace(failure=error)
    return listing


def _loops(folder: os.stat_result, ancestors: Ancestors) -> bool:
    """Return whether the folder is one of its own ancestors (a bind mount, a broken disk)."""
    while ancestors:
        device, inode, ancestors = ancestors
        if folder.st_ino == inode and folder.st_dev == device:
            return True
    return False
