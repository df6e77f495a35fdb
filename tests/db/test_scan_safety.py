"""What a scan must never do: take an absent share for deleted files, count one file twice, lose its way."""

# ruff: noqa: ASYNC110, ASYNC220, ASYNC230, ASYNC240 - small local trees, and children waited for in threads
from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mediavault_tui.domain.library import ScanPhase
from mediavault_tui.domain.verdict import Verdict
from mediavault_tui.errors import Refused
from mediavault_tui.services.dedupe import Dedupe
from mediavault_tui.services.scanning.control import ScanControl
from mediavault_tui.services.scanning.scan import Scanner
from mediavault_tui.sources.base import FoundFile
from mediavault_tui.sources.local.source import LocalSource
from mediavault_tui.store import arrivals
from mediavault_tui.store.database import Connection, Database
from tests.db.scans import CountingSource, scan, states, write
from tests.db.shelf import Shelf


@pytest.fixture
def library(tmp_path: Path) -> Path:
    folder = tmp_path / "library"
    write(folder / "A" / "a.mkv", b"one")
    write(folder / "B" / "b.mkv", b"other")
    return folder


async def test_a_root_that_is_gone_marks_nothing_missing_and_says_so(
    database: Database, conn: Connection, library: Path
) -> None:
    await scan(database, library)
    library.rename(library.parent / "away")
    last = await scan(database, library)
    assert (last.phase, last.roots_failed, last.counts.missing) == (ScanPhase.FAILED, 1, 0)
    assert await states(conn) == {"a.mkv": "present", "b.mkv": "present"}
    errors = await conn.fetchval("select errors from scan_history order by id desc limit 1")
    assert "nothing below it is counted as missing" in errors[0]["message"]


@pytest.mark.parametrize("left", ["nothing", "no video"])
async def test_a_root_without_a_video_where_there_were_some_marks_nothing_missing(
    database: Database, conn: Connection, library: Path, left: str
) -> None:
    await scan(database, library)
    library.rename(library.parent / "away")
    library.mkdir()
    if left == "no video":
        write(library / "please mount me.txt")
    last = await scan(database, library)
    assert (last.roots_failed, last.counts.missing, last.counts.errors) == (1, 0, 1)
    assert set((await states(conn)).values()) == {"present"}


async def test_one_absent_root_does_not_keep_the_other_from_losing_files(
    database: Database, conn: Connection, library: Path, tmp_path: Path
) -> None:
    write(tmp_path / "other" / "c.mkv", b"third")
    write(tmp_path / "other" / "d.mkv", b"fourth")
    await scan(database, library, tmp_path / "other")
    library.rename(tmp_path / "away")
    (tmp_path / "other" / "c.mkv").unlink()
    last = await scan(database, library, tmp_path / "other")
    assert (last.phase, last.roots_failed, last.counts.missing) == (ScanPhase.DONE, 1, 1)
    assert await states(conn) == {
        "a.mkv": "present",
        "b.mkv": "present",
        "c.mkv": "missing",
        "d.mkv": "present",
    }


class Erring(LocalSource):
    """A source in which one folder cannot be listed, as with EIO; root may list anything."""

    def __init__(self, folder: Path) -> None:
        self.folder = os.fsencode(folder)

    def walk(self, root, *, skip, on_error):  # type: ignore[no-untyped-def]
        from mediavault_tui.sources.base import WalkError

        yield from super().walk(root, skip=skip | {self.folder}, on_error=on_error)
        on_error(WalkError(self.folder, "cannot list the folder: input/output error"))


async def test_below_a_folder_that_cannot_be_listed_nothing_is_missing(
    database: Database, conn: Connection, library: Path
) -> None:
    write(library / "A" / "Deep" / "c.mkv", b"third")
    write(library / "B" / "d.mkv", b"fourth")
    await scan(database, library)
    (library / "B" / "b.mkv").unlink()
    last = await scan(database, library, source=Erring(library / "A"))
    assert (last.counts.missing, last.counts.errors) == (1, 1)
    assert await states(conn) == {
        "a.mkv": "present",
        "c.mkv": "present",
        "b.mkv": "missing",
        "d.mkv": "present",
    }


