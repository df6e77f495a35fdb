"""What people do to held files with a file manager: what they rescued is not called deleted."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from mediavault_tui.services.staging.stage import Stage
from mediavault_tui.store.database import Connection, Database
from tests.db.scans import scan
from tests.db.shelf import ME, Shelf
from tests.db.test_stage_machine import Crash

BETTER, WORSE = b"the better film" * 900, b"the worse film" * 800


@pytest.fixture
def shelf(conn: Connection, tmp_path: Path) -> Shelf:
    return Shelf(conn, tmp_path / "library")


async def approved(shelf: Shelf, database: Database, *, links: int = 1) -> tuple[Stage, list[int], Path]:
    """The service, what is approved for purging, and the held film, whose subtitles lie beside it."""
    keeper = await shelf.add("kept/film.mkv", BETTER)
    path = shelf.write("old/film.mkv", WORSE)
    os.utime(path, ns=(10**18, 10**18))
    for number in range(1, links):
        (shelf.root / "linked").mkdir()
        os.link(path, shelf.root / f"linked/{number}.mkv")
    loser = await shelf.enter(path)
    shelf.write("old/film.en.srt", b"subtitles")
    service = shelf.stage(database)
    ids = list((await service.stage_group(await shelf.group(keeper, loser), keeper.id, who=ME)).done)
    assert (await service.approve(ids, who=ME)).refused == ()
    (film,) = (shelf.holding or shelf.root / "duplicates_before_purge").rglob("film.mkv")
    return service, ids, film


def copy_back(film: Path, shelf: Shelf) -> Path:
    """Bring a held film back as `cp` does, which keeps no times, and remove it from the holding folder."""
    there = shelf.root / "old/film.mkv"
    shutil.copyfile(film, there)
    assert there.stat().st_mtime_ns != film.stat().st_mtime_ns
    film.unlink()
    return there


async def test_a_film_that_was_copied_back_without_its_time_is_not_called_deleted(
    shelf: Shelf, conn: Connection, database: Database
) -> None:
    service, ids, film = await approved(shelf, database)
    there = copy_back(film, shelf)
    purged = await service.purge(word="purge", who=ME)
    assert purged.done == ()
    assert "put back by hand" in purged.refused[0]
    assert film.with_name("film.en.srt").read_bytes() == b"subtitles"
    back = await service.restore(ids, who=ME)
    assert (list(back.done), back.refused) == (ids, ())
    assert there.read_bytes() == WORSE
    assert (shelf.root / "old/film.en.srt").read_bytes() == b"subtitles"
    assert await conn.fetchval("select state from pending_deletions") == "restored"
    assert shelf.manifests() == {}
    assert await service.recover() == []


async def test_a_film_that_was_copied_back_is_not_called_deleted_by_the_next_start(
    shelf: Shelf, conn: Connection, database: Database
) -> None:
    service, _ids, film = await approved(shelf, database)

    def die(name: str) -> None:
        if name == "last look":
            raise Crash

    with pytest.raises(Crash):
        await shelf.stage(database, step=die).purge(word="purge", who=ME)
    copy_back(film, shelf)
    (sentence,) = await service.recover()
    assert "put back by hand" in sentence
    assert film.with_name("film.en.srt").exists()
    assert await conn.fetchval("select state from pending_deletions") == "approved"


async def test_a_film_that_a_scan_found_elsewhere_is_not_called_deleted(
    shelf: Shelf, conn: Connection, database: Database
) -> None:
    service, ids, film = await approved(shelf, database)
    rescued = shelf.root / "mine/film.mkv"
    rescued.parent.mkdir()
    film.rename(rescued)
    await scan(database, shelf.root)
    purged = await service.purge(word="purge", who=ME)
    assert purged.done == ()
    assert str(rescued) in purged.refused[0]
    assert film.with_name("film.en.srt").exists()
    refused = await service.restore(ids, who=ME)
    assert str(rescued) in refused.refused[0]
    rescued.rename(shelf.root / "old/film.mkv")
    assert (await service.restore(ids, who=ME)).refused == ()
    assert (shelf.root / "old/film.en.srt").exists()


@pytest.mark.parametrize("links", [1, 2])
async def test_of_a_film_that_was_taken_away_the_subtitles_stay_and_a_sentence_says_where(
    shelf: Shelf, conn: Connection, database: Database, tmp_path: Path, links: int
) -> None:
    """It may lie on any disk by now; a second name that it always had is no sign that it was rescued."""
    service, ids, film = await approved(shelf, database, links=links)
    if links > 1:
        await conn.execute(
            "update media_files set aliases = $1 where state = 'staged'",
            [os.fsencode(shelf.root / "linked/1.mkv")],
        )
    film.rename(tmp_path / "on another disk.mkv")
    purged = await service.purge(word="purge", who=ME)
    assert list(purged.done) == ids
    (sentence,) = purged.refused
    assert str(film.with_name("film.en.srt")) in sentence
    assert film.with_name("film.en.srt").read_bytes() == b"subtitles"
    assert await conn.fetchval("select state from pending_deletions") == "purged"
    (listed,) = shelf.manifests().values()
    assert [entry["staged"] for entry in listed] == ["film.mkv"], "it says where the subtitles belong"
    assert await service.recover() == []


@pytest.mark.parametrize("at", ["purges begun", "last look"])
async def test_a_film_that_is_taken_away_at_the_last_moment_keeps_its_subtitles(
    shelf: Shelf, conn: Connection, database: Database, tmp_path: Path, at: str
) -> None:
    _, ids, film = await approved(shelf, database)

    def meddle(name: str) -> None:
        if name == at and film.exists():
            film.rename(tmp_path / "on another disk.mkv")

    service = shelf.stage(database, step=meddle)
    purged = await service.purge(word="purge", who=ME)
    assert list(purged.done) == ids
    assert film.with_name("film.en.srt").exists()
    assert str(film.with_name("film.en.srt")) in purged.refused[0]
