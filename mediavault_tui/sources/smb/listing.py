"""Folders in few round trips: open, first names and more names in one message, several folders at once."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from mediavault_tui.domain.fenced import Fenced
from mediavault_tui.domain.media import skipped
from mediavault_tui.domain.model import FileStamp, signed
from mediavault_tui.errors import CrossVolume, SourceDenied, SourceError, SourceMissing, SourceOffline
from mediavault_tui.sources.base import Again, Answer, FoundFile, WalkError
from mediavault_tui.sources.smb import packets
from mediavault_tui.sources.smb.errors import NO_MORE_FILES
from mediavault_tui.sources.smb.link import Link
from mediavault_tui.sources.smb.names import on_the_wire
from mediavault_tui.sources.smb.stamps import inode
from mediavault_tui.sources.smb.values import REPARSE_POINT, Entry
from mediavault_tui.sources.smb.wire import Wire

_FIRST = 65536
"""Bytes of names asked for with the opening: one credit, and most folders whole."""
_NEXT = 262144
"""Bytes of names asked for when those were not all; two such questions are there, so no server waits."""
_NONE = 0xC000000F
"""What an empty folder, or the top of an empty share, may answer: no such file."""
_BATCH = 512
_MANY = 16
"""Folders that wait, after the root was listed, for which a second connection is worth its signing in."""
_FEWEST, _MOST = 4, 32
_A_FOLDER_S = 0.001
"""What a server takes for a small folder: so many fit into a round trip that are to be asked for at once."""


def once(ask: Callable[[], Answer]) -> Answer:
    """Ask once."""
    return ask()


def folders_at(round_trip_s: float) -> int:
    """Return how many folders are to be on their way at once."""
    return min(max(_FEWEST, round(round_trip_s / _A_FOLDER_S)), _MOST)


class Listing:
    """One folder's names on their way: asked for at once, collected later, on one connection."""

    def __init__(self, wire: Wire, name: bytes) -> None:
        self.wire = wire
        opening = packets.create(
            name,
            access=packets.LIST | packets.READ_ATTRIBUTES | packets.SYNCHRONIZE,
            options=packets.A_FOLDER,
        )
        self._opened, *self._asked = wire.send((opening, _FIRST_NAMES, _FIRST_NAMES))

    def collect(self, link: Link, path: bytes, *, more: bool = False) -> list[Entry]:
        """Wait for all names. Raises Dropped, or the SourceError of the folder.

        `more`: something will be sent soon, and that the folder is closed may be said with it.
        """
        wire = self.wire
        link.check(wire.wait(self._opened), "list", path)
        handle = packets.handle_of(self._opened.frame)
        following = packets.query_directory(handle, min(_NEXT, wire.terms.most_listed))
        found: list[Entry] = []
        asked = deque(self._asked)
        try:
            while wire.wait(reply := asked.popleft()).status not in (NO_MORE_FILES, _NONE):
                link.check(reply, "list", path)
                if len(asked) < 2 and reply is not self._asked[0]:
                    # Before reading what came: the server works meanwhile.
                    asked += (wire.send([following])[0] for _ in range(2 - len(asked)))
                found += packets.entries(packets.buffer_of(reply.frame))
        finally:
            # Nobody waits for the answer.
            if more:
                wire.later(packets.close(handle))
            else:
                wire.send([packets.close(handle)])
        return found


_FIRST_NAMES = packets.query_directory(packets.SAME_FILE, _FIRST)


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

    def collect(self, *, more: bool) -> list[Entry] | SourceError:
        """Wait for the names; an error of the folder itself is returned."""

        def act(wire: Wire) -> list[Entry] | SourceError:
            listing, self._listing = self._asked(wire), None
            try:
                return listing.collect(self.link, self.folder.path, more=more)
            except SourceOffline:
                raise
            except SourceError as error:
                return error

        return self.link.attempt("list", self.folder.path, act)

    def _asked(self, wire: Wire) -> Listing:
        if self._listing is None or self._listing.wire is not wire:
            self._listing = Listing(wire, self._name)
        return self._listing


