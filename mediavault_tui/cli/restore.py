"""`mediavault restore`: put staged files back where they came from."""

from __future__ import annotations

import argparse
import asyncio

from mediavault_tui.cli import acting


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments."""
    parser.epilog = "Exit code 1: a file was refused and stays in the holding folder."
    parser.add_argument("ids", nargs="*", metavar="ID", help="numbers as `mediavault pending` lists them")
    parser.add_argument("--all", action="store_true", help="every staged file")
    parser.add_argument(
        "--rename", action="store_true", help="where the place is taken, restore as `Name (2)`"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    return asyncio.run(_run(args))


async def _run(args: argparse.Namespace) -> int:
    async with acting.staging() as stage:
        ids = await acting.chosen(stage, args.ids, everything=args.all)
        result = await stage.restore(ids, who=acting.who(), rename=args.rename)
    return acting.report(result, "restored", as_json=args.json)
