"""Two dry runs compared."""

from __future__ import annotations

from mediavault_tui.domain.model import FileId
from mediavault_tui.domain.rehearsal import Flip, Outcome, rehearsal
from mediavault_tui.domain.verdict import Proof, Verdict
from mediavault_tui.ui.rehearsed import flips_text, headline


def outcome(
    *members: int,
    verdict: str = "clear",
    keeper: int | None = None,
    proof: Proof = Proof.SAME_TITLE,
    reclaimable: int = 10,
    title: str = "Heat (1995)",
) -> Outcome:
    files = frozenset(map(FileId, members))
    kept = FileId(keeper or min(members))
    return Outcome(proof, files, title, kept, f"/films/{kept}.mkv", Verdict(verdict), "Keep it", reclaimable)


def test_equal_runs_flip_nothing() -> None:
    run = [outcome(1, 2), outcome(3, 4, verdict="review")]
    found = rehearsal(run, run[::-1])
    assert (found.flips, found.groups, found.sure_before, found.sure_after) == ((), 2, 1, 1)
    assert headline(found) == "No group flips: all 2 are decided as they are now."


def test_another_verdict_and_another_keeper_are_flips_most_bytes_first() -> None:
    small, large = outcome(1, 2), outcome(3, 4, reclaimable=99)
    found = rehearsal(
        [small, large], [outcome(1, 2, verdict="review"), outcome(3, 4, keeper=4, reclaimable=99)]
    )
    assert [flip.before for flip in found.flips] == [large, small]
    assert (found.sure_before, found.sure_after) == (2, 1)
    assert headline(found) == (
        "2 groups flip: 1 keep another copy, 1 clear → review. <duplicates.batch:A> would stage 1 fewer."
    )


def test_a_group_that_grows_is_one_flip_not_two() -> None:
    before, after = outcome(1, 2), outcome(1, 2, 3)
    assert rehearsal([before], [after]).flips == (Flip(before, after),)


def test_groups_of_different_proof_are_never_taken_for_one() -> None:
    before, after = outcome(1, 2, proof=Proof.EXACT), outcome(1, 2, 3)
    assert set(rehearsal([before], [after]).flips) == {Flip(before, None), Flip(None, after)}


def test_one_group_becoming_two_is_inherited_once() -> None:
    before = outcome(1, 2, 3, 4)
    found = rehearsal([before], [outcome(1, 2), outcome(3, 4)]).flips
    assert [flip.before for flip in found].count(before) == 1
    assert len(found) == 2


def test_a_new_and_a_lost_group_say_so() -> None:
    found = rehearsal([outcome(1, 2)], [outcome(5, 6, verdict="review")])
    assert headline(found).startswith("2 groups flip: 1 no group → review, 1 clear → no group.")


def test_a_hostile_title_is_shown_harmlessly() -> None:
    text = flips_text(rehearsal([], [outcome(1, 2, title="[/red]\x1b[31m")])).plain
    assert "[/red]" in text
    assert "\x1b" not in text
