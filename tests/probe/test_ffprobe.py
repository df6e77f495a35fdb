"""Real files are described as they were made, and a bad one never holds the prober."""

from __future__ import annotations

import asyncio
import os
import stat
import threading
from pathlib import Path

import pytest

from mediavault_tui.domain.model import Hdr
from mediavault_tui.errors import ProbeCrashed, ProbeError, ProbeTimeout, SourceDenied, SourceMissing
from mediavault_tui.probe.ffprobe import Prober
from mediavault_tui.services.demo.library import FILMS, Film
from mediavault_tui.services.demo.make import DemoLibrary
from tests.probe.boxes import with_dolby_vision
from tests.probe.conftest import Clip
from tests.probe.test_process import descriptors

CONTAINERS = {
    ".mkv": "matroska",
    ".mp4": "mp4",
    ".m4v": "mp4",
    ".webm": "webm",
    ".avi": "avi",
    ".ts": "mpegts",
}


def raw(path: Path) -> bytes:
    return os.fsencode(path)


def size(path: Path) -> int:
    return path.stat().st_size


def children() -> list[str]:
    """Return the ids of this thread's children, zombies included, where the kernel tells (Linux)."""
    listing = Path(f"/proc/self/task/{threading.get_native_id()}/children")
    return listing.read_text().split() if listing.exists() else []


@pytest.mark.parametrize("film", FILMS, ids=lambda film: Path(film.path).name)
async def test_every_demo_film_is_described_as_its_table_says(
    film: Film, demo_library: DemoLibrary, prober: Prober
) -> None:
    path = demo_library.folder / film.path
    info = await prober.probe(raw(path), size=size(path))
    assert info.video is not None
    picture = film.picture
    assert info.container == CONTAINERS[path.suffix]
    if not (film.truncated and path.suffix in (".avi", ".ts")):
        assert info.duration == pytest.approx(film.seconds, abs=0.1)
    assert info.bit_rate == pytest.approx(size(path) * 8 / info.duration, rel=0.7)
    assert (info.video.codec, info.video.width, info.video.height) == (
        picture.codec,
        picture.width,
        picture.height,
    )
    assert info.video.frame_rate == pytest.approx(24, abs=0.05)
    assert info.video.bit_depth == picture.bit_depth
    assert info.video.hdr == ((picture.hdr,) if picture.hdr else ())
    assert [(t.codec, t.channels, t.language, t.title, t.commentary) for t in info.audio] == [
        (s.codec, s.channels, s.language, s.title, s.commentary) for s in film.sounds
    ]
    if path.suffix in (".mkv", ".mp4", ".m4v", ".webm"):
        assert [t.default for t in info.audio] == [n == 0 for n in range(len(film.sounds))]
    assert [(t.codec, t.language, t.forced, t.hearing_impaired) for t in info.subtitles] == [
        (t.codec, t.language, t.forced, t.hearing_impaired) for t in film.texts
    ]
    assert info.chapters == film.chapters


@pytest.mark.parametrize(
    "name",
    [
        b"-v.mp4",
        b"http: colon.mp4",
        b"%d percent.mp4",
        b"[x265] [bold].mp4",
        b"new\nline \x1b[31m.mp4",
        "\u202egnp.mp4".encode(),
        b"broken \xff\xfe utf-8.mp4",
        b"'quote\" $(x) | y.mp4",
    ],
)
async def test_any_name_is_only_a_name(name: bytes, clip: Clip, prober: Prober, tmp_path: Path) -> None:
    made = clip("plain.mp4", seconds=1)
    path = raw(tmp_path) + b"/" + name
    try:
        os.rename(made, path)
    except OSError:
        pytest.skip("this file system takes UTF-8 only")
    info = await prober.probe(path, size=os.stat(path).st_size)
    assert info.video is not None
    assert info.video.width == 320


async def test_dolby_vision_is_found_in_a_real_file(clip: Clip, prober: Prober) -> None:
    path = clip(
        "dv.mp4",
        *["-vf", "setparams=color_primaries=bt2020:color_trc=smpte2084:colorspace=bt2020nc"],
        *["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none", "-tag:v", "hvc1"],
        seconds=1,
    )
    path.write_bytes(with_dolby_vision(path.read_bytes(), profile=8, level=6, compatibility=1))
    info = await prober.probe(raw(path), size=size(path))
    assert info.video is not None
    assert info.video.hdr == (Hdr.HDR10, Hdr.DOLBY_VISION)
    assert info.video.dolby_vision_profile == 8


