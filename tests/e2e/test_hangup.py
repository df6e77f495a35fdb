"""A terminal that goes away, as when an SSH session is cut: nothing of the program is left running."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.e2e.terminal import PATIENCE, Terminal, running
from tests.e2e.test_triage import command_and_environment

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


def test_a_cut_session_takes_the_app_and_its_server_along(tmp_path: Path) -> None:
    with _opened(tmp_path):
        server = _server(tmp_path)
    # The terminal is gone here.
    _ends(server)


def test_a_second_word_does_not_end_the_cleaning_up_of_the_first(tmp_path: Path) -> None:
    """A shell that dies with its terminal says it again to its children, at any moment."""
    with _opened(tmp_path) as terminal:
        server = _server(tmp_path)
        asked = subprocess.run(["pgrep", "-P", terminal.shell], capture_output=True, text=True, check=True)
        (app,) = map(int, asked.stdout.split())
        with suppress(ProcessLookupError):  # it has ended
            for number in (signal.SIGHUP, signal.SIGTERM) * 20:
                os.kill(app, number)
                time.sleep(0.01)  # the length of the storm, not a wait: it falls into every part of the end
        terminal.shows("exit code 129")
    _ends(server)


@contextmanager
def _opened(folder: Path) -> Iterator[Terminal]:
    (folder / "library").mkdir()
    command, environ = command_and_environment(folder, "app", str(folder / "library"))
    with running(command, folder=folder, environ=environ) as terminal:
        terminal.shows("0 videos")
        yield terminal


def _server(folder: Path) -> Path:
    """Return the file by which the app's own server says that it runs; taking it away is its last act."""
    (listed,) = (folder / "data").rglob("postmaster.pid")
    return listed


def _ends(server: Path) -> None:
    limit = time.monotonic() + PATIENCE
    while server.exists():
        assert time.monotonic() < limit, "the server was left running"
        time.sleep(0.05)
