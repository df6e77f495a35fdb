"""A list of any length that draws only the lines that are seen.

Longer than the habit: cursor, marks, ranges and drawing share one state, and one widget draws them.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from mediavault_tui.ui.columns import Column, lay_out
from mediavault_tui.ui.format import fit
from mediavault_tui.ui.windows import FixedWindow, Window

Row = TypeVar("Row")

_HEADER = 1
_GUTTER = 2
"""Cells before the first column: the cursor's sign and the mark."""

_MARGIN = 1
"""Cells after the last column."""


class Listing(ScrollView, Generic[Row], can_focus=True, inherit_bindings=False):
    """Rows of a `Window` under one line of heads, with a cursor and marks.

    It moves freely over rows that are not here yet and asks for them with `Wanted`.
    A move of the cursor repaints two lines and nothing else.
    """

    HELP = "A list. Move with the arrows, PageUp, PageDown, Home and End."

    DEFAULT_CSS = """
    Listing {
        overflow-x: hidden;
        scrollbar-size-vertical: 1;
        background: $background;

        & > .listing--head { color: $foreground-muted; text-style: bold; }
        & > .listing--cursor { background: $block-cursor-background; color: $block-cursor-foreground; }
        & > .listing--resting { background: $surface; }
        & > .listing--marked { background: $accent 18%; }
        & > .listing--plain { color: $foreground; }
        & > .listing--muted { color: $foreground-muted; }
        & > .listing--strong { color: $foreground; text-style: bold; }
        & > .listing--accent { color: $text-accent; }
        & > .listing--good { color: $text-success; }
        & > .listing--warn { color: $text-warning; }
        & > .listing--bad { color: $text-error; }
    }
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "listing--head",
        "listing--cursor",
        "listing--resting",
        "listing--marked",
        "listing--plain",
        "listing--muted",
        "listing--strong",
        "listing--accent",
        "listing--good",
        "listing--warn",
        "listing--bad",
    }

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "step(-1)", "Up", show=False, id="list.up", tooltip="One row up"),
        Binding("down,j", "step(1)", "Down", show=False, id="list.down", tooltip="One row down"),
        Binding("pageup", "leap(-1)", "Page up", show=False, id="list.page_up", tooltip="One screen up"),
        Binding(
            "pagedown", "leap(1)", "Page down", show=False, id="list.page_down", tooltip="One screen down"
        ),
        Binding("home,g", "edge(False)", "First", show=False, id="list.first", tooltip="To the first row"),
        Binding("end,G", "edge(True)", "Last", show=False, id="list.last", tooltip="To the last row"),
        Binding("enter", "choose", "Open", id="list.open", tooltip="Open the row under the cursor"),
        Binding("space", "mark", "Mark", id="list.mark", tooltip="Mark this row, or take its mark away"),
        Binding(
            "v",
            "range",
            "Range",
            show=False,
            id="list.range",
            tooltip="Start a range here; once more marks all of it",
        ),
        Binding("i", "invert", "Invert", show=False, id="list.invert", tooltip="Mark what is not marked"),
    ]

    empty: reactive[str] = reactive("")
    """The sentence that stands where no row is: what this is, and what to do next."""

    @dataclass
    class About(Message):
        """The base: something that happened in one list."""

        listing: Listing[Any]

        @property
        def control(self) -> Listing[Any]:
            return self.listing

    @dataclass
    class Moved(About):
        """The cursor stands on another row (or its row has arrived)."""

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, Listing.Moved) and message.listing is self.listing

    class Chosen(About):
        """The user wants to open the row under the cursor."""

    class Marked(About):
        """Other rows are marked than before, or a range is begun."""

    class RangeChosen(About):
        """The user wants every row from `range_from` to the cursor marked."""

    class InvertChosen(About):
        """The user wants marked what is not, and the other way round."""

    @dataclass
    class Wanted(About):
        """Rows that are seen are not here; see `missing`."""

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, Listing.Wanted) and message.listing is self.listing

    def __init__(
        self,
        columns: Sequence[Column[Row]],
        *,
        key: Callable[[Row], Hashable],
        marking: bool = False,
        opening: bool = True,
        empty: str = "",
        opens: tuple[str, str] | None = None,
        id: str | None = None,
    ) -> None:
        """`key` identifies a row for ever (a file's id): marks are held by it.

        `opening`: whether enter does anything here. `opens`: what it does, in a word or two and in a
        sentence, where that is not to open the row.
        """
        super().__init__(id=id)
        self.wording = {"list.open": opens} if opens else {}
        """What bindings are called in this list, by their ids."""
        self.columns = columns
        self.key = key
        self.marking = marking
        self.opening = opening
        self.window: Window[Row] = FixedWindow()
        self.cursor = 0
        """The position of the row under the cursor; 0 in an empty list."""
        self.range_from: int | None = None
        """Where a range was begun."""
        self.marks: set[Any] = set()
        """Keys of the marked rows, wherever they are."""
        self.sorted: tuple[str, bool] | None = None
        """Key of the column that gives the order, and whether it descends."""
        self._laid: tuple[tuple[int, str], list[tuple[Column[Row], int]]] = ((0, ""), [])
        self._styles: dict[tuple[str, str], Style] = {}
        self.set_reactive(Listing.empty, empty)

    @property
    def current(self) -> Row | None:
        """The row under the cursor; None in an empty list or while it is on its way."""
        return self.window.row(self.cursor)

    @property
    def missing(self) -> tuple[int, int] | None:
        """First and last position of what is seen, if any of it is not here."""
        first = int(self.scroll_offset.y)
        last = min(first + max(self.size.height - _HEADER, 1), self.window.total) - 1
        absent = [index for index in range(first, last + 1) if self.window.row(index) is None]
        if self.cursor < self.window.total and self.window.row(self.cursor) is None:
            absent.append(self.cursor)
        return (min(absent), max(absent)) if absent else None

    def show(self, window: Window[Row], *, at: int = 0) -> None:
        """Show other rows, the cursor on position `at`."""
        self.window = window
        self.range_from = None
        self.cursor = max(0, min(at, window.total - 1))
        self.arrived()
        self._reveal()

    def arrived(self) -> None:
        """Draw anew: rows have come, or there are more or fewer."""
        self.virtual_size = Size(self.size.width, self.window.total + _HEADER)
        self.cursor = max(0, min(self.cursor, self.window.total - 1))
        self.refresh()
        self.post_message(self.Moved(self))

    def mark(self, keys: Iterable[Hashable]) -> None:
        """Let exactly these rows be marked."""
        self.marks = set(keys)
        self.range_from = None
        self.refresh()
        self.post_message(self.Marked(self))

    def keys_between(self, first: int, last: int, window: Window[Row] | None = None) -> set[Any]:
        """Return the keys of the rows from one position to another, as far as they are here.

        `window`: the one that was shown when rows were asked for; meanwhile another may be.
        """
        shown = self.window if window is None else window
        rows = (shown.row(index) for index in range(first, last + 1))
        return {self.key(row) for row in rows if row is not None}

    @property
    def ranged(self) -> tuple[int, int] | None:
        """First and last position of the range that is begun, if one is."""
        if self.range_from is None:
            return None
        return min(self.range_from, self.cursor), max(self.range_from, self.cursor)

    def mark_range(self, able: Container[Any] | None = None) -> None:
        """Mark the range that is begun: of its rows those that are `able`."""
        if (ranged := self.ranged) is not None:
            keys = self.keys_between(*ranged)
            self.mark(self.marks | {key for key in keys if able is None or key in able})

    def toggle(self, keys: Iterable[Hashable]) -> None:
        """Mark which of these rows are not marked, and take the others' marks away."""
        self.mark(self.marks ^ set(keys))

    def move_to(self, index: int) -> None:
        """Put the cursor on a position, as near as there is one."""
        before, self.cursor = self.cursor, max(0, min(index, self.window.total - 1))
        if self.cursor == before:
            return
        if self.range_from is not None:
            self.refresh()
        else:
            self.refresh_line(before + _HEADER)
            self.refresh_line(self.cursor + _HEADER)
        self._reveal()
        self.post_message(self.Moved(self))

    def render_line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width or self.size.width
        if y == 0:
            return self._head(width)
        index = y - _HEADER + int(self.scroll_offset.y)
        if index >= self.window.total:
            return self._sentence(y, width)
        row = self.window.row(index)
        under = self._under(index, row)
        if row is None:
            return Strip([Segment(fit("  ·", width), self._style("muted", under))], width)
        segments = [Segment(self._gutter(index, row), self._style("accent", under))]
        for place, (column, cells) in enumerate(self._layout(width)):
            text, tone = column.cell(row)
            gap = " " if place else ""
            segments.append(Segment(gap + fit(text, cells, right=column.right), self._style(tone, under)))
        return Strip(segments).adjust_cell_length(width, self._style("plain", under))

    def watch_empty(self) -> None:
        self.refresh()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._styles.clear()

    def on_resize(self, event: events.Resize) -> None:
        self.virtual_size = Size(event.size.width, self.window.total + _HEADER)
        self._reveal()

    def on_focus(self) -> None:
        self.refresh_line(self.cursor + _HEADER)

    def on_blur(self) -> None:
        self.refresh_line(self.cursor + _HEADER)

    def on_click(self, event: events.Click) -> None:
        index = event.y - _HEADER + int(self.scroll_offset.y)
        if event.y >= _HEADER and index < self.window.total:
            self.move_to(index)
            if event.chain > 1:
                self.action_choose()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        self._ask()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "choose":
            return self.opening
        return self.marking if action in ("mark", "range", "invert") else True

    def action_step(self, by: int) -> None:
        self.move_to(self.cursor + by)

    def action_leap(self, by: int) -> None:
        self.move_to(self.cursor + by * max(self.size.height - _HEADER - 1, 1))

    def action_edge(self, last: bool) -> None:
        self.move_to(self.window.total - 1 if last else 0)

    def action_choose(self) -> None:
        if self.current is not None:
            self.post_message(self.Chosen(self))

    def action_mark(self) -> None:
        if (row := self.current) is not None:
            self.marks ^= {self.key(row)}
            self.refresh_line(self.cursor + _HEADER)
            self.post_message(self.Marked(self))
            self.move_to(self.cursor + 1)

    def action_range(self) -> None:
        if self.range_from is None:
            self.range_from = self.cursor
            self.refresh_line(self.cursor + _HEADER)
            self.post_message(self.Marked(self))
        else:
            self.post_message(self.RangeChosen(self))

    def action_invert(self) -> None:
        self.post_message(self.InvertChosen(self))

    def _reveal(self) -> None:
        """Scroll as little as shows the cursor, and ask for what is then seen."""
        seen = max(self.size.height - _HEADER, 1)
        top = int(self.scroll_offset.y)
        if self.cursor < top:
            self.scroll_to(y=self.cursor, animate=False, force=True)
        elif self.cursor >= top + seen:
            self.scroll_to(y=self.cursor - seen + 1, animate=False, force=True)
        self._ask()

    def _ask(self) -> None:
        if self.is_mounted and self.missing is not None:
            self.post_message(self.Wanted(self))

    def _style(self, tone: str, under: str = "") -> Style:
        """Return the whole style of a tone on the list's ground, a mark or the cursor."""
        known = self._styles.get((tone, under))
        if known is None:
            known = self.rich_style + self.get_component_rich_style(f"listing--{tone}")
            if under:
                ground = self.get_component_rich_style(f"listing--{under}")
                # Under the cursor the colour must stay readable, whatever the tone.
                bold = Style(bold=known.bold)
                known = ground + bold if under == "cursor" else known + Style(bgcolor=ground.bgcolor)
            self._styles[(tone, under)] = known
        return known

    def _under(self, index: int, row: Row | None) -> str:
        """Return what lies under a line: the cursor, a mark, or nothing."""
        if index == self.cursor and self.has_focus:
            return "cursor"
        if self._in_range(index) or (row is not None and self.key(row) in self.marks):
            return "marked"
        return "resting" if index == self.cursor else ""

    def _in_range(self, index: int) -> bool:
        ranged = self.ranged
        return ranged is not None and ranged[0] <= index <= ranged[1]

    def _gutter(self, index: int, row: Row) -> str:
        cursor = "▌" if index == self.cursor else " "
        return cursor + ("●" if self.key(row) in self.marks else " ")

    def _layout(self, width: int) -> list[tuple[Column[Row], int]]:
        wanted = (width, self.sorted[0] if self.sorted is not None else "")
        if self._laid[0] != wanted:
            self._laid = (wanted, lay_out(self.columns, width - _GUTTER - _MARGIN, keep=wanted[1]))
        return self._laid[1]

    def _head(self, width: int) -> Strip:
        segments = [Segment(" " * _GUTTER, self._style("head"))]
        for place, (column, cells) in enumerate(self._layout(width)):
            title = column.title
            if self.sorted is not None and self.sorted[0] == column.key:
                title += "↓" if self.sorted[1] else "↑"
            gap = " " if place else ""
            segments.append(Segment(gap + fit(title, cells, right=column.right), self._style("head")))
        return Strip(segments).adjust_cell_length(width, self._style("head"))

    def _sentence(self, y: int, width: int) -> Strip:
        """Return a line below the last row: blank, or a line of the sentence of an empty list."""
        lines = self.empty.split("\n") if self.window.total == 0 else []
        place = y - _HEADER - 1
        text = lines[place] if 0 <= place < len(lines) else ""
        return Strip([Segment(fit("  " + text, width), self._style("muted"))], width)
