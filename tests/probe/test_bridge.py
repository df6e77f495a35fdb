"""A share's film for ffprobe: few bytes, right bytes, one path that nobody guesses, and no false verdict."""

from __future__ import annotations

import asyncio
import os
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from mediavault_tui.domain.model import FileStamp, Health, HealthReport
from mediavault_tui.errors import ProbeError, SourceOffline
from mediavault_tui.probe.bridge import Bridge
from mediavault_tui.probe.endings import ending
from mediavault_tui.probe.ffprobe import Prober
from mediavault_tui.probe.health import check
from mediavault_tui.sources.base import RangedReader
from mediavault_tui.sources.local.source import LocalReader, LocalSource

MB = 1_000_000


class Far(LocalSource):
    """This machine's files as if they were a share's."""

    name = "nas:1"


@contextmanager
def served(path: Path, source: LocalSource | None = None) -> Iterator[Bridge]:
    with (source or Far()).open(bytes(path)) as reader, Bridge(reader) as bridge:
        yield bridge


def get(address: str, **headers: str) -> tuple[int, bytes, dict[str, str]]:
    with urllib.request.urlopen(urllib.request.Request(address, headers=headers), timeout=10) as answer:
        return answer.status, answer.read(), dict(answer.headers)


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "film.bin"
    path.write_bytes(bytes(range(256)) * 4000)
    return path


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [
        ("bytes=0-", 0, None),
        ("bytes=1000-1999", 1000, 2000),
        ("bytes=1023999-", 1023999, None),
        ("bytes=5-99999999", 5, None),
    ],
)
def test_a_range_is_answered_with_its_bytes(film: Path, asked: str, start: int, stop: int | None) -> None:
    with served(film) as bridge:
        address = bridge.address
        status, body, headers = get(address, Range=asked)
    whole = film.read_bytes()
    assert (status, body) == (206, whole[start:stop])
    assert headers["Content-Range"] == f"bytes {start}-{(stop or len(whole)) - 1}/{len(whole)}"


def test_without_a_range_all_of_it_comes_and_beyond_the_end_nothing(film: Path) -> None:
    with served(film) as bridge:
        address = bridge.address
        assert get(address)[:2] == (200, film.read_bytes())
        with pytest.raises(urllib.error.HTTPError, match="416"):
            get(address, Range="bytes=1024000-")


def test_nobody_without_the_path_gets_a_byte_and_afterwards_nobody_at_all(film: Path) -> None:
    with served(film) as bridge:
        address = bridge.address
        assert address.startswith("http://127.0.0.1:")
        for other in (address[:-10], address.rpartition("/")[0], address.replace("/file", "/../etc/passwd")):
            with pytest.raises(urllib.error.HTTPError, match="404"):
                get(other)
    with pytest.raises(urllib.error.URLError):
        get(address)


@pytest.mark.parametrize("suffix", ["mkv", "mp4"])
async def test_a_probe_of_a_twenty_gigabyte_film_reads_a_few_hundred_kilobytes(
    tmp_path: Path, ffmpeg: str, ffprobe: str, suffix: str
) -> None:
    """A real film whose size is stretched by a hole: an attachment-sized void that no probe may cross."""
    path = tmp_path / f"film.{suffix}"
    made = [
        ffmpeg,
        "-v",
        "error",
        "-f",
        "lavfi",
        "-i",
        "testsrc2=s=640x360:r=24:d=20",
        "-f",
        "lavfi",
        "-i",
        "sine=d=20",
    ]
    made += ["-c:v", "libx264", "-b:v", "2M", "-c:a", "aac", str(path)]
    await asyncio.to_thread(subprocess.run, made, check=True)
    size = 20_000 * MB
    stretch(path, size, suffix)
    prober = Prober(ffprobe=ffprobe, ffmpeg=ffmpeg, workers=1)
    with Far().open(bytes(path)) as reader, Bridge(reader) as bridge:
        info = await prober.at(bridge.address).probe(bytes(path), size=size)
        assert bridge.error is None
        read = bridge.bytes_read
    assert info.video is not None
    assert (info.video.width, info.video.height, round(info.duration)) == (640, 360, 20)
    assert read < 2 * MB, read


