"""The demo library triaged in a real terminal, on the real database, by keyboard alone."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import xxhash

from mediavault_tui.services.demo.make import DemoLibrary
from tests.e2e.terminal import TMUX, Terminal, running

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

FILM = "Movies/Nosferatu (1922)"
WORSE = f"{FILM}/Nosferatu.1922.1080p.BluRay.x264-LANTERN"
BETTER = f"{FILM}/Nosferatu (1922) [2160p] [AV1] [HDR10].mkv"


def contents(library: Path) -> Mapping[str, str]:
    """Return every file below a folder by its path there, as a digest of its bytes."""
    return {
        str(file.relative_to(library)): xxhash.xxh3_128_hexdigest(file.read_bytes())
        for file in library.rglob("*")
        if file.is_file() and not file.is_symlink()
    }


def staged(library: Path) -> list[str]:
    """Return the names of the files in the holding folder, our own papers aside."""
    held = library / "duplicates_before_purge"
    return sorted(f.name for f in held.rglob("*/*") if f.is_file() and not f.name.startswith("manifest"))


@pytest.fixture
def library(demo_library: DemoLibrary, tmp_path: Path) -> Path:
    folder = tmp_path / "library"
    shutil.copytree(demo_library.folder, folder, symlinks=True)
    return folder


def command_and_environment(tmp_path: Path, *words: str) -> tuple[list[str], dict[str, str]]:
    if TMUX is None:
        pytest.skip("not tested here: the app in a real terminal needs tmux")
    return [sys.executable, "-m", "mediavault_tui", *words], {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "MEDIAVAULT_DATA_DIR": str(tmp_path / "data"),
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "LC_ALL": "C.UTF-8",
        "TERM": "screen-256color",
    }


@pytest.fixture
def terminal(library: Path, tmp_path: Path) -> Iterator[Terminal]:
    command, environ = command_and_environment(tmp_path, "app", str(library))
    with running(command, folder=tmp_path, environ=environ) as opened:
        yield opened


def find(terminal: Terminal) -> None:
    """Go to the film's group by typing a part of its title."""
    terminal.press("2")
    terminal.shows("Reclaimable")
    terminal.press("/")
    terminal.shows("words of title or path")
    terminal.type("nosf")
    terminal.shows("clear", "Nosferatu (1922)", without=["Metropolis"])
    terminal.press("Enter")
    terminal.shows("Open", "Keep")


def stage(terminal: Terminal, library: Path) -> None:
    """Compare, keep the recommended copy; the question names the file that goes."""
    terminal.press("Enter")
    terminal.shows("k Keep", "▶ A · keep · recommended", "LANTERN", "▲", "▼")
    terminal.press("k")
    terminal.shows("is moved", "x264-LANTERN.mkv", "nothing is deleted")
    terminal.press("k")
    assert (library / f"{WORSE}.mkv").exists()
    terminal.press("y")
    terminal.shows("1 file staged", "No group passes this filter")


def test_the_demo_library_is_triaged_by_keyboard_alone(terminal: Terminal, library: Path) -> None:
    before = contents(library)
    terminal.shows("files scanned")

    find(terminal)
    stage(terminal, library)
    assert not (library / f"{WORSE}.mkv").exists()
    assert not (library / f"{WORSE}.en.srt").exists()
    assert staged(library) == [Path(f"{WORSE}.en.srt").name, Path(f"{WORSE}.mkv").name]
    assert contents(library)[BETTER] == before[BETTER]

    terminal.press("u")
    terminal.shows("moved back", "Nosferatu (1922)")
    assert staged(library) == []
    assert {name: contents(library)[name] for name in before} == before

    stage(terminal, library)
    assert staged(library) == [Path(f"{WORSE}.en.srt").name, Path(f"{WORSE}.mkv").name]

    terminal.press("3")
    terminal.shows("today", "LANTERN", "now at")
    terminal.press("r")
    terminal.shows("back in place", "Nothing is staged")
    assert staged(library) == []
    assert {name: contents(library)[name] for name in before} == before

    terminal.press("q")
    terminal.shows("exit code 0")


def test_no_color_leaves_no_colour_at_all(tmp_path: Path) -> None:
    """https://no-color.org: greys are colours too."""
    (tmp_path / "empty").mkdir()
    command, environ = command_and_environment(tmp_path, "app", str(tmp_path / "empty"))
    with running(command, folder=tmp_path, environ={**environ, "NO_COLOR": "1"}) as terminal:
        terminal.shows("Inventory", "Menu")
        assert (
            re.findall(
                r"\x1b\[(?:[0-9;]*;)?(?:3[0-7]|4[0-7]|[34]8;[0-9;]*|9[0-7]|10[0-7])m", terminal.escapes
            )
            == []
        )
        assert "\x1b[1m" in terminal.escapes, "what stands out is bold"
