"""Renames on a real disk: previewed, journalled, undone like staging, and killed at every step."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import sys
from collections.abc import Iterator
from multiprocessing import forkserver
from pathlib import Path

import pytest
import staging_child

from mediavault_tui.domain.library import ActResult
from mediavault_tui.domain.model import MediaFile
from mediavault_tui.domain.renaming import PRESETS
from mediavault_tui.domain.world import Title, TitleKind
from mediavault_tui.errors import Refused
from mediavault_tui.services.rename import Renaming
from mediavault_tui.sources.local import LocalSource
from mediavault_tui.store import metadata
from mediavault_tui.store.database import Connection, Database
from mediavault_tui.store.metadata import FoundMatch
from tests.db.shelf import ME, Shelf
from tests.factories import an_identity

HEAT = Title(TitleKind.MOVIE, 949, "Heat", year=1995)
NEW = "films/Heat (1995)/Heat (1995) [1080p]"
_processes = multiprocessing.get_context("forkserver")


@pytest.fixture(scope="module")
def warm_children() -> Iterator[None]:
    """Start the server that children are forked from with everything imported."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))
        _processes.set_forkserver_preload(["staging_child"])
        forkserver.ensure_running()
        yield


@pytest.fixture
def shelf(conn: Connection, tmp_path: Path) -> Shelf:
    return Shelf(conn, tmp_path / "library")


async def sure(conn: Connection, file: MediaFile, title: Title = HEAT) -> MediaFile:
    await metadata.put_titles(conn, [title])
    await metadata.put_matches(conn, [FoundMatch(file.id, "x", "sure", title.key, confidence=100)])
    return file


async def heat(
    conn: Connection, shelf: Shelf, name: str = "films/heat.mkv", content: bytes = b"heat"
) -> MediaFile:
    return await sure(conn, await shelf.add(name, content))


async def rename_all(renaming: Renaming) -> ActResult:
    return await renaming.rename(await renaming.preview(PRESETS["plex"]), who=ME)


def renaming(database: Database, **more: object) -> Renaming:
    return Renaming(database, LocalSource(), **more)  # type: ignore[arg-type]  # a test's own words


async def test_a_file_takes_its_name_and_its_sidecars_along_and_undo_brings_all_back(
    conn: Connection, database: Database, shelf: Shelf
) -> None:
    file = await heat(conn, shelf)
    shelf.write("films/heat.en.srt", b"subtitles")
    shelf.write("films/heat 2.srt", b"of another film")
    before = shelf.names()
    (planned,) = await renaming(database).preview(PRESETS["plex"])
    assert len(planned.moves) == 2
    assert shelf.names() == before, "a preview changes nothing"
    result = await renaming(database).rename([planned], who=ME)
    assert (result.refused, len(result.done)) == ((), 1)
    assert shelf.names() == {f"{NEW}.mkv", f"{NEW}.en.srt", "films/heat 2.srt"}
    path = await conn.fetchval("select path from media_files where id = $1", file.id)
    assert path == str(shelf.root / f"{NEW}.mkv")
    assert await renaming(database).preview(PRESETS["plex"]) == []
    undone = await shelf.stage(database).undo(who=ME)
    assert (undone.refused, len(undone.done)) == ((), 1)
    assert shelf.names() == before
    with pytest.raises(Refused, match="nothing to undo"):
        await shelf.stage(database).undo(who=ME)


async def test_a_batch_is_undone_as_one(conn: Connection, database: Database, shelf: Shelf) -> None:
    await heat(conn, shelf)
    other = await shelf.add("films/matrix.mkv", b"matrix", identity=an_identity("The Matrix", year=1999))
    await sure(conn, other, Title(TitleKind.MOVIE, 603, "The Matrix", year=1999))
    before = shelf.names()
    assert len((await rename_all(renaming(database))).done) == 2
    assert len((await shelf.stage(database).undo(who=ME)).done) == 2
    assert shelf.names() == before


