"""Files read in threads beside the loop, which writes down what they have found so far."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from queue import Empty, SimpleQueue
from typing import TypeVar

from mediavault_tui.services.scanning.control import ScanControl

CHECKPOINT = 2.0
"""Seconds after which what was read is written down: a kill loses no more."""

Done = TypeVar("Done")


async def read_in_threads(
    read: Callable[[], None], *, threads: int, control: ScanControl, save: Callable[[], Awaitable[None]]
) -> None:
    """Let so many threads `read`; `save` what they found every few seconds, and once they are through.

    `read` asks `control.stopped` on its way. If it cannot be saved, or one of them fails, the others are
    told so and waited for: nobody would keep what they read.
    Raises: what `save` or `read` raised.
    """
    crew = {asyncio.create_task(asyncio.to_thread(read)) for _ in range(threads)}
    try:
        running = crew
        while running:
            finished, running = await asyncio.wait(running, timeout=CHECKPOINT)
            await save()
            for reader in finished:
                reader.result()
    except BaseException:
        control.fail()
        raise
    finally:
        await asyncio.gather(*crew, return_exceptions=True)


def drain(queue: SimpleQueue[Done]) -> list[Done]:
    """Return all that is in the queue now."""
    drained: list[Done] = []
    while True:
        try:
            drained.append(queue.get_nowait())
        except Empty:
            return drained
