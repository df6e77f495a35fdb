"""Facts about one thing: names on the left, values beside them, long ones hanging below themselves."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.geometry import Size
from textual.reactive import reactive
from textual.style import Style
from textual.widget import Widget

from mediavault_tui.ui.format import visible, wrap

Fact = tuple[str, str]
"""A name and its value, text from outside; two empty texts are a blank line."""

_NAMES = 11


class Facts(Widget):
    """Facts that wrap to whatever width there is."""

    DEFAULT_CSS = """
    Facts { height: auto; }
    """

    facts: reactive[Sequence[Fact]] = reactive((), layout=True)
    """What is shown, from top to bottom."""

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return max(len(self._lines(width)), 1)

    def render(self) -> Content:
        return Content("\n").join(self._lines(self.size.width))

    def _lines(self, width: int) -> list[Content]:
        lines: list[Content] = []
        for name, value in self.facts:
            first, *rest = (
                _linked(name, value, part) for part in wrap(visible(value), max(width - _NAMES, 8))
            )
            lines.append(Content.assemble((f"{visible(name):>{_NAMES - 2}}  ", "$foreground-muted"), first))
            lines += [Content.assemble(" " * _NAMES, line) for line in rest]
        return lines


def _linked(name: str, value: str, shown: str) -> Content:
    """Let a terminal that can (OSC 8) open an address, however it is broken into lines."""
    return Content(shown).stylize(Style(link=value)) if name == "link" else Content(shown)
