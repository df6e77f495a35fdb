"""Cut files are found broken; whole ones are healthy, however odd."""

from __future__ import annotations

import os
import stat
import struct
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediavault_tui.domain.model import Health, HealthReport
from mediavault_tui.errors import ProbeCrashed, ProbeError, ProbeTimeout
from mediavault_tui.probe import health
from mediavault_tui.probe.bridge import Bridge
from mediavault_tui.probe.endings import cut_short, ending
from mediavault_tui.probe.ffprobe import Prober
from mediavault_tui.probe.health import check
from mediavault_tui.services.demo.library import FILMS, Film
from mediavault_tui.services.demo.make import DemoLibrary
from mediavault_tui.sources.local.source import LocalSource
from tests.probe.conftest import Clip

H264 = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "24", "-c:a", "aac"]
MPEG4 = ["-c:v", "mpeg4", "-c:a", "libmp3lame"]
VP9 = ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-c:a", "libopus"]
OPEN_GOP = ["-x265-params", "log-level=none:open-gop=1:keyint=12:bframes=3"]
HEVC = ["-c:v", "libx265", "-preset", "ultrafast", *OPEN_GOP, "-c:a", "ac3"]
MPEG2 = ["-c:v", "mpeg2video", "-bf", "2", "-g", "12", "-c:a", "mp2"]


async def judged(prober: Prober, path: Path) -> HealthReport:
    size = os.stat(path).st_size
    raw = os.fsencode(path)
    return await check(prober, raw, await prober.probe(raw, size=size), size=size)


async def judged_near_and_far(prober: Prober, path: Path) -> HealthReport:
    """Judge a file of this machine, and as if it were a large one of a share: the verdict is the same."""
    near = await judged(prober, path)
    size = os.stat(path).st_size
    raw = os.fsencode(path)
    with LocalSource().open(raw) as reader, Bridge(reader) as bridge:
        there = prober.at(bridge.address)
        info = await there.probe(raw, size=size)
        sizes = lambda _path: ending(bridge.read, size)  # noqa: E731
        far = await check(there, raw, info, size=size, cut=sizes, far=True)
    assert far.health is near.health, (near, far)
    return near


@pytest.fixture(autouse=True)
def every_file_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """What lies far away and is small may be read through; here nothing is small."""
    monkeypatch.setattr(health, "_LITTLE", 0)


@pytest.mark.parametrize("film", FILMS, ids=lambda film: Path(film.path).name)
async def test_the_demo_films_are_healthy_but_the_cut_one(
    film: Film, demo_library: DemoLibrary, prober: Prober
) -> None:
    report = await judged(prober, demo_library.folder / film.path)
    assert report.health is (Health.BROKEN if film.truncated else Health.HEALTHY), report
    if film.truncated:
        assert report.reason.startswith("cut short: it holds ")
    elif report.reason:
        # Only where this ffmpeg cannot decode the picture, and then it says so.
        assert film.picture.codec == "av1"
        assert report.reason == "judged by its packets: this ffmpeg has no decoder for av1"


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("a.mkv", H264),
        ("a.mkv", HEVC),
        ("a.webm", VP9),
        ("a.mp4", [*H264, "-movflags", "+faststart"]),
        ("a.mp4", [*H264, "-movflags", "+frag_keyframe+empty_moov"]),
        ("a.mov", H264),
        ("a.avi", MPEG4),
        ("a.ts", H264),
        ("a.m2ts", H264),
        ("a.flv", H264),
        ("a.wmv", ["-c:v", "msmpeg4", "-c:a", "wmav2"]),
        ("a.mpg", MPEG2),
    ],
    ids=lambda value: value if isinstance(value, str) else value[1],
)
@pytest.mark.parametrize("seconds", [1.0, 3.0, 20.0])
async def test_whole_files_of_every_kind_and_length_are_healthy(
    name: str, arguments: list[str], seconds: float, clip: Clip, prober: Prober
) -> None:
    judge = judged_near_and_far if seconds == 20 else judged
    assert await judge(prober, clip(name, *arguments, seconds=seconds)) == HealthReport(Health.HEALTHY)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("a.mkv", H264),
        ("a.webm", VP9),
        ("a.mp4", [*H264, "-movflags", "+faststart"]),
        ("a.avi", MPEG4),
        ("a.ts", H264),
        ("a.m2ts", H264),
        ("a.flv", H264),
    ],
    ids=lambda value: value if isinstance(value, str) else value[1],
)
@pytest.mark.parametrize("part", [0.3, 0.6, 0.9])
async def test_a_cut_file_is_broken(
    name: str, arguments: list[str], part: float, clip: Clip, prober: Prober
) -> None:
    path = clip(name, *arguments, seconds=20)
    kept = int(os.stat(path).st_size * part) // (188 * 192) * (188 * 192) + 100
    os.truncate(path, kept)
    report = await (judged_near_and_far if part == 0.9 else judged)(prober, path)
    assert report.health is Health.BROKEN
    assert report.reason.startswith("cut short: ")


