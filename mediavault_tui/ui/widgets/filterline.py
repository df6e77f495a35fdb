"""The line in which a list's filter is typed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input, Static


class FilterLine(Horizontal):
    """`/` and an input; it appears when it is asked for and stays while it holds something."""

    HELP = (
        "Type words of the title or the path; ! at the start turns the filter around. "
        "Enter goes to the list, <filter.clear:esc> clears it."
    )

    DEFAULT_CSS = """
    FilterLine {
        height: 1;
        display: none;
        background: $surface;
        padding: 0 1;

        &.-open { display: block; }
        & > Static { width: 2; color: $text-accent; text-style: bold; }
        & > Input { height: 1; width: 1fr; border: none; padding: 0; background: $surface; }
        & > Input:focus { border: none; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "clear", "Clear", id="filter.clear", tooltip="Show everything again"),
        Binding(
            "down", "leave", "To the list", show=False, id="filter.leave", tooltip="Keep it, go to the list"
        ),
    ]

    @dataclass
    class Filtered(Message):
        """Another filter holds: words, and whether they are turned around."""

        text: str
        inverse: bool

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, FilterLine.Filtered)

    class Entered(Message):
        """Enter was pressed in the line."""

    class Left(Message):
        """The user is done typing."""

    def compose(self) -> ComposeResult:
        yield Static("/")
        yield Input(placeholder="words of title or path; !words for all others", compact=True)

    @property
    def value(self) -> str:
        """The text as it was typed."""
        return self.query_one(Input).value

    def open(self) -> None:
        """Show the line and type into it."""
        self.add_class("-open")
        self.query_one(Input).focus()

    def show(self, text: str) -> None:
        """Show a filter that was set elsewhere, as if it had been typed."""
        with self.prevent(Input.Changed):
            self.query_one(Input).value = text
        self.add_class("-open")

    def clear(self) -> None:
        """Empty the line and put it away."""
        self.query_one(Input).value = ""
        self.remove_class("-open")

    def put(self, text: str) -> None:
        """Write another text into the line, as if it had been typed."""
        self.query_one(Input).value = text

    def action_clear(self) -> None:
        self.clear()
        self.post_message(self.Left())

    def action_leave(self) -> None:
        self.set_class(bool(self.value), "-open")
        self.post_message(self.Left())

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        text = event.value.strip()
        self.post_message(self.Filtered(text.removeprefix("!").strip(), text.startswith("!")))

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.post_message(self.Entered())
        self.action_leave()