async def test_a_file_that_never_answers_is_given_up_and_nothing_is_left(
    ffprobe: str, ffmpeg: str, tmp_path: Path
) -> None:
    """A FIFO that nobody writes to blocks ffprobe's open() for ever."""
    fifo = tmp_path / "hangs.mkv"
    os.mkfifo(fifo)
    prober = Prober(ffprobe=ffprobe, ffmpeg=ffmpeg, workers=2, deadline=lambda _: 0.3)
    before = descriptors()
    for _ in range(2):
        with pytest.raises(ProbeTimeout, match=r"hangs\.mkv gives no answer within 0\.3 seconds"):
            await prober.probe(raw(fifo), size=0)
    assert descriptors() == before
    with pytest.raises(OSError, match="No such device or address"):
        # A reader left behind would let a writer in.
        os.open(fifo, os.O_WRONLY | os.O_NONBLOCK)


async def test_a_cancelled_scan_leaves_no_ffprobe_behind(prober: Prober, tmp_path: Path) -> None:
    fifo = tmp_path / "hangs.mkv"
    os.mkfifo(fifo)
    task = asyncio.create_task(prober.probe(raw(fifo), size=0))
    writer = None
    while writer is None:  # opening succeeds as soon as ffprobe stands at the other end
        try:
            writer = os.open(fifo, os.O_WRONLY | os.O_NONBLOCK)
        except OSError:
            await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    with pytest.raises(BrokenPipeError):
        os.write(writer, b"is anybody there?")
    os.close(writer)


async def test_no_more_processes_than_workers(ffmpeg: str, tmp_path: Path) -> None:
    """A stand-in that notes how many of it run at once: the bound is ours, not ffprobe's."""
    counting = tmp_path / "ffprobe"
    counting.write_text(
        "#!/bin/sh\n"
        f'mkdir "{tmp_path}/in-$$"; ls -d "{tmp_path}"/in-* | wc -l >> "{tmp_path}/seen"\n'
        f'sleep 0.02; rmdir "{tmp_path}/in-$$"; echo "{{}}"\n'
    )
    counting.chmod(stat.S_IRWXU)
    prober = Prober(ffprobe=str(counting), ffmpeg=ffmpeg, workers=2)
    await asyncio.gather(*(prober.ask(b"/x", size=0) for _ in range(8)))
    seen = [int(line) for line in (tmp_path / "seen").read_text().split()]
    assert len(seen) == 8
    assert max(seen) <= 2


async def test_a_crash_of_ffprobe_is_told_apart(ffmpeg: str, tmp_path: Path) -> None:
    crashing = tmp_path / "ffprobe"
    crashing.write_text("#!/bin/sh\nkill -SEGV $$\n")
    crashing.chmod(stat.S_IRWXU)
    prober = Prober(ffprobe=str(crashing), ffmpeg=ffmpeg, workers=1)
    with pytest.raises(ProbeCrashed, match=r"a\.mkv makes ffprobe crash \(SIGSEGV\)"):
        await prober.probe(b"/x/a.mkv", size=0)


@pytest.mark.parametrize(
    "content",
    [b"", b"export const a = 1;\n" * 100, os.urandom(4096), b"\x1a\x45\xdf\xa3" + bytes(4096)],
    ids=["empty", "text", "noise", "an EBML head and nothing"],
)
@pytest.mark.parametrize("suffix", [".mkv", ".mp4", ".avi", ".ts"])
async def test_what_is_no_video_is_said_to_be_none(
    content: bytes, suffix: str, prober: Prober, tmp_path: Path
) -> None:
    path = tmp_path / f"not{suffix}"
    path.write_bytes(content)
    with pytest.raises(ProbeError) as caught:
        await prober.probe(raw(path), size=len(content))
    assert type(caught.value) is ProbeError
    assert str(path) in str(caught.value)
    assert "0x" not in str(caught.value)
    assert "\n" not in str(caught.value)


async def test_an_mp4_without_its_index_says_so(clip: Clip, prober: Prober) -> None:
    path = clip("a.mp4")
    os.truncate(path, size(path) * 6 // 10)
    with pytest.raises(ProbeError, match="is no readable video: moov atom not found"):
        await prober.probe(raw(path), size=size(path))


async def test_a_file_that_has_gone_or_may_not_be_read_is_not_called_damaged(
    prober: Prober, tmp_path: Path
) -> None:
    with pytest.raises(SourceMissing, match="not there any more"):
        await prober.probe(raw(tmp_path / "gone.mkv"), size=0)
    denied = tmp_path / "denied.mkv"
    denied.write_bytes(b"x")
    denied.chmod(0)
    if os.access(denied, os.R_OK):
        pytest.skip("root may read everything")
    with pytest.raises(SourceDenied, match="may not be read"):
        await prober.probe(raw(denied), size=1)


async def test_fifty_probes_leave_no_descriptor_and_no_child(clip: Clip, prober: Prober) -> None:
    path = clip("a.mkv", seconds=1)
    await prober.probe(raw(path), size=1)
    before, others = descriptors(), set(children())
    await asyncio.gather(*(prober.probe(raw(path), size=1) for _ in range(50)))
    assert descriptors() <= before  # what an earlier test left may go meanwhile
    assert set(children()) <= others
