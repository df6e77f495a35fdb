"""The columns of every list: what each shows of a row, and what a narrow terminal can spare.

Long, for all of them stand here, in the order of the panes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from mediavault_tui.domain.library import (
    Facet,
    Folder,
    GroupSummary,
    InventoryRow,
    ScanPhase,
    ScanRecord,
    SortKey,
    StagedFile,
    StagedState,
)
from mediavault_tui.domain.model import FileState, Health
from mediavault_tui.domain.world import TitleKind
from mediavault_tui.ui.columns import Cell, Column
from mediavault_tui.ui.describe import codec, folder_and_name
from mediavault_tui.ui.format import (
    PROOFS,
    VERDICTS,
    changed,
    clock,
    ending,
    episode,
    held,
    middle,
    size,
    soon,
    visible,
    what,
    when,
)

if TYPE_CHECKING:
    from mediavault_tui.domain.choosing import Puzzle
    from mediavault_tui.domain.lacks import BetterCopy, MissingEpisode
    from mediavault_tui.domain.worldmatch import Scored
    from mediavault_tui.settings import Entry


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
    Column("codec", "Codec", 6, lambda row: (codec(row.codec), "muted"), spare=3),
    Column("hdr", "HDR", 6, lambda row: ("+".join(row.hdr), "accent"), spare=5),
    Column("audio", "Audio", 8, lambda row: (visible(" ".join(row.audio_languages)), "plain"), spare=2),
    Column("subs", "Subtitles", 9, lambda row: (visible(" ".join(row.subtitle_languages)), "muted"), spare=4),
    Column("size", "Size", 8, lambda row: (size(row.size), "plain"), right=True),
    Column(
        "score", "Score", 6, lambda row: ("" if row.score is None else str(row.score), "strong"), right=True
    ),
    Column("state", "State", 9, _state, spare=1),
    Column("modified", "Changed", 10, lambda row: (changed(row.modified_ns), "muted"), spare=9),
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
    SortKey.SIZE: "size, largest first",
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
    exact: bool = True


_FOLDER = 14
"""Cells that the column of values has for a folder, beside a scroll bar too."""


def _facet(line: FacetLine) -> Cell:
    if line.value is None:
        return line.facet.value.capitalize(), "accent"
    sign = "◉" if line.chosen else "○"
    value = visible(line.value) or "(none)"
    if line.facet is Facet.FOLDER:
        value = ending(value, _FOLDER)
    return f" {sign} {value}", "strong" if line.chosen else "plain"


def _files(line: FacetLine) -> str:
    """Return how many files, an estimate with two digits."""
    if line.exact:
        return f"{line.files:,}"
    return f"~{line.files / 1000:,.0f}k" if line.files >= 1000 else f"~{line.files}"


FACETS: tuple[Column[FacetLine], ...] = (
    Column("value", "Narrow to", 0, _facet),
    Column(
        "files",
        "",
        7,
        lambda line: (_files(line) if line.value is not None else "", "muted"),
        right=True,
    ),
)


def candidates(puzzle: Callable[[], Puzzle | None]) -> tuple[Column[Scored], ...]:
    """Return the columns of candidates for a file; `puzzle` gives the one that is shown."""

    def title(row: Scored) -> Cell:
        now = puzzle()
        sign = "✓ " if now is not None and now.title == row.title.key else ""
        return f"{sign}{visible(row.title.title)}", "strong"

    def runs(row: Scored) -> Cell:
        """A film's length, coloured and signed by the file's own."""
        now, length = puzzle(), row.title.runtime
        if not length:
            return "", "muted"
        if now is None or not now.asked.duration or row.title.kind is TitleKind.TV:
            return clock(length), "muted"
        apart = (now.asked.duration - length) / length
        if abs(apart) <= 0.05:
            return f"{clock(length)} =", "good"
        return f"{clock(length)} {'<' if apart < 0 else '>'}", "warn"

    def kind(row: Scored) -> Cell:
        return "film" if row.title.kind is TitleKind.MOVIE else "show", "muted"

    return (
        Column("title", "Title", 0, title),
        Column("kind", "", 4, kind, spare=1),
        Column("country", "", 2, lambda row: (visible("".join(row.title.countries[:1])), "muted"), spare=3),
        Column("year", "Year", 4, lambda row: (str(row.title.year or ""), "plain")),
        Column("runs", "Runs", 9, runs, right=True, spare=2),
        Column("points", "Points", 6, lambda row: (str(row.points), "strong"), right=True),
    )


MISSING: tuple[Column[MissingEpisode], ...] = (
    Column("show", "Show", 0, lambda row: (visible(row.title), "plain")),
    Column("number", "Episode", 8, lambda row: (episode(row.season, (row.episode,)), "strong")),
    Column("name", "Name", 30, lambda row: (visible(row.name), "muted"), spare=2),
    Column(
        "aired", "Aired", 10, lambda row: (row.air_date.isoformat() if row.air_date else "", "muted"), spare=1
    ),
)


def _better_folder(row: BetterCopy) -> Cell:
    return middle(visible(folder_and_name(row.better_path)[0]), 48), "muted"


BETTER: tuple[Column[BetterCopy], ...] = (
    Column("verdict", "Verdict", 13, lambda row: VERDICTS[row.verdict], spare=2),
    Column("title", "Title", 0, lambda row: (visible(row.title), "plain")),
    Column("here", "Here", 9, lambda row: (f"{row.tier} {row.score}", "muted"), right=True, spare=1),
    Column(
        "there", "Elsewhere", 9, lambda row: (f"{row.better_tier} {row.better_score}", "plain"), right=True
    ),
    Column("gap", "Better by", 9, lambda row: (f"+{row.gap}", "good"), right=True),
    Column("folder", "Elsewhere in", 48, _better_folder, spare=3),
)
"""Files of which a better copy is elsewhere: tier and score of both."""

GROUPS: tuple[Column[GroupSummary], ...] = (
    Column("verdict", "Verdict", 13, lambda group: VERDICTS[group.verdict], spare=0),
    Column("title", "Title", 0, lambda group: (("✎ " if group.note else "") + visible(group.title), "plain")),
    Column("proof", "Found by", 11, lambda group: (PROOFS[group.proof], "muted"), spare=2),
    Column("files", "", 3, lambda group: (f"×{group.files}", "muted"), right=True, spare=1),
    Column("bytes", "Reclaimable", 11, lambda group: (size(group.reclaimable), "strong"), right=True),
)

_STAGED_SIGNS: dict[StagedState, Cell] = {
    StagedState.STAGED: ("→ staged", "plain"),
    StagedState.APPROVED: ("✓ approved", "warn"),
    StagedState.RESTORED: ("← restored", "muted"),
    StagedState.PURGED: ("purged", "muted"),
}


def _held(staged: StagedFile, now: datetime) -> Cell:
    """Return for how long a file was held; of an approved one till when it is."""
    if staged.state is not StagedState.APPROVED or staged.due_at is None:
        return held(staged.staged_at, now), "muted"
    return ("due", "warn") if staged.due_at <= now else (f"till {soon(staged.due_at, now)}", "muted")


def staged_columns(now: datetime) -> tuple[Column[StagedFile], ...]:
    """Return the columns of Pending; `now` is what "held" is counted to."""
    return (
        Column("state", "State", 10, lambda staged: _STAGED_SIGNS[staged.state]),
        Column("title", "Title", 0, lambda staged: (staged_name(staged), "plain")),
        Column("by", "By", 10, lambda staged: (visible(staged.staged_by), "muted"), spare=2),
        Column("held", "Held", 10, lambda staged: _held(staged, now), right=True),
        Column("size", "Size", 8, lambda staged: (size(staged.size), "plain"), right=True, spare=1),
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
        lambda scan: (f"{scan.counts.errors:,}" if scan.counts.errors else "", "bad"),
        right=True,
    ),
)


def _folder(folder: Folder) -> Cell:
    if folder.note:  # a place: this machine, a share
        return f"{visible(folder.name)}  ·  {visible(folder.note)}", "plain" if folder.readable else "muted"
    return visible(folder.name) + "/", "plain"


def _videos(folder: Folder) -> Cell:
    if folder.note:
        return ("", "muted") if folder.readable else ("✗", "bad")
    if not folder.readable:
        return "no access", "bad"
    return f"{folder.videos:,}" + ("" if folder.complete else "+"), "plain" if folder.videos else "muted"


FOLDERS: tuple[Column[Folder], ...] = (
    Column("name", "Folder", 0, _folder),
    Column("videos", "Videos", 9, _videos, right=True),
)


def _value(entry: Entry) -> Cell:
    if not entry.value:
        return "unset", "muted"
    return visible(entry.value), "accent" if entry.origin != "default" else "plain"


SETTINGS: tuple[Column[Entry], ...] = (
    Column("variable", "Setting", 33, lambda entry: (entry.variable, "plain")),
    Column("value", "Value", 0, _value),
    Column("origin", "From", 12, lambda entry: (visible(_origin(entry)), "muted")),
    Column("meaning", "Meaning", 66, lambda entry: (entry.meaning, "muted"), spare=1),
)


def _origin(entry: Entry) -> str:
    """Return where a value came from, a file by its name alone."""
    return entry.origin.rpartition("/")[2]
