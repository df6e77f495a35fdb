"""Staging, restoring, purging and undoing on a real disk and a real database."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path

import pytest

from mediavault_tui.domain.library import StagedState
from mediavault_tui.domain.model import Health
from mediavault_tui.errors import Refused, UsageError
from mediavault_tui.store.database import Connection, Database
from tests.db.shelf import ME, Shelf

BETTER = b"the better film" * 9000
WORSE = b"the worse film" * 8000


@pytest.fixture
def shelf(conn: Connection, tmp_path: Path) -> Shelf:
    return Shelf(conn, tmp_path / "library")


async def two(shelf: Shelf):
    """A better and a worse film in one group, the worse with its sidecars."""
    keeper = await shelf.add("Heat (1995)/Heat.mkv", BETTER)
    loser = await shelf.add("downloads/heat.720p.mkv", WORSE)
    shelf.write("downloads/heat.720p.en.srt", b"1\nhello")
    shelf.write("downloads/heat.720p-poster.jpg", b"poster")
    shelf.write("downloads/other.srt", b"not mine")
    group = await shelf.group(keeper, loser)
    return keeper, loser, group


def staged_file(shelf: Shelf, name: str) -> Path:
    (found,) = (shelf.holding or shelf.root / "duplicates_before_purge").rglob(name)
    return found


async def test_a_staged_file_lies_in_the_dated_folder_with_its_sidecars(
    shelf: Shelf, database: Database
) -> None:
    keeper, loser, group = await two(shelf)
    before = shelf.contents()
    when = (shelf.root / "downloads/heat.720p.mkv").stat()
    result = await shelf.stage(database).stage_group(group, keeper.id, who=ME)
    assert result.refused == ()
    there = staged_file(shelf, "heat.720p.mkv")
    assert there.parent.parent.name == "movies"
    assert sorted(p.name for p in there.parent.iterdir()) == [
        "heat.720p-poster.jpg",
        "heat.720p.en.srt",
        "heat.720p.mkv",
        "manifest.json",
    ]
    assert (there.stat().st_mtime_ns, there.stat().st_mode) == (when.st_mtime_ns, when.st_mode)
    assert (shelf.root / "downloads/other.srt").exists()
    assert shelf.contents() == before
    assert await shelf.state(loser.id) == "staged"
    assert await shelf.conn.fetchval("select state from duplicate_groups") == "resolved"


async def test_the_manifest_alone_is_enough_to_restore_by_hand(shelf: Shelf, database: Database) -> None:
    keeper, loser, group = await two(shelf)
    await shelf.stage(database).stage_group(group, keeper.id, who=ME)
    folder = staged_file(shelf, "heat.720p.mkv").parent
    manifest = json.loads((folder / "manifest.json").read_text())
    (entry,) = manifest["files"]
    assert entry["keeper"] == keeper.path
    assert entry["staged_by"] == ME
    assert entry["reason"] == "the other has the better picture"
    assert entry["xxh3_128"] == loser.content_hash.hex()
    for file in (entry, *entry["sidecars"]):
        os.rename(folder / file["staged"], bytes.fromhex(file["original_hex"]))
    assert (shelf.root / "downloads/heat.720p.mkv").read_bytes() == WORSE
    assert (shelf.root / "downloads/heat.720p.en.srt").exists()


async def test_a_file_put_back_by_hand_is_recorded_as_restored(shelf: Shelf, database: Database) -> None:
    keeper, loser, group = await two(shelf)
    stage = shelf.stage(database)
    result = await stage.stage_group(group, keeper.id, who=ME)
    os.rename(staged_file(shelf, "heat.720p.mkv"), loser.raw_path)
    await stage.approve(result.done, who=ME)
    purged = await stage.purge(word="purge", who=ME)
    assert "put back by hand" in purged.refused[0]
    back = await stage.restore(result.done, who=ME)
    assert back.refused == ()
    assert await shelf.state(loser.id) == "present"
    assert (shelf.root / "downloads/heat.720p.en.srt").exists()


async def test_restore_puts_everything_back_and_opens_the_group_again(
    shelf: Shelf, database: Database
) -> None:
    keeper, loser, group = await two(shelf)
    names = shelf.names()
    stage = shelf.stage(database)
    result = await stage.stage_group(group, keeper.id, who=ME)
    back = await stage.restore(result.done, who=ME)
    assert back.refused == ()
    assert shelf.names() == names
    assert shelf.manifests() == {}
    assert await shelf.state(loser.id) == "present"
    assert (
        await shelf.conn.fetchval("select path_raw from media_files where id = $1", loser.id)
        == loser.raw_path
    )
    assert await shelf.conn.fetchval("select state from duplicate_groups") == "open"
    assert await stage.pending() == []


async def test_a_restored_files_folder_is_made_again(shelf: Shelf, database: Database) -> None:
    keeper, _loser, group = await two(shelf)
    stage = shelf.stage(database)
    result = await stage.stage_group(group, keeper.id, who=ME)
    (shelf.root / "downloads/other.srt").unlink()
    (shelf.root / "downloads").rmdir()
    await stage.restore(result.done, who=ME)
    assert (shelf.root / "downloads/heat.720p.mkv").read_bytes() == WORSE


async def test_a_taken_place_refuses_the_restore_unless_another_name_is_wanted(
    shelf: Shelf, database: Database
) -> None:
    keeper, _loser, group = await two(shelf)
    stage = shelf.stage(database)
    result = await stage.stage_group(group, keeper.id, who=ME)
    shelf.write("downloads/heat.720p.mkv", b"a new download")
    refused = await stage.restore(result.done, who=ME)
    assert "is in use again" in refused.refused[0]
    done = await stage.restore(result.done, who=ME, rename=True)
    assert done.refused == ()
    assert (shelf.root / "downloads/heat.720p.mkv").read_bytes() == b"a new download"
    assert (shelf.root / "downloads/heat.720p (2).mkv").read_bytes() == WORSE
    assert (shelf.root / "downloads/heat.720p (2).en.srt").exists()


async def test_a_row_of_the_restored_path_gives_way(shelf: Shelf, database: Database) -> None:
    keeper, loser, group = await two(shelf)
    stage = shelf.stage(database)
    result = await stage.stage_group(group, keeper.id, who=ME)
    newcomer = await shelf.add("downloads/heat.720p.mkv", b"a new download")
    (shelf.root / "downloads/heat.720p.mkv").unlink()
    assert (await stage.restore(result.done, who=ME)).refused == ()
    assert await shelf.state(newcomer.id) == "missing"
    assert await shelf.state(loser.id) == "present"


async def test_a_taken_name_gets_a_number(shelf: Shelf, database: Database) -> None:
    keeper = await shelf.add("Heat.mkv", BETTER)
    one = await shelf.add("a/film.mkv", b"one" * 9000)
    other = await shelf.add("b/film.mkv", b"other" * 9000)
    shelf.write("b/film.srt", b"subtitle")
    group = await shelf.group(keeper, one, other)
    result = await shelf.stage(database).stage_group(group, keeper.id, who=ME)
    assert len(result.done) == 2
    folder = staged_file(shelf, "film (2).mkv").parent
    assert {p.name for p in folder.iterdir()} == {"film.mkv", "film (2).mkv", "film (2).srt", "manifest.json"}


async def test_hostile_names_go_and_come_back(shelf: Shelf, database: Database) -> None:
    names = [
        b"[/red] \x1b[31m.mkv",
        b"line\nbreak.mkv",
        b"\xff\xfe invalid.mkv",
        "\u202egnp.mkv".encode(),
        b"x" * 251 + b".mkv",
    ]
    keeper = await shelf.add("Heat.mkv", BETTER)
    losers = [await shelf.add(name, b"loser %d" % n * 9000) for n, name in enumerate(names)]
    group = await shelf.group(keeper, *losers)
    stage = shelf.stage(database)
    before = shelf.names()
    result = await stage.stage_group(group, keeper.id, who=ME)
    assert (len(result.done), result.refused) == (len(names), ())
    assert (await stage.restore(result.done, who=ME)).refused == ()
    assert shelf.names() == before


async def test_purge_needs_the_word_and_an_approval(shelf: Shelf, database: Database) -> None:
    keeper, loser, group = await two(shelf)
    stage = shelf.stage(database)
    result = await stage.stage_group(group, keeper.id, who=ME)
    with pytest.raises(Refused, match='the word to type is "purge"'):
        await stage.purge(word="Purge", who=ME)
    assert (await stage.purge(word="purge", who=ME)).done == ()
    refused = await stage.purge(word="purge", who=ME, staged=result.done)
    assert "is not approved" in refused.refused[0]
    await stage.approve(result.done, who=ME)
    forecast = await stage.forecast()
    assert (forecast.files, forecast.bytes) == (1, len(WORSE))
    purged = await stage.purge(word="purge", who=ME)
    assert (len(purged.done), purged.freed, purged.refused) == (1, len(WORSE), ())
    assert await shelf.state(loser.id) == "purged"
    assert shelf.names() == {"Heat (1995)/Heat.mkv", "downloads/other.srt"}
    assert shelf.manifests() == {}
    with pytest.raises(Refused, match="cannot be brought back"):
        await stage.undo(who=ME)


async def test_purge_refuses_once_the_kept_copy_is_gone_or_changed(shelf: Shelf, database: Database) -> None:
    keeper, _loser, group = await two(shelf)
    stage = shelf.stage(database)
    result = await stage.stage_group(group, keeper.id, who=ME)
    await stage.approve(result.done, who=ME)
    kept = shelf.root / "Heat (1995)/Heat.mkv"
    kept.rename(kept.with_suffix(".away"))
    assert "the copy to keep is not safe" in (await stage.purge(word="purge", who=ME)).refused[0]
    kept.write_bytes(BETTER)
    assert "the copy to keep is not safe" in (await stage.purge(word="purge", who=ME)).refused[0]
    await shelf.conn.execute(
        "update media_files set inode = $2, modified_ns = $3, size_bytes = 1 where id = $1",
        keeper.id,
        kept.stat().st_ino,
        kept.stat().st_mtime_ns,
    )
    assert "kept instead, has changed since" in (await stage.purge(word="purge", who=ME)).refused[0]
    await shelf.conn.execute("update media_files set health = 'broken' where id = $1", keeper.id)
    assert "broken" in (await stage.purge(word="purge", who=ME)).refused[0]
    assert staged_file(shelf, "heat.720p.mkv").read_bytes() == WORSE


async def test_purge_refuses_a_staged_file_that_was_changed_or_lies_behind_a_link(
    shelf: Shelf, database: Database
) -> None:
    keeper, _loser, group = await two(shelf)
    stage = shelf.stage(database)
    result = await stage.stage_group(group, keeper.id, who=ME)
    await stage.approve(result.done, who=ME)
    there = staged_file(shelf, "heat.720p.mkv")
    day = there.parent
    away = day.rename(day.with_name("away"))
    day.symlink_to(away)
    assert "symbolic link" in (await stage.purge(word="purge", who=ME)).refused[0]
    day.unlink()
    away.rename(day)
    os.utime(there, (1, 1))
    assert "has changed since" in (await stage.purge(word="purge", who=ME)).refused[0]
    assert there.exists()


async def test_a_hard_link_elsewhere_means_that_nothing_is_freed(shelf: Shelf, database: Database) -> None:
    keeper = await shelf.add("Heat.mkv", BETTER)
    path = shelf.write("film.mkv", WORSE)
    os.link(path, shelf.root / "second name.bin")
    loser = await shelf.enter(path)
    group = await shelf.group(keeper, loser)
    stage = shelf.stage(database)
    result = await stage.stage_group(group, keeper.id, who=ME)
    (row,) = await stage.pending()
    assert row.freed == 0
    await stage.approve(result.done, who=ME)
    assert (await stage.forecast()).bytes == 0
    assert (await stage.purge(word="purge", who=ME)).freed == 0


async def test_what_is_staged_is_found_by_words_and_by_their_absence(
    shelf: Shelf, database: Database
) -> None:
    keeper, loser, group = await two(shelf)
    stage = shelf.stage(database)
    (id,) = (await stage.stage_group(group, keeper.id, who=ME)).done
    word = loser.path.rpartition("/")[2][:-4]
    assert [row.id for row in await stage.pending(text=word)] == [id]
    assert await stage.pending(text=word, inverse=True) == []
    assert await stage.pending(text=f"{word} nowhere") == []
    assert [row.id for row in await stage.pending(text=f"{word} nowhere", inverse=True)] == [id]
    assert [row.id for row in await stage.pending(inverse=True)] == [id]


async def test_undo_walks_back_one_act_at_a_time(shelf: Shelf, database: Database) -> None:
    keeper, loser, group = await two(shelf)
    stage = shelf.stage(database)
    result = await stage.stage_group(group, keeper.id, who=ME)
    await stage.approve(result.done, who=ME)
    await stage.undo(who=ME)
    assert [row.state for row in await stage.pending()] == [StagedState.STAGED]
    await stage.undo(who=ME)
    assert await shelf.state(loser.id) == "present"
    with pytest.raises(Refused, match="nothing to undo"):
        await stage.undo(who=ME)


async def test_undo_of_a_restore_stages_again(shelf: Shelf, database: Database) -> None:
    keeper, loser, group = await two(shelf)
    stage = shelf.stage(database)
    result = await stage.stage_group(group, keeper.id, who=ME)
    await stage.restore(result.done, who=ME)
    again = await stage.undo(who=ME)
    assert again.refused == ()
    assert await shelf.state(loser.id) == "staged"
    assert staged_file(shelf, "heat.720p.en.srt").exists()
    await stage.undo(who=ME)
    assert await shelf.state(loser.id) == "present"


async def test_one_persons_undo_leaves_anothers_act_alone(shelf: Shelf, database: Database) -> None:
    keeper, loser, group = await two(shelf)
    stage = shelf.stage(database)
    await stage.stage_group(group, keeper.id, who=ME)
    with pytest.raises(Refused, match="nothing to undo"):
        await stage.undo(who="ash")
    assert await shelf.state(loser.id) == "staged"


async def test_the_sidecar_of_two_containers_stays_with_the_survivor(
    shelf: Shelf, database: Database
) -> None:
    keeper = await shelf.add("Film.mp4", BETTER)
    loser = await shelf.add("Film.mkv", WORSE)
    shelf.write("Film.srt", b"shared")
    group = await shelf.group(keeper, loser)
    await shelf.stage(database).stage_group(group, keeper.id, who=ME)
    assert (shelf.root / "Film.srt").exists()
    assert not (shelf.root / "Film.mkv").exists()


async def test_a_rehearsal_says_what_would_move_and_moves_nothing(shelf: Shelf, database: Database) -> None:
    _keeper, _loser, group = await two(shelf)
    before = shelf.names()
    (answer,) = await shelf.stage(database).rehearse([group], who=ME)
    assert [os.path.basename(to) for _, to in answer.moves] == [
        b"heat.720p.mkv",
        b"heat.720p-poster.jpg",
        b"heat.720p.en.srt",
    ]
    assert shelf.names() == before
    assert not (shelf.root / "duplicates_before_purge").exists()
    assert await shelf.conn.fetchval("select count(*) from archive_operations") == 0


async def test_read_only_refuses_every_act(shelf: Shelf, database: Database) -> None:
    keeper, _loser, group = await two(shelf)
    stage = shelf.stage(database, read_only=True)
    for act in (
        stage.stage_group(group, keeper.id, who=ME),
        stage.restore([], who=ME),
        stage.approve([], who=ME),
        stage.purge(word="purge", who=ME),
        stage.undo(who=ME),
    ):
        with pytest.raises(Refused, match="MEDIAVAULT_READ_ONLY"):
            await act


async def test_unknown_numbers_are_a_wrong_question(shelf: Shelf, database: Database) -> None:
    keeper, _loser, _group = await two(shelf)
    stage = shelf.stage(database)
    with pytest.raises(UsageError, match="no group 4711"):
        await stage.stage_group(4711, keeper.id, who=ME)
    assert "nothing was staged under number 9" in (await stage.restore([9], who=ME)).refused[0]


async def test_a_staged_file_is_announced_to_other_programs(shelf: Shelf, database: Database) -> None:
    keeper, _loser, group = await two(shelf)
    heard: asyncio.Queue[str] = asyncio.Queue()
    async with database.listen("mediavault", heard.put_nowait):
        result = await shelf.stage(database).stage_group(group, keeper.id, who=ME)
        assert await asyncio.wait_for(heard.get(), 10) == f"staged:{result.done[0]}"


async def test_a_broken_manifest_is_set_aside_not_overwritten(shelf: Shelf, database: Database) -> None:
    keeper = await shelf.add("Heat.mkv", BETTER)
    losers = [await shelf.add(f"{n}.mkv", b"loser %d" % n * 9000) for n in range(2)]
    await shelf.group(keeper, *losers)
    stage = shelf.stage(database)
    await stage.stage_files([losers[0].id], who=ME)
    folder = staged_file(shelf, "0.mkv").parent
    (folder / "manifest.json").write_text("{ half a manif")
    assert (await stage.stage_files([losers[1].id], who=ME)).refused == ()
    assert (folder / "manifest.damaged-1.json").read_text() == "{ half a manif"
    (entry,) = json.loads((folder / "manifest.json").read_text())["files"]
    assert entry["staged"] == "1.mkv"


async def test_a_broken_file_may_go_but_never_be_what_is_kept(shelf: Shelf, database: Database) -> None:
    good = await shelf.add("good.mkv", BETTER)
    broken = await shelf.add("broken.mkv", WORSE, health=Health.BROKEN)
    group = await shelf.group(good, broken)
    stage = shelf.stage(database)
    refused = await stage.stage_group(group, broken.id, who=ME)
    assert "last healthy" in refused.refused[0]
    assert (await stage.stage_group(group, good.id, who=ME)).refused == ()
