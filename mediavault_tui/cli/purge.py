"""`mediavault purge`: delete approved staged files for good; the word must be typed."""

from __future__ import annotations

import argparse
import asyncio
import sys

from mediavault_tui.cli import acting


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments."""
    parser.add_argument("ids", nargs="*", metavar="ID", help="only these of the approved ones")
    parser.add_argument("--word", help='the word "purge", for scripts; else it is asked for')
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    return asyncio.run(_run(args))


async def _run(args: argparse.Namespace) -> int:
    async with acting.staging() as stage:
        word = args.word
        if word is None:
            forecast = await stage.forecast()
            print(
                f"{forecast.files} approved files are deleted for good, {forecast.bytes:,} bytes freed. "
                'Type "purge" to do it: ',
                end="",
                file=sys.stderr,
                flush=True,
            )
            word = (await asyncio.to_thread(sys.stdin.readline)).strip()
        ids = await acting.chosen(stage, args.ids, everything=False) if args.ids else None
        result = await stage.purge(word=word, who=acting.who(), staged=ids)
    return acting.report(result, "purged", as_json=args.json)
