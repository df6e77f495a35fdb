"""From names to identities for the inventory: each distinct name is parsed once, for ever.

Regular names are quicker to read than to look up, so only those that our own rules
leave go through the cache `name_guesses` and, if it has them not, through guessit.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from mediavault_tui.domain.identity import identify, regular
from mediavault_tui.domain.model import Identity
from mediavault_tui.domain.pathtext import display
from mediavault_tui.store import arrivals
from mediavault_tui.store.database import Connection

_CONTEXT = 4
"""Path components that an identity is read from."""


def name_of(path: bytes, root: bytes) -> str:
    """Return the text that identity and search go by: the path from the root's own folder on."""
    start = root.rstrip(b"/").rfind(b"/") + 1
    return display(path[start:])


def key_of(name: str) -> str:
    """Return the part of a name that decides its identity: the cache's key."""
    return "/".join(name.split("/")[-_CONTEXT:])


async def identities(conn: Connection, names: Sequence[str]) -> list[Identity]:
    """Return the identity of each name: from our rules, the cache, or guessit and then the cache."""
    found: dict[str, Identity] = {}
    for name in names:
        if guess := regular(name):
            found[name] = identify(name, guess)
    keys = {name: key_of(name) for name in names if name not in found}
    if not keys:
        return [found[name] for name in names]
    # Only odd names need it, and every scan would wait for the import.
    from mediavault_tui.probe.filename import PARSER, from_json, identify_many, to_json

    known = await arrivals.known_names(conn, PARSER, set(keys.values()))
    unknown = sorted({key for key in keys.values() if key not in known})
    if unknown:
        parsed = await asyncio.to_thread(identify_many, unknown)
        fresh = {key: to_json(identity) for key, identity in zip(unknown, parsed, strict=True)}
        await arrivals.remember_names(conn, PARSER, fresh)
        known |= fresh
    found |= {name: from_json(known[key]) for name, key in keys.items()}
    return [found[name] for name in names]
