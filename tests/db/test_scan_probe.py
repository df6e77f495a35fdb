"""Scanning the demo library with the real ffprobe: what the inventory then knows."""

# ruff: noqa: ASYNC240 - small local trees; a child is waited for by looking at what it wrote
from __future__ import annotations

import asyncio
import os
import shutil
from pathlib import Path

import pytest

from mediavault_tui.domain.library import ScanPhase, ScanProgress
from mediavault_tui.probe.ffprobe import Prober
from mediavault_tui.probe.tools import find_tool
from mediavault_tui.services.demo.make import DemoLibrary
from mediavault_tui.services.scanning.control import ScanControl
from mediavault_tui.services.scanning.scan import Scanner
from mediavault_tui.sources.local.source import LocalSource
from mediavault_tui.store.database import Connection, Database
from tests.conftest import ScannedDemo


@pytest.fixture
def prober() -> Prober:
    return Prober(ffprobe=find_tool("ffprobe", None), ffmpeg=find_tool("ffmpeg", None), workers=2)


async def last_of(scanner: Scanner, root: Path, control: ScanControl | None = None) -> ScanProgress:
    return [progress async for progress in scanner.scan([root], control=control)][-1]


async def test_the_demo_library_is_probed_checked_and_scored(
    scanned_database: Database, scanned_demo: ScannedDemo, prober: Prober, demo_library: DemoLibrary
) -> None:
    assert (scanned_demo.last.phase, scanned_demo.refreshed) == (ScanPhase.DONE, 1)
    assert scanned_demo.last.counts.probed > 40
    async with scanned_database.connection() as conn:
        assert await conn.fetchval("select count(*) from media_files where probed_at is null") == 0
        assert await conn.fetchval("select count(distinct tier) from media_files") >= 4
        healthy = "select count(*) from media_files where health = 'healthy' and score > 0"
        assert await conn.fetchval(healthy) > 40
        assert await conn.fetchval("select count(*) from media_files where health = 'broken'") >= 1
        assert await conn.fetchval("select count(*) from media_files where title = ''") == 0
    again = await last_of(Scanner(scanned_database, LocalSource(), prober), demo_library.folder)
    assert (again.counts.probed, again.counts.hashed, again.counts.bytes_read) == (0, 0, 0)


async def test_a_file_that_hangs_the_prober_is_quarantined_until_it_changes(
    database: Database, conn: Connection, tmp_path: Path
) -> None:
    hanging = tmp_path / "hang"
    hanging.write_text("#!/bin/sh\nexec sleep 60\n")
    hanging.chmod(0o700)
    film = tmp_path / "library" / "film.mkv"
    film.parent.mkdir()
    film.write_bytes(b"no film at all")
    slow = Prober(ffprobe=str(hanging), ffmpeg=str(hanging), workers=1, deadline=lambda _size: 0.2)
    last = await last_of(Scanner(database, LocalSource(), slow), film.parent)
    row = await conn.fetchrow("select health, health_reason, probed_at from media_files")
    assert row is not None
    assert (last.phase, last.counts.errors, row["health"], row["probed_at"]) == (
        ScanPhase.DONE,
        1,
        "quarantined",
        None,
    )
    assert "skipped until it changes" in row["health_reason"]
    again = await last_of(Scanner(database, LocalSource(), slow), film.parent)
    assert again.counts.errors == 0
    film.write_bytes(b"something else")
    changed = await last_of(Scanner(database, LocalSource(), slow), film.parent)
    assert (changed.counts.changed, changed.counts.errors) == (1, 1)


async def test_a_cancelled_scan_kills_the_prober_inside_a_file(
    database: Database, conn: Connection, tmp_path: Path
) -> None:
    mark = tmp_path / "started"
    hanging = tmp_path / "hang"
    hanging.write_text(f"#!/bin/sh\n: > {mark}\nexec sleep 60\n")
    hanging.chmod(0o700)
    film = tmp_path / "library" / "film.mkv"
    film.parent.mkdir()
    film.write_bytes(b"no film at all")
    slow = Prober(ffprobe=str(hanging), ffmpeg=str(hanging), workers=1)
    control = ScanControl()
    async with asyncio.timeout(30):
        phases = []
        async for progress in Scanner(database, LocalSource(), slow).scan([film.parent], control=control):
            phases.append(progress.phase)
            if os.path.exists(mark):
                control.cancel()
    assert phases[-1] is ScanPhase.CANCELLED
    assert await conn.fetchval("select health from media_files") == "unchecked"


async def test_a_copy_of_a_probed_file_elsewhere_is_probed_by_itself(
    database: Database, conn: Connection, prober: Prober, demo_library: DemoLibrary, tmp_path: Path
) -> None:
    one = next(path for path in demo_library.folder.rglob("*.mkv") if path.stat().st_size > 0)
    (tmp_path / "library").mkdir()
    shutil.copy(one, tmp_path / "library" / one.name)
    shutil.copy(one, tmp_path / "library" / f"copy of {one.name}")
    last = await last_of(Scanner(database, LocalSource(), prober), tmp_path / "library")
    assert last.counts.probed == 2
    assert await conn.fetchval("select count(distinct content_hash) from media_files") == 1
