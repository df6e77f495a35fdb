"""The embedded server, used, shared, killed and misled by real processes."""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest

from mediavault_tui.errors import DatabaseError, ToolMissing
from mediavault_tui.store.binaries import find_binaries
from mediavault_tui.store.embedded import serve
from mediavault_tui.store.process import is_server_of
from tests.conftest import lacking

ROOT = Path(__file__).parents[2]
as_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")


class User:
    """One process that uses the embedded server."""

    def __init__(self, data_dir: Path, *prefix: str, env: dict[str, str] | None = None) -> None:
        self.process = subprocess.Popen(
            [*prefix, sys.executable, str(ROOT / "tests/db/embedded_user.py"), str(data_dir)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT), **(env or {})},
        )

    def ready(self) -> str:
        """Wait until it uses the server; return when that was started."""
        assert self.process.stdout is not None
        words = self.process.stdout.readline().split(" ", 1)
        assert words[0] == "ready", words
        return words[1]

    def leave(self) -> None:
        """Let it end as it should."""
        self.process.communicate(timeout=60)
        assert self.process.returncode == 0

    def kill(self, how: signal.Signals = signal.SIGKILL) -> None:
        """End it as it should not."""
        self.process.send_signal(how)
        self.process.communicate(timeout=60)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data folder with a cluster that was made, used once and stopped."""
    folder = tmp_path_factory.mktemp("made")
    user = User(folder)
    user.ready()
    user.leave()
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Iterator[Path]:
    """Yield a copy of that data folder; whatever a test left running in it is ended."""
    copy = tmp_path / "data"
    shutil.copytree(made, copy)
    yield copy
    if server_of(copy):
        os.kill(postmaster(copy), signal.SIGKILL)


def postmaster(data_dir: Path) -> int:
    """Return the pid that the pid file names."""
    return int((data_dir / "postgres/pgdata/postmaster.pid").read_text().split()[0])


def server_of(data_dir: Path) -> bool:
    """Whether a server runs there."""
    return is_server_of(data_dir / "postgres/pgdata")


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


def test_a_stale_pid_of_a_living_stranger_harms_neither(folder: Path) -> None:
    with subprocess.Popen(["sleep", "600"]) as stranger:
        (folder / "postgres/pgdata/postmaster.pid").write_text(_pid_file(folder, stranger.pid))
        user = User(folder)
        user.ready()
        user.leave()
        assert stranger.poll() is None
        stranger.kill()
    assert not server_of(folder)


def test_a_stale_pid_of_another_live_postgres_harms_neither(folder: Path, tmp_path: Path, made: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(made, elsewhere)
    other = User(elsewhere)
    other.ready()
    (folder / "postgres/pgdata/postmaster.pid").write_text(_pid_file(folder, postmaster(elsewhere)))
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
        (folder / "postgres/pgdata/postmaster.pid").write_text(_pid_file(folder, zombie.pid))
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


async def test_a_path_of_150_characters_gets_a_private_socket_elsewhere(made: Path, tmp_path: Path) -> None:
    long = tmp_path / ("x" * (150 - len(str(tmp_path)) - 1) if len(str(tmp_path)) < 149 else "x" * 40)
    shutil.copytree(made, long)
    assert len(str(long)) >= 150
    async with serve(long) as url:
        sockets = Path(parse_qs(urlsplit(url).query)["host"][0])
        assert sockets.parent == Path("/tmp")
        assert sockets.name.startswith(f"mv-{os.getuid()}-")
        assert stat.S_IMODE(sockets.stat().st_mode) == 0o700  # noqa: ASYNC240
    assert not os.path.lexists(sockets)  # noqa: ASYNC240


@pytest.mark.parametrize("name", ['it\'s, "$HOME" `x` \\ é', "with space", "b\u00e9b\u00e9"])
async def test_a_folder_of_any_name_will_do(made: Path, tmp_path: Path, name: str) -> None:
    shutil.copytree(made, tmp_path / name)
    async with serve(tmp_path / name) as url:
        conn = await asyncpg.connect(url)
        assert await conn.fetchval("select 1") == 1
        await conn.close()


@as_root
async def test_a_socket_folder_that_somebody_else_made_is_refused(made: Path, tmp_path: Path) -> None:
    odd = tmp_path / "a,b"
    shutil.copytree(made, odd)
    async with serve(odd) as url:
        sockets = Path(parse_qs(urlsplit(url).query)["host"][0])
    sockets.mkdir(0o700)  # noqa: ASYNC240
    try:
        os.chown(sockets, 12345, 12345)
        with pytest.raises(DatabaseError, match="is not a private folder of ours"):
            await serve(odd).__aenter__()
    finally:
        sockets.rmdir()  # noqa: ASYNC240


async def test_only_the_password_opens_it_and_only_the_owner_reads_that(folder: Path) -> None:
    home = folder / "postgres"
    async with serve(folder) as url:
        assert stat.S_IMODE(home.stat().st_mode) == 0o700
        assert stat.S_IMODE((home / "password").stat().st_mode) == 0o600
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(url, password="wrong")


async def test_the_server_speaks_unicode_listens_to_no_network_and_loads_fast(folder: Path) -> None:
    async with serve(folder) as url:
        conn = await asyncpg.connect(url)
        assert await conn.fetchval("select lower('ÅÉß')") == "åéß"
        shown = {n: await conn.fetchval(f"show {n}") for n in ("listen_addresses", "wal_level", "fsync")}
        assert shown == {"listen_addresses": "", "wal_level": "minimal", "fsync": "on"}
        await conn.close()
    assert list((folder / "postgres/pgdata/log").glob("postgresql-*.log"))


async def test_a_setting_in_the_users_environment_changes_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"PGPORT": "1", "PGDATA": "/", "PGHOST": "nowhere", "LC_ALL": "xx_XX"}.items():
        monkeypatch.setenv(name, value)
    async with serve(folder) as url:
        conn = await asyncpg.connect(url)
        await conn.close()


async def test_another_major_version_is_refused_in_one_sentence(folder: Path) -> None:
    (folder / "postgres/pgdata/PG_VERSION").write_text("15\n")
    with pytest.raises(
        DatabaseError, match=r"was made by PostgreSQL 15, but the programs in .* are PostgreSQL 16"
    ):
        await serve(folder).__aenter__()


async def test_a_damaged_cluster_is_one_sentence_and_no_wait(folder: Path) -> None:
    (folder / "postgres/pgdata/global/pg_control").unlink()
    with pytest.raises(DatabaseError, match=r"does not start: .*pg_control"):
        await serve(folder).__aenter__()


async def test_a_lost_password_is_one_sentence(folder: Path) -> None:
    (folder / "postgres/password").unlink()
    with pytest.raises(DatabaseError, match="password cannot be read"):
        await serve(folder).__aenter__()


async def test_a_data_folder_that_is_a_file_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DatabaseError, match="data folder cannot be used"):
        await serve(tmp_path / "file").__aenter__()


async def test_a_folder_without_programs_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ToolMissing, match="MEDIAVAULT_PG_BIN"):
        await serve(tmp_path, pg_bin=tmp_path).__aenter__()


@pytest.fixture
def everybodys_folder() -> Iterator[Path]:
    """Yield a folder in /tmp that everybody may enter, unlike pytest's own."""
    made = Path(tempfile.mkdtemp(prefix="mediavault-test-", dir="/tmp"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


@as_root
def test_an_ordinary_user_runs_it_as_root_does(everybodys_folder: Path) -> None:
    os.chown(everybodys_folder, *_nobody())
    user = User(everybodys_folder, *_as_nobody())
    user.ready()
    assert os.stat(f"/proc/{postmaster(everybodys_folder)}").st_uid == _nobody()[0]
    user.leave()
    assert not server_of(everybodys_folder)


@as_root
async def test_root_without_user_namespaces_runs_it_as_nobody(everybodys_folder: Path) -> None:
    binaries = await find_binaries(None)
    if any(not p.stat().st_mode & 0o001 for p in binaries.parents):
        lacking(f"nobody may not enter {binaries}")
    for _ in ("made", "used again"):
        user = User(everybodys_folder, env={"PATH": "/nowhere"})
        await asyncio.to_thread(user.ready)
        pid = postmaster(everybodys_folder)
        assert os.stat(f"/proc/{pid}").st_uid == _nobody()[0]
        await asyncio.to_thread(user.leave)


@as_root
def test_root_uses_another_users_database_without_taking_it_away(everybodys_folder: Path) -> None:
    os.chown(everybodys_folder, *_nobody())
    prefix = _as_nobody()
    for who in (prefix, [], prefix):
        user = User(everybodys_folder, *who)
        user.ready()
        user.leave()
    owners = {path.lstat().st_uid for path in everybodys_folder.rglob("*")}
    assert owners == {_nobody()[0]}


async def test_a_password_that_was_changed_is_one_sentence_and_no_wait(folder: Path) -> None:
    (folder / "postgres/password").write_text("another\n")
    with pytest.raises(DatabaseError, match="does not know the password"):
        await serve(folder).__aenter__()
    assert not server_of(folder)


@as_root
async def test_root_with_no_way_out_is_told_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "private").mkdir(0o700)
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(DatabaseError, match="run MediaVault as an ordinary user"):
        await serve(tmp_path / "private").__aenter__()


def _nobody() -> tuple[int, int]:
    entry = pwd.getpwnam("nobody")
    return entry.pw_uid, entry.pw_gid


def _as_nobody() -> list[str]:
    """Return the prefix that runs our Python as nobody, with leave to read what it is made of."""
    uid, gid = _nobody()
    plain = ["setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups"]
    reading = [*plain, "--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
    for prefix in (plain, reading):
        command = [*prefix, sys.executable, "-c", "import mediavault_tui.store.embedded"]
        try:
            if subprocess.run(command, cwd=ROOT, capture_output=True, check=False).returncode == 0:
                return prefix
        except OSError:
            break
    return lacking("nobody may not read our Python, and setpriv cannot help")


def _pid_file(data_dir: Path, pid: int) -> str:
    home = data_dir / "postgres"
    return f"{pid}\n{home / 'pgdata'}\n1700000000\n5432\n{home / 'run'}\n\n  5432001    131072\nready   \n"
