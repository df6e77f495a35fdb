"""The folders that `mediavault scan` is to scan: those that were named, or all that are known."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from mediavault_tui.cli.spelled import is_folder, is_there, located
from mediavault_tui.domain.pathtext import harmless
from mediavault_tui.errors import UsageError

if TYPE_CHECKING:
    from mediavault_tui.services.nas.shares import Nas
    from mediavault_tui.services.scanning.scan import Scanner


def folders(paths: list[str]) -> list[Path]:
    """Return the paths as folders; raises UsageError with a sentence for each that is none."""
    problems = []
    for path in paths:
        shown = os.fsencode(path).decode("utf-8", "backslashreplace")
        if not is_there(path):
            problems.append(f"{shown} does not exist")
        elif not is_folder(path):
            problems.append(f"{shown} is no folder")
        elif not os.access(path, os.R_OK | os.X_OK):
            problems.append(f"{shown} may not be read")
    if problems:
        raise UsageError("; ".join(problems))
    return [Path(os.path.abspath(path)) for path in paths]


def named_roots(paths: list[str], nas: Nas) -> list[Path]:
    """Return the located roots that were meant; raises UsageError for one that is nothing."""
    from mediavault_tui.domain.paths import LOCAL, place

    there: list[bytes] = []
    here: list[str] = []
    for path in paths:
        if path == "nas:":
            there += nas.scan_folders()
        elif place(name := located(path, nas))[0] == LOCAL:
            here.append(path)
        else:
            there.append(name)
    return [*folders(here), *(Path(os.fsdecode(name)) for name in there)]


async def known_roots(scanner: Scanner, nas: Nas) -> tuple[list[Path], bool]:
    """Return every folder that was scanned before or is set up, and whether all of them can be asked.

    It says on standard error which they are. A share that nobody has set up any more is left alone.
    Raises: UsageError if there is none.
    """
    from mediavault_tui.domain.paths import LOCAL, distinct_folders, place
    from mediavault_tui.domain.pathtext import display

    problems = {share.source: share.problem for share in nas.enabled}
    set_up = nas.scan_folders() if nas.enabled else []
    silent: dict[bytes, str] = {}
    roots: list[bytes] = []
    for folder in distinct_folders([*await scanner.known_roots(), *set_up]):
        source, path = place(folder)
        if source != LOCAL and source not in problems:
            print(harmless(f"left out: {display(folder)}: its share is not set up"), file=sys.stderr)
        elif why := _unanswered(path) if source == LOCAL else problems[source]:
            silent[folder] = why
        else:
            roots.append(folder)
    for folder, why in silent.items():
        print(harmless(f"left out: {display(folder)}: {why}"), file=sys.stderr)
    if not roots:
        raise UsageError("no folder was scanned before; say which: `mediavault scan /path/to/films`")
    many = "1 folder is" if len(roots) == 1 else f"{len(roots)} folders are"
    print(harmless(f"{many} scanned again: {', '.join(map(display, roots))}"), file=sys.stderr)
    return [Path(os.fsdecode(folder)) for folder in roots], not silent


def _unanswered(path: bytes) -> str:
    """Return what hangs at a path; nothing for a folder that is gone, which is the scan's to tell."""
    try:
        is_folder(path)
    except UsageError as error:
        return str(error)
    return ""
