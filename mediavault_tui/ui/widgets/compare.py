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

from mediavault_tui.domain.library import Comparison, GroupSummary
from mediavault_tui.ui.comparing import Aim, Line, compare, same_copies, to_come

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

    steps: reactive[int] = reactive(0)
    """How often the next copy was put beside the first; the pairs come round."""

    @dataclass
    class Kept(Message):
        """The user wants to keep the copy on the side marked ▶ and stage the others."""

        compare: Compare
        aim: Aim

        @property
        def control(self) -> Compare:
            return self.compare

    @dataclass
    class FramesAsked(Message):
        """The user wants to see the two copies that stand side by side."""

        compare: Compare
        aim: Aim

        @property
        def control(self) -> Compare:
            return self.compare

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.group: GroupSummary | None = None
        """What is compared, also while its copies are on their way."""
        self.comparison: Comparison | None = None
        """The group's copies; None while they are on their way."""
        self._lines: Sequence[Line] = ()

    @property
    def aim(self) -> Aim | None:
        """What a key that is pressed now means; None without a group."""
        return Aim(self.group, self.steps, self.right_chosen, self.comparison) if self.group else None

    def expect(self, group: GroupSummary | None) -> None:
        """Turn to a group whose copies are on their way: nothing of another one stays to be decided.

        Side and pair may be chosen before the copies are here.
        """
        another = group is None or self.group is None or group.id != self.group.id
        self.group = group
        if another:
            self._start_over()

    def show(self, comparison: Comparison) -> None:
        """Show the copies of the group that was expected; those of any other come too late."""
        if self.group is None or comparison.group.id != self.group.id:
            return
        if self.comparison is not None and not same_copies(self.comparison, comparison):
            self._start_over()  # what was chosen among other copies is not chosen among these
        self.comparison = comparison
        self._draw()

    def _start_over(self) -> None:
        self.comparison = None
        self.set_reactive(Compare.right_chosen, False)
        self.set_reactive(Compare.steps, 0)
        self._draw()
        self.scroll_home(animate=False)

    def next_pair(self) -> None:
        """Put the next copy beside the first."""
        self.steps += 1

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

    def watch_steps(self) -> None:
        self._draw()

    def on_resize(self, event: events.Resize) -> None:
        self._draw()

    def on_focus(self) -> None:
        self.refresh()

    def on_blur(self) -> None:
        self.refresh()

    def action_keep(self) -> None:
        if (aim := self.aim) is not None:
            self.post_message(self.Kept(self, aim))

    def action_frames(self) -> None:
        if (aim := self.aim) is not None:
            self.post_message(self.FramesAsked(self, aim))

    def _draw(self) -> None:
        width = max(self.scrollable_content_region.width - 2 * _MARGIN, 30)
        self._lines = ()
        if (aim := self.aim) is not None:
            pair = aim.pair
            self._lines = compare(pair, width=width) if pair is not None else to_come(aim.group, width)
        self.virtual_size = Size(width, len(self._lines))
        self.refresh()
