"""The palette and the help: every binding that works now, by name and in words."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from textual.app import App, SystemCommand
from textual.binding import Binding
from textual.content import Content
from textual.screen import Screen

from mediavault_tui.ui.format import wrap
from mediavault_tui.ui.keyed import keyed, working
from mediavault_tui.ui.widgets.listing import Listing

_KEY = 10
"""Cells of the column of keys."""
_WIDE, _AROUND = 72, 12
"""Cells of a line of help at most, and those that the panel leaves around it on a narrow screen."""


def commands(app: App[Any], screen: Screen[Any]) -> Iterator[SystemCommand]:
    """Yield every binding that works on `screen`, and the choice of a theme, as commands."""
    yield SystemCommand("Theme", "Choose other colours", app.action_change_theme)
    if app.is_web:
        yield SystemCommand(
            "Log out", "End this login in the browser", partial(app.open_url, "/logout", new_tab=False)
        )
    for node, binding, _, tooltip in working(screen):
        if binding.id == "app.menu":
            continue
        title = f"{binding.description} ({app.get_key_display(binding)})"

        async def run(action: str = binding.action, namespace: Any = node) -> None:
            await app.run_action(action, namespace)

        yield SystemCommand(title, keyed(app, tooltip) or binding.description, run)


def help_text(app: App[Any]) -> Content:
    """Return what the focused widget and the pane are for, and each key that works there, in words.

    How one moves in a list is known to most: what the pane does with it comes first.
    """
    keys: dict[Any, list[Content]] = {}
    for node, binding, _, tooltip in working(app.screen):
        keys.setdefault(node, []).append(_line(app, binding, tooltip))
    blocks: list[Content] = []
    for node in sorted(keys, key=lambda node: 2 if node is app else isinstance(node, Listing)):
        if intro := getattr(node, "HELP", None):
            blocks.append(Content(keyed(app, intro)))
        here = "In this dialog" if app.screen.is_modal else "In this pane"
        title = "Everywhere" if node is app else here if node is app.screen else "Here"
        blocks.append(Content("\n").join([Content.styled(title, "bold $text-accent"), *keys[node]]))
    return Content("\n\n").join(blocks)


def _line(app: App[Any], binding: Binding, tooltip: str) -> Content:
    key = app.get_key_display(binding)
    words = keyed(app, tooltip) or binding.description
    room = min(app.size.width - _AROUND, _WIDE) - _KEY - 2
    hanging = f"\n{'':{_KEY + 2}}".join(wrap(words, max(room, 20)))
    return Content.assemble((f"{key:>{_KEY}}", "bold $foreground"), "  ", (hanging, "$foreground-muted"))
