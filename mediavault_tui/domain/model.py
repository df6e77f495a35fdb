"""The values that travel MediaVault's one street.

Units everywhere: sizes in bytes, times in seconds, rates in bit/s, modification
times in nanoseconds since 1970 (as `st_mtime_ns`), languages as ISO 639-1 where one
exists, else 639-3 (`None`: not said). Paths: `raw_path` is what opens the file, `path`
is its text for people and the database (`domain.paths.display`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple, NewType

from mediavault_tui.domain.paths import LOCAL

FileId = NewType("FileId", int)
GroupId = NewType("GroupId", int)
ScanId = NewType("ScanId", int)
OperationId = NewType("OperationId", int)
"""One journalled act on one file: a row of `archive_operations`."""
StagedId = NewType("StagedId", int)
"""One staged file: a row of `pending_deletions`."""


class Kind(StrEnum):
    """What a file is; decides its staging folder (`other` goes with the movies)."""

    MOVIE = "movie"
    EPISODE = "episode"
    DOCUMENTARY = "documentary"
    OTHER = "other"


class Tier(StrEnum):
    """Picture size as people say it; the value is what a screen shows."""

    UHD = "4K"
    QHD = "1440p"
    FHD = "1080p"
    HD = "720p"
    PAL = "576p"
    SD = "480p"
    LOW = "low"
    UNKNOWN = "?"


class Hdr(StrEnum):
    """High dynamic range, as signalled in the stream; SDR is the absence of all."""

    HDR10 = "HDR10"
    HDR10_PLUS = "HDR10+"
    HLG = "HLG"
    DOLBY_VISION = "DV"


class ReleaseSource(StrEnum):
    """Where a release was taken from, as its name says; best first."""

    REMUX = "remux"
    BLURAY = "bluray"
    WEB = "web"
    HDTV = "hdtv"
    DVD = "dvd"
    CAM = "cam"


class Health(StrEnum):
    """What the quick check found."""

    UNCHECKED = "unchecked"
    HEALTHY = "healthy"
    BROKEN = "broken"
    QUARANTINED = "quarantined"
    """The prober crashed or hung on it; it is skipped until it changes."""


class FileState(StrEnum):
    """Where a file of the inventory is now."""

    PRESENT = "present"
    MISSING = "missing"
    """Not seen by the last clean scan of its root; perhaps back tomorrow."""
    STAGED = "staged"
    PURGED = "purged"


@dataclass(frozen=True, slots=True)
class VideoTrack:
    """The main picture. `codec` is ffprobe's name: h264, hevc, av1, vp9, mpeg4, mpeg2video, vc1 …"""

    codec: str
    width: int
    height: int
    frame_rate: float = 0.0
    bit_rate: int | None = None
    """As measured for this track; None where the container does not say."""
    profile: str | None = None
    bit_depth: int = 8
    hdr: tuple[Hdr, ...] = ()
    dolby_vision_profile: int | None = None


@dataclass(frozen=True, slots=True)
class AudioTrack:
    """One sound track. `profile` tells apart e.g. 'DTS-HD MA', 'Dolby TrueHD + Dolby Atmos'."""

    codec: str
    channels: int
    layout: str | None = None
    language: str | None = None
    profile: str | None = None
    bit_rate: int | None = None
    title: str | None = None
    commentary: bool = False
    default: bool = False


@dataclass(frozen=True, slots=True)
class SubtitleTrack:
    """One subtitle track inside the container."""

    codec: str
    language: str | None = None
    forced: bool = False
    hearing_impaired: bool = False
    title: str | None = None


@dataclass(frozen=True, slots=True)
class MediaInfo:
    """What a file says of itself (ffprobe)."""

    container: str
    duration: float
    bit_rate: int
    video: VideoTrack | None = None
    audio: tuple[AudioTrack, ...] = ()
    subtitles: tuple[SubtitleTrack, ...] = ()
    chapters: int = 0


