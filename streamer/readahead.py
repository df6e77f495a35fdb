"""Bytes from a distant file (a NAS over SMB) into a client's socket: several blocks on their way at once.

The first block is small, so that a seek costs one round trip; as long as the client keeps up
the blocks grow and more of them travel. One that stalls loses what was fetched ahead for it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from concurrent.futures import Executor, Future
from contextlib import suppress
from dataclasses import dataclass

from mediavault_tui.domain.byterange import ByteRange
from mediavault_tui.domain.model import FileStamp
from mediavault_tui.errors import MediaVaultError
from mediavault_tui.sources.base import RangedReader
from streamer.sending import Gone, Pipe, changed, unbroken

_FIRST, _BLOCK = 128 * 1024, 2 * 1024 * 1024
"""Bytes of the first block and of the largest."""
AHEAD = 1
"""Blocks on their way for one stream while another is sent: the reader itself asks ahead of what it is asked
for, as far as the distance wants, and two threads more cost two thirds as much processor again."""
PATIENCE = 1.0
"""Seconds that fetched blocks are kept for a client that takes nothing."""


@dataclass(frozen=True, slots=True)
class _Block:
    offset: int
    data: memoryview
    memory: memoryview
    """What holds the data; the next block may have it."""
    stamp: FileStamp
    """Of the file after it was read: it was still the same."""


class ReadAhead:
    """One part of one distant file, on its way to one client."""

    def __init__(self, reader: RangedReader, part: ByteRange, stamp: FileStamp, pool: Executor) -> None:
        self._reader = reader
        self._part = part
        self._stamp = stamp
        self._pool = pool
        self._coming: deque[Future[_Block]] = deque()
        self._spare: list[memoryview] = []
        self._next = part.start
        self._size = _FIRST
        self._ahead = 1

    async def send(self, pipe: Pipe) -> None:
        """Send it. Raises: SourceChanged, SourceError; Gone."""
        offset = self._part.start
        try:
            while offset < self._part.stop:
                block = await self._block(offset)
                left = block.data
                while left:
                    taken = pipe.put(left)
                    offset += taken
                    left = left[taken:]
                    if left and not await pipe.writable(PATIENCE):
                        del block, left
                        await self._drop(offset)
                        if not await pipe.writable():
                            raise Gone("The client takes nothing")
                        break
                else:
                    self._spare.append(block.memory)
        finally:
            await self._drop(offset)

    async def _block(self, offset: int) -> _Block:
        """Return the block that begins at `offset`, and see to it that the following ones travel."""
        while len(self._coming) < self._ahead and self._next < self._part.stop:
            self._fetch()
        block = await asyncio.shield(asyncio.wrap_future(self._coming[0]))
        self._coming.popleft()
        if block.offset != offset or not block.data or block.stamp != self._stamp:
            raise changed(self._reader)
        self._size = min(self._size * 2, _BLOCK)
        self._ahead = min(self._ahead + 1, AHEAD)
        while len(self._coming) < self._ahead and self._next < self._part.stop:
            self._fetch()
        return block

    def _fetch(self) -> None:
        size = min(self._size, self._part.stop - self._next)
        self._coming.append(self._pool.submit(self._read, self._next, size))
        self._next += size

    def _read(self, offset: int, size: int) -> _Block:
        memory = self._spare.pop() if self._spare else memoryview(b"")
        if len(memory) < size:
            memory = memoryview(bytearray(size))
        count = self._reader.read_into(offset, memory[:size])
        return _Block(offset, memory[: size if count == size else 0], memory, self._reader.stamp())

    async def _drop(self, offset: int) -> None:
        """Forget what is on its way, and begin anew at `offset` if there is anything to follow."""
        coming, self._coming = self._coming, deque()
        self._next, self._size, self._ahead = offset, _FIRST, 1
        self._spare.clear()
        # One that has not begun never will; one that has uses the reader, which its owner then closes.
        begun = [work for work in coming if not work.cancel()]
        for work in begun:
            with suppress(MediaVaultError):
                await unbroken(asyncio.wrap_future(work))
