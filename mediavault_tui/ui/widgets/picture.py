"""A picture: in half blocks, two pixels to a cell, in any terminal; finer where the terminal can.

`ui.graphics` finds out whether it can, before the app runs.
"""

from __future__ import annotations

from typing import Any, ClassVar

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.app import ComposeResult
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from mediavault_tui.domain.picture import Picture
from mediavault_tui.ui.format import visible, wrap


class PictureBox(Widget):
    """A picture in the middle of its place, or one sentence instead."""

    DEFAULT_CSS = """
    PictureBox {
        background: $background;
        color: $foreground-muted;
        align: center middle;
        & > .picture-box--image { width: auto; height: auto; display: none; }
    }
    """

    finer: ClassVar[tuple[type[Widget], tuple[int, int]] | None] = None
    """What draws pictures finer than half blocks, and the pixels of a cell; the app's start sets it."""

    picture: reactive[Picture | None] = reactive(None)
    """What is drawn; None: the sentence."""

    sentence: reactive[str] = reactive("")
    """What stands in the place of a picture: text from outside."""

    def compose(self) -> ComposeResult:
        if self.finer is not None:
            yield self.finer[0](classes="picture-box--image")

    def room(self) -> tuple[int, int]:
        """Return the pixels that fit, across and down."""
        if self.finer is not None:
            width, height = self.finer[1]
            return self.size.width * width, self.size.height * height
        return self.size.width, 2 * self.size.height

    def show(self, picture: Picture | str) -> None:
        """Draw a picture, or a sentence in its place."""
        self.picture = picture if isinstance(picture, Picture) else None
        self.sentence = picture if isinstance(picture, str) else ""
        for drawn in self.query(".picture-box--image"):
            from PIL import Image

            image: Any = drawn
            image.display = self.picture is not None
            if self.picture is not None:
                size = self.picture.width, self.picture.height
                image.image = Image.frombytes("RGB", size, self.picture.rgb)

    def render_line(self, y: int) -> Strip:
        width, height = self.size
        base = self.rich_style
        if self.picture is None:
            lines = wrap(visible(self.sentence), max(width - 2, 8)) if self.sentence else []
            row = y - (height - len(lines)) // 2
            text = lines[row] if 0 <= row < len(lines) else ""
            return Strip([Segment(" " + text, base)]).adjust_cell_length(width, base)
        picture = self.picture
        if self.finer is not None:
            return Strip.blank(width, base)
        top = 2 * (y - (height - (picture.height + 1) // 2) // 2)
        if not 0 <= top < picture.height:
            return Strip.blank(width, base)
        left = max((width - picture.width) // 2, 0)
        shown = min(picture.width, width)
        cells = [Segment(" " * left, base)] if left else []
        cells += [self._cell(x, top, base) for x in range(shown)]
        return Strip(cells, left + shown).adjust_cell_length(width, base)

    def _cell(self, x: int, y: int, base: Style) -> Segment:
        above = self._colour(x, y)
        if y + 1 < (self.picture.height if self.picture else 0):
            return Segment("▀", Style(color=above, bgcolor=self._colour(x, y + 1)))
        return Segment("▀", Style(color=above, bgcolor=base.bgcolor))

    def _colour(self, x: int, y: int) -> Color:
        assert self.picture is not None
        at = 3 * (y * self.picture.width + x)
        red, green, blue = self.picture.rgb[at : at + 3]
        return Color.from_rgb(red, green, blue)
