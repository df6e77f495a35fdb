"""The keys that work now, on two lines at the foot of a pane."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from textual.binding import ActiveBinding
from textual.content import Content
from textual.screen import Screen
from textual.style import Style
from textual.widget import Widget

from mediavault_tui.ui.keyed import working

_LAST = ("pane.back", "app.undo", "app.help", "app.menu", "app.quit")
"""Back, everything back, to all the other keys, out: in their corner however narrow the terminal."""

_MOVES = frozenset(
    {
        "chat.down", "chat.up", "compare.down", "compare.page_down", "compare.page_up", "compare.up",
        "list.down", "list.first", "list.last", "list.page_down", "list.page_up", "list.up",
    }
)  # fmt: skip
"""How one moves is known to most: named where there is room."""

_GAP = 2


class KeyBar(Widget):
    """Shows each active binding, the most needed first, as far as there is room; clickable."""

    DEFAULT_CSS = """
    KeyBar {
        dock: bottom;
        height: 2;
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
        active = [each for each in working(self.screen) if not _elsewhere(each)]
        last = sorted((each for each in active if each.binding.id in _LAST), key=_place_in_the_corner)
        first = sorted((each for each in active if each.binding.id not in _LAST), key=_rank)
        corner = Content(" " * _GAP).join(map(self._entry, last))
        width = self.size.width
        entries = map(self._entry, first)
        above, left = _fill(entries, width)
        below, _ = _fill([*left, *entries], width - corner.cell_length - _GAP)
        room = " " * max(width - below.cell_length - corner.cell_length, 0)
        return Content.assemble(above, "\n", below, room, corner)

    def _entry(self, active: ActiveBinding) -> Content:
        binding = active.binding
        key = self.app.get_key_display(binding)
        entry = Content.assemble((key, "bold $text-accent"), " ", binding.description)
        pressed = {"@click": f"app.simulate_key({binding.key.partition(',')[0]!r})"}
        return entry.stylize(Style.from_meta(pressed))

    def _keys_changed(self, screen: Screen[object]) -> None:
        self.refresh()


def _elsewhere(active: ActiveBinding) -> bool:
    """Return whether a key is named already: the panes' at the top, the right side with the left."""
    return active.binding.action.startswith("pane(") or active.binding.id == "duplicates.right"


def _rank(active: ActiveBinding) -> int:
    binding = active.binding
    return 2 if binding.id in _MOVES else 0 if binding.show else 1


def _place_in_the_corner(active: ActiveBinding) -> int:
    return _LAST.index(str(active.binding.id))


def _fill(entries: Iterable[Content], width: int) -> tuple[Content, Iterator[Content]]:
    """Return a line of as many entries as fit, and the one that did not, if any."""
    line = Content("")
    for entry in entries:
        longer = Content.assemble(line, " " * _GAP, entry) if line else entry
        if longer.cell_length > width:
            return line, iter([entry])
        line = longer
    return line, iter(())
