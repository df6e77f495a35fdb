"""Two copies side by side; says which side is chosen and which pair is shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from mediavault_tui.domain.library import Comparison
from mediavault_tui.domain.model import FileId
from mediavault_tui.ui.comparing import Line, compare

_MARGIN = 1


class Compare(ScrollView, can_focus=True, inherit_bindings=False):
    """A `Comparison` drawn line by line; copy A is the one recommended."""

    HELP = (
        "Two copies side by side. ▲ is better, ▼ worse, = equal, ≠ different. <compare.keep:k> keeps "
        "the side marked ▶."
    )

    DEFAULT_CSS = """
    Compare {
        overflow-x: hidden;
        scrollbar-size-vertical: 1;
        background: $background;

        & > .compare--plain { color: $foreground; }
        & > .compare--muted { color: $foreground-muted; }
        & > .compare--strong { color: $foreground; text-style: bold; }
        & > .compare--accent { color: $text-accent; }
        & > .compare--good { color: $text-success; }
        & > .compare--warn { color: $text-warning; }
        & > .compare--bad { color: $text-error; }
        & > .compare--head { color: $text-accent; text-style: bold; }
        & > .compare--side { color: $foreground-muted; background: $surface; text-style: bold; }
        & > .compare--side-chosen { color: $foreground; background: $panel; text-style: bold; }
        &:focus > .compare--side-chosen {
            color: $block-cursor-foreground;
            background: $block-cursor-background;
        }
    }
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "compare--plain",
        "compare--muted",
        "compare--strong",
        "compare--accent",
        "compare--good",
        "compare--warn",
        "compare--bad",
        "compare--head",
        "compare--side",
        "compare--side-chosen",
    }

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "k,K",
            "keep",
            "Keep",
            id="compare.keep",
            tooltip="Keep the side marked ▶, stage the others (asks first)",
        ),
        Binding(
            "f",
            "frames",
            "Frames",
            id="compare.frames",
            tooltip="See frames of both copies from the same minutes",
        ),
        Binding("pageup", "page_up", "Page up", show=False, id="compare.page_up", tooltip="Scroll up"),
        Binding(
            "pagedown", "page_down", "Page down", show=False, id="compare.page_down", tooltip="Scroll down"
        ),
        Binding("up", "scroll_up", "Up", show=False, id="compare.up", tooltip="Scroll one line up"),
        Binding("down", "scroll_down", "Down", show=False, id="compare.down", tooltip="Scroll one line down"),
    ]

    right_chosen: reactive[bool] = reactive(False)
    """Whether the right side is the one that `keep` would keep."""

    other: reactive[int] = reactive(1)
    """Which copy stands beside the first."""

    @dataclass
    class Kept(Message):
        """The user wants to keep this copy and stage the others."""

        compare: Compare
        file: FileId

        @property
        def control(self) -> Compare:
            return self.compare

    @dataclass
    class FramesAsked(Message):
        """The user wants to see the two copies that stand side by side."""

        compare: Compare

        @property
        def control(self) -> Compare:
            return self.compare

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.comparison: Comparison | None = None
        """What is shown; None while it is on its way."""
        self._lines: Sequence[Line] = ()

    @property
    def chosen(self) -> FileId | None:
        """The copy on the side marked ▶."""
        if self.comparison is None or len(self.comparison.copies) < 2:
            return None
        return self.comparison.copies[self.other if self.right_chosen else 0].file.id

    def show(self, comparison: Comparison | None) -> None:
        """Show another group, its first pair, the recommended side chosen."""
        self.comparison = comparison
        self.refresh_bindings()
        self.set_reactive(Compare.right_chosen, False)
        self.set_reactive(Compare.other, 1)
        self._draw()
        self.scroll_home(animate=False)

    def next_pair(self) -> None:
        """Put the next copy beside the first."""
        if self.comparison is not None and (copies := len(self.comparison.copies)) > 2:
            self.other = self.other % (copies - 1) + 1

    def render_line(self, y: int) -> Strip:
        place = y + int(self.scroll_offset.y)
        width = self.size.width
        if place >= len(self._lines):
            return Strip.blank(width, self.rich_style)
        segments = [Segment(" " * _MARGIN, self.rich_style)]
        for text, tone in self._lines[place]:
            segments.append(
                Segment(text, self.rich_style + self.get_component_rich_style(f"compare--{tone}"))
            )
        return Strip(segments).adjust_cell_length(width, self.rich_style)

    def watch_right_chosen(self) -> None:
        self._draw()

    def watch_other(self) -> None:
        self._draw()

    def on_resize(self, event: events.Resize) -> None:
        self._draw()

    def on_focus(self) -> None:
        self.refresh()

    def on_blur(self) -> None:
        self.refresh()

    def action_keep(self) -> None:
        if (file := self.chosen) is not None:
            self.post_message(self.Kept(self, file))

    def action_frames(self) -> None:
        if self.chosen is not None:
            self.post_message(self.FramesAsked(self))

    def _draw(self) -> None:
        width = self.scrollable_content_region.width - 2 * _MARGIN
        self._lines = (
            compare(self.comparison, other=self.other, right_chosen=self.right_chosen, width=max(width, 30))
            if self.comparison is not None
            else ()
        )
        self.virtual_size = Size(width, len(self._lines))
        self.refresh()
