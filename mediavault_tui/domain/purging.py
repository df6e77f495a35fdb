"""What a purge would delete, which files are held for longer, and the sentences about both.

A staged file is held for `PENDING_DELETION_RETENTION_DAYS` days before a purge takes it. The database's
clock decides; what is here only tells of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from mediavault_tui.domain.measures import day
from mediavault_tui.domain.model import StagedId

RETENTION = "PENDING_DELETION_RETENTION_DAYS"
"""The setting that says how many days a staged file is held."""


@dataclass(frozen=True, slots=True)
class Due:
    """A staged file: from when a purge takes it once it is approved, and whether that is now."""

    id: StagedId
    original: str
    due_at: datetime
    due: bool


@dataclass(frozen=True, slots=True)
class Waiting:
    """So many approved files are held for longer; when the first and the last of them may go."""

    files: int
    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True)
class Purgeable:
    """The approved files that a purge would delete now, and no others, with the names they had.

    `waiting`: the approved ones that are held for longer; they are among `ids` only if the purge was asked
    to be an early one. `refused`: a sentence for each file that was asked for and is not approved.
    """

    ids: tuple[StagedId, ...] = ()
    names: tuple[str, ...] = ()
    waiting: Waiting | None = None
    refused: tuple[str, ...] = ()
    early: bool = False

    @property
    def files(self) -> int:
        """How many files would be deleted."""
        return len(self.ids)


@dataclass(frozen=True, slots=True)
class RecycleBin:
    """A share among the files, whose server may keep what is deleted; `seen`: its folder is there."""

    source: str
    seen: bool


@dataclass(frozen=True, slots=True)
class PurgeForecast:
    """What a purge of exactly the files in `what` would free.

    `bytes`: those whose last name is among them. `unreachable`: the shares that did not answer, with the
    number of files there, whose bytes are not counted.
    """

    what: Purgeable = Purgeable()
    bytes: int = 0
    bins: tuple[RecycleBin, ...] = ()
    unreachable: tuple[tuple[str, int], ...] = ()

    @property
    def files(self) -> int:
        """How many files would be deleted."""
        return self.what.files


def purgeable(approved: tuple[Due, ...], *, early: bool = False, refused: tuple[str, ...] = ()) -> Purgeable:
    """Return what a purge takes of these approved files: those that are due, or all if it is an early one."""
    taken = [one for one in approved if one.due or early]
    held = [one.due_at for one in approved if not one.due]
    return Purgeable(
        ids=tuple(one.id for one in taken),
        names=tuple(one.original for one in taken),
        waiting=Waiting(len(held), min(held), max(held)) if held else None,
        refused=refused,
        early=early,
    )


def until(waiting: Waiting) -> str:
    """Return the day from which the files go, or the first and the last of these days."""
    first, last = day(waiting.first), day(waiting.last)
    return first if first == last else f"{first} to {last}"


def held_sentence(waiting: Waiting, *, early: bool = False) -> str:
    """Return which files stay for now; `early`: which go before their time."""
    one = waiting.files == 1
    many = f"{waiting.files:,}"
    if early:
        return (
            f"{many} of them {'is' if one else 'are'} held until {until(waiting)} ({RETENTION})"
            f" and {'goes' if one else 'go'} all the same."
        )
    return (
        f"{many} approved {'file is' if one else 'files are'} held until {until(waiting)} ({RETENTION});"
        f" {'it stays' if one else 'they stay'}."
    )


def cautions(forecast: PurgeForecast) -> list[str]:
    """Return why the bytes may not be freed, or not be known: one sentence for each share."""
    sentences = []
    for source, files in forecast.unreachable:
        what = "its file frees" if files == 1 else f"its {files:,} files free"
        sentences.append(f"{source} cannot be reached now: what {what} is not known.")
    for bin in forecast.bins:
        goes = "goes into its recycle bin (#recycle)" if bin.seen else "may go into its recycle bin"
        sentences.append(f"What is on {bin.source} {goes} first and frees nothing until that is emptied.")
    return sentences
