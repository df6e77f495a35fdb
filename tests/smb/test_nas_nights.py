"""Bad nights, above the source: what a person is told, what the journal says, and that nothing is lost."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mediavault_tui.domain.holding import KEPT_OUT
from mediavault_tui.domain.library import ScanPhase
from mediavault_tui.domain.paths import locate
from mediavault_tui.services.nas.shares import Nas
from mediavault_tui.services.scanning.far import FarPolicy
from mediavault_tui.services.staging.stage import Stage
from mediavault_tui.settings import Secret, from_env
from mediavault_tui.sources.patient import Patient
from mediavault_tui.sources.registry import Registry
from mediavault_tui.sources.smb import packets
from mediavault_tui.sources.smb.source import ShareAddress, SmbSource
from mediavault_tui.sources.turns import Turns
from mediavault_tui.store.database import Connection, Database
from tests.conftest import lacking
from tests.smb.nas_rig import PASSWORD, SHARE, Server, nas_on, scan, the_server, the_tree
from tests.smb.proxy import Proxy
from tests.smb.test_nas_stage import LOSER, Stand, environ

__all__ = ["the_server", "the_tree"]  # fixtures

pytestmark = pytest.mark.needs("smbd", "pdbedit")

MB = 1_000_000
_ANSWER = 300
"""Bytes: less than one answer to a look or a rename, more than half of one."""


def quick(name: str, address: ShareAddress) -> SmbSource:
    """A source that gives a dead server up at once."""
    return SmbSource(name, address, patience_s=0.2)


@pytest.fixture
def proxy(server: Server) -> Iterator[Proxy]:
    with Proxy(server.port) as made:
        yield made


@pytest.fixture
async def stand(
    conn: Connection, database: Database, server: Server, tree: Path, proxy: Proxy, tmp_path: Path
) -> AsyncIterator[Stand]:
    """Yield two copies of a film in one group, on a share that is reached through the proxy."""
    settings = environ(server, tmp_path, NAS_SMB_PORT=str(proxy.port))
    made = Stand(conn, database, server, settings)
    made.nas = Nas(database, from_env(settings), Registry(quick))
    await made.set_up()
    yield made
    made.nas.close()


async def the_errors(conn: Connection) -> list[str]:
    """Return what the last scan said."""
    found = await conn.fetchval("select errors from scan_history order by id desc limit 1")
    return [error["message"] for error in found]


async def test_killed_between_the_rename_and_its_answer_the_journal_tells_the_truth(
    stand: Stand, server: Server, proxy: Proxy
) -> None:
    """The server dies before each of its answers in turn: the video's rename, each sidecar's look and rename.

    It had obeyed, but nobody was told.
    """
    ends = []
    for answers in range(5):
        await stand.to("present")

        def strike() -> None:
            server.kill()
            proxy.cut()

        def step(name: str, /, after: int = answers) -> None:
            if name == "leg checked" and proxy.on_limit is None:
                proxy.on_limit, proxy.limit = strike, proxy.to_client + after * _ANSWER

        service = Stage(stand.database, stand.nas.places, staging_of=stand.nas.staging_of, step=step)
        result = await service.stage_group(stand.group, stand.keeper, who="x")
        assert not server.running
        assert (result.done, len(result.refused)) == ((), 1), answers
        assert "The next start tries again" in result.refused[0]
        proxy.on_limit = None
        server.start()
        (sentence,) = await stand.stage().recover()
        state = await stand.tell_the_truth(f"killed before answer {answers}: {sentence}")
        assert ("was finished" in sentence) == (state == "staged"), sentence
        assert await stand.stage().recover() == []
        ends.append(state)
    assert ends == ["staged"] * 5, "the video was renamed each time, so each act can be finished"


@pytest.fixture
def small(server: Server, tree: Path) -> Iterator[Path]:
    """Yield a folder of the second share that is a file system of 100 kB and few files."""
    folder = server.second / "small"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=100k,nr_inodes=12", "none", folder]
    if subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("not tested here: a small file system may not be mounted")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def files_in(folder: Path) -> list[Path]:
    """Every file but what keeps media servers out of a holding folder."""
    return [path for path in folder.rglob("*") if path.is_file() and os.fsencode(path.name) not in KEPT_OUT]


def leave_no_room(folder: Path) -> None:
    """Make folders until not even one more has room."""
    for number in range(100):
        try:
            (folder / f"{number}").mkdir()
        except OSError:
            return
    raise AssertionError("the file system is larger than it should be")


async def test_a_full_share_takes_no_copy_and_no_folder_and_nothing_is_lost(
    stand: Stand, server: Server, small: Path
) -> None:
    second = await stand.nas.add(
        host="127.0.0.1", port=server.port, share="second", username=server.user, password=Secret(PASSWORD)
    )
    day = [datetime(2026, 1, 1, tzinfo=UTC)]
    stage = Stage(
        stand.database,
        stand.nas.places,
        staging_of=lambda name: locate(second.source, b"/second/small/held") if name == "nas:0" else None,
        now=lambda: day[0],
    )
    for what in ("the film", "a folder of another day"):
        result = await stage.stage_group(stand.group, stand.keeper, who="x")
        assert (result.done, len(result.refused)) == ((), 1), what
        assert "the volume is full" in result.refused[0], what
        assert await stand.tell_the_truth(f"no room for {what}") == "present"
        assert files_in(small) == [], what
        assert await stage.recover() == []
        leave_no_room(small)
        day[0] = datetime(2026, 1, 2, tzinfo=UTC)


async def test_a_film_that_another_client_has_locked_stays_and_is_told_of_once(
    stand: Stand, server: Server, conn: Connection
) -> None:
    address = ShareAddress("127.0.0.1", SHARE, server.user, PASSWORD, port=server.port)
    await conn.execute("update media_files set sample_hash = null")
    twin = stand.tree / "videos/old/twin.mkv"
    twin.write_bytes(bytes(reversed(LOSER)))
    with SmbSource("nas:9", address) as holder:
        holder.free_space()
        wire = holder._link._connected()
        asked = packets.create("videos\\old\\film.mkv".encode("utf-16-le"), access=packets.READ_DATA)
        body = bytearray(asked.body)
        body[32:36] = bytes(4)  # share with nobody
        (reply,) = wire.ask(packets.Ask(packets.CREATE, bytes(body)))
        assert reply.status == 0
        last = await scan(stand.database, stand.nas, "nas:/volume1/videos", probe=False)
        assert (last.phase, last.counts.missing, last.counts.errors) == (ScanPhase.DONE, 0, 1)
        assert "another program has it locked" in (await the_errors(conn))[0]
        twin.unlink()
        result = await stand.stage().stage_group(stand.group, stand.keeper, who="x")
        assert len(result.refused) == 1
        assert "another program has it locked" in result.refused[0]
    assert await stand.tell_the_truth("locked") == "present"
    await stand.to("staged")
    assert await stand.tell_the_truth("let go of") == "staged"


async def test_a_line_of_ten_megabytes_a_second_is_slow_and_nothing_else(
    database: Database, conn: Connection, server: Server, tree: Path, proxy: Proxy, tmp_path: Path
) -> None:
    for number in range(2):
        (tree / f"{number}.mkv").write_bytes(b"film" * MB)
    proxy.rate = 10 * MB
    async with nas_on(database, server, tmp_path, port=proxy.port) as nas:
        begun = time.monotonic()
        last = await scan(database, nas)
    assert time.monotonic() - begun > 0.75
    assert (last.phase, last.counts.hashed, last.counts.errors) == (ScanPhase.DONE, 2, 0)
    assert await conn.fetchval("select count(distinct content_hash) from media_files") == 1
    assert proxy.connections <= 2


async def test_a_server_that_stays_away_is_told_of_once_and_the_next_scan_goes_on(
    database: Database, conn: Connection, server: Server, tree: Path, proxy: Proxy, tmp_path: Path
) -> None:
    for number in range(8):
        (tree / f"{number}.mkv").write_bytes(bytes([number // 2]) * 3 * MB)
    proxy.limit, proxy.on_limit = 8 * MB, server.kill  # in the middle of reading them whole
    async with nas_on(database, server, tmp_path, port=proxy.port) as nas:
        last = await scan(database, nas, far=FarPolicy(patience=0.3, readers=2))
        assert not server.running
        assert (last.phase, last.counts.missing) == (ScanPhase.DONE, 0)
        errors = await the_errors(conn)
        assert len(errors) == last.counts.errors == 1
        assert "what was not read is read by the next scan" in errors[0]
        assert await conn.fetchval("select count(*) from media_files where state = 'present'") == 8
        server.start()
        last = await scan(database, nas)
    assert last.counts.errors == 0
    assert await conn.fetchval("select count(distinct content_hash) from media_files") == 4
    assert await conn.fetchval("select count(*) from media_files where content_hash is null") == 0


async def test_a_clock_that_is_twenty_minutes_ahead_is_said_and_the_share_works(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: dict[str, Any] = {}
    try:
        command = ["faketime", "-f", "+20m", "printenv", "LD_PRELOAD"]
        library = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()  # noqa: ASYNC221
    except (OSError, subprocess.CalledProcessError):
        lacking("faketime is not installed")
    server = Server(tmp_path / "early", other="second")
    with monkeypatch.context() as patch:
        patch.setenv("LD_PRELOAD", library)
        patch.setenv("FAKETIME", "+1230")
        server.start()
    try:
        (server.tree / "film.mkv").write_bytes(b"film")
        async with nas_on(database, server, tmp_path) as nas:
            told = {check.what: check for check in await nas.test(nas.share("2"))}
            last = await scan(database, nas)
    finally:
        server.close()
    assert [what for what, check in told.items() if not check.ok] == ["clock"]
    assert "the NAS's clock is 20 minutes ahead" in told["clock"].said
    assert (last.phase, last.counts.new, last.counts.errors) == (ScanPhase.DONE, 1, 0)


def test_a_busy_server_is_asked_for_less_at_once(server: Server, tree: Path, proxy: Proxy) -> None:
    (tree / "film.mkv").write_bytes(os.urandom(4 * MB))
    address = ShareAddress("127.0.0.1", SHARE, server.user, PASSWORD, port=proxy.port)
    turns = Turns(4, hold_s=0.2, calm_s=0.2)
    with SmbSource("nas:2", address) as share:
        patient = Patient(share, patience=5, given_up=lambda: False, waiting=lambda _: None, turns=turns)

        def read(times: int) -> None:
            with patient.open(b"/volume1/film.mkv") as reader:
                buffer = memoryview(bytearray(65536))
                for number in reversed(range(times)):  # backwards, for nothing is read ahead then
                    reader.read_into(number * 131072, buffer)

        def crowd(times: int) -> None:
            threads = [threading.Thread(target=read, args=(times,)) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(30)

        crowd(10)
        assert turns.slowed == ""
        proxy.delay_s = 0.15
        crowd(6)
        assert turns.now < 4
        assert "the server is busy" in turns.slowed
        proxy.delay_s = 0.0
        until = time.monotonic() + 20
        while turns.slowed and time.monotonic() < until:
            crowd(5)
        assert turns.now == 4
