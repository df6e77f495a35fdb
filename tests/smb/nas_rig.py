"""The NAS service and scans on top of the real smbd of `tests.smb.server`."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mediavault_tui.domain.library import ScanProgress
from mediavault_tui.probe.ffprobe import Prober
from mediavault_tui.services.nas.shares import Nas
from mediavault_tui.services.scanning.control import ScanControl
from mediavault_tui.services.scanning.far import FarPolicy
from mediavault_tui.services.scanning.scan import Scanner
from mediavault_tui.settings import Secret, from_env
from mediavault_tui.store.database import Database
from tests.smb.server import PASSWORD, SHARE
from tests.smb.server import Smbd as Server

__all__ = ["PASSWORD", "SHARE", "Server", "nas_on", "scan", "the_server", "the_tree"]


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
def the_server(samba: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Yield a running server, with the shares `volume1` and `second`, for a module's tests."""
    with Server(tmp_path_factory.mktemp("samba") / "nas", other="second") as made:
        yield made


@pytest.fixture(name="tree")
def the_tree(server: Server) -> Iterator[Path]:
    """Yield the share's folder on this machine, empty; the server runs before and after."""
    yield server.share
    if not server.running:
        server.start()
    for top in server.folders.values():
        for path in top.iterdir():
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
