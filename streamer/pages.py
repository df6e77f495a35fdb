"""The HTML of the watch and the compare page, as text of values.

Whatever comes from outside goes through `text`; names stand in `<bdi>`, so that one which
turns the direction of writing around turns only itself. There is no script and no style in
a page: both are files beside this one. Longer than most, for a page is.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from html import escape as text
from itertools import zip_longest

from mediavault_tui.domain.labels import size_text
from mediavault_tui.domain.library import Copy
from mediavault_tui.domain.model import AudioTrack, Identity, MediaFile, SubtitleTrack
from mediavault_tui.domain.pathtext import display
from mediavault_tui.domain.playback import (
    Offer,
    cautions,
    first_sound_place,
    forecast,
    is_text,
    picture_name,
    sound_name,
    widths,
)

STATIC = "/watch/static"
"""Where the pages' scripts and styles are; below `/watch`, so that a proxy needs no rule for them."""

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "media-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
"""Nothing from elsewhere, nothing inline; `blob:` is where a script of ours hands a player its bytes."""

_CHANNELS = {1: "mono", 2: "stereo", 6: "5.1", 8: "7.1"}


def watch_page(copy: Copy, ways: Sequence[Offer], *, cores: int, folder: bool) -> str:
    """Return the page on which one film plays. `folder`: whether who looks may know where it lies."""
    file, name = copy.file, _title(copy.file)
    head = f"<h1><bdi>{text(name)}</bdi></h1><p class='line'>{text(technical(file))}</p>"
    body = f"""
<main class="watch">
  <div class="stage">{
        _video(file, ways, cores=cores, controls=True)
    }<p class="notice" role="status" hidden></p></div>
  <header>{head}</header>
  <div class="bar">{_sounds(file)}<span class="way" id="way"></span></div>
  {_where(file)}
  <section><h2>This copy</h2>{_facts(copy, folder=folder)}</section>
  {
        _keys(
            (
                ("space", "play, pause"),
                ("← →", "10 seconds"),
                ("↑ ↓", "loudness"),
                (", .", "a picture back, on"),
                ("0–9", "tenths of the film"),
                ("c", "subtitles"),
                ("m", "mute"),
                ("f", "whole screen"),
            )
        )
    }
  {_noscript(file)}
</main>"""
    return _page(name, "watch", body)


def compare_page(a: Copy, b: Copy, ways: tuple[Sequence[Offer], Sequence[Offer]], *, cores: int) -> str:
    """Return the page on which two copies play in step."""
    name = _title(a.file)
    sides = "".join(
        f"<figure class='side {side}'>{_video(copy.file, offers, cores=cores, controls=False)}"
        f"<figcaption><b>{side.upper()}</b> {text(technical(copy.file))}</figcaption></figure>"
        for side, copy, offers in (("a", a, ways[0]), ("b", b, ways[1]))
    )
    body = f"""
<main class="compare">
  <header><h1><bdi>{text(name)}</bdi></h1><p class="line">Two copies at the same minute</p></header>
  <div class="stage swipe" id="stage">{sides}<div class="seam" id="seam" role="slider" tabindex="0"
    aria-label="Where copy A ends and copy B begins" aria-valuemin="0" aria-valuemax="100"
    aria-valuenow="50"></div><p class="notice" role="status" hidden></p></div>
  <div class="bar">
    <button id="play" type="button" aria-label="Play or pause">▶</button>
    <output id="clock">0:00</output>
    <input id="time" type="range" min="0" max="1000" value="0" step="any" aria-label="Time">
    <output id="length"></output>
  </div>
  <div class="bar tools">
    <button id="layout" type="button">Side by side</button>
    <button id="sound" type="button">Sound of A</button>
    <span class="shift">B is shifted by
    <button id="earlier" type="button" aria-label="Shift B earlier">−</button>
    <output id="shift">0.00 s</output>
    <button id="later" type="button" aria-label="Shift B later">+</button></span>
    <span class="way" id="step"></span>
  </div>
  <section><h2>A beside B</h2>{_beside(a, b)}</section>
  {
        _keys(
            (
                ("space", "play, pause"),
                ("← →", "10 seconds"),
                (", .", "a picture back, on"),
                ("[ ]", "move the seam"),
                ("v", "swipe or side by side"),
                ("s", "sound of the other"),
                ("- +", "shift B"),
                ("0–9", "tenths"),
                ("f", "whole screen"),
            )
        )
    }
</main>"""
    return _page(f"{name}: two copies", "compare", body)


