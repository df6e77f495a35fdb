"""Real films of half a minute, as browsers like and dislike them, made once by the real ffmpeg."""

from __future__ import annotations

import fcntl
import os
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from mediavault_tui.domain.model import Identity, Kind, MediaFile
from mediavault_tui.probe.ffprobe import Prober
from tests.db.shelf import Shelf
from tests.factories import insert_file

SECONDS = 40

_QUIET = ["-hide_banner", "-v", "error", "-nostdin", "-y"]
_H264 = ["-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-g", "96", "-pix_fmt", "yuv420p"]
_HEVC = ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none:keyint=96"]
_HDR = "setparams=color_primaries=bt2020:color_trc=smpte2084:colorspace=bt2020nc"

RECIPES: Mapping[str, list[str]] = {
    "h264.mp4": [*_H264, "-c:a", "aac", "-movflags", "+faststart"],
    "h264-ac3.mkv": [*_H264, "-c:a", "ac3", "-c:s", "subrip"],
    "hevc.mkv": [*_HEVC, "-pix_fmt", "yuv420p", "-c:a", "eac3"],
    "hdr.mkv": [*_HEVC, "-pix_fmt", "yuv420p10le", "-vf", _HDR, "-c:a", "dca", "-strict", "-2"],
    "mpeg4-ac3.avi": ["-c:v", "mpeg4", "-q:v", "5", "-tag:v", "XVID", "-c:a", "ac3"],
    "mpeg2.ts": ["-c:v", "mpeg2video", "-q:v", "5", "-c:a", "mp2", "-pix_fmt", "yuv420p"],
}


def make(ffmpeg: str, folder: Path) -> Path:
    """Make the films in `folder` unless they are there; safe for several workers at once."""
    folder.mkdir(exist_ok=True)
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lines = "".join(
            f"{n}\n00:00:{n * 4:02},000 --> 00:00:{n * 4 + 3:02},500\nLine <b>{n}</b>: été & 三体\n\n"
            for n in range(1, 9)
        )
        (folder / "lines.srt").write_text(lines, "utf-8")
        for name, words in RECIPES.items():
            if not (folder / name).exists():
                texts = ["-i", str(folder / "lines.srt")] if "subrip" in words else []
                maps = ["-map", "0", "-map", "1", *(["-map", "2", "-metadata:s:s:0", "language=eng"] if texts else [])]
                made = folder / f"new-{name}"
                picture = f"testsrc2=s=640x360:r=24:d={SECONDS}"
                sound = f"sine=frequency=330:sample_rate=48000:d={SECONDS}"
                subprocess.run(
                    [ffmpeg, *_QUIET, "-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", sound, *texts, *maps]
                    + [*words, "-t", str(SECONDS), str(made)],
                    check=True,
                )
                made.rename(folder / name)
    return folder


async def film(shelf: Shelf, films: Path, name: str, prober: Prober, *, called: str | None = None) -> MediaFile:
    """Put one of the films on the shelf, probed for real; `called`: under another name."""
    path = shelf.root / (called or name)
    os.link(films / name, path)
    entered = await shelf.enter(path)
    await shelf.conn.execute("delete from media_files where id = $1", entered.id)
    info = await prober.probe(os.fsencode(path), size=entered.size)
    identity = Identity(Kind.MOVIE, "The Long Take", year=1999)
    return await insert_file(shelf.conn, replace(entered, info=info, identity=identity))
