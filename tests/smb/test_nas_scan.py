"""Scans of a real share: what is read, what survives a bad night, what is never marked gone."""

from __future__ import annotations

import asyncio
import os
import shutil
from datetime import time
from pathlib import Path
from typing import Any

import pytest

from mediavault_tui.domain.library import ScanPhase, ScanProgress
from mediavault_tui.domain.nightly import Window
from mediavault_tui.probe.ffprobe import Prober
from mediavault_tui.services.demo.make import DemoLibrary
from mediavault_tui.services.scanning.control import ScanControl
from mediavault_tui.services.scanning.far import FarPolicy
from mediavault_tui.store.database import Connection, Database
from tests.smb.nas_rig import Server, nas_on, scan, the_server, the_tree
from tests.smb.proxy import Proxy

__all__ = ["the_server", "the_tree"]  # fixtures

pytestmark = pytest.mark.needs("smbd", "pdbedit")

MB = 1_000_000


def film(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def noise(seed: int, size: int) -> bytes:
    """Bytes that are like no other's."""
    return (b"%d" % seed * (size // len(b"%d" % seed) + 1))[:size]


async def rows(conn: Connection) -> list[tuple[Any, ...]]:
    """What a scan says of every file, but when."""
    found = await conn.fetch(
        "select source, path_raw, root_raw, size_bytes, modified_ns, state, sample_hash, content_hash, title,"
        " year, kind, container, duration_s, width, video_codec, audio_languages, health, health_reason,"
        " score"
        " from media_files order by path_raw"
    )
    return [tuple(row) for row in found]


async def test_a_share_is_scanned_like_a_folder(
    database: Database,
    conn: Connection,
    server: Server,
    tree: Path,
    tmp_path: Path,
) -> None:
    film(tree / "videos/Heat (1995)/Heat (1995).mkv", noise(1, 3 * MB))
    film(tree / "videos/copy/Heat.1995.mkv", noise(1, 3 * MB))
    film(tree / "videos/Alien (1979).mkv", noise(2, 2 * MB))
    film(tree / "videos/notes.txt", b"no film")
    film(tree / "videos/@eaDir/Heat (1995).mkv", b"a thumbnail")
    film(tree / "videos/été 👨‍👩‍👧 (2003).mkv", noise(3, MB))
    async with nas_on(database, server, tmp_path) as nas:
        last = await scan(database, nas, "nas:/volume1/videos")
        assert (last.phase, last.counts.seen, last.counts.new, last.counts.errors) == (
            ScanPhase.DONE,
            4,
            4,
            0,
        )
        found = await conn.fetch("select source, path, content_hash from media_files order by path")
        assert {row["source"] for row in found} == {"nas:2"}
        assert found[0]["path"] == "/volume1/videos/Alien (1979).mkv"
        hashes = {row["path"]: row["content_hash"] for row in found}
        assert hashes["/volume1/videos/copy/Heat.1995.mkv"] is not None
        assert (
            hashes["/volume1/videos/copy/Heat.1995.mkv"]
            == hashes["/volume1/videos/Heat (1995)/Heat (1995).mkv"]
        )
        assert hashes["/volume1/videos/Alien (1979).mkv"] is None

        again = await scan(database, nas, "nas:/volume1/videos")
        assert (again.counts.new, again.counts.changed, again.counts.missing) == (0, 0, 0)
        assert again.counts.bytes_wire < 20_000, "an unchanged share was read, not only listed"


async def test_only_heads_and_tails_of_what_differs_are_read(
    database: Database,
    server: Server,
    tree: Path,
    tmp_path: Path,
) -> None:
    for number in range(4):
        film(tree / f"{number}.mkv", noise(number + 10, 8 * MB))
    film(tree / "lonely.mkv", noise(5, 9 * MB))
    async with nas_on(database, server, tmp_path) as nas:
        last = await scan(database, nas)
    needed = 4 * 2 * 64 * 1024
    assert last.counts.bytes_read == needed
    assert last.counts.bytes_wire < 1.1 * needed


async def test_a_deep_scan_hashes_every_file_ahead_of_time(
    database: Database,
    conn: Connection,
    server: Server,
    tree: Path,
    tmp_path: Path,
) -> None:
    film(tree / "one.mkv", noise(1, 2 * MB))
    film(tree / "two.mkv", noise(2, 3 * MB))
    async with nas_on(database, server, tmp_path) as nas:
        last = await scan(database, nas, deep=True)
        assert last.counts.hashed == 2
        assert await conn.fetchval("select count(*) from media_files where content_hash is null") == 0
        again = await scan(database, nas, deep=True)
        assert again.counts.bytes_wire < 20_000


async def test_a_budget_ends_the_reading_and_the_next_scan_goes_on(
    database: Database,
    conn: Connection,
    server: Server,
    tree: Path,
    tmp_path: Path,
) -> None:
    for number in range(6):
        film(tree / f"{number}.mkv", noise(number + 10, 5 * MB + number))
    async with nas_on(database, server, tmp_path) as nas:
        last = await scan(database, nas, far=FarPolicy(budget=10 * MB), deep=True)
        assert last.phase is ScanPhase.DONE
        assert "The budget of 0.0 GB for one scan is used up" in last.message
        assert last.budget == 10 * MB
        assert 10 * MB <= last.counts.bytes_wire < 20 * MB
        assert await conn.fetchval("select count(*) from media_files where content_hash is not null") < 6
        assert await conn.fetchval("select count(*) from media_files") == 6
        await scan(database, nas, deep=True)
    assert await conn.fetchval("select count(*) from media_files where content_hash is not null") == 6


async def test_files_are_read_only_inside_the_night_window(
    database: Database,
    conn: Connection,
    server: Server,
    tree: Path,
    tmp_path: Path,
) -> None:
    film(tree / "a.mkv", noise(1, MB))
    film(tree / "b.mkv", noise(1, MB))
    control = ScanControl()
    clock = [time(12, 0)]
    seen: list[str] = []

    def on(progress: ScanProgress) -> None:
        if "night window" in progress.message:
            seen.append(progress.message)
            assert progress.counts.bytes_read == 0
            clock[0] = time(23, 30)

    policy = FarPolicy(window=Window.read("23:00-06:00"), now=lambda: clock[0])
    async with nas_on(database, server, tmp_path) as nas:
        last = await scan(database, nas, far=policy, control=control, on=on)
    assert seen[0] == "waiting for the night window, 23:00–06:00"
    assert last.counts.hashed == 2
    assert await conn.fetchval("select count(*) from media_files where content_hash is not null") == 2


async def test_a_share_that_is_gone_or_empty_marks_nothing_gone(
    database: Database,
    conn: Connection,
    server: Server,
    tree: Path,
    tmp_path: Path,
) -> None:
    film(tree / "videos/a.mkv", noise(1, 1000))
    film(tree / "videos/b.mkv", noise(2, 1001))
    async with nas_on(database, server, tmp_path) as nas:
        await scan(database, nas, "nas:/volume1/videos")
        shutil.move(tree / "videos", tree / "elsewhere")
        last = await scan(database, nas, "nas:/volume1/videos")
        assert (last.phase, last.roots_failed, last.counts.missing) == (ScanPhase.FAILED, 1, 0)
        (tree / "videos").mkdir()
        last = await scan(database, nas, "nas:/volume1/videos")
        assert (last.roots_failed, last.counts.missing) == (1, 0)
        server.kill()
        last = await scan(database, nas, "nas:/volume1/videos", far=FarPolicy(patience=0.5))
        assert (last.phase, last.roots_failed, last.counts.missing) == (ScanPhase.FAILED, 1, 0)
    assert await conn.fetchval("select count(*) from media_files where state = 'present'") == 2


async def test_a_file_taken_away_is_missing_and_one_put_back_is_back(
    database: Database,
    conn: Connection,
    server: Server,
    tree: Path,
    tmp_path: Path,
) -> None:
    film(tree / "videos/a.mkv", noise(1, 1000))
    film(tree / "videos/b.mkv", noise(2, 1001))
    async with nas_on(database, server, tmp_path) as nas:
        await scan(database, nas, "nas:/volume1/videos")
        os.rename(tree / "videos/a.mkv", tree / "a.mkv")
        assert (await scan(database, nas, "nas:/volume1/videos")).counts.missing == 1
        os.rename(tree / "a.mkv", tree / "videos/c.mkv")
        last = await scan(database, nas, "nas:/volume1/videos")
        assert (last.counts.renamed, last.counts.new) == (1, 0)


@pytest.mark.slow
async def test_three_kills_of_the_server_leave_the_same_inventory_as_a_quiet_scan(
    database: Database,
    conn: Connection,
    server: Server,
    tree: Path,
    tmp_path: Path,
    demo_library: DemoLibrary,
    ffprobe: str,
    ffmpeg: str,
) -> None:
    """Killed in the walk, while hashing and while probing; each time it is back half a second later.

    The line is slow, so that no phase passes between two looks at the progress.
    """
    real = sorted(demo_library.folder.rglob("*.mkv"), key=lambda path: path.stat().st_size)[:8]
    for path in real:
        place = tree / "videos" / path.relative_to(demo_library.folder)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, place)
    for number in range(6):
        film(tree / f"videos/same size/{number % 3} {number}.mkv", noise(number % 3 + 20, 6 * MB))
    prober = Prober(ffprobe=ffprobe, ffmpeg=ffmpeg, workers=2)
    with Proxy(server.port) as line:
        async with nas_on(database, server, tmp_path, port=line.port) as nas:
            quiet = await scan(database, nas, prober=prober)
            expected = await rows(conn)
            await conn.execute("truncate media_files, duplicate_groups, scan_history cascade")
            assert await rows(conn) == []

            line.rate = 20 * MB
            struck: list[ScanPhase] = []
            back: list[asyncio.Task[None]] = []

            async def revive() -> None:
                await asyncio.sleep(0.4)  # the night's length, not a wait for something
                await asyncio.to_thread(server.start)

            def on(progress: ScanProgress) -> None:
                begun = {
                    ScanPhase.WALKING: True,
                    ScanPhase.HASHING: progress.counts.bytes_read > 0,
                    ScanPhase.PROBING: progress.counts.probed > 0,
                }
                if begun.get(progress.phase) and progress.phase not in struck and server.running:
                    struck.append(progress.phase)
                    server.kill()
                    back.append(asyncio.get_running_loop().create_task(revive()))

            last = await scan(database, nas, prober=prober, on=on)
            await asyncio.gather(*back)
    assert struck == [ScanPhase.WALKING, ScanPhase.HASHING, ScanPhase.PROBING]
    assert last.phase is ScanPhase.DONE
    assert await rows(conn) == expected
    assert last.counts.errors == quiet.counts.errors
