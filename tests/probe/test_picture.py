"""Frames of real files, by PyAV and by ffmpeg; what gives none says so and hangs nothing."""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from mediavault_tui.domain.picture import Curve, Picture
from mediavault_tui.errors import ProbeCrashed, ProbeError, ProbeTimeout, SourceMissing, ToolMissing
from mediavault_tui.probe.picture import Painter, _NoDecoder
from mediavault_tui.probe.process import Finished
from mediavault_tui.probe.tone import Tables
from mediavault_tui.services.demo.library import FILMS
from mediavault_tui.services.demo.make import DemoLibrary
from mediavault_tui.services.kept import Kept
from mediavault_tui.services.pictures import Pictures, packed, unpacked
from tests.factories import a_file
from tests.probe import patches
from tests.probe.conftest import Clip

COLOURS = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "240", "-an"]


class WithoutPyAV(Painter):
    """As on a machine where PyAV is not installed."""

    async def _by_pyav(self, path: bytes, at: float, wanted: str, table: str | None) -> Finished:
        raise _NoDecoder


@pytest.fixture(scope="session")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    """Tables in a folder whose name ffmpeg's filters would take for something else."""
    return Tables(tmp_path_factory.mktemp("tables") / "it's [a,b]; c:d \\ e")


@pytest.fixture
def painter(ffmpeg: str, tables: Tables) -> Painter:
    return Painter(ffmpeg=ffmpeg, tables=tables)


def mean(picture: Picture) -> tuple[float, ...]:
    return tuple(sum(picture.rgb[c::3]) / (picture.width * picture.height) for c in range(3))


def special(library: DemoLibrary, word: str) -> bytes:
    film = next(f for f in FILMS if word in f.path and not f.truncated)
    return os.fsencode(library.folder / film.path)


@pytest.mark.parametrize("kind", [Painter, WithoutPyAV], ids=["pyav", "ffmpeg"])
async def test_the_frame_is_the_one_of_that_second(
    kind: type[Painter], clip: Clip, ffmpeg: str, tables: Tables
) -> None:
    # One key frame in ten seconds: a seek alone would show the beginning.
    grey = clip("a.mkv", "-vf", "geq=lum='20*T':cb=128:cr=128", *COLOURS, seconds=9)
    painter = kind(ffmpeg=ffmpeg, tables=tables)
    for second in (2.0, 8.0):
        picture = await painter.frame(os.fsencode(grey), at=second, width=64, height=64)
        assert (picture.width, picture.height) == (64, 36)
        assert mean(picture)[0] == pytest.approx((20 * second - 16) * 255 / 219, abs=4)


async def test_av1_becomes_a_picture(demo_library: DemoLibrary, painter: Painter) -> None:
    picture = await painter.frame(special(demo_library, "[AV1] [HDR10]"), at=1.0, width=40, height=40)
    assert picture.width == 40
    assert len(set(picture.rgb)) > 20


@pytest.mark.parametrize("kind", [Painter, WithoutPyAV], ids=["pyav", "ffmpeg"])
@pytest.mark.parametrize("curve", ["pq", "hlg"])
async def test_hdr_comes_back_as_the_sdr_that_it_was_made_of(
    kind: type[Painter], curve: Curve, ffmpeg: str, tables: Tables, tmp_path: Path
) -> None:
    film = await asyncio.to_thread(patches.make, ffmpeg, tmp_path / "a [x],y.mkv", curve)
    width = patches.SIDE * len(patches.COLOURS)
    painter = kind(ffmpeg=ffmpeg, tables=tables)
    picture = await painter.frame(os.fsencode(film), at=1, width=width, height=99, curve=curve)
    seen = patches.colours(picture.rgb, width)
    assert list(zip(*seen, strict=True)) == [
        pytest.approx(c, abs=4) for c in zip(*patches.COLOURS, strict=True)
    ]
    # Looked at as if it were SDR the same film is flat: this is what toning down is for.
    flat = await painter.frame(os.fsencode(film), at=1, width=width, height=99)
    red, green, _ = patches.colours(flat.rgb, width)[4]
    assert red - green < 80 < seen[4][0] - seen[4][1]


