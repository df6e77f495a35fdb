"""One server, used by several and left by each as it should be, or not."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from mediavault_tui.store.embedded import serve
from tests.db.embedded.conftest import User, pid_file, postmaster, server_of


def test_the_last_user_stops_the_server_and_nobody_sooner(folder: Path) -> None:
    first, second = User(folder), User(folder)
    assert first.ready() == second.ready()
    first.leave()
    assert server_of(folder)
    second.leave()
    assert not server_of(folder)
    assert not (folder / "postgres/pgdata/postmaster.pid").exists()


def test_three_first_starts_at_once_make_one_server(tmp_path: Path) -> None:
    users = [User(tmp_path) for _ in range(3)]
    assert len({user.ready() for user in users}) == 1
    for user in users:
        user.leave()
    assert not server_of(tmp_path)


def test_a_server_whose_owner_was_killed_is_used_and_stopped_by_the_next(folder: Path) -> None:
    first = User(folder)
    started = first.ready()
    first.kill()
    assert server_of(folder)
    second = User(folder)
    assert second.ready() == started
    second.leave()
    assert not server_of(folder)


def test_a_terminated_owner_stops_its_server(folder: Path) -> None:
    user = User(folder)
    user.ready()
    user.kill(signal.SIGTERM)
    assert not server_of(folder)


async def test_data_survive_a_kill_of_the_server(folder: Path) -> None:
    async with serve(folder) as url:
        conn = await asyncpg.connect(url)
        await conn.execute("create table kept as select 7 as value")
        os.kill(postmaster(folder), signal.SIGKILL)
        other = User(folder)
        await asyncio.to_thread(other.ready)
        conn = await asyncpg.connect(url)
        assert await conn.fetchval("select value from kept") == 7
        await conn.close()
        await asyncio.to_thread(other.leave)
        assert server_of(folder), "we use it still"
    assert not server_of(folder)


@pytest.fixture
def stranger() -> Iterator[subprocess.Popen[bytes]]:
    """Yield a living process that has nothing to do with any database."""
    with subprocess.Popen(["sleep", "600"]) as process:
        yield process
        process.kill()


def test_a_stale_pid_of_a_living_stranger_harms_neither(
    folder: Path, stranger: subprocess.Popen[bytes]
) -> None:
    (folder / "postgres/pgdata/postmaster.pid").write_text(pid_file(folder, stranger.pid))
    user = User(folder)
    user.ready()
    user.leave()
    assert stranger.poll() is None
    assert not server_of(folder)


def test_a_stale_pid_of_another_live_postgres_harms_neither(folder: Path, tmp_path: Path, made: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(made, elsewhere)
    other = User(elsewhere)
    other.ready()
    (folder / "postgres/pgdata/postmaster.pid").write_text(pid_file(folder, postmaster(elsewhere)))
    user = User(folder)
    user.ready()
    user.leave()
    assert server_of(elsewhere)
    other.leave()


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="zombies are looked for in /proc")
def test_a_stale_pid_of_a_zombie_is_no_server(folder: Path) -> None:
    with subprocess.Popen(["true"]) as zombie:
        stat_file = Path(f"/proc/{zombie.pid}/stat")
        while stat_file.read_text().rsplit(")", 1)[1].split()[0] != "Z":
            pass
        (folder / "postgres/pgdata/postmaster.pid").write_text(pid_file(folder, zombie.pid))
        user = User(folder)
        user.ready()
        user.leave()


@pytest.mark.parametrize("content", ["", "not a number\n", "-1\n", "99999999\n"])
def test_a_pid_file_that_makes_no_sense_is_no_server(folder: Path, content: str) -> None:
    (folder / "postgres/pgdata/postmaster.pid").write_text(content)
    user = User(folder)
    user.ready()
    user.leave()


def test_a_kill_in_the_middle_of_the_making_leaves_nothing_half_made(tmp_path: Path) -> None:
    user = User(tmp_path)
    while not any(tmp_path.glob("postgres/pgdata.new-*/base")):
        assert user.process.poll() is None
        assert not (tmp_path / "postgres/pgdata").exists(), "it was made in place"
    user.kill()
    assert not (tmp_path / "postgres/pgdata").exists()
    again = User(tmp_path)
    again.ready()
    again.leave()


async def test_a_start_that_is_cancelled_leaves_nothing_running(folder: Path) -> None:
    for milliseconds in (5, 40, 60, 90, 140):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(milliseconds / 1000), serve(folder):
                await asyncio.Event().wait()
    assert not server_of(folder)
