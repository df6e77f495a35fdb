"""A film on a share through the sidecar: the same bytes, whole and by range."""

from __future__ import annotations

import random
from pathlib import Path

from mediavault_tui.store.database import Connection, Database
from streamer.__main__ import sources_of
from tests.smb.nas_rig import Server, nas_on, scan, the_server, the_tree  # noqa: F401  # fixtures
from tests.streamer.conftest import Serve, accounts, serve  # noqa: F401  # fixtures


async def test_a_film_on_a_share_is_served_as_it_is(
    database: Database,
    conn: Connection,
    server: Server,
    tree: Path,
    serve: Serve,  # noqa: F811
    tmp_path: Path,
) -> None:
    content = random.Random(7).randbytes(9_000_001)
    (tree / "Heat (1995).mkv").write_bytes(content)
    async with nas_on(database, server, tmp_path / "data") as nas:
        assert "nas:2" in sources_of(nas)
        await scan(database, nas, probe=False)
        number = await conn.fetchval("select id from media_files where source = 'nas:2'")
        sidecar = await serve(sources=sources_of(nas))
        async with sidecar.http.get(f"/api/media/stream/{number}") as whole:
            assert (whole.status, await whole.read()) == (200, content)
        for first, last in ((0, 0), (4_000_000, 8_500_000), (9_000_000, 9_000_000), (2**20 - 1, 2**21)):
            headers = {"Range": f"bytes={first}-{last}"}
            async with sidecar.http.get(f"/api/media/stream/{number}", headers=headers) as part:
                assert (part.status, await part.read()) == (206, content[first : last + 1])


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
