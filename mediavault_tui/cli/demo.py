"""`mediavault demo`: make the demo library of real films, then open the app on it.

The app gets a data folder and a database of its own, which go when it ends: the demo
never mixes with the user's library. It knows no NAS and scans its own folder only, for
what was staged elsewhere would be journalled in a database that is about to go.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mediavault_tui.errors import UsageError

if TYPE_CHECKING:
    from mediavault_tui.services.demo.make import DemoLibrary
    from mediavault_tui.settings import Settings

_TAKEN_OVER = (
    # the programs and manners of this machine
    *("pg_bin", "ffmpeg", "ffprobe", "readers", "graphics", "theme", "keys", "streamer_port", "read_only"),
    # who is asked for titles, and who answers questions: they learn of the demo's films only
    *("tmdb_token", "tmdb_key", "tmdb_url", "tmdb_image_url"),
    *("azure_key", "azure_endpoint", "azure_version", "azure_chat", "azure_chat_mini"),
    *("azure_tokens_per_day", "openai_url", "openai_key", "openai_model", "openai_model_mini"),
)
_SHARES = ("nas:", "smb:", "\\\\")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `mediavault demo`."""
    parser.epilog = "Exit code 1: the films could not be made; 2: the folder is not empty."
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
    from mediavault_tui.cli.app import open_app

    return open_app([made.folder], demo=True, settings=own_settings(settings, data))


def own_settings(settings: Settings, data: Path) -> Settings:
    """Return the demo's settings: of the user's own only what has nothing to do with their library.

    A setting that is new is not taken over before somebody says so here.
    """
    from mediavault_tui.settings import Settings

    kept: dict[str, Any] = {name: getattr(settings, name) for name in _TAKEN_OVER}
    # What the user forbade stays forbidden; a share is not known here, and so cannot be named.
    protected = tuple(p for p in settings.protected if not str(p).lower().startswith(_SHARES))
    return Settings(data_dir=data, cache_dir=data / "cache", protected=protected, retention_days=0, **kept)


def _make(folder: Path, settings: Settings) -> DemoLibrary:
    from mediavault_tui.probe.tools import find_tool
    from mediavault_tui.services.demo.make import make

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
