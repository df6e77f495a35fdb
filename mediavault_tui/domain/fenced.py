"""Folders that something must stay out of. Light: `mediavault exact` walks through it and starts quickly."""

from __future__ import annotations

from collections.abc import Iterable

from mediavault_tui.domain.pathtext import comparable, display


class Fenced:
    """Folders that something must stay out of, however their names are spelled.

    Shares, Windows and macOS find a file whatever the case and the accents' form of its path, so that
    two spellings may be one folder; on a disk that tells them apart, this fences in too much, which loses
    nothing. What must surely lie inside a folder is asked of `holding.below`.
    """

    __slots__ = ("_tops",)

    def __init__(self, folders: Iterable[bytes]) -> None:
        self._tops = tuple(_folded(folder.rstrip(b"/")) for folder in folders)

    def __contains__(self, path: bytes) -> bool:
        """Return whether `path` may be one of the folders or lie below it."""
        return bool(self._tops) and _folded(path).startswith(self._tops)


def _folded(path: bytes) -> str:
    return comparable(display(path)) + "/"
