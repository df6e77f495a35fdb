"""What the panes show: rows, filters, totals, comparisons, progress. Values only.

The services return these, the screens draw them, the command line prints them as JSON. Long: one
small value for each thing that is shown.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from mediavault_tui.domain.model import (
    FileId,
    FileState,
    GroupId,
    Health,
    Kind,
    MediaFile,
    OperationId,
    ScanId,
    StagedId,
)
from mediavault_tui.domain.paths import LOCAL
from mediavault_tui.domain.verdict import Decision, Edge, Proof, Score, Verdict

if TYPE_CHECKING:
    from mediavault_tui.domain.world import Entry


class SortKey(StrEnum):
    """What the inventory may be ordered by; each has an index."""

    TITLE = "title"
    YEAR = "year"
    SIZE = "size"
    SCORE = "score"
    MODIFIED = "modified"
    HEIGHT = "height"


class Facet(StrEnum):
    """What the inventory may be narrowed by; genre to collection are the title's (`domain.worldfacets`)."""

    KIND = "kind"
    TIER = "tier"
    CODEC = "codec"
    LANGUAGE = "language"
    GENRE = "genre"
    DECADE = "decade"
    ORIGINAL = "original language"
    RATING = "rating"
    COLLECTION = "collection"
    FOLDER = "folder"
    STATE = "state"


@dataclass(frozen=True, slots=True)
class InventoryQuery:
    """A filter and an order. `text`: words, each a prefix of a word of title or path.

    `facets` maps a facet to the one value asked for; `inverse` turns the text filter around.
    """

    text: str = ""
    inverse: bool = False
    facets: tuple[tuple[Facet, str], ...] = ()
    sort: SortKey = SortKey.TITLE
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Cursor:
    """A keyset position: the last row's sort value and id."""

    value: str | int
    id: FileId


@dataclass(frozen=True, slots=True)
class InventoryRow:
    """One line of the inventory. `cursor` continues a page after (or before) this row."""

    id: FileId
    path: str
    title: str
    year: int | None
    season: int | None
    episodes: tuple[int, ...]
    kind: Kind | None
    edition: str | None
    tier: str
    codec: str | None
    hdr: tuple[str, ...]
    audio_languages: tuple[str, ...]
    subtitle_languages: tuple[str, ...]
    size: int
    duration: float | None
    score: int | None
    state: FileState
    health: Health
    modified_ns: int
    cursor: Cursor
    source: str = LOCAL

    @property
    def where(self) -> str:
        """Its path as a person tells places apart, as `MediaFile.where`."""
        return self.path if self.source == LOCAL else self.source + self.path


@dataclass(frozen=True, slots=True)
class Totals:
    """How many files a filter lets through, and their bytes; `exact` is False for an estimate."""

    files: int
    bytes: int
    exact: bool = True


@dataclass(frozen=True, slots=True)
class FacetCount:
    """One value of a facet and the number of present files that have it; `exact` is False for an estimate."""

    value: str
    files: int
    exact: bool = True


@dataclass(frozen=True, slots=True)
class GroupsWaiting:
    """How many groups wait for a decision, and how much following every recommendation would free."""

    groups: int
    reclaimable: int


@dataclass(frozen=True, slots=True)
class GroupQuery:
    """Which open groups. `text`: words that the title or a path must hold; `inverse` turns them around.

    `proofs`, `verdicts`: only these, if any.
    """

    text: str = ""
    inverse: bool = False
    proofs: tuple[Proof, ...] = ()
    verdicts: tuple[Verdict, ...] = ()


@dataclass(frozen=True, slots=True)
class GroupTotals:
    """How many open groups of one kind and verdict there are, and the bytes that they would free."""

    proof: Proof
    verdict: Verdict
    groups: int
    reclaimable: int