async def test_two_copies_that_want_one_name_are_not_both_renamed(
    conn: Connection, database: Database, shelf: Shelf
) -> None:
    await heat(conn, shelf)
    await heat(conn, shelf, "films/heat copy.mkv", b"another")
    result = await rename_all(renaming(database))
    assert len(result.done) == 1
    assert "same name" in result.refused[0]


async def test_a_taken_name_is_never_overwritten(conn: Connection, database: Database, shelf: Shelf) -> None:
    await heat(conn, shelf)
    (planned,) = await renaming(database).preview(PRESETS["plex"])
    shelf.write(f"{NEW}.mkv", b"somebody else's")
    before = shelf.contents()
    (again,) = await renaming(database).preview(PRESETS["plex"])
    assert "in use" in again.refused
    result = await renaming(database).rename([planned], who=ME)
    assert "in use" in result.refused[0]
    assert shelf.contents() == before


async def test_what_is_unsure_protected_or_changed_stays(
    conn: Connection, database: Database, shelf: Shelf
) -> None:
    unsure = await shelf.add("films/unsure.mkv", b"unsure")
    (planned,) = await renaming(database).preview(PRESETS["plex"], [unsure.id])
    assert "not surely known" in planned.refused
    await sure(conn, await shelf.add("kept/heat.mkv", b"kept", protected=True))
    changed = await heat(conn, shelf)
    shelf.write("films/heat.mkv", b"longer than it was")
    assert changed.size == 4
    before = shelf.names()
    result = await rename_all(renaming(database))
    assert len(result.refused) == 2
    assert shelf.names() == before
    with pytest.raises(Refused, match="READ_ONLY"):
        await renaming(database, read_only=True).rename([], who=ME)


async def test_a_staged_file_is_not_renamed(conn: Connection, database: Database, shelf: Shelf) -> None:
    keeper, loser = await shelf.add("kept/Film.mkv", b"kept"), await heat(conn, shelf)
    group = await shelf.group(keeper, loser)
    (planned,) = await renaming(database).preview(PRESETS["plex"])
    await shelf.stage(database).stage_group(group, keeper.id, who=ME)
    result = await renaming(database).rename([planned], who=ME)
    assert not result.done
    assert result.refused


async def the_dead_are_gone(conn: Connection) -> None:
    """Wait until the server has noticed that a killed program let go of its act."""
    held = (
        "select count(*) from pg_locks where locktype = 'advisory' and granted"
        " and database = (select oid from pg_database where datname = current_database())"
    )
    async with asyncio.timeout(20):
        while await conn.fetchval(held):  # noqa: ASYNC110 - the database tells nobody
            await asyncio.sleep(0.01)


@pytest.mark.slow
@pytest.mark.usefixtures("warm_children")
async def test_killed_between_any_two_steps_everything_is_whole_and_at_one_place(
    conn: Connection, database: Database, shelf: Shelf, tmp_path: Path
) -> None:
    file = await heat(conn, shelf)
    shelf.write("films/heat.en.srt", b"subtitles")
    old, new = shelf.names(), {f"{NEW}.mkv", f"{NEW}.en.srt"}
    everything = shelf.contents()
    answer = tmp_path / "answer"
    last, ends = 0, set()
    while True:
        last += 1
        words = (database.url, None, ["rename"], last, str(answer))
        process = _processes.Process(target=staging_child.child, args=words)
        process.start()
        process.join(120)
        assert shelf.contents() == everything, f"killed at step {last}"
        if process.exitcode == 0:
            break
        assert process.exitcode == staging_child.KILLED
        await the_dead_are_gone(conn)
        await renaming(database).recover()
        assert shelf.names() in (old, new), f"killed at step {last}"
        ends.add(frozenset(shelf.names()))
        path = await conn.fetchval("select path_raw from media_files where id = $1", file.id)
        assert LocalSource().stat(path).stamp.size == file.size
        waiting = "select count(*) from archive_operations where state in ('intended', 'moved')"
        assert await conn.fetchval(waiting) == 0
        assert await renaming(database).recover() == []
        if shelf.names() == new:
            assert not (await shelf.stage(database).undo(who=staging_child.WHO)).refused
    assert shelf.names() == new
    assert last >= 8
    assert ends == {frozenset(old), frozenset(new)}
