"""Domain values in words: the columns of every list, details of a file, what a dialog names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.content import Content

from mediavault_tui.domain.library import (
    Copy,
    Facet,
    Folder,
    GroupSummary,
    InventoryRow,
    ScanPhase,
    ScanProgress,
    ScanRecord,
    SortKey,
    StagedFile,
    StagedState,
)
from mediavault_tui.domain.model import (
    AudioTrack,
    FileState,
    Health,
    Identity,
    Kind,
    MediaFile,
    SubtitleTrack,
)
from mediavault_tui.domain.paths import display
from mediavault_tui.domain.quality import codec_name
from mediavault_tui.ui.columns import Cell, Column
from mediavault_tui.ui.format import (
    PROOFS,
    VERDICTS,
    clock,
    count,
    episode,
    held,
    rate,
    size,
    visible,
    what,
    when,
)

if TYPE_CHECKING:
    from datetime import datetime


Fact = tuple[str, str]
"""A name and its value, for the widget `Facts`."""


def line(parts: Sequence[str]) -> Content:
    """Join parts of a line of facts."""
    return Content(" · ".join(part for part in parts if part))


def plain(lines: Iterable[str]) -> Content:
    """Return lines as text in which nothing is markup."""
    return Content("\n".join(visible(line) for line in lines))


def _state(row: InventoryRow) -> Cell:
    if row.health is Health.BROKEN:
        return "✗ broken", "bad"
    if row.health is Health.QUARANTINED:
        return "✗ hangs", "bad"
    if row.state is FileState.MISSING:
        return "? missing", "warn"
    if row.state is FileState.STAGED:
        return "→ staged", "accent"
    if row.state is FileState.PURGED:
        return "purged", "muted"
    return ("✓", "good") if row.health is Health.HEALTHY else ("", "plain")


INVENTORY: tuple[Column[InventoryRow], ...] = (
    Column("title", "Title", 0, lambda row: (what(row), "plain")),
    Column("year", "Year", 9, lambda row: (when(row), "muted")),
    Column("height", "Tier", 5, lambda row: (row.tier, "accent" if row.tier == "4K" else "plain")),
    Column("codec", "Codec", 6, lambda row: (_codec(row.codec), "muted"), spare=2),
    Column("hdr", "HDR", 6, lambda row: ("+".join(row.hdr), "accent"), spare=5),
    Column("audio", "Audio", 8, lambda row: (visible(" ".join(row.audio_languages)), "plain"), spare=1),
    Column("subs", "Subtitles", 9, lambda row: (visible(" ".join(row.subtitle_languages)), "muted"), spare=4),
    Column("size", "Bytes", 8, lambda row: (size(row.size), "plain"), right=True),
    Column(
        "score", "Score", 6, lambda row: ("" if row.score is None else str(row.score), "strong"), right=True
    ),
    Column("state", "State", 9, _state, spare=3),
    Column("modified", "", 1, lambda row: ("", "plain"), spare=9),
)
"""The Inventory, from what is always shown to what only a wide terminal has room for."""

SORTED_BY = {
    SortKey.TITLE: "title",
    SortKey.YEAR: "year",
    SortKey.SIZE: "size",
    SortKey.SCORE: "score",
    SortKey.MODIFIED: "modified",
    SortKey.HEIGHT: "height",
}
"""The column that each order is shown at."""

SORTS = {
    SortKey.TITLE: "title, from A",
    SortKey.YEAR: "year, newest first",
    SortKey.SIZE: "bytes, most first",
    SortKey.SCORE: "score, best first",
    SortKey.MODIFIED: "last change, newest first",
    SortKey.HEIGHT: "picture, tallest first",
}
"""Each order in words."""

LARGEST_FIRST = frozenset(SortKey) - {SortKey.TITLE}
"""Orders that begin with the most, because that is what one looks for."""


@dataclass(frozen=True, slots=True)
class FacetLine:
    """One line of the facets: a heading (`value` None) or a value with its number of files."""

    facet: Facet
    value: str | None
    files: int = 0
    chosen: bool = False


def _facet(line: FacetLine) -> Cell:
    if line.value is None:
        return line.facet.value.capitalize(), "accent"
    sign = "◉" if line.chosen else "○"
    return f" {sign} {visible(line.value) or '(none)'}", "strong" if line.chosen else "plain"


FACETS: tuple[Column[FacetLine], ...] = (
    Column("value", "Narrow to", 0, _facet),
    Column(
        "files",
        "",
        7,
        lambda line: (f"{line.files:,}" if line.value is not None else "", "muted"),
        right=True,
    ),
)

GROUPS: tuple[Column[GroupSummary], ...] = (
    Column("verdict", "Verdict", 13, lambda group: VERDICTS[group.verdict], spare=0),
    Column("title", "Title", 0, lambda group: (("✎ " if group.note else "") + visible(group.title), "plain")),
    Column("proof", "Found by", 11, lambda group: (PROOFS[group.proof], "muted"), spare=2),
    Column("files", "", 3, lambda group: (f"×{group.files}", "muted"), right=True, spare=1),
    Column("bytes", "To win", 8, lambda group: (size(group.reclaimable), "strong"), right=True),
)

_STAGED_SIGNS: dict[StagedState, Cell] = {
    StagedState.STAGED: ("→ staged", "plain"),
    StagedState.APPROVED: ("✓ approved", "warn"),
    StagedState.RESTORED: ("← restored", "muted"),
    StagedState.PURGED: ("purged", "muted"),
}


def staged_columns(now: datetime) -> tuple[Column[StagedFile], ...]:
    """Return the columns of Pending; `now` is what "held" is counted to."""
    return (
        Column("state", "State", 10, lambda staged: _STAGED_SIGNS[staged.state]),
        Column("title", "Title", 0, lambda staged: (staged_name(staged), "plain")),
        Column("by", "By", 10, lambda staged: (visible(staged.staged_by), "muted"), spare=2),
        Column("held", "Held", 8, lambda staged: (held(staged.staged_at, now), "muted"), right=True),
        Column("size", "Bytes", 8, lambda staged: (size(staged.size), "plain"), right=True, spare=1),
        Column("freed", "Freed", 8, lambda staged: (size(staged.freed), "strong"), right=True),
    )


def staged_name(staged: StagedFile) -> str:
    """Return the title and the file's own name: two copies of one title are two lines."""
    return visible(staged.original.rpartition("/")[2] or staged.title)


