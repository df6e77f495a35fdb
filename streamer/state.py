"""What every handler may use: one value, kept in the application under a typed key."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Hashable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import partial
from typing import Generic, TypeVar

from aiohttp import web

from mediavault_tui.domain.accounts import Claims, SessionId
from mediavault_tui.domain.model import FileId
from mediavault_tui.domain.streaming import ServedFile
from mediavault_tui.services.accounts import Accounts, SignedIn
from mediavault_tui.services.library import Library
from mediavault_tui.services.preview import PreviewLinks
from mediavault_tui.settings import Settings
from mediavault_tui.sources.base import Source
from mediavault_tui.store.database import Database
from streamer.metrics import Metrics
from streamer.open_files import Held, Opening
from streamer.sending import Sender

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")

REMEMBERED_FOR = 2.0
"""Seconds that an answer of the database is believed; a NOTIFY makes it forgotten at once."""


class Remembered(Generic[Key, Value]):
    """Answers that are worth asking for only once in a while: a player asks for one file all the time.

    However many want one at the same time, it is asked for once; and one that is in use is asked
    for again before it is over, so that nobody waits.
    """

    def __init__(self, *, most: int = 1024, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._clock = clock
        self._kept: dict[Key, tuple[float, Value]] = {}
        self._asked: dict[Key, asyncio.Task[Value]] = {}
        self._age = 0

    async def get(self, key: Key, ask: Callable[[], Awaitable[Value]]) -> Value:
        """Return what is remembered for `key`, else what `ask` answers; an exception is not remembered."""
        kept, now = self._kept.get(key), self._clock()
        if kept is not None and kept[0] > now:
            if kept[0] - now < REMEMBERED_FOR / 2:
                self._ask(key, ask)
            return kept[1]
        return await asyncio.shield(self._ask(key, ask))  # whoever asks first may leave before the others

    def _ask(self, key: Key, ask: Callable[[], Awaitable[Value]]) -> asyncio.Task[Value]:
        asked = self._asked.get(key)
        if asked is None:
            asked = self._asked[key] = asyncio.ensure_future(self._answer(key, ask, self._age))
            asked.add_done_callback(partial(self._answered, key))
        return asked

    async def _answer(self, key: Key, ask: Callable[[], Awaitable[Value]], age: int) -> Value:
        try:
            value = await ask()
        except BaseException:
            if age == self._age:
                self._kept.pop(key, None)
            raise
        if age == self._age:  # nothing was forgotten while it was on its way
            if len(self._kept) >= self._most:
                self._kept.clear()
            self._kept[key] = (self._clock() + REMEMBERED_FOR, value)
        return value

    def _answered(self, key: Key, asked: asyncio.Task[Value]) -> None:
        if self._asked.get(key) is asked:
            del self._asked[key]
        if not asked.cancelled():
            asked.exception()  # seen: who still waits is told by `get`

    def known(self, key: Key) -> Value | None:
        """Return what is remembered for `key`, if anything is."""
        kept = self._kept.get(key)
        return kept[1] if kept is not None and kept[0] > self._clock() else None

    def forget(self) -> None:
        """Ask anew from now on."""
        self._age += 1
        self._kept.clear()
        self._asked.clear()


@dataclass(slots=True)
class State:
    """The sidecar's parts. `sources`: by the name in `media_files.source`."""

    database: Database
    settings: Settings
    accounts: Accounts
    links: PreviewLinks
    library: Library
    sources: Mapping[str, Callable[[], Source]]
    """What makes each source, which may block: a share asks for its password."""
    pools: Mapping[str, Executor]
    """Threads for each source: one that hangs holds up nobody who reads from another."""
    sender: Sender
    metrics: Metrics
    held: dict[ServedFile, Held] = field(default_factory=dict)
    """Files that are open, or were a moment ago."""
    opening: dict[ServedFile, Opening] = field(default_factory=dict)
    """Files that are about to be."""
    files: Remembered[FileId, ServedFile | None] = field(default_factory=Remembered)
    sessions: Remembered[SessionId, SignedIn] = field(default_factory=Remembered)
    link_claims: Remembered[tuple[str, FileId], Claims] = field(default_factory=Remembered)
    accounts_exist: Remembered[None, bool] = field(default_factory=Remembered)

    def heard(self, notice: str) -> None:
        """Forget what a NOTIFY `<kind>:<id>` says has changed."""
        kind = notice.partition(":")[0]
        if kind in ("users", "session", "link", "all"):
            self.sessions.forget()
            self.link_claims.forget()
            self.accounts_exist.forget()
        if kind not in ("users", "session", "link"):
            self.files.forget()


SENT: web.RequestKey[int] = web.RequestKey("sent", int)
"""Under this a request keeps how many bytes of a file went out, for the log."""

WHO: web.RequestKey[str] = web.RequestKey("who", str)
"""Under this a request keeps who asked, for the log."""

INSIDER: web.RequestKey[bool] = web.RequestKey("insider", bool)
"""Under this a request keeps that a login let it in, or this machine: they may read where things lie."""

ADDRESS: web.RequestKey[str] = web.RequestKey("address", str)
"""Under this a request keeps where it came from, for the log."""

BEGAN: web.RequestKey[float] = web.RequestKey("began", float)
"""Under this a request keeps when it came, for the clock of first bytes."""

STATE: web.AppKey[State] = web.AppKey("state", State)


def state(request: web.Request) -> State:
    """Return the sidecar's parts."""
    return request.app[STATE]
