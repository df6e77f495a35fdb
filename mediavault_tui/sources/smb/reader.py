"""A file on a share, open for reading by position: pieces in flight together, and reading ahead.

Who reads on where the last read ended gets read-ahead, at most as much as was read in a row and at
most as many pieces as fill the line: a probe that looks here and there costs no byte more than it asks for.
"""

from __future__ import annotations

import mmap
import threading
from collections import deque
from contextlib import suppress
from dataclasses import dataclass

from mediavault_tui.domain.model import FileStamp
from mediavault_tui.domain.pathtext import display
from mediavault_tui.errors import SourceChanged, SourceError
from mediavault_tui.sources.smb import packets
from mediavault_tui.sources.smb.errors import END_OF_FILE
from mediavault_tui.sources.smb.link import Link
from mediavault_tui.sources.smb.names import on_the_wire
from mediavault_tui.sources.smb.stamps import stamp_of
from mediavault_tui.sources.smb.values import FOLDER, REPARSE_POINT, Look
from mediavault_tui.sources.smb.wire import Dropped, Reply, Wire

_LEAST_AHEAD = 65536
_NEAR_S = 0.005
"""Up to this round trip `in_flight` pieces fill the line; farther away more are asked for."""
_MOST_IN_FLIGHT = 16


def pieces_at(round_trip_s: float, in_flight: int) -> int:
    """Return how many pieces are to be on their way at once."""
    wanted = min(round(in_flight * round_trip_s / _NEAR_S), _MOST_IN_FLIGHT)
    return max(in_flight, wanted)


@dataclass(slots=True)
class _Ahead:
    """A piece that was asked for before anybody wanted it."""

    offset: int
    length: int
    memory: memoryview
    reply: Reply

    @property
    def end(self) -> int:
        return self.offset + self.length

    def holds(self, position: int) -> bool:
        return self.offset <= position < self.end


