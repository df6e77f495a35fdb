"""What the rules answer with: scores by parts, proofs, groups, decisions and their words.

Every value here carries the sentence that explains it; a screen shows them and computes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from mediavault_tui.domain.model import FileId


class Proof(StrEnum):
    """How two files were found to belong together, strongest first."""

    EXACT = "exact"
    SAME_TITLE = "same_title"
    LOOKS_ALIKE = "looks_alike"
    COVERAGE = "coverage"
    """One file's episodes or parts are the union of others': shown, never a duplicate."""


class Verdict(StrEnum):
    """How sure a recommendation is; only CERTAIN and CLEAR may enter a batch."""

    CERTAIN = "certain"
    CLEAR = "clear"
    RECOMMENDED = "recommended"
    REVIEW = "review"

    @property
    def may_enter_a_batch(self) -> bool:
        """Whether many such may be staged with one key."""
        return self in (Verdict.CERTAIN, Verdict.CLEAR)


@dataclass(frozen=True, slots=True)
class ScorePart:
    """One named part of a score, with its sign in `points` and its reason in words."""

    name: str
    points: int
    why: str


@dataclass(frozen=True, slots=True)
class Score:
    """A quality of 0–200; `total` is the sum of the parts, clamped."""

    total: int
    parts: tuple[ScorePart, ...]


@dataclass(frozen=True, slots=True)
class Edge:
    """Two files that belong together; `strength` 0–100, `reason` a sentence."""

    a: FileId
    b: FileId
    proof: Proof
    strength: int
    reason: str


@dataclass(frozen=True, slots=True)
class Group:
    """Files of one title, every one of which matches every other."""

    proof: Proof
    title: str
    members: tuple[FileId, ...]
    edges: tuple[Edge, ...]


@dataclass(frozen=True, slots=True)
class Loss:
    """Something that only the worse file has: "audio language", "fr"."""

    what: str
    value: str

    def __str__(self) -> str:
        return f"{self.what}: {self.value}"


@dataclass(frozen=True, slots=True)
class MemberVerdict:
    """What is recommended for one file beside the keeper, and why.

    `gap` is keeper's score minus this one's; `losses` is what staging it would lose.
    """

    file: FileId
    verdict: Verdict
    reasons: tuple[str, ...]
    losses: tuple[Loss, ...] = ()
    gap: int = 0


@dataclass(frozen=True, slots=True)
class Decision:
    """What the rules recommend for a group: keep one, and each other against it.

    `verdict` is the least sure of the members'; `rule` names the rule of
    docs/rules that decided ("exact", "english", "loss", "gap" …); `tie_break`
    the criterion, where scores were within 5 points.
    """

    keeper: FileId
    verdict: Verdict
    rule: str
    sentence: str
    members: tuple[MemberVerdict, ...]
    tie_break: str | None = None
