"""What is written down: nothing in the name of a file forges a line or reaches a terminal as a command."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import sys
from pathlib import Path

import aiohttp
import pytest

from mediavault_tui.logs import OneLine
from tests.db.shelf import Shelf
from tests.streamer.site import ROOT, free_ports, process

FORGED = "2026-01-01 00:00:00,000 INFO mediavault.access: 10.0.0.1 'admin' GET - 200"
HOSTILE = f"Heat\n{FORGED}\n\x1b]0;owned\x07"
SHOWN = rf"Heat\n{FORGED}\n\x1b]0;owned\x07"


@pytest.fixture
def env(database_url: str, tmp_path: Path) -> dict[str, str]:
    (port,) = free_ports(1)
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "HOME": str(tmp_path),
        "DATABASE_URL": database_url,
        "MEDIAVAULT_DATA_DIR": str(tmp_path / "data"),
        "STREAMER_PORT": str(port),
    }


async def test_a_hostile_name_forges_no_line_of_the_sidecars_log(
    shelf: Shelf, env: dict[str, str], tmp_path: Path
) -> None:
    film = await shelf.add(f"{HOSTILE}/Heat.mkv", b"sixteen bytes...")
    shutil.rmtree(shelf.root)
    port, log = int(env["STREAMER_PORT"]), tmp_path / "serve.log"
    async with (
        process(sys.executable, "-m", "mediavault_tui", "serve", env=env, ready=port, log=log),
        aiohttp.ClientSession(f"http://127.0.0.1:{port}") as http,
        http.get(f"/watch/{film.id}") as answer,
    ):
        assert answer.status == 200
    written = log.read_text()
    assert f"cannot list {shelf.root}/{SHOWN}: it is not there" in written
    assert FORGED not in written.splitlines()
    assert "\x1b" not in written


@pytest.mark.parametrize("command", ["serve", "web"])
def test_a_hostile_name_is_one_line_on_standard_error(command: str, env: dict[str, str]) -> None:
    env = env | {"MEDIAVAULT_DATA_DIR": f"/dev/null/{HOSTILE}"}
    words = [sys.executable, "-m", "mediavault_tui", command]
    ran = subprocess.run(words, env=env, capture_output=True, text=True, check=False)
    assert ran.returncode == 2
    assert len(ran.stderr.splitlines()) == 1
    assert f"/dev/null/{SHOWN}/signing.key" in ran.stderr


def test_a_traceback_stands_indented_below_its_line() -> None:
    try:
        raise ValueError(HOSTILE)
    except ValueError:
        record = logging.LogRecord("n", logging.ERROR, "", 0, "bug in %s", ("a\x1b",), sys.exc_info())
    lines = OneLine("%(levelname)s %(message)s").format(record).split("\n")
    assert lines[0] == r"ERROR bug in a\x1b"
    assert len(lines) > 3
    assert all(line.startswith("  ") and line.isprintable() for line in lines[1:])
