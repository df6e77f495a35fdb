"""One key after another: the next is looked at when the one before has had its effect.

Two keys may come in one packet. Textual gives both to what has the focus at that moment, so that the second
would still go to the list that the first has just left. A key that is held waits for nothing: it repeats what
it does, and the list is drawn once for many of them.
"""

from __future__ import annotations

import asyncio
from collections import deque
from functools import partial
from typing import Any

from textual import events
from textual.dom import DOMNode
from textual.message import Message
from textual.screen import Screen

from mediavault_tui.ui.keyed import KeyedApp

_LAPS = 3
"""The key itself; what its action announces; what is announced in answer to that."""

_PATIENCE = 0.5
"""Seconds after which the next key is looked at, come what may."""

_GLANCE = 0.05
"""Seconds between looks whether what had the focus is still there: what goes away may take a lap with it."""


class AsksFirst:
    """Put before a dialog that asks before an act: what was typed before it was there answers nothing.

    No `Screen`, for styles go by the first base that is one.
    """


class InOrderApp(KeyedApp):
    """An app in which a key waits for another one before it, and never for anything else."""

    class Lap(Message, verbose=True):
        """Goes from what had the focus up to the app, behind all that was on that way before it."""

        def __init__(self, turn: int, laps: int, start: DOMNode) -> None:
            super().__init__()
            self.turn = turn
            self.laps = laps
            self.start = start

    def __init__(self) -> None:
        super().__init__()
        self._typed: deque[tuple[events.Key | events.Paste, Screen[Any] | None]] = deque()
        """What waits, with the screen on which it was typed."""
        self._key: str | None = None
        """The key that is on its way, or the last that was."""
        self._turn = 0
        self._patience: asyncio.TimerHandle | None = None
        """Runs while a key is on its way."""

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, events.Key | events.Paste) and not event.is_forwarded:
            held = not self._typed and _key(event) == self._key
            self._typed.append((event, self.screen if self.screen_stack else None))
            if self._patience is None or held:
                await self._look_at_the_next()
        else:
            await super().on_event(event)

    async def on_in_order_app_lap(self, lap: Lap) -> None:
        if lap.turn != self._turn:
            return  # somebody lost patience with it
        if lap.laps < _LAPS:
            self._send_round(lap.start, lap.laps + 1)
        else:
            await self._look_at_the_next()

    async def _look_at_the_next(self) -> None:
        self._turn += 1
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None
        if not self.screen_stack:
            return  # what is typed so early waits for the first pane
        while self._typed and isinstance(self.screen, AsksFirst) and self.screen is not self._typed[0][1]:
            self._typed.popleft()
        if not self._typed:
            return
        start = self._focus
        self._have_patience(start, _PATIENCE)
        event, _ = self._typed.popleft()
        self._key = _key(event)
        await super().on_event(event)
        self._send_round(start, 1)

    def _have_patience(self, start: DOMNode, seconds: float) -> None:
        again = partial(self.call_later, self._lose_patience, self._turn, start, seconds - _GLANCE)
        self._patience = asyncio.get_running_loop().call_later(_GLANCE, again)

    async def _lose_patience(self, turn: int, start: DOMNode, seconds: float) -> None:
        if turn != self._turn:
            return
        if seconds > 0 and self._is_here(start):
            self._have_patience(start, seconds)
        else:
            await self._look_at_the_next()

    @property
    def _focus(self) -> DOMNode:
        return self.focused or self.screen

    def _is_here(self, node: DOMNode) -> bool:
        return node.is_attached and node.screen is self.screen

    def _send_round(self, start: DOMNode, laps: int) -> None:
        """Send a lap from where the key began; where that is gone, from what has the focus now."""
        if not self._is_here(start):
            start = self._focus
        start.post_message(self.Lap(self._turn, laps, start))


def _key(event: events.Key | events.Paste) -> str | None:
    return event.key if isinstance(event, events.Key) else None
