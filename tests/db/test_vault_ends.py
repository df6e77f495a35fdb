"""The end of the app: everything that it began is ended, however it is left."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from mediavault_tui.bootstrap import open_vault
from mediavault_tui.domain.watching import Answering
from mediavault_tui.settings import Secret, Settings
from mediavault_tui.store.database import Connection
from tests.db.shelf import ME, Shelf
from tests.streamer.site import free_ports


async def test_an_app_that_is_called_off_while_it_waits_for_an_act_still_ends_its_sidecar(
    database_url: str, conn: Connection, tmp_path: Path
) -> None:
    shelf = Shelf(conn, tmp_path / "library")
    film, copy = await shelf.add("Heat (1995).mkv", b"heat"), await shelf.add("downloads/Heat.mkv", b"heat")
    group = await shelf.group(film, copy, proof="exact", verdict="certain")
    (port,) = free_ports(1)
    settings = Settings(data_dir=tmp_path / "data", database_url=Secret(database_url), streamer_port=port)
    async with AsyncExitStack() as app:
        vault = await app.enter_async_context(open_vault(settings, who=ME))
        assert await vault.start_sidecar(await vault.preview([film.id])) is Answering.YES
        async with conn.transaction():
            await conn.execute("lock table archive_operations in access exclusive mode")
            acting = asyncio.ensure_future(vault.stage_group(group, film.id))
            await _until_it_waits(conn)
            leaving = asyncio.ensure_future(app.pop_all().aclose())
            await asyncio.sleep(0)  # it has begun, and waits for the act
            leaving.cancel()
            with pytest.raises(asyncio.CancelledError):
                await leaving
        acting.cancel()
        await asyncio.wait({acting})
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)


async def _until_it_waits(conn: Connection) -> None:
    async with asyncio.timeout(30):
        while not await conn.fetchval("select count(*) from pg_locks where not granted"):  # noqa: ASYNC110  # no event
            await asyncio.sleep(0.01)
