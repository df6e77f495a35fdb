"""A question to a disk or mount that may never answer: it has a thread of its own, and a deadline."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import TypeVar

DEADLINE = 5.0
"""Seconds for one question to a mount: a disk that takes longer to wake is asked over SMB, which waits."""

Answer = TypeVar("Answer")


def in_time(act: Callable[[], Answer], deadline: float = DEADLINE) -> Answer:
    """Return what `act` does, in a thread that nobody waits for: a dead mount holds it for ever.

    Raises: TimeoutError after `deadline` seconds, and the OSError of `act`.
    """
    done: SimpleQueue[Answer | OSError] = SimpleQueue()

    def run() -> None:
        try:
            done.put(act())
        except OSError as error:
            done.put(error)

    thread = threading.Thread(target=run, name="mount", daemon=True)
    thread.start()
    try:
        answer = done.get(timeout=deadline)
    except Empty:
        raise TimeoutError from None
    thread.join()  # it has nothing more to do; who forks next must be alone
    if isinstance(answer, OSError):
        raise answer
    return answer
