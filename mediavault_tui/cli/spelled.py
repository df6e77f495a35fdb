"""A path as a person writes it: a folder of this machine, or any spelling of a share's."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mediavault_tui.services.nas.shares import Nas

_SHARES = ("nas:", "smb://", "\\\\", "//")


def is_there(path: str | bytes) -> bool:
    """Return whether anything has that name here; raises UsageError if the disk or mount does not answer."""
    return _answer(path, lambda: os.path.lexists(path))


def is_folder(path: str | bytes) -> bool:
    """Return whether a folder has that name here; raises UsageError if the disk or mount does not answer."""
    return _answer(path, lambda: os.path.isdir(path))


def _answer(path: str | bytes, ask: Callable[[], bool]) -> bool:
    from mediavault_tui.errors import UsageError
    from mediavault_tui.sources import waiting

    try:
        return waiting.in_time(ask, waiting.DEADLINE)
    except TimeoutError:
        shown = os.fsencode(path).decode("utf-8", "backslashreplace")
        raise UsageError(
            f"{shown} does not answer within {waiting.DEADLINE:g} s: what is mounted there hangs;"
            " mount it anew, or write nas:/… to ask the share itself"
        ) from None


def is_place(word: str) -> bool:
    """Return whether a word can only name a place: by its form, or because a folder here has that name."""
    shaped = word.lower().startswith((*_SHARES, "~")) or "/" in word or word in (".", "..")
    return shaped or is_folder(word)


def of_a_share(word: str) -> bool:
    """Return whether a path can only be a share's: by its form, or because nothing here has that name."""
    return word.lower().startswith(_SHARES) or (word.startswith("/") and not is_there(word))


def located(word: str, nas: Nas) -> bytes:
    """Return the located path that was meant; one that is a folder here as well is the folder here.

    Raises: UsageError for a share that nobody has set up.
    """
    from mediavault_tui.domain.paths import LOCAL, place

    here = not word.lower().startswith(_SHARES)
    raw = os.path.abspath(os.fsencode(word)) if here else os.fsencode(word)
    name = nas.names.located(raw)
    if here and place(name)[0] != LOCAL and not nas.names.mounted(raw) and is_there(raw):
        return raw
    return name if place(name)[0] != LOCAL else raw