@dataclass(frozen=True, slots=True)
class HealthReport:
    """The quick check's answer; `reason` is a sentence, for a healthy file only if the check was limited."""

    health: Health = Health.UNCHECKED
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Identity:
    """Which work a file is, as its name (or an id in it) says; docs/rules.md, section 1.

    `confidence` is 0–100; `evidence` are short phrases for a person ("year from the
    folder", "explicit id tmdb-603").
    """

    kind: Kind
    title: str
    year: int | None = None
    country: str | None = None
    """ISO 3166 alpha-2, where it tells two shows apart (The Office US)."""
    season: int | None = None
    episodes: tuple[int, ...] = ()
    """Sorted, without repetition; absolute numbers of anime too (season None)."""
    air_date: date | None = None
    """Of a daily show, which has no episode number."""
    edition: str | None = None
    """Canonical, e.g. "Director's Cut", "Extended", "IMAX"; several joined by " + "."""
    part: int | None = None
    three_d: bool = False
    extra: str | None = None
    """What kind of extra ("trailer", "sample", "featurette" …); None for the work itself."""
    tmdb_id: int | None = None
    imdb_id: str | None = None
    tvdb_id: int | None = None
    release_source: ReleaseSource | None = None
    confidence: int = 0
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Work:
    """What TMDb says of the work that a file surely is; `services.titles.metadata` found it."""

    kind: str
    """"movie" or "tv": TMDb numbers them apart."""
    tmdb_id: int
    original_language: str | None = None
    runtime: float = 0.0
    """Seconds of a film as it was released; 0: not known, or a show."""
    documentary: bool = False
    cuts: tuple[float, ...] = ()
    """Seconds of every other cut that TMDb's translations or OMDb give."""
    title: str = ""
    """What it is called, with the year in which it, or its show, began; empty and 0: not said."""
    year: int = 0

    @property
    def runtimes(self) -> tuple[float, ...]:
        """Every running time that the world knows of, the shortest first."""
        return tuple(sorted({length for length in (self.runtime, *self.cuts) if length > 0}))


class FileStamp(NamedTuple):
    """What tells, without reading it, whether a file is still the same.

    `device` and `inode` as `signed` gives them. A tuple, for a walk makes one of every file.
    """

    device: int
    inode: int
    size: int
    modified_ns: int


def signed(number: int) -> int:
    """Return a device or inode number, of 64 bits without a sign, as the database stores it: with one.

    Union file systems (mergerfs) and some network ones give numbers of 2**63 and above.
    """
    return number if number < 2**63 else number - 2**64


@dataclass(frozen=True, slots=True)
class MediaFile:
    """One file of the inventory with all that is known of it."""

    id: FileId
    path: str
    raw_path: bytes
    root: bytes
    """The scanned folder that it was found under (raw)."""
    stamp: FileStamp
    state: FileState = FileState.PRESENT
    content_hash: bytes | None = None
    """xxh3-128 of the whole content (16 bytes), once it was needed."""
    identity: Identity | None = None
    info: MediaInfo | None = None
    health: HealthReport = HealthReport()
    protected: bool = False
    link_count: int = 1
    aliases: tuple[bytes, ...] = ()
    """Other names of the same file (hard links) inside the scanned roots."""
    first_seen: datetime | None = None
    source: str = LOCAL
    """Where its bytes live: 'local' or a share, 'nas:1'; `raw_path` and `root` are paths there."""
    work: Work | None = None
    """What the world says of it; None where it was not asked, or a person must choose."""

    @property
    def shown(self) -> Identity | None:
        """What it is as a person is told: by its work's title and year, where one is sure."""
        if self.identity is None or self.work is None or not self.work.title:
            return self.identity
        year = self.work.year or self.identity.year
        return replace(self.identity, title=self.work.title, year=year)

    @property
    def size(self) -> int:
        """Bytes."""
        return self.stamp.size

    @property
    def where(self) -> str:
        """Its path as a person tells places apart; one of a share begins with that, `nas:2/volume1/…`."""
        return self.path if self.source == LOCAL else self.source + self.path
