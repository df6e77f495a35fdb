"""Many folders listed at once, for a disk or a network that must be waited for.

A module of its own: a walk that finds everything in memory starts without threads and queues.
"""

from __future__ import annotations

from collections.abc import Iterator
from queue import SimpleQueue
from threading import Thread

from mediavault_tui.domain.fenced import Fenced
from mediavault_tui.sources.local.folders import Folder, Listing, list_folder

_LISTERS = 4
"""Folders listed at once. A disk would take more, but Python runs one thread at a time between
two system calls: with eight a cold walk of 4,000 folders took half as long again."""
_ASKED = 64
"""Folders handed to the threads at a time; the rest wait, so that memory does not grow."""


class Listers:
    """Threads that look into folders ahead of the one who iterates."""

    def __init__(self, skip: Fenced) -> None:
        self._skip = skip
        self._asked: SimpleQueue[Folder | None] = SimpleQueue()
        self._done: SimpleQueue[Listing | BaseException] = SimpleQueue()

    def listings(self, todo: list[Folder]) -> Iterator[Listing]:
        """Yield all folders of `todo` and below them; raise what a thread raised."""
        threads = [Thread(target=self._list, name=f"lister-{n + 1}") for n in range(_LISTERS)]
        out = 0
        try:
            for thread in threads:
                thread.start()
            while todo or out:
                while todo and out < _ASKED:
                    self._asked.put(todo.pop())
                    out += 1
                listing = self._done.get()
                if isinstance(listing, BaseException):
                    raise listing
                out -= 1
                todo += listing.below
                yield listing
        finally:
            while not self._asked.empty():
                self._asked.get()
            for _ in threads:
                self._asked.put(None)
            for thread in threads:
                if thread.ident is not None:
                    thread.join()

    def _list(self) -> None:
        try:
            while (folder := self._asked.get()) is not None:
                self._done.put(list_folder(folder, self._skip))
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that iterates
            self._done.put(error)
