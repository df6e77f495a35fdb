"""Acts that outlive their callers: how long the program waits for them at its end, and what they do after.

A thread that a disk holds cannot be stopped. When nobody waits for it any more its acts are the next
start's, so a thread asks whether they are still its own right before it renames or removes anything.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from mediavault_tui.errors import DatabaseDown
from mediavault_tui.store import acts
from mediavault_tui.store.database import Connection

LEAVE_WITHIN = 5.0
"""Seconds that the program waits at its end for acts that are under way."""

_Answer = TypeVar("_Answer")


class LetGo(Exception):
    """The acts of a thread are not its own any more: it ends before its next change."""


class Hold:
    """Whether acts are still those of whoever began them; shared by the threads that carry them out.

    They are while the block of `on` runs, if the database does not lose their locks: a thread that goes on
    after that ends before its next change.
    """

    def __init__(self) -> None:
        self._over = threading.Event()

    @contextmanager
    def on(self, conn: Connection) -> Iterator[None]:
        """Have the acts, whose locks are `conn`'s, until the block ends; it must before they are given back.

        Raises: DatabaseDown if the locks were lost with the connection.
        """
        with acts.watched(conn, self._over.set):
            try:
                yield
            except LetGo as error:
                raise DatabaseDown(acts.LOST) from error
            finally:
                self._over.set()

    def __call__(self) -> None:
        """Return if the acts are still ours. Raises: LetGo."""
        if self._over.is_set():
            raise LetGo


class Running:
    """The batches that are under way: a cancelled caller does not stop them, the end of the program does."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    @property
    def idle(self) -> bool:
        """Whether nothing is under way: a thread of it may hang in the middle of a change."""
        return not self._tasks

    async def finish(self, batch: Coroutine[Any, Any, _Answer]) -> _Answer:
        """Return what comes of a batch, which goes on to its end if we are cancelled."""
        task = asyncio.ensure_future(batch)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return await asyncio.shield(task)

    async def close(self) -> None:
        """Wait a little for what is under way, then let go of it: the next start finishes or undoes it."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=LEAVE_WITHIN)
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=LEAVE_WITHIN)
