"""A path as a person writes it: a folder of this machine, or any spelling of a share's."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mediavault_tui.services.nas import Nas

_SHARES = ("nas:", "smb://", "\\\\", "//")


def of_a_share(word: str) -> bool:
    """Return whether a path can only be a share's: by its form, or because nothing here has that name."""
    return word.lower().startswith(_SHARES) or (word.startswith("/") and not os.path.lexists(word))


def located(word: str, nas: Nas) -> bytes:
    """Return the located path that was meant; one that is a folder here as well is the folder here.

    Raises: UsageError for a share that nobody has set up.
    """
    from mediavault_tui.domain.paths import LOCAL, place

    here = not word.lower().startswith(_SHARES)
    raw = os.path.abspath(os.fsencode(word)) if here else os.fsencode(word)
    name = nas.names.located(raw)
    if here and place(name)[0] != LOCAL and os.path.lexists(raw) and not nas.names.mounted(raw):
        return raw
    return name if place(name)[0] != LOCAL else raw
