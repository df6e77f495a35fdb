"""The line for a pattern of one's own, with the fields that it may have."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input, Static

from mediavault_tui.domain.renaming import FIELDS, named
from mediavault_tui.errors import UsageError
from mediavault_tui.ui import describe
from mediavault_tui.ui.dialogs import Modal


class OwnPattern(Modal[str | None]):
    """Asks for a pattern; answers one that can be filled, or nothing."""

    HELP = "A path below the library, with fields in braces. Enter keeps it, <pattern.back:esc> leaves it."

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Back", id="pattern.back", tooltip="Leave everything as it is"),
    ]

    DEFAULT_CSS = """
    OwnPattern {
        & > #frame { width: 100; }
        #wrong { color: $text-error; height: auto; }
    }
    """

    def __init__(self, value: str) -> None:
        super().__init__("A pattern of your own", [("enter", "keep it"), ("<pattern.back:esc>", "go back")])
        self.value = value

    def body(self) -> ComposeResult:
        yield Input(self.value, id="line", select_on_focus=False)
        yield Static(id="wrong")
        fields = "  ".join(f"{{{name}}}" for name in FIELDS)
        yield Static(describe.plain([fields, "", "With {numbers} it is for episodes, else for films."]))

    def on_mount(self) -> None:
        self.query_one(Input).cursor_blink = False
        self.query_one(Input).focus()

    @on(Input.Submitted)
    def _keep(self, event: Input.Submitted) -> None:
        event.stop()
        try:
            named(event.value.strip())
        except UsageError as error:
            self.query_one("#wrong", Static).update(describe.plain([str(error)]))
            return
        self.dismiss(event.value.strip())
