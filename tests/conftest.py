"""What tests share: a clean environment, and a real PostgreSQL server of their own.

One embedded server serves the whole session, xdist's workers included: each worker is
one more user of it, and the last one stops it. One template database is migrated once;
each test that asks for a database gets a copy under a name of its own. All of it lies in
memory where there is room: a copy is three hundred small files.
"""

from __future__ import annotations

import asyncio
import faulthandler
import fcntl
import hashlib
import os
import pickle
import shutil
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Generator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import NoReturn, TextIO
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import hypothesis
import pytest

from mediavault_tui.domain.judging import DecisionPolicy
from mediavault_tui.domain.library import ScanProgress
from mediavault_tui.errors import ToolMissing
from mediavault_tui.probe.ffprobe import Prober
from mediavault_tui.probe.tools import Tool, find_tool
from mediavault_tui.services.dedupe import Dedupe
from mediavault_tui.services.demo import make as demo
from mediavault_tui.services.demo.make import DemoLibrary
from mediavault_tui.services.scanning.scan import Scanner
from mediavault_tui.settings import VARIABLES
from mediavault_tui.sources.local.source import LocalSource
from mediavault_tui.store.database import Connection, Database
from mediavault_tui.store.embedded import serve
from mediavault_tui.store.migrate import migrate, migrations

hypothesis.settings.register_profile("default", deadline=None)  # machines are shared; time proves nothing
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
hypothesis.settings.register_profile("soak", deadline=None, max_examples=10_000, stateful_step_count=100)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") == "true" else "default")

FAST = {
    # Only a crash of the machine could tell the difference, and tests do not survive one either.
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "100",
    "autovacuum": "off",
    "wal_compression": "off",
    "max_wal_size": "256MB",
    # Nobody guesses this password, and each connection proves that it knows it.
    "scram_iterations": "1",
}

_OURS = (*VARIABLES, "PGHOST", "PGPORT", "PGUSER", "PGPASSWORD", "PGDATABASE", "PGSERVICE", "PGSSLMODE")
_PREFIXES = ("MEDIAVAULT_", "NAS_", "TMDB_", "OMDB_", "AZURE_", "STREAMER_", "QUALITY_")
_numbers = count(1)


LACKING = "not tested here: "


def lacking(reason: str) -> NoReturn:
    """End a test for which this machine lacks something: in CI it fails, elsewhere it is skipped."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{reason} (with CI=true nothing may be missing)", pytrace=False)
    pytest.skip(f"{LACKING}{reason}")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "needs(program, ...): programs on the PATH without which it cannot run"
    )
    config.stash[_complaints] = os.dup(2)
    if "PYTEST_XDIST_WORKER" not in os.environ and (folder := _folder_in_memory()):
        os.environ[IN_MEMORY] = str(folder)  # xdist's workers inherit it
        config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))


IN_MEMORY = "TESTS_IN_MEMORY"
"""Names the session's folder on a file system in memory; absent where there is none with room."""

_ROOM = 4 << 30
"""Bytes that must be free there; a session of two workers takes a small part of it."""


def _folder_in_memory() -> Path | None:
    """Make the session's folder in memory, and remove those of sessions that were killed."""
    shared = Path("/dev/shm")
    if not (shared.is_dir() and os.access(shared, os.W_OK)) or shutil.disk_usage(shared).free < _ROOM:
        return None
    for left in shared.glob(f"mediavault-tests-{os.getuid()}-*"):
        with suppress(OSError), open(left / "lock") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=f"mediavault-tests-{os.getuid()}-", dir=shared))
    folder.chmod(0o711)  # a server that runs as somebody else must get through
    _held.append(open(folder / "lock", "w"))  # noqa: SIM115  # closed, and so given back, by our end
    fcntl.flock(_held[-1], fcntl.LOCK_EX)
    return folder


_held: list[TextIO] = []


LONGEST = 300.0
"""Seconds in which a test must have ended, whatever it waits for; the slowest takes a tenth of them."""

_complaints = pytest.StashKey[int]()
"""Standard error as it was before pytest took it: where the stacks go."""


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """End the process of a test that hangs, with its stacks; xdist names the test and does the rest."""
    if item.config.getoption("--hypothesis-profile", None) != "soak":
        faulthandler.dump_traceback_later(LONGEST, exit=True, file=item.config.stash[_complaints])
    try:
        return (yield)
    finally:
        faulthandler.cancel_dump_traceback_later()


