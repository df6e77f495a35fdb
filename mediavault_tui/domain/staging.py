"""The states of a staged file, the only legal moves between them, and where its files go.

A staged file and its sidecars lie in `<holding>/{movies,tv,documentaries}/YYYY-MM-DD/`
under their own names, with ` (2)` before the ending where a name is taken. Names are raw
bytes. Source: rules.md, section 5.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from mediavault_tui.domain.library import StagedState
from mediavault_tui.domain.media import SIDECAR_SUFFIXES, STAGING_FOLDER, may_be_video, suffix
from mediavault_tui.domain.model import FileId, FileStamp, GroupId, Kind, OperationId, StagedId
from mediavault_tui.domain.paths import comparable, display

PURGE_WORD = "purge"
"""What a person types before anything is deleted."""

NAME_LIMIT = 255
"""Bytes that a file name may have on every file system that matters."""


class ActKind(StrEnum):
    """What is done to one file; a row of `archive_operations`."""

    STAGE = "stage"
    RESTORE = "restore"
    PURGE = "purge"


class ActState(StrEnum):
    """How far an act has come. `moved`: the video itself has been moved (or removed)."""

    INTENDED = "intended"
    MOVED = "moved"
    DONE = "done"
    UNDONE = "undone"
    """Put back, or never begun; every file is where it was."""
    FAILED = "failed"
    """Refused by the last look at the disk; nothing was moved."""


_STAGED_MOVES: Mapping[StagedState, frozenset[StagedState]] = {
    StagedState.STAGED: frozenset({StagedState.APPROVED, StagedState.RESTORED}),
    StagedState.APPROVED: frozenset({StagedState.STAGED, StagedState.RESTORED, StagedState.PURGED}),
    StagedState.RESTORED: frozenset(),
    StagedState.PURGED: frozenset(),
}
_ACT_MOVES: Mapping[ActState, frozenset[ActState]] = {
    ActState.INTENDED: frozenset({ActState.MOVED, ActState.UNDONE, ActState.FAILED}),
    ActState.MOVED: frozenset({ActState.DONE, ActState.UNDONE, ActState.FAILED}),
    ActState.DONE: frozenset(),
    ActState.UNDONE: frozenset(),
    ActState.FAILED: frozenset(),
}


def staged_may_become(old: StagedState, new: StagedState) -> bool:
    """Return whether a staged file may go from `old` to `new`; restored and purged are final."""
    return new in _STAGED_MOVES[old]


def act_may_become(old: ActState, new: ActState) -> bool:
    """Return whether an act may go from `old` to `new`; a finished act is history."""
    return new in _ACT_MOVES[old]


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
    at its source means that nothing was moved. `copies`: by the number of the leg.
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


# Names of destinations: pure bytes, because the file system's own bytes are what opens a file.

_KIND_FOLDERS: Mapping[Kind, bytes] = {
    Kind.MOVIE: b"movies",
    Kind.EPISODE: b"tv",
    Kind.DOCUMENTARY: b"documentaries",
    Kind.OTHER: b"movies",
}


def split(path: bytes) -> tuple[bytes, bytes]:
    """Return folder and name of an absolute path."""
    folder, _, name = path.rpartition(b"/")
    return folder or b"/", name


def below(path: bytes, folder: bytes) -> bool:
    """Return whether `path` is written as lying below `folder`, without `.`, `..` or empty steps.

    Links are another matter: `sources.holding.real_folder` looks at the disk.
    """
    top = folder.rstrip(b"/") + b"/"
    steps = path[len(top) :].split(b"/")
    return path.startswith(top) and not any(step in (b"", b".", b"..") for step in steps)


def holding_folder(configured: bytes | None, root: bytes) -> bytes:
    """Return the top of the holding folder for files of `root`."""
    return configured or root.rstrip(b"/") + b"/" + STAGING_FOLDER


def date_folder(holding: bytes, kind: Kind, day: date) -> bytes:
    """Return the folder that takes a file of `kind` staged on `day`."""
    return b"%s/%s/%s" % (holding.rstrip(b"/"), _KIND_FOLDERS[kind], day.isoformat().encode())


def in_date_folder(path: bytes, holding: bytes) -> bool:
    """Return whether `path` is a file where staging puts one: holding/kind/date/name."""
    if not below(path, holding):
        return False
    steps = path[len(holding.rstrip(b"/")) + 1 :].split(b"/")
    return (
        len(steps) == 3
        and steps[0] in _KIND_FOLDERS.values()
        and re.fullmatch(rb"\d{4}-\d\d-\d\d", steps[1]) is not None
    )


def free_names(video: bytes, sidecars: Sequence[bytes], taken: Callable[[bytes], bool]) -> tuple[bytes, ...]:
    """Return names for the video and its sidecars, all of one stem, none of them taken.

    The first free of `Film`, `Film (2)`, `Film (3)` …; a stem is cut where the number would
    make a name too long. `taken` is asked with each name.
    """
    stem = _stem(video)
    longest = max(len(name) for name in (video, *sidecars)) - len(stem)
    number = 1
    while True:
        ending = b"" if number == 1 else b" (%d)" % number
        new = _cut(stem, NAME_LIMIT - longest - len(ending)) if ending else stem
        names = tuple(new + ending + name[len(stem) :] for name in (video, *sidecars))
        if not any(taken(name) for name in names):
            return names
        number += 1


def folded(name: bytes) -> str:
    """Return the form in which two names count as one on any file system (case, NFC)."""
    return comparable(display(name))


def _stem(name: bytes) -> bytes:
    return name[: len(name) - len(suffix(name))]


def _cut(stem: bytes, limit: int) -> bytes:
    """Shorten to `limit` bytes without breaking a UTF-8 letter in two."""
    if len(stem) <= limit:
        return stem
    while limit > 0 and stem[limit] & 0xC0 == 0x80:
        limit -= 1
    return stem[:limit]


# Sidecars: which files beside a video are its own.

_ARTWORK = (
    rb"(?:poster|fanart|thumb|banner|landscape|clearlogo|clearart|logo|disc|discart|keyart|backdrop"
    rb"|cover|folder|characterart|screenshot)\d{0,2}"
)
_TAG = (
    rb"(?:[a-z]{2,3}(?:[-_][a-z0-9]{2,8})*|\d{1,2}|forced|default|foreign|full|signs|songs|comment(?:ary)?"
    rb"|orig(?:inal)?|auto|trickplay|chapters?|arabic|chinese|czech|danish|dutch|english|finnish|french|german|greek"
    rb"|hebrew|hindi|hungarian|indonesian|italian|japanese|korean|norwegian|polish|portuguese|romanian|russian"
    rb"|spanish|swedish|thai|turkish|ukrainian|vietnamese)"
)
_REST = re.compile(
    rb"(?:[-.]%s)?|(?:\.%s(?:[-_ ]?\[(?:cc|sdh|forced|hi)\])?)+" % (_ARTWORK, _TAG), re.IGNORECASE
)
"""What may stand between a video's stem and a sidecar's ending."""


def sidecars_of(video: bytes, names: Iterable[bytes]) -> tuple[bytes, ...]:
    """Return, sorted, which of a folder's `names` belong to `video` and to no other video.

    `Film.srt`, `Film.en.srt`, `Film.pt-BR.forced.srt`, `Film-poster.jpg` and `Film.mkv.nfo`
    are Film.mkv's; `Film 2.srt` and `Film-2.srt` are not. A sidecar belongs to the longest
    stem that it begins with, so `Film.Extended.srt` is Film.Extended.mkv's where there is
    one. Where a second video has the same stem (Film.mp4), what they share stays with the
    survivor; only a name with the ending in it (`Film.mkv.nfo`) is certainly this one's.
    """
    everything = set(names)
    others = [name for name in everything if may_be_video(name) and name != video]
    rivals = [folded(_stem(name)) for name in others]
    stem = _stem(video)
    own = []
    for name in everything:
        if suffix(name) not in SIDECAR_SUFFIXES or name == video:
            continue
        body = _stem(name)
        if body.startswith(video) and _REST.fullmatch(body[len(video) :]):
            own.append(name)
        elif body.startswith(stem) and _REST.fullmatch(body[len(stem) :]):
            whole = folded(body)
            if not any(len(rival) >= len(folded(stem)) and _could_own(rival, whole) for rival in rivals):
                own.append(name)
    return tuple(sorted(own))


def _could_own(stem: str, body: str) -> bool:
    return body.startswith(stem) and _REST.fullmatch(body[len(stem) :].encode()) is not None
