"""Small local files, hashed by several processes: one alone is kept busy by Python itself.

For the command line only: a process is forked, which must not happen where threads run.
"""

from __future__ import annotations

import mmap
import os
import signal
import struct
from collections.abc import Sequence

from mediavault_tui.probe.hashing import WHOLE, new_buffer
from mediavault_tui.probe.wholefiles import CHANGED, SmallFile, hash_whole

_FEW = 2000
"""Up to so many files a second process costs more than it brings."""
_TURNS = 4000
"""Pieces of work at most: their numbers must fit into a pipe all at once."""
_TURN_FILES, _TURN_FILES_AHEAD = 128, 512
"""Files of a turn at least: more when they are fetched ahead, for a turn begins without any."""
_TURN = struct.Struct("=I")
_DIGEST = 16
_UNREAD, _HASHED, _CHANGED = 0, 255, 254
"""States of a file in the shared table; any other is an errno, and none is that high."""


def hash_forked(
    files: Sequence[SmallFile], *, processes: int, threads: int = 1, ahead: bool = False
) -> list[bytes | int]:
    """Return what `hash_whole` returns for all `files`, read by so many processes and threads of each.

    `ahead`: they are on a disk, and are to be fetched before they are read. The processes share
    a table of answers and a pipe from which each takes the number of its next piece, so that the
    faster one does more. What a killed process left is read here.
    """
    if len(files) <= _FEW and threads == 1:
        return hash_whole(files, ahead=ahead)
    table = _Table(files, ahead=ahead)
    children: list[int] = []
    try:
        for _ in range(processes - 1):
            child = os.fork()
            if child == 0:
                _be_child(table, threads)
            children.append(child)
        table.work(threads)
    except BaseException:
        for child in children:
            os.kill(child, signal.SIGKILL)
        raise
    finally:
        for child in children:
            os.waitpid(child, 0)
        table.close()
    return table.answers()


def _be_child(table: _Table, threads: int) -> None:
    """Work, then end at once: nothing of the parent's (buffers, handlers) may run twice."""
    code = 1
    try:
        table.work(threads)
        code = 0
    finally:
        os._exit(code)


class _Table:
    """The work and its answers, in memory that forked processes share."""

    def __init__(self, files: Sequence[SmallFile], *, ahead: bool) -> None:
        self._files = files
        self._ahead = ahead
        self._digests = mmap.mmap(-1, max(len(files), 1) * _DIGEST)
        self._states = mmap.mmap(-1, max(len(files), 1))
        self._batch = max(_TURN_FILES_AHEAD if ahead else _TURN_FILES, len(files) // _TURNS + 1)
        self._turns, numbers = os.pipe()
        for start in range(0, len(files), self._batch):
            os.write(numbers, _TURN.pack(start))
        os.close(numbers)

    def close(self) -> None:
        """Close the pipe; the answers stay."""
        os.close(self._turns)

    def work(self, threads: int) -> None:
        """Take turns until there are none, in so many threads."""
        if threads == 1:
            self._take_turns()
            return
        from threading import Thread  # needed only where nothing can be fetched ahead

        crew = [Thread(target=self._take_turns) for _ in range(threads)]
        for thread in crew:
            thread.start()
        for thread in crew:
            thread.join()

    def _take_turns(self) -> None:
        buffer = new_buffer(WHOLE + 1)
        while number := os.read(self._turns, _TURN.size):
            (start,) = _TURN.unpack(number)
            turn = self._files[start : start + self._batch]
            answers = hash_whole(turn, buffer=buffer, ahead=self._ahead)
            self._put(start, answers)

    def _put(self, start: int, answers: list[bytes | int]) -> None:
        stop = start + len(answers)
        digests = b"".join([a if isinstance(a, bytes) else bytes(_DIGEST) for a in answers])
        self._digests[start * _DIGEST : stop * _DIGEST] = digests
        self._states[start:stop] = bytes(
            [_HASHED if isinstance(a, bytes) else (_CHANGED if a == CHANGED else a) for a in answers]
        )

    def answers(self) -> list[bytes | int]:
        """Return the answer of every file; those that nobody gave are read now."""
        digests, states = self._digests[:], self._states[:]
        answers: list[bytes | int] = []
        for number, state in enumerate(states):
            if state == _HASHED:
                answers.append(digests[number * _DIGEST : (number + 1) * _DIGEST])
            elif state == _UNREAD:
                answers += hash_whole(self._files[number : number + 1])
            else:
                answers.append(CHANGED if state == _CHANGED else state)
        return answers[: len(self._files)]