def pytest_runtest_setup(item: pytest.Item) -> None:
    for mark in item.iter_markers("needs"):
        absent = [program for program in mark.args if shutil.which(program) is None]
        if absent:
            lacking(f"{', '.join(absent)} is not installed")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say loudly what this machine could not test."""
    skipped = (str(report.longrepr) for report in terminalreporter.stats.get("skipped", []))
    reasons = Counter(text.split(LACKING, 1)[1].rstrip("')") for text in skipped if LACKING in text)
    for reason, tests in reasons.items():
        terminalreporter.write_line(f"NOT TESTED HERE: {tests} tests, because {reason}", red=True, bold=True)


@pytest.fixture
def other_volume(tmp_path: Path) -> Iterator[Path]:
    """A folder on another file system than `tmp_path`."""
    shm = Path("/dev/shm")
    if not shm.is_dir() or shm.stat().st_dev == tmp_path.stat().st_dev or not os.access(shm, os.W_OK):
        pytest.skip("no second volume: /dev/shm is missing or the same as the temporary folder")
    folder = Path(tempfile.mkdtemp(prefix="mediavault-", dir=shm))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(autouse=True)
def nothing_of_the_developers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Hide the developer's settings, `.env` and data folder from every test and its children."""
    for variable in list(os.environ):
        if variable in _OURS or variable.startswith(_PREFIXES):
            monkeypatch.delenv(variable)
    monkeypatch.setenv("MEDIAVAULT_DATA_DIR", str(tmp_path / "mediavault-data"))
    monkeypatch.setenv("MEDIAVAULT_CACHE_DIR", str(tmp_path / "mediavault-cache"))
    monkeypatch.chdir(tmp_path)  # a `.env` is looked for from the working folder upwards


@pytest.fixture(scope="session")
def session_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return one folder for the whole session, the same in each of xdist's workers."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session")
def fast_folder(session_folder: Path) -> Path:
    """Return a folder of the session's for what is many files and proves nothing of a disk."""
    return Path(os.environ.get(IN_MEMORY, session_folder))


@pytest.fixture(scope="session")
def pg_url(fast_folder: Path) -> Iterator[str]:
    """Yield the address of the session's server (database `mediavault`, not migrated)."""
    with asyncio.Runner() as runner:
        server = serve(fast_folder / "server", server=FAST)
        url = runner.run(server.__aenter__())
        runner.run(_keep_the_password_cheaply(url))
        yield url
        runner.run(server.__aexit__(None, None, None))


async def _keep_the_password_cheaply(url: str) -> None:
    """Hash the password anew, now that the server runs with `FAST`: it was made with 4,096 rounds."""
    async with _administrator(url) as conn, conn.transaction():
        await conn.execute("select pg_advisory_xact_lock(1)")  # two at once would be refused
        kept = await conn.fetchval("select rolpassword from pg_authid where rolname = current_user")
        if not kept.startswith("SCRAM-SHA-256$1:"):
            password = urlsplit(url).password
            await conn.execute(f"alter role current_user password '{password}'")


