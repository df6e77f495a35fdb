"""`mediavault undo`: reverse the last act, of whatever kind it is."""

from __future__ import annotations

import argparse
import asyncio

from mediavault_tui.cli import acting
from mediavault_tui.domain.pathtext import harmless


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments."""
    parser.epilog = "Exit code 1: there is nothing to undo, or a file was refused."
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    return asyncio.run(_run(args))


async def _run(args: argparse.Namespace) -> int:
    async with acting.undoing() as service:
        undone = await service.undo(who=acting.who())
    if undone.files is not None:
        return acting.report(undone.files, "put back as before", as_json=args.json)
    if args.json:
        acting.print_json({"undone": undone.sentence})
    else:
        print(harmless(undone.sentence))
    return 0
