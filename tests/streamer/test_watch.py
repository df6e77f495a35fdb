"""The watch page in a real Chromium: a film plays, from its middle too, whatever it is made of."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from mediavault_tui.domain.model import MediaFile
from mediavault_tui.probe.ffprobe import Prober
from mediavault_tui.services.accounts import Accounts
from mediavault_tui.services.preview import PreviewLinks
from streamer import playing
from streamer.theatre import THEATRE
from tests.db.shelf import Shelf
from tests.streamer import films
from tests.streamer.browser import Page
from tests.streamer.conftest import NAME, PASSWORD, Sidecar, until
from tests.streamer.films import SECONDS

pytestmark = pytest.mark.needs("chromium")
HOSTILE = "x' onerror='alert(1)' \"<script>alert(2)&amp;.mp4"


@pytest.fixture
async def put(
    shelf: Shelf, ffprobe: str, ffmpeg: str, session_folder: Path
) -> Callable[..., Awaitable[MediaFile]]:
    """Return what puts a film of `films.RECIPES` into the library."""
    prober = Prober(ffprobe=ffprobe, ffmpeg=ffmpeg, workers=1)

    async def one(name: str, *, called: str | None = None) -> MediaFile:
        made = await asyncio.to_thread(films.make, ffmpeg, session_folder / "reel", name)
        return await films.film(shelf, made, prober, called=called)

    return one


Put = Callable[..., Awaitable[MediaFile]]


@pytest.fixture
async def account(accounts: Accounts) -> None:
    """There is an account, so that links are needed."""
    await accounts.register(NAME, PASSWORD)


async def plays_from(page: Page, second: float, *, video: str = "document.querySelector('video')") -> None:
    """Assert that the picture moves on after a jump to `second`."""
    await page.until(f"{video}.readyState >= 1")
    await page.run(f"{video}.play().catch(() => 0)")
    pictures = f"{video}.getVideoPlaybackQuality().totalVideoFrames"
    before = await page.run(pictures)
    await page.run(f"void ({video}.currentTime = {second})")
    await page.until(
        f"!{video}.seeking && {video}.currentTime >= {second + 0.5} && {video}.currentTime < {second + 9}"
        f" && {pictures} > {before + 5}"
    )


@pytest.mark.parametrize(
    "reel",
    [
        {"h264.mp4": "direct", "hevc.mkv": "picture", "mpeg2.ts": "picture"},
        {"h264-ac3.mkv": "sound", "hdr.mkv": "picture", "mpeg4-ac3.avi": "picture"},
    ],
    ids=" ".join,
)
async def test_they_play_after_a_jump(
    sidecar: Sidecar, put: Put, page: Page, reel: Mapping[str, str]
) -> None:
    for name, way in reel.items():
        film = await put(name)
        await page.go(f"http://127.0.0.1:{sidecar.port}/watch/{film.id}")
        await plays_from(page, SECONDS / 2)
        assert await page.run("player.way") == way, name
        await plays_from(page, 3)
        await plays_from(page, SECONDS - 6)
        assert abs(await page.run("document.querySelector('video').duration") - SECONDS) < 0.5, name
    assert page.complaints == []
    await page.go("about:blank?")
    await until(lambda: len(sidecar.app[THEATRE].conversions) == 0)


@pytest.mark.parametrize(("name", "way"), [("clock.mkv", "sound"), ("clock.avi", "picture")])
async def test_what_is_shown_is_the_picture_of_that_second(
    sidecar: Sidecar, put: Put, page: Page, name: str, way: str
) -> None:
    film = await put(name)
    await page.go(f"http://127.0.0.1:{sidecar.port}/watch/{film.id}")
    await page.until("document.querySelector('video').readyState >= 2")
    assert await page.run("player.way") == way
    for second, number in ((15, 6), (3, 18), (SECONDS - 3, 0)):
        await page.run(f"void (document.querySelector('video').currentTime = {second} + {number + 0.5} / 24)")
        await page.until("!document.querySelector('video').seeking")
        left, right = await page.run(_GREYS)
        shown = round((left - 20) / 8) + round((right - 20) / 8) / 24
        assert abs(shown - second - number / 24) < 2 / 24, (shown, second, number)


async def test_a_machine_that_is_too_slow_is_asked_for_a_smaller_picture(
    sidecar: Sidecar, put: Put, page: Page, ffmpeg: str, tmp_path: Path
) -> None:
    # Full HD at half the speed of watching, anything smaller as quickly as it goes.
    slow = tmp_path / "ffmpeg"
    slow.write_text(
        f'#!/bin/sh\ncase "$*" in *1920*) exec {ffmpeg} -readrate 0.5 "$@";; *) exec {ffmpeg} "$@";; esac\n'
    )
    slow.chmod(0o755)
    await sidecar.http.get(f"/watch/{(await put('wide.avi')).id}")  # ffmpeg has said what it can
    sidecar.app[THEATRE].ffmpeg = str(slow)
    film = await put("wide.avi", called="again.avi")
    await page.go(f"http://127.0.0.1:{sidecar.port}/watch/{film.id}")
    await page.run("void (player.patience = 500)")
    await page.until("player.size >= 1")
    assert "wide, for the server" in await page.run("document.querySelector('#way').textContent")
    video = "document.querySelector('video')"
    # It goes on where the large picture ended, without a gap, and plays across the seam.
    await page.until(f"{video}.buffered.length === 1 && {video}.buffered.end(0) > {SECONDS - 1}")
    await page.run(f"{video}.currentTime = 0; {video}.playbackRate = 4; void {video}.play()")
    await page.until(f"{video}.videoWidth < 1920 && {video}.videoWidth === player.width")
    assert page.complaints == []


_GREYS = """(() => { const c = document.createElement('canvas'); c.width = 64; c.height = 36;
    const g = c.getContext('2d'); g.drawImage(document.querySelector('video'), 0, 0, 64, 36);
    // Video levels run from 16 to 235, those of a canvas from 0 to 255.
    return [16, 48].map((x) => g.getImageData(x, 18, 1, 1).data[1] * 219 / 255 + 16); })()"""


async def test_subtitles_appear(sidecar: Sidecar, put: Put, page: Page) -> None:
    film = await put("h264-ac3.mkv")
    await page.go(f"http://127.0.0.1:{sidecar.port}/watch/{film.id}")
    assert await page.run("document.querySelector('track').label") == "en"
    await page.press("c")
    await page.until("document.querySelector('video').textTracks[0].cues?.length === 7")
    first = await page.run("document.querySelector('video').textTracks[0].cues[0].text")
    assert first == "Line <b>1</b>: été &amp; 三体" or first == "Line <b>1</b>: été & 三体"
    answer = await sidecar.http.get(f"/api/media/{film.id}/subtitles/1.vtt")
    assert answer.status == 404


_SRT = "1\n00:00:01,000 --> 00:00:03,000\n{}\n\n2\n00:00:04,000 --> 00:00:05,500\n<i>zwei</i>\n"
_ASS = """[Script Info]
ScriptType: v4.00+
[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Dialogue: 0,0:00:01.00,0:00:03.00,Default,,0,0,0,,{{\\an8}}{}
"""


async def test_subtitles_beside_the_film_appear_whatever_they_are_written_in(
    sidecar: Sidecar, put: Put, shelf: Shelf, page: Page
) -> None:
    film = await put("h264.mp4", called="Film [x].mp4")
    other = await put("h264.mp4", called="Film [x] 2.mp4")
    for name, raw in {
        "Film [x].de.srt": _SRT.format("Größe: 5 €").encode("cp1252"),
        "Film [x].en.forced.srt": _SRT.format("café").encode("utf-16"),
        "Film [x].fr.vtt": "WEBVTT\n\n00:01.000 --> 00:03.000\nforêt\n".encode(),
        "Film [x].ja.ass": _ASS.format("三体").encode("utf-16-le"),
        "Film [x].ru.srt": _SRT.format("Привет").encode("cp1251"),
        "Film [x] 2.srt": b"not this one's",
        "Film [x].es.srt": b"\0" * 100,
    }.items():
        (shelf.root / name).write_bytes(raw)
    os.symlink("/etc/passwd", shelf.root / "Film [x].it.srt")
    await page.go(f"http://127.0.0.1:{sidecar.port}/compare/{film.id}/{other.id}")
    found = "[...document.querySelector('.a video').textTracks]"
    assert await page.run(f"{found}.map((t) => t.language + ' ' + t.label)") == [
        "de German (.srt file)",
        "en English forced (.srt file)",
        "es Spanish (.srt file)",
        "fr French (.vtt file)",
        "it Italian (.srt file)",
        "ja Japanese (.ass file)",
        "ru Russian (.srt file)",
    ]
    await page.run(f"{found}.forEach((t) => (t.mode = 'hidden'))")
    first = f"{found}.filter((t) => t.cues?.length).map((t) => t.cues[0].text)"
    await page.until(f"{first}.length === 5")
    assert await page.run(first) == ["Größe: 5 €", "café", "forêt", "三体", "Привет"]
    await page.press("c")
    assert await page.run(f"{found}.map((t) => t.mode)") == ["showing", *["disabled"] * 6]
    # Rubbish says nothing; a link out of the folder is refused.
    for place, status in ((2, 200), (4, 404), (7, 404)):
        answer = await sidecar.http.get(f"/api/media/{film.id}/subtitles/{place}.vtt")
        assert answer.status == status, await answer.text()
        assert not re.search(rb"root:|library", await answer.read())


async def test_the_keys_do_what_the_page_says(sidecar: Sidecar, put: Put, page: Page) -> None:
    film = await put("h264.mp4")
    await page.go(f"http://127.0.0.1:{sidecar.port}/watch/{film.id}")
    video = "document.querySelector('video')"
    await page.until(f"{video}.readyState >= 2")
    await page.press("5")
    await page.until(f"!{video}.seeking && Math.abs({video}.currentTime - {SECONDS / 2}) < 0.1")
    await page.press(".")
    await page.until(f"!{video}.seeking && Math.abs({video}.currentTime - {SECONDS / 2} - 1 / 24) < 0.02")
    await page.press("m")
    assert await page.run(f"{video}.muted")
    await page.press(" ")
    await page.until(f"!{video}.paused && {video}.currentTime > {SECONDS / 2 + 0.3}")
    await page.press(" ")
    await page.until(f"{video}.paused")


async def test_a_link_opens_its_film_and_leaves_the_address(
    sidecar: Sidecar, put: Put, page: Page, links: PreviewLinks, account: None
) -> None:
    film = await put("hevc.mkv")
    other = await put("h264.mp4")
    made = await links.make(film.id, who="ripley")
    await page.go(f"http://127.0.0.1:{sidecar.port}/watch/{film.id}?t={made.token}")
    assert await page.run("location.search") == ""
    await plays_from(page, SECONDS / 2)
    # The page never sends the token on, and it opens nothing else.
    assert [address for address in page.requests[1:] if made.token in address] == []
    assert (await page.run(f"fetch('/watch/{other.id}').then((a) => a.status)")) == 401
    await page.go(f"http://127.0.0.1:{sidecar.port}/watch/{film.id}")
    await page.until("document.querySelector('video').readyState >= 1")
    await links.revoke(made.id)
    sidecar.state.heard(f"link:{made.id}")
    assert (await page.run(f"fetch('/watch/{film.id}').then((a) => a.status)")) == 401


async def test_a_hostile_name_is_text(sidecar: Sidecar, put: Put, page: Page) -> None:
    film = await put("h264.mp4", called=HOSTILE)
    await page.go(f"http://127.0.0.1:{sidecar.port}/watch/{film.id}")
    assert HOSTILE in await page.run("document.body.innerText")
    assert await page.run("document.querySelectorAll('script').length") == 1
    await plays_from(page, 4)
    assert page.complaints == []


async def test_the_page_runs_nothing_that_is_not_ours(sidecar: Sidecar, put: Put, page: Page) -> None:
    film = await put("h264.mp4")
    answer = await sidecar.http.get(f"/watch/{film.id}")
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert not re.search(r"\son\w+=|<script(?![^>]+src=)|<style|\sstyle=", await answer.text())
    await page.go(f"http://127.0.0.1:{sidecar.port}/watch/{film.id}")
    await page.run("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=window.evil=1>')")
    await page.until("document.images[0].complete")
    assert await page.run("window.evil") is None
    assert any("Content Security Policy" in said for said in page.complaints)
    ours = f"http://127.0.0.1:{sidecar.port}/"
    assert [a for a in page.requests if not a.startswith((ours, "blob:", "data:", "about:"))] == []


async def test_the_poster_is_a_picture(sidecar: Sidecar, put: Put) -> None:
    for name in ("hdr.mkv", "mpeg4-ac3.avi"):
        film = await put(name)
        answer = await sidecar.http.get(f"/api/media/{film.id}/poster.jpg")
        body = await answer.read()
        assert (answer.status, answer.content_type) == (200, "image/jpeg")
        assert body.startswith(b"\xff\xd8\xff")
        assert len(body) > 4000


async def test_many_who_want_one_poster_have_it_drawn_once_and_wait_for_no_subtitles(
    sidecar: Sidecar, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = await put("mpeg4-ac3.avi")
    drawn = []
    draw = playing.collected

    async def watched(words: Sequence[str], **how: Any) -> bytes:
        drawn.append(words)
        return await draw(words, **how)

    monkeypatch.setattr(playing, "collected", watched)
    readings = sidecar.app[THEATRE].readings
    while not readings.locked():
        await readings.acquire()
    answers = await asyncio.gather(*(sidecar.http.get(f"/api/media/{film.id}/poster.jpg") for _ in range(8)))
    assert [answer.status for answer in answers] == [200] * 8
    assert len(drawn) <= 2, "two at once, and all the others have theirs"


async def test_two_copies_play_in_step(sidecar: Sidecar, put: Put, page: Page) -> None:
    a, b = await put("h264.mp4"), await put("mpeg4-ac3.avi")
    await page.go(f"http://127.0.0.1:{sidecar.port}/compare/{a.id}/{b.id}")
    both = "[...document.querySelectorAll('video')]"
    await page.until(f"{both}.every((v) => v.readyState >= 3 && !v.seeking)")
    await page.press("5")
    await page.press(" ")
    await in_step(page)
    # However one of them came to lag or to lead: a little, or much …
    for apart in (-0.25, 1):
        moved = f"{both}[1].currentTime = {both}[0].currentTime + {apart}"
        await page.run(f"new Promise((seen) => ({both}[1].addEventListener('seeking', seen), {moved}))")
        await in_step(page)
    # … after a jump while they play …
    await page.press("2")
    await page.until(f"{both}.every((v) => !v.seeking && v.currentTime < {SECONDS / 2})")
    await in_step(page)
    # … at another pace, which is that of both …
    await page.press(">")
    assert await page.run("document.querySelector('video').playbackRate") == 1.5
    await in_step(page)
    # … and to the picture where they stand still.
    await page.press(" ")
    await page.until(f"{both}.every((v) => v.paused && !v.seeking) && Math.abs(comparison.drift) < 0.03")
    await page.press("+")
    await page.until(
        "Math.abs(document.querySelectorAll('video')[1].currentTime"
        " - document.querySelectorAll('video')[0].currentTime - 0.042) < 0.025"
    )
    assert page.complaints == []


async def in_step(page: Page) -> None:
    """Wait for a second of film in which they are apart by no more than a tenth of a viewer's at any picture.

    A machine that is busy with other things may hold up one of them, for which no page can do
    anything but make it good: then the second begins anew. Where nothing makes it good, it never ends.
    """
    await page.run(_IN_STEP)


_IN_STEP = """new Promise((resolve, reject) => {
    const [a, b] = document.querySelectorAll('video'), drifts = [];
    const key = (name) => document.body.dispatchEvent(
        new KeyboardEvent('keydown', { key: name, bubbles: true }));
    const limit = setTimeout(() => reject(new Error(`never in step: ${drifts.slice(-50)}`)), 25000);
    let since = null, ended = false;
    const look = () => {
        if (ended) return;
        if (a.currentTime > comparison.players[0].duration - 3) {  // before the film is over
            since = null; key('2'); if (!comparison.playing) key(' ');
        }
        const well = !a.paused && !b.paused && Math.abs(comparison.drift) < 0.1 * a.playbackRate;
        drifts.push(comparison.drift.toFixed(3));
        since = well ? since ?? a.currentTime : null;
        if (well && a.currentTime - since >= 1) { ended = true; clearTimeout(limit); resolve(); }
        else b.requestVideoFrameCallback(look);
    };
    look(); })"""


@pytest.mark.parametrize("means", ["pace", "jump"])
async def test_the_pace_and_the_jump_keep_step_each_by_itself(
    sidecar: Sidecar, put: Put, page: Page, means: str
) -> None:
    """Each would make good for the other if it were missing: here the page has but one of them."""
    a, b = await put("h264.mp4"), await put("h264.mp4", called="again.mp4")
    await page.go(f"http://127.0.0.1:{sidecar.port}/compare/{a.id}/{b.id}")
    await page.until("[...document.querySelectorAll('video')].every((v) => v.readyState >= 3 && !v.seeking)")
    await page.press("2")
    await page.press(" ")
    await in_step(page)
    await page.run(f"({_ALONE})('{means}')")
    assert page.complaints == []


_ALONE = """(means) => new Promise((resolve, reject) => {
    const [a, b] = document.querySelectorAll('video'), drifts = [];
    const key = (name) => document.body.dispatchEvent(
        new KeyboardEvent('keydown', { key: name, bubbles: true }));
    const [time, pace] = ['currentTime', 'playbackRate'].map(
        (name) => Object.getOwnPropertyDescriptor(HTMLMediaElement.prototype, name));
    let jumps = 0, both = false, held, slow, since;
    Object.defineProperty(a, 'currentTime', { get: () => time.get.call(a),
        set(to) { both = true; time.set.call(a, to); } });
    Object.defineProperty(b, 'currentTime', { get: () => time.get.call(b),
        set(to) { both ? both = false : jumps += 1; time.set.call(b, to); } });  // of both is no jump of B
    Object.defineProperty(b, 'playbackRate', { get: () => pace.get.call(b),
        set(to) { if (!held) pace.set.call(b, to); } });
    const behind = () => { held = slow = true; since = null; jumps = 0;
        pace.set.call(b, means === 'pace' ? 0.8 : 0.5); };
    const looking = setInterval(() => {
        const drift = comparison.drift;
        drifts.push(`${drift.toFixed(2)}×${b.playbackRate}${jumps ? ` ${jumps} jumps` : ''}`);
        if (a.currentTime > comparison.players[0].duration - 3) {  // before the film is over
            key('2'); if (!comparison.playing) key(' ');
            return behind();
        }
        if (means === 'pace') {
            if (jumps) return behind();  // a busy machine held B up for longer than a pace can make good
            if (slow && drift > -0.2) return;
            if (slow) held = slow = false;
        } else {
            if (slow && (!jumps || Math.abs(drift) > 0.35)) return;
            if (slow) { slow = false; pace.set.call(b, 1); }
        }
        const well = !a.paused && !b.paused && Math.abs(drift) < (means === 'pace' ? 0.1 : 0.35);
        since = well ? since ?? a.currentTime : null;
        if (well && a.currentTime - since >= 1) { clearTimeout(limit); clearInterval(looking); resolve(); }
    }, 50);
    const limit = setTimeout(() => {
        clearInterval(looking); reject(new Error(`never in step: ${drifts.slice(-60)}`)); }, 28000);
    behind(); })"""
"""B is slowed down by a pace that the page cannot undo, then given back to it without the other means."""


async def test_the_seam_moves_and_the_sides_part(sidecar: Sidecar, put: Put, page: Page) -> None:
    a, b = await put("h264.mp4"), await put("h264-ac3.mkv")
    await page.go(f"http://127.0.0.1:{sidecar.port}/compare/{a.id}/{b.id}")
    await page.until("comparison.seam === 50")
    await page.press("]")
    assert await page.run("comparison.seam") == 55
    clip = "getComputedStyle(document.querySelector('.side.b')).clipPath"
    assert "55%" in await page.run(clip)
    await page.press("v")
    assert await page.run(clip) == "none"
    text = await page.run("document.body.innerText")
    assert "▲" in text
    assert "▼" in text


async def test_compare_asks_for_both(sidecar: Sidecar, put: Put, links: PreviewLinks, account: None) -> None:
    a, b = await put("h264.mp4"), await put("hevc.mkv")
    one, two = await links.make(a.id, who="ripley"), await links.make(b.id, who="ripley")
    address = f"/compare/{a.id}/{b.id}"
    assert (await sidecar.http.get(f"{address}?t={one.token}")).status == 401
    assert (await sidecar.http.get(f"{address}?t={one.token}&t={two.token}")).status == 200
