"""What a terminal is asked before pictures are drawn, and by what they are: on a pseudo-terminal."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

ASK = """
import json, os, sys
from mediavault_tui.ui.graphics import detect
found = detect(sys.argv[2], os.environ, patience=float(sys.argv[3]))
with open(sys.argv[1], "w") as told:
    json.dump([found.kind, found.cell] if found else None, told)
"""

SHOW = """
import os, sys
from textual.app import App
from mediavault_tui.domain.picture import Picture
from mediavault_tui.ui import graphics
from mediavault_tui.ui.widgets.picture import PictureBox

found = graphics.detect("auto", os.environ)
assert found is not None
PictureBox.finer = graphics.image_widget(found), found.cell

class Shown(App):
    CSS = "PictureBox { width: 20; height: 5; }"
    def compose(self):
        yield PictureBox()
    def on_mount(self):
        self.call_after_refresh(self.draw)
    def draw(self):
        box = self.query_one(PictureBox)
        assert box.room() == (200, 100)
        box.show(Picture(160, 90, bytes(range(240)) * 180))
        self.set_timer(60, self.exit)

Shown().run()
"""


class Terminal:
    """The other end of a pseudo-terminal: keeps what was written to it, and answers."""

    def __init__(self, answers: Mapping[bytes, bytes], *, pixels: bool) -> None:
        self.answers = dict(answers)
        self.seen = b""
        self.near, self.far = pty.openpty()
        size = (24, 80, 800, 480) if pixels else (24, 80, 0, 0)
        fcntl.ioctl(self.far, termios.TIOCSWINSZ, struct.pack("HHHH", *size))

    def run(self, script: str, *arguments: str, until: bytes = b"", **environ: str) -> None:
        """Run a Python script in it to its end, or until it wrote something."""
        kept = {k: v for k, v in os.environ.items() if k not in ("TMUX", "STY", "NO_COLOR", "TERM_PROGRAM")}
        child = subprocess.Popen(
            [sys.executable, "-c", script, *arguments],
            stdin=self.far,
            stdout=self.far,
            stderr=self.far,  # Textual draws on it
            env={**kept, **environ},
            start_new_session=True,
        )
        end = time.monotonic() + 30
        try:
            while not (until and until in self.seen) and time.monotonic() < end:
                ready = select.select([self.near], [], [], 0.02)[0]
                if not ready and child.poll() is not None:
                    break
                if ready:
                    self._hear(os.read(self.near, 65536))
            if until:
                assert until in self.seen, self.seen[-2000:]
            else:
                assert child.wait(10) == 0, self.seen
        finally:
            child.kill()
            child.wait()
            with contextlib.suppress(OSError):
                os.close(self.near)
            os.close(self.far)

    def _hear(self, said: bytes) -> None:
        self.seen += said
        for question, answer in list(self.answers.items()):
            if question in self.seen:
                del self.answers[question]
                os.write(self.near, answer)


ATTRIBUTES, CELL = b"\x1b[c", b"\x1b[16t"


@pytest.mark.parametrize(
    ("term", "setting", "answers", "kind"),
    [
        ("xterm-256color", "auto", {ATTRIBUTES: b"\x1b[?62;4;22c"}, "sixel"),
        ("xterm-256color", "auto", {ATTRIBUTES: b"\x1b[?62;22c"}, None),
        ("xterm-256color", "auto", {ATTRIBUTES: b"\x1b[?64;14;42c"}, None),
        ("xterm-kitty", "auto", {b"\x1b_G": b"\x1b_Gi=4211;OK\x1b\\", ATTRIBUTES: b"\x1b[?62;c"}, "kitty"),
        ("tmux-256color", "auto", {ATTRIBUTES: b"\x1b[?1;2;4c"}, "sixel"),
        ("tmux-256color", "auto", {ATTRIBUTES: b"\x1b[?1;2c"}, None),
        ("xterm-256color", "sixel", {ATTRIBUTES: b"\x1b[?62;22c"}, "sixel"),
    ],
)
def test_the_answer_decides(
    term: str, setting: str, answers: dict[bytes, bytes], kind: str | None, tmp_path: Path
) -> None:
    terminal = Terminal(answers, pixels=True)
    terminal.run(ASK, str(tmp_path / "told"), setting, "5", TERM=term)
    told = json.loads((tmp_path / "told").read_text())
    assert told == ([kind, [10, 20]] if kind else None)
    # Only a terminal of that name is asked Kitty's question, which others might print.
    assert (b"\x1b_G" in terminal.seen) is (term == "xterm-kitty")


def test_a_terminal_that_answers_nothing_gets_one_harmless_question(tmp_path: Path) -> None:
    terminal = Terminal({}, pixels=False)
    terminal.run(ASK, str(tmp_path / "told"), "auto", "0.2", TERM="xterm-256color")
    assert json.loads((tmp_path / "told").read_text()) is None
    assert terminal.seen == CELL + ATTRIBUTES


@pytest.mark.parametrize(
    ("setting", "environ"),
    [
        ("blocks", {"TERM": "xterm-kitty"}),
        ("auto", {"TERM": "dumb"}),
        ("auto", {"TERM": "linux"}),
        ("auto", {"TERM": "xterm-kitty", "NO_COLOR": "1"}),
    ],
)
def test_who_is_not_to_be_asked_is_not(setting: str, environ: dict[str, str], tmp_path: Path) -> None:
    terminal = Terminal({}, pixels=True)
    terminal.run(ASK, str(tmp_path / "told"), setting, "5", **environ)
    assert json.loads((tmp_path / "told").read_text()) is None
    assert terminal.seen == b""


@pytest.mark.parametrize(
    ("term", "answers", "drawn"),
    [
        ("xterm-256color", {CELL: b"\x1b[6;20;10t", ATTRIBUTES: b"\x1b[?62;4c"}, b"\x1bP0"),
        (
            "xterm-kitty",
            {b"\x1b_G": b"\x1b_Gi=4211;OK\x1b\\", ATTRIBUTES: b"\x1b[?62;c"},
            "\U0010eeee".encode(),
        ),
    ],
    ids=["sixel", "kitty"],
)
def test_a_picture_is_drawn_so(term: str, answers: dict[bytes, bytes], drawn: bytes) -> None:
    terminal = Terminal(answers, pixels=term == "xterm-kitty")
    terminal.run(SHOW, until=drawn, TERM=term)
    if term == "xterm-kitty":
        assert b"f=100" in terminal.seen
