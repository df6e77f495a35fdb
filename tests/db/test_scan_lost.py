"""A scan that loses its volume, its database or its life."""

# ruff: noqa: ASYNC220 - a child is waited for in a thread
from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mediavault_tui.domain.library import ScanPhase
from mediavault_tui.domain.model import signed
from mediavault_tui.errors import DatabaseDown
from mediavault_tui.services.scanning import arrive as scan_arrive
from mediavault_tui.services.scanning.control import ScanControl
from mediavault_tui.services.scanning.scan import Scanner
from mediavault_tui.sources.base import FoundFile, WalkError
from mediavault_tui.sources.local.source import LocalSource
from mediavault_tui.store import indexes
from mediavault_tui.store.database import Connection, Database
from mediavault_tui.store.embedded import serve
from mediavault_tui.store.migrate import migrate
from tests.conftest import FAST
from tests.db.scans import scan, states, write

DURABLE = {**FAST, "synchronous_commit": "on"}
"""A killed server must still know what it has said yes to."""


class Renumbered(LocalSource):
    """The local files, with other numbers than the disk gives them."""

    def __init__(self, number: Callable[[FoundFile], FoundFile]) -> None:
        self._number = number

    def walk(
        self, root: bytes, *, skip: frozenset[bytes], on_error: Callable[[WalkError], None]
    ) -> Iterator[list[FoundFile]]:
        for batch in super().walk(root, skip=skip, on_error=on_error):
            yield [self._number(file) for file in batch]


def mounted(file: FoundFile) -> FoundFile:
    """Give what lies below `mnt` a device of its own."""
    return file._replace(stamp=file.stamp._replace(device=4711)) if b"/mnt/" in file.path else file


def enormous(file: FoundFile) -> FoundFile:
    """Give a file an inode such as mergerfs makes."""
    return file._replace(stamp=file.stamp._replace(inode=signed(file.stamp.inode + 2**63)))


async def test_a_volume_below_the_root_that_is_not_mounted_loses_no_file(
    database: Database, conn: Connection, tmp_path: Path
) -> None:
    write(tmp_path / "lib" / "a.mkv", b"stays")
    film = write(tmp_path / "lib" / "mnt" / "Films" / "b.mkv", b"on the volume")
    await scan(database, tmp_path / "lib", source=Renumbered(mounted))
    film.unlink()
    film.parent.rmdir()  # the mount point itself stays, and is empty
    last = await scan(database, tmp_path / "lib", source=Renumbered(mounted))
    assert (last.counts.missing, last.counts.errors) == (0, 1)
    errors = await conn.fetchval("select errors from scan_history order by id desc limit 1")
    assert "perhaps it is not mounted" in errors[0]["message"]
    assert await states(conn) == {"a.mkv": "present", "b.mkv": "present"}


async def test_files_taken_out_of_a_folder_that_stands_are_missing_whatever_their_device(
    database: Database, conn: Connection, tmp_path: Path
) -> None:
    write(tmp_path / "lib" / "a.mkv", b"stays")
    film = write(tmp_path / "lib" / "mnt" / "b.mkv", b"on the volume")
    write(film.with_suffix(".nfo"))
    await scan(database, tmp_path / "lib", source=Renumbered(mounted))
    film.unlink()
    last = await scan(database, tmp_path / "lib", source=Renumbered(mounted))
    assert (last.counts.missing, last.counts.errors) == (1, 0)
    assert await states(conn) == {"a.mkv": "present", "b.mkv": "missing"}


async def test_inodes_of_all_64_bits_are_stored_and_known_again(
    database: Database, conn: Connection, tmp_path: Path
) -> None:
    film = write(tmp_path / "lib" / "a.mkv")
    await scan(database, tmp_path / "lib", source=Renumbered(enormous))
    assert await conn.fetchval("select inode from media_files") < 0
    film.rename(film.with_name("b.mkv"))
    last = await scan(database, tmp_path / "lib", source=Renumbered(enormous))
    assert (last.counts.renamed, last.counts.new, last.counts.changed) == (1, 0, 0)


async def test_a_database_that_dies_during_a_scan_is_named_and_the_next_scan_goes_on(tmp_path: Path) -> None:
    library = tmp_path / "lib"
    write(library / "a.mkv", b"one")
    (tmp_path / "data").mkdir()
    async with serve(tmp_path / "data", server=DURABLE) as url:
        await migrate(url)
        database = await Database.connect(url)
        control = ScanControl()
        control.pause()
        running = Scanner(database, LocalSource(), None).scan([library], control=control)
        await anext(running)
        pid = next((tmp_path / "data").glob("**/postmaster.pid")).read_text().split()[0]
        os.kill(int(pid), signal.SIGKILL)
        with pytest.raises(DatabaseDown, match="database"):
            await _rest(running, control)
        await database.close()
    async with serve(tmp_path / "data", server=DURABLE) as url:
        database = await Database.connect(url)
        # What a backend wrote before it noticed the death of its server is kept; the rest comes now.
        last = await scan(database, library)
        assert (last.phase, last.counts.seen) == (ScanPhase.DONE, 1)
        async with database.connection() as conn:
            assert await states(conn) == {"a.mkv": "present"}
        history = await Scanner(database, LocalSource(), None).history()
        assert [record.phase for record in history] == [ScanPhase.DONE, ScanPhase.FAILED]
        assert [record.roots_raw for record in history] == [(os.fsencode(library),)] * 2
        await database.close()


