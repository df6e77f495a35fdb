"""One PostgreSQL cluster of our own in a folder: made, configured, started, stopped.

Nothing here trusts the pid file: a server lives when it lets us in, and nothing else
proves it. The caller (`store.embedded`) holds the lock that makes each step exclusive.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import re
import secrets
import shutil
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import asyncpg

from mediavault_tui.errors import DatabaseDown, DatabaseError
from mediavault_tui.store.binaries import Ran, RunAs, find_binaries, major_version, run, run_as
from mediavault_tui.store.process import is_server_of

START_WITHIN = 90.0
"""Seconds for a start, recovery after a crash included."""

_PORT = 5432  # only the socket's file name; nothing listens on the network
_SOCKET_LIMIT = 103  # bytes of a socket's path on macOS; Linux takes 107
_PLAIN = re.compile(r"[A-Za-z0-9/._ -]+")  # what neither asyncpg nor the settings file must quote

_SETTINGS: Mapping[str, str] = {
    "listen_addresses": "",
    "max_connections": "60",
    "work_mem": "32MB",
    "maintenance_work_mem": "256MB",
    "random_page_cost": "1.1",
    # One user, no replicas: bulk loads write as little log as they may.
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "2GB",
    "min_wal_size": "80MB",
    "checkpoint_timeout": "15min",
    "checkpoint_completion_target": "0.9",
    "wal_compression": "on",
    "jit": "off",
    # A laptop that is not used should sleep.
    "autovacuum_naptime": "2min",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # One file a weekday, written over a week later.
    "logging_collector": "on",
    "log_directory": "log",
    "log_filename": "postgresql-%a.log",
    "log_truncate_on_rotation": "on",
    "log_rotation_age": "1d",
    "log_rotation_size": "0",
    "log_line_prefix": "%m [%p] %a ",
    "log_min_duration_statement": "5s",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
}


@dataclass(slots=True)
class Cluster:
    """The folder `home` (mode 0700) with the data, the password, the socket and the logs.

    As whom its programs run, and whether they may have this data, is found out when one is to run: a
    server that lives already costs one connection.
    """

    home: Path
    binaries: Path
    socket_dir: Path
    settings: Mapping[str, str]
    _who: RunAs | None = None

    @classmethod
    async def at(cls, home: Path, *, pg_bin: Path | None, settings: Mapping[str, str]) -> Cluster:
        """Describe the cluster in `home`, which exists; starts nothing. Raises: ToolMissing."""
        binaries = await find_binaries(pg_bin)
        return cls(home, binaries, _socket_dir(home), {**_SETTINGS, **_memory(), **settings})

    @property
    def data(self) -> Path:
        """PostgreSQL's data directory."""
        return self.home / "pgdata"

    def url(self, database: str = "mediavault") -> str:
        """Return the address, password included, of one database of this cluster.

        Raises: DatabaseError when the password file is gone.
        """
        try:
            password = (self.home / "password").read_text("ascii").strip()
        except OSError as error:
            raise DatabaseError(f"The embedded database's password cannot be read: {error}") from error
        host = quote(str(self.socket_dir), safe="/")
        return f"postgresql://mediavault:{password}@/{database}?host={host}&port={_PORT}"

    async def _whom(self) -> RunAs:
        """Return as whom the programs run; raises DatabaseError for root on a machine with no way open."""
        if self._who is None:
            self._who = await run_as(self.home, self.binaries)
            self._who.give(self.home)
        return self._who

    async def alive(self, database: str = "postgres") -> bool:
        """Whether the server lets us into that database now; DatabaseError when it lives but never will."""
        if not (self.socket_dir / f".s.PGSQL.{_PORT}").exists():
            return False
        try:
            conn = await asyncpg.connect(self.url(database), timeout=5)
        except asyncpg.InvalidAuthorizationSpecificationError as error:
            raise DatabaseError(
                f"The embedded database does not know the password in {self.home / 'password'}"
            ) from error
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
            return False
        await conn.close()
        return True

    async def ensure(self) -> None:
        """Make the cluster if there is none, start its server unless it lives.

        Raises: DatabaseError (also of another major version, or for root with no way out), DatabaseDown.
        """
        if await self.alive("mediavault"):
            return
        await self._whom()
        await self._refuse_another_major()
        if not self.data.exists():
            await self._create()
        deadline = time.monotonic() + START_WITHIN
        while not await self.alive():
            if time.monotonic() > deadline:
                raise DatabaseDown(f"The embedded database does not start; see {self._log_hint()}")
            if await asyncio.to_thread(is_server_of, self.data):
                # Somebody who was killed had started or begun to stop it: let that end.
                await asyncio.sleep(0.05)
            else:
                self._remove_stale_files()
                await self._start(deadline)
        await self._ensure_database()

    async def stop(self) -> None:
        """Stop the server, if it is ours and lives; wait until it has written everything."""
        if await asyncio.to_thread(is_server_of, self.data):
            await self._run("pg_ctl", "stop", "-D", "pgdata", "-m", "fast", "-w", "-t", "120")
            if self.socket_dir.parent != self.home:
                with contextlib.suppress(OSError):
                    self.socket_dir.rmdir()

    async def _create(self) -> None:
        for half_made in self.home.glob("pgdata.new-*"):
            shutil.rmtree(half_made, ignore_errors=True)
        # A name of its own each time: an initdb whose owner was killed may still be writing.
        fresh = self.home / f"pgdata.new-{secrets.token_hex(4)}"
        password = self.home / "password"
        password.unlink(missing_ok=True)
        descriptor = os.open(password, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(32) + "\n")
        (await self._whom()).give(password)
        locale = "C.UTF-8" if sys.platform == "linux" else "en_US.UTF-8"
        made = await self._run(
            "initdb", "-D", fresh.name, "-U", "mediavault", "--auth=scram-sha-256", "--pwfile=password",
            "--encoding=UTF8", f"--locale={locale}", "--no-instructions",
        )  # fmt: skip
        if made.code != 0:
            raise DatabaseError(f"The embedded database cannot be made in {self.home}: {_reason(made.said)}")
        fresh.rename(self.data)

    async def _refuse_another_major(self) -> None:
        try:
            theirs = int((self.data / "PG_VERSION").read_text("ascii"))
        except FileNotFoundError:
            return
        ours = await major_version(self.binaries)
        if theirs != ours:
            raise DatabaseError(
                f"The embedded database in {self.home} was made by PostgreSQL {theirs}, but the programs in"
                f" {self.binaries} are PostgreSQL {ours}; set MEDIAVAULT_PG_BIN to version {theirs}"
            )

    async def _start(self, deadline: float) -> None:
        self._make_socket_dir(await self._whom())
        self._configure()
        (self.home / "start.log").unlink(missing_ok=True)
        seconds = max(1, int(deadline - time.monotonic()))
        starting = asyncio.create_task(
            self._run("pg_ctl", "start", "-D", "pgdata", "-l", "start.log", "-w", "-t", str(seconds), "-s")
        )
        try:
            started = await asyncio.shield(starting)
        except asyncio.CancelledError:
            # Cut off half-way it would leave a server that has no pid file yet, and that nobody stops.
            await asyncio.wait([starting])
            raise
        if started.code == 0:
            return
        said = self._start_log()
        if "lock file" in said or "shared memory block" in said:
            # Last breaths of a killed server: a zombie, or backends that have yet to notice.
            await asyncio.sleep(0.1)
            return
        raise DatabaseError(f"The embedded database does not start: {_reason(said or started.said)}")

    def _configure(self) -> None:
        settings = {**self.settings, "port": str(_PORT), "unix_socket_directories": str(self.socket_dir)}
        lines = ["# Written by MediaVault at each start; use ALTER SYSTEM for changes of your own."]
        lines += [f"{name} = '{value.replace(chr(39), chr(39) * 2)}'" for name, value in settings.items()]
        # In place: the file keeps its owner and mode, and nobody reads it before the start.
        (self.data / "postgresql.conf").write_text("\n".join(lines) + "\n", "utf-8")

    def _make_socket_dir(self, who: RunAs) -> None:
        with contextlib.suppress(FileExistsError):
            self.socket_dir.mkdir(0o700)
            who.give(self.socket_dir)
        found = self.socket_dir.lstat()
        if self.socket_dir.is_symlink() or found.st_uid != who.uid or found.st_mode & 0o077:
            raise DatabaseError(f"{self.socket_dir} is not a private folder of ours; remove it")

    def _remove_stale_files(self) -> None:
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        for socket in self.socket_dir.glob(".s.PGSQL.*"):
            socket.unlink(missing_ok=True)

    async def _ensure_database(self) -> None:
        conn = await asyncpg.connect(self.url("postgres"), timeout=10)
        try:
            if not await conn.fetchval("select true from pg_database where datname = 'mediavault'"):
                await conn.execute("create database mediavault")
        finally:
            await conn.close()

    async def _run(self, program: str, *arguments: str) -> Ran:
        # Relative paths, because pg_ctl and initdb hand theirs to a shell.
        return await run([str(self.binaries / program), *arguments], cwd=self.home, who=await self._whom())

    def _start_log(self) -> str:
        try:
            return (self.home / "start.log").read_text("utf-8", "replace")
        except OSError:
            return ""

    def _log_hint(self) -> Path:
        return self.data / "log"


def _memory() -> dict[str, str]:
    """Return the settings that follow from this machine's memory; pages are taken when they are used."""
    megabytes = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2**20
    return {
        "shared_buffers": f"{min(max(megabytes // 8, 128), 512)}MB",
        "effective_cache_size": f"{max(megabytes // 2, 512)}MB",
        "huge_pages": "off",
    }


def _socket_dir(home: Path) -> Path:
    """Return where the socket goes: in `home`, else (too long, odd letters) a private folder in /tmp."""
    inside = home / "run"
    longest = f"{inside}/.s.PGSQL.{_PORT}"
    if len(os.fsencode(longest)) <= _SOCKET_LIMIT and _PLAIN.fullmatch(str(inside)):
        return inside
    mark = hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
    return Path(f"/tmp/mv-{os.getuid()}-{mark}")  # noqa: S108  # owner and mode are checked


def _reason(said: str) -> str:
    """Return PostgreSQL's words from the first that say what is wrong, in one line."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    telling = (n for n, line in enumerate(lines) if re.search(r"FATAL|PANIC|error:|ERROR|could not", line))
    return " ".join(lines[next(telling, 0) :][:3]) or "it says nothing"
