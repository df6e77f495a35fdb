"""Sentences that name keys: each names the one that works, also where it is another than the app's own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from textual.app import App
from textual.binding import ActiveBinding, Binding
from textual.dom import DOMNode
from textual.screen import Screen

_NAMED = re.compile(r"<([a-z]+\.[a-z0-9_]+):([^<>]+)>")
"""`<app.undo:u>`: a binding's id, and how its own key is called where the sentence stands."""


class KeyedApp(App[None]):
    """An app whose keys may be other ones than its bindings say."""

    remapped: Mapping[str, str] = {}
    """The keys of those bindings that have others than their own, by id, with commas between."""


def keyed(app: App[Any], sentence: str) -> str:
    """Return a sentence of ours with the keys that work in the place of `<id:key>`.

    Never for text from outside: a file may be called anything.
    """
    remapped = app.remapped if isinstance(app, KeyedApp) else {}

    def name(found: re.Match[str]) -> str:
        keys = remapped.get(found[1])
        return found[2] if keys is None else app.get_key_display(Binding(keys.partition(",")[0], ""))

    return _NAMED.sub(name, sentence)


def working(screen: Screen[Any]) -> list[ActiveBinding]:
    """Return every binding of ours that works now, once each, in the order of the declarations.

    Textual puts a remapped one behind all others of its class.
    """
    nodes: dict[DOMNode, list[str | None]] = {}
    found: dict[str, ActiveBinding] = {}
    for active in screen.active_bindings.values():
        if active.enabled and active.binding.id:
            nodes.setdefault(active.node, _declared(type(active.node)))
            found.setdefault(active.binding.id, active)
    places = list(nodes)
    return sorted(
        found.values(), key=lambda each: (places.index(each.node), nodes[each.node].index(each.binding.id))
    )


def _declared(owner: type[DOMNode]) -> list[str | None]:
    """Return the ids of a class's bindings, those of its bases first."""
    classes = (vars(each).get("BINDINGS", ()) for each in reversed(owner.__mro__))
    return [binding.id for bindings in classes for binding in bindings if isinstance(binding, Binding)]
