"""The demo in a real terminal, where the environment names a database and a NAS: it meets neither."""

from __future__ import annotations

import asyncio
from pathlib import Path

import asyncpg
import pytest

from mediavault_tui.services.demo.make import DemoLibrary
from tests.e2e.terminal import running
from tests.e2e.test_triage import command_and_environment

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


def test_the_demo_meets_neither_the_users_database_nor_their_nas_nor_their_folders(
    demo_library: DemoLibrary, empty_url: str, tmp_path: Path
) -> None:
    command, environ = command_and_environment(tmp_path, "demo", str(demo_library.folder))
    environ |= {
        "DATABASE_URL": empty_url,
        "MEDIAVAULT_STAGING_PATH": str(tmp_path / "held"),
        "NAS_HOST": "nas.invalid",
        "NAS_SMB_SHARE": "volume1",
        "NAS_SMB_USERNAME": "me",
        "NAS_SMB_PASSWORD": "hunter2",
        "NAS_SCAN_PATHS": "/volume1/videos",
    }
    with running(command, folder=tmp_path, environ=environ) as terminal:
        terminal.shows("demo", "files")
        terminal.press("4")
        for above in [*demo_library.folder.parents, "All places"]:
            terminal.press("BSpace")
            terminal.shows(f"{above}")
        terminal.shows("this machine", "✓ done", without=["volume1"])
        terminal.press("S")
        terminal.shows("The scan stopped", "may be scanned here")
        terminal.press("Escape")
        terminal.shows("this machine", without=["The scan stopped"])
        terminal.press("q")
        terminal.shows("exit code 0")
    assert _tables(empty_url) == 0


def _tables(url: str) -> int:
    async def count() -> int:
        conn = await asyncpg.connect(url)
        try:
            found: int = await conn.fetchval("select count(*) from pg_tables where schemaname = 'public'")
        finally:
            await conn.close()
        return found

    return asyncio.run(count())
