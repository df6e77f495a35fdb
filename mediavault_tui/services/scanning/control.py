"""Pause, resume and cancel, from the loop's thread to the threads that read."""

from __future__ import annotations

import threading
import time


class ScanControl:
    """The switches of one scan; every call is safe from every thread.

    The threads that read ask `stopped()` between two pieces of a file: it holds them
    while the scan is paused and says whether to give up.
    """

    def __init__(self) -> None:
        self._running = threading.Event()
        self._running.set()
        self._cancelled = False
        self._failed = False
        self._paused_since: float | None = None
        self._paused_for = 0.0

    def pause(self) -> None:
        """Hold the scan between two pieces of work; nothing is lost."""
        if self._running.is_set() and not self.over:
            self._paused_since = time.monotonic()
            self._running.clear()

    def resume(self) -> None:
        """Go on after a pause."""
        since, self._paused_since = self._paused_since, None
        if since is not None:
            self._paused_for += time.monotonic() - since
        self._running.set()

    def cancel(self) -> None:
        """End the scan inside the file that it reads; what it found so far stays."""
        self._cancelled = True
        self.resume()

    def fail(self) -> None:
        """End the scan's reading, also out of a pause: what it found can be kept no more."""
        self._failed = True
        self.resume()

    @property
    def paused(self) -> bool:
        """Whether the scan is held now."""
        return not self._running.is_set()

    @property
    def cancelled(self) -> bool:
        """Whether the scan was told to end."""
        return self._cancelled

    @property
    def over(self) -> bool:
        """Whether nothing more is to be read, because it was told to end or has failed."""
        return self._cancelled or self._failed

    @property
    def paused_for(self) -> float:
        """Seconds spent in pauses so far: no part of a rate."""
        since = self._paused_since
        return self._paused_for + (time.monotonic() - since if since is not None else 0.0)

    @property
    def limited(self) -> bool:
        """Whether `stopped` must be asked before every piece of work, paused or not."""
        return False

    @property
    def last_word(self) -> str:
        """What there is to say at the end of a scan that was not cancelled."""
        return ""

    def bytes_matter(self, matter: bool) -> None:
        """From now on bytes are read in quantity, or not any more."""

    def stopped(self) -> bool:
        """Wait while paused, then return whether to give up; for threads, never for the loop."""
        self._running.wait()
        return self.over