async def test_an_mp4_cut_before_its_index_cannot_be_described_at_all(clip: Clip, prober: Prober) -> None:
    path = clip("a.mp4", *H264)
    os.truncate(path, os.stat(path).st_size * 9 // 10)
    with pytest.raises(ProbeError):
        await judged(prober, path)


async def test_a_film_that_was_written_live_is_cut_only_by_its_packets(clip: Clip, prober: Prober) -> None:
    """Without a Segment size the length is all there is; here it promises 20 s of 12."""
    path = clip("a.mkv", *H264, seconds=20)
    content = bytearray(path.read_bytes()[: os.stat(path).st_size * 6 // 10])
    at = content.index(b"\x18\x53\x80\x67") + 4
    content[at : at + 8] = b"\x01" + b"\xff" * 7
    path.write_bytes(content)
    report = await judged_near_and_far(prober, path)
    assert report.health is Health.BROKEN
    assert report.reason.startswith("cut short: it ends at 0:1")
    assert report.reason.endswith(" of 0:20")


def written_to_a_pipe(ffmpeg: str) -> bytes:
    """Return twenty seconds of Matroska as a live recording is written, which is never gone back in."""
    sources = ["-f", "lavfi", "-i", "testsrc2=s=320x180:r=24:d=20", "-f", "lavfi", "-i", "sine=d=20:r=48000"]
    command = [ffmpeg, "-v", "error", "-nostdin", *sources, *H264, "-f", "matroska", "pipe:1"]
    return subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE).stdout


async def test_a_live_recording_that_was_broken_off_says_that_its_end_is_unknown(
    ffmpeg: str, tmp_path: Path, prober: Prober
) -> None:
    """Written to a pipe it has neither sizes nor a length: three fifths of it look whole."""
    live = written_to_a_pipe(ffmpeg)
    path = tmp_path / "live.mkv"
    path.write_bytes(live[: len(live) * 6 // 10])
    raw, size = os.fsencode(path), os.stat(path).st_size
    assert (await prober.probe(raw, size=size)).duration == 0
    report = await judged_near_and_far(prober, path)
    assert report == HealthReport(
        Health.HEALTHY, "it does not say how long it runs, so its end may be missing"
    )


@pytest.mark.parametrize(("picture", "sound"), [(20, 12), (30, 1), (20, 26), (3, 1), (1, 3)])
async def test_sound_and_picture_need_not_end_together(
    picture: float, sound: float, clip: Clip, prober: Prober
) -> None:
    path = clip("a.mkv", *H264, picture=picture, sound=sound)
    report = await judged_near_and_far(prober, path)
    if sound < picture / 2 and picture > 4:
        assert report == HealthReport(Health.BROKEN, "cut short: the sound stops at 0:01 of 0:30")
    else:
        assert report == HealthReport(Health.HEALTHY)


async def test_a_picture_that_stops_long_before_the_sound_is_broken(clip: Clip, prober: Prober) -> None:
    path = clip("a.mkv", *H264, picture=5, sound=60)
    assert await judged_near_and_far(prober, path) == HealthReport(
        Health.BROKEN, "cut short: the picture stops at 0:05 of 1:00"
    )


async def test_subtitles_beyond_the_end_do_not_make_a_film_cut(
    clip: Clip, prober: Prober, tmp_path: Path
) -> None:
    words = tmp_path / "late.srt"
    words.write_text("1\n00:00:55,000 --> 00:01:00,000\nThe end\n", "utf-8")
    path = clip("a.mkv", "-i", str(words), "-map", "0", "-map", "1", "-map", "2", *H264, seconds=52)
    assert await judged_near_and_far(prober, path) == HealthReport(Health.HEALTHY)


@pytest.mark.parametrize("arguments", [["-an"], ["-vn"]])
async def test_picture_or_sound_alone_is_healthy(arguments: list[str], clip: Clip, prober: Prober) -> None:
    path = clip("a.mkv", *H264, *arguments, seconds=8)
    assert await judged_near_and_far(prober, path) == HealthReport(Health.HEALTHY)


@pytest.mark.parametrize("rate", ["1/10", "1", "120"])
async def test_slides_and_high_speed_are_healthy(rate: str, clip: Clip, prober: Prober) -> None:
    path = clip("a.mkv", *H264, "-r", rate, seconds=40)
    assert await judged_near_and_far(prober, path) == HealthReport(Health.HEALTHY)


async def test_rubbish_in_the_middle_is_broken(clip: Clip, prober: Prober) -> None:
    path = clip("a.mp4", *H264, "-an", "-movflags", "+faststart", seconds=20)
    content = bytearray(path.read_bytes())
    content[len(content) // 3 : len(content) * 3 // 4] = bytes(len(content) * 3 // 4 - len(content) // 3)
    path.write_bytes(content)
    report = await judged_near_and_far(prober, path)
    assert report.health is Health.BROKEN
    assert "be decoded" in report.reason


async def test_a_missing_decoder_is_never_held_against_a_file(
    clip: Clip, ffprobe: str, ffmpeg: str, tmp_path: Path
) -> None:
    """The real ffmpeg, told to leave h264 out: what a build without that decoder does."""
    without = tmp_path / "ffmpeg"
    without.write_text(f'#!/bin/sh\nexec "{ffmpeg}" -codec_whitelist aac,pcm_s16le,wrapped_avframe "$@"\n')
    without.chmod(stat.S_IRWXU)
    path = clip("a.mkv", *H264, seconds=8)
    prober = Prober(ffprobe=ffprobe, ffmpeg=str(without), workers=1)
    prober.undecodable.add("h264")
    assert await judged(prober, path) == HealthReport(
        Health.HEALTHY, "judged by its packets: this ffmpeg has no decoder for h264"
    )


@pytest.mark.parametrize(
    ("script", "error"), [("kill -SEGV $$", ProbeCrashed), ("exec sleep 60", ProbeTimeout)]
)
async def test_a_decoder_that_crashes_or_hangs_is_for_the_quarantine(
    script: str, error: type[ProbeError], clip: Clip, ffprobe: str, tmp_path: Path
) -> None:
    bad = tmp_path / "ffmpeg"
    bad.write_text(f"#!/bin/sh\n{script}\n")
    bad.chmod(stat.S_IRWXU)
    path = clip("a.mkv", *H264, seconds=8)
    prober = Prober(ffprobe=ffprobe, ffmpeg=str(bad), workers=1, deadline=lambda _: 1.0)
    with pytest.raises(error, match=r"a\.mkv"):
        await judged(prober, path)


def test_headers_that_do_not_say_are_believed(tmp_path: Path) -> None:
    live = b"RIFF\0\0\0\0AVI " + bytes(100)
    assert ending(reader(live), len(live)) is None
    to_the_end = b"\0\0\0\x10ftypisom\0\0\0\0" + b"\0\0\0\0mdat" + bytes(100)
    assert ending(reader(to_the_end), len(to_the_end)) is None
    empty = tmp_path / "empty"
    empty.write_bytes(b"")
    assert cut_short(os.fsencode(empty)) is None


def test_a_box_of_64_bits_is_followed() -> None:
    whole = b"\0\0\0\x10ftypisom\0\0\0\0" + struct.pack(">I4sQ", 1, b"mdat", 5 << 30)
    assert ending(reader(whole), len(whole)) == f"it holds {len(whole):,} of {(5 << 30) + 16:,} bytes"


@given(
    st.sampled_from(
        [b"RIFF\xff\xff\xff\xffAVI ", b"\0\0\0\x08ftyp", b"\x1a\x45\xdf\xa3\x18\x53\x80\x67", b"G"]
    ),
    st.binary(max_size=400),
)
def test_no_header_is_so_strange_that_it_crashes_the_reader(head: bytes, rest: bytes) -> None:
    content = head + rest
    said = ending(reader(content), len(content))
    assert said is None or said.startswith("it ")


def reader(content: bytes):  # type: ignore[no-untyped-def]  # a closure, obvious from its use
    return lambda offset, count: content[offset : offset + count]
