"""What other rules would decide otherwise: two dry runs over the same files, compared."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mediavault_tui.domain.model import FileId
from mediavault_tui.domain.verdict import Proof, Verdict


@dataclass(frozen=True, slots=True)
class Outcome:
    """A group as one run decided it; `reclaimable` in bytes."""

    proof: Proof
    members: frozenset[FileId]
    title: str
    keeper: FileId
    keeper_path: str
    verdict: Verdict
    sentence: str
    reclaimable: int


@dataclass(frozen=True, slots=True)
class Flip:
    """A group that is decided otherwise; None: it is no group in that run."""

    before: Outcome | None
    after: Outcome | None

    @property
    def shown(self) -> Outcome:
        """The run's outcome that names the group."""
        outcome = self.after or self.before
        assert outcome is not None
        return outcome


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """The difference of two runs, most reclaimable bytes first.

    `sure_before`, `sure_after`: groups that may be staged in a batch, with one key.
    """

    flips: tuple[Flip, ...]
    groups: int
    sure_before: int
    sure_after: int


def rehearsal(before: Sequence[Outcome], after: Sequence[Outcome]) -> Rehearsal:
    """Compare two runs over the same files."""
    ordered = sorted(_flips(before, after), key=lambda flip: (-flip.shown.reclaimable, flip.shown.title))
    return Rehearsal(tuple(ordered), len(before), _sure(before), _sure(after))


def _sure(outcomes: Sequence[Outcome]) -> int:
    return sum(outcome.verdict.may_enter_a_batch for outcome in outcomes)


def _flips(before: Sequence[Outcome], after: Sequence[Outcome]) -> list[Flip]:
    was = {(outcome.proof, outcome.members): outcome for outcome in before}
    flips: list[Flip] = []
    new: list[Outcome] = []
    for outcome in after:
        old = was.pop((outcome.proof, outcome.members), None)
        if old is None:
            new.append(outcome)
        elif (old.verdict, old.keeper) != (outcome.verdict, outcome.keeper):
            flips.append(Flip(old, outcome))
    left = _holders(was.values())
    for outcome in new:
        heir = _most_alike(outcome, left)
        if heir is not None:
            del was[heir.proof, heir.members]
            for member in heir.members:
                left[heir.proof, member].remove(heir)
        flips.append(Flip(heir, outcome))
    return flips + [Flip(outcome, None) for outcome in was.values()]


def _holders(outcomes: Iterable[Outcome]) -> dict[tuple[Proof, FileId], list[Outcome]]:
    """Return the groups of each file, by the kind of their proof."""
    holders: dict[tuple[Proof, FileId], list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        for member in outcome.members:
            holders[outcome.proof, member].append(outcome)
    return holders


def _most_alike(outcome: Outcome, holders: dict[tuple[Proof, FileId], list[Outcome]]) -> Outcome | None:
    """Return the group that this one grew or shrank from: it shares two files at least."""
    shared = Counter(
        old.members for member in outcome.members for old in holders.get((outcome.proof, member), ())
    )
    for members, files in shared.most_common(1):
        if files > 1:
            any_member = next(iter(members))
            return next(old for old in holders[outcome.proof, any_member] if old.members == members)
    return None
