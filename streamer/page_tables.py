"""What is said of copies on the pages: titles, the technical line, tables of facts and of comparison.

The keys and cells of a table are HTML: whatever comes from outside goes through `text`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape as text
from itertools import zip_longest

from mediavault_tui.domain.forecast import picture_name, sound_name
from mediavault_tui.domain.library import Copy
from mediavault_tui.domain.measures import clock, size
from mediavault_tui.domain.model import AudioTrack, Identity, MediaFile, SubtitleTrack
from mediavault_tui.domain.pathtext import display
from mediavault_tui.domain.playback import first_sound_place
from mediavault_tui.domain.subtitles import Beside

_CHANNELS = {1: "mono", 2: "stereo", 6: "5.1", 8: "7.1"}


def technical(file: MediaFile) -> str:
    """Return one line: "1920×1080 HEVC HDR10 · 24 fps · 8.1 Mb/s · DTS 5.1 en · 1:52:07 · 4.37 GB"."""
    info = file.info
    if info is None:
        return size(file.size)
    parts = []
    if info.video is not None:
        video = info.video
        parts.append(f"{video.width}×{video.height} {picture_name(video)}")
        if video.frame_rate:
            parts.append(f"{video.frame_rate:.5g} fps")
    if info.bit_rate:
        parts.append(f"{info.bit_rate / 1e6:.1f} Mb/s")
    if info.audio:
        parts.append(sound(info.audio[first_sound_place(info)]))
    return " · ".join([*parts, clock(info.duration), size(file.size)])


def facts(copy: Copy, others: Sequence[Beside], *, folder: bool) -> str:
    """Return the table of all that is known of a copy; `folder`: who looks may read where it lies."""
    file = copy.file
    above, _, name = file.path.rpartition("/")
    pairs = [("name", f"<bdi>{text(name)}</bdi>")]
    if folder:
        pairs.append(("folder", f"<bdi>{text(above)}</bdi>"))
        pairs += [("also", f"<bdi>{text(display(alias))}</bdi>") for alias in file.aliases]
    pairs.append(("health", text(_health(file))))
    if file.info is not None:
        pairs += [("sound", text(sound(track))) for track in file.info.audio]
        subtitles = ", ".join(subtitle(track) for track in file.info.subtitles)
        pairs.append(("subtitles", text(subtitles or "none")))
    pairs += [("beside it", text(one.label)) for one in others]
    parts = [(part.name, f"{part.points:+} · {text(part.why)}") for part in copy.score.parts]
    score = ("score", f"<b>{copy.score.total}</b> of 200")
    return f"<table>{rows((key, [value]) for key, value in [*pairs, score, *parts])}</table>"


_BETTER, _WORSE, _SAME, _OTHER = (
    "<i class='better' title='better'>▲</i>",
    "<i class='worse' title='worse'>▼</i>",
    "<i class='same' title='equal'>=</i>",
    "<i class='same' title='different'>≠</i>",
)


def beside(a: Copy, b: Copy) -> str:
    """Return the table that sets one copy against the other, with signs of better and worse."""
    lines = [("score", _ranked(a.score.total, b.score.total, "of 200", "of 200"))]
    lefts, rights = ({part.name: part for part in copy.score.parts} for copy in (a, b))
    for name in dict.fromkeys([*lefts, *rights]):
        one, two = lefts.get(name), rights.get(name)
        lines.append(
            (
                name,
                _ranked(
                    one.points if one else 0,
                    two.points if two else 0,
                    one.why if one else "–",
                    two.why if two else "–",
                ),
            )
        )
    lines.append(("health", _plain(_health(a.file), _health(b.file))))
    lines.append(("size", _plain(size(a.file.size), size(b.file.size))))
    if a.file.info is not None and b.file.info is not None:
        lines.append(("length", _plain(clock(a.file.info.duration), clock(b.file.info.duration))))
        for place, (left, right) in enumerate(zip_longest(a.file.info.audio, b.file.info.audio)):
            sounds = [sound(track) if track else "–" for track in (left, right)]
            lines.append(("sound" if place == 0 else "", _plain(*sounds)))
        texts = [
            ", ".join(map(subtitle, copy.file.info.subtitles)) or "–" for copy in (a, b) if copy.file.info
        ]
        lines.append(("subtitles", _plain(*texts)))
    names = [copy.file.path.rpartition("/")[2] for copy in (a, b)]
    lines.append(("name", [f"<bdi>{text(name)}</bdi>" for name in names]))
    return f"<table class='beside'><tr><td></td><th>A</th><th>B</th></tr>{rows(lines)}</table>"


def _ranked(left: int, right: int, left_words: str, right_words: str) -> list[str]:
    signs = (_SAME, _SAME) if left == right else (_BETTER, _WORSE) if left > right else (_WORSE, _BETTER)
    sides = zip(signs, (left, right), (left_words, right_words), strict=True)
    return [f"{sign} <b>{points}</b> <span>{text(words)}</span>" for sign, points, words in sides]


def _plain(left: str, right: str) -> list[str]:
    sign = _SAME if left == right else _OTHER
    return [f"{sign} {text(left)}", f"{sign} {text(right)}"]


def rows(rows: Iterable[tuple[str, Sequence[str]]]) -> str:
    """Return rows of a table; the keys are escaped here, the cells are HTML already."""
    return "".join(
        f"<tr><th>{text(key)}</th>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>" for key, cells in rows
    )


def _health(file: MediaFile) -> str:
    report = file.health
    return f"{report.health.value}: {report.reason}" if report.reason else report.health.value


def sound(track: AudioTrack) -> str:
    """Return a sound track in words: codec, channels, language."""
    channels = _CHANNELS.get(track.channels, f"{track.channels} channels")
    parts = [sound_name(track), channels, track.language or "", "commentary" if track.commentary else ""]
    return " ".join(part for part in parts if part)


def subtitle(track: SubtitleTrack) -> str:
    """Return a subtitle track in words: language, and what kind it is."""
    notes = ("forced" if track.forced else "", "SDH" if track.hearing_impaired else "")
    return " ".join(
        part for part in (track.language or "unknown language", *notes, track.title or "") if part
    )


def title(file: MediaFile) -> str:
    """Return what a page calls a file: its title, else its name."""
    known = file.identity
    if known is None or not known.title:
        return file.path.rpartition("/")[2]
    return " ".join(part for part in (known.title, _number(known), known.edition or "") if part)


def _number(known: Identity) -> str:
    if known.episodes:
        season = f"S{known.season:02}" if known.season is not None else ""
        return season + "".join(f"E{number:02}" for number in known.episodes)
    return f"({known.year})" if known.year else ""
