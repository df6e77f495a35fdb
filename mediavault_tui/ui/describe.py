"""Domain values in words: the facts of a file, what a dialog names, a scan in three words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.padding import Padding
from rich.text import Text
from textual.content import Content

from mediavault_tui.domain import languages
from mediavault_tui.domain.library import (
    Copy,
    GroupsWaiting,
    ScanPhase,
    ScanProgress,
    StagedFile,
)
from mediavault_tui.domain.measures import day
from mediavault_tui.domain.model import (
    AudioTrack,
    FileState,
    Identity,
    Kind,
    MediaFile,
    SubtitleTrack,
)
from mediavault_tui.domain.pathtext import display
from mediavault_tui.domain.quality import codec_name
from mediavault_tui.domain.world import Entry, Title, TitleKind, named, page_of
from mediavault_tui.ui.format import (
    changed,
    clock,
    count,
    episode,
    rate,
    size,
    visible,
)

if TYPE_CHECKING:
    from textual.app import App

    from mediavault_tui.domain.checks import Check
    from mediavault_tui.domain.choosing import Puzzle


Fact = tuple[str, str]
"""A name and its value, for the widget `Facts`."""


def line(parts: Sequence[str]) -> Content:
    """Join parts of a line of facts."""
    return Content(" · ".join(part for part in parts if part))


def plain(lines: Iterable[str]) -> Content:
    """Return lines as text in which nothing is markup."""
    return Content("\n".join(visible(line) for line in lines))


def hanging(lines: Iterable[str]) -> Group:
    """Return lines as text that is no markup; what a line is indented by, its second row is too."""
    rows = []
    for line in map(visible, lines):
        words = line.lstrip(" ")
        rows.append(Padding(Text(words), (0, 0, 0, len(line) - len(words))))
    return Group(*rows)


def checks(done: Iterable[Check]) -> Content:
    """Return a connection test: a sign and a sentence for each step, the remedy below what failed."""
    lines = []
    for check in done:
        sign, style = ("✓", "$text-success") if check.ok else ("✗", "$text-error")
        lines.append(Content.assemble((sign, style), f" {visible(check.what)}: {visible(check.said)}"))
        if not check.ok and check.remedy:
            lines.append(Content.styled(f"  → {visible(check.remedy)}", "$text-warning"))
    return Content("\n").join(lines)


def scanning(progress: ScanProgress) -> str:
    """Return a running scan in three words, for the bar of every pane."""
    if progress.phase is ScanPhase.PAUSED:
        return "scan paused"
    total, done = progress.total_bytes or progress.total_files, progress.done_bytes or progress.done_files
    return f"scanning {100 * done // total} %" if total else "scanning"


def waiting(groups: GroupsWaiting) -> str:
    """Return what a scan leaves to be decided, for `keyed`."""
    if not groups.groups:
        return "No duplicates wait for a decision."
    many = count(groups.groups, "group of duplicates waits", "groups of duplicates wait")
    shows = "it" if groups.groups == 1 else "them"
    return f"{many}, {size(groups.reclaimable)} reclaimable: <app.duplicates:2> shows {shows}."


def staged_facts(staged: StagedFile) -> list[Fact]:
    """Return where a staged file came from, where it is, and why."""
    return [
        ("from", staged.original),
        ("now at", staged.staged),
        ("why", staged.reason),
        ("stays", staged.keeper_path or "no other copy"),
        ("by", f"{staged.staged_by}, {staged.staged_at:%Y-%m-%d %H:%M}"),
        *([("goes", f"not before {day(staged.due_at)}, and only once approved")] if staged.due_at else []),
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
    parts = [f"{video.width}×{video.height}", codec(video.codec), "+".join(video.hdr)]
    if video.frame_rate:
        parts.append(f"{video.frame_rate:.5g} fps")
    if video.bit_rate:
        parts.append(rate(video.bit_rate))
    return " ".join(part for part in parts if part)


def codec(name: str | None) -> str:
    """Return a codec as people say it; empty where none is known."""
    return visible(codec_name(name)) if name else ""


def folder_and_name(path: str) -> tuple[str, str]:
    """Split a path for people into its folder and its name."""
    folder, _, name = path.rpartition("/")
    return folder or "/", name


def _named(file: MediaFile) -> str:
    """Return the title that a file's own name says, where it is another."""
    known, shown = file.identity, file.shown
    return known.title if known is not None and shown is not None and known.title != shown.title else ""