async def test_beyond_its_end_a_file_has_no_picture(clip: Clip, painter: Painter) -> None:
    short = os.fsencode(clip("a.mkv", *COLOURS, seconds=2))
    with pytest.raises(ProbeError, match=r"^No picture: it ends before that minute"):
        await painter.frame(short, at=30, width=32, height=32)


async def test_sound_alone_and_rubbish_give_one_sentence(
    clip: Clip, painter: Painter, tmp_path: Path
) -> None:
    sound = os.fsencode(clip("a.mka", "-vn", "-c:a", "aac"))
    with pytest.raises(ProbeError, match=r"^No picture: it holds no picture"):
        await painter.frame(sound, at=1, width=32, height=32)
    rubbish = tmp_path / "a.mkv"
    rubbish.write_bytes(b"no film " * 1000)
    with pytest.raises(ProbeError, match=r"^No picture: [^\n]+$"):
        await painter.frame(os.fsencode(rubbish), at=1, width=32, height=32)


async def test_a_decoder_that_hangs_is_killed_at_the_deadline(
    tmp_path: Path, ffmpeg: str, tables: Tables
) -> None:
    fifo = tmp_path / "a.mkv"
    os.mkfifo(fifo)  # opening it waits for a writer, for ever
    with pytest.raises(ProbeTimeout, match=r"within 0\.5 seconds"):
        await Painter(ffmpeg=ffmpeg, tables=tables, seconds=0.5).frame(
            os.fsencode(fifo), at=1, width=8, height=8
        )


async def test_a_decoder_that_dies_is_told(
    clip: Clip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tables: Tables
) -> None:
    dying = tmp_path / "python"
    dying.write_text("#!/bin/sh\nkill -SEGV $$\n", "utf-8")
    dying.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(dying))
    with pytest.raises(ProbeCrashed, match="SIGSEGV"):
        await Painter(ffmpeg=None, tables=tables).frame(b"/films/a.mkv", at=1, width=8, height=8)


async def test_without_any_decoder_one_sentence_says_what_to_do(clip: Clip, tables: Tables) -> None:
    film = os.fsencode(clip("a.mkv", *COLOURS))
    with pytest.raises(ToolMissing, match=r"^No frames without a decoder: MEDIAVAULT_FFMPEG names"):
        await WithoutPyAV(ffmpeg="/no/such/ffmpeg", tables=tables).frame(film, at=1, width=8, height=8)


async def test_a_second_look_is_free_until_the_file_changes(
    clip: Clip, ffmpeg: str, tmp_path: Path, tables: Tables
) -> None:
    class Counting(Painter):
        made = 0

        async def frame(self, *args: object, **kwargs: object) -> Picture:
            self.made += 1
            return await super().frame(*args, **kwargs)  # type: ignore[arg-type]

    path = clip("a [x] \udcff.mkv" if sys.platform == "linux" else "a.mkv", *COLOURS)
    file = replace(a_file("/films/a.mkv"), raw_path=os.fsencode(path))
    painter = Counting(ffmpeg=ffmpeg, tables=tables)
    pictures = Pictures(painter, tmp_path / "frames")
    first = await pictures.frame(file, at=1, width=16, height=16)
    assert await pictures.frame(file, at=1, width=16, height=16) == first
    assert painter.made == 1
    os.utime(path, ns=(1, 1))
    await pictures.frame(file, at=1, width=16, height=16)
    assert painter.made == 2
    path.unlink()
    with pytest.raises(SourceMissing, match=r"^No picture: the file cannot be read"):
        await pictures.frame(file, at=1, width=16, height=16)


def test_the_oldest_pictures_go_first_and_a_damaged_one_is_none(tmp_path: Path) -> None:
    kept = Kept(tmp_path, most=3 * 70)
    picture = Picture(4, 4, os.urandom(48))
    for place, key in enumerate(("a", "b", "c")):
        kept.put(key, packed(picture))
        os.utime(tmp_path / key, ns=(place, place))
    assert unpacked(kept.get("a") or b"") == picture  # a look makes it the youngest
    kept.put("d", packed(picture))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "c", "d"]
    assert kept.get("b") is None
    assert unpacked(b"4 4\nrubbish") is None
