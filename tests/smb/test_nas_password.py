"""A password command that fails, or takes its time: only those who want something of that share notice."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from mediavault_tui.errors import SourceOffline
from mediavault_tui.probe.picture import Painter
from mediavault_tui.probe.tone import Tables
from mediavault_tui.services.nas.shares import Nas
from mediavault_tui.services.pictures import Pictures
from mediavault_tui.settings import from_env
from mediavault_tui.store.database import Connection, Database
from streamer.__main__ import sources_of
from tests.db.scans import write
from tests.db.shelf import Shelf
from tests.smb.nas_rig import scan
from tests.streamer.conftest import Serve, accounts, serve, shelf, until  # noqa: F401  # fixtures


class Keeper:
    """A real program that keeps passwords: it waits for one, and fails without."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._program = folder / "keeper"
        self._begun = folder / "begun"
        self._may = folder / "may"
        os.mkfifo(self._may)
        self._program.write_text(
            f"#!/bin/sh\necho asked >> '{self._begun}'\nread word < '{self._may}'\n"
            '[ -n "$word" ] && echo "$word" || exit 3\n'
        )
        self._program.chmod(0o700)

    @property
    def command(self) -> str:
        return f"'{self._program}'"

    @property
    def asked(self) -> int:
        """How often it was started."""
        return len(self._begun.read_text().splitlines()) if self._begun.exists() else 0

    def go_on(self, password: bytes = b"") -> None:
        """Let the one that waits go on, with a password or without."""
        with open(self._may, "wb") as may:
            may.write(password + b"\n")


@pytest.fixture
def keeper(tmp_path: Path) -> Keeper:
    return Keeper(tmp_path / "keeper")


@pytest.fixture
async def nas(database: Database, keeper: Keeper, tmp_path: Path) -> AsyncIterator[Nas]:
    """Yield a share, number 2, whose password that program keeps."""
    data, command = str(tmp_path / "data"), keeper.command
    made = Nas(database, from_env({"MEDIAVAULT_DATA_DIR": data, "NAS_PASSWORD_COMMAND": command}))
    with contextlib.closing(made):
        await made.load()
        await made.add(host="127.0.0.1", share="volume1", username="ruth", password=None, port=1)
        yield made


async def test_a_share_without_its_password_takes_no_film_of_this_machine_along(
    nas: Nas,
    keeper: Keeper,
    serve: Serve,  # noqa: F811
    shelf: Shelf,  # noqa: F811
) -> None:
    here, there = await shelf.add("Heat (1995).mkv", b"heat"), await shelf.add("Alien (1979).mkv", b"alien")
    await shelf.conn.execute("update media_files set source = 'nas:2' where id = $1", there.id)
    sidecar = await serve(sources=sources_of(nas))
    assert keeper.asked == 0, "asked before anybody wanted a film of the share"
    waiting = asyncio.ensure_future(sidecar.http.get(f"/api/media/stream/{there.id}"))
    await until(lambda: keeper.asked)
    async with sidecar.http.get(f"/api/media/stream/{here.id}") as answer:
        assert (answer.status, await answer.read()) == (200, b"heat")
    keeper.go_on()
    async with await waiting as answer:
        assert answer.status == 503
        assert "ended with 3" in await answer.text()


async def test_a_picture_of_a_film_on_a_share_holds_nobody_up(
    nas: Nas,
    keeper: Keeper,
    shelf: Shelf,  # noqa: F811
    tmp_path: Path,
) -> None:
    film = replace(await shelf.add("Heat (1995).mkv", b"heat"), source="nas:2")
    pictures = Pictures(
        Painter(ffmpeg=None, tables=Tables(tmp_path / "tone")), tmp_path / "frames", places=nas.places
    )
    painting = asyncio.ensure_future(pictures.frame(film, at=1.0, width=8, height=8))
    await until(lambda: keeper.asked)
    assert nas.places.names() == ["local", "nas:2"]
    keeper.go_on()
    with pytest.raises(SourceOffline, match="ended with 3"):
        await painting


async def test_many_who_want_a_share_ask_for_its_password_once(nas: Nas, keeper: Keeper) -> None:
    wanting = [asyncio.ensure_future(asyncio.to_thread(nas.places.source, "nas:2")) for _ in range(3)]
    await until(lambda: keeper.asked)
    keeper.go_on(b"secret")
    one, *others = await asyncio.gather(*wanting)
    assert keeper.asked == 1
    assert all(other is one for other in others)


async def test_a_scan_of_this_machine_goes_on_without_the_password_of_a_share(
    database: Database, conn: Connection, nas: Nas, keeper: Keeper, tmp_path: Path
) -> None:
    film = write(tmp_path / "lib" / "Heat (1995).mkv", b"heat")
    await scan(database, nas, str(film.parent), probe=False)
    await conn.execute(MOVE_AWAY)
    scanning = asyncio.ensure_future(scan(database, nas, str(film.parent), probe=False))
    await until(lambda: keeper.asked)
    keeper.go_on()
    last = await scanning
    assert last.counts.new == 1
    errors = await conn.fetchval("select errors from scan_history order by id desc limit 1")
    assert "ended with 3" in str(errors)


MOVE_AWAY = """
update media_files set source = 'nas:2', path = '/volume1/Heat.mkv', path_raw = '/volume1/Heat.mkv',
    content_hash = null, sample_hash = null
"""
