"""From names to identities for the inventory: each distinct name is parsed once, for ever.

Regular names are quicker to read than to look up, so only those that our own rules
leave go through the cache `name_guesses` and, if it has them not, through guessit.
"""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor

from mediavault_tui.domain.identity import identify, regular
from mediavault_tui.domain.model import Identity
from mediavault_tui.domain.paths import display
from mediavault_tui.probe.filename import PARSER, from_json, identify_many, to_json
from mediavault_tui.store import arrivals
from mediavault_tui.store.database import Connection

_WORTH_A_PROCESS = 3000
"""Names from which a worker process pays for its start."""
_BATCH = 2000
"""Names in one message to the worker."""
_CONTEXT = 4
"""Path components that an identity is read from."""


def name_of(path: bytes, root: bytes) -> str:
    """Return the text that identity and search go by: the path from the root's own folder on."""
    start = root.rstrip(b"/").rfind(b"/") + 1
    return display(path[start:])


def key_of(name: str) -> str:
    """Return the part of a name that decides its identity: the cache's key."""
    return "/".join(name.split("/")[-_CONTEXT:])


def quick_halves(names: Sequence[str]) -> list[str | None]:
    """Return each regular name's identity half (`store.arrivals`); None where it takes guessit."""
    halves: list[str | None] = []
    for name in names:
        guess = regular(name)
        halves.append(arrivals.identity_half(name, identify(name, guess)) if guess else None)
    return halves


class QuickReader:
    """Reads regular names beside the loop: in a worker process when they are many.

    Use it as a context manager; the process is started at the first large batch.
    """

    def __init__(self, *, expected: int) -> None:
        self._many = expected >= _WORTH_A_PROCESS
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> QuickReader:
        if self._many:
            # Threads run in this process: a fork could copy a lock that one of them holds.
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(1, mp_context=context)
            self._pool.submit(quick_halves, ())  # start now, while there is other work
        return self

    def __exit__(self, *_exception: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def submit(self, names: Sequence[str]) -> asyncio.Future[list[str | None]]:
        """Begin to read the names."""
        return asyncio.get_running_loop().run_in_executor(self._pool, quick_halves, names)


def batches(count: int) -> Iterator[slice]:
    """Cut so many names into messages."""
    for start in range(0, count, _BATCH):
        yield slice(start, start + _BATCH)


async def identities(conn: Connection, names: Sequence[str]) -> list[Identity]:
    """Return the identity of each name: from our rules, the cache, or guessit and then the cache."""
    found: dict[str, Identity] = {}
    for name in names:
        if guess := regular(name):
            found[name] = identify(name, guess)
    keys = {name: key_of(name) for name in names if name not in found}
    known = await arrivals.known_names(conn, PARSER, set(keys.values())) if keys else {}
    unknown = sorted({key for key in keys.values() if key not in known})
    if unknown:
        parsed = await asyncio.to_thread(identify_many, unknown)
        fresh = {key: to_json(identity) for key, identity in zip(unknown, parsed, strict=True)}
        await arrivals.remember_names(conn, PARSER, fresh)
        known |= fresh
    found |= {name: from_json(known[key]) for name, key in keys.items()}
    return [found[name] for name in names]
