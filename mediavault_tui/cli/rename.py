"""`mediavault rename`: give files the names that their titles ask for; a preview with --dry-run."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from typing import TYPE_CHECKING

from mediavault_tui.cli import acting
from mediavault_tui.domain.pathtext import harmless

if TYPE_CHECKING:
    from mediavault_tui.domain.paths import Names
    from mediavault_tui.domain.rename_plan import Planned


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments."""
    parser.epilog = "Exit code 1: a file was refused and keeps its name, in a preview too."
    parser.add_argument(
        "files",
        nargs="*",
        metavar="FILE",
        help="numbers, files or folders; without any: every file with a title",
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="show the old and new names, and rename nothing"
    )
    parser.add_argument(
        "--preset", choices=("plex", "jellyfin", "kodi"), default="plex", help="whose names; by itself: plex"
    )
    parser.add_argument("--pattern", help="a pattern of your own, e.g. '{title} ({year})/{title} [{tier}]'")
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    return asyncio.run(_run(args))


async def _run(args: argparse.Namespace) -> int:
    from mediavault_tui import bootstrap
    from mediavault_tui.domain.model import FileId
    from mediavault_tui.domain.renaming import PRESETS, custom

    pattern = PRESETS[args.preset]
    if args.pattern:
        pattern = custom(args.pattern, base=pattern)
    settings = bootstrap.load_settings()
    async with (
        bootstrap.open_database(settings) as database,
        bootstrap.open_nas(database, settings) as nas,
    ):
        service = bootstrap.renaming(database, settings, nas)
        for sentence in await service.recover():
            print(f"mediavault: {harmless(sentence)}", file=sys.stderr)
        files: list[FileId] | None = [] if args.files else None
        for word in args.files:
            assert files is not None
            files += (
                [FileId(int(word))] if word.isdecimal() else await service.named(_located(nas.names, word))
            )
        planned = await service.preview(pattern, files)
        if args.dry_run:
            return _show(planned, as_json=args.json)
        try:
            result = await service.rename(planned, who=acting.who())
        finally:
            await service.close()
    return acting.report(result, "renamed; `mediavault undo` takes it back", as_json=args.json)


def _located(names: Names, word: str) -> bytes:
    """Return the located path of a word: a share in any spelling, else a path of this machine."""
    raw = os.fsencode(word)
    found = names.located(raw)
    return names.located(os.path.abspath(raw)) if found == raw else found


def _show(planned: list[Planned], *, as_json: bool) -> int:
    from mediavault_tui.domain.pathtext import display

    if as_json:
        acting.print_json(
            [
                {
                    "file": each.file,
                    "path": each.path,
                    "refused": each.refused,
                    "moves": [{"from": display(a), "to": display(b)} for a, b in each.moves],
                }
                for each in planned
            ]
        )
    else:
        for each in planned:
            for origin, destination in each.moves:
                print(f"- {harmless(display(origin))}\n+ {harmless(display(destination))}")
            if each.refused:
                print(f"refused: {harmless(each.refused)}", file=sys.stderr)
        print(f"{sum(bool(each.moves) for each in planned)} would be renamed; nothing was")
    return 1 if any(each.refused for each in planned) else 0
