"""Bytes from an open file into a client's socket: quick, in order, and with nothing kept for the slow.

The socket is written directly, past the transport's buffer: what it does not take at once is
dropped and read again when it takes more. So a viewer who pauses costs two descriptors and no
memory, and a file is compared with its stamp after each reading and before the sending of it.
"""

from __future__ import annotations

import asyncio
import mmap
import os
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
from mediavault_tui.sources.local.beneath import LocalStream

STALLED = 3600.0
"""Seconds that a viewer may pause; then the stream is ended, and a player asks anew."""
_LARGE, _SMALL = 1024 * 1024, 256 * 1024
"""Bytes read at a time: large for one or two streams, small when many must take turns."""
_FEW = 2

Result = TypeVar("Result")


class Gone(ConnectionError):
    """The client went away, or took nothing for too long."""


class Pipe:
    """A client's socket, after the head of the answer has gone through the transport."""

    def __init__(self, request: web.BaseRequest) -> None:
        """Raises: Gone."""
        if request.transport is None:
            raise Gone("The client has gone")
        self._transport = request.transport
        self._handle: int = self._transport.get_extra_info("socket").fileno()
        self._waited_for: int | None = None
        self.sent = 0
        """Bytes of the body so far."""

    def close(self) -> None:
        """Leave the connection to its transport."""
        if self._waited_for is not None:
            os.close(self._waited_for)
            self._waited_for = None

    def put(self, data: memoryview) -> int:
        """Hand over what the socket takes now, perhaps nothing; return how many bytes that was."""
        if self._transport.is_closing():  # and from then on the number may be another file's
            raise Gone("The client has gone")
        try:
            count = os.write(self._handle, data)
        except BlockingIOError:
            return 0
        except OSError as error:
            raise Gone("The client has gone") from error
        self.sent += count
        return count

    async def writable(self, within: float | None = None) -> bool:
        """Wait until the socket takes more; False if it does not within so many seconds, or STALLED.

        The transport watches its own descriptor, so we watch a copy: for those who keep up there is none.
        """
        if self._transport.is_closing():
            raise Gone("The client has gone")
        if self._waited_for is None:
            self._waited_for = os.dup(self._handle)
        loop = asyncio.get_running_loop()
        waiter = loop.create_future()
        loop.add_writer(self._waited_for, _set, waiter)
        try:
            async with asyncio.timeout(STALLED if within is None else within):
                await waiter
        except TimeoutError:
            return False
        finally:
            loop.remove_writer(self._waited_for)
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
            elif offset < part.stop:
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
