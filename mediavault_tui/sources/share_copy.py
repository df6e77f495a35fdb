"""Copies between a share and another place: whole, durable, never overwriting, times kept.

The copy has its name only when it is whole. Owner and ACL are those that the destination gives
a new file: two machines have no users in common.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress

from mediavault_tui.domain.pathtext import display
from mediavault_tui.errors import SourceChanged, SourceError, SourceTaken
from mediavault_tui.sources.base import RangedReader, Source
from mediavault_tui.sources.local.source import partial_name, write_all, write_exclusive
from mediavault_tui.sources.share_holding import ShareSource, exists, remove_if_there

_CHUNK = 4 * 1024 * 1024
"""Bytes copied at a time."""

OnChunk = Callable[[memoryview], None]


def to_local(source: Source, path: bytes, destination: bytes, *, on_chunk: OnChunk) -> None:
    """Copy a file of a share to this machine; raises as `sources.local.source.copy_exclusive` does."""
    with source.open(path) as reader:
        before = reader.stamp()

        def fill(handle: int) -> None:
            for chunk in _chunks(reader, on_chunk):
                write_all(handle, chunk)
            _check_still(reader, before, path)
            os.utime(handle, ns=(before.modified_ns, before.modified_ns))

        write_exclusive(path, destination, fill, mode=0o644)


def to_share(
    source: Source, path: bytes, share: ShareSource, destination: bytes, *, on_chunk: OnChunk
) -> None:
    """Copy a file of any place to a share; raises SourceTaken, SourceFull, SourceChanged, SourceMissing."""
    if exists(share, destination):
        raise SourceTaken(f"cannot copy to {display(destination)}: the name is in use; choose another")
    partial = partial_name(destination)
    with source.open(path) as reader:
        before = reader.stamp()
        try:
            share.write_stream(partial, _chunks(reader, on_chunk), modified_ns=before.modified_ns)
            _check_still(reader, before, path)
            share.move(partial, destination)
        except SourceTaken:
            raise  # an unfinished copy of a crash, or a name just taken: not ours to remove
        except SourceError:
            with suppress(SourceError):  # the reason that counts is the first one
                remove_if_there(share, partial)
            raise


def _chunks(reader: RangedReader, on_chunk: OnChunk) -> Iterator[memoryview]:
    buffer = memoryview(bytearray(_CHUNK))
    offset = 0
    while count := reader.read_into(offset, buffer):
        offset += count
        on_chunk(buffer[:count])
        yield buffer[:count]


def _check_still(reader: RangedReader, before: object, path: bytes) -> None:
    if reader.stamp() != before:
        raise SourceChanged(f"{display(path)} changed while it was copied; try again")
