"""`mediavault undo`: reverse the last act."""

from __future__ import annotations

import argparse
import asyncio

from mediavault_tui.cli import acting


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments."""
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    return asyncio.run(_run(args))


async def _run(args: argparse.Namespace) -> int:
    async with acting.staging() as stage:
        result = await stage.undo(who=acting.who())
    return acting.report(result, "put back as before", as_json=args.json)