async def test_names_of_one_file_are_one_row(database: Database, conn: Connection, library: Path) -> None:
    os.link(library / "A" / "a.mkv", library / "B" / "linked.mkv")
    os.symlink(library / "A" / "a.mkv", library / "B" / "symlink.mkv")
    os.symlink(library, library / "B" / "loop")
    last = await scan(database, library, library / "A", library.parent / "library" / "." / "B")
    row = await conn.fetchrow("select path_raw, aliases, link_count from media_files where link_count = 2")
    assert row is not None
    assert (last.counts.seen, last.counts.new) == (3, 2)
    assert tuple(row) == (
        os.fsencode(library / "A" / "a.mkv"),
        [os.fsencode(library / "B" / "linked.mkv")],
        2,
    )
    again = await scan(database, library)
    assert (again.counts.new, again.counts.changed, again.counts.missing, again.counts.renamed) == (
        0,
        0,
        0,
        0,
    )
    (library / "A" / "a.mkv").unlink()
    last = await scan(database, library)
    assert (last.counts.renamed, last.counts.missing) == (1, 0)
    assert set((await states(conn)).values()) == {"present"}


class OneNumber(LocalSource):
    """A disk that gives every file one number, as a share does that makes its numbers up."""

    links = 1

    def walk(self, *args: Any, **options: Any) -> Iterator[list[FoundFile]]:  # type: ignore[override]
        for found in super().walk(*args, **options):
            yield [FoundFile(file.path, file.stamp._replace(inode=7), self.links) for file in found]


@pytest.mark.parametrize("links", [1, 2])
async def test_two_files_that_share_a_number_are_two_files(
    database: Database, conn: Connection, library: Path, links: int
) -> None:
    """Of one of them nothing would be known any more, and it would count as a name of the other."""
    write(library / "A" / "a.mkv", b"one film")
    write(library / "B" / "b.mkv", b"another film")
    source = OneNumber()
    source.links = links
    await scan(database, library, source=source)
    await arrivals.fold_links(conn, "local")  # as after a first scan of many
    assert set(await states(conn)) == {"a.mkv", "b.mkv"}, "the first scan"
    write(library / "C" / "c.mkv", b"a third film")
    await scan(database, library, source=source)
    assert await states(conn) == {"a.mkv": "present", "b.mkv": "present", "c.mkv": "present"}
    assert await conn.fetchval("select count(*) from media_files where aliases <> '{}'") == 0


async def test_a_name_in_another_root_of_a_known_file_becomes_an_alias(
    database: Database, conn: Connection, library: Path, tmp_path: Path
) -> None:
    await scan(database, library)
    (tmp_path / "other").mkdir()
    os.link(library / "A" / "a.mkv", tmp_path / "other" / "same.mkv")
    for _ in range(2):
        last = await scan(database, tmp_path / "other")
        assert (last.counts.new, last.counts.renamed, last.counts.missing) == (0, 0, 0)
        await scan(database, library)
    rows = await conn.fetch("select path_raw, aliases from media_files where aliases <> '{}'")
    assert [tuple(row) for row in rows] == [
        (os.fsencode(library / "A" / "a.mkv"), [os.fsencode(tmp_path / "other" / "same.mkv")])
    ]


async def test_hostile_names_are_kept_as_bytes_beside_their_text(
    database: Database, conn: Connection, tmp_path: Path
) -> None:
    names = [
        b"new\nline.mkv",
        b"esc\x1b[31m.mkv",
        b"bad\xff\xfe.mkv",
        b"back\\slash\t.mkv",
        "\u202egnp.mkv".encode(),
    ]
    names += [
        b"[x265] [red].mkv",
        ("\ufdfa" * 80).encode() + b".mkv",
        b"{tmdb-99999999999999}.mkv",
        b"S99999E9.mkv",
    ]
    (tmp_path / "library").mkdir()
    for name in names:
        Path(os.fsdecode(os.fsencode(tmp_path / "library") + b"/" + name)).write_bytes(name)
    last = await scan(database, tmp_path / "library")
    assert (last.phase, last.counts.new, last.counts.errors) == (ScanPhase.DONE, len(names), 0)
    stored = {
        row["path_raw"].rpartition(b"/")[2] for row in await conn.fetch("select path_raw from media_files")
    }
    assert stored == set(names)
    again = await scan(database, tmp_path / "library")
    assert (again.counts.new, again.counts.changed, again.counts.missing) == (0, 0, 0)


async def test_typescript_is_no_video_and_a_transport_stream_is(
    database: Database, conn: Connection, library: Path
) -> None:
    write(library / "index.ts", b"export const answer = 42;\n" * 99)
    write(library / "stream.ts", (b"\x47" + bytes(187)) * 10)
    await scan(database, library)
    assert set(await states(conn)) == {"a.mkv", "b.mkv", "stream.ts"}
    write(library / "index.ts", (b"\x47" + bytes(187)) * 12)
    write(library / "stream.ts", b"let x: number;\n" * 99)
    await scan(database, library)
    assert await states(conn) == {
        "a.mkv": "present",
        "b.mkv": "present",
        "stream.ts": "missing",
        "index.ts": "present",
    }