_PHASES: dict[ScanPhase, Cell] = {
    ScanPhase.DONE: ("✓ done", "good"),
    ScanPhase.CANCELLED: ("– cancelled", "warn"),
    ScanPhase.FAILED: ("✗ failed", "bad"),
}

HISTORY: tuple[Column[ScanRecord], ...] = (
    Column("when", "Scanned", 16, lambda scan: (f"{scan.started_at:%Y-%m-%d %H:%M}", "muted")),
    Column("roots", "Folders", 0, lambda scan: (visible(", ".join(scan.roots)), "plain")),
    Column(
        "phase", "", 11, lambda scan: _PHASES.get(scan.phase, (f"… {scan.phase.value}", "accent")), spare=1
    ),
    Column("files", "Files", 9, lambda scan: (f"{scan.counts.seen:,}", "plain"), right=True),
    Column("new", "New", 8, lambda scan: (f"{scan.counts.new:,}", "muted"), right=True, spare=2),
    Column(
        "errors",
        "Errors",
        6,
        lambda scan: (str(len(scan.errors) or ""), "bad"),
        right=True,
    ),
)


def _videos(folder: Folder) -> Cell:
    if not folder.readable:
        return "no access", "bad"
    return f"{folder.videos:,}" + ("" if folder.complete else "+"), "plain" if folder.videos else "muted"


FOLDERS: tuple[Column[Folder], ...] = (
    Column("name", "Folder", 0, lambda folder: (visible(folder.name) + "/", "plain")),
    Column("videos", "Videos", 9, _videos, right=True),
)


def scanning(progress: ScanProgress) -> str:
    """Return a running scan in three words, for the bar of every pane."""
    if progress.phase is ScanPhase.PAUSED:
        return "scan paused"
    total, done = progress.total_bytes or progress.total_files, progress.done_bytes or progress.done_files
    return f"scanning {100 * done // total} %" if total else "scanning"


def staged_facts(staged: StagedFile) -> list[Fact]:
    """Return where a staged file came from, where it is, and why."""
    return [
        ("from", staged.original),
        ("now at", staged.staged),
        ("why", staged.reason),
        ("stays", staged.keeper_path or "no other copy"),
        ("by", f"{staged.staged_by}, {staged.staged_at:%Y-%m-%d %H:%M}"),
        ("frees", _freed(staged)),
        *[("along", sidecar) for sidecar in staged.sidecars],
    ]


def _freed(staged: StagedFile) -> str:
    if staged.freed < staged.size:
        return f"{size(staged.freed)} of {size(staged.size)}: other names (hard links) hold the bytes"
    return size(staged.freed)


