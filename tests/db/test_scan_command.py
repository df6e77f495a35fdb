"""`mediavault scan` from a shell: its answers, its errors and its exit codes."""

# ruff: noqa: ASYNC110 - small local trees; a child is waited for by looking at what it wrote
from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

import pytest

from mediavault_tui.cli.scan import _document, _report
from mediavault_tui.domain.library import ScanCounts, ScanError, ScanPhase, ScanProgress
from mediavault_tui.domain.model import ScanId
from mediavault_tui.store.database import Connection
from tests.db.scans import write


async def mediavault(url: str, *words: str) -> tuple[int, str, str]:
    """Run the command; return its exit code and what it wrote."""
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "mediavault_tui",
        *words,
        env={**os.environ, "DATABASE_URL": url},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await child.communicate()
    assert child.returncode is not None
    return child.returncode, out.decode(), err.decode()


async def test_a_scan_answers_with_one_document(database_url: str, tmp_path: Path) -> None:
    write(tmp_path / "library" / "a.mkv")
    code, out, _err = await mediavault(
        database_url, "scan", "--json", "--no-probe", "--no-match", str(tmp_path / "library")
    )
    document = json.loads(out)
    assert (code, document["phase"], document["counts"]["new"], document["errors"]) == (0, "done", 1, [])


def test_no_scan_and_several_are_one_document_too() -> None:
    """None: cancelled before it began. Several: folders of several machines."""
    first, second = (
        ScanProgress(scan=ScanId(number), phase=ScanPhase.DONE, counts=ScanCounts()) for number in (7, 8)
    )
    assert _document([], 1.5) == {"seconds": 1.5, "scans": []}
    several = _document([(first, ()), (second, ())], 1.5)
    assert [scan["scan"] for scan in several["scans"]] == [7, 8]
    assert _document([(first, ())], 1.5) == several["scans"][0]


async def test_paths_that_are_no_folders_are_each_named_in_a_sentence(
    database_url: str, tmp_path: Path
) -> None:
    file = write(tmp_path / "film.mkv")
    code, out, err = await mediavault(database_url, "scan", str(tmp_path / "none"), str(file))
    assert (code, out) == (2, "")
    assert "none does not exist" in err
    assert "film.mkv is no folder" in err


async def test_a_folder_that_lost_everything_is_exit_code_one(database_url: str, tmp_path: Path) -> None:
    film = write(tmp_path / "library" / "a.mkv")
    words = ("scan", "--no-probe", "--no-match", str(tmp_path / "library"))
    assert (await mediavault(database_url, *words))[0] == 0
    film.unlink()
    code, out, _err = await mediavault(database_url, *words)
    assert code == 1
    assert "perhaps it is not mounted" in out