@dataclass(frozen=True, slots=True)
class GroupSummary:
    """One line of the Duplicates pane, most reclaimable bytes first."""

    id: GroupId
    proof: Proof
    title: str
    files: int
    reclaimable: int
    """Bytes freed if the recommendation is followed."""
    verdict: Verdict
    sentence: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Copy:
    """One member of a group as Compare shows it."""

    file: MediaFile
    score: Score
    entry: Entry | None = None
    """What the world says of its title, as far as that was asked for."""
    asks: bool = False
    """Whether a person must choose its title."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A group, open on the screen: its copies (keeper first), proofs and decision."""

    group: GroupSummary
    copies: tuple[Copy, ...]
    edges: tuple[Edge, ...]
    decision: Decision


class StagedState(StrEnum):
    """A staged file's life; `domain.staging` holds the legal moves."""

    STAGED = "staged"
    APPROVED = "approved"
    RESTORED = "restored"
    PURGED = "purged"


@dataclass(frozen=True, slots=True)
class StagedFile:
    """One line of the Pending pane.

    `freed` is what purging would really free: 0 while other hard links hold the bytes. `due_at`: from when
    a purge takes it once it is approved; None: at once.
    """

    id: StagedId
    file: FileId
    title: str
    original: str
    staged: str
    keeper: FileId | None
    keeper_path: str
    reason: str
    staged_by: str
    staged_at: datetime
    state: StagedState
    size: int
    freed: int
    sidecars: tuple[str, ...] = ()
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ActResult:
    """What one act (stage, restore, approve, purge, undo) did; nothing was left half done.

    `refused` holds one sentence for each file that a rule or the disk forbade.
    """

    batch: str
    done: tuple[StagedId, ...] = ()
    operations: tuple[OperationId, ...] = ()
    refused: tuple[str, ...] = ()
    freed: int = 0


class ScanPhase(StrEnum):
    """Where a scan is."""

    WALKING = "walking"
    HASHING = "hashing"
    PROBING = "probing"
    MATCHING = "matching"
    PAUSED = "paused"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class ScanCounts:
    """What a scan saw and did, in files (bytes where it says so)."""

    seen: int = 0
    new: int = 0
    changed: int = 0
    renamed: int = 0
    missing: int = 0
    skipped: int = 0
    hashed: int = 0
    probed: int = 0
    errors: int = 0
    bytes_seen: int = 0
    bytes_read: int = 0
    bytes_wire: int = 0
    """Bytes that came over the network, probes and listings' files included; 0 on this machine."""


@dataclass(frozen=True, slots=True)
class ScanProgress:
    """One moment of a running scan; the last one has phase done, cancelled or failed.

    `done` of `total` bytes and files concern the phase; `rate` is bytes/s; `eta` seconds.
    """

    scan: ScanId
    phase: ScanPhase
    counts: ScanCounts
    current: str = ""
    done_files: int = 0
    total_files: int = 0
    done_bytes: int = 0
    total_bytes: int = 0
    rate: float = 0.0
    eta: float | None = None
    message: str = ""
    roots_failed: int = 0
    """Scanned folders that could not be read or lost every video; nothing below them is marked missing."""
    budget: int = 0
    """The most bytes that this scan may read over the network; 0: as many as it takes."""


@dataclass(frozen=True, slots=True)
class ScanError:
    """One readable error of a scan: where, and a sentence."""

    path: str
    message: str


@dataclass(frozen=True, slots=True)
class ScanRecord:
    """One line of the scan history."""

    id: ScanId
    roots: tuple[str, ...]
    started_at: datetime
    finished_at: datetime | None
    phase: ScanPhase
    counts: ScanCounts
    errors: tuple[ScanError, ...] = field(default=())
    roots_raw: tuple[bytes, ...] = ()
    """The same folders as bytes: what scans them again."""


@dataclass(frozen=True, slots=True)
class Folder:
    """One folder of the Scanner's browser, with the videos below it as their names say.

    `complete` is False where counting was given up: there are at least so many. `raw_path` is
    located (`domain.paths`); `note` says what a place is that is no folder (free space, what is wrong).
    """

    raw_path: bytes
    name: str
    videos: int
    complete: bool = True
    readable: bool = True
    note: str = ""
