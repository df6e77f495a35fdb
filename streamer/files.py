"""From a file's id to its open bytes: found in the inventory, opened below its root, proved unchanged."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager

from aiohttp import web

from mediavault_tui.domain.model import FileId, FileStamp, FileState
from mediavault_tui.domain.paths import display
from mediavault_tui.domain.streaming import ServedFile
from mediavault_tui.errors import SourceChanged, SourceMissing, SourceOffline
from mediavault_tui.sources.base import RangedReader, Source
from mediavault_tui.sources.local import LocalSource
from mediavault_tui.sources.local_beneath import open_beneath
from mediavault_tui.store.streaming import served_file
from streamer.sending import unbroken
from streamer.state import State, state


def file_id(request: web.Request, name: str = "file_id") -> FileId:
    """Return the file id of the path; the route's pattern `{file_id:[0-9]+}` lets only digits through."""
    digits = request.match_info[name]
    if len(digits) > 18:
        raise web.HTTPNotFound
    return FileId(int(digits))


@asynccontextmanager
async def opened_file(
    request: web.Request, file: FileId
) -> AsyncIterator[tuple[ServedFile, RangedReader, FileStamp]]:
    """Yield a file, open; one that was moved since it was asked for last is looked up anew.

    Raises: HTTPNotFound; SourceError; DatabaseError.
    """
    sidecar = state(request)
    async with AsyncExitStack() as stack:
        served = await file_of(request, file)
        try:
            reader, stamp = await stack.enter_async_context(opened(sidecar, served))
        except (SourceMissing, SourceChanged):
            sidecar.files.forget()
            before, served = served, await file_of(request, file)
            if served == before:
                raise
            reader, stamp = await stack.enter_async_context(opened(sidecar, served))
        yield served, reader, stamp


async def file_of(request: web.Request, file: FileId) -> ServedFile:
    """Return where a file's bytes are. Ask `auth.allowed` first.

    Raises: HTTPNotFound for an unknown id; SourceMissing for one that is gone; DatabaseError.
    """
    sidecar = state(request)

    async def ask() -> ServedFile | None:
        async with sidecar.database.connection() as conn:
            return await served_file(conn, file)

    found = await sidecar.files.get(file, ask)
    if found is None:
        raise web.HTTPNotFound(text="There is no such file")
    if found.state in (FileState.MISSING, FileState.PURGED):
        raise SourceMissing(f"{display(found.name)} is {found.state}; scan again")
    return found


@asynccontextmanager
async def opened(sidecar: State, file: ServedFile) -> AsyncIterator[tuple[RangedReader, FileStamp]]:
    """Yield the open file and its stamp; everything that may wait for a disk happens in a thread.

    Raises: SourceChanged if it is not the file that was scanned; SourceError.
    """
    source, pool = sidecar.sources.get(file.source), sidecar.pools.get(file.source)
    if source is None or pool is None:
        raise SourceOffline(f"The source {file.source} is not connected here; see `mediavault doctor`")
    opening = asyncio.get_running_loop().run_in_executor(pool, _open, source, file)
    try:
        holder, reader, stamp = await asyncio.shield(opening)
    except asyncio.CancelledError:
        holder, reader, stamp = await unbroken(opening)
        pool.submit(holder.close)
        raise
    try:
        yield reader, stamp
    finally:
        pool.submit(holder.close)  # closing may wait for a server too


def _open(source: Source, file: ServedFile) -> tuple[ExitStack, RangedReader, FileStamp]:
    local = isinstance(source, LocalSource)
    with ExitStack() as stack:
        reader: RangedReader
        if local:
            reader = stack.enter_context(open_beneath(file.folder, file.raw_path))
        else:
            below = file.folder.rstrip(b"/") + b"/"
            if not file.raw_path.startswith(below) or b".." in file.raw_path.split(b"/"):
                raise SourceChanged(
                    f"{display(file.raw_path)} is not below {display(file.folder)}; scan again"
                )
            reader = stack.enter_context(source.open(file.raw_path))
        stamp = reader.stamp()
        if not _same(stamp, file.stamp, local=local):
            raise SourceChanged(f"{display(file.raw_path)} is not the file that was scanned; scan again")
        return stack.pop_all(), reader, stamp


def _same(now: FileStamp, scanned: FileStamp, *, local: bool) -> bool:
    """Compare size and time, and locally the inode; a device's number may change with a restart."""
    same_inode = now.inode == scanned.inode or not local
    return same_inode and (now.size, now.modified_ns) == (scanned.size, scanned.modified_ns)