async def test_staging_folder_and_folders_of_a_nas_are_never_entered(
    database: Database, conn: Connection, library: Path
) -> None:
    for folder in ("@eaDir", "#recycle", ".Trash-1000", "duplicates_before_purge", "held"):
        write(library / folder / "x.mkv", b"never")
    await scan(database, library, staging_path=library / "held")
    assert set(await states(conn)) == {"a.mkv", "b.mkv"}


async def test_a_cancelled_scan_stops_inside_a_file_and_the_next_goes_on(
    database: Database, conn: Connection, library: Path
) -> None:
    for name in ("big1.mkv", "big2.mkv"):
        with open(library / name, "wb") as film:
            film.truncate(1 << 30)
    control = ScanControl()
    source = CountingSource()
    source.on_open = lambda path: control.cancel() if b"big" in path else None
    last = await scan(database, library, source=source, control=control)
    assert last.phase is ScanPhase.CANCELLED
    assert last.counts.bytes_read < 1 << 30
    assert await conn.fetchval("select phase from scan_history") == "cancelled"
    os.truncate(library / "big1.mkv", 1 << 20)
    os.truncate(library / "big2.mkv", 1 << 20)
    last = await scan(database, library)
    assert (last.phase, last.counts.changed) == (ScanPhase.DONE, 2)
    assert (
        await conn.fetchval("select count(distinct content_hash) from media_files where path like '%big%'")
        == 1
    )


async def test_a_paused_scan_reads_nothing_until_it_is_resumed(database: Database, library: Path) -> None:
    write(library / "same1.mkv", bytes(3 << 20))
    write(library / "same2.mkv", bytes(3 << 20))
    control = ScanControl()
    source = CountingSource()
    source.on_open = lambda _path: control.pause()
    scanner = Scanner(database, source, None, readers=1)
    phases = []
    async for progress in scanner.scan([library], control=control):
        phases.append(progress.phase)
        if progress.phase is ScanPhase.PAUSED and phases.count(ScanPhase.PAUSED) == 3:
            assert progress.counts.bytes_read < 6 << 20
            source.on_open = lambda _path: None
            control.resume()
    assert phases[-1] is ScanPhase.DONE
    assert phases.count(ScanPhase.PAUSED) >= 3


async def test_a_file_that_vanishes_or_grows_before_it_is_read_is_an_error_and_the_scan_goes_on(
    database: Database, conn: Connection, library: Path
) -> None:
    big = bytes(2 << 20)
    for name in ("gone.mkv", "grows.mkv", "still1.mkv", "still2.mkv"):
        write(library / name, big)

    def meddle(_path: bytes) -> None:
        (library / "gone.mkv").unlink(missing_ok=True)
        os.truncate(library / "grows.mkv", 3 << 20)

    source = CountingSource()
    source.on_open = meddle
    last = await scan(database, library, source=source, readers=1)
    assert last.phase is ScanPhase.DONE
    assert last.counts.errors >= 1
    equal = await conn.fetch("select content_hash from media_files where path like '%still%'")
    assert equal[0]["content_hash"] == equal[1]["content_hash"] is not None
    last = await scan(database, library)
    assert (last.counts.changed, last.counts.missing, last.counts.errors) == (1, 1, 0)


async def test_a_second_scan_of_an_overlapping_folder_is_refused_with_a_sentence(
    database: Database, library: Path
) -> None:
    control = ScanControl()
    control.pause()
    running = Scanner(database, LocalSource(), None).scan([library], control=control)
    assert (await anext(running)).counts.missing == 0
    with pytest.raises(Refused, match="is reading"):
        await scan(database, library / "A")
    await scan(database, library.parent / "elsewhere")  # another folder may be scanned meanwhile
    control.resume()
    last = [progress async for progress in running][-1]
    assert last.phase is ScanPhase.DONE


