"""A share whose server may go away for a while: every question is asked again until it is back.

For scans only, which change nothing: a look, a listing or a read that was cut off can be repeated.
A file that is open is opened again and read on where it stopped, if it is still the same file.
"""

from __future__ import annotations

import contextlib
import random
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from mediavault_tui.domain.media import skipped
from mediavault_tui.domain.model import FileStamp
from mediavault_tui.domain.pathtext import display
from mediavault_tui.errors import SourceChanged, SourceDenied, SourceError, SourceMissing, SourceOffline
from mediavault_tui.sources.base import FoundFile, RangedReader, WalkError
from mediavault_tui.sources.share_holding import Listed, ShareSource
from mediavault_tui.sources.smb_stamps import inode
from mediavault_tui.sources.smb_values import REPARSE_POINT

_FIRST, _LONGEST = 0.2, 5.0
"""Seconds between two attempts, doubled each time."""

_LISTERS = 4
"""Folders listed at once."""

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
    ) -> None:
        """`patience`: seconds; `given_up` ends a wait; `waiting` is told why a thread waits, then ''."""
        self.name = share.name
        self._share = share
        self._patience = patience
        self._given_up = given_up
        self._waiting = waiting
        self._device: int | None = None

    def again(self, ask: Callable[[], Answer]) -> Answer:
        """Ask until there is an answer; raises SourceOffline when patience is at its end."""
        until = time.monotonic() + self._patience
        pause = _FIRST
        try:
            while True:
                try:
                    return ask()
                except SourceOffline as error:
                    if time.monotonic() + pause > until or self._given_up():
                        raise
                    self._waiting(f"waiting for the server: {error}")
                time.sleep(pause * random.uniform(0.8, 1.2))  # noqa: S311 - readers must not knock together
                pause = min(pause * 2, _LONGEST)
        finally:
            self._waiting("")

    def walk(
        self, root: bytes, *, skip: frozenset[bytes], on_error: Callable[[WalkError], None]
    ) -> Iterator[list[FoundFile]]:
        """Walk; see `sources.base.Source.walk`. Each folder is asked for again until there is an answer.

        Four folders are listed at once, so that a far server does not make a walk wait for each.
        """
        try:
            top = self.again(lambda: self._share.list_folder(root))
        except SourceError as error:
            raise SourceOffline(str(error)) from error
        with ThreadPoolExecutor(_LISTERS, "lister") as pool:
            asked: deque[tuple[bytes, Future[Sequence[Listed]]]] = deque()
            folders: list[bytes] = []
            entries: Sequence[Listed] = top
            here = root
            try:
                while True:
                    found = self._sort_out(here, entries, skip, folders)
                    self._fill(asked, folders, pool)
                    if found:
                        yield found
                    entries, here = (), b""
                    while asked and not entries:
                        here, listing = asked.popleft()
                        try:
                            entries = listing.result()
                        except SourceMissing:
                            pass  # gone since it was met: it is simply not there
                        except SourceError as error:
                            on_error(WalkError(here, str(error)))
                        if not entries:
                            self._fill(asked, folders, pool)
                    if not entries:
                        return
            finally:
                for _, listing in asked:
                    listing.cancel()

    def _fill(
        self,
        asked: deque[tuple[bytes, Future[Sequence[Listed]]]],
        folders: list[bytes],
        pool: ThreadPoolExecutor,
    ) -> None:
        while folders and len(asked) < 2 * _LISTERS:
            below = folders.pop()
            asked.append((below, pool.submit(self._list, below)))

    def _list(self, folder: bytes) -> Sequence[Listed]:
        return self.again(lambda: self._share.list_folder(folder))

    def _device_of(self, path: bytes) -> int:
        """Return the number of the share's volume, asked once for one of its files: listings leave it out."""
        if self._device is None:
            try:
                self._device = self.stat(path).stamp.device
            except (SourceMissing, SourceDenied, SourceChanged):
                return 0  # the next file will tell
        return self._device

    def _sort_out(
        self, folder: bytes, entries: Sequence[Listed], skip: frozenset[bytes], below: list[bytes]
    ) -> list[FoundFile]:
        """Return the files of a folder; put the folders to enter into `below`."""
        found = []
        for entry in entries:
            path = folder.rstrip(b"/") + b"/" + entry.name
            if entry.attributes & REPARSE_POINT:
                continue  # links are not followed
            if not entry.is_folder:
                number = inode(entry.file_id, path)
                stamp = FileStamp(self._device_of(path), number, entry.size, entry.modified_ns)
                found.append(FoundFile(path, stamp, 1))
            elif not skipped(entry.name) and path not in skip:
                below.append(path)
        return found

    def names_in(self, folder: bytes) -> list[bytes]:
        """Return every name in a folder."""
        return [entry.name for entry in self._list(folder)]

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
        reader = stack.enter_context(self._share.open(self.path))
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
        return self._ask(lambda reader: reader.read_into(offset, buffer))

    def stamp(self) -> FileStamp:
        """Return the stamp of the very file that is open."""
        return self._ask(lambda reader: reader.stamp())

    def _ask(self, ask: Callable[[RangedReader], Answer]) -> Answer:
        try:
            return ask(self._reader)
        except SourceOffline:
            return self._patient.again(lambda: self._once_more(ask))

    def _once_more(self, ask: Callable[[RangedReader], Answer]) -> Answer:
        self._reader = self._open()
        return ask(self._reader)
