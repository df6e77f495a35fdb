"""Renames on a real share: made by its server, case and accents included, and killed at every step."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import unicodedata
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import nas_child
import pytest

from mediavault_tui.bootstrap import renaming, stage
from mediavault_tui.domain.library import ActResult
from mediavault_tui.domain.model import FileId
from mediavault_tui.domain.rename_plan import Planned
from mediavault_tui.domain.renaming import PRESETS, Pattern, custom
from mediavault_tui.domain.world import Title, TitleKind
from mediavault_tui.services.nas.shares import Nas
from mediavault_tui.services.renaming.rename import Renaming
from mediavault_tui.settings import from_env
from mediavault_tui.store import metadata
from mediavault_tui.store.database import Connection, Database
from mediavault_tui.store.metadata import FoundMatch
from tests.db.shelf import contents, files_below
from tests.smb.nas_rig import PASSWORD, SHARE, Server, scan, the_server, the_tree
from tests.warm import warm_up

__all__ = ["the_server", "the_tree"]  # fixtures

pytestmark = pytest.mark.needs("smbd", "pdbedit")

ME = nas_child.WHO
PLEX = PRESETS["plex"]
FLAT = custom("{title} ({year})", base=PLEX)
NEW = "videos/Heat (1995)/Heat (1995)"
_processes = multiprocessing.get_context("forkserver")


@dataclass
class Rig:
    """Films on the share, and the services over them."""

    conn: Connection
    database: Database
    nas: Nas
    tree: Path
    environ: dict[str, str]

    async def films(self, *names: str, title: Title | None = None) -> list[FileId]:
        """Write films below videos/, scan, and let them surely be one title: Heat, if no other."""
        title = title or Title(TitleKind.MOVIE, 949, "Heat", year=1995)
        for name in names:
            path = self.tree / "videos" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(name.encode() * 30_000)
        await scan(self.database, self.nas, "nas:/volume1/videos")
        await metadata.put_titles(self.conn, [title])
        rows = await self.conn.fetch("select id from media_files order by path_raw")
        found = [FoundMatch(FileId(row["id"]), "x", "sure", title.key, confidence=100) for row in rows]
        await metadata.put_matches(self.conn, found)
        return [each.file for each in found]

    @property
    def renaming(self) -> Renaming:
        return renaming(self.database, from_env(self.environ), self.nas)

    async def preview(self, pattern: Pattern = PLEX) -> list[Planned]:
        return await self.renaming.preview(pattern)

    async def rename(self, pattern: Pattern = PLEX) -> ActResult:
        return await self.renaming.rename(await self.preview(pattern), who=ME)

    async def undo(self) -> ActResult:
        return await stage(self.database, from_env(self.environ), self.nas).undo(who=ME)

    def names(self) -> set[str]:
        return {str(path.relative_to(self.tree)) for path in files_below(self.tree)}

    async def path(self, file: FileId) -> str:
        return os.fsdecode(await self.conn.fetchval("select path_raw from media_files where id = $1", file))


@pytest.fixture
async def rig(conn: Connection, database: Database, server: Server, tree: Path, tmp_path: Path) -> Rig:
    environ = {
        "MEDIAVAULT_DATA_DIR": str(tmp_path),
        "NAS_HOST": "127.0.0.1",
        "NAS_SMB_PORT": str(server.port),
        "NAS_SMB_USERNAME": server.user,
        "NAS_SMB_PASSWORD": PASSWORD,
        "NAS_SMB_SHARE": SHARE,
    }
    nas = Nas(database, from_env(environ))
    await nas.load()
    return Rig(conn, database, nas, tree, environ)


async def test_the_server_renames_and_undo_brings_all_back(rig: Rig) -> None:
    for name in ("heat.en.srt", "heat-poster.jpg", "heat 2.srt"):
        (rig.tree / "videos").mkdir(exist_ok=True)
        (rig.tree / "videos" / name).write_bytes(name.encode())
    (file,) = await rig.films("heat.mkv")
    before = (rig.tree / "videos/heat.mkv").stat()
    old = rig.names()
    wire = rig.nas.places.source("nas:0").bytes_read  # type: ignore[attr-defined]
    result = await rig.rename(PRESETS["kodi"])
    assert (result.refused, len(result.done)) == ((), 1)
    assert rig.names() == {f"{NEW}.mkv", f"{NEW}.en.srt", f"{NEW}-poster.jpg", "videos/heat 2.srt"}
    after = (rig.tree / f"{NEW}.mkv").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    read = rig.nas.places.source("nas:0").bytes_read - wire  # type: ignore[attr-defined]
    assert read < before.st_size / 3, "listings and answers only: the film did not cross the wire"
    assert await rig.path(file) == f"/volume1/{NEW}.mkv"
    assert await rig.preview(PRESETS["kodi"]) == []
    last = await scan(rig.database, rig.nas, "nas:/volume1/videos")
    assert (last.counts.new, last.counts.missing) == (0, 0)
    assert (await rig.undo()).refused == ()
    assert rig.names() == old


@pytest.mark.parametrize(
    "name",
    ["HEAT (1995).mkv", "Heat (1995).MKV", unicodedata.normalize("NFD", "Héat (1995).mkv")],
    ids=["case", "ending", "accents"],
)
async def test_a_name_that_differs_in_case_or_accents_only_is_changed(rig: Rig, name: str) -> None:
    accented = "e\u0301" in name
    title = Title(TitleKind.MOVIE, 949, "Héat" if accented else "Heat", year=1995)
    wanted = unicodedata.normalize("NFC", name) if accented else "Heat (1995).mkv"
    (file,) = await rig.films(name, title=title)
    result = await rig.rename(FLAT)
    assert (result.refused, len(result.done)) == ((), 1)
    assert [path.name for path in files_below(rig.tree)] == [wanted]
    assert await rig.path(file) == f"/volume1/videos/{wanted}"
    assert (await rig.undo()).refused == ()
    assert [path.name for path in files_below(rig.tree)] == [name]


async def test_a_folder_that_is_there_in_other_letters_is_taken_as_it_is_written(rig: Rig) -> None:
    """To the server `heat (1995)` is that folder; the inventory must spell it as a listing does."""
    (file,) = await rig.films("heat (1995)/heat.mkv")
    assert not (await rig.rename(PRESETS["kodi"])).refused
    assert await rig.path(file) == "/volume1/videos/heat (1995)/Heat (1995).mkv"
    last = await scan(rig.database, rig.nas, "nas:/volume1/videos")
    assert (last.counts.new, last.counts.renamed, last.counts.missing) == (0, 0, 0)
    assert await rig.preview(PRESETS["kodi"]) == []


async def test_a_name_in_other_letters_is_taken_and_nothing_is_overwritten(rig: Rig) -> None:
    await rig.films("heat.mkv")
    (rig.tree / "videos/HEAT (1995).mkv").write_bytes(b"somebody else's")
    before = contents(rig.tree)
    (planned,) = await rig.preview(FLAT)
    assert "in use" in planned.refused
    moves = ((b"nas:0/volume1/videos/heat.mkv", b"nas:0/volume1/videos/Heat (1995).mkv"),)
    result = await rig.renaming.rename([Planned(planned.file, planned.path, moves)], who=ME)
    assert "in use" in result.refused[0]
    assert contents(rig.tree) == before
    assert (rig.tree / "videos/HEAT (1995).mkv").read_bytes() == b"somebody else's"


async def test_what_no_share_can_hold_is_left_out_and_255_bytes_are_enough(rig: Rig) -> None:
    name = 'Who: "What?" <Where> | A\\B * ' + "é" * 200 + ". "
    (file,) = await rig.films("odd.mkv", title=Title(TitleKind.MOVIE, 1, name, year=1995))
    assert not (await rig.rename()).refused
    (renamed,) = files_below(rig.tree)
    assert renamed.name.startswith("Who - What Where AB éé")
    assert len(os.fsencode(renamed.name)) <= 255
    assert not set(renamed.name) & set('\\:*?"<>|')
    assert await rig.path(file) == f"/volume1/{renamed.relative_to(rig.tree)}"
    assert (await rig.undo()).refused == ()
    assert rig.names() == {"videos/odd.mkv"}


async def test_a_server_that_is_away_is_a_refusal_and_the_next_start_tidies_up(
    rig: Rig, server: Server
) -> None:
    await rig.films("heat.mkv")
    planned = await rig.preview()
    server.kill()
    result = await rig.renaming.rename(planned, who=ME)
    assert (len(result.done), len(result.refused)) == (0, 1)
    server.start()
    await rig.renaming.recover()
    assert rig.names() == {"videos/heat.mkv"}
    assert not (await rig.rename()).refused


@pytest.fixture(scope="module")
def warm_children() -> None:
    """Start the server that children are forked from with everything imported."""
    warm_up()


@pytest.mark.slow
@pytest.mark.usefixtures("warm_children")
async def test_killed_between_any_two_steps_on_a_share(rig: Rig, tmp_path: Path) -> None:
    async def rename(last: int) -> bool:
        process = _processes.Process(
            target=nas_child.child,
            args=(rig.database.url, rig.environ, ["rename"], last, str(tmp_path / "said")),
        )
        process.start()
        process.join(120)
        assert process.exitcode in (0, nas_child.KILLED)
        await the_dead_are_gone(rig.conn)
        return process.exitcode == 0

    await stopped_at_every_step(rig, "heat", rename)


async def test_stopped_between_any_two_steps_of_a_change_of_case(rig: Rig) -> None:
    """There both names open the one file: an act that took it for two would remove it."""
    settings = from_env(rig.environ)

    async def rename(last: int) -> bool:
        def step(_: str) -> None:
            nonlocal last
            last -= 1
            if last == 0:
                raise Crash

        service = renaming(rig.database, settings, rig.nas, step=step)
        planned = await service.preview(custom("{title} ({year}) [1080p]", base=PLEX))
        try:
            await service.rename(planned, who=ME)
        except Crash:
            return False
        return True

    await stopped_at_every_step(rig, "HEAT (1995) [1080P]", rename)


class Crash(BaseException):
    """Ends an act where it stands."""


async def stopped_at_every_step(rig: Rig, name: str, rename: Callable[[int], Awaitable[bool]]) -> None:
    """Rename until nothing stops it, stopped at the first, second … step; all is whole after each."""
    folder = rig.tree / "videos"
    folder.mkdir()
    (folder / f"{name}.en.srt").write_bytes(b"subtitles")
    (file,) = await rig.films(f"{name}.mkv")
    old, everything, ends, last = rig.names(), contents(rig.tree), set(), 1
    while not await rename(last):
        assert contents(rig.tree) == everything, f"stopped at step {last}"
        await rig.renaming.recover()
        assert await rig.renaming.recover() == [], "the second recovery had something to do"
        now = rig.names()
        ends.add(frozenset(now))
        assert contents(rig.tree) == everything, f"stopped at step {last}"
        assert await rig.path(file) == f"/volume1/{next(n for n in now if n.endswith('.mkv'))}"
        if now != old:
            assert not (await rig.undo()).refused
            assert rig.names() == old
        last += 1
    assert contents(rig.tree) == everything
    assert len(rig.names()) == 2
    assert last > 8
    assert ends == {frozenset(old), frozenset(rig.names())}, "each end whole, and both were met"


async def the_dead_are_gone(conn: Connection) -> None:
    """Wait until the server has noticed that a killed program let go of its act."""
    held = (
        "select count(*) from pg_locks where locktype = 'advisory' and granted"
        " and database = (select oid from pg_database where datname = current_database())"
    )
    async with asyncio.timeout(20):
        while await conn.fetchval(held):  # noqa: ASYNC110 - the database tells nobody
            await asyncio.sleep(0.01)
