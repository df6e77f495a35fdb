"""What Duplicates may be narrowed to, and what that comes to."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from mediavault_tui.domain.library import GroupQuery, GroupTotals
from mediavault_tui.domain.verdict import Proof, Verdict
from mediavault_tui.ui.narrowing import narrowers, toggled, total

GB = 10**9
TOTALS = [
    GroupTotals(Proof.EXACT, Verdict.CERTAIN, 312, 120 * GB),
    GroupTotals(Proof.SAME_TITLE, Verdict.CLEAR, 1_402, 1_200 * GB),
    GroupTotals(Proof.SAME_TITLE, Verdict.REVIEW, 190, 80 * GB),
    GroupTotals(Proof.COVERAGE, Verdict.REVIEW, 6, 0),
]

REVIEW = "? review 196, 80.0 GB"


def counted(query: GroupQuery) -> dict[str, int]:
    return {str(line.value): line.groups for line in narrowers(TOTALS, query) if line.value}


def test_every_value_is_counted_as_if_no_other_of_its_heading_were_chosen() -> None:
    assert counted(GroupQuery(verdicts=(Verdict.REVIEW,))) == {
        "certain": 312, "clear": 1_402, "recommended": 0, "review": 196, "same_title": 190, "coverage": 6
    }  # fmt: skip
    assert counted(GroupQuery(proofs=(Proof.EXACT,))) == {
        "certain": 312, "clear": 0, "recommended": 0, "review": 0,
        "exact": 312, "same_title": 1_592, "coverage": 6,
    }  # fmt: skip


def test_what_is_chosen_stays_to_be_taken_back_where_nothing_is_left() -> None:
    assert counted(GroupQuery(proofs=(Proof.EXACT,), verdicts=(Verdict.REVIEW,)))["exact"] == 0


def test_a_value_takes_the_place_of_another_and_goes_when_it_is_chosen_again() -> None:
    query = toggled(GroupQuery("heat"), Verdict.CLEAR)
    query = toggled(query, Proof.EXACT)
    query = toggled(query, Verdict.REVIEW)
    assert query == GroupQuery("heat", proofs=(Proof.EXACT,), verdicts=(Verdict.REVIEW,))
    assert toggled(toggled(query, Verdict.REVIEW), Proof.EXACT) == GroupQuery("heat")


@pytest.mark.parametrize(
    ("width", "line"),
    [
        (158, f"1,910 groups, 1.4 TB reclaimable · ✔ certain 312, 120 GB · ✓ clear 1,402, 1.2 TB · {REVIEW}"),
        (78, "1,910 groups, 1.4 TB · ✔ 312, 120 GB · ✓ 1,402, 1.2 TB · ? 196, 80.0 GB"),
        (60, "1,910 groups, 1.4 TB · ✔ 312 · ✓ 1,402 · ? 196"),
    ],
)
def test_the_line_says_as_much_as_there_is_room_for(width: int, line: str) -> None:
    said = " · ".join(total(TOTALS, GroupQuery(), width))
    assert said == line
    assert cell_len(said) <= width


def test_the_line_counts_what_the_filter_shows_and_names_the_filter() -> None:
    query = GroupQuery("heat", inverse=True, proofs=(Proof.SAME_TITLE,), verdicts=(Verdict.REVIEW,))
    assert total(TOTALS, query, 158) == [
        "190 groups, 80.0 GB reclaimable",
        "? review",
        "same title",
        "not “heat”",
    ]
