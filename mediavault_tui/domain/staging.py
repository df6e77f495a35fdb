"""The states of a staged file and of an act on it, and the only legal moves between them.

Where its files go is `domain.holding`. Paths are raw bytes. Source: docs/safety.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from mediavault_tui.domain.library import StagedState
from mediavault_tui.domain.model import FileId, FileStamp, GroupId, OperationId, StagedId

PURGE_WORD = "purge"
"""What a person types before anything is deleted."""


class ActKind(StrEnum):
    """What is done to one file; a row of `archive_operations`."""

    STAGE = "stage"
    RESTORE = "restore"
    PURGE = "purge"
    RENAME = "rename"
    """A file gets the name of its title; it stays in its scanned folder."""


class ActState(StrEnum):
    """How far an act has come. `moved`: the video itself has been moved (or removed)."""

    INTENDED = "intended"
    MOVED = "moved"
    DONE = "done"
    UNDONE = "undone"
    """Put back, or never begun; every file is where it was."""
    FAILED = "failed"
    """Refused by the last look at the disk; nothing was moved."""


@dataclass(frozen=True, slots=True)
class Leg:
    """One file's way in an act: the video (number 0) or a sidecar. A purge has no destination."""

    source: bytes
    destination: bytes | None
    stamp: FileStamp


@dataclass(frozen=True, slots=True)
class VerifiedCopy:
    """A copy on another volume, complete and compared, before it takes its final name."""

    device: int
    inode: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Act:
    """One journalled act on one file with everything that finishing or undoing it needs.

    `legs`: the video first, then its sidecars; it is carried out in that order, so a video
    at its source means that nothing was moved. `copies`: by the number of the leg. `begun`: a purge
    that may have deleted its file. `keeper_size`, `keeper_modified_ns`: the copy to keep when a stage
    was written down, as the journal has it; None of another act, and of one that is older than that.
    """

    id: OperationId
    batch: str
    kind: ActKind
    state: ActState
    file: FileId
    keeper: FileId | None
    group: GroupId | None
    legs: tuple[Leg, ...]
    holding: bytes
    content_hash: bytes | None
    reason: str
    who: str
    undoes: OperationId | None = None
    copies: Mapping[int, VerifiedCopy] | None = None
    begun: bool = False
    keeper_size: int | None = None
    keeper_modified_ns: int | None = None

    @property
    def video(self) -> Leg:
        """The file itself."""
        return self.legs[0]

    def copy_of(self, number: int) -> VerifiedCopy | None:
        """Return the verified copy of a leg, if one was made."""
        return (self.copies or {}).get(number)


@dataclass(frozen=True, slots=True)
class Held:
    """A file in the holding folder with everything that restoring or purging it needs.

    `stamp`: of the staged file when it was staged. `sidecars`: legs from the original to the
    staged place. `keeper_size`, `keeper_modified_ns`: the kept copy as it was then.
    `original_device`: of the volume that it came from. `seen_at`: where scans found this very file since.
    """

    id: StagedId
    operation: OperationId
    file: FileId
    keeper: FileId
    group: GroupId | None
    state: StagedState
    original: bytes
    staged: bytes
    sidecars: tuple[Leg, ...]
    stamp: FileStamp
    reason: str
    who: str
    when: datetime
    holding: bytes
    root: bytes
    content_hash: bytes | None
    keeper_size: int
    keeper_modified_ns: int
    original_device: int
    seen_at: tuple[bytes, ...] = ()

    @property
    def live(self) -> bool:
        """Whether it is still there: neither restored nor purged."""
        return self.state in (StagedState.STAGED, StagedState.APPROVED)


class Found(StrEnum):
    """Where a leg's file was found after a crash."""

    SOURCE = "source"
    DESTINATION = "destination"
    BOTH = "both"
    """A verified copy took its name, and the source was not removed yet."""
    NOWHERE = "nowhere"


class Remedy(StrEnum):
    """What a crashed act needs."""

    FINISH = "finish"
    UNDO = "undo"
    WAIT = "wait"
    """A folder cannot be reached now; nothing may be concluded from an absence."""
    GIVE_UP = "give up"
    """The file is at neither place: somebody else took it away."""


def remedy(kind: ActKind, video: Found, *, reachable: bool, keeper_safe: bool) -> Remedy:
    """Return what to do about an act that a crash interrupted.

    The video moves first, so where it is decides. A stage is finished only while the kept
    copy is safe; otherwise everything is put back.
    """
    if video is Found.NOWHERE and not reachable:
        return Remedy.WAIT
    if kind is ActKind.PURGE:
        return Remedy.FINISH if video is Found.NOWHERE else Remedy.UNDO
    if video is Found.NOWHERE:
        return Remedy.GIVE_UP
    if video is Found.SOURCE or (kind is ActKind.STAGE and not keeper_safe):
        return Remedy.UNDO
    return Remedy.FINISH
