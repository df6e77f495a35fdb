"""How many files of a share are read at once: fewer while its server is busy, one more after a calm while.

Two things say that it is busy: it refuses for lack of resources, or its answers take many times as long
as they did. A server that grants fewer credits makes requests wait, which shows as the same.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_MIB = 1024 * 1024
_SLOWER = 5.0
"""An answer that takes so many times as long as the quickest means that the server is busy…"""
_SLOW = 0.25
"""…if it takes so many seconds at all, for each MiB or for less."""
_WEIGHT = 0.3
"""Of the newest answer in the mean; the mean of six slow answers is slow."""


class Turns:
    """Gives threads their turn to read; share it freely between them."""

    def __init__(
        self,
        most: int = 1,
        *,
        hold_s: float = 5.0,
        calm_s: float = 20.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`hold_s`: seconds between two steps down; `calm_s`: between the last one and a step up."""
        self.now = self.most = most
        self._hold, self._calm, self._clock = hold_s, calm_s, clock
        self._changed = threading.Condition()
        self._reading = 0
        self._stepped = -hold_s
        self._quickest: float | None = None
        self._mean = 0.0

    def allow(self, most: int) -> None:
        """Let so many read at once from now on, as long as the server is not busy."""
        with self._changed:
            self.now = self.most = most
            self._changed.notify_all()

    @property
    def slowed(self) -> str:
        """In words, that fewer are read at once than might be; empty otherwise."""
        now, most = self.now, self.most
        return f"the server is busy: {now} of {most} files read at once" if now < most else ""

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for a turn and hold it."""
        with self._changed:
            self._changed.wait_for(lambda: self._reading < self.now)
            self._reading += 1
        try:
            yield
        finally:
            with self._changed:
                self._reading -= 1
                self._changed.notify()

    def took(self, seconds: float, count: int) -> None:
        """Take note of how long `count` bytes took."""
        seconds /= max(count / _MIB, 1)
        with self._changed:
            self._quickest = seconds if self._quickest is None else min(self._quickest, seconds)
            self._mean += (seconds - self._mean) * _WEIGHT
            if self._mean > max(_SLOW, _SLOWER * self._quickest):
                self._down()
            elif self.now < self.most and self._clock() - self._stepped > self._calm:
                self._stepped = self._clock()
                self.now += 1
                self._changed.notify()

    def refused(self) -> None:
        """Take note that the server has no room for more."""
        with self._changed:
            self._down()

    def _down(self) -> None:
        now = self._clock()
        if now - self._stepped >= self._hold:
            self.now = max(1, self.now - 1)
            self._stepped = now
