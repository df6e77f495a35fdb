"""From a file's id to its open bytes: found in the inventory, opened below its root, proved unchanged."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Executor
from contextlib import ExitStack, asynccontextmanager, suppress
from typing import TypeVar

from aiohttp import web

from mediavault_tui.domain.model import FileId, FileStamp, FileState
from mediavault_tui.domain.pathtext import display
from mediavault_tui.domain.streaming import ServedFile
from mediavault_tui.errors import SourceChanged, SourceMissing, SourceOffline
from mediavault_tui.sources.base import RangedReader, Source
from mediavault_tui.sources.local.beneath import LocalStream, open_beneath
from mediavault_tui.sources.local.source import LocalSource
from mediavault_tui.store.streaming import served_file
from streamer.open_files import Held, Opening
from streamer.sending import unbroken
from streamer.state import State, state

Value = TypeVar("Value")

HELD_FOR = 1.0
"""Seconds that an open file may be used for another request."""


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
    served = await file_of(request, file)
    try:
        held = await _taken(sidecar, served)
    except (SourceMissing, SourceChanged):
        sidecar.files.forget()
        before, served = served, await file_of(request, file)
        if served == before:
            raise
        held = await _taken(sidecar, served)
    try:
        yield served, held.reader, held.stamp
    finally:
        _given_back(sidecar, served, held)


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


def at_source(sidecar: State, file: ServedFile, act: Callable[[Source], Value]) -> asyncio.Future[Value]:
    """Do something with the source of a file, in that source's threads.

    Raises: SourceOffline, here or by the future, if there is no such source (any more).
    """
    source, pool = sidecar.sources.get(file.source), sidecar.pools.get(file.source)
    if source is None or pool is None:
        raise SourceOffline(f"The source {file.source} is not connected here; see `mediavault doctor`")
    return asyncio.get_running_loop().run_in_executor(pool, lambda: act(source()))


@asynccontextmanager
async def opened(sidecar: State, file: ServedFile) -> AsyncIterator[tuple[RangedReader, FileStamp]]:
    """Yield the open file and its stamp; everything that may wait for a disk happens in a thread.

    Raises: SourceChanged if it is not the file that was scanned; SourceError.
    """
    held = await _taken(sidecar, file)
    try:
        yield held.reader, held.stamp
    finally:
        _given_back(sidecar, file, held)


async def _taken(sidecar: State, file: ServedFile) -> Held:
    """Return the open file, to be given back.

    A player asks for the same file many times a second, so one that was opened just now is used
    again: it is read by position, and each reading is followed by a look at its stamp.
    """
    held = sidecar.held.get(file)
    if held is not None and held.stale_at >= time.monotonic() and _unchanged(held):
        held.users += 1
        return held
    opening = sidecar.opening.get(file)
    if opening is None:
        opening = sidecar.opening[file] = Opening()
        opening.task = asyncio.ensure_future(_hold(sidecar, file, opening))
        opening.task.add_done_callback(_seen)
    opening.waiting += 1
    try:
        return await asyncio.shield(opening.task)  # others may wait for it too
    except asyncio.CancelledError:
        opening.waiting -= 1
        if opening.task.done() and not opening.task.cancelled() and opening.task.exception() is None:
            _given_back(sidecar, file, opening.task.result())
        raise


def _given_back(sidecar: State, file: ServedFile, held: Held) -> None:
    held.users -= 1
    if held.users > 0:
        return
    if sidecar.held.get(file) is not held:
        _let_go(sidecar.pools[file.source], held)
    elif not held.watched:
        _watch(sidecar, file, held)


def _unchanged(held: Held) -> bool:
    """Return whether a held local file is still the one that was scanned, as far as memory can tell."""
    if not isinstance(held.reader, LocalStream):
        return True  # each of its blocks is followed by a look
    return held.reader.linked_now() == held.stamp


def _close_unused(sidecar: State, file: ServedFile, held: Held) -> None:
    held.watched = False
    if held.users == 0 and sidecar.held.get(file) is held:
        if held.stale_at < time.monotonic():
            del sidecar.held[file]
            _let_go(sidecar.pools[file.source], held)
        else:
            _watch(sidecar, file, held)


def _watch(sidecar: State, file: ServedFile, held: Held) -> None:
    held.watched = True
    asyncio.get_running_loop().call_later(HELD_FOR, _close_unused, sidecar, file, held)


def _let_go(pool: Executor, held: Held) -> None:
    with suppress(RuntimeError):  # the pool has been shut down; the process ends
        pool.submit(held.holder.close)  # closing may wait for a server too


async def _hold(sidecar: State, file: ServedFile, opening: Opening) -> Held:
    try:
        work = at_source(sidecar, file, lambda source: _open(source, file))
        holder, reader, stamp = await unbroken(work)
    finally:
        del sidecar.opening[file]
    held = Held(holder, reader, stamp, time.monotonic() + HELD_FOR, users=opening.waiting)
    before, sidecar.held[file] = sidecar.held.get(file), held
    if before is not None and before.users == 0:
        _let_go(sidecar.pools[file.source], before)
    if held.users == 0:  # all who wanted it have left
        _watch(sidecar, file, held)
    return held


def _seen(opening: asyncio.Task[Held]) -> None:
    if not opening.cancelled():
        opening.exception()  # who still waits is told


def _open(source: Source, file: ServedFile) -> tuple[ExitStack, RangedReader, FileStamp]:
    local = isinstance(source, LocalSource)
    with ExitStack() as stack:
        reader: RangedReader
        if local:
            reader = stream = stack.enter_context(open_beneath(file.folder, file.raw_path))
            stream.read_now(0, memoryview(bytearray(1)))  # whether its file system can
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