async def test_a_scan_that_was_killed_is_closed_as_failed_and_the_next_goes_on(
    database: Database, database_url: str, conn: Connection, library: Path
) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", KILLED, database_url, str(library)], stdout=subprocess.PIPE
    )
    assert child.stdout is not None
    assert (await asyncio.to_thread(child.stdout.readline)).strip() == b"reading"
    child.send_signal(signal.SIGKILL)
    await asyncio.to_thread(child.wait)
    child.stdout.close()
    assert await conn.fetchval("select finished_at from scan_history") is None
    while await conn.fetchval("select count(*) from pg_locks where locktype = 'advisory'"):
        await asyncio.sleep(0.01)  # the server notices the death of its client
    last = await scan(database, library)
    assert last.phase is ScanPhase.DONE
    assert set(await states(conn)) == {"a.mkv", "b.mkv"}
    first = await conn.fetchrow("select phase, errors from scan_history order by id limit 1")
    assert first is not None
    assert (first["phase"], len(first["errors"])) == ("failed", 1)


KILLED = """
import asyncio, sys
from pathlib import Path
from mediavault_tui.services.dedupe import Dedupe
from mediavault_tui.services.scanning.scan import Scanner
from mediavault_tui.services.scanning.control import ScanControl
from mediavault_tui.sources.base import FoundFile
from mediavault_tui.sources.local.source import LocalSource
from mediavault_tui.store.database import Database

async def main():
    database = await Database.connect(sys.argv[1])
    control = ScanControl()
    control.pause()
    async for _ in Scanner(database, LocalSource(), None).scan([Path(sys.argv[2])], control=control):
        print("reading", flush=True)

asyncio.run(main())
"""


async def test_moved_between_volumes_a_file_is_known_again_by_its_content(
    database: Database, conn: Connection, library: Path
) -> None:
    write(library / "x.mkv", b"same bytes")
    write(library / "y.mkv", b"same bytes")
    await scan(database, library)
    id = await conn.fetchval("select id from media_files where path like '%x.mkv'")
    (library / "x.mkv").unlink()
    write(library / "C" / "moved.mkv", b"same bytes")  # a copy: another inode, another time
    await scan(database, library)
    row = await conn.fetchrow("select id, state, title from media_files where path like '%moved.mkv'")
    assert row is not None
    assert tuple(row) == (id, "present", "moved")
    assert await conn.fetchval("select count(*) from media_files") == 4


@pytest.mark.parametrize("to", ["A", "C"])
async def test_moved_between_volumes_a_file_is_protected_as_its_new_place_is(
    database: Database, conn: Connection, library: Path, to: str
) -> None:
    (library / "A" / "a.mkv").unlink()
    write(library / "A" / "x.mkv", b"same bytes")
    write(library / "C" / "x.mkv", b"same bytes")
    await scan(database, library, protected=[library / "A"])
    gone = "C" if to == "A" else "A"
    id = await conn.fetchval("select id from media_files where path like $1", f"%/{gone}/x.mkv")
    (library / gone / "x.mkv").unlink()
    write(library / to / "moved.mkv", b"same bytes")
    await scan(database, library, protected=[library / "A"])
    row = await conn.fetchrow("select id, protected from media_files where path like '%moved.mkv'")
    assert row is not None
    assert tuple(row) == (id, to == "A")


async def test_what_was_staged_and_is_back_is_reported(
    database: Database, conn: Connection, library: Path
) -> None:
    write(library / "x.mkv", b"same bytes")
    write(library / "y.mkv", b"same bytes")
    await scan(database, library)
    (library / "x.mkv").unlink()
    async with conn.transaction():  # as an act would; its own tests are elsewhere
        await conn.execute("set local session_replication_role = 'replica'")
        await conn.execute("update media_files set state = 'staged' where path like '%x.mkv'")
    write(library / "again.mkv", b"same bytes")
    last = await scan(database, library)
    errors = await conn.fetchval("select errors from scan_history order by id desc limit 1")
    assert last.counts.missing == 0
    assert "was staged earlier" in errors[0]["message"]
    assert (await states(conn))["x.mkv"] == "staged"


async def test_a_file_in_a_protected_folder_is_marked_so(
    database: Database, conn: Connection, library: Path
) -> None:
    await scan(database, library, protected=[library / "A"])
    rows = await conn.fetch("select path, protected from media_files order by path")
    assert [row["protected"] for row in rows] == [True, False]


async def test_an_excluded_folder_is_not_entered_and_loses_nothing(
    database: Database, conn: Connection, library: Path
) -> None:
    write(library / "C" / "incomplete" / "c.mkv", b"third")
    await scan(database, library)
    last = await scan(database, library, excluded=[library / "A"], excluded_names=["Incomplete"])
    assert last.counts.seen == 1
    assert await states(conn) == {"a.mkv": "missing", "b.mkv": "present", "c.mkv": "missing"}
    with pytest.raises(Refused, match="is left out by MEDIAVAULT_EXCLUDE"):
        await scan(database, library / "A", excluded=[library / "A"])
    last = await scan(database, library)
    assert (last.counts.new, last.counts.hashed) == (0, 0), "all that was known is known again"
    assert set((await states(conn)).values()) == {"present"}


