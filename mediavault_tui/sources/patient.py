"""A share whose server may go away for a while: every question is asked again until it is back.

For scans only, which change nothing: a look, a listing or a read that was cut off can be repeated.
A file that is open is opened again and read on where it stopped, if it is still the same file.
"""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TypeVar

from mediavault_tui.domain.model import FileStamp
from mediavault_tui.domain.pathtext import display
from mediavault_tui.errors import (
    SourceBusy,
    SourceChanged,
    SourceOffline,
)
from mediavault_tui.sources.base import FoundFile, RangedReader, WalkError
from mediavault_tui.sources.share_holding import ShareSource
from mediavault_tui.sources.turns import Turns

_FIRST, _LONGEST = 0.2, 5.0
"""Seconds between two attempts, doubled each time."""
_READERS = 4
"""Threads that may read at once, unless told otherwise."""

Answer = TypeVar("Answer")


class Patient:
    """A `Source` in front of a share; what changes something is passed on and asked once."""

    def __init__(
        self,
        share: ShareSource,
        *,
        patience: float,
        given_up: Callable[[], bool],
        waiting: Callable[[str], None],
        turns: Turns | None = None,
    ) -> None:
        """`patience`: seconds; `given_up` ends a wait; `waiting` is told why a thread waits, then ''.

        `turns`: how many may read at once; one that nobody shares otherwise.
        """
        self.name = share.name
        self.turns = turns or Turns(_READERS)
        self._share = share
        self.read_by: Callable[[bytes], AbstractContextManager[RangedReader]] = share.open
        """How a file is opened for reading: over SMB, unless a mount of the share is faster."""
        self._patience = patience
        self._given_up = given_up
        self._waiting = waiting
        self._in_vain = False

    def again(self, ask: Callable[[], Answer]) -> Answer:
        """Ask until there is an answer; raises SourceOffline when patience is at its end.

        A server that was waited for in vain is asked once from then on, until it answers again.
        """
        until = time.monotonic() + (0 if self._in_vain else self._patience)
        pause = _FIRST
        try:
            while True:
                try:
                    answer = ask()
                except SourceOffline as error:
                    if isinstance(error, SourceBusy):
                        self.turns.refused()
                    if time.monotonic() + pause > until or self._given_up():
                        self._in_vain = True
                        raise
                    self._waiting(f"waiting for the server: {error}")
                else:
                    self._in_vain = False
                    return answer
                time.sleep(pause * random.uniform(0.8, 1.2))  # noqa: S311 - readers must not knock together
                pause = min(pause * 2, _LONGEST)
        finally:
            self._waiting("")

    def walk(
        self, root: bytes, *, skip: frozenset[bytes], on_error: Callable[[WalkError], None]
    ) -> Iterator[list[FoundFile]]:
        """Walk; see `sources.base.Source.walk`. Each folder is asked for again until there is an answer.

        Raises SourceOffline when patience is at its end: what was not listed is not believed to be gone.
        """
        return self._share.walk(root, skip=skip, on_error=on_error, again=self.again)

    def names_in(self, folder: bytes) -> list[bytes]:
        """Return every name in a folder."""
        return self.again(lambda: self._share.names_in(folder))

    def stat(self, path: bytes) -> FoundFile:
        """Look at one file now."""
        return self.again(lambda: self._share.stat(path))

    @contextmanager
    def open(self, path: bytes) -> Iterator[RangedReader]:
        """Open for ranged reading that outlives the connection."""
        reader = _Reopening(self, self._share, path)
        try:
            yield reader
        finally:
            reader.close()

    def move(self, source: bytes, destination: bytes) -> None:
        """Rename on the server."""
        self._share.move(source, destination)

    def remove(self, path: bytes) -> None:
        """Remove one file."""
        self._share.remove(path)

    def make_folder(self, path: bytes) -> None:
        """Make a folder and its parents."""
        self._share.make_folder(path)


class _Reopening:
    """An open file that is opened again when its connection is lost."""

    def __init__(self, patient: Patient, share: ShareSource, path: bytes) -> None:
        self.path = path
        self._patient = patient
        self._share = share
        self._first: FileStamp | None = None
        self._opened: contextlib.ExitStack | None = None
        self._reader = patient.again(self._open)

    def _open(self) -> RangedReader:
        self.close()
        stack = contextlib.ExitStack()
        reader = stack.enter_context(self._patient.read_by(self.path))
        self._opened = stack
        stamp = reader.stamp()
        if self._first is None:
            self._first = stamp
        elif stamp != self._first:
            raise SourceChanged(
                f"{display(self.path)} changed while it was read; scan again when it is at rest"
            )
        return reader

    def close(self) -> None:
        """Close what is open; a connection that is gone has closed it already."""
        stack, self._opened = self._opened, None
        if stack is not None:
            with contextlib.suppress(SourceOffline):
                stack.close()

    def read_into(self, offset: int, buffer: memoryview) -> int:
        """Fill `buffer` from `offset`; return the bytes read, fewer only at the end."""
        turns = self._patient.turns
        try:
            with turns.turn():
                begun = time.monotonic()
                count = self._reader.read_into(offset, buffer)
                turns.took(time.monotonic() - begun, count)
                return count
        except SourceOffline:
            return self._anew(lambda reader: reader.read_into(offset, buffer))

    def stamp(self) -> FileStamp:
        """Return the stamp of the very file that is open."""
        return self._ask(lambda reader: reader.stamp())

    def _ask(self, ask: Callable[[RangedReader], Answer]) -> Answer:
        try:
            return ask(self._reader)
        except SourceOffline:
            return self._anew(ask)

    def _anew(self, ask: Callable[[RangedReader], Answer]) -> Answer:
        return self._patient.again(lambda: self._once_more(ask))

    def _once_more(self, ask: Callable[[RangedReader], Answer]) -> Answer:
        self._reader = self._open()
        return ask(self._reader)
