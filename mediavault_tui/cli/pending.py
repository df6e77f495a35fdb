"""`mediavault pending`: list what is staged; approve it."""

from __future__ import annotations

import argparse
import asyncio
from dataclasses import asdict
from typing import TYPE_CHECKING

from mediavault_tui.cli import acting
from mediavault_tui.domain.measures import size
from mediavault_tui.domain.pathtext import harmless
from mediavault_tui.errors import UsageError

if TYPE_CHECKING:
    from mediavault_tui.domain.library import StagedFile


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments."""
    parser.epilog = "Exit code 1: a file was refused."
    parser.add_argument("ids", nargs="*", metavar="ID", help="the staged files to approve or unapprove")
    parser.add_argument(
        "--approve", action="store_true", help="approve these for purging; nothing is deleted by it"
    )
    parser.add_argument("--unapprove", action="store_true", help="take the approval back")
    parser.add_argument("--all", action="store_true", help="…every staged file")
    parser.add_argument(
        "--filter", default="", metavar="WORDS", help="list only what has these words in title or path"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    if args.approve and args.unapprove:
        raise UsageError("approve or unapprove: one of them")
    if (args.ids or args.all) and not (args.approve or args.unapprove):
        raise UsageError("numbers and --all go with --approve or --unapprove")
    return asyncio.run(_run(args))


async def _run(args: argparse.Namespace) -> int:
    from mediavault_tui.domain.purging import cautions, held_sentence

    async with acting.staging() as stage:
        if args.approve or args.unapprove:
            ids = await acting.chosen(stage, args.ids, everything=args.all)
            act = stage.approve if args.approve else stage.unapprove
            result = await act(ids, who=acting.who())
            said = (
                "approved; `mediavault purge` deletes them once they are due"
                if args.approve
                else "not approved any more"
            )
            return acting.report(result, said, as_json=args.json)
        rows = [row async for row in acting.all_pending(stage, args.filter)]
        forecast = await stage.forecast()
    waiting = forecast.what.waiting
    if args.json:
        acting.print_json(
            {
                "staged": [_document(row) for row in rows],
                "approved": {
                    "files": forecast.files + (waiting.files if waiting else 0),
                    "freed_bytes": forecast.bytes,
                    **acting.due_and_held(forecast.what),
                },
            }
        )
        return 0
    for row in rows:
        mark = "approved" if row.state.value == "approved" else "staged"
        print(
            f"{row.id:>6}  {mark:<8}  {size(row.size):>8}  {row.staged_at:%Y-%m-%d}  {harmless(row.original)}"
        )
        print(f"{'':8}{harmless(row.reason)}; kept: {harmless(row.keeper_path)}")
    due = "approved" if waiting is None else "that are approved and due"
    print(f"{len(rows)} staged; purging the {forecast.files} {due} would free {size(forecast.bytes)}")
    for sentence in [*([held_sentence(waiting)] if waiting else []), *cautions(forecast)]:
        print(sentence)
    return 0


def _document(row: StagedFile) -> dict[str, object]:
    due = row.due_at.isoformat() if row.due_at else None
    return asdict(row) | {"staged_at": row.staged_at.isoformat(), "due_at": due}