def technical(file: MediaFile) -> str:
    """Return one line: "1920×1080 HEVC HDR10 · 24 fps · 8.1 Mb/s · DTS 5.1 en · 1:52:07 · 4.37 GB"."""
    info = file.info
    if info is None:
        return size_text(file.size)
    parts = []
    if info.video is not None:
        video = info.video
        parts.append(f"{video.width}×{video.height} {picture_name(video)}")
        if video.frame_rate:
            parts.append(f"{video.frame_rate:.5g} fps")
    if info.bit_rate:
        parts.append(f"{info.bit_rate / 1e6:.1f} Mb/s")
    if info.audio:
        parts.append(_sound(info.audio[first_sound_place(info)]))
    return " · ".join([*parts, clock(info.duration), size_text(file.size)])


def clock(seconds: float) -> str:
    """Return a time as players show it: "1:52:07", "4:09"."""
    minutes, second = divmod(int(seconds), 60)
    hour, minute = divmod(minutes, 60)
    return f"{hour}:{minute:02}:{second:02}" if hour else f"{minute}:{second:02}"


def _page(title: str, name: str, body: str) -> str:
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="color-scheme" content="dark">
<title>{text(title)} – MediaVault</title>
<link rel="stylesheet" href="{STATIC}/pages.css">
<link rel="icon" href="{STATIC}/icon.svg" type="image/svg+xml">
<script type="module" src="{STATIC}/{name}.js"></script>
</head>
<body>{body}
</body>
</html>
"""


def _video(file: MediaFile, ways: Sequence[Offer], *, cores: int, controls: bool) -> str:
    info = file.info
    film = {
        "id": file.id,
        "duration": info.duration if info else 0,
        "rate": info.video.frame_rate if info and info.video else 0,
        "audio": first_sound_place(info) if info else 0,
        "widths": widths(info.video, cores=cores) if info and info.video else (),
        "ways": [{"way": offer.way, "type": offer.type} for offer in ways],
    }
    tracks = "".join(
        f"<track kind='subtitles' src='/api/media/{file.id}/subtitles/{place}.vtt' "
        f"label='{text(_subtitle(track))}'{_language(track)}>"
        for place, track in enumerate(info.subtitles if info and controls else ())
        if is_text(track)
    )
    return (
        f"<video{' controls' if controls else ' muted'} playsinline preload='metadata' "
        f"poster='/api/media/{file.id}/poster.jpg' data-film='{text(json.dumps(film))}'>{tracks}</video>"
    )


def _language(track: SubtitleTrack) -> str:
    return f" srclang='{text(track.language)}'" if track.language else ""


def _sounds(file: MediaFile) -> str:
    info = file.info
    if info is None or len(info.audio) < 2:
        return ""
    first = first_sound_place(info)
    options = "".join(
        f"<option value='{place}'{' selected' if place == first else ''}>{text(_sound(track))}</option>"
        for place, track in enumerate(info.audio)
    )
    return f"<label>Sound <select id='sounds'>{options}</select></label>"


def _where(file: MediaFile) -> str:
    if file.info is None:
        return ""
    rows = _rows((who, [text(words)]) for who, words in forecast(file.info))
    notes = "".join(f"<p class='caution'>{text(sentence)}</p>" for sentence in cautions(file.info))
    return f"<section><h2>What plays it</h2><table>{rows}</table>{notes}</section>"


def _facts(copy: Copy, *, folder: bool) -> str:
    file = copy.file
    above, _, name = file.path.rpartition("/")
    pairs = [("name", f"<bdi>{text(name)}</bdi>")]
    if folder:
        pairs.append(("folder", f"<bdi>{text(above)}</bdi>"))
        pairs += [("also", f"<bdi>{text(display(alias))}</bdi>") for alias in file.aliases]
    pairs.append(("health", text(_health(file))))
    if file.info is not None:
        pairs += [("sound", text(_sound(track))) for track in file.info.audio]
        subtitles = ", ".join(_subtitle(track) for track in file.info.subtitles)
        pairs.append(("subtitles", text(subtitles or "none")))
    parts = [(part.name, f"{part.points:+} · {text(part.why)}") for part in copy.score.parts]
    score = ("score", f"<b>{copy.score.total}</b> of 200")
    return f"<table>{_rows((key, [value]) for key, value in [*pairs, score, *parts])}</table>"


_BETTER, _WORSE, _SAME, _OTHER = (
    "<i class='better' title='better'>▲</i>",
    "<i class='worse' title='worse'>▼</i>",
    "<i class='same' title='equal'>=</i>",
    "<i class='same' title='different'>≠</i>",
)


def _beside(a: Copy, b: Copy) -> str:
    """Return the table that sets one copy against the other, with signs of better and worse."""
    rows = [("score", _ranked(a.score.total, b.score.total, "of 200", "of 200"))]
    lefts, rights = ({part.name: part for part in copy.score.parts} for copy in (a, b))
    for name in dict.fromkeys([*lefts, *rights]):
        one, two = lefts.get(name), rights.get(name)
        rows.append(
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
    rows.append(("health", _plain(_health(a.file), _health(b.file))))
    rows.append(("size", _plain(size_text(a.file.size), size_text(b.file.size))))
    if a.file.info is not None and b.file.info is not None:
        rows.append(("length", _plain(clock(a.file.info.duration), clock(b.file.info.duration))))
        for place, (left, right) in enumerate(zip_longest(a.file.info.audio, b.file.info.audio)):
            sounds = [_sound(track) if track else "–" for track in (left, right)]
            rows.append(("sound" if place == 0 else "", _plain(*sounds)))
        texts = [
            ", ".join(map(_subtitle, copy.file.info.subtitles)) or "–" for copy in (a, b) if copy.file.info
        ]
        rows.append(("subtitles", _plain(*texts)))
    names = [copy.file.path.rpartition("/")[2] for copy in (a, b)]
    rows.append(("name", [f"<bdi>{text(name)}</bdi>" for name in names]))
    return f"<table class='beside'><tr><td></td><th>A</th><th>B</th></tr>{_rows(rows)}</table>"


def _ranked(left: int, right: int, left_words: str, right_words: str) -> list[str]:
    signs = (_SAME, _SAME) if left == right else (_BETTER, _WORSE) if left > right else (_WORSE, _BETTER)
    sides = zip(signs, (left, right), (left_words, right_words), strict=True)
    return [f"{sign} <b>{points}</b> {text(words)}" for sign, points, words in sides]


def _plain(left: str, right: str) -> list[str]:
    sign = _SAME if left == right else _OTHER
    return [f"{sign} {text(left)}", f"{sign} {text(right)}"]


def _rows(rows: Iterable[tuple[str, Sequence[str]]]) -> str:
    """Return rows of a table; the keys are escaped here, the cells are HTML already."""
    return "".join(
        f"<tr><th>{text(key)}</th>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>" for key, cells in rows
    )


def _keys(keys: Sequence[tuple[str, str]]) -> str:
    hints = " ".join(f"<span><kbd>{text(key)}</kbd> {text(what)}</span>" for key, what in keys)
    return f"<footer class='keys'>{hints}</footer>"


def _noscript(file: MediaFile) -> str:
    return (
        "<noscript><p class='caution'>Without scripts only the file itself can be opened: "
        f"<a href='/api/media/stream/{file.id}'>as it is</a>.</p></noscript>"
    )


def _health(file: MediaFile) -> str:
    report = file.health
    return f"{report.health.value}: {report.reason}" if report.reason else report.health.value


def _sound(track: AudioTrack) -> str:
    channels = _CHANNELS.get(track.channels, f"{track.channels} channels")
    parts = [sound_name(track), channels, track.language or "", "commentary" if track.commentary else ""]
    return " ".join(part for part in parts if part)


def _subtitle(track: SubtitleTrack) -> str:
    notes = ("forced" if track.forced else "", "SDH" if track.hearing_impaired else "")
    return " ".join(
        part for part in (track.language or "unknown language", *notes, track.title or "") if part
    )


def _title(file: MediaFile) -> str:
    known = file.identity
    if known is None or not known.title:
        return file.path.rpartition("/")[2]
    return " ".join(part for part in (known.title, _number(known), known.edition or "") if part)


def _number(known: Identity) -> str:
    if known.episodes:
        season = f"S{known.season:02}" if known.season is not None else ""
        return season + "".join(f"E{number:02}" for number in known.episodes)
    return f"({known.year})" if known.year else ""
