"""Blocking work on many things: a few at once, in threads, all of it ended before anything else is done."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from mediavault_tui.errors import Refused, SourceError

AT_ONCE = 4
"""Files looked at or moved at once: a server is asked for the next while an answer is on its way."""

Item = TypeVar("Item")
Answer = TypeVar("Answer")


async def at_once(
    act: Callable[[Item], Answer], items: Sequence[Item]
) -> list[Answer | Refused | SourceError]:
    """Do `act` to each item; what refuses or fails is an answer too.

    Any other exception is raised, when all that had begun has ended: no thread of ours goes on after it.
    Who is cancelled does not wait, for a disk may hang for ever: what had begun goes on, nothing else begins.
    """
    answers: list[Answer | Refused | SourceError | None] = [None] * len(items)
    coming = enumerate(items)
    lock = threading.Lock()
    stopped = threading.Event()

    def run() -> None:
        while not stopped.is_set():
            with lock:
                number, item = next(coming, (-1, None))
            if number < 0:
                return
            try:
                answers[number] = act(item)  # type: ignore[arg-type]  # None only at the end
            except (Refused, SourceError) as error:
                answers[number] = error
            except BaseException:
                stopped.set()
                raise

    threads = (asyncio.to_thread(run) for _ in range(min(AT_ONCE, len(items))))
    try:
        for ended in await asyncio.gather(*threads, return_exceptions=True):
            if ended is not None:
                raise ended
    finally:
        stopped.set()
    return answers  # type: ignore[return-value]  # each has its answer now


def chunks(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    """Yield `items` in runs of at most `size`."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
