"""A real Samba server of our own: private folders, loopback, a free port; killed and started at will."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mediavault_tui.domain.library import ScanProgress
from mediavault_tui.probe.ffprobe import Prober
from mediavault_tui.services.nas import Nas
from mediavault_tui.services.scan import Scanner
from mediavault_tui.services.scan_control import ScanControl
from mediavault_tui.services.scan_far import FarPolicy
from mediavault_tui.settings import Secret, from_env
from mediavault_tui.store.database import Database
from tests.conftest import lacking

PASSWORD = "s3cret, and [odd]"
SHARE = "volume1"

_CONFIG = """
[global]
    server role = standalone server
    private dir = {home}/private
    lock directory = {home}/lock
    state directory = {home}/state
    cache directory = {home}/cache
    pid directory = {home}/pid
    ncalrpc dir = {home}/ncalrpc
    log file = {home}/log
    interfaces = lo
    bind interfaces only = yes
    smb ports = {port}
    passdb backend = tdbsam:{home}/private/passdb.tdb
    server min protocol = SMB3
    server signing = mandatory
    load printers = no
    disable spoolss = yes
    map to guest = never
{shares}
"""
_SHARE = """
[{name}]
    path = {path}
    read only = no
    force user = {user}
"""


class Server:
    """One smbd with the shares `volume1` and `second`; `tree` and `second` are their folders here."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.user = pwd.getpwuid(os.getuid()).pw_name
        self.tree = home / SHARE
        self.second = home / "second"
        for name in ("private", "lock", "state", "cache", "pid", "ncalrpc", SHARE, "second"):
            (home / name).mkdir(parents=True)
        self.port = _free_port()
        self.config = home / "smb.conf"
        shares = "".join(
            _SHARE.format(name=name, path=path, user=self.user)
            for name, path in ((SHARE, self.tree), ("second", self.second))
        )
        self.config.write_text(_CONFIG.format(home=home, port=self.port, shares=shares))
        self._process: subprocess.Popen[bytes] | None = None
        subprocess.run(
            ["pdbedit", "-s", str(self.config), "-a", "-t", "-u", self.user],
            input=f"{PASSWORD}\n{PASSWORD}\n".encode(),
            check=True,
            capture_output=True,
        )

    def start(self) -> None:
        """Start smbd and wait until it answers."""
        command = ["smbd", "-F", "--no-process-group", "-s", str(self.config), "--debug-stdout"]
        with open(self.home / "smbd.out", "ab") as out:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
            )
        until = time.monotonic() + 20
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            assert self._process.poll() is None, (self.home / "smbd.out").read_text()
            assert time.monotonic() < until, "smbd does not answer"
            time.sleep(0.02)  # it tells nobody when it listens

    @property
    def running(self) -> bool:
        """Whether it was started and not killed since."""
        return self._process is not None

    def kill(self) -> None:
        """Kill smbd and the children that serve connections, without a word to anybody."""
        process, self._process = self._process, None
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def close(self) -> None:
        """End it and remove its folders."""
        self.kill()
        shutil.rmtree(self.home, ignore_errors=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.asynccontextmanager
async def nas_on(database: Database, server: Server, data: Path, **more: Any) -> AsyncIterator[Nas]:
    """Yield the service with the share `volume1` set up as number 2; `more` goes to `Nas.add`."""
    settings = from_env({"MEDIAVAULT_DATA_DIR": str(data), **more.pop("environ", {})})
    nas = Nas(database, settings)
    try:
        await nas.load()
        options = {
            "username": server.user,
            "password": Secret(PASSWORD),
            "port": server.port,
            "name": "Test NAS",
        }
        await nas.add(**{"host": "127.0.0.1", "share": SHARE, **options, **more})
        yield nas
    finally:
        nas.close()


async def scan(
    database: Database,
    nas: Nas,
    *folders: str,
    prober: Prober | None = None,
    far: FarPolicy | None = None,
    control: ScanControl | None = None,
    on: Callable[[ScanProgress], None] = lambda _: None,
    **how: Any,
) -> ScanProgress:
    """Scan folders of the share (all of it by default) and return the last word."""
    scanner = Scanner(
        database, nas.places, prober, staging_of=nas.staging_of, far=far or FarPolicy(), readers=2
    )
    roots = [
        Path(os.fsdecode(nas.names.located(folder.encode()))) for folder in folders or (f"nas:/{SHARE}",)
    ]
    last: ScanProgress | None = None
    async for progress in scanner.scan(roots, control=control, **how):
        last = progress
        on(progress)
    assert last is not None
    return last


@pytest.fixture(scope="module", name="server")
def the_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Yield a running server for a module's tests."""
    for program in ("smbd", "pdbedit"):
        if shutil.which(program) is None:
            lacking(f"{program} is not installed")
    made = Server(tmp_path_factory.mktemp("samba") / "nas")
    made.start()
    yield made
    made.close()


@pytest.fixture(name="tree")
def the_tree(server: Server) -> Iterator[Path]:
    """Yield the share's folder on this machine, empty; the server runs before and after."""
    yield server.tree
    if not server.running:
        server.start()
    for top in (server.tree, server.second):
        for path in top.iterdir():
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
