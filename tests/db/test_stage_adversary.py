"""What an unlucky or hostile world may do to the acts: each was tried because it could lose a wanted file."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mediavault_tui.domain.library import ActResult
from mediavault_tui.errors import SourceFull, SourceOffline
from mediavault_tui.services.staging.moves import Step, no_step
from mediavault_tui.services.staging.stage import Stage
from mediavault_tui.sources.base import FoundFile
from mediavault_tui.sources.places import Steady
from mediavault_tui.store.database import Connection, Database
from tests.db.shelf import ME, Shelf

BETTER, WORSE = b"the better film" * 900, b"the worse film" * 800


async def approved(shelf: Shelf, database: Database):
    """A film of which the worse copy is staged and approved: the service, and the held file."""
    keeper = await shelf.add("a/deep/keeper.mkv", BETTER)
    loser = await shelf.add("b/film.mkv", WORSE)
    service = shelf.stage(database)
    result = await service.stage_group(await shelf.group(keeper, loser), keeper.id, who=ME)
    assert not (await service.approve(result.done, who=ME)).refused
    (held,) = (shelf.holding or shelf.root / "duplicates_before_purge").rglob("film.mkv")
    return service, held


@pytest.mark.parametrize("gone", ["a/deep/keeper.mkv", "a/deep", "a"])
async def test_the_last_copy_is_not_purged_when_the_kept_one_went_with_its_folder(
    conn: Connection, database: Database, tmp_path: Path, gone: str
) -> None:
    shelf = Shelf(conn, tmp_path / "library")
    service, held = await approved(shelf, database)
    path = shelf.root / gone
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    result = await service.purge(word="purge", who=ME)
    assert result.done == ()
    assert "the copy to keep is not safe" in result.refused[0]
    assert held.read_bytes() == WORSE


async def test_nothing_is_purged_while_the_disk_of_the_kept_copies_is_away(
    conn: Connection, database: Database, tmp_path: Path
) -> None:
    """The mount point is still there, and empty."""
    shelf = Shelf(conn, tmp_path / "library", tmp_path / "held")
    service, held = await approved(shelf, database)
    shelf.root.rename(tmp_path / "away")
    shelf.root.mkdir()
    result = await service.purge(word="purge", who=ME)
    assert (result.done, held.read_bytes()) == ((), WORSE)
    assert "the copy to keep is not safe" in result.refused[0]


async def staged(shelf: Shelf, database: Database, step: Step = no_step) -> tuple[Stage, ActResult]:
    """A film of which the worse copy is to be staged: the service, and what came of it."""
    keeper = await shelf.add("a/keeper.mkv", BETTER)
    loser = await shelf.add("b/film.mkv", WORSE)
    service = shelf.stage(database, step=step)
    await shelf.group(keeper, loser)
    return service, await service.stage_files([loser.id], keeper=keeper.id, who=ME)


async def test_a_purge_whose_answer_is_lost_is_written_down_as_what_it_was(
    conn: Connection, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server may delete and then go: whoever calls that a failure has a journal that lies."""
    shelf = Shelf(conn, tmp_path / "library")
    service, held = await approved(shelf, database)
    places = service._source
    remove = places.remove_checked

    def lost(*_: object) -> bool:
        raise SourceOffline("the server does not answer")

    def removed_and_lost(path: bytes, check: Callable[[FoundFile], None]) -> None:
        remove(path, check)
        lost()

    with monkeypatch.context() as patch:
        patch.setattr(places, "remove_checked", removed_and_lost)
        patch.setattr(Steady, "exists", lost)
        result = await service.purge(word="purge", who=ME)
    assert result.done == ()
    assert "finds out" in result.refused[0]
    assert not held.exists()
    (sentence,) = await service.recover()
    assert "was finished" in sentence
    assert await conn.fetchval("select state from pending_deletions") == "purged"
    assert shelf.manifests() == {}


@pytest.mark.parametrize("becomes", ["a link", "a folder", "another file"])
async def test_what_takes_the_place_of_a_file_at_the_last_moment_is_not_carried_off(
    conn: Connection, database: Database, tmp_path: Path, becomes: str
) -> None:
    shelf = Shelf(conn, tmp_path / "library")
    path = shelf.root / "b/film.mkv"

    def meddle(name: str) -> None:
        if name != "leg checked" or (tmp_path / "saved").exists():
            return
        path.rename(tmp_path / "saved")
        if becomes == "a link":
            path.symlink_to(tmp_path / "saved")
        elif becomes == "a folder":
            path.mkdir()
            (path / "inside").write_bytes(b"somebody's")
        else:
            path.write_bytes(b"somebody's")

    service, result = await staged(shelf, database, meddle)
    assert "was replaced at this very moment" in result.refused[0]
    assert path.is_symlink() == (becomes == "a link")
    assert path.is_dir() == (becomes == "a folder")
    assert path.exists(), "what is there now stays there"
    assert (tmp_path / "saved").read_bytes() == WORSE
    assert list((shelf.root / "duplicates_before_purge").rglob("film*")) == []
    assert (await conn.fetchval("select state from archive_operations"), shelf.manifests()) == ("undone", {})
    assert await service.recover() == []