async def _rest(running: object, control: ScanControl) -> None:
    control.resume()
    async for _ in running:  # type: ignore[attr-defined]  # an async generator
        pass


async def test_a_scan_that_is_killed_while_it_fills_keeps_what_was_written_and_the_next_goes_on(
    database: Database, database_url: str, conn: Connection, tmp_path: Path
) -> None:
    library = tmp_path / "lib"
    for n in range(30):
        write(library / f"{n:02}.mkv", b"film %d" % n)
    os.link(library / "00.mkv", library / "zz.mkv")
    before = await conn.fetch(INDEXES)
    with subprocess.Popen(
        [sys.executable, "-c", FILLING, database_url, str(library)], stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        assert (await asyncio.to_thread(child.stdout.readline)).strip() == b"written"
        orphans = await asyncio.to_thread(_children, child.pid)
        child.send_signal(signal.SIGKILL)
        await asyncio.to_thread(child.wait)
    await asyncio.to_thread(_wait_for_the_end_of, orphans)
    assert await conn.fetchval("select count(*) from media_files") == 10, "the first checkpoint is committed"
    assert len(await conn.fetch(INDEXES)) < len(before)
    last = await scan(database, library)
    assert (last.phase, last.counts.new) == (ScanPhase.DONE, 20)
    assert set((await states(conn)).values()) == {"present"}
    assert await conn.fetchval("select aliases from media_files where path like '%00.mkv'") == [
        os.fsencode(library / "zz.mkv")
    ]
    assert await conn.fetch(INDEXES) == before


def _children(pid: int) -> list[str]:
    """The workers of a process, where the system tells."""
    listed = Path(f"/proc/{pid}/task/{pid}/children")
    return listed.read_text().split() if listed.exists() else []


def _wait_for_the_end_of(pids: list[str]) -> None:
    while any(Path(f"/proc/{pid}").exists() for pid in pids):
        time.sleep(0.02)


INDEXES = "select indexname, indexdef from pg_indexes where tablename = 'media_files' order by indexname"
FILLING = """
import asyncio, sys
from pathlib import Path
from mediavault_tui.services.scanning import arrive as scan_arrive, first as scan_first
from mediavault_tui.services.scanning import arrive as scan_arrive
from mediavault_tui.services.scanning.scan import Scanner
from mediavault_tui.sources.local.source import LocalSource
from mediavault_tui.store import arrivals
from mediavault_tui.store.database import Database

insert = arrivals.insert

async def insert_and_stay(conn, rows):
    await insert(conn, rows)
    print("written", flush=True)
    await asyncio.Event().wait()

async def main():
    scan_arrive.MANY = 10
    scan_first.LOT = 10
    scan_arrive.CHECKPOINT = 0.0
    arrivals.insert = insert_and_stay
    database = await Database.connect(sys.argv[1])
    async for _ in Scanner(database, LocalSource(), None).scan([Path(sys.argv[2])]):
        pass

if __name__ == "__main__":
    asyncio.run(main())
"""


async def test_a_folder_that_is_mounted_twice_is_written_down_once(
    database: Database, conn: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a bind mount shows it: one inode under two names, and no hard links to tell of it."""
    library = tmp_path / "lib"
    write(library / "a" / "film.mkv", b"film")
    write(library / "b" / "other.mkv", b"other")

    class MountedTwice(LocalSource):
        def walk(
            self, root: bytes, *, skip: frozenset[bytes], on_error: Callable[[WalkError], None]
        ) -> Iterator[list[FoundFile]]:
            for found in super().walk(root, skip=skip, on_error=on_error):
                again = [
                    f._replace(path=f.path.replace(b"/a/", b"/again/")) for f in found if b"/a/" in f.path
                ]
                yield found + again

    monkeypatch.setattr(scan_arrive, "MANY", 1)
    await scan(database, library, source=MountedTwice())
    rows = await conn.fetch("select path_raw, aliases from media_files order by path_raw")
    assert [(r["path_raw"][-10:], [a[-14:] for a in r["aliases"]]) for r in rows] == [
        (b"a/film.mkv", [b"again/film.mkv"]),
        (b"/other.mkv", []),
    ]


async def test_indexes_for_large_libraries_are_made_when_the_library_is_large(
    database: Database, conn: Connection
) -> None:
    async def waiting() -> list[str]:
        return [row["name"] for row in await conn.fetch("select name from deferred_indexes")]

    assert len(await waiting()) == 13
    assert await indexes.make_due(database) == 0
    await conn.execute("update deferred_indexes set from_files = 0 where name like '%kind%'")
    assert await indexes.make_due(database) == 6
    assert len(await waiting()) == 7
    assert await indexes.make_due(database) == 0
    made = await conn.fetchval(
        "select count(*) from pg_indexes where indexname like 'media\\_files\\_kind\\_%'"
    )
    assert made == 6
