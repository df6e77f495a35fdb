"""Duplicates narrowed by verdict and by kind of proof: what may be chosen, and what it comes to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from rich.cells import cell_len

from mediavault_tui.domain.library import GroupQuery, GroupTotals
from mediavault_tui.domain.verdict import Proof, Verdict
from mediavault_tui.ui.columns import Cell, Column
from mediavault_tui.ui.format import PROOFS, VERDICTS, count, size, visible


@dataclass(frozen=True, slots=True)
class Narrower:
    """One line beside the groups: a heading (`value` None), or a verdict or kind with what it comes to."""

    heading: str
    value: Verdict | Proof | None
    groups: int = 0
    reclaimable: int = 0
    chosen: bool = False


def _value(row: Narrower) -> Cell:
    if row.value is None:
        return row.heading, "accent"
    name = VERDICTS[row.value][0] if isinstance(row.value, Verdict) else PROOFS[row.value]
    return f" {'◉' if row.chosen else '○'} {name}", "strong" if row.chosen else "plain"


NARROWERS: tuple[Column[Narrower], ...] = (
    Column("value", "Narrow to", 0, _value),
    Column("groups", "", 6, lambda row: (f"{row.groups:,}" if row.value else "", "muted"), right=True),
    Column("bytes", "", 8, lambda row: (size(row.reclaimable) if row.value else "", "muted"), right=True),
)


def narrowers(totals: Sequence[GroupTotals], query: GroupQuery) -> list[Narrower]:
    """Return every verdict and kind; each is counted as if the others of its heading were not chosen."""
    of_kinds = [each for each in totals if not query.proofs or each.proof in query.proofs]
    of_verdicts = [each for each in totals if not query.verdicts or each.verdict in query.verdicts]
    lines = [Narrower("Verdict", None)]
    for verdict in Verdict:
        lines.append(Narrower("Verdict", verdict, *_of(of_kinds, verdict), verdict in query.verdicts))
    lines.append(Narrower("Found by", None))
    for proof in Proof:
        found = [each for each in of_verdicts if each.proof is proof]
        if found or proof in query.proofs:
            lines.append(Narrower("Found by", proof, *_sum(found), proof in query.proofs))
    return lines


def toggled(query: GroupQuery, value: Verdict | Proof) -> GroupQuery:
    """Return the query with a verdict or kind as the only one of its heading; without it, if it was that."""
    if isinstance(value, Verdict):
        return replace(query, verdicts=() if value in query.verdicts else (value,))
    return replace(query, proofs=() if value in query.proofs else (value,))


def total(totals: Iterable[GroupTotals], query: GroupQuery, width: int) -> list[str]:
    """Return the parts of the pane's last line: what the filter lets through, in all and by verdict.

    Where they have no room within `width` cells, signs stand for the verdicts, and at last for their bytes.
    """
    shown = [
        each
        for each in totals
        if (not query.proofs or each.proof in query.proofs)
        and (not query.verdicts or each.verdict in query.verdicts)
    ]
    groups, bytes = _sum(shown)
    filters = [*(VERDICTS[each][0] for each in query.verdicts), *(PROOFS[each] for each in query.proofs)]
    if query.text:
        filters.append(f"{'not ' if query.inverse else ''}“{visible(query.text)}”")
    verdicts = [] if query.verdicts else [(VERDICTS[v][0], *_of(shown, v)) for v in Verdict]
    verdicts = [each for each in verdicts if each[1]]
    whole = f"{count(groups, 'group')}, {size(bytes)}"
    ways = (
        [f"{whole} reclaimable", *(f"{name} {found:,}, {size(freed)}" for name, found, freed in verdicts)],
        [whole, *(f"{name[0]} {found:,}, {size(freed)}" for name, found, freed in verdicts)],
        [whole, *(f"{name[0]} {found:,}" for name, found, _ in verdicts)],
    )
    lines = [[*way, *filters] for way in ways]
    return next((line for line in lines if cell_len(" · ".join(line)) <= width), lines[-1])


def _of(totals: Iterable[GroupTotals], verdict: Verdict) -> tuple[int, int]:
    return _sum(each for each in totals if each.verdict is verdict)


def _sum(totals: Iterable[GroupTotals]) -> tuple[int, int]:
    found = list(totals)
    return sum(each.groups for each in found), sum(each.reclaimable for each in found)
