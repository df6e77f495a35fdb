"""The app's own sidecar: a real process that opens the links, and ends with the app."""

from __future__ import annotations

import asyncio
from pathlib import Path

import asyncpg
import pytest

from mediavault_tui import bootstrap
from mediavault_tui.bootstrap import open_database
from mediavault_tui.domain.watching import Answering
from mediavault_tui.errors import UsageError
from mediavault_tui.services.keys import signing_secret
from mediavault_tui.services.library import Library
from mediavault_tui.services.preview import PreviewLinks
from mediavault_tui.services.watching import Watching
from mediavault_tui.settings import Secret, Settings
from mediavault_tui.store.database import Database
from tests.db.shelf import Shelf
from tests.streamer.conftest import NAME
from tests.streamer.site import free_ports


async def is_free(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return True
    writer.close()
    return False


def _write(name: str, text: str) -> None:
    Path(name).write_text(text)


async def test_it_starts_plays_and_ends_with_the_app(
    database: Database, database_url: str, shelf: Shelf, tmp_path: Path
) -> None:
    """One test, for starting a sidecar costs seconds: it plays, a taken port is told, and it ends."""
    film = await shelf.add("Heat.mkv", b"sixteen bytes...")
    (port,) = free_ports(1)
    settings = Settings(data_dir=tmp_path / "data", database_url=Secret(database_url), streamer_port=port)
    links = PreviewLinks(database, signing_secret(settings), base_url=settings.base_url)
    ours = Watching(links, Library(database), settings)
    preview = await ours.preview([film.id], who=NAME)
    assert (preview.answering, preview.may_start, preview.local) == (Answering.NO, True, True)
    try:
        assert await ours.start(preview) is Answering.YES
        assert await ours.answering(preview) is Answering.YES
        other = Watching(links, Library(database), settings)
        assert (await other.preview([film.id], who=NAME)).answering is Answering.YES
    finally:
        await ours.close()
    assert await is_free(port)


async def test_it_opens_the_apps_library_whatever_the_environment_names(
    empty_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in the demo, whose database is its own: the one of the environment must stay as it is."""
    monkeypatch.setenv("DATABASE_URL", empty_url)
    _write(".env", "NAS_HOST=nas.invalid\n")  # half a share: whoever reads that ends with an error
    (port,) = free_ports(1)
    settings = Settings(data_dir=tmp_path / "own", streamer_port=port)
    async with open_database(settings) as database, database.connection() as conn:
        film = await Shelf(conn, tmp_path / "library").add("Heat.mkv", b"sixteen bytes...")
        ours = bootstrap.watching(database, settings)
        preview = await ours.preview([film.id], who=NAME)
        try:
            assert await ours.start(preview) is Answering.YES
        finally:
            await ours.close()
    strange = await asyncpg.connect(empty_url)
    try:
        assert await strange.fetchval("select count(*) from pg_tables where schemaname = 'public'") == 0
    finally:
        await strange.close()


async def test_a_port_that_is_taken_is_said_in_the_sidecars_own_words(
    database: Database, database_url: str, shelf: Shelf, tmp_path: Path
) -> None:
    film = await shelf.add("Heat.mkv", b"sixteen bytes...")
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        settings = Settings(data_dir=tmp_path / "data", database_url=Secret(database_url), streamer_port=port)
        links = PreviewLinks(database, signing_secret(settings), base_url=settings.base_url)
        ours = Watching(links, Library(database), settings)
        preview = await ours.preview([film.id], who=NAME)
        with pytest.raises(UsageError, match=f"Cannot listen on 127.0.0.1 port {port}"):
            await ours.start(preview)
