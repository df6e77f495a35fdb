"""Random lives of a small library on a server that loses answers, refuses, and obeys late: nothing gets lost.

Renames go by links, as over NFS. What was asked for without an answer is done some time before the next
start, or never. Each life ends with a start on a disk that is well again: every film is then at one place,
which the inventory knows. A sidecar may have kept two names.
"""

from __future__ import annotations

import errno
import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from mediavault_tui.domain.model import GroupId
from mediavault_tui.errors import MediaVaultError
from mediavault_tui.services.staging.stage import Stage
from mediavault_tui.sources.local import rename as local_rename
from mediavault_tui.sources.local.source import LocalSource
from mediavault_tui.store.database import Connection, Database
from tests.db.shelf import ME, Shelf

LIVES = 1000 if settings.get_current_profile_name() == "soak" else 6
TURNS = 14
FILMS = 3
REFUSALS = [errno.EACCES, errno.EBUSY]
DOUBTS = [errno.EIO, errno.ETIMEDOUT, errno.ENOENT]


class Server:
    """Removes names of films and sidecars as it likes; `rate`: how often it does not simply obey."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._unlink = os.unlink
        self._late: list[tuple[bytes, int]] = []
        self.rate = 0.0

    def unlink(self, path: bytes) -> None:
        """Obey, refuse, obey without an answer, or put it off."""
        if not os.fsencode(path).endswith((b".mkv", b".srt", b".part")) or self._chance.random() >= self.rate:
            self._unlink(path)
            return
        code = self._chance.choice(REFUSALS + DOUBTS)
        if code in DOUBTS:
            if code == errno.ENOENT or self._chance.random() < 0.5:
                self._unlink(path)
            else:
                self._late.append((path, os.lstat(path).st_ino))
        raise OSError(code, os.strerror(code))

    def catch_up(self, share: float) -> None:
        """Do some of what was put off."""
        for path, number in [each for each in self._late if self._chance.random() < share]:
            self._late.remove((path, number))
            if os.path.lexists(path) and os.lstat(path).st_ino == number:
                self._unlink(path)


@pytest.fixture
def chance(request: pytest.FixtureRequest) -> random.Random:
    """What happens in this life, but for the order in which threads come to it."""
    return random.Random(request.node.name)


@pytest.fixture
def server(chance: random.Random) -> Iterator[Server]:
    made = Server(chance)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(local_rename, "_EXCLUSIVE", None)
        patch.setattr(os, "unlink", made.unlink)
        yield made


@pytest.fixture(params=["one volume", "two volumes"])
def shelf(request: pytest.FixtureRequest, conn: Connection, tmp_path: Path, other_volume: Path) -> Shelf:
    return Shelf(conn, tmp_path / "library", other_volume / "held" if "two" in request.param else None)


async def turn(service: Stage, groups: list[GroupId], chance: random.Random) -> object:
    """Do something; what was said to it."""
    try:
        match chance.choice(["stage", "restore", "undo"]):
            case "stage":
                some = [group for group in groups if chance.random() < 0.7]
                return (await service.stage_groups(some, who=ME)).refused
            case "restore":
                return (await service.restore([row.id for row in await service.pending()], who=ME)).refused
            case _:
                return (await service.undo(who=ME)).refused
    except MediaVaultError as error:
        return error


@pytest.mark.hypothesis  # so that `make soak` finds it
@pytest.mark.parametrize("life", range(LIVES))
async def test_on_a_server_that_is_not_to_be_trusted_nothing_is_lost(
    conn: Connection, database: Database, shelf: Shelf, server: Server, chance: random.Random, life: int
) -> None:
    groups = []
    for number in range(FILMS):
        kept = await shelf.add(f"kept/{number}.mkv", b"kept %d" % number * 900)
        old = await shelf.add(f"old/{number}/film.mkv", b"old %d" % number * 800)
        shelf.write(f"old/{number}/film.srt", b"subtitles %d" % number)
        groups.append(await shelf.group(kept, old))
    everything = shelf.contents()
    service = shelf.stage(database)
    told: list[object] = []
    for _ in range(TURNS):
        server.rate = chance.choice([0, 0.2, 0.5])
        if chance.random() < 0.2:
            server.catch_up(1)
            service = shelf.stage(database)
            told.append(await service.recover())
        told.append(await turn(service, groups, chance))
        server.catch_up(chance.choice([0, 0.5]))
        assert not everything - shelf.contents(), told
    server.catch_up(1)
    server.rate = 0
    told.append(await shelf.stage(database).recover())
    assert not everything - shelf.contents(), told
    films = [name for name in shelf.names() if name.endswith(".mkv")]
    assert len(films) == 2 * FILMS, (films, told)
    assert await shelf.stage(database).recover() == [], told
    for row in await conn.fetch("select path_raw from media_files"):
        LocalSource().stat(row["path_raw"])
