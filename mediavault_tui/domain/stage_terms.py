"""On what terms files are staged: what a person is shown before, and whether it holds when it is done.

A batch is several files staged by one key or command. Source: docs/rules.md, section 4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mediavault_tui.domain.model import FileId, MediaFile
from mediavault_tui.domain.verdict import Loss, Verdict


@dataclass(frozen=True, slots=True)
class Standing:
    """What the rules say of a file in its open group: which copy stays, and how sure they are.

    `verdict` is None where the file itself is the copy that stays.
    """

    keeper: FileId
    verdict: Verdict | None


@dataclass(frozen=True, slots=True)
class Terms:
    """What was said of a file before it is staged: it goes for this copy, with this verdict."""

    file: FileId
    keeper: FileId
    verdict: Verdict

    def broken_by(self, now: Standing | None) -> str:
        """Return why the file stays after all; empty where the terms hold, or it is surer now.

        `now`: None where its group is not open any more.
        """
        if now is None:
            return "its group does not hold any more"
        if now.keeper != self.keeper or now.verdict is None:
            return "another copy of it is to be kept now"
        if now.verdict is not self.verdict and not now.verdict.may_enter_a_batch:
            return f"it is {now.verdict} now, not {self.verdict}"
        return ""


@dataclass(frozen=True, slots=True)
class Going:
    """A file that would be staged, the copy that stays instead, and what would be lost; `reason` in words."""

    file: MediaFile
    keeper: MediaFile
    verdict: Verdict
    reason: str
    losses: tuple[Loss, ...] = ()

    @property
    def terms(self) -> Terms:
        """What a person agrees to who sees this."""
        return Terms(self.file.id, self.keeper.id, self.verdict)


@dataclass(frozen=True, slots=True)
class StagePreview:
    """What staging some files would do; `left` has a sentence for each of them that would stay."""

    going: tuple[Going, ...] = ()
    left: tuple[str, ...] = ()

    @property
    def bytes(self) -> int:
        """How much would be moved."""
        return sum(one.file.size for one in self.going)


def left_out(what: str) -> str:
    """Return why `what` is in no batch. Only what is by itself may go with the verdict *review*."""
    return f"{what} is left out of the batch: its verdict is {Verdict.REVIEW}; decide it by itself"


def in_a_batch(verdicts: Sequence[Verdict | None]) -> list[bool]:
    """Return which of these may be staged together; None: a person chose the copy to keep, not the rules.

    A single one may always: who stages it sees what it is about.
    """
    return [len(verdicts) < 2 or verdict is not Verdict.REVIEW for verdict in verdicts]
