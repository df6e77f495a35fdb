"""The HTML of the watch and the compare page, as text of values.

Whatever comes from outside goes through `text`; names stand in `<bdi>`, so that one which
turns the direction of writing around turns only itself. There is no script and no style in
a page: both are files beside this one.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape as text

from mediavault_tui.domain.forecast import cautions, forecast
from mediavault_tui.domain.library import Copy
from mediavault_tui.domain.model import MediaFile
from mediavault_tui.domain.playback import (
    Offer,
    first_sound_place,
    is_text,
    widths,
)
from mediavault_tui.domain.subtitles import Beside
from streamer import page_tables as tables

STATIC = "/watch/static"
"""Where the pages' scripts and styles are; below `/watch`, so that a proxy needs no rule for them."""

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "media-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
"""Nothing from elsewhere, nothing inline; `blob:` is where a script of ours hands a player its bytes."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One copy on a page. `cores`: processors for conversions; `beside`: subtitles beside the film."""

    copy: Copy
    ways: Sequence[Offer]
    cores: int
    beside: Sequence[Beside] = ()


def watch_page(shown: Shown, *, folder: bool) -> str:
    """Return the page on which one film plays. `folder`: whether who looks may know where it lies."""
    file, name = shown.copy.file, tables.title(shown.copy.file)
    head = f"<h1><bdi>{text(name)}</bdi></h1><p class='line'>{text(tables.technical(file))}</p>"
    body = f"""
<main class="watch">
  <div class="stage">{_video(shown, controls=True)}<p class="notice" role="status" hidden></p></div>
  <header>{head}</header>
  <div class="bar">{_sounds(file)}<span class="way" id="way"></span></div>
  {_where(file)}
  <section><h2>This copy</h2>{tables.facts(shown.copy, shown.beside, folder=folder)}</section>
  {
        _keys(
            (
                ("space", "play, pause"),
                ("← →", "10 seconds"),
                ("↑ ↓", "loudness"),
                (", .", "a picture back, on"),
                ("0–9", "tenths of the film"),
                ("c", "subtitles"),
                ("< >", "slower, faster"),
                ("m", "mute"),
                ("f", "whole screen"),
            )
        )
    }
  {_noscript(file)}
</main>"""
    return _page(name, "watch", body)


def compare_page(a: Shown, b: Shown) -> str:
    """Return the page on which two copies play in step."""
    name = tables.title(a.copy.file)
    sides = "".join(
        f"<figure class='side {side}'>{_video(shown, controls=False)}<figcaption><b>{side.upper()}</b> "
        f"<span>{text(tables.technical(shown.copy.file))}</span></figcaption></figure>"
        for side, shown in (("a", a), ("b", b))
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
  <section><h2>A beside B</h2>{tables.beside(a.copy, b.copy)}</section>
  {
        _keys(
            (
                ("space", "play, pause"),
                ("← →", "10 seconds"),
                (", .", "a picture back, on"),
                ("[ ]", "move the seam"),
                ("v", "swipe or side by side"),
                ("s", "sound of the other"),
                ("c", "subtitles"),
                ("- +", "shift B"),
                ("< >", "slower, faster"),
                ("0–9", "tenths"),
                ("f", "whole screen"),
            )
        )
    }
</main>"""
    return _page(f"{name}: two copies", "compare", body)


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


def _video(shown: Shown, *, controls: bool) -> str:
    file, info = shown.copy.file, shown.copy.file.info
    film = {
        "id": file.id,
        "duration": info.duration if info else 0,
        "rate": info.video.frame_rate if info and info.video else 0,
        "audio": first_sound_place(info) if info else 0,
        "widths": widths(info.video, cores=shown.cores) if info and info.video else (),
        "ways": [{"way": offer.way, "type": offer.type} for offer in shown.ways],
    }
    inside = info.subtitles if info else ()
    said = [
        *((n, tables.subtitle(track), track.language) for n, track in enumerate(inside) if is_text(track)),
        *((len(inside) + n, one.label, one.language) for n, one in enumerate(shown.beside)),
    ]
    tracks = "".join(
        f"<track kind='subtitles' src='/api/media/{file.id}/subtitles/{place}.vtt' label='{text(label)}'"
        f"{_language(language)}>"
        for place, label, language in said
    )
    return (
        f"<video{' controls' if controls else ' muted'} playsinline preload='metadata' "
        f"poster='/api/media/{file.id}/poster.jpg' data-film='{text(json.dumps(film))}'>{tracks}</video>"
    )


def _language(language: str | None) -> str:
    return f" srclang='{text(language)}'" if language else ""


def _sounds(file: MediaFile) -> str:
    info = file.info
    if info is None or len(info.audio) < 2:
        return ""
    first = first_sound_place(info)
    options = "".join(
        f"<option value='{place}'{' selected' if place == first else ''}>{text(tables.sound(track))}</option>"
        for place, track in enumerate(info.audio)
    )
    return f"<label>Sound <select id='sounds'>{options}</select></label>"


def _where(file: MediaFile) -> str:
    if file.info is None:
        return ""
    rows = tables.rows((who, [text(words)]) for who, words in forecast(file.info))
    notes = "".join(f"<p class='caution'>{text(sentence)}</p>" for sentence in cautions(file.info))
    return f"<section><h2>What plays it</h2><table>{rows}</table>{notes}</section>"


def _keys(keys: Sequence[tuple[str, str]]) -> str:
    hints = " ".join(f"<span><kbd>{text(key)}</kbd> {text(what)}</span>" for key, what in keys)
    return f"<footer class='keys'>{hints}</footer>"


def _noscript(file: MediaFile) -> str:
    return (
        "<noscript><p class='caution'>Without scripts only the file itself can be opened: "
        f"<a href='/api/media/stream/{file.id}'>as it is</a>.</p></noscript>"
    )
