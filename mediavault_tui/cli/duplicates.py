"""`mediavault duplicates`: the groups found, with what is recommended and why."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, Any

from mediavault_tui.cli.acting import print_json
from mediavault_tui.cli.spelled import located
from mediavault_tui.domain.measures import size
from mediavault_tui.domain.pathtext import harmless
from mediavault_tui.errors import UsageError

if TYPE_CHECKING:
    from mediavault_tui.domain.library import Comparison, Copy
    from mediavault_tui.domain.verdict import MemberVerdict
    from mediavault_tui.services.dedupe import Dedupe

KINDS = ("exact", "same_title", "coverage")
VERDICTS = ("certain", "clear", "recommended", "review")


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments."""
    parser.epilog = "Exit code 1: the groups could not be read; 2: there is no such group."
    parser.add_argument(
        "paths", nargs="*", metavar="PATH", help="only groups with a file at or below it, here or on a share"
    )
    parser.add_argument("--kind", metavar="exact,same_title,…", help="only groups of these kinds of proof")
    parser.add_argument("--verdict", metavar="clear,review,…", help="only groups of these verdicts")
    parser.add_argument("--why", type=int, metavar="ID", help="explain one group in full")
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    kinds, verdicts = chosen(args.kind, KINDS, "--kind"), chosen(args.verdict, VERDICTS, "--verdict")
    if args.why is not None and (args.paths or kinds or verdicts):
        raise UsageError("--why explains one group; it goes with no path, --kind or --verdict")
    return asyncio.run(_run(args, kinds, verdicts))


def chosen(text: str | None, known: Sequence[str], option: str) -> list[str]:
    """Read a comma-separated choice. Raises: UsageError naming what is not known."""
    words = [word.strip() for word in (text or "").split(",") if word.strip()]
    if unknown := [word for word in words if word not in known]:
        raise UsageError(f"{option}: {', '.join(unknown)} is none of {', '.join(known)}")
    return words


async def _run(args: argparse.Namespace, kinds: list[str], verdicts: list[str]) -> int:
    from mediavault_tui import bootstrap
    from mediavault_tui.domain.model import GroupId

    settings = bootstrap.load_settings()
    async with (
        bootstrap.open_database(settings) as database,
        bootstrap.open_nas(database, settings) as nas,
    ):
        dedupe = bootstrap.dedupe(database, settings)
        paths = [located(path, nas) for path in args.paths]
        if args.why is not None:
            found = [await dedupe.comparison(GroupId(args.why))]
        else:
            found = [each async for each in _comparisons(dedupe, paths, kinds, verdicts)]
    if args.json:
        print_json([as_json(each) for each in found])
    elif args.why is not None:
        print("\n".join(explained(found[0])))
    else:
        for each in found:
            print("\n".join(listed(each)))
        print(total(found))
    return 0


async def _comparisons(
    dedupe: Dedupe, paths: Sequence[bytes], kinds: Sequence[str], verdicts: Sequence[str]
) -> AsyncIterator[Comparison]:
    from mediavault_tui.domain.library import GroupQuery
    from mediavault_tui.domain.verdict import Proof, Verdict

    below = await dedupe.groups_below(paths) if paths else None
    query = GroupQuery(proofs=tuple(map(Proof, kinds)), verdicts=tuple(map(Verdict, verdicts)))
    after = None
    while page := await dedupe.groups(query, after=after):
        for group in page:
            if below is None or group.id in below:
                yield await dedupe.comparison(group.id)
        after = page[-1]


def listed(each: Comparison) -> list[str]:
    """Return a group in a few lines: what it is, what is recommended, which file stays."""
    group = each.group
    lines = [
        f"{group.id}  {harmless(group.title)}  [{group.proof}, {group.verdict}]  {size(group.reclaimable)}",
        f"    {harmless(group.sentence)}",
    ]
    verdicts = {member.file: member for member in each.decision.members}
    for copy in each.copies:
        member = verdicts.get(copy.file.id)
        mark = "keep" if member is None else str(member.verdict)
        lines.append(f"    {mark:<12} {copy.score.total:>3}  {harmless(copy.file.where)}")
    if group.note:
        lines.append(f"    note: {harmless(group.note)}")
    return lines


def explained(each: Comparison) -> list[str]:
    """Return a group with everything that led to its verdict."""
    lines = [*listed(each), f"    rule: {each.decision.rule}"]
    if each.decision.tie_break:
        lines.append(f"    a tie, broken by {each.decision.tie_break}")
    verdicts = {member.file: member for member in each.decision.members}
    for copy in each.copies:
        lines.append("")
        lines.append(harmless(copy.file.where))
        lines += [f"    {part.points:>+4}  {part.name}: {harmless(part.why)}" for part in copy.score.parts]
        lines.append(f"    {copy.score.total:>4}  in all; {copy.file.health.health}")
        if member := verdicts.get(copy.file.id):
            lines += [f"    {harmless(reason)}" for reason in member.reasons]
            lines += [f"    would be lost: {harmless(str(loss))}" for loss in member.losses]
    lines.append("")
    lines += [f"{edge.a} and {edge.b}: {harmless(edge.reason)} ({edge.strength} %)" for edge in each.edges]
    return lines


def total(found: Sequence[Comparison]) -> str:
    """Return the last line: how many groups, and what is reclaimable."""
    groups = "1 group" if len(found) == 1 else f"{len(found)} groups"
    won = size(sum(each.group.reclaimable for each in found))
    return f"{groups}, {won} reclaimable; nothing is moved by looking"


def as_json(each: Comparison) -> dict[str, Any]:
    """Return a group as JSON has it."""
    verdicts = {member.file: member for member in each.decision.members}
    return {
        "id": each.group.id,
        "proof": each.group.proof,
        "title": each.group.title,
        "verdict": each.group.verdict,
        "rule": each.decision.rule,
        "sentence": each.group.sentence,
        "tie_break": each.decision.tie_break,
        "reclaimable_bytes": each.group.reclaimable,
        "note": each.group.note,
        "files": [_copy_json(copy, verdicts.get(copy.file.id)) for copy in each.copies],
        "edges": [
            {"a": edge.a, "b": edge.b, "proof": edge.proof, "strength": edge.strength, "reason": edge.reason}
            for edge in each.edges
        ],
    }


def _copy_json(copy: Copy, member: MemberVerdict | None) -> dict[str, Any]:
    return {
        "id": copy.file.id,
        "path": copy.file.path,
        "source": copy.file.source,
        "size_bytes": copy.file.size,
        "keep": member is None,
        "verdict": member.verdict if member else None,
        "reasons": list(member.reasons) if member else [],
        "losses": [{"what": loss.what, "value": loss.value} for loss in member.losses] if member else [],
        "gap": member.gap if member else 0,
        "score": copy.score.total,
        "score_parts": [
            {"name": part.name, "points": part.points, "why": part.why} for part in copy.score.parts
        ],
        "health": copy.file.health.health,
        "health_reason": copy.file.health.reason,
    }