def identity(known: Identity) -> str:
    """Return which work a file is: "Heat (1995) · Director's Cut"."""
    title = known.title or "no title"
    if known.kind is Kind.EPISODE or known.episodes:
        number = episode(known.season, known.episodes) if known.episodes or known.season is not None else ""
        title = f"{title} {number or (known.air_date.isoformat() if known.air_date else '')}".rstrip()
    elif known.year:
        title = f"{title} ({known.year})"
    extras = [known.edition or "", f"part {known.part}" if known.part else "", "3D" if known.three_d else ""]
    return " · ".join(part for part in [title, *extras, known.extra or ""] if part)


_CHANNELS = {1: "mono", 2: "2.0", 6: "5.1", 8: "7.1"}


def audio(track: AudioTrack) -> str:
    """Return one sound track: "en E-AC-3 5.1 commentary"."""
    name = track.profile if track.profile and not track.profile.isupper() else track.codec.upper()
    channels = _CHANNELS.get(track.channels, f"{track.channels} ch")
    parts = [track.language or "?", name, channels, "commentary" if track.commentary else ""]
    return " ".join(part for part in parts if part)


def subtitle(track: SubtitleTrack) -> str:
    """Return one subtitle track: "en forced"."""
    notes = ("forced" if track.forced else "", "SDH" if track.hearing_impaired else "")
    return " ".join(part for part in (track.language or "?", *notes) if part)


def picture(file: MediaFile) -> str:
    """Return the picture: "1920×1080 HEVC 23.98 fps 8.1 Mb/s"."""
    video = file.info.video if file.info else None
    if video is None:
        return ""
    parts = [f"{video.width}×{video.height}", _codec(video.codec), "+".join(video.hdr)]
    if video.frame_rate:
        parts.append(f"{video.frame_rate:.5g} fps")
    if video.bit_rate:
        parts.append(rate(video.bit_rate))
    return " ".join(part for part in parts if part)


def _codec(codec: str | None) -> str:
    return visible(codec_name(codec)) if codec else ""


def folder_and_name(path: str) -> tuple[str, str]:
    """Split a path for people into its folder and its name."""
    folder, _, name = path.rpartition("/")
    return folder or "/", name


def facts(copy: Copy) -> list[Fact]:
    """Return all that is known of a file."""
    file, info = copy.file, copy.file.info
    folder, name = folder_and_name(file.path)
    known = [
        ("title", identity(file.identity) if file.identity else ""),
        ("name", name),
        ("folder", folder),
        ("bytes", f"{size(file.size)} ({file.size:,})"),
        ("health", file.health.health.value + (f": {file.health.reason}" if file.health.reason else "")),
        ("state", "" if file.state is FileState.PRESENT else file.state.value),
        ("protected", "yes, never staged" if file.protected else ""),
        *[("also", display(alias)) for alias in file.aliases],
    ]
    if info is not None:
        known += [
            ("length", clock(info.duration)),
            ("picture", picture(file)),
            *[("audio", audio(track)) for track in info.audio],
            ("subtitles", ", ".join(subtitle(track) for track in info.subtitles)),
            ("chapters", str(info.chapters or "")),
            ("container", info.container),
        ]
    parts = [(f"{part.points:+}", f"{part.name}: {part.why}") for part in copy.score.parts]
    because = [("because", text) for text in (file.identity.evidence if file.identity else ())]
    blank = [("", "")]
    return [
        *[fact for fact in known if fact[1]],
        *blank,
        ("score", str(copy.score.total)),
        *parts,
        *(blank if because else []),
        *because,
    ]


def to_be_moved(files: Sequence[MediaFile], *, more: int = 0) -> list[str]:
    """Return the lines that name exactly what an act concerns, and how much it is."""
    lines = []
    for file in files:
        lines.append(f"{file.path}")
        lines.append(f"    {size(file.size)}, with the subtitles and pictures of its name")
    if more:
        lines.append(f"… and {count(more, 'more file', 'more files')}")
    return [
        *lines,
        "",
        "They are moved into duplicates_before_purge, nothing is deleted,",
        "and u takes it back.",
    ]


def tmdb_address(file: MediaFile) -> str | None:
    """Return the page of the title at TMDb, where its number is known."""
    known = file.identity
    if known is None or known.tmdb_id is None:
        return None
    kind = "tv" if known.kind is Kind.EPISODE else "movie"
    return f"https://www.themoviedb.org/{kind}/{known.tmdb_id}"