async def test_nothing_is_staged_below_the_empty_mount_point_of_a_holding_disk_in_use(
    conn: Connection, database: Database, tmp_path: Path
) -> None:
    """It would lie where nobody sees it once the disk is back."""
    disk = tmp_path / "disk"
    disk.mkdir()
    shelf = Shelf(conn, tmp_path / "library", disk / "held")
    _, first = await staged(shelf, database)
    assert first.refused == ()
    disk.rename(tmp_path / "away")
    disk.mkdir()
    other = await shelf.add("c/other.mkv", WORSE * 2)
    keeper = await shelf.add("c/kept.mkv", BETTER * 2)
    await shelf.group(keeper, other)
    result = await shelf.stage(database).stage_files([other.id], who=ME)
    assert "is its disk mounted?" in result.refused[0]
    assert list(disk.iterdir()) == []
    assert (shelf.root / "c/other.mkv").read_bytes() == WORSE * 2


async def test_nothing_is_staged_where_the_systems_table_says_that_a_disk_is_missing(
    conn: Connection, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = tmp_path / "my disk"
    disk.mkdir()
    table = tmp_path / "fstab"
    table.write_text(f"# disks\nUUID=1 {str(disk).replace(' ', chr(92) + '040')} ext4 defaults 0 2\n")
    monkeypatch.setattr("mediavault_tui.sources.holding.FSTAB", str(table))
    shelf = Shelf(conn, tmp_path / "library", disk / "held")
    _, result = await staged(shelf, database)
    assert "nothing is mounted at" in result.refused[0]
    assert list(disk.iterdir()) == []


@pytest.fixture
def bound(tmp_path: Path) -> Iterator[Path]:
    """A folder at which another one of the same volume is mounted."""
    disk, other = tmp_path / "disk", tmp_path / "other"
    disk.mkdir()
    other.mkdir()
    if subprocess.run(["mount", "--bind", other, disk], capture_output=True, check=False).returncode:
        pytest.skip("a folder can be bound to another one by root only")
    yield disk
    subprocess.run(["umount", "-l", disk], check=True)


async def test_a_folder_that_is_bound_to_another_one_is_mounted(
    conn: Connection, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bound: Path
) -> None:
    """As exports are; that it is on the volume of the folder above it says nothing."""
    table = tmp_path / "fstab"
    table.write_text(f"/other {bound} none bind 0 0\n")
    monkeypatch.setattr("mediavault_tui.sources.holding.FSTAB", str(table))
    _, result = await staged(Shelf(conn, tmp_path / "library", bound / "held"), database)
    assert result.refused == ()


async def test_nothing_is_put_back_below_the_empty_mount_point_of_a_library(
    conn: Connection, database: Database, tmp_path: Path, other_volume: Path
) -> None:
    shelf = Shelf(conn, other_volume / "library", tmp_path / "held")
    service, result = await staged(shelf, database)
    away = shelf.root.rename(other_volume / "away")
    empty = tmp_path / "empty"
    empty.mkdir()
    shelf.root.symlink_to(empty)  # another volume, and nothing on it
    refused = await service.undo(who=ME)
    assert "is empty and on another volume" in refused.refused[0]
    assert list(empty.iterdir()) == []
    shelf.root.unlink()
    away.rename(shelf.root)
    assert (await service.restore(result.done, who=ME)).refused == ()


@pytest.fixture
def pool(tmp_path: Path) -> Iterator[Path]:
    """A volume that shows what lies in `upper` beside it, as a pool shows what lies on one of its disks."""
    pool, upper, lower, work = (tmp_path / name for name in ("pool", "upper", "lower", "work"))
    for folder in (pool, upper, lower, work):
        folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "overlay", "-o", f"lowerdir={lower},upperdir={upper},workdir={work}", "x", str(pool)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip("a pool of disks can be mounted by root only")
    yield pool
    subprocess.run(["umount", "-l", str(pool)], check=True)


async def test_one_file_seen_through_two_volumes_is_not_staged(
    conn: Connection, database: Database, tmp_path: Path, pool: Path
) -> None:
    """No number tells that both are one file."""
    shelf = Shelf(conn, pool)
    loser = await shelf.add("b/film.mkv", WORSE)
    there = tmp_path / "upper/b"
    keeper = await Shelf(conn, there.parent).enter(there / "film.mkv")
    group = await shelf.group(keeper, loser, proof="exact")
    result = await shelf.stage(database).stage_group(group, keeper.id, who=ME)
    assert result.done == ()
    assert "are one file" in result.refused[0]
    assert [path.name for path in there.iterdir()] == ["film.mkv"]


async def test_one_file_in_a_pool_whose_new_files_go_to_another_disk_is_not_staged(
    conn: Connection, database: Database, tmp_path: Path, pool: Path
) -> None:
    """A mark that is made in the pool lies on another disk than the film: one on the film's disk shows."""
    there = tmp_path / "lower/b"
    there.mkdir()
    (there / "film.mkv").write_bytes(WORSE)
    loser = await Shelf(conn, pool).enter(pool / "b/film.mkv")
    shelf = Shelf(conn, there.parent)
    keeper = await shelf.enter(there / "film.mkv")
    group = await shelf.group(keeper, loser, proof="exact")
    result = await Shelf(conn, pool).stage(database).stage_group(group, keeper.id, who=ME)
    assert result.done == ()
    assert "are one file" in result.refused[0]
    assert [path.name for path in there.iterdir()] == ["film.mkv"]


async def test_two_programs_at_once_put_back_and_purge_the_same_files(
    conn: Connection, database: Database, tmp_path: Path
) -> None:
    """In opposite orders, so that they would wait for each other: every file ends as one of them says."""
    shelf = Shelf(conn, tmp_path / "library")
    groups = []
    for number in range(8):
        keeper = await shelf.add(f"kept/{number}.mkv", b"kept %d" % number * 90)
        loser = await shelf.add(f"old/{number}.mkv", b"old %d" % number * 80)
        groups.append(await shelf.group(keeper, loser))
    service = shelf.stage(database)
    ids = (await service.stage_groups(groups, who=ME)).done
    assert not (await service.approve(ids, who=ME)).refused
    back, gone = await asyncio.gather(
        service.restore(ids, who=ME),
        shelf.stage(database).purge(word="purge", who="dallas", staged=tuple(reversed(ids))),
    )
    assert set(back.done) | set(gone.done) == set(ids)
    assert set(back.done) & set(gone.done) == set()
    assert len(list((shelf.root / "old").iterdir())) == len(back.done)
    assert len(list((shelf.root / "kept").iterdir())) == 8
    assert shelf.manifests() == {}
    assert await service.recover() == []


async def test_two_files_that_came_from_one_place_do_not_both_go_back_to_it(
    conn: Connection, database: Database, tmp_path: Path
) -> None:
    """Within one lot, where the one that is put back first is not there yet when the second is looked at."""
    shelf = Shelf(conn, tmp_path / "library")
    service, first = await staged(shelf, database)
    again = await shelf.add("b/film.mkv", WORSE + b"another cut")
    keeper = await shelf.add("c/kept.mkv", BETTER * 3)
    await shelf.group(keeper, again)
    second = await service.stage_files([again.id], who=ME)
    both = [*first.done, *second.done]
    result = await service.restore(both, who=ME)
    assert result.done == first.done
    assert "is in use again" in result.refused[0]
    assert (await service.restore(second.done, who=ME, rename=True)).refused == ()
    assert (shelf.root / "b/film (2).mkv").read_bytes() == WORSE + b"another cut"


async def test_two_files_whose_places_differ_in_case_only_do_not_both_go_back_at_once(
    conn: Connection, database: Database, tmp_path: Path
) -> None:
    """Where case means nothing both are one place, and the second would find it free too."""
    shelf = Shelf(conn, tmp_path / "library")
    both = []
    for number, name in enumerate(["b/Film.mkv", "B/film.mkv"]):
        keeper = await shelf.add(f"kept/{number}.mkv", BETTER + bytes([number]))
        loser = await shelf.add(name, WORSE + bytes([number]))
        service = shelf.stage(database)
        both += (await service.stage_group(await shelf.group(keeper, loser), keeper.id, who=ME)).done
    result = await service.restore(both, who=ME)
    assert list(result.done) == both[:1]
    assert "B/film.mkv is in use again" in result.refused[0]
    assert (await service.restore(both[1:], who=ME)).refused == ()


async def test_a_full_disk_leaves_a_purge_for_the_next_start_and_a_restore_done(
    conn: Connection, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The manifest cannot be written: what is back is back, what is deleted is told once it is all done."""
    shelf = Shelf(conn, tmp_path / "library")
    service, held = await approved(shelf, database)

    def full(*_: object, **__: object) -> None:
        raise SourceFull("no room for the manifest")

    with monkeypatch.context() as patch:
        patch.setattr(service._source, "rewrite_manifest", full)
        result = await service.purge(word="purge", who=ME)
        assert (result.done, held.exists()) == ((), False)
        assert "no room" in result.refused[0]
    assert len(await service.recover()) == 1
    assert await conn.fetchval("select state from pending_deletions") == "purged"
    shelf = Shelf(conn, tmp_path / "second")
    service, result = await staged(shelf, database)
    monkeypatch.setattr(service._source, "rewrite_manifest", full)
    assert (await service.undo(who=ME)).refused == ()
    assert (shelf.root / "b/film.mkv").read_bytes() == WORSE