class _Walk:
    """One walk: what is still to be listed, and what is on its way, over one link or both."""

    def __init__(self, links: tuple[Link, Link], again: Again) -> None:
        self._link, self._other = links
        self._again = again
        self._both = False
        self._started = 0
        self.todo: list[_Folder] = []
        self._flying: deque[_Flight] = deque()

    def __bool__(self) -> bool:
        return bool(self.todo or self._flying)

    def next(self) -> tuple[_Folder, list[Entry] | SourceError]:
        """Return the names of the next folder, and have those that follow asked for."""
        if not self._both and self._started == 1 and len(self.todo) >= _MANY:
            self._other.serial = self._link.serial
            self._both = True
        at_once = folders_at(self._link.round_trip_s) if self._started else 1
        while self.todo and len(self._flying) < at_once:
            self._start(self.todo.pop())
        flight = self._flying.popleft()
        more = bool(self.todo or self._flying)
        return flight.folder, self._again(lambda: flight.collect(more=more))

    def _start(self, folder: _Folder) -> None:
        self._started += 1
        flight = _Flight(folder, self._other if self._both and self._started % 2 else self._link)
        try:
            flight.start()
        except SourceError:
            if flight.link is self._other:
                self._both = False  # the server takes no second connection, or not any more
                flight.link = self._link
            # What is wrong is said when the names are asked for again, to be collected.
        self._flying.append(flight)

    def end(self) -> None:
        """Say what was to be said along with something else."""
        for link in (self._link, self._other):
            link.flush()


def walk(
    links: tuple[Link, Link],
    root: bytes,
    *,
    skip: frozenset[bytes],
    on_error: Callable[[WalkError], None],
    again: Again = once,
) -> Iterator[list[FoundFile]]:
    """Yield batches of the files below `root`; see `sources.base.Source.walk`.

    The second link is used as soon as many folders wait: a server has one process, often, for each
    connection, and it is what takes the time. A folder is reported when it is whole, so a drop in its
    middle repeats it and doubles nothing. `again` asks for a folder whose server was away too long.
    Raises SourceOffline if the root cannot be listed, and when the server stays away.
    """
    top = root.rstrip(b"/")
    closed = Fenced(skip)
    walking = _Walk(links, again)
    walking.todo.append(_Folder(top, ()))
    batch: list[FoundFile] = []
    try:
        while walking:
            try:
                folder, entries = walking.next()
            except (CrossVolume, SourceMissing, SourceDenied) as error:
                raise SourceOffline(str(error)) from error  # no path of this share; not signed in
            if isinstance(entries, SourceError):
                if folder.path == top:
                    raise SourceOffline(str(entries)) from entries
                if not isinstance(entries, SourceMissing):  # gone since it was met: simply not there
                    on_error(WalkError(folder.path, str(entries)))
                continue
            files, below = _sorted_out(folder, entries, closed, signed(links[0].serial))
            walking.todo += below
            batch += files
            if len(batch) >= _BATCH:
                yield batch
                batch = []
        if batch:
            yield batch
    finally:
        walking.end()


def _sorted_out(
    folder: _Folder, entries: list[Entry], skip: Fenced, device: int
) -> tuple[list[FoundFile], list[_Folder]]:
    """Return the files of a folder and the folders in it that are to be entered."""
    files: list[FoundFile] = []
    below: list[_Folder] = []
    here = folder.path + b"/"
    for name, is_folder, size, modified_ns, file_id, attributes in entries:
        if attributes & REPARSE_POINT:
            continue
        path = here + name
        if not is_folder:
            files.append(FoundFile(path, FileStamp(device, inode(file_id, path), size, modified_ns), 1))
        elif not (skipped(name) or path in skip or file_id in folder.above):
            below.append(_Folder(path, (*folder.above, file_id) if file_id else folder.above))
    return files, below
