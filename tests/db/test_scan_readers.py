"""Files read in threads: what becomes of the readers when nothing can be written any more."""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from datetime import time
from pathlib import Path
from time import sleep

import pytest

from mediavault_tui.domain.library import ScanPhase
from mediavault_tui.domain.nightly import Window
from mediavault_tui.errors import DatabaseDown
from mediavault_tui.services.scanning.control import ScanControl
from mediavault_tui.services.scanning.far import FarControl, FarPolicy
from mediavault_tui.services.scanning.scan import Scanner
from mediavault_tui.sources.local.source import LocalSource
from mediavault_tui.store.database import Connection, Database
from tests.db.scans import scan, write

ENDLESS = 4 << 40
"""Bytes of a film, all of them a hole, that no machine reads to its end while a test waits."""


@pytest.mark.parametrize("paused", [False, True])
@pytest.mark.parametrize(("films", "deep"), [(2, False), (1, True)])
async def test_a_scan_whose_connection_is_gone_reads_nothing_on(
    database: Database, conn: Connection, tmp_path: Path, films: int, deep: bool, paused: bool
) -> None:
    library = tmp_path / "lib"
    for n in range(films):
        os.truncate(write(library / f"{n}.mkv"), ENDLESS)
    control = ScanControl()
    running = Scanner(database, LocalSource(), None).scan([library], control=control, deep=deep)
    async with asyncio.timeout(60):
        async for progress in running:
            if progress.counts.bytes_read > 1 << 20:
                break
        if paused:
            control.pause()
        assert await conn.fetchval(OTHERS), "there was a connection to end"
        with pytest.raises(DatabaseDown):
            async for _ in running:
                pass
    assert not control.cancelled, "nobody called it off"
    for film in library.iterdir():
        os.truncate(film, 1)
    await scan(database, library)
    history = await Scanner(database, LocalSource(), None).history()
    assert [record.phase for record in history] == [ScanPhase.DONE, ScanPhase.FAILED]


OTHERS = """
select count(pg_terminate_backend(pid)) from pg_stat_activity
where datname = current_database() and pid <> pg_backend_pid()
"""


def test_a_scan_that_fails_outside_its_night_window_waits_for_it_no_longer() -> None:
    hand = ScanControl()
    control = FarControl(hand, FarPolicy(window=Window.read("01:00-02:00"), now=lambda: time(12, 0)))
    control.bytes_matter(True)
    with ThreadPoolExecutor(1) as reader:
        stopped = reader.submit(control.stopped)
        while not control.waiting:
            sleep(0.01)
        control.fail()
        assert stopped.result(timeout=30)
    assert not hand.cancelled
    assert hand.over
