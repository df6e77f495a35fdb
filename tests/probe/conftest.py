"""A prober over the real programs, and short clips made with them."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from mediavault_tui.probe.ffprobe import Prober

Clip = Callable[..., Path]
"""clip(name, *arguments, seconds=…, picture=…, sound=…): what ffmpeg makes of generated sources, copied
from the first that was made so; a test may cut its own."""


@pytest.fixture
def prober(ffprobe: str, ffmpeg: str) -> Prober:
    return Prober(ffprobe=ffprobe, ffmpeg=ffmpeg, workers=2)


@pytest.fixture
def clip(ffmpeg: str, tmp_path: Path, fast_folder: Path) -> Clip:
    def make(
        name: str,
        *arguments: str,
        seconds: float = 3.0,
        picture: float | None = None,
        sound: float | None = None,
    ) -> Path:
        target = tmp_path / name
        sources = [
            *["-f", "lavfi", "-i", f"testsrc2=s=320x180:r=24:d={picture or seconds}"],
            *["-f", "lavfi", "-i", f"sine=d={sound or seconds}:r=48000"],
        ]
        making = [*sources, *arguments]
        mark = hashlib.sha256("\0".join(making).encode()).hexdigest()[:16]
        made = fast_folder / "clips" / mark / f"clip{target.suffix}"
        made.parent.mkdir(parents=True, exist_ok=True)
        with open(made.parent / "lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not made.exists():
                half = made.with_stem("half")
                command = [ffmpeg, "-v", "error", "-nostdin", "-y", *making, f"file:{half}"]
                subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
                half.rename(made)
        shutil.copyfile(made, target)
        return target

    return make
