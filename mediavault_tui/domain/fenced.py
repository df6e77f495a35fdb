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

    __slots__ = ("_names", "_tops")

    def __init__(self, folders: Iterable[bytes]) -> None:
        """`folders`: paths; one without a slash is the name of folders anywhere, by themselves."""
        everything = list(folders)
        self._tops = tuple(_folded(path.rstrip(b"/")) for path in everything if b"/" in path)
        self._names = frozenset(_folded(name) for name in everything if b"/" not in name)

    def __contains__(self, path: bytes) -> bool:
        """Return whether `path` may be one of the folders, or lie below one that is a path."""
        if not self._tops and not self._names:
            return False
        folded = _folded(path)
        return folded.startswith(self._tops) or folded[folded.rfind("/", 0, -1) + 1 :] in self._names


def _folded(path: bytes) -> str:
    return comparable(display(path)) + "/"
