"""Media servers are kept out of a holding folder, which may lie in their library; what people have stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from mediavault_tui.store.database import Connection, Database
from tests.db.shelf import ME, Shelf

BETTER, WORSE = b"the better film" * 900, b"the worse film" * 800


@pytest.fixture(params=["in the library", "elsewhere", "elsewhere, made by a person"])
def shelf(request: pytest.FixtureRequest, conn: Connection, tmp_path: Path) -> Shelf:
    if "elsewhere" not in request.param:
        return Shelf(conn, tmp_path / "library")
    held = tmp_path / "held"
    if "person" in request.param:
        held.mkdir()
    return Shelf(conn, tmp_path / "library", held)


def top(shelf: Shelf) -> Path:
    return shelf.holding or shelf.root / "duplicates_before_purge"


async def stage(shelf: Shelf, database: Database, number: int = 0) -> None:
    keeper = await shelf.add(f"kept/{number}.mkv", BETTER + bytes([number]))
    loser = await shelf.add(f"old/{number}.mkv", WORSE + bytes([number]))
    result = await shelf.stage(database).stage_group(await shelf.group(keeper, loser), keeper.id, who=ME)
    assert (len(result.done), result.refused) == (1, ())


async def test_a_new_holding_folder_says_to_media_servers_that_they_stay_out(
    shelf: Shelf, database: Database
) -> None:
    await stage(shelf, database)
    assert (top(shelf) / ".plexignore").read_bytes() == b"*\n"
    assert (top(shelf) / ".ignore").read_bytes() == b""
    for name in (".plexignore", ".ignore"):
        assert (top(shelf) / name).stat().st_mode & 0o444 == 0o444, "a server runs as somebody else"


async def test_it_says_so_once(shelf: Shelf, database: Database) -> None:
    await stage(shelf, database)
    for name in (".plexignore", ".ignore"):
        (top(shelf) / name).unlink()
    await stage(shelf, database, 1)
    assert sorted(path.name for path in top(shelf).iterdir()) == ["movies"]


async def test_what_a_person_has_there_stays_and_holds_nothing_up(shelf: Shelf, database: Database) -> None:
    top(shelf).mkdir(exist_ok=True)
    (top(shelf) / ".plexignore").write_bytes(b"*.srt\n")
    (top(shelf) / ".ignore").symlink_to("nowhere")
    await stage(shelf, database)
    assert (top(shelf) / ".plexignore").read_bytes() == b"*.srt\n"
    assert not (top(shelf) / "nowhere").exists()


async def test_where_it_cannot_be_said_files_are_staged_all_the_same(
    shelf: Shelf, database: Database
) -> None:
    for name in (".plexignore", ".ignore"):
        (top(shelf) / name).mkdir(parents=True)
    await stage(shelf, database)


async def test_a_rehearsal_makes_nothing(shelf: Shelf, database: Database) -> None:
    keeper = await shelf.add("kept/film.mkv", BETTER)
    loser = await shelf.add("old/film.mkv", WORSE)
    before = top(shelf).exists()
    await shelf.stage(database).rehearse([await shelf.group(keeper, loser)], who=ME)
    assert top(shelf).exists() == before
    assert not before or list(top(shelf).iterdir()) == []