@pytest.fixture(scope="session")
def template(pg_url: str, session_folder: Path) -> str:
    """Return the name of a migrated database that nobody is connected to."""
    texts = "".join(m.checksum for m in migrations())
    name = f"template_{hashlib.sha256(texts.encode()).hexdigest()[:12]}"
    with open(session_folder / "template.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        asyncio.run(_make_template(pg_url, name))
    return name


async def _make_template(pg_url: str, name: str) -> None:
    async with _administrator(pg_url) as conn:
        if await conn.fetchval("select true from pg_database where datname = $1", name):
            return
        await conn.execute(f"create database {name}_new")
        await migrate(with_database(pg_url, f"{name}_new"))
        await conn.execute(f"alter database {name}_new rename to {name}")


@pytest.fixture
async def empty_url(pg_url: str) -> AsyncIterator[str]:
    """Yield the address of a fresh, empty database: no migration was applied."""
    async for url in _fresh(pg_url, "template1"):
        yield url


@pytest.fixture
async def database_url(pg_url: str, template: str) -> AsyncIterator[str]:
    """Yield the address of a fresh, migrated database, e.g. for a child process."""
    async for url in _fresh(pg_url, template):
        yield url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """Yield a pool on a fresh, migrated database."""
    pool = await Database.connect(database_url)
    yield pool
    await pool.close()


@pytest.fixture
async def conn(database: Database) -> AsyncIterator[Connection]:
    """Yield one connection of `database`."""
    async with database.connection() as connection:
        yield connection


async def _fresh(pg_url: str, template: str) -> AsyncIterator[str]:
    name = f"test_{os.getpid()}_{next(_numbers)}"
    async with _administrator(pg_url) as conn:
        await conn.execute(copy_of(template, name))
        yield with_database(pg_url, name)
        await conn.execute(f"drop database {name} with (force)")


@asynccontextmanager
async def _administrator(pg_url: str) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    conn = await asyncpg.connect(with_database(pg_url, "postgres"))
    try:
        yield conn
    finally:
        await conn.close()


@pytest.fixture(scope="session")
def ffmpeg() -> str:
    """Return the ffmpeg that the program would use; without one the test is skipped."""
    return _tool("ffmpeg")


@pytest.fixture(scope="session")
def ffprobe() -> str:
    """Return the ffprobe that the program would use; without one the test is skipped."""
    return _tool("ffprobe")


def _tool(name: Tool) -> str:
    try:
        return find_tool(name, None)
    except ToolMissing as error:
        lacking(str(error))


@pytest.fixture(scope="session")
def demo_library(ffmpeg: str, session_folder: Path) -> DemoLibrary:
    """Return the demo library, made once a session. Look, do not touch: copy what you change."""
    with open(session_folder / "demo.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return asyncio.run(demo.make(session_folder / "demo", ffmpeg=ffmpeg))


@dataclass(frozen=True, slots=True)
class ScannedDemo:
    """A database that knows the demo library, to copy; how its scan ended; how often groups were sought."""

    template: str
    last: ScanProgress
    refreshed: int


@pytest.fixture(scope="session")
def scanned_demo(
    pg_url: str, template: str, demo_library: DemoLibrary, ffprobe: str, ffmpeg: str, session_folder: Path
) -> ScannedDemo:
    """Scan the demo library with the real programs, once a session: it is most of what such tests take."""
    kept = session_folder / "scanned"
    with open(session_folder / "scanned.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            prober = Prober(ffprobe=ffprobe, ffmpeg=ffmpeg, workers=os.cpu_count() or 2)
            scanned = asyncio.run(_scan_demo(pg_url, template, demo_library.folder, prober))
            kept.write_bytes(pickle.dumps(scanned))
    return ScannedDemo(*pickle.loads(kept.read_bytes()))


async def _scan_demo(
    pg_url: str, template: str, folder: Path, prober: Prober
) -> tuple[str, ScanProgress, int]:
    name = "scanned_demo"
    async with _administrator(pg_url) as conn:
        await conn.execute(f"drop database if exists {name}")
        await conn.execute(copy_of(template, name))
    pool = await Database.connect(with_database(pg_url, name))
    refreshed = 0

    async def refresh() -> None:
        nonlocal refreshed
        refreshed += 1
        await Dedupe(pool, DecisionPolicy()).refresh()

    progress = [
        moment async for moment in Scanner(pool, LocalSource(), prober, dedupe=refresh).scan([folder])
    ]
    await pool.close()
    return name, progress[-1], refreshed


@pytest.fixture
async def scanned_database(pg_url: str, scanned_demo: ScannedDemo) -> AsyncIterator[Database]:
    """Yield a pool on a database of the test's own that knows the demo library."""
    async for url in _fresh(pg_url, scanned_demo.template):
        pool = await Database.connect(url)
        yield pool
        await pool.close()


def copy_of(template: str, name: str) -> str:
    """Return the statement that copies a database. By its files: block by block through the log,
    which is PostgreSQL's own choice, a copy takes ten times as long.
    """
    return f"create database {name} template {template} strategy file_copy"


def with_database(url: str, name: str) -> str:
    """Return `url` with another database's name in it."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
