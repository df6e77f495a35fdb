"""Folders of a share to choose from, with the videos in each: for the Scanner's browser.

Counting opens nothing and gives up at a budget of time: a share may be slow, and a scan counts exactly.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Protocol

from mediavault_tui.domain.library import Folder
from mediavault_tui.domain.media import may_be_video, skipped
from mediavault_tui.domain.paths import locate
from mediavault_tui.domain.pathtext import comparable, display
from mediavault_tui.errors import SourceDenied, SourceMissing
from mediavault_tui.sources.base import Source
from mediavault_tui.sources.share_holding import Named

_SECONDS = 1.0
"""For all folders of one listing together."""


class Lists(Source, Protocol):
    """A source that can list one folder."""

    def list_folder(self, path: bytes) -> Sequence[Named]: ...


def subfolders(source: Lists, path: bytes) -> list[Folder]:
    """Return the folders directly below `path`, by name; those that no scan enters are left out.

    Their `raw_path` is located. Raises: SourceMissing, SourceDenied, SourceOffline.
    """
    entries = source.list_folder(path)
    names = [entry.name for entry in entries if entry.is_folder and not skipped(entry.name)]
    names.sort(key=lambda name: comparable(display(name)))
    deadline = time.monotonic() + _SECONDS
    return [_folder(source, path.rstrip(b"/") + b"/" + name, name, deadline) for name in names]


def _folder(source: Lists, path: bytes, name: bytes, deadline: float) -> Folder:
    videos = 0
    readable = complete = True
    todo = [path]
    while todo:
        if time.monotonic() > deadline:
            complete = False
            break
        here = todo.pop(0)
        try:
            entries = source.list_folder(here)
        except (SourceDenied, SourceMissing):
            readable = readable and here != path
            complete = False
            continue
        for entry in entries:
            if entry.is_folder:
                if not skipped(entry.name):
                    todo.append(here + b"/" + entry.name)
            elif may_be_video(entry.name):
                videos += 1
    return Folder(locate(source.name, path), display(name), videos, complete=complete, readable=readable)