@pytest.mark.parametrize("suffix", ["mkv", "mp4"])
async def test_the_health_check_of_a_film_far_away_reads_a_few_seconds_of_it(
    tmp_path: Path, ffmpeg: str, ffprobe: str, suffix: str
) -> None:
    piece, path = tmp_path / "piece.mkv", tmp_path / f"film.{suffix}"
    quiet = [ffmpeg, "-v", "error"]
    sources = [
        "-f",
        "lavfi",
        "-i",
        "nullsrc=s=480x270:r=24,geq=random(1)*255:128:128",
        "-f",
        "lavfi",
        "-i",
        "sine",
    ]
    codecs = ["-c:v", "libx264", "-preset", "ultrafast", "-qp", "26", "-g", "24", "-c:a", "aac"]
    for made in (
        [*quiet, *sources, "-t", "2", *codecs, str(piece)],
        [*quiet, "-stream_loop", "29", "-i", str(piece), "-c", "copy", str(path)],
    ):
        await asyncio.to_thread(subprocess.run, made, check=True)
    size = os.stat(path).st_size
    prober = Prober(ffprobe=ffprobe, ffmpeg=ffmpeg, workers=1)
    with Far().open(bytes(path)) as reader, Bridge(reader) as bridge:
        there = prober.at(bridge.address)
        info = await there.probe(bytes(path), size=size)
        whole = lambda _path: ending(bridge.read, size)  # noqa: E731
        report = await check(there, bytes(path), info, size=size, cut=whole, far=True)
        assert (bridge.error, report) == (None, HealthReport(Health.HEALTHY))
        read = bridge.bytes_read
    # Of a minute: its head, a few frames of the middle, the last second. It was a quarter of it once.
    assert read < size / 9, (read, size)


def stretch(path: Path, size: int, suffix: str) -> None:
    """Make a film 20 GB large by a hole: a sparse box at the end (MP4) or a Void (Matroska)."""
    small = path.stat().st_size
    with open(path, "r+b") as file:
        if suffix == "mp4":
            file.seek(small)
            file.write((1).to_bytes(4, "big") + b"free" + (size - small).to_bytes(8, "big"))
        else:
            head = file.read(4096)
            at = head.index(b"\x18\x53\x80\x67") + 4
            file.seek(at)
            file.write((1 << 56 | size - at - 8).to_bytes(8, "big"))
            file.seek(small)
            file.write(b"\xec" + (1 << 56 | size - small - 9).to_bytes(8, "big"))
        file.truncate(size)


class Breaking:
    """A reader whose source goes away in the middle."""

    def __init__(self, reader: LocalReader, after: int) -> None:
        self.path = reader.path
        self._reader = reader
        self._left = after

    def read_into(self, offset: int, buffer: memoryview) -> int:
        self._left -= 1
        if self._left < 0:
            raise SourceOffline("the server is away")
        return self._reader.read_into(offset, buffer)

    def stamp(self) -> FileStamp:
        return self._reader.stamp()


class GoesAway(LocalSource):
    name = "nas:1"

    @contextmanager
    def open(self, path: bytes) -> Iterator[RangedReader]:  # type: ignore[override]
        with super().open(path) as reader:
            yield Breaking(reader, after=1)


async def test_a_server_that_goes_away_is_never_taken_for_a_damaged_film(
    tmp_path: Path, ffmpeg: str, ffprobe: str
) -> None:
    path = tmp_path / "film.mkv"
    made = [
        ffmpeg,
        "-v",
        "error",
        "-f",
        "lavfi",
        "-i",
        "testsrc2=s=1280x720:d=5",
        "-c:v",
        "libx264",
        "-qp",
        "5",
    ]
    await asyncio.to_thread(subprocess.run, [*made, str(path)], check=True)
    prober = Prober(ffprobe=ffprobe, ffmpeg=ffmpeg, workers=1)

    async def ask() -> None:
        with served(path, GoesAway()) as bridge:
            there = prober.at(bridge.address)
            with suppress(ProbeError):  # what ffprobe makes of it is not what it is
                await there.probe(bytes(path), size=path.stat().st_size)
                await there.ask(bytes(path), size=1, show_entries="packet=pts_time")
            bridge.check()

    with pytest.raises(SourceOffline, match="the server is away"):
        await ask()
