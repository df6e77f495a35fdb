"""Which of several byte-identical files stays: where they lie is all that differs."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from mediavault_tui.domain.model import MediaFile
from mediavault_tui.domain.ranking import failed

_PASSING = re.compile(
    r"\b(?:downloads?|torrents?|seed(?:s|ing)?|usenet|incoming|incomplete|sabnzbd|nzbget|qbittorrent"
    r"|transmission|deluge|temp|tmp|unsorted)\b",
    re.IGNORECASE,
)
"""Words in a folder's name that say its files are on their way to somewhere else."""

_SAME_DAY = timedelta(days=1)
"""Files first seen within it came with one scan, or one visit; neither is longer-standing."""

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


def in_passing_folder(file: MediaFile) -> bool:
    """Return whether a folder on the file's path is one for downloads or torrents."""
    folders = file.path.rpartition("/")[0].replace("_", " ")
    return _PASSING.search(folders) is not None


def first_of_equals(files: Sequence[MediaFile]) -> tuple[MediaFile, str]:
    """Return the one to keep of byte-identical files and, as a clause, what decided.

    The order of `files` does not matter.
    """
    left = sorted(files, key=lambda file: (file.raw_path, file.id))
    decided = "nothing else tells them apart but the alphabet"
    for clause, keep in _CRITERIA:
        best = keep(left)
        if 0 < len(best) < len(left):
            left, decided = best, clause
        if len(left) == 1:
            break
    return left[0], decided


def _healthy(files: list[MediaFile]) -> list[MediaFile]:
    return [file for file in files if not failed(file)]


def _protected(files: list[MediaFile]) -> list[MediaFile]:
    return [file for file in files if file.protected]


def _settled(files: list[MediaFile]) -> list[MediaFile]:
    return [file for file in files if not in_passing_folder(file)]


def _longest_known(files: list[MediaFile]) -> list[MediaFile]:
    earliest = min(file.first_seen or _LONG_AGO for file in files)
    return [file for file in files if (file.first_seen or _LONG_AGO) - earliest < _SAME_DAY]


def _oldest(files: list[MediaFile]) -> list[MediaFile]:
    oldest = min(file.stamp.modified_ns for file in files)
    return [file for file in files if file.stamp.modified_ns == oldest]


def _shortest(files: list[MediaFile]) -> list[MediaFile]:
    shortest = min(len(file.path) for file in files)
    return [file for file in files if len(file.path) == shortest]


_CRITERIA: tuple[tuple[str, Callable[[list[MediaFile]], list[MediaFile]]], ...] = (
    ("it alone passed its health check", _healthy),
    ("it lies in a protected folder", _protected),
    ("it lies in no download or torrent folder", _settled),
    ("it has been in the library longest", _longest_known),
    ("it is the oldest", _oldest),
    ("its path is the shortest", _shortest),
)
