"""The keys that work now, on one line at the foot of a pane."""

from __future__ import annotations

from textual.content import Content
from textual.screen import Screen
from textual.style import Style
from textual.widget import Widget

from mediavault_tui.ui.keyed import working

_LAST = ("app.undo", "app.help", "app.menu")
"""One takes everything back, two lead to all others: shown however narrow the terminal."""

_GAP = 2


class KeyBar(Widget):
    """Shows each active binding that wants to be shown, as far as there is room; clickable."""

    DEFAULT_CSS = """
    KeyBar {
        dock: bottom;
        height: 1;
        background: $panel;
        color: $foreground-muted;
        padding: 0 1;
    }
    """

    auto_links = False
    """Keys look like keys, not like links."""

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._keys_changed)

    def render(self) -> Content:
        first: list[Content] = []
        last: list[Content] = []
        for _, binding, _, _ in working(self.screen):
            if not binding.show:
                continue
            key = self.app.get_key_display(binding)
            entry = Content.assemble((key, "bold $text-accent"), " ", binding.description)
            pressed = {"@click": f"app.simulate_key({binding.key.partition(',')[0]!r})"}
            entry = entry.stylize(Style.from_meta(pressed))
            (last if binding.id in _LAST else first).append(entry)
        gap = Content(" " * _GAP)
        room = self.size.width + _GAP - sum(entry.cell_length + _GAP for entry in last)
        shown: list[Content] = []
        for entry in first:
            room -= entry.cell_length + _GAP
            if room < 0:
                break
            shown.append(entry)
        return gap.join([*shown, *last])

    def _keys_changed(self, screen: Screen[object]) -> None:
        self.refresh()
