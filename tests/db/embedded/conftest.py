"""Real processes that use an embedded server, and the folders they use it in."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from mediavault_tui.store.process import is_server_of

ROOT = Path(__file__).parents[3]


class User:
    """One process that uses the embedded server."""

    def __init__(self, data_dir: Path, *prefix: str, env: dict[str, str] | None = None) -> None:
        self.process = subprocess.Popen(
            [*prefix, sys.executable, str(Path(__file__).with_name("user.py")), str(data_dir)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT), **(env or {})},
        )

    def ready(self) -> str:
        """Wait until it uses the server; return when that was started."""
        assert self.process.stdout is not None
        words = self.process.stdout.readline().split(" ", 1)
        assert words[0] == "ready", words
        return words[1]

    def leave(self) -> None:
        """Let it end as it should."""
        self.process.communicate(timeout=60)
        assert self.process.returncode == 0

    def kill(self, how: signal.Signals = signal.SIGKILL) -> None:
        """End it as it should not."""
        self.process.send_signal(how)
        self.process.communicate(timeout=60)


@pytest.fixture
def tmp_path(fast_folder: Path) -> Iterator[Path]:
    """Yield a folder in memory, where there is one: to make a cluster is to write a thousand files."""
    made = Path(tempfile.mkdtemp(prefix="place-", dir=fast_folder))
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture(scope="module")
def made(fast_folder: Path) -> Path:
    """Return a data folder with a cluster that was made, used once and stopped."""
    folder = Path(tempfile.mkdtemp(prefix="made-", dir=fast_folder))
    user = User(folder)
    user.ready()
    user.leave()
    assert not server_of(folder)
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Iterator[Path]:
    """Yield a copy of that data folder; whatever a test left running in it is ended."""
    copy = tmp_path / "data"
    shutil.copytree(made, copy)
    yield copy
    if server_of(copy):
        os.kill(postmaster(copy), signal.SIGKILL)


def postmaster(data_dir: Path) -> int:
    """Return the pid that the pid file names."""
    return int((data_dir / "postgres/pgdata/postmaster.pid").read_text().split()[0])


def server_of(data_dir: Path) -> bool:
    """Whether a server runs there."""
    return is_server_of(data_dir / "postgres/pgdata")


def pid_file(data_dir: Path, pid: int) -> str:
    """Return what a server with that pid would have written."""
    home = data_dir / "postgres"
    return f"{pid}\n{home / 'pgdata'}\n1700000000\n5432\n{home / 'run'}\n\n  5432001    131072\nready   \n"
