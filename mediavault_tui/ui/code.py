"""An address as a QR code in the terminal, for a phone or tablet."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static

from mediavault_tui.ui.describe import plain
from mediavault_tui.ui.dialogs import Modal
from mediavault_tui.ui.keyed import keyed


class Code(Modal[None]):
    """An address as a QR code in half blocks, or why it does not fit."""

    HELP = "Point a phone or tablet at it. <code.back:esc> goes back."

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,r", "dismiss(None)", "Back", id="code.back", tooltip="Put the code away"),
    ]

    DEFAULT_CSS = """
    Code {
        & > #frame { width: auto; height: auto; max-width: 100%; max-height: 100%; padding: 0; border: none; }
        #keys { display: none; }
        #code { width: auto; }
        &.-no > #frame { width: 70; padding: 1 2; border: round $border; }
    }
    """

    def __init__(self, address: str) -> None:
        super().__init__("QR code", [("<code.back:esc>", "go back")])
        self.address = address

    def body(self) -> ComposeResult:
        columns, rows = self.app.size
        rendered = qr(self.address)
        lines = rendered.split("\n")
        if len(lines) <= rows and len(lines[0]) <= columns:
            yield Static(Content.styled(rendered, "black on white"), id="code")
            return
        self.add_class("-no")
        again = keyed(self.app, "<watch.code:r>")
        yield Static(
            plain(
                [
                    (
                        f"The code needs {len(lines[0])} columns and {len(lines)} rows; the terminal has "
                        f"{columns} and {rows}. Make it larger, or its letters smaller, and "
                        f"press {again} again."
                    ),
                    "",
                    keyed(self.app, "<code.back:esc> goes back."),
                ]
            ),
            id="code",
        )


def qr(address: str) -> str:
    """Return an address as a QR code of half blocks, dark on light, with a quiet zone of two."""
    import segno

    matrix = [
        [bool(dark) for dark in row]
        for row in segno.make(address, error="l", micro=False).matrix_iter(border=2)
    ]
    if len(matrix) % 2:
        matrix.append([False] * len(matrix[0]))
    cells = {(True, True): "█", (True, False): "▀", (False, True): "▄", (False, False): " "}
    pairs = zip(matrix[::2], matrix[1::2], strict=True)
    return "\n".join("".join(cells[pair] for pair in zip(top, bottom, strict=True)) for top, bottom in pairs)
