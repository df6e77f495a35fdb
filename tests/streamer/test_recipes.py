"""What ffmpeg is told to do, run for real: HDR becomes the SDR that it was made of, in films and posters."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path

import pytest

from mediavault_tui.domain.model import Hdr, VideoTrack
from mediavault_tui.domain.picture import Curve
from mediavault_tui.domain.playback import widths
from mediavault_tui.probe.tone import Tables
from streamer.recipes import Conversion, Toning, abilities, arguments, still
from tests.probe import patches

WIDTH = patches.SIDE * len(patches.COLOURS)
BRIGHT = 203.0


@pytest.fixture(scope="module", params=["pq", "hlg"])
def curve(request: pytest.FixtureRequest) -> Curve:
    chosen: Curve = request.param
    return chosen


@pytest.fixture(scope="module")
def film(curve: Curve, ffmpeg: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return patches.make(ffmpeg, tmp_path_factory.mktemp("hdr") / f"{curve}.mkv", curve, extra=(BRIGHT,))


def colours(ffmpeg: str, made: bytes, folder: Path, name: str) -> list[tuple[int, ...]]:
    """Return what a player shows of a film or a picture."""
    (folder / name).write_bytes(made)
    words = [ffmpeg, "-v", "error", "-i", str(folder / name), "-frames:v", "1"]
    words += ["-pix_fmt", "rgb24", "-f", "rawvideo", "pipe:1"]
    return patches.colours(
        subprocess.run(words, capture_output=True, check=True).stdout, WIDTH + patches.SIDE
    )


@pytest.mark.parametrize("by", ["table", "scale"])
def test_a_converted_film_shows_the_colours_that_the_master_had(
    by: str, curve: Curve, film: Path, ffmpeg: str, tmp_path: Path
) -> None:
    able = asyncio.run(abilities(ffmpeg))
    if by not in able.tones:
        pytest.skip(f"this ffmpeg has no way to tone down by {by}")
    table = Tables(tmp_path / "tone").path(curve)
    toning = Toning("table", table or "") if by == "table" else Toning("scale")
    wanted = Conversion(0.0, "h264", None, curve=curve)
    made = subprocess.run(arguments(ffmpeg, f"file:{film}", wanted, toning), capture_output=True, check=True)
    seen = colours(ffmpeg, made.stdout, tmp_path, "a.mp4")
    # ffmpeg's own filters are the second opinion: another curve, yet the same colours below its knee.
    for shown, meant in zip(seen, patches.COLOURS, strict=False):
        assert shown == pytest.approx(meant, abs=5), (seen, patches.COLOURS)
    assert 222 < min(seen[-1]) <= max(seen[-1]) <= 255


def test_a_poster_shows_them_too(curve: Curve, film: Path, ffmpeg: str, tmp_path: Path) -> None:
    table = Tables(tmp_path / "tone").path(curve)
    assert table is not None
    words = still(ffmpeg, f"file:{film}", at=1.0, toning=Toning("table", table))
    made = subprocess.run(words, capture_output=True, check=True).stdout
    seen = colours(ffmpeg, made, tmp_path, "a.jpg")
    for shown, meant in zip(seen, patches.COLOURS, strict=False):
        assert shown == pytest.approx(meant, abs=8), (seen, patches.COLOURS)


def test_where_no_file_can_be_kept_there_is_no_table(tmp_path: Path) -> None:
    (tmp_path / "tone").write_text("in the way")
    assert Tables(tmp_path / "tone").path("pq") is None


@pytest.mark.parametrize(
    ("width", "hdr", "cores", "first"),
    [(3840, (), 2, 1920), (3840, (Hdr.HDR10,), 2, 1280), (1920, (Hdr.HLG,), 8, 1920), (640, (), 2, 1920)],
)
def test_a_small_machine_begins_hdr_with_a_smaller_picture(
    width: int, hdr: tuple[Hdr, ...], cores: int, first: int
) -> None:
    offered = widths(VideoTrack("hevc", width, width * 9 // 16, hdr=hdr), cores=cores)
    assert offered[0] == first
    assert list(offered) == sorted(offered, reverse=True)
    assert all(smaller < width for smaller in offered[1:])
