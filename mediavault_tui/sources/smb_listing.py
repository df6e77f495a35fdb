"""Folders in few round trips: open, first names and more names in one message, several folders at once."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from mediavault_tui.domain.media import skipped
from mediavault_tui.domain.model import FileStamp, signed
from mediavault_tui.errors import CrossVolume, SourceDenied, SourceError, SourceMissing, SourceOffline
from mediavault_tui.sources import smb_packets as packets
from mediavault_tui.sources.base import FoundFile, WalkError
from mediavault_tui.sources.smb_errors import NO_MORE_FILES
from mediavault_tui.sources.smb_link import Link
from mediavault_tui.sources.smb_names import on_the_wire
from mediavault_tui.sources.smb_stamps import inode
from mediavault_tui.sources.smb_values import REPARSE_POINT, Entry
from mediavault_tui.sources.smb_wire import Wire

_FIRST = 65536
"""Bytes of names asked for with the opening: one credit, and most folders whole."""
_NONE = 0xC000000F
"""What an empty folder, or the top of an empty share, may answer: no such file."""
_BATCH = 512
_MANY = 16
"""Folders that wait, after the root was listed, for which a second connection is worth its signing in."""


class Listing:
    """One folder's names on their way: asked for at once, collected later, on one connection."""

    def __init__(self, wire: Wire, name: bytes) -> None:
        self.wire = wire
        opening = packets.create(
            name,
            access=packets.LIST | packets.READ_ATTRIBUTES | packets.SYNCHRONIZE,
            options=packets.A_FOLDER,
        )
        same = packets.SAME_FILE
        asks = (opening, packets.query_directory(same, _FIRST), packets.query_directory(same, _FIRST))
        self._opened, *self._asked = wire.send(asks)

    def collect(self, link: Link, path: bytes) -> list[Entry]:
        """Wait for all names. Raises Dropped, or the SourceError of the folder."""
        wire = self.wire
        link.check(wire.wait(self._opened), "list", path)
        handle = packets.handle_of(self._opened.frame)
        found: list[Entry] = []
        asked = deque(self._asked)
        try:
            while wire.wait(reply := asked.popleft()).status not in (NO_MORE_FILES, _NONE):
                link.check(reply, "list", path)
                if not asked:  # before reading what came: the server works meanwhile
                    asked += wire.send([packets.query_directory(handle, wire.terms.most_listed)])
                found += packets.entries(packets.buffer_of(reply.frame))
        finally:
            wire.send([packets.close(handle)])  # nobody waits for the answer
        return found


@dataclass(frozen=True, slots=True)
class _Folder:
    path: bytes
    above: tuple[int, ...]
    """File ids from the top down to here: a server that follows links may lead in a circle."""


class _Flight:
    """One folder that is being listed over one link; after a drop it is asked for anew."""

    def __init__(self, folder: _Folder, link: Link) -> None:
        self.folder = folder
        self.link = link
        self._name = on_the_wire(folder.path, link.address)
        self._listing: Listing | None = None

    def start(self) -> None:
        """Ask, without waiting for the answer."""
        self.link.attempt("list", self.folder.path, self._asked)

    def collect(self) -> list[Entry] | SourceError:
        """Wait for the names; an error of the folder itself is returned."""

        def act(wire: Wire) -> list[Entry] | SourceError:
            try:
                return self._asked(wire).collect(self.link, self.folder.path)
            except SourceError as error:
                return error

        return self.link.attempt("list", self.folder.path, act)

    def _asked(self, wire: Wire) -> Listing:
        if self._listing is None or self._listing.wire is not wire:
            self._listing = Listing(wire, self._name)
        return self._listing


def walk(
    links: tuple[Link, Link],
    root: bytes,
    *,
    skip: frozenset[bytes],
    on_error: Callable[[WalkError], None],
    at_once: int,
) -> Iterator[list[FoundFile]]:
    """Yield batches of the files below `root`; see `sources.base.Source.walk`.

    The second link is used as soon as many folders wait: a server has one process, often, for each
    connection, and it is what takes the time. A folder is reported when it is whole, so a drop in its
    middle repeats it and doubles nothing.
    Raises SourceOffline if the root cannot be listed, and when the server stays away.
    """
    link, other = links
    top = root.rstrip(b"/")
    todo = [_Folder(top, ())]
    flying: deque[_Flight] = deque()
    both, started = False, 0

    def start(folder: _Folder) -> None:
        nonlocal both, started
        started += 1
        flight = _Flight(folder, other if both and started % 2 else link)
        try:
            flight.start()
        except SourceError:
            if flight.link is link:
                raise
            both = False  # the server takes no second connection, or not any more
            flight = _Flight(folder, link)
            flight.start()
        flying.append(flight)

    batch: list[FoundFile] = []
    while todo or flying:
        if not both and started == 1 and len(todo) >= _MANY:
            other.serial = link.serial
            both = True
        try:
            while todo and len(flying) < at_once:
                start(todo.pop())
            flight = flying.popleft()
            folder, entries = flight.folder, flight.collect()
        except (CrossVolume, SourceMissing, SourceDenied) as error:  # no path of this share; not signed in
            raise SourceOffline(str(error)) from error
        if isinstance(entries, SourceError):
            if folder.path == top:
                raise SourceOffline(str(entries)) from entries
            if not isinstance(entries, SourceMissing):  # gone since it was met: simply not there
                on_error(WalkError(folder.path, str(entries)))
            continue
        for entry in entries:
            if entry.attributes & REPARSE_POINT:
                continue
            path = folder.path + b"/" + entry.name
            if not entry.is_folder:
                stamp = FileStamp(
                    signed(link.serial), inode(entry.file_id, path), entry.size, entry.modified_ns
                )
                batch.append(FoundFile(path, stamp, 1))
            elif not (skipped(entry.name) or path in skip or entry.file_id in folder.above):
                chain = (*folder.above, entry.file_id) if entry.file_id else folder.above
                todo.append(_Folder(path, chain))
        if len(batch) >= _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