def facts(copy: Copy, *, choosing: str) -> list[Fact]:
    """Return all that is known of a file; `choosing`: the key that shows the candidates for its title."""
    file, info = copy.file, copy.file.info
    folder, name = folder_and_name(file.where)
    known = [
        ("title", identity(file.shown) if file.shown else ""),
        ("named", _named(file)),
        ("name", name),
        ("folder", folder),
        ("size", f"{size(file.size)} ({file.size:,})"),
        ("changed", changed(file.stamp.modified_ns)),
        ("health", file.health.health.value + (f": {file.health.reason}" if file.health.reason else "")),
        ("state", "" if file.state is FileState.PRESENT else file.state.value),
        ("protected", "yes, never staged" if file.protected else ""),
        *[("also", display(alias)) for alias in file.aliases],
    ]
    if info is not None:
        known += [
            ("duration", clock(info.duration)),
            ("video", picture(file)),
            *[("audio", audio(track)) for track in info.audio],
            ("subtitles", ", ".join(subtitle(track) for track in info.subtitles)),
            ("chapters", str(info.chapters or "")),
            ("container", info.container),
        ]
    parts = [(f"{part.points:+}", f"{part.name}: {part.why}") for part in copy.score.parts]
    because = [("because", text) for text in (file.identity.evidence if file.identity else ())]
    blank = [("", "")]
    told = world(copy.entry) if copy.entry else []
    if copy.asks:
        told = [("TMDb", f"is not sure which title it is: {choosing} shows the candidates")]
    return [
        *[fact for fact in known if fact[1]],
        *(blank if told else []),
        *told,
        *blank,
        ("score", str(copy.score.total)),
        *parts,
        *(blank if because else []),
        *because,
    ]


STAGED_THEN = "Into the holding folder; nothing is deleted, and undo takes it back."
"""What staging does; which folder holds a file is set for each source, so it is not named."""


def world(entry: Entry) -> list[Fact]:
    """Return what TMDb and OMDb say of a title, and in what they differ."""
    title, ratings = entry.title, entry.ratings
    rated = [f"TMDb {title.rating:.1f} ({count(title.votes, 'vote')})"] if title.votes else []
    if ratings is not None and ratings.rating is not None:
        rated.append(f"IMDb {ratings.rating:.1f} ({count(ratings.votes or 0, 'vote')})")
    if ratings is not None and ratings.metascore is not None:
        rated.append(f"Metascore {ratings.metascore}")
    year = f" ({title.year})" if title.year else ""
    original = "" if title.original_title in ("", title.title) else title.original_title
    spoken = languages.name(title.original_language) if title.original_language else ""
    lines = [
        ("TMDb", f"{title.title}{year}"),
        ("original", " · ".join(filter(None, (original, spoken)))),
        ("genres", ", ".join(title.genre_names)),
        ("rating", " · ".join(rated)),
        ("awards", ratings.awards if ratings else ""),
        ("runs", clock(title.runtime) if title.runtime else ""),
        ("with", ", ".join(title.credits)),
        ("collection", title.collection),
        ("about", title.overview),
        ("link", title.link),
        *[("differ", text) for text in entry.disagreements],
    ]
    return [fact for fact in lines if fact[1]]


def candidate(puzzle: Puzzle, title: Title, evidence: Sequence[str]) -> list[Fact]:
    """Return what speaks for a title, its length beside the file's, and what TMDb says of it."""
    told = dict(world(Entry(title)))
    for name in ("TMDb", "runs"):
        told.pop(name, None)
    kind = "film" if title.kind is TitleKind.MOVIE else "show"
    country = title.countries[0] if title.countries else ""
    now = ["chosen now"] if puzzle.title == title.key and puzzle.state == "chosen" else []
    now += ["taken as this now"] if puzzle.title == title.key and puzzle.state == "sure" else []
    head = " · ".join(filter(None, (named(title), kind, "" if kind == "show" else country, *now)))
    runs = (
        [("runs", f"{clock(title.runtime)}, this file {clock(puzzle.asked.duration)}")]
        if title.runtime
        else []
    )
    return [("", head), *(("for", each) for each in evidence), *runs, *told.items()]


def open_link(app: App[Any], address: str) -> None:
    """Open a page where there is a browser, and copy its address (OSC 52) for where there is none."""
    app.open_url(address)
    app.copy_to_clipboard(address)
    app.notify(f"{address}  (copied)", markup=False)


def tmdb_address(file: MediaFile) -> str | None:
    """Return the page of the title at TMDb, where its number is known."""
    if file.work is not None:
        return page_of(file.work.kind, file.work.tmdb_id)
    known = file.identity
    if known is None or known.tmdb_id is None:
        return None
    return page_of("tv" if known.kind is Kind.EPISODE else "movie", known.tmdb_id)
