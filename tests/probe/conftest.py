"""A prober over the real programs, and short clips made with them."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from mediavault_tui.probe.ffprobe import Prober

Clip = Callable[..., Path]
"""clip(name, *arguments, seconds=…, picture=…, sound=…): run ffmpeg on generated sources."""


@pytest.fixture
def prober(ffprobe: str, ffmpeg: str) -> Prober:
    return Prober(ffprobe=ffprobe, ffmpeg=ffmpeg, workers=2)


@pytest.fixture
def clip(ffmpeg: str, tmp_path: Path) -> Clip:
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
        command = [ffmpeg, "-v", "error", "-nostdin", "-y", *sources, *arguments, f"file:{target}"]
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
        return target

    return make