class SmbReader:
    """`sources.base.RangedReader` over SMB; `with` closes it. It survives a drop: the file is opened anew."""

    def __init__(self, link: Link, path: bytes, *, in_flight: int) -> None:
        self.path = path
        self._link = link
        self._name = on_the_wire(path, link.address)
        self._in_flight = self._pieces = in_flight
        self._lock = threading.RLock()
        self._wire: Wire | None = None
        self._handle = b""
        self._look: Look | None = None
        self._ahead: deque[_Ahead] = deque()
        self._spare: list[memoryview] = []
        self._end = -1
        self._in_a_row = 0
        link.attempt("open", path, self._opened)

    def __enter__(self) -> SmbReader:
        return self

    def __exit__(self, *_exception: object) -> None:
        with self._lock, suppress(Dropped):
            self._ahead.clear()
            if self._wire is not None and not self._wire.broken:
                self._wire.send([packets.close(self._handle)])
            self._wire = None

    def stamp(self) -> FileStamp:
        """Return the stamp of the very file that is open."""

        def act(wire: Wire) -> FileStamp:
            (reply,) = wire.ask(packets.query_all(self._opened(wire)))
            look = packets.look_of(self._link.check(reply, "look at", self.path).frame)
            return stamp_of(look, self.path, self._link.serial)

        return self._link.attempt("look at", self.path, act)

    def read_into(self, offset: int, buffer: memoryview) -> int:
        """Fill `buffer` from `offset`; return the bytes read, fewer only at the end."""
        if not len(buffer):
            return 0
        view = buffer.cast("B") if buffer.format != "B" or buffer.ndim != 1 else buffer
        return self._link.attempt("read", self.path, lambda wire: self._read(wire, offset, view))

    def _opened(self, wire: Wire) -> bytes:
        """Return the handle on this connection; open the file (anew) if there is none."""
        with self._lock:
            if self._wire is wire:
                return self._handle
            self._ahead.clear()
            created, asked = wire.ask(
                packets.create(
                    self._name,
                    access=packets.READ_DATA | packets.READ_ATTRIBUTES | packets.SYNCHRONIZE,
                    options=packets.NO_FOLDER | packets.THE_LINK_ITSELF,
                ),
                packets.query_all(),
            )
            self._link.check(created, "open", self.path)
            handle = packets.handle_of(created.frame)
            try:
                self._check(packets.look_of(self._link.check(asked, "open", self.path).frame))
            except BaseException:
                wire.send([packets.close(handle)])
                raise
            self._wire, self._handle = wire, handle
            self._pieces = pieces_at(wire.round_trip_s, self._in_flight)
            return handle

    def _check(self, look: Look) -> None:
        where = f"{display(self.path)} on {self._link.address.server}"
        if look.attributes & (FOLDER | REPARSE_POINT):
            raise SourceChanged(f"cannot open {where}: it is no regular file; scan again")
        before = self._look
        if before is not None and not (before.same_file(look) and _alike(before, look)):
            raise SourceChanged(f"{where} changed while the connection was down; scan again")
        self._look = look

    def _read(self, wire: Wire, offset: int, view: memoryview) -> int:
        handle = self._opened(wire)
        stop = offset + len(view)
        with self._lock:
            in_a_row = offset == self._end or any(piece.holds(offset) for piece in self._ahead)
            self._in_a_row = self._in_a_row + len(view) if in_a_row else len(view)
            self._end = stop
            if in_a_row and self._wire is wire:
                return self._read_on(wire, handle, offset, view)
        return self._read_pieces(wire, handle, offset, view)

    def _read_pieces(
        self, wire: Wire, handle: bytes, offset: int, view: memoryview, *, ahead: bool = False
    ) -> int:
        """Read `view` in pieces, several at a time, straight to where they belong.

        `ahead`: ask for what comes after it as soon as all of it is asked for.
        """
        size = wire.terms.most_read
        flying: deque[tuple[int, Reply]] = deque()
        sent = done = 0
        while done < len(view):
            while sent < len(view) and len(flying) < self._pieces:
                piece = view[sent : sent + size]
                flying.append((len(piece), wire.send([packets.read(handle, offset + sent, piece)])[0]))
                sent += len(piece)
            if ahead and sent == len(view):
                self._ask_ahead(wire, handle, offset + sent)
                ahead = False
            length, reply = flying.popleft()
            try:
                count = self._counted(wire, reply)
            except SourceError:
                self._landed(wire, flying)
                raise
            done += count
            if count < length:
                self._landed(wire, flying)
                if not count or not flying:
                    return done
                # Fewer than asked, in the middle: legal, and seldom. Ask again for what follows.
                return done + self._read_pieces(wire, handle, offset + done, view[done:])
        return done

    def _landed(self, wire: Wire, flying: deque[tuple[int, Reply]]) -> None:
        """Wait for what is to land in the caller's memory: nothing may after it has it back."""
        for _, other in flying:
            wire.wait(other)

    def _counted(self, wire: Wire, reply: Reply) -> int:
        if wire.wait(reply).status == END_OF_FILE:
            return 0
        self._link.check(reply, "read", self.path)
        return reply.count

    def _read_on(self, wire: Wire, handle: bytes, offset: int, view: memoryview) -> int:
        """Read where the last read ended: from what is on its way, and ask for what comes next."""
        position, stop = offset, offset + len(view)
        if self._ahead and not self._ahead[0].holds(position):
            self._ahead.clear()
        done = 0
        while position < stop and self._ahead and self._ahead[0].holds(position):
            piece = self._ahead[0]
            count = self._counted(wire, piece.reply)
            start = position - piece.offset
            take = min(stop - position, max(count - start, 0))
            view[done : done + take] = piece.memory[start : start + take]
            done += take
            position += take
            if position < piece.end:
                if position < stop:  # it was shorter than asked for: the end, or nearly
                    self._ahead.clear()
                    return done + self._read_pieces(wire, handle, position, view[done:])
                break
            self._ahead.popleft()
            self._spare.append(piece.memory)
            if self._ahead or position == stop:
                self._ask_ahead(wire, handle, position)
        if position < stop:
            done += self._read_pieces(wire, handle, position, view[done:], ahead=True)
        return done

    def _ask_ahead(self, wire: Wire, handle: bytes, position: int) -> None:
        """Keep as many pieces as fill the line on their way beyond `position`."""
        assert self._look is not None
        whole = wire.terms.most_read
        budget = min(self._in_a_row, self._pieces * whole)
        at = self._ahead[-1].end if self._ahead else position
        until = min(position + budget, self._look.size)
        while at < until:
            length = min(whole, until - at)
            if length < min(whole, self._look.size - at) and (self._ahead or length < _LEAST_AHEAD):
                return  # wait until a whole piece may be asked for
            memory = self._spare.pop() if self._spare else memoryview(mmap.mmap(-1, whole))
            (reply,) = wire.send([packets.read(handle, at, memory[:length])])
            self._ahead.append(_Ahead(at, length, memory, reply))
            at += length


def _alike(before: Look, now: Look) -> bool:
    return (before.size, before.modified_ns) == (now.size, now.modified_ns)
