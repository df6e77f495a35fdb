"""`mediavault demo`: make the demo library of real films, then open the app on it.

The app gets a data folder and a database of its own, which go when it ends: the demo
never mixes with the user's library.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

from mediavault_tui.errors import UsageError

if TYPE_CHECKING:
    from mediavault_tui.services.demo import DemoLibrary
    from mediavault_tui.settings import Settings


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `mediavault demo`."""
    parser.add_argument(
        "folder",
        nargs="?",
        type=Path,
        metavar="DIR",
        help="where to make it, new or empty; kept afterwards (default: a temporary folder)",
    )
    parser.add_argument("--make-only", type=Path, metavar="DIR", help="only make it there; open nothing")
    parser.add_argument("--json", action="store_true", help="with --make-only: one JSON document")


def run(args: argparse.Namespace) -> int:
    """Make the library; open the app unless told otherwise; return the exit code."""
    if args.make_only is not None and args.folder is not None:
        raise UsageError("give one folder: either DIR or --make-only DIR")
    if args.json and args.make_only is None:
        raise UsageError("--json goes with --make-only: the app itself prints nothing")

    from mediavault_tui.bootstrap import load_settings

    settings = load_settings()
    if args.make_only is not None:
        made = _make(args.make_only, settings)
        _report(made, as_json=args.json)
        return 0
    with tempfile.TemporaryDirectory(prefix="mediavault-demo-") as place:
        made = _make(args.folder or Path(place, "library"), settings)
        return _open(made, settings, Path(place, ".data"))  # hidden from the browser of folders


def _open(made: DemoLibrary, settings: Settings, data: Path) -> int:
    """Run the app on the library, away from the user's own database, folders and rules."""
    from mediavault_tui.cli.app import open_app

    own = replace(
        settings, data_dir=data, database_url=None, staging_path=None, protected=(), retention_days=0
    )
    return open_app([made.folder], demo=True, settings=own)


def _make(folder: Path, settings: Settings) -> DemoLibrary:
    from mediavault_tui.probe.tools import find_tool
    from mediavault_tui.services.demo import make

    ffmpeg = find_tool("ffmpeg", settings.ffmpeg)
    folder = folder.expanduser().absolute()
    drawn = sys.stderr.isatty()

    def show(done: int, total: int) -> None:
        if drawn:
            sys.stderr.write(f"\r\x1b[2Kmaking the demo library: {done} of {total} files")
            sys.stderr.flush()

    try:
        return asyncio.run(make(folder, ffmpeg=ffmpeg, on_progress=show))
    finally:
        if drawn:
            sys.stderr.write("\r\x1b[2K")
            sys.stderr.flush()


def _report(made: DemoLibrary, *, as_json: bool) -> None:
    if as_json:
        document = {
            "folder": str(made.folder),
            "files": made.files,
            "made": made.made,
            "seconds": round(made.seconds, 3),
            "expected": [asdict(expected) for expected in made.expected],
        }
        print(json.dumps(document))
    elif made.made:
        print(f"{made.made} files made in {made.folder} in {made.seconds:.1f} s")
    else:
        print(f"the demo library in {made.folder} was complete already ({len(made.files)} files)")
