"""Full, read-only, missing and second volumes; and what recovery does and leaves alone."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from mediavault_tui.domain.library import ActResult
from mediavault_tui.store.database import Connection, Database
from tests.db.shelf import ME, Shelf, files_below

BETTER, WORSE = b"the better film" * 9000, b"the worse film" * 8000


class Crash(BaseException):
    """Ends an act where it stands."""


@pytest.fixture
def small_volume(tmp_path: Path) -> Iterator[Path]:
    """A volume of 64 KiB."""
    folder = tmp_path / "volume"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("a small volume can be mounted by root only")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def make_read_only(volume: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(volume)], check=True)


async def pair(shelf: Shelf):
    keeper = await shelf.add("a/keeper.mkv", BETTER)
    loser = await shelf.add("b/film.mkv", WORSE)
    shelf.write("b/film.srt", b"subtitle")
    return keeper, loser, await shelf.group(keeper, loser)


def parts(*tops: Path) -> list[Path]:
    return [path for top in tops for path in top.rglob(".mediavault-*")]


async def journal(conn: Connection) -> list[str]:
    rows = await conn.fetch("select kind, state from archive_operations order by id")
    return [f"{row['kind']} {row['state']}" for row in rows]


async def test_between_volumes_time_and_mode_are_kept(
    conn: Connection, database: Database, tmp_path: Path, other_volume: Path
) -> None:
    shelf = Shelf(conn, tmp_path / "library", other_volume / "held")
    keeper, loser, group = await pair(shelf)
    path = shelf.root / "b/film.mkv"
    path.chmod(0o640)
    before = (path.stat().st_mtime_ns, path.stat().st_mode)
    stage = shelf.stage(database)
    result = await stage.stage_group(group, keeper.id, who=ME)
    (there,) = shelf.holding.rglob("film.mkv")
    assert (there.stat().st_mtime_ns, there.stat().st_mode) == before
    assert not path.exists()
    assert (await stage.restore(result.done, who=ME)).refused == ()
    assert (path.stat().st_mtime_ns, path.stat().st_mode) == before
    assert path.read_bytes() == WORSE
    row = await conn.fetchrow("select inode, device from media_files where id = $1", loser.id)
    assert (row["inode"], row["device"]) == (path.stat().st_ino, path.stat().st_dev)
    assert parts(shelf.root, shelf.holding) == []


async def test_a_copy_whose_source_is_not_what_was_hashed_is_not_staged(
    conn: Connection, database: Database, tmp_path: Path, other_volume: Path
) -> None:
    shelf = Shelf(conn, tmp_path / "library", other_volume / "held")
    keeper, loser, group = await pair(shelf)
    await conn.execute("update media_files set content_hash = $2 where id = $1", loser.id, bytes(16))
    result = await shelf.stage(database).stage_group(group, keeper.id, who=ME)
    assert "is not what was hashed" in result.refused[0]
    assert (shelf.root / "b/film.mkv").read_bytes() == WORSE
    assert parts(shelf.root, shelf.holding) == []


async def test_a_full_volume_refuses_and_leaves_everything_where_it_was(
    conn: Connection, database: Database, tmp_path: Path, small_volume: Path
) -> None:
    shelf = Shelf(conn, tmp_path / "library", small_volume / "held")
    keeper, loser, group = await pair(shelf)
    before = shelf.names()
    result = await shelf.stage(database).stage_group(group, keeper.id, who=ME)
    assert "the volume is full" in result.refused[0]
    assert shelf.names() == before
    assert parts(shelf.root, shelf.holding) == []
    assert shelf.manifests() == {}
    assert await journal(conn) == ["stage undone"]
    assert await shelf.state(loser.id) == "present"


async def test_a_read_only_volume_refuses(
    conn: Connection, database: Database, tmp_path: Path, small_volume: Path
) -> None:
    shelf = Shelf(conn, tmp_path / "library", small_volume / "held")
    keeper, _loser, group = await pair(shelf)
    make_read_only(small_volume)
    result = await shelf.stage(database).stage_group(group, keeper.id, who=ME)
    assert "read-only" in result.refused[0]
    assert (shelf.root / "b/film.mkv").exists()


async def test_a_source_that_cannot_be_removed_is_not_staged(
    conn: Connection, database: Database, small_volume: Path, tmp_path: Path
) -> None:
    """Otherwise the file would be at both places, and the journal could not say where."""
    shelf = Shelf(conn, small_volume / "library", tmp_path / "held")
    keeper = await shelf.add("keeper.mkv", b"k" * 9000)
    loser = await shelf.add("film.mkv", b"l" * 9000)
    group = await shelf.group(keeper, loser)
    make_read_only(small_volume)
    result = await shelf.stage(database).stage_group(group, keeper.id, who=ME)
    assert "read-only" in result.refused[0]
    assert files_below(shelf.holding) == []
    assert await journal(conn) == ["stage undone"]


async def test_a_holding_folder_whose_disk_is_not_there_is_not_made_elsewhere(
    conn: Connection, database: Database, tmp_path: Path
) -> None:
    shelf = Shelf(conn, tmp_path / "library", tmp_path / "unmounted" / "held")
    keeper, _loser, group = await pair(shelf)
    result = await shelf.stage(database).stage_group(group, keeper.id, who=ME)
    assert "is its disk mounted?" in result.refused[0]
    assert not (tmp_path / "unmounted").exists()


async def test_a_library_that_is_not_mounted_gets_nothing_restored(
    conn: Connection, database: Database, tmp_path: Path
) -> None:
    shelf = Shelf(conn, tmp_path / "library", tmp_path / "held")
    keeper, _loser, group = await pair(shelf)
    stage = shelf.stage(database)
    result = await stage.stage_group(group, keeper.id, who=ME)
    shelf.root.rename(tmp_path / "away")
    refused = await stage.restore(result.done, who=ME)
    assert "is its disk mounted?" in refused.refused[0]
    assert not shelf.root.exists()
    (tmp_path / "away").rename(shelf.root)
    assert (await stage.restore(result.done, who=ME)).refused == ()


@pytest.mark.parametrize("level", ["movies", "duplicates_before_purge"])
async def test_a_holding_folder_that_became_a_link_is_not_followed(
    conn: Connection, database: Database, tmp_path: Path, level: str
) -> None:
    shelf = Shelf(conn, tmp_path / "library")
    keeper, _loser, group = await pair(shelf)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    top = shelf.root / "duplicates_before_purge"
    if level == "movies":
        top.mkdir()
        (top / "movies").symlink_to(elsewhere)
    else:
        top.symlink_to(elsewhere)
    result = await shelf.stage(database).stage_group(group, keeper.id, who=ME)
    assert "symbolic link" in result.refused[0]
    assert [path for path in elsewhere.rglob("*") if path.is_file()] == []


async def test_a_sidecar_that_cannot_go_brings_the_video_back(
    conn: Connection, database: Database, tmp_path: Path
) -> None:
    shelf = Shelf(conn, tmp_path / "library")
    keeper, loser, group = await pair(shelf)
    before = shelf.names()

    def meddle(name: str) -> None:
        if name == "video moved":
            (shelf.root / "b/film.srt").write_bytes(b"edited at this very moment")

    result = await shelf.stage(database, step=meddle).stage_group(group, keeper.id, who=ME)
    assert "has changed" in result.refused[0]
    assert shelf.names() == before
    assert await journal(conn) == ["stage undone"]
    assert await shelf.state(loser.id) == "present"


async def test_a_destination_taken_at_the_last_moment_is_not_overwritten(
    conn: Connection, database: Database, tmp_path: Path
) -> None:
    shelf = Shelf(conn, tmp_path / "library")
    keeper, _loser, group = await pair(shelf)

    def meddle(name: str) -> None:
        if name == "manifest in place":
            (folder,) = shelf.manifests()
            (folder / "film.mkv").write_bytes(b"a stranger")

    result = await shelf.stage(database, step=meddle).stage_group(group, keeper.id, who=ME)
    assert "the name is in use" in result.refused[0]
    assert (shelf.root / "b/film.mkv").read_bytes() == WORSE
    (stranger,) = (shelf.root / "duplicates_before_purge").rglob("film.mkv")
    assert stranger.read_bytes() == b"a stranger"


async def crashed(shelf: Shelf, database: Database, group: int, keeper: int, at: str) -> None:
    def crash(name: str) -> None:
        if name == at:
            raise Crash

    with pytest.raises(Crash):
        await shelf.stage(database, step=crash).stage_group(group, keeper, who=ME)


async def test_a_crashed_stage_is_undone_if_the_kept_copy_is_no_longer_safe(
    conn: Connection, database: Database, tmp_path: Path
) -> None:
    shelf = Shelf(conn, tmp_path / "library")
    keeper, _loser, group = await pair(shelf)
    await crashed(shelf, database, group, keeper.id, "video moved")
    (shelf.root / "a/keeper.mkv").unlink()
    (sentence,) = await shelf.stage(database).recover()
    assert "was undone" in sentence
    assert (shelf.root / "b/film.mkv").read_bytes() == WORSE
    assert await journal(conn) == ["stage undone"]


@pytest.mark.parametrize("verb", ["stage", "restore"])
async def test_what_a_recovery_finishes_lasts_before_the_journal_says_so(
    conn: Connection, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    """The killed program may have renamed without having made the folders last."""
    shelf = Shelf(conn, tmp_path / "library", tmp_path / "held")
    keeper, _loser, group = await pair(shelf)
    if verb == "stage":
        await crashed(shelf, database, group, keeper.id, "sidecar moved")
    else:
        done = (await shelf.stage(database).stage_group(group, keeper.id, who=ME)).done

        def crash(name: str) -> None:
            if name == "sidecar moved":
                raise Crash

        with pytest.raises(Crash):
            await shelf.stage(database, step=crash).restore(done, who=ME)
    told: list[object] = []
    service = shelf.stage(database, step=told.append)
    settle = service._source.settle

    def watched(folders: Iterable[bytes]) -> None:
        told.append(list(folders := list(folders)))
        settle(folders)

    monkeypatch.setattr(service._source, "settle", watched)
    (sentence,) = await service.recover()
    assert "was finished" in sentence
    held, old = (os.fsencode(folder) for folder in (*_held_in(shelf), shelf.root / "b"))
    both = [held, old] if verb == "stage" else [old, held]
    assert both in told[: told.index("recorded")]


async def test_a_crashed_stage_is_finished_though_the_folder_it_came_from_is_gone(
    conn: Connection, database: Database, tmp_path: Path
) -> None:
    shelf = Shelf(conn, tmp_path / "library", tmp_path / "held")
    keeper, loser, group = await pair(shelf)
    await crashed(shelf, database, group, keeper.id, "sidecar moved")
    (shelf.root / "b").rmdir()
    (sentence,) = await shelf.stage(database).recover()
    assert "was finished" in sentence
    assert await shelf.state(loser.id) == "staged"


def _held_in(shelf: Shelf) -> list[Path]:
    return list(shelf.holding.glob("movies/*"))


async def test_an_act_of_a_live_program_is_not_recovered(
    conn: Connection, database: Database, tmp_path: Path
) -> None:
    shelf = Shelf(conn, tmp_path / "library")
    keeper, _loser, group = await pair(shelf)
    loop = asyncio.get_running_loop()
    reached, go_on = asyncio.Event(), asyncio.Event()

    def wait(name: str) -> None:
        if name == "leg renamed" and not reached.is_set():
            loop.call_soon_threadsafe(reached.set)
            asyncio.run_coroutine_threadsafe(go_on.wait(), loop).result(30)

    acting = asyncio.create_task(shelf.stage(database, step=wait).stage_group(group, keeper.id, who=ME))
    await reached.wait()
    other = shelf.stage(database)
    assert await other.recover() == []
    go_on.set()
    result: ActResult = await acting
    assert result.refused == ()
    assert await journal(conn) == ["stage done"]


async def test_two_recoveries_at_once_deal_with_an_act_once(
    conn: Connection, database: Database, tmp_path: Path
) -> None:
    shelf = Shelf(conn, tmp_path / "library")
    keeper, loser, group = await pair(shelf)
    await crashed(shelf, database, group, keeper.id, "video moved")
    told = await asyncio.gather(*(shelf.stage(database).recover() for _ in range(3)))
    assert sum(len(sentences) for sentences in told) == 1
    assert await shelf.state(loser.id) == "staged"


async def test_a_disk_that_is_away_makes_recovery_wait(
    conn: Connection, database: Database, tmp_path: Path
) -> None:
    shelf = Shelf(conn, tmp_path / "library", tmp_path / "held")
    keeper, loser, group = await pair(shelf)
    await crashed(shelf, database, group, keeper.id, "video moved")
    shelf.holding.rename(tmp_path / "away")
    (sentence,) = await shelf.stage(database).recover()
    assert "cannot be reached now" in sentence
    assert await journal(conn) == ["stage intended"]
    (tmp_path / "away").rename(shelf.holding)
    (sentence,) = await shelf.stage(database).recover()
    assert "was finished" in sentence
    assert await shelf.state(loser.id) == "staged"


@pytest.mark.parametrize("volume", ["one", "two"])
@pytest.mark.parametrize("kept", ["there", "gone"])
async def test_a_held_file_whose_time_has_changed_since_the_crash_is_not_called_removed(
    conn: Connection, database: Database, tmp_path: Path, other_volume: Path, volume: str, kept: str
) -> None:
    shelf = Shelf(conn, tmp_path / "library", (tmp_path if volume == "one" else other_volume) / "held")
    keeper, loser, group = await pair(shelf)
    await crashed(shelf, database, group, keeper.id, "video moved")
    (there,) = shelf.holding.rglob("film.mkv")
    os.utime(there, (10**9, 10**9))
    if kept == "gone":
        (shelf.root / "a/keeper.mkv").unlink()
    (sentence,) = await shelf.stage(database).recover()
    if kept == "there":
        assert "was finished" in sentence
        assert await shelf.state(loser.id) == "staged"
        (entries,) = shelf.manifests().values()
        assert [entry["staged"] for entry in entries] == ["film.mkv"]
        assert (await shelf.stage(database).undo(who=ME)).refused == ()
    else:
        assert "was undone" in sentence
    assert (shelf.root / "b/film.mkv").read_bytes() == WORSE
    assert (shelf.root / "b/film.srt").exists()
    assert shelf.manifests() == {}
    assert parts(shelf.root, shelf.holding) == []


async def test_a_held_file_that_was_rewritten_since_the_crash_is_left_to_its_owner(
    conn: Connection, database: Database, tmp_path: Path
) -> None:
    shelf = Shelf(conn, tmp_path / "library", tmp_path / "held")
    keeper, loser, group = await pair(shelf)
    await crashed(shelf, database, group, keeper.id, "video moved")
    (there,) = shelf.holding.rglob("film.mkv")
    there.write_bytes(WORSE + b"with new tags")
    for _ in range(2):
        (sentence,) = await shelf.stage(database).recover()
        assert "cannot be finished now" in sentence
        assert f"move it to {shelf.root / 'b/film.mkv'}" in sentence
    assert await journal(conn) == ["stage intended"]
    assert shelf.manifests() != {}
    there.rename(shelf.root / "b/film.mkv")
    (sentence,) = await shelf.stage(database).recover()
    assert "was undone" in sentence
    assert await shelf.state(loser.id) == "present"
    assert shelf.manifests() == {}


async def test_a_cancelled_caller_does_not_stop_the_file_that_is_being_moved(
    conn: Connection, database: Database, tmp_path: Path
) -> None:
    shelf = Shelf(conn, tmp_path / "library")
    keeper, loser, group = await pair(shelf)
    begun, ended = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def watch(name: str) -> None:
        if name == "leg renamed":
            loop.call_soon_threadsafe(begun.set)
        if name == "recorded":
            loop.call_soon_threadsafe(ended.set)

    acting = asyncio.create_task(shelf.stage(database, step=watch).stage_group(group, keeper.id, who=ME))
    await begun.wait()
    acting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await acting
    await asyncio.wait_for(ended.wait(), 30)
    assert await shelf.state(loser.id) == "staged"
