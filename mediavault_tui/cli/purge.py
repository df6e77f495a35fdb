"""`mediavault purge`: delete approved staged files for good; the word must be typed."""

from __future__ import annotations

import argparse
import asyncio
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from mediavault_tui.cli import acting
from mediavault_tui.domain.measures import size
from mediavault_tui.domain.pathtext import harmless
from mediavault_tui.domain.staging import PURGE_WORD

if TYPE_CHECKING:
    from mediavault_tui.domain.purging import Purgeable, PurgeForecast

_NAMED = 20
"""Files named one by one before the word is asked for; beyond that their number is told."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments."""
    parser.epilog = "Exit code 1: the word was wrong, or a file was refused and stays."
    parser.add_argument("ids", nargs="*", metavar="ID", help="only these of the approved ones")
    parser.add_argument(
        "--early",
        action="store_true",
        help="those too that were not held for PENDING_DELETION_RETENTION_DAYS days yet",
    )
    parser.add_argument("--word", help=f'the word "{PURGE_WORD}", for scripts; else it is asked for')
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    return asyncio.run(_run(args))


async def _run(args: argparse.Namespace) -> int:
    from mediavault_tui.domain.library import ActResult

    async with acting.staging() as stage:
        ids = await acting.chosen(stage, args.ids, everything=False) if args.ids else None
        forecast = await stage.forecast(ids, early=args.early)
        word = args.word
        if word is None:
            _tell([*_question(forecast), *_notes(forecast.what)])
            if forecast.files:
                print(f'Type "{PURGE_WORD}" to do it: ', end="", file=sys.stderr, flush=True)
                word = (await asyncio.to_thread(sys.stdin.readline)).strip()
        result = ActResult(batch="")
        if word is not None:  # these and no others: what somebody approves meanwhile was not shown
            result = await stage.purge(
                word=word, who=acting.who(), staged=forecast.what.ids, early=args.early
            )
    if args.word is not None and not args.early:
        _tell(_notes(forecast.what))
    result = replace(result, refused=(*forecast.what.refused, *result.refused))
    return acting.report(result, "purged", as_json=args.json, also=acting.due_and_held(forecast.what))


def _question(forecast: PurgeForecast) -> list[str]:
    """Return what would be deleted, for a person to read before the word is typed."""
    from mediavault_tui.domain.purging import cautions

    files, names = forecast.files, forecast.what.names
    if not files:
        return []
    many = "1 approved file is" if files == 1 else f"{files:,} approved files are"
    most = "at most " if forecast.bins else ""
    more = [f"  … and {files - _NAMED:,} more"] if files > _NAMED else []
    return [
        f"{many} deleted for good, {most}{size(forecast.bytes)} freed:",
        *[f"  {name}" for name in names[:_NAMED]],
        *more,
        *cautions(forecast),
    ]


def _notes(what: Purgeable) -> list[str]:
    """Return what stays for now and how it would go, or that there is nothing that could."""
    from mediavault_tui.domain.purging import held_sentence

    if what.waiting:
        how = [] if what.files else ["`mediavault purge --early` deletes what is approved without waiting."]
        return [held_sentence(what.waiting, early=what.early), *how]
    if not what.files and not what.refused:
        return ["Nothing is approved; `mediavault pending --approve ID…`, or `--all`, approves what may go."]
    return []


def _tell(lines: list[str]) -> None:
    for line in lines:
        print(harmless(line), file=sys.stderr)
