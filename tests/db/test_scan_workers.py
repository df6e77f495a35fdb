"""The processes that read a first scan's files: they hold up nobody, whatever they wait for."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import threading
from collections.abc import AsyncGenerator
from contextlib import suppress
from pathlib import Path

import pytest

from mediavault_tui.domain.fenced import Fenced
from mediavault_tui.domain.model import ScanId
from mediavault_tui.services.scanning import arrive as scan_arrive
from mediavault_tui.services.scanning.arrive import Arriving, Files
from mediavault_tui.services.scanning.control import ScanControl
from mediavault_tui.services.scanning.first import new_file
from mediavault_tui.services.scanning.progress import Meter
from mediavault_tui.sources.local.source import LocalSource
from mediavault_tui.store.database import Connection, Database
from tests.db.scans import write
from tests.streamer.conftest import until


async def test_workers_that_hang_do_not_hang_the_app_when_a_scan_is_left(
    database: Database, conn: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan_arrive, "MANY", 1)
    found = LocalSource().stat(os.fsencode(write(tmp_path / "lib" / "Heat (1995).mkv")))

    async def coming() -> AsyncGenerator[Files, None]:
        yield os.fsencode(tmp_path / "lib"), [new_file(found, (), Fenced(()))]

    arriving = Arriving(conn, database, LocalSource(), Meter(ScanId(1), ScanControl()))
    taking = asyncio.ensure_future(arriving.take(coming()))
    await until(multiprocessing.active_children)
    workers = [worker.pid for worker in multiprocessing.active_children() if worker.pid]
    for pid in workers:
        os.kill(pid, signal.SIGSTOP)  # as a disk that does not answer holds them
    went_on = threading.Event()

    def go_on() -> None:
        went_on.set()
        for pid in workers:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    late = threading.Timer(20, go_on)
    late.start()
    try:
        taking.cancel()
        await asyncio.sleep(0.1)  # the loop turns, and so would the app
        assert not went_on.is_set(), "the loop stood still"
    finally:
        late.cancel()
        go_on()
        with suppress(asyncio.CancelledError):
            await taking
