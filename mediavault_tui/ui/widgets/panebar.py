"""Where one is: the panes with their numbers, the way into the present one, the state of things."""

from __future__ import annotations

from textual.content import Content
from textual.reactive import reactive
from textual.style import Style
from textual.widget import Widget

from mediavault_tui.ui.format import crop, visible
from mediavault_tui.ui.keyed import keyed

PANES = {
    "inventory": "Inventory",
    "duplicates": "Duplicates",
    "pending": "Pending",
    "scanner": "Scanner",
    "chat": "Chat",
    "settings": "Settings",
}
"""The panes in the order of their number keys."""

NUMBERS = {pane: number for number, pane in enumerate(PANES, start=1)}
"""The number key of each pane."""

_CRUMBS = 20
"""Cells left free for crumbs, where there are any: the titles of the last panes go first."""


class PaneBar(Widget):
    """One line: `1 Inventory  2 Duplicates …`, crumbs, and on the right the status."""

    DEFAULT_CSS = """
    PaneBar {
        dock: top;
        height: 1;
        background: $panel;
        color: $foreground-muted;
        padding: 0 1;
    }
    """

    auto_links = False
    """Keys look like keys, not like links."""

    crumbs: reactive[str] = reactive("")
    """Where inside the pane: the title of the group that is open, say. Text from outside."""

    status: reactive[str] = reactive("")
    """What goes on elsewhere: a running scan, read-only."""

    def __init__(self, pane: str) -> None:
        super().__init__()
        self.pane = pane

    def on_mount(self) -> None:
        self.watch(self.app, "status", self._status_changed)

    def render(self) -> Content:
        parts: list[Content] = []
        room = self.size.width - len(visible(self.status)) - (_CRUMBS if self.crumbs else 0)
        for pane, title in PANES.items():
            number = keyed(self.app, f"<app.{pane}:{NUMBERS[pane]}>")
            room -= len(title) + 4
            here = pane == self.pane
            entry = Content.assemble(
                (number, "bold $accent"), " ", (title, "bold $foreground" if here else "")
            )
            if room < 0 and not here:
                entry = Content.styled(number, "bold $accent")
            if here:
                entry = Content.assemble(("▸", "bold $accent"), entry)
            parts.append(entry.stylize(Style.from_meta({"@click": f"app.pane({pane!r})"})))
        left = Content("  ").join(parts)
        status = visible(self.status)
        room = self.size.width - left.cell_length - len(status) - 2
        if self.crumbs and room > 8:
            left = Content.assemble(left, ("  › ", "$accent"), crop(visible(self.crumbs), room - 4))
        gap = max(self.size.width - left.cell_length - Content(status).cell_length, 1)
        return Content.assemble(left, " " * gap, (status, "$text-warning"))

    def _status_changed(self, status: str) -> None:
        self.status = status
