"""What an unlucky or hostile world may do to the acts: each was tried because it could lose a wanted file."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

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
