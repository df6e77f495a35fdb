"""Every key of the app, place by place: the list of them, and what may be remapped to what."""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from textual.app import App
from textual.binding import Binding
from textual.content import Content
from textual.dom import DOMNode
from textual.keys import Keys, key_to_character
from textual.widgets import Input, TextArea

from mediavault_tui.errors import ConfigError
from mediavault_tui.ui import (
    batch,
    code,
    dialogs,
    frames,
    lacks,
    links,
    pattern,
    proposal,
    renaming,
    sessions,
    titles,
    turn,
    watching,
    worldpane,
)
from mediavault_tui.ui.keyed import keyed
from mediavault_tui.ui.pane import Pane
from mediavault_tui.ui.screens import chat, duplicates, inventory, pending, scanner, settings
from mediavault_tui.ui.widgets import compare, filterline, listing

PLACES: tuple[tuple[str, type[DOMNode]], ...] = (
    ("Every pane", Pane),
    ("Every list", listing.Listing),
    ("Inventory", inventory.InventoryScreen),
    ("Inventory: titles", worldpane.WorldPane),
    ("Which title is it?", titles.Titles),
    ("Missing episodes, better copies", lacks.Look),
    ("Duplicates", duplicates.DuplicatesScreen),
    ("Compare", compare.Compare),
    ("Pending", pending.PendingScreen),
    ("Scanner", scanner.ScannerScreen),
    ("Chat", chat.ChatScreen),
    ("A step of an answer", turn.Step),
    ("A proposal", proposal.Proposed),
    ("A statement", proposal.Statement),
    ("Sessions", sessions.Sessions),
    ("Settings", settings.SettingsScreen),
    ("Rename", renaming.Rename),
    ("A pattern of your own", pattern.OwnPattern),
    ("While a filter is typed", filterline.FilterLine),
    ("Every dialog", dialogs.Modal),
    ("A question", dialogs.Confirm),
    ("A word to be typed", dialogs.TypedWord),
    ("A line of text", dialogs.Line),
    ("A choice", dialogs.Choice),
    ("An error", dialogs.Trouble),
    ("Lines to read", dialogs.Text),
    ("All safe ones", batch.Batch),
    ("Watch", watching.Watch),
    ("A code to point at", code.Code),
    ("Links that work", links.Links),
    ("Frames of two copies", frames.Frames),
)
"""Every class that declares keys, but the app's own."""

TOGETHER: tuple[tuple[type[DOMNode], ...], ...] = (
    (listing.Listing, inventory.InventoryScreen),
    (filterline.FilterLine, inventory.InventoryScreen),
    (listing.Listing, duplicates.DuplicatesScreen),
    (compare.Compare, duplicates.DuplicatesScreen),
    (filterline.FilterLine, duplicates.DuplicatesScreen),
    (listing.Listing, pending.PendingScreen),
    (filterline.FilterLine, pending.PendingScreen),
    (listing.Listing, scanner.ScannerScreen),
    (listing.Listing, turn.Step, chat.ChatScreen),
    (listing.Listing, settings.SettingsScreen),
    (listing.Listing, titles.Titles),
    (listing.Listing, lacks.Look),
    (listing.Listing, proposal.Proposed),
    (listing.Listing, sessions.Sessions),
    (listing.Listing, renaming.Rename),
    (listing.Listing, batch.Batch),
)
"""What works at the same time: what has the focus, then what is around it. A pane has the app around it."""

CONFIRMING = frozenset({"confirm.yes", "batch.yes", "proposal.yes", "rename.yes"})
"""What says yes to an act."""

_BESIDE_A_LINE = frozenset(
    {
        "filter.clear", "filter.leave", "line.back", "pane.back", "pattern.back", "sessions.back",
        "sessions.list", "statement.back", "statement.run", "titles.back", "word.back",
    }
)  # fmt: skip
"""What must work while a line of text takes every character."""

_LEAVING = "ctrl+q"
"""Textual's own key, before every other."""

_MODIFIERS = ("ctrl", "alt", "shift", "super", "hyper", "meta")
_NAMES = frozenset(name for key in Keys if "<" not in (name := key.value.rpartition("+")[2]) and name)
_SPELLED = {
    "esc": "escape", "return": "enter", "del": "delete", "pgup": "pageup", "pgdn": "pagedown",
    "↑": "up", "↓": "down", "←": "left", "→": "right", "⏎": "enter",
}  # fmt: skip
"""What people write for them, and what the app shows."""

_SENT_AS = {
    "ctrl+i": "tab",
    "ctrl+m": "enter",
    "ctrl+h": "backspace",
    "ctrl+left_square_bracket": "escape",
    "ctrl+space": "ctrl+@",
}
"""What a terminal sends for them."""


def key_map(app: App[Any]) -> Content:
    """Return the places with their keys, ids and what each does."""
    remapped = getattr(app, "remapped", {})
    blocks = []
    for title, owner in (("Everywhere", type(app)), *PLACES):
        lines = []
        for binding in own_bindings(owner):
            if (keys := remapped.get(binding.id)) is not None:
                binding = binding.with_key(keys)
            shown = (app.get_key_display(each) for each in Binding.make_bindings([binding]))
            lines.append(
                Content.assemble(
                    (f"{','.join(dict.fromkeys(shown)):>11}", "bold $foreground"),
                    (f"  {binding.id:<22}", "$foreground-muted"),
                    (keyed(app, binding.tooltip), ""),
                )
            )
        blocks.append(Content("\n").join([Content.styled(title, "bold $text-accent"), *lines]))
    return Content("\n\n").join(blocks)


