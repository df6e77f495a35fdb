"""Scanning a folder into the inventory, on real trees and a real database."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from mediavault_tui.domain.library import ScanPhase
from mediavault_tui.services.scanning import news as scan_news
from mediavault_tui.services.scanning.scan import Scanner
from mediavault_tui.sources.local.source import LocalSource
from mediavault_tui.store.database import Connection, Database
from tests.db.scans import CountingSource, scan, states, write


@pytest.fixture
def library(tmp_path: Path) -> Path:
    return tmp_path / "library"


async def test_a_first_scan_takes_every_video_into_the_inventory(
    database: Database, conn: Connection, library: Path
) -> None:
    write(library / "Heat (1995)" / "Heat (1995) [1080p].mkv")
    write(library / "Firefly" / "Season 1" / "S01E03.mkv", b"episode")
    write(library / "Heat (1995)" / "Heat (1995).srt")
    last = await scan(database, library)
    assert (last.phase, last.counts.seen, last.counts.new, last.counts.errors) == (ScanPhase.DONE, 2, 2, 0)
    rows = await conn.fetch(
        "select kind, title, year, season, episodes, state from media_files order by title"
    )
    assert [tuple(row) for row in rows] == [
        ("episode", "Firefly", 0, 1, [3], "present"),
        ("movie", "Heat", 1995, None, [], "present"),
    ]


async def test_who_looks_at_the_library_is_told_while_the_scan_still_runs(
    database: Database, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan_news, "_FIRST", 0.01)
    write(library / "Heat (1995)" / "Heat (1995) [1080p].mkv")
    heard: list[str] = []
    told = asyncio.Event()

    def hear(message: str) -> None:
        heard.append(message)
        told.set()

    async def matched() -> None:
        """The last phase: it ends only when somebody was told."""
        async with asyncio.timeout(30):
            await told.wait()

    async with database.listen("mediavault", hear):
        async for _ in Scanner(database, LocalSource(), None, dedupe=matched).scan([library]):
            pass
    assert heard == ["files:changed"]


async def test_files_of_equal_bytes_get_equal_hashes_and_a_large_one_alone_is_not_read(
    database: Database, conn: Connection, library: Path
) -> None:
    write(library / "a.mkv", b"same bytes")
    write(library / "b.mkv", b"same bytes")
    write(library / "c.mkv", b"other text")
    write(library / "alone.mkv", bytes(200 * 1024))
    source = CountingSource()
    last = await scan(database, library, source=source)
    hashes = {
        r["path"][-5:]: r["content_hash"]
        for r in await conn.fetch("select path, content_hash from media_files")
    }
    assert hashes["a.mkv"] == hashes["b.mkv"] != hashes["c.mkv"]
    assert hashes["e.mkv"] is None
    assert last.counts.hashed == 3


async def test_a_rescan_of_an_unchanged_tree_opens_no_file_and_rewrites_no_row(
    database: Database, conn: Connection, library: Path
) -> None:
    for n in range(20):
        write(library / f"Film {n % 3}" / f"Film {n} (20{n:02}).mkv", b"x" * (100 + n % 4))
    write(library / "index.ts", b"export const answer = 42;\n" * 50)
    await scan(database, library)
    before = await conn.fetch("select id, xmin::text, ctid::text from media_files order by id")
    source = CountingSource()
    last = await scan(database, library, source=source)
    assert (last.counts.new, last.counts.changed, last.counts.bytes_read, source.opened) == (0, 0, 0, [])
    assert await conn.fetch("select id, xmin::text, ctid::text from media_files order by id") == before


async def test_a_renamed_file_keeps_its_row_its_hash_and_is_not_read_again(
    database: Database, conn: Connection, library: Path
) -> None:
    old = write(library / "Heat.1995.mkv", b"same bytes")
    write(library / "copy.mkv", b"same bytes")
    await scan(database, library)
    before = await conn.fetchrow("select id, content_hash from media_files where path like '%Heat%'")
    os.rename(old, library / "Ronin (1998).mkv")
    source = CountingSource()
    last = await scan(database, library, source=source)
    after = await conn.fetchrow(
        "select id, content_hash, title, year from media_files where path like '%Ronin%'"
    )
    assert before is not None
    assert after is not None
    assert (last.counts.renamed, last.counts.new, last.counts.missing, source.opened) == (1, 0, 0, [])
    assert (after["id"], after["content_hash"]) == (before["id"], before["content_hash"])
    assert (after["title"], after["year"]) == ("Ronin", 1998)


async def test_a_changed_file_keeps_its_row_and_forgets_its_hash(
    database: Database, conn: Connection, library: Path
) -> None:
    film = write(library / "a.mkv", b"same bytes")
    write(library / "b.mkv", b"same bytes")
    await scan(database, library)
    id = await conn.fetchval("select id from media_files where path like '%a.mkv'")
    film.write_bytes(b"something longer")
    last = await scan(database, library)
    row = await conn.fetchrow("select id, content_hash, size_bytes from media_files where path like '%a.mkv'")
    assert row is not None
    assert (last.counts.changed, tuple(row)) == (1, (id, None, 16))


async def test_a_file_that_is_gone_is_missing_and_present_when_it_is_back(
    database: Database, conn: Connection, library: Path
) -> None:
    film = write(library / "a.mkv", b"one")
    write(library / "b.mkv", b"other")
    await scan(database, library)
    aside = film.rename(library.parent / "aside.mkv")
    last = await scan(database, library)
    assert last.counts.missing == 1
    assert await states(conn) == {"a.mkv": "missing", "b.mkv": "present"}
    aside.rename(film)
    await scan(database, library)
    assert await states(conn) == {"a.mkv": "present", "b.mkv": "present"}
    assert await conn.fetchval("select count(*) from media_files where missing_since is not null") == 0