@pytest.mark.parametrize(("errors", "kept", "listed"), [(30, 30, "them"), (1234, 1000, "the first 1,000")])
def test_the_report_promises_no_more_errors_than_are_listed(
    errors: int, kept: int, listed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    last = ScanProgress(ScanId(1), ScanPhase.DONE, counts=ScanCounts(errors=errors))
    _report(last, (ScanError("/x", "x may not be read"),) * kept, 1.0)
    last_line = capsys.readouterr().out.splitlines()[-1]
    assert last_line == f"  … and {errors - 20:,} more; `mediavault scan --json` lists {listed}"


async def test_a_database_that_is_down_is_one_sentence(tmp_path: Path) -> None:
    write(tmp_path / "library" / "a.mkv")
    url = f"postgresql://nobody@/none?host={tmp_path}"
    code, _out, err = await mediavault(url, "scan", "--no-probe", str(tmp_path / "library"))
    assert code == 1
    assert "cannot be reached" in err
    assert "Traceback" not in err


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
async def test_interrupted_it_says_that_the_next_scan_goes_on(
    database_url: str, conn: Connection, tmp_path: Path
) -> None:
    for name in ("a.mkv", "b.mkv"):
        path = write(tmp_path / "library" / name)
        os.truncate(path, 200 << 30)  # sparse: it takes long to read and no room
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "mediavault_tui", "scan", "--no-probe", "--no-match", str(tmp_path / "library"),
        env={**os.environ, "DATABASE_URL": database_url},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    async with asyncio.timeout(60):
        while await conn.fetchval("select count(*) from media_files") < 2:
            await asyncio.sleep(0.02)
        child.send_signal(signal.SIGINT)
        out, err = await child.communicate()
    assert (child.returncode, err) == (130, b"")
    assert b"the next scan goes on" in out
    assert await conn.fetchval("select phase from scan_history") == "cancelled"


async def test_without_a_path_every_folder_that_is_known_is_scanned_again(
    database_url: str, tmp_path: Path
) -> None:
    quick = ("--no-probe", "--no-match")
    code, out, err = await mediavault(database_url, "scan", *quick)
    assert (code, out) == (2, "")
    assert "no folder was scanned before" in err
    films, shows, empty = (tmp_path / name for name in ("films", "shows", "empty"))
    write(films / "a.mkv")
    write(shows / "b.mkv")
    empty.mkdir()  # looked at once, and nothing was there
    assert (await mediavault(database_url, "scan", *quick, *map(str, (films, shows, empty))))[0] == 0
    write(films / "deeper" / "c.mkv")
    assert (await mediavault(database_url, "scan", *quick, str(films / "deeper")))[0] == 0
    write(shows / "d.mkv")
    code, out, err = await mediavault(database_url, "scan", "--json", *quick)
    assert err == f"2 folders are scanned again: {films}, {shows}\n"
    assert (code, json.loads(out)["counts"]["seen"]) == (0, 4)


async def test_a_folder_that_is_gone_does_not_keep_the_others_from_being_scanned_again(
    database_url: str, tmp_path: Path
) -> None:
    quick = ("--no-probe", "--no-match")
    films, disk = tmp_path / "films", tmp_path / "disk"
    for folder in (films, disk):
        write(folder / "a.mkv", folder.name.encode())
    assert (await mediavault(database_url, "scan", *quick, str(films), str(disk)))[0] == 0
    (disk / "a.mkv").unlink()
    disk.rmdir()
    write(films / "b.mkv")
    code, out, err = await mediavault(database_url, "scan", *quick)
    assert code == 1, (out, err)
    assert "1 new" in out
    assert "0 missing" in out
    assert f"{disk}" in out


async def test_a_share_that_is_no_longer_set_up_is_left_out_and_named(
    database_url: str, conn: Connection, tmp_path: Path
) -> None:
    quick = ("--no-probe", "--no-match")
    write(tmp_path / "films" / "a.mkv")
    assert (await mediavault(database_url, "scan", *quick, str(tmp_path / "films")))[0] == 0
    await conn.execute("insert into scan_history (roots, roots_raw) values ('{x}', $1)", [b"nas:9/volume1"])
    await conn.execute(
        "insert into media_files (source, path_raw, path, root_raw, device, inode, size_bytes, modified_ns,"
        " last_scan_id) values ('nas:9', '/volume1/x.mkv', '/volume1/x.mkv', '/volume1', 1, 1, 1, 1, 1)"
    )
    code, _out, err = await mediavault(database_url, "scan", *quick)
    assert code == 0, err
    assert "left out: nas:9/volume1: its share is not set up" in err
    assert f"1 folder is scanned again: {tmp_path / 'films'}" in err


async def test_the_end_of_a_scan_says_which_duplicates_wait(database_url: str, tmp_path: Path) -> None:
    library = tmp_path / "library"
    write(library / "Heat (1995).mkv", b"a film" * 9000)
    code, out, _err = await mediavault(database_url, "scan", "--no-probe", str(library))
    assert (code, out.splitlines()[-1]) == (0, "No duplicates wait for a decision")
    write(library / "again" / "Heat (1995).mkv", b"a film" * 9000)
    code, out, _err = await mediavault(database_url, "scan", "--no-probe", str(library))
    last = "1 group of duplicates waits, 54.0 kB reclaimable; `mediavault duplicates` lists it"
    assert (code, out.splitlines()[-1]) == (0, last)
    told = await mediavault(database_url, "scan", "--no-probe", "--json", str(library))
    assert json.loads(told[1])["duplicates"] == {"groups": 1, "reclaimable_bytes": 54_000}
    told = await mediavault(database_url, "scan", "--no-probe", "--no-match", "--json", str(library))
    assert "duplicates" not in json.loads(told[1])
