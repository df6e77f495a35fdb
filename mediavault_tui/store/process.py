"""Whose process is it? What a pid file says is believed only when the process agrees."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path


def is_server_of(data: Path) -> bool:
    """Whether the pid in `data/postmaster.pid` is a live server that works in `data`.

    A PostgreSQL server's working folder is its data directory; that tells it from a
    stranger who was given the number after a reboot, and from a zombie. Blocks.
    """
    try:
        pid = int((data / "postmaster.pid").read_text("utf-8", "replace").split("\n", 1)[0])
    except (OSError, ValueError):
        return False  # no file, or one that a starting server has not filled yet
    folder = _working_folder(pid)
    return folder is not None and folder == os.path.realpath(data)


def _working_folder(pid: int) -> str | None:
    if os.path.isdir("/proc/self"):
        try:
            return os.readlink(f"/proc/{pid}/cwd")
        except OSError:
            return None  # gone, a zombie, or another user's
    # macOS has no /proc, but always lsof.
    lsof = shutil.which("lsof") or "/usr/sbin/lsof"
    command = [lsof, "-a", "-p", str(pid), "-d", "cwd", "-Fn"]
    said = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    names = [line[1:] for line in said.splitlines() if line.startswith("n")]
    return os.path.realpath(names[0]) if names else None
