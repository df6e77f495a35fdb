"""Whether the terminal can draw pictures, asked before the app runs and never so that rubbish is left.

The only question that every terminal gets is the one for its primary attributes, which is as
old as the VT100: who understands it answers, who does not shows nothing. Its answer says
whether there is Sixel. Kitty's own question goes to terminals of that name alone, for others
might print it. The size of a cell comes from the system where it knows it. Through tmux and
screen pictures go as Sixel or not at all, so only what they themselves answer counts.

`textual-image` draws. It asks its own questions when it is imported, with a tenth of a second
for the answer, too short over SSH; so it is imported while it cannot see the terminal.
"""

from __future__ import annotations

import contextlib
import fcntl
import io
import os
import re
import select
import struct
import sys
import termios
import time
import tty
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from textual.widget import Widget

Kind = Literal["kitty", "sixel"]

_PATIENCE = 1.0
"""Seconds for an answer: enough for a far-away terminal, and spent while the app is read."""

_ATTRIBUTES = b"\x1b[c"
_ATTRIBUTES_ARE = re.compile(rb"\x1b\[\?([\d;]*)c")
_CELL = b"\x1b[16t"
_CELL_IS = re.compile(rb"\x1b\[6;(\d+);(\d+)t")
_KITTY = b"\x1b_Gi=4211,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\"
_KITTY_IS = b"\x1b_Gi=4211;OK"
_KITTIES = ("kitty", "ghostty")
"""In TERM, which goes along through SSH: terminals whose pictures are bound to letters."""


@dataclass(frozen=True, slots=True)
class Graphics:
    """What the terminal draws pictures by. `cell`: pixels of a letter, across and down."""

    kind: Kind
    cell: tuple[int, int]


def detect(setting: str, environ: Mapping[str, str], *, patience: float = _PATIENCE) -> Graphics | None:
    """Ask the terminal; None where it draws none, does not answer, or is not to be asked. Blocks.

    `setting`: auto, kitty, sixel or blocks (MEDIAVAULT_GRAPHICS). Call it before Textual reads the keys.
    """
    term = environ.get("TERM", "")
    streams = sys.__stdin__, sys.__stdout__
    if setting == "blocks" or environ.get("NO_COLOR") or term in ("", "dumb", "linux"):
        return None
    if not all(stream is not None and stream.isatty() for stream in streams):
        return None
    assert sys.__stdin__ is not None
    assert sys.__stdout__ is not None
    keys, screen = sys.__stdin__.fileno(), sys.__stdout__.fileno()
    nested = bool(environ.get("TMUX") or environ.get("STY")) or term.startswith(("screen", "tmux"))
    kitty = not nested and any(name in term for name in _KITTIES)
    try:
        before = termios.tcgetattr(keys)
        cell = _cell_of(screen)
        try:
            tty.setcbreak(keys)
            question = (_KITTY if kitty else b"") + (b"" if cell else _CELL) + _ATTRIBUTES
            answer = _asked(keys, screen, question, patience)
        finally:
            termios.tcsetattr(keys, termios.TCSANOW, before)
    except (OSError, termios.error):
        return None
    attributes = _ATTRIBUTES_ARE.search(answer)
    said = _CELL_IS.search(answer)
    cell = cell or ((int(said[2]), int(said[1])) if said else (10, 20))
    if setting == "kitty" or (setting == "auto" and _KITTY_IS in answer):
        return Graphics("kitty", cell)
    if setting == "sixel" or (attributes is not None and b"4" in attributes[1].split(b";")[1:]):
        return Graphics("sixel", cell)
    return None


def _asked(keys: int, screen: int, question: bytes, patience: float) -> bytes:
    """Send a question and return what came until its last part was answered, or patience ended."""
    os.write(screen, question)
    answer, until = b"", time.monotonic() + patience
    while not _ATTRIBUTES_ARE.search(answer):
        left = until - time.monotonic()
        if left <= 0 or not select.select([keys], [], [], left)[0]:
            break
        part = os.read(keys, 1024)
        if not part:
            break
        answer += part
    return answer


def _cell_of(screen: int) -> tuple[int, int] | None:
    """Return the pixels of a letter as the system knows them."""
    rows, columns, width, height = struct.unpack("HHHH", fcntl.ioctl(screen, termios.TIOCGWINSZ, bytes(8)))
    return (width // columns, height // rows) if rows and columns and width and height else None


def image_widget(graphics: Graphics) -> type[Widget]:
    """Return the widget of textual-image that draws so; nothing is asked of the terminal by it."""
    hidden = io.TextIOWrapper(io.BytesIO())
    shown = sys.__stdout__
    sys.__stdout__ = hidden  # type: ignore[misc]  # what it looks at to know whether there is a terminal
    try:
        from textual_image import _terminal, widget
    finally:
        sys.__stdout__ = shown  # type: ignore[misc]  # as it was
        with contextlib.suppress(ValueError):
            hidden.detach()
    _terminal.get_cell_size._result = _terminal.CellSize(*graphics.cell)  # type: ignore[attr-defined]  # its cache
    return widget.TGPImage if graphics.kind == "kitty" else widget.SixelImage
