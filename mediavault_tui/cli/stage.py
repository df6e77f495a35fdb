"""`mediavault stage`: move the worse copies of groups into the holding folder."""

from __future__ import annotations

import argparse
import asyncio
import sys
from typing import TYPE_CHECKING

from mediavault_tui.cli import acting
from mediavault_tui.errors import UsageError

if TYPE_CHECKING:
    from mediavault_tui.domain.model import GroupId
    from mediavault_tui.domain.verdict import Verdict
    from mediavault_tui.services.staging.files import Rehearsed
    from mediavault_tui.services.staging.stage import Stage


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments."""
    parser.epilog = "Exit code 1: a file was refused, in a rehearsal too; what was not refused is staged."
    parser.add_argument(
        "groups",
        nargs="*",
        metavar="GROUP",
        help="numbers as `mediavault duplicates` lists them; of several, none with the verdict review",
    )
    parser.add_argument(
        "--keep", metavar="FILE", help="the copy to keep (number or path); else the recommended one"
    )
    parser.add_argument("--verdict", metavar="certain,clear", help="every open group of these verdicts")
    parser.add_argument(
        "--dry-run", action="store_true", help="say what would move where, why and at what loss; move nothing"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    if bool(args.groups) == bool(args.verdict):
        raise UsageError("say which groups to stage: their numbers, or --verdict certain,clear")
    if args.keep and len(args.groups) != 1:
        raise UsageError("--keep names the copy to keep of one group: give one group with it")
    return asyncio.run(_run(args))


async def _run(args: argparse.Namespace) -> int:
    async with acting.opened() as (stage, naming):
        groups = await _groups(stage, args)
        keeper = await naming.file(args.keep) if args.keep else None
        sure = bool(args.verdict)  # a scan may come to another one between the question and the act
        if args.dry_run:
            answers = await stage.rehearse(groups, keeper=keeper, sure=sure, who=acting.who())
            return _rehearsed(answers, as_json=args.json)
        if keeper is not None:
            for lost in (await stage.lost_beside(groups[0], keeper)).values():
                for loss in lost:
                    print(f"You lose {loss}, which a file beside the staged copy has", file=sys.stderr)
        result = await stage.stage_groups(groups, keeper=keeper, sure=sure, who=acting.who())
    return acting.report(result, "staged; nothing is deleted", as_json=args.json)


async def _groups(stage: Stage, args: argparse.Namespace) -> list[GroupId]:
    from mediavault_tui.domain.model import GroupId

    if not args.verdict:
        return [GroupId(number) for number in acting.numbers(args.groups, "group", listed_by="duplicates")]
    return await stage.batch_groups([_verdict(word) for word in args.verdict.split(",")])


def _verdict(word: str) -> Verdict:
    from mediavault_tui.domain.verdict import Verdict

    known = [verdict.value for verdict in Verdict if verdict.may_enter_a_batch]
    if word.strip() not in known:
        raise UsageError(f"{word.strip()!r} may not be staged in a batch; only {' and '.join(known)} may")
    return Verdict(word.strip())


def _rehearsed(answers: list[Rehearsed], *, as_json: bool) -> int:
    from mediavault_tui.domain.pathtext import display, harmless

    if as_json:
        acting.print_json(
            [
                {
                    "file": answer.file,
                    "keeper": answer.keeper,
                    "reason": answer.reason,
                    "refused": answer.refused,
                    "verdict": answer.verdict,
                    "losses": [{"what": loss.what, "value": loss.value} for loss in answer.losses],
                    "moves": [{"from": display(a), "to": display(b)} for a, b in answer.moves],
                }
                for answer in answers
            ]
        )
    else:
        for answer in answers:
            for origin, destination in answer.moves:
                print(f"{harmless(display(origin))}\n  → {harmless(display(destination))}")
            if answer.moves:
                verdict = answer.verdict or "another copy is kept than recommended"
                print(f"    {verdict}: {harmless(answer.reason)}")
            for loss in answer.losses:
                print(f"    would be lost: {harmless(str(loss))}")
            if answer.refused:
                print(f"refused: {harmless(answer.refused)}", file=sys.stderr)
        print("this was a rehearsal: nothing was moved")
    return 1 if any(answer.refused for answer in answers) else 0