def own_bindings(owner: type[DOMNode]) -> Iterator[Binding]:
    """Yield the bindings that a class declares itself."""
    for binding in owner.__dict__.get("BINDINGS", ()):
        if isinstance(binding, Binding) and binding.id:
            yield binding


def read(entries: Sequence[str], app: type[App[Any]]) -> dict[str, str]:
    """Return the keys of MEDIAVAULT_KEYS as `App.set_keymap` wants them, by id.

    Raises: ConfigError with one sentence for each entry that cannot be.
    """
    everything = {binding.id: binding for _, owner in _owners(app) for binding in own_bindings(owner)}
    remapped: dict[str, str] = {}
    problems: list[str] = []
    for entry in entries:
        id, _, words = entry.partition("=")
        if id not in everything:
            near = difflib.get_close_matches(id, map(str, everything), n=1)
            hint = f"; did you mean {near[0]}?" if near else "."
            problems.append(
                f"no key has the id {id}{hint} The ids stand in docs/keys.md and, with m, in Settings"
            )
            continue
        keys = [_key(word) for word in words.split()]
        if wrong := [word for word, key in zip(words.split(), keys, strict=True) if key is None]:
            problems.append(
                f"{wrong[0]} for {id} is no key; write a character or a name as f1, ctrl+t, space, up"
            )
        else:
            remapped[id] = ",".join(dict.fromkeys(filter(None, keys)))
    problems += _forbidden(remapped, app)
    if problems:
        raise ConfigError("MEDIAVAULT_KEYS: " + "; ".join(dict.fromkeys(problems)))
    return remapped


def _key(word: str) -> str | None:
    """Return what a terminal calls a key; None if it is none."""
    word = _SPELLED.get(word.lower(), word)
    *modifiers, name = [word] if len(word) == 1 else word.split("+")
    modifiers = [modifier.lower() for modifier in modifiers]
    if any(modifier not in _MODIFIERS for modifier in modifiers):
        return None
    if len(name) == 1:
        if modifiers == ["shift"] and name.isalpha():
            return name.upper()
        (binding,) = Binding.make_bindings([Binding(name, "")])
        name = binding.key if not modifiers else binding.key.lower()
    else:
        name = name.lower()
        if name not in _NAMES and key_to_character(name) is None:
            return None
    key = "+".join([*sorted(modifiers, key=_MODIFIERS.index), name])
    return _SENT_AS.get(key, key)


def _forbidden(remapped: Mapping[str, str], app: type[App[Any]]) -> Iterator[str]:
    """Yield why a map cannot be, if it cannot."""
    own = {str(b.id): _split(b.key) for _, owner in _owners(app) for b in own_bindings(owner)}
    now = own | {id: _split(keys) for id, keys in remapped.items()}
    yes = {key: id for id in sorted(CONFIRMING) for key in now[id]}
    for id, keys in now.items():
        for key in keys:
            # All of them are looked at: the key that confirms may be the one that was changed.
            if key in yes and id not in CONFIRMING:
                yield f"{id} and {yes[key]} would both be on {key}; the key that confirms starts nothing"
            if id not in remapped:
                continue
            if key == _LEAVING:
                yield f"{id} cannot be on {key}, which always leaves the app"
            if id in _BESIDE_A_LINE and _typed(key, TextArea if id.startswith("statement.") else Input):
                yield f"{id} cannot be on {key}, which a line of text takes; choose esc, f2 or ctrl+t"
    beside: dict[tuple[str, str], list[str]] = defaultdict(list)
    for chain in _chains(app):
        before = {pair for pair, _ in _shared(chain, own)}
        for pair, key in _shared(chain, now):
            if pair not in before and not (key in yes and CONFIRMING & set(pair)):
                id, other = pair if pair[0] in remapped else pair[::-1]
                beside[id, key].append(other)
    for (id, key), others in beside.items():
        yield f"{id} would be on {key} beside {', '.join(dict.fromkeys(others))}; give one another key"


def _typed(key: str, line: type[Input | TextArea]) -> bool:
    """Return whether a line of text takes a key for itself."""
    own = {binding.key for binding in Binding.make_bindings(line.BINDINGS)}
    return key in own or key == "enter" or key_to_character(key) is not None


def _owners(app: type[App[Any]]) -> Iterator[tuple[str, type[DOMNode]]]:
    yield "Everywhere", app
    yield from PLACES


def _chains(app: type[App[Any]]) -> Iterator[tuple[type[DOMNode], ...]]:
    """Yield all that works at the same time; each place stands for itself too."""
    for chain in (*TOGETHER, *((owner,) for _, owner in PLACES)):
        yield (*chain, app) if issubclass(chain[-1], Pane) else chain


def _shared(
    chain: Sequence[type[DOMNode]], keys: Mapping[str, tuple[str, ...]]
) -> Iterator[tuple[tuple[str, str], str]]:
    """Yield two ids and the key that both are on, as far as they work at the same time."""
    on: dict[str, list[str]] = defaultdict(list)
    for node in chain:
        for owner in node.__mro__:
            for binding in own_bindings(owner) if issubclass(owner, DOMNode) else ():
                for key in keys[str(binding.id)]:
                    on[key].append(str(binding.id))
    for key, ids in on.items():
        for place, id in enumerate(ids):
            for other in ids[place + 1 :]:
                yield (id, other) if id < other else (other, id), key


def _split(keys: str) -> tuple[str, ...]:
    return tuple(binding.key for binding in Binding.make_bindings([Binding(keys, "")]))
