"""`mediavault` as a process of its own, forked from one that has everything imported: quick, and as real.

What a start from nothing does beside that, `python -m mediavault_tui` and its imports, has tests of its own.
"""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from multiprocessing import forkserver
from pathlib import Path

import pytest

_processes = multiprocessing.get_context("forkserver")
_PRELOADED = [
    "pytest",
    "smbprotocol.session",
    "asyncpg",
    "staging_child",
    "nas_child",
    "tests.warm",
    "mediavault_tui.cli.main",
    "mediavault_tui.bootstrap",
    "mediavault_tui.services.staging.stage",
    "mediavault_tui.services.scanning.scan",
    "mediavault_tui.services.nas.shares",
]


def warm_up() -> None:
    """Start the server that children are forked from with everything imported, if it is not there."""
    with pytest.MonkeyPatch.context() as patch:
        # The server imports what it is told to, but does not search where its parent does.
        patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))
        _processes.set_forkserver_preload(_PRELOADED)
        forkserver.ensure_running()


def mediavault(
    words: Sequence[object], env: Mapping[str, str], *, typed: str = "", timeout: float = 120
) -> subprocess.CompletedProcess[str]:
    """Run the command with these words, environment and standard input; return what it said."""
    warm_up()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        (home / "in").write_text(typed)
        texts = [str(word) for word in words]
        process = _processes.Process(target=_run, args=(texts, dict(env), folder, os.getcwd()))
        process.start()
        process.join(timeout)
        if process.exitcode is None:
            process.kill()
            raise subprocess.TimeoutExpired(texts, timeout)
        said = [(home / name).read_text() for name in ("out", "err")]
        return subprocess.CompletedProcess(texts, process.exitcode, *said)


def _run(words: list[str], env: dict[str, str], folder: str, here: str) -> None:
    os.environ.clear()
    os.environ.update(env)
    os.chdir(here)
    for number, name, flags in (
        (0, "in", os.O_RDONLY),
        (1, "out", os.O_WRONLY | os.O_CREAT),
        (2, "err", os.O_WRONLY | os.O_CREAT),
    ):
        os.dup2(os.open(os.path.join(folder, name), flags, 0o600), number)
    sys.stdin = open(0, encoding="utf-8", errors="surrogateescape", closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
    sys.argv = ["mediavault", *words]
    from mediavault_tui.cli.main import main

    sys.exit(main(words))
