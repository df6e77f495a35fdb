"""Folders to choose from, with the number of videos below each: for the Scanner's browser.

Counting goes by names alone and gives up at a budget: it must be quick on a slow share,
and the scan itself counts exactly.
"""

from __future__ import annotations

import os
import time

from mediavault_tui.domain.library import Folder
from mediavault_tui.domain.media import may_be_video, skipped
from mediavault_tui.domain.pathtext import comparable, display
from mediavault_tui.errors import SourceDenied, SourceMissing, SourceOffline

_SECONDS = 0.4
"""For all folders of one listing together."""

_ENTRIES = 4000
"""Names looked at below one folder."""


def subfolders(path: bytes) -> list[Folder]:
    """Return the folders directly below `path`, by name; those that no scan enters are left out.

    Links are not followed. Raises: SourceMissing, SourceDenied, SourceOffline.
    """
    try:
        with os.scandir(path) as entries:
            names = [e.name for e in entries if e.is_dir(follow_symlinks=False) and not skipped(e.name)]
    except FileNotFoundError as error:
        raise SourceMissing(f"{display(path)} is not there (any more)") from error
    except PermissionError as error:
        raise SourceDenied(f"{display(path)} may not be read by this user") from error
    except OSError as error:
        raise SourceOffline(f"{display(path)} cannot be listed: {error.strerror}") from error
    names.sort(key=lambda name: comparable(display(name)))
    deadline = time.monotonic() + _SECONDS
    return [_folder(os.path.join(path, name), display(name), deadline) for name in names]


def _folder(path: bytes, name: str, deadline: float) -> Folder:
    videos = looked_at = 0
    readable = complete = True
    todo = [path]
    while todo:
        here = todo.pop()
        try:
            with os.scandir(here) as entries:
                for entry in entries:
                    looked_at += 1
                    if entry.is_dir(follow_symlinks=False):
                        if not skipped(entry.name):
                            todo.append(entry.path)
                    elif may_be_video(entry.name):
                        videos += 1
        except OSError:
            # The one below may be closed to us; the one in the list says so.
            readable = readable and here != path
            complete = False
        if looked_at >= _ENTRIES or time.monotonic() > deadline:
            complete = complete and not todo
            break
    return Folder(path, name, videos, complete=complete, readable=readable)
