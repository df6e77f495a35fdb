"""Bytes from an open file into a client's socket: quick, in order, and with nothing kept for the slow.

The socket is written directly, past the transport's buffer: what it does not take at once is
dropped and read again when it takes more. So a viewer who pauses costs two descriptors and no
memory, and a file is compared with its stamp after each reading and before the sending of it.
"""

from __future__ import annotations

import asyncio
import mmap
import os
import socket
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from typing import TypeVar

from aiohttp import web

from mediavault_tui.domain.byterange import ByteRange
from mediavault_tui.domain.model import FileStamp
from mediavault_tui.domain.pathtext import display
from mediavault_tui.errors import SourceChanged
from mediavault_tui.sources.base import RangedReader
from mediavault_tui.sources.local_beneath import LocalStream

STALLED = 3600.0
"""Seconds that a viewer may pause; then the stream is ended, and a player asks anew."""
_LARGE, _SMALL = 1024 * 1024, 128 * 1024
"""Bytes read at a time: large for one or two streams, small when many must take turns."""
_FEW = 2

Result = TypeVar("Result")


class Gone(ConnectionError):
    """The client went away, or took nothing for too long."""


class Pipe:
    """A client's socket, after the head of the answer has gone through the transport."""

    def __init__(self, sock: socket.socket, loop: asyncio.AbstractEventLoop) -> None:
        self._socket = sock
        self._loop = loop
        self.sent = 0
        """Bytes of the body so far."""

    @classmethod
    @contextmanager
    def of(cls, request: web.BaseRequest) -> Iterator[Pipe]:
        """Yield the pipe to who asked; the transport keeps the connection, and notices its end."""
        transport = request.transport
        if transport is None or transport.is_closing():
            raise Gone("The client has gone")
        with socket.socket(fileno=os.dup(transport.get_extra_info("socket").fileno())) as sock:
            sock.setblocking(False)
            yield cls(sock, asyncio.get_running_loop())

    def put(self, data: memoryview) -> int:
        """Hand over what the socket takes now, perhaps nothing; return how many bytes that was."""
        try:
            count = self._socket.send(data)
        except BlockingIOError:
            return 0
        except OSError as error:
            raise Gone("The client has gone") from error
        self.sent += count
        return count

    async def writable(self, within: float = STALLED) -> bool:
        """Wait until the socket takes more; False if it does not within so many seconds."""
        waiter = self._loop.create_future()
        self._loop.add_writer(self._socket, _set, waiter)
        try:
            async with asyncio.timeout(within):
                await waiter
        except TimeoutError:
            return False
        finally:
            self._loop.remove_writer(self._socket)
        return True

    async def put_all(self, data: bytes) -> None:
        """Hand over a few bytes, however long it takes. Raises: Gone."""
        view = memoryview(data)
        while view:
            view = view[self.put(view) :]
            if view and not await self.writable():
                raise Gone("The client takes nothing")


class Sender:
    """Sends parts of files; one for the whole sidecar, because streams share its buffer and take turns."""

    def __init__(self) -> None:
        self.active = 0
        """Streams being sent."""
        self._shared = memoryview(mmap.mmap(-1, _LARGE))

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Count a stream while the block runs."""
        self.active += 1
        try:
            yield
        finally:
            self.active -= 1

    async def send(
        self, pipe: Pipe, reader: LocalStream, part: ByteRange, stamp: FileStamp, pool: Executor
    ) -> None:
        """Send one part of a local file that has the stamp `stamp`.

        What lies in memory is read here; what must come from a disk, in a thread of `pool`.
        Raises: SourceChanged (and sends nothing of the changed file), SourceError; Gone.
        """
        loop = asyncio.get_running_loop()
        offset = part.start
        while offset < part.stop:
            size = min(_LARGE if self.active <= _FEW else _SMALL, part.stop - offset)
            buffer = self._shared[:size]
            read = reader.read_now(offset, buffer)
            if read is None:
                # What the thread has fetched is sent from its own buffer, as far as the socket takes it.
                work = loop.run_in_executor(pool, _read, reader, offset, size)
                buffer, count, found = await unbroken(work)
            else:
                count, found = read
            if found != stamp or count == 0:
                raise changed(reader)
            taken = pipe.put(buffer[:count])
            offset += taken
            if taken < count:
                del buffer
                if not await pipe.writable():
                    raise Gone("The client takes nothing")
            else:
                await asyncio.sleep(0)  # whoever else is ready comes next


def _read(reader: LocalStream, offset: int, size: int) -> tuple[memoryview, int, FileStamp]:
    buffer = memoryview(bytearray(size))
    return buffer, reader.read_into(offset, buffer), reader.stamp()


def changed(reader: RangedReader) -> SourceChanged:
    """Return the error of a file that is no longer what its answer began with."""
    return SourceChanged(f"{display(reader.path)} changed while it was sent; scan again")


async def unbroken(work: asyncio.Future[Result]) -> Result:
    """Wait for a thread's work, to its end even if we are cancelled: it uses what we would close."""
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        await asyncio.wait([work])
        if not work.cancelled():
            work.exception()  # seen: there is nobody left to tell
        raise


def _set(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)
