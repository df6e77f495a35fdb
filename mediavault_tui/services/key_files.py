"""Key files: made once, whole or not at all, whatever else is started at the same time."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from mediavault_tui.sources.local.rename import sync_folder


def write_once(place: Path, content: bytes) -> None:
    """Make a file that only its owner may read, unless it is there; a power cut leaves none, or a whole one.

    What another process made meanwhile stays. Raises: OSError.
    """
    fresh = place.with_name(f"{place.name}.{secrets.token_hex(8)}")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(fresh, place)  # never overwrites: whoever is first has made it for all
    finally:
        os.unlink(fresh)
    sync_folder(os.fsencode(place.parent))