async def test_everything_again_reads_what_was_not_changed(
    database: Database, conn: Connection, library: Path
) -> None:
    write(library / "c.mkv", b"one")
    await scan(database, library)
    last = await scan(database, library, everything=True)
    assert last.counts.hashed == 2
    assert await conn.fetchval("select count(*) from media_files where title = ''") == 0


@pytest.mark.parametrize("held", ["held", "HELD", "nowhere"])
async def test_the_holding_folder_of_before_is_not_entered_while_something_is_in_it(
    database: Database, conn: Connection, tmp_path: Path, held: str
) -> None:
    shelf = Shelf(conn, tmp_path / "library", tmp_path / "library" / "held")
    keeper, loser = await shelf.add("a/Heat.mkv", b"better"), await shelf.add("b/heat.mkv", b"worse")
    group = await shelf.group(keeper, loser)
    assert not (await shelf.stage(database).stage_group(group, keeper.id, who="x")).refused
    last = await scan(database, shelf.root, staging_path=shelf.root / held)
    assert (last.phase, last.counts.seen, last.counts.new) == (ScanPhase.DONE, 1, 0)
    assert await states(conn) == {"Heat.mkv": "present", "heat.mkv": "staged"}
    for inside in ("held", "held/movies"):
        with pytest.raises(Refused, match="lies in the holding folder, which no scan enters"):
            await scan(database, shelf.root / inside)
    assert await states(conn) == {"Heat.mkv": "present", "heat.mkv": "staged"}


async def test_a_protected_folder_is_protected_in_every_spelling(
    database: Database, conn: Connection, library: Path
) -> None:
    write(library / "Gehütet" / "c.mkv", b"third")
    write(library / "Gehütet too" / "d.mkv", b"fourth")
    spelled = unicodedata.normalize("NFD", "GEHÜTET")
    await scan(database, library, protected=[library / spelled])
    query = "select path from media_files where protected"
    assert [Path(row["path"]).name for row in await conn.fetch(query)] == ["c.mkv"]


async def test_protection_follows_the_setting_and_the_file(
    database: Database, conn: Connection, library: Path
) -> None:
    async def protected() -> list[str]:
        rows = await conn.fetch("select path from media_files where protected and state = 'present'")
        return sorted(Path(row["path"]).name for row in rows)

    await scan(database, library)
    last = await scan(database, library, protected=[library / "A"])
    assert (await protected(), last.counts.changed) == (["a.mkv"], 0), "set later"
    (library / "B" / "b.mkv").rename(library / "A" / "b.mkv")
    await scan(database, library, protected=[library / "A"])
    assert await protected() == ["a.mkv", "b.mkv"], "moved into it"
    (library / "A" / "b.mkv").rename(library / "B" / "b.mkv")
    write(library / "A" / "a.mkv", b"other bytes")
    await scan(database, library, protected=[library / "A"])
    assert await protected() == ["a.mkv"], "moved out of it; what is changed stays"
    await scan(database, library)
    assert await protected() == [], "taken away"


@pytest.mark.parametrize("which", ["kept", "old"])
async def test_what_was_said_of_a_file_is_not_said_of_another_at_its_path(
    database: Database, conn: Connection, tmp_path: Path, which: str
) -> None:
    """A scan that was cancelled, or is still reading, has not compared it with anything."""
    shelf = Shelf(conn, tmp_path / "library")
    keeper, loser = await shelf.add("kept/Heat.mkv", b"better"), await shelf.add("old/heat.mkv", b"worse")
    group = await shelf.group(keeper, loser)
    changed = keeper if which == "kept" else loser
    Path(os.fsdecode(changed.raw_path)).write_bytes(b"another film, and the only copy of it")
    await scan(database, shelf.root)
    # Once it was probed, too; a file that is to go need not even be healthy.
    await conn.execute("update media_files set health = 'healthy', probed_at = now()")
    service = shelf.stage(database)
    assert await service.batch_groups([Verdict.CLEAR]) == []
    result = await service.stage_groups([group], who="x")
    assert result.done == ()
    assert "it is gone" in result.refused[0]
    assert (await service.stage_files([loser.id], who="x")).done == ()
    await conn.execute("update media_files set title = 'Heat', title_key = 'heat', year = 1995")
    await Dedupe(database).refresh()
    assert await conn.fetchval("select state from duplicate_groups where id = $1", group) == "open"
