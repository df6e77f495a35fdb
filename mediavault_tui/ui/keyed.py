"""Sentences that name keys: each names the one that works, also where it is another than the app's own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from textual.app import App
from textual.binding import ActiveBinding, Binding
from textual.dom import DOMNode
from textual.keys import REPLACED_KEYS, key_to_character
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
        if active.enabled and active.binding.id and not _typed(screen, active):
            nodes.setdefault(active.node, _declared(type(active.node)))
            found.setdefault(active.binding.id, _worded(active))
    places = list(nodes)
    return sorted(
        found.values(), key=lambda each: (places.index(each.node), nodes[each.node].index(each.binding.id))
    )


def _typed(screen: Screen[Any], active: ActiveBinding) -> bool:
    """Return whether a line of text takes the key; Textual itself does not know the slash as a character."""
    key, line = active.binding.key, screen.focused
    character = key_to_character(REPLACED_KEYS.get(key, key))
    return line is not None and line is not active.node and line.check_consume_key(key, character)


def _worded(active: ActiveBinding) -> ActiveBinding:
    """Return a binding as its widget calls it: enter opens one list's row, and scans another's again."""
    wording: Mapping[str, tuple[str, str]] = getattr(active.node, "wording", {})
    if (words := wording.get(str(active.binding.id))) is None:
        return active
    return active._replace(binding=replace(active.binding, description=words[0]), tooltip=words[1])


def _declared(owner: type[DOMNode]) -> list[str | None]:
    """Return the ids of a class's bindings, those of its bases first."""
    classes = (vars(each).get("BINDINGS", ()) for each in reversed(owner.__mro__))
    return [binding.id for bindings in classes for binding in bindings if isinstance(binding, Binding)]
