"""A terminal that goes away, as when an SSH session is cut: nothing of the program is left running."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.e2e.terminal import PATIENCE, running
from tests.e2e.test_triage import command_and_environment

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


def test_a_cut_session_takes_the_app_and_its_server_along(tmp_path: Path) -> None:
    (tmp_path / "library").mkdir()
    command, environ = command_and_environment(tmp_path, "app", str(tmp_path / "library"))
    with running(command, folder=tmp_path, environ=environ) as terminal:
        terminal.shows("0 videos")
        (listed,) = (tmp_path / "data").rglob("postmaster.pid")
    # The terminal is gone here.
    limit = time.monotonic() + PATIENCE
    while listed.exists():  # the server's last act is to take it away
        assert time.monotonic() < limit, "the server was left running"
        time.sleep(0.05)
