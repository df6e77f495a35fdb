"""What is left of a bug: its traceback in a file, and a few lines for the person before it."""

from __future__ import annotations

import os
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.text import Text


def crash_panel(error: BaseException, folder: Path) -> Text:
    """Write the traceback into `folder` and return what to tell; that too if it cannot be written."""
    from rich.text import Text

    from mediavault_tui.logs import indented
    from mediavault_tui.ui.format import visible

    where = folder / "crash.log"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # File names stand in tracebacks: nobody else's business.
        descriptor = os.open(where, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with open(descriptor, "a", encoding="utf-8", errors="backslashreplace") as log:
            log.write(indented("".join(traceback.format_exception(error)).rstrip("\n")) + "\n")
        last = f"What happened is written down in {where}."
    except OSError as trouble:
        last = f"It could not be written to {where}: {trouble.strerror}."
    lines = (
        "MediaVault met a bug and has ended. No file was harmed: every act is journalled,",
        "and the next start finishes or undoes the one that was under way.",
        f"  {type(error).__name__}: {visible(str(error))[:300]}",
        visible(last),
    )
    return Text("\n".join(lines))
