"""An SMB share as a Source: no mount; a deadline on everything; a drop is mended and work goes on.

`docs/smb.md` tells how it works. Beside what every Source does it gives a browser its folders, the
free space, and small files (the manifest of the holding folder).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from types import TracebackType

from mediavault_tui.domain.model import signed
from mediavault_tui.domain.pathtext import display
from mediavault_tui.errors import SourceChanged
from mediavault_tui.sources.base import Again, FoundFile, WalkError
from mediavault_tui.sources.smb import acts as smb_acts
from mediavault_tui.sources.smb import listing as smb_listing
from mediavault_tui.sources.smb import packets
from mediavault_tui.sources.smb import stream as smb_stream
from mediavault_tui.sources.smb.link import Link
from mediavault_tui.sources.smb.names import on_the_wire
from mediavault_tui.sources.smb.reader import SmbReader
from mediavault_tui.sources.smb.stamps import stamp_of
from mediavault_tui.sources.smb.values import Entry as Entry
from mediavault_tui.sources.smb.values import Look
from mediavault_tui.sources.smb.values import ShareAddress as ShareAddress
from mediavault_tui.sources.smb.wire import Wire

PATIENCE_S = 30.0
"""For so long a call waits for a server that has dropped the connection to come back."""
KEEP_ALIVE_S = 60.0


class SmbSource:
    """`sources.base.Source` over one share; share it freely between threads.

    Paths are `b"/<share>/<path inside>"`. It connects when it is first asked for something.
    """

    def __init__(
        self,
        name: str,
        address: ShareAddress,
        *,
        deadline_s: float = 10.0,
        in_flight: int = 4,
        patience_s: float = PATIENCE_S,
        keep_alive_s: float = KEEP_ALIVE_S,
    ) -> None:
        """`deadline_s`: silence after which the server counts as gone; `in_flight`: MiB asked for at once."""
        self.name = name
        self.address = address
        self._in_flight = in_flight
        limits = {"deadline_s": deadline_s, "patience_s": patience_s, "keep_alive_s": keep_alive_s}
        self._link = Link(address, **limits)
        self._second = Link(address, **limits)  # for walks through many folders

    def __enter__(self) -> SmbSource:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Hang up; whoever waits, and every later call, gets SourceOffline."""
        self._link.close()
        self._second.close()

    @property
    def bytes_read(self) -> int:
        """Bytes over the wire so far, both ways, headers included."""
        return self._link.bytes + self._second.bytes

    def walk(
        self,
        root: bytes,
        *,
        skip: frozenset[bytes],
        on_error: Callable[[WalkError], None],
        again: Again = smb_listing.once,
    ) -> Iterator[list[FoundFile]]:
        """Yield batches of the files below `root`; see `sources.base.Source.walk`.

        A file that has several names on the server is told by its file id; `links` is 1 here.
        """
        links = (self._link, self._second)
        return smb_listing.walk(links, root, skip=skip, on_error=on_error, again=again)

    def list_folder(self, path: bytes) -> list[Entry]:
        """Return what is in a folder, hidden things and links too, in the server's order."""
        name = on_the_wire(path, self.address)
        return self._link.attempt(
            "list", path, lambda wire: smb_listing.Listing(wire, name).collect(self._link, path)
        )

    def names_in(self, folder: bytes) -> list[bytes]:
        """Return every name in a folder, of whatever kind."""
        return [entry.name for entry in self.list_folder(folder)]

    def stat(self, path: bytes) -> FoundFile:
        """Look at one regular file now, following no link; with its hard links."""
        return self._found(path, smb_acts.look(self._link, path))

    def _found(self, path: bytes, look: Look) -> FoundFile:
        if not smb_acts.is_file(look):
            raise SourceChanged(
                f"{display(path)} on {self.address.server} is no regular file (any more); scan again"
            )
        return FoundFile(path, stamp_of(look, path, signed(self._link.serial)), look.links)

    def read_pieces(self, path: bytes, pieces: Sequence[tuple[int, int]]) -> tuple[FoundFile, bytes]:
        """Return a file, and some pieces (offset, bytes) of it one after the other, by one question."""
        look, data = smb_acts.read_pieces(self._link, path, pieces)
        return self._found(path, look), data

    def open(self, path: bytes) -> SmbReader:
        """Open for ranged reading, following no link; others may write, move and remove it meanwhile."""
        return SmbReader(self._link, path, in_flight=self._in_flight)

    def move(self, source: bytes, destination: bytes) -> None:
        """Rename on the server, no byte crosses the wire; never overwrites, makes no folder."""
        smb_acts.move(self._link, source, destination)

    def move_checked(
        self, source: bytes, destination: bytes, check: Callable[[FoundFile], None]
    ) -> FoundFile:
        """Rename the very file that `check` let pass; see `sources.places.Places.move_checked`."""
        look = smb_acts.move_checked(
            self._link, source, destination, lambda look: check(self._found(source, look))
        )
        return self._found(destination, look)

    def remove(self, path: bytes) -> None:
        """Remove one file; a folder is never removed."""
        smb_acts.remove(self._link, path)

    def remove_checked(self, path: bytes, check: Callable[[FoundFile], None]) -> None:
        """Remove the very file that `check` let pass; see `sources.places.Places.remove_checked`."""
        smb_acts.remove(self._link, path, lambda look: check(self._found(path, look)))

    def make_folder(self, path: bytes) -> None:
        """Make a folder and its parents; an existing one is fine."""
        smb_acts.make_folder(self._link, path)

    def free_space(self) -> tuple[int, int]:
        """Return free and total bytes of the share's volume, as this user may use them."""
        top = b"/" + self.address.share.encode()

        def act(wire: Wire) -> tuple[int, int]:
            opened, asked, _ = wire.ask(
                packets.create(b"", access=packets.READ_ATTRIBUTES),
                packets.query_volume(packets.SAME_FILE, 7),
                packets.close(),
            )
            self._link.check(opened, "look at", top)
            return packets.room_of(self._link.check(asked, "look at", top).frame)

        return self._link.attempt("look at", top, act)

    def read_file(self, path: bytes) -> bytes:
        """Return a small file whole."""
        with self.open(path) as reader:
            data = bytearray(reader.stamp().size)
            return bytes(data[: reader.read_into(0, memoryview(data))])

    def write_file(self, path: bytes, data: bytes, *, replace: bool = False) -> None:
        """Write a small file, whole or not at all; SourceTaken where one is, unless `replace`."""
        smb_acts.write_file(self._link, path, data, replace=replace)

    def write_stream(self, path: bytes, chunks: Iterable[memoryview], *, modified_ns: int) -> None:
        """Write a new file of any size as its bytes come, durably, with that time; see `smb.stream`."""
        smb_stream.write_stream(self._link, path, chunks, modified_ns=modified_ns)
