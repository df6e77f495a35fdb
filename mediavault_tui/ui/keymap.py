"""Every key of the app with the id that it is remapped by, pane by pane."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from textual.app import App
from textual.binding import Binding
from textual.content import Content
from textual.dom import DOMNode

from mediavault_tui.ui import batch, dialogs, titles, worldpane
from mediavault_tui.ui.pane import Pane
from mediavault_tui.ui.screens import duplicates, inventory, pending, scanner, settings
from mediavault_tui.ui.widgets import compare, filterline, listing

_PLACES: tuple[tuple[str, type[DOMNode]], ...] = (
    ("Every pane", Pane),
    ("Every list", listing.Listing),
    ("Inventory", inventory.InventoryScreen),
    ("Inventory: titles", worldpane.WorldPane),
    ("Which title is it?", titles.Titles),
    ("Duplicates", duplicates.DuplicatesScreen),
    ("Compare", compare.Compare),
    ("Pending", pending.PendingScreen),
    ("Scanner", scanner.ScannerScreen),
    ("Settings", settings.SettingsScreen),
    ("While a filter is typed", filterline.FilterLine),
    ("A question", dialogs.Confirm),
    ("All sure ones", batch.Batch),
)


def key_map(app: App[Any]) -> Content:
    """Return the places with their keys, ids and what each does."""
    blocks = []
    for title, owner in (("Everywhere", type(app)), *_PLACES):
        lines = [
            Content.assemble(
                (f"{app.get_key_display(binding):>11}", "bold $foreground"),
                (f"  {binding.id:<22}", "$foreground-muted"),
                (binding.tooltip, ""),
            )
            for binding in _bindings(owner)
        ]
        blocks.append(Content("\n").join([Content.styled(title, "bold $text-accent"), *lines]))
    return Content("\n\n").join(blocks)


def _bindings(owner: type[DOMNode]) -> Iterator[Binding]:
    for binding in owner.__dict__.get("BINDINGS", ()):
        if isinstance(binding, Binding) and binding.id:
            yield binding
