"""A film on a share through the sidecar: the same bytes, whole and by range."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from mediavault_tui.store.database import Connection, Database
from streamer.__main__ import sources_of
from tests.smb.nas_rig import Server, nas_on, scan, the_server, the_tree  # noqa: F401  # fixtures
from tests.streamer.conftest import Serve, Sidecar, accounts, serve  # noqa: F401  # fixtures
from tests.streamer.test_stream import CONTENT, EXAMPLES, LISTS, are_the_bytes


@pytest.fixture
async def far(
    database: Database,
    conn: Connection,
    server: Server,
    tree: Path,
    serve: Serve,  # noqa: F811
    tmp_path: Path,
) -> AsyncIterator[tuple[Sidecar, str]]:
    """Yield a sidecar and the address of a film with CONTENT that lies on a share."""
    (tree / "Heat (1995).mkv").write_bytes(CONTENT)
    async with nas_on(database, server, tmp_path / "data") as nas:
        assert "nas:2" in sources_of(nas)
        await scan(database, nas, probe=False)
        number = await conn.fetchval("select id from media_files where source = 'nas:2'")
        yield await serve(sources=sources_of(nas)), f"/api/media/stream/{number}"


@given(LISTS)
@settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
async def test_random_ranges_of_a_film_on_a_share_are_its_bytes(
    far: tuple[Sidecar, str], asked: list[tuple[str, tuple[int, int]]]
) -> None:
    """Two hundred ranges here, each time others; `make soak` takes ten thousand."""
    sidecar, address = far
    async with sidecar.http.get(address) as whole:
        assert (whole.status, await whole.read()) == (200, CONTENT)
    await are_the_bytes(sidecar, address, CONTENT, asked)


async def test_a_film_that_changed_on_the_share_is_not_served(
    database: Database,
    conn: Connection,
    server: Server,
    tree: Path,
    serve: Serve,  # noqa: F811
    tmp_path: Path,
) -> None:
    film = tree / "Heat (1995).mkv"
    film.write_bytes(b"one film" * 1000)
    async with nas_on(database, server, tmp_path / "data") as nas:
        await scan(database, nas, probe=False)
        number = await conn.fetchval("select id from media_files where source = 'nas:2'")
        film.write_bytes(b"another one" * 1000)
        sidecar = await serve(sources=sources_of(nas))
        async with sidecar.http.get(f"/api/media/stream/{number}") as answer:
            assert answer.status >= 400
            assert "scan again" in await answer.text()
