"""A real terminal: tmux on a socket of its own, of a fixed size, driven by keys and read by eye."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

PATIENCE = 120.0
"""Seconds that anything may take; the machine may be busy, the test only waits for the thing itself."""

TMUX = shutil.which("tmux")


class Terminal:
    """One program in one pane."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket

    def press(self, *keys: str) -> None:
        """Press keys by tmux's names: `Enter`, `Escape`, `Down`, or a character."""
        for key in keys:
            self._tmux("send-keys", key)

    def type(self, text: str) -> None:
        """Type text as it is."""
        self._tmux("send-keys", "-l", text)

    @property
    def screen(self) -> str:
        """What the terminal shows now."""
        return self._tmux("capture-pane", "-p")

    @property
    def escapes(self) -> str:
        """The same with the escape sequences that colour and weight it."""
        return self._tmux("capture-pane", "-p", "-e")

    @property
    def shell(self) -> str:
        """The process id of the shell that runs the program."""
        return self._tmux("display-message", "-p", "#{pane_pid}").strip()

    def shows(self, *texts: str, without: Sequence[str] = ()) -> str:
        """Wait until the screen shows all of these and none of those; return it."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            screen = self.screen
            if all(text in screen for text in texts) and not any(text in screen for text in without):
                return screen
            time.sleep(0.05)
        raise AssertionError(f"never showed {texts} without {tuple(without)}:\n{self.screen}")

    def _tmux(self, *words: str) -> str:
        return tmux(self._socket, *words)


def tmux(socket: Path, *words: str) -> str:
    """Run one tmux command on a private server and return what it prints."""
    assert TMUX is not None
    ran = subprocess.run([TMUX, "-S", str(socket), *words], capture_output=True, text=True, check=True)
    return ran.stdout


@contextmanager
def running(
    command: Sequence[str], *, folder: Path, environ: Mapping[str, str], width: int = 120, height: int = 40
) -> Iterator[Terminal]:
    """Run a command in a new terminal; afterwards the terminal and all in it are gone.

    The exit code stands on the screen as `exit code N` once the command has ended.
    """
    socket = folder / "tmux"
    settings = " ".join(f"{name}={shlex.quote(value)}" for name, value in environ.items())
    shell = f"env -i {settings} {shlex.join(command)}; echo exit code $?; read _"
    assert TMUX is not None
    start = [
        TMUX,
        "-S",
        str(socket),
        "-f",
        os.devnull,
        "new-session",
        "-d",
        "-x",
        str(width),
        "-y",
        str(height),
    ]
    subprocess.run([*start, "/bin/sh", "-c", shell], check=True, cwd=folder)
    try:
        yield Terminal(socket)
    finally:
        subprocess.run([TMUX, "-S", str(socket), "kill-server"], check=False, capture_output=True)
