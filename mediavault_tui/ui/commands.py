"""The palette and the help: every binding that works now, by name and in words."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from textual.app import App, SystemCommand
from textual.binding import Binding
from textual.content import Content
from textual.screen import Screen

from mediavault_tui.ui.keyed import keyed, working


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
    """Return what the focused widget is for, and each key that works with it, in words."""
    focused = app.focused
    blocks: list[Content] = []
    intro = getattr(focused, "HELP", None) or getattr(app.screen, "HELP", None)
    if intro:
        blocks.append(Content(keyed(app, intro)))
    by_node: dict[Any, list[Content]] = {}
    for node, binding, _, tooltip in working(app.screen):
        by_node.setdefault(node, []).append(_line(app, binding, tooltip))
    for node, lines in by_node.items():
        title = "Everywhere" if node is app else "In this pane" if node is app.screen else "Here"
        blocks.append(Content("\n").join([Content.styled(title, "bold $text-accent"), *lines]))
    return Content("\n\n").join(blocks)


def _line(app: App[Any], binding: Binding, tooltip: str) -> Content:
    key = app.get_key_display(binding)
    words = keyed(app, tooltip) or binding.description
    return Content.assemble((f"{key:>10}", "bold $foreground"), "  ", (words, "$foreground-muted"))
