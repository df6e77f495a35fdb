"""Real films of half a minute, as browsers like and dislike them, made once by the real ffmpeg."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from mediavault_tui.domain.model import Identity, Kind, MediaFile
from mediavault_tui.probe.ffprobe import Prober
from tests.db.shelf import Shelf
from tests.factories import insert_file

SECONDS = 24

_QUIET = ["-hide_banner", "-v", "error", "-nostdin", "-y"]
_H264 = ["-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-g", "96", "-pix_fmt", "yuv420p"]
_HEVC = ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none:keyint=96"]
_HDR = "setparams=color_primaries=bt2020:color_trc=smpte2084:colorspace=bt2020nc"
_CLOCK = "scale=64:36,format=yuv420p,geq=lum='if(lt(X,32),20+floor(T)*8,20+mod(N,24)*8)':cb=128:cr=128"
"""A picture that tells its time: seconds in the grey of its left half, pictures in that of its right."""

RECIPES: Mapping[str, list[str]] = {
    "h264.mp4": [*_H264, "-c:a", "aac", "-movflags", "+faststart"],
    "h264-ac3.mkv": [*_H264, "-c:a", "ac3", "-c:s", "subrip"],
    "hevc.mkv": [*_HEVC, "-pix_fmt", "yuv420p", "-c:a", "eac3"],
    "hdr.mkv": [*_HEVC, "-pix_fmt", "yuv420p10le", "-vf", _HDR, "-c:a", "dca", "-strict", "-2"],
    "mpeg4-ac3.avi": ["-c:v", "mpeg4", "-q:v", "5", "-tag:v", "XVID", "-c:a", "ac3"],
    "wide.avi": ["-c:v", "mpeg4", "-q:v", "9", "-vf", "scale=1920:1080", "-r", "5", "-c:a", "ac3"],
    "clock.mkv": [*_H264, "-crf", "8", "-c:a", "ac3", "-vf", _CLOCK],
    "clock.avi": ["-c:v", "mpeg4", "-q:v", "2", "-c:a", "ac3", "-vf", _CLOCK],
    "mpeg2.ts": ["-c:v", "mpeg2video", "-q:v", "5", "-c:a", "mp2", "-pix_fmt", "yuv420p"],
}


def make(ffmpeg: str, folder: Path, name: str) -> Path:
    """Make one film in `folder` unless it is there; safe for several workers at once."""
    folder.mkdir(exist_ok=True)
    with open(folder / f"{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / name).exists():
            _make(ffmpeg, folder, name)
    return folder / name


def _make(ffmpeg: str, folder: Path, name: str) -> None:
    words = RECIPES[name]
    inputs = ["-f", "lavfi", "-i", f"testsrc2=s=320x180:r=24:d={SECONDS}"]
    inputs += ["-f", "lavfi", "-i", f"sine=frequency=330:sample_rate=48000:d={SECONDS}"]
    maps = ["-map", "0", "-map", "1"]
    if "subrip" in words:
        lines = folder / f"{name}.srt"
        lines.write_text(_LINES, "utf-8")
        inputs += ["-i", str(lines)]
        maps += ["-map", "2", "-metadata:s:s:0", "language=eng"]
    made = folder / f"new-{name}"
    subprocess.run([ffmpeg, *_QUIET, *inputs, *maps, *words, "-t", str(SECONDS), str(made)], check=True)
    made.rename(folder / name)


_LINES = "".join(
    f"{n}\n00:00:{n * 3:02},000 --> 00:00:{n * 3 + 2:02},500\nLine <b>{n}</b>: été & 三体\n\n"
    for n in range(1, 9)
)


async def film(shelf: Shelf, made: Path, prober: Prober, *, called: str | None = None) -> MediaFile:
    """Put a film on the shelf, probed for real; `called`: under another name."""
    path = shelf.root / (called or made.name)
    shutil.copy(made, path)
    entered = await shelf.enter(path)
    await shelf.conn.execute("delete from media_files where id = $1", entered.id)
    info = await prober.probe(os.fsencode(path), size=entered.size)
    identity = Identity(Kind.MOVIE, "The Long Take", year=1999)
    return await insert_file(shelf.conn, replace(entered, info=info, identity=identity))
