"""The embedded PostgreSQL: there while anybody uses it, gone with the last one.

Everybody holds a shared `flock` on `use.lock`; who leaves tries for the exclusive one
and, getting it, was the last and stops the server. The kernel drops the locks of a
process that is killed, so nothing is ever counted wrong: a server left behind is used
and stopped by whoever comes next. `start.lock` makes starting and stopping take turns.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from mediavault_tui.errors import DatabaseError
from mediavault_tui.store.cluster import Cluster


@asynccontextmanager
async def serve(
    data_dir: Path, *, pg_bin: Path | None = None, server: Mapping[str, str] | None = None
) -> AsyncIterator[str]:
    """Yield the address of the server in `data_dir/postgres`, started if it does not run.

    `server`: settings of PostgreSQL beside ours (tests turn fsync off).
    Raises: ToolMissing, DatabaseError, DatabaseDown, each a sentence.
    """
    home = _make_home(data_dir)
    with _lock_file(home / "use.lock") as use:
        async with _taken(home / "start.lock"):
            _lock(use, fcntl.LOCK_SH)
            cluster = await Cluster.at(home, pg_bin=pg_bin, settings=server or {})
        try:
            async with _taken(home / "start.lock"):
                await cluster.ensure()
            yield cluster.url()
        finally:
            async with _taken(home / "start.lock"):
                if _lock(use, fcntl.LOCK_EX):  # nobody else is there
                    await cluster.stop()
                _lock(use, fcntl.LOCK_UN)


def _make_home(data_dir: Path) -> Path:
    home = data_dir.absolute() / "postgres"
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        home.chmod(0o700)
    except OSError as error:
        raise DatabaseError(f"The data folder cannot be used: {error}; set MEDIAVAULT_DATA_DIR") from error
    return home


@contextmanager
def _lock_file(path: Path) -> Iterator[int]:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if os.getuid() == 0:  # in another user's folder root leaves nothing that they cannot open
            os.fchown(descriptor, path.parent.stat().st_uid, -1)
    except OSError as error:
        raise DatabaseError(f"The data folder cannot be used: {error}; set MEDIAVAULT_DATA_DIR") from error
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@asynccontextmanager
async def _taken(path: Path) -> AsyncIterator[None]:
    """Hold an exclusive lock; waited for without blocking the loop, so it can be cancelled."""
    with _lock_file(path) as descriptor:
        while not _lock(descriptor, fcntl.LOCK_EX):  # noqa: ASYNC110  # no event tells that a lock is free
            await asyncio.sleep(0.02)
        yield


def _lock(descriptor: int, how: int) -> bool:
    """Take (or give back) a lock without waiting; return whether it was to be had."""
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        raise DatabaseError(
            f"The data folder's file system knows no locks ({error}); set MEDIAVAULT_DATA_DIR"
        ) from error
    return True
