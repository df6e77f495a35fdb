"""The watch page in a real Chromium: a film plays, from its middle too, whatever it is made of."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from mediavault_tui.domain.model import MediaFile
from mediavault_tui.probe.ffprobe import Prober
from mediavault_tui.services.preview import PreviewLinks
from streamer.watch import THEATRE
from tests.conftest import lacking
from tests.db.shelf import Shelf
from tests.streamer import films
from tests.streamer.browser import Chromium, Page, chromium
from tests.streamer.conftest import NAME, PASSWORD, Sidecar, until
from tests.streamer.films import SECONDS

pytestmark = pytest.mark.needs("chromium")
HOSTILE = "x' onerror='alert(1)' \"<script>alert(2)</script>&amp;.mp4"


@pytest.fixture(scope="session")
def reel(ffmpeg: str, session_folder: Path) -> Path:
    return films.make(ffmpeg, session_folder / "reel")


@pytest.fixture
async def put(shelf: Shelf, reel: Path, ffprobe: str, ffmpeg: str) -> Callable[..., Awaitable[MediaFile]]:
    prober = Prober(ffprobe=ffprobe, ffmpeg=ffmpeg, workers=1)

    async def one(name: str, *, called: str | None = None) -> MediaFile:
        return await films.film(shelf, reel, name, prober, called=called)

    return one


Put = Callable[..., Awaitable[MediaFile]]


@pytest.fixture
async def page(tmp_path: Path) -> AsyncIterator[Page]:
    async with chromium(tmp_path / "profile") as browser, browser.page() as page:
        yield page


async def plays_from(page: Page, second: float, *, video: str = "document.querySelector('video')") -> None:
    """Assert that the picture moves on after a jump to `second`."""
    await page.until(f"{video}.readyState >= 1")
    await page.run(f"{video}.play().catch(() => 0)")
    await page.run(f"void ({video}.currentTime = {second})")
    await page.until(f"!{video}.seeking && {video}.currentTime >= {second + 0.7} && {video}.currentTime < {second + 9}")
    shown = await page.run(f"{video}.getVideoPlaybackQuality().totalVideoFrames")
    assert shown > 5


@pytest.mark.parametrize(
    ("name", "way"),
    [
        ("h264.mp4", "direct"),
        ("h264-ac3.mkv", "sound"),
        ("hevc.mkv", "picture"),
        ("hdr.mkv", "picture"),
        ("mpeg4-ac3.avi", "picture"),
        ("mpeg2.ts", "picture"),
    ],
)
async def test_it_plays_after_a_jump(sidecar: Sidecar, put: Put, page: Page, name: str, way: str) -> None:
    film = await put(name)
    await page.go(f"http://127.0.0.1:{sidecar.port}/watch/{film.id}")
    await plays_from(page, SECONDS / 2)
    assert await page.run("player.way") == way
    await plays_from(page, 3)
    await plays_from(page, SECONDS - 6)
    assert abs(await page.run("document.querySelector('video').duration") - SECONDS) < 0.5
    assert page.complaints == []
    await page.go("about:blank?")
    await until(lambda: len(sidecar.app[THEATRE].conversions) == 0)
