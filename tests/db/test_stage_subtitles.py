"""Subtitles beside a file go with it: nobody's only ones go where nobody has compared the two copies."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from mediavault_tui.domain.model import FileId, GroupId
from mediavault_tui.domain.verdict import Loss
from mediavault_tui.store.database import Connection, Database
from tests.db.shelf import ME, Shelf
from tests.db.test_stage_commands import Commands

BETTER, WORSE = b"the better film" * 900, b"the worse film" * 800
GERMAN = Loss("subtitle language", "de")


@pytest.fixture
def shelf(conn: Connection, tmp_path: Path) -> Shelf:
    return Shelf(conn, tmp_path / "library")


async def two(
    shelf: Shelf, *beside: str, inside: Sequence[str] = (), exact: bool = False
) -> tuple[FileId, FileId, GroupId]:
    """A kept film with subtitles inside, a worse one, what lies beside both, and their group."""
    keeper = await shelf.add("kept/film.mkv", BETTER, subtitles=inside)
    loser = await shelf.add("old/film.mkv", BETTER if exact else WORSE, subtitles=())
    for name in beside:
        shelf.write(name, b"subtitles of " + name.encode())
    proof, verdict = ("exact", "certain") if exact else ("same_title", "clear")
    return keeper.id, loser.id, await shelf.group(keeper, loser, proof=proof, verdict=verdict)


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("by", ["groups", "files"])
async def test_a_batch_leaves_a_file_whose_subtitles_the_kept_one_has_not(
    shelf: Shelf, database: Database, by: str, exact: bool
) -> None:
    _, loser, group = await two(shelf, "old/film.de.srt", "old/film.en.srt", inside=["en"], exact=exact)
    names = shelf.names()
    stage = shelf.stage(database)
    act = stage.stage_groups([group], who=ME) if by == "groups" else stage.stage_files([loser], who=ME)
    result = await act
    assert result.done == ()
    (sentence,) = result.refused
    assert str(shelf.root / "old/film.mkv") in sentence
    assert "(subtitle language: de)" in sentence
    assert shelf.names() == names
    assert shelf.manifests() == {}


@pytest.mark.parametrize(
    ("beside", "inside"),
    [
        (["old/film.de.srt"], ["de"]),
        (["old/film.de.srt", "kept/film.ger.sup"], []),
        (["old/film.srt"], ["en"]),
        (["old/film.idx", "old/film.sub", "kept/film.srt"], []),
        (["old/film-poster.jpg", "old/film.nfo"], []),
        (["old/other.de.srt"], []),
    ],
)
async def test_a_batch_takes_a_file_whose_subtitles_the_kept_one_has_too(
    shelf: Shelf, database: Database, beside: list[str], inside: list[str]
) -> None:
    _, _, group = await two(shelf, *beside, inside=inside)
    assert (await shelf.stage(database).stage_groups([group], who=ME)).refused == ()


async def test_a_kept_copy_in_the_same_folder_has_what_lies_beside_it(
    shelf: Shelf, database: Database
) -> None:
    keeper = await shelf.add("Heat 2160p.mkv", BETTER, subtitles=())
    loser = await shelf.add("Heat 720p.mkv", WORSE, subtitles=())
    group = await shelf.group(keeper, loser)
    shelf.write("Heat 720p.de.srt", b"German")
    stage = shelf.stage(database)
    assert "(subtitle language: de)" in (await stage.stage_groups([group], who=ME)).refused[0]
    shelf.write("Heat 2160p.de.srt", b"German too")
    assert (await stage.stage_groups([group], who=ME)).refused == ()


async def test_whoever_compared_the_two_is_told_and_may(shelf: Shelf, database: Database) -> None:
    keeper, loser, group = await two(shelf, "old/film.de.srt", inside=["en"])
    stage = shelf.stage(database)
    assert await stage.lost_beside(group, keeper) == {loser: (GERMAN,)}
    result = await stage.stage_group(group, keeper, who=ME)
    assert result.refused == ()
    assert await stage.lost_beside(group, keeper) == {}
    await stage.undo(who=ME)
    assert (shelf.root / "old/film.de.srt").exists()


async def test_an_act_that_was_taken_back_by_mistake_is_done_again(shelf: Shelf, database: Database) -> None:
    keeper, _, group = await two(shelf, "old/film.de.srt")
    stage = shelf.stage(database)
    staged = await stage.stage_group(group, keeper, who=ME)
    await stage.restore(staged.done, who=ME)
    assert (await stage.undo(who=ME)).refused == ()


async def test_a_rehearsal_shows_the_subtitles_that_would_go(
    shelf: Shelf, database: Database, database_url: str
) -> None:
    keeper, _, group = await two(shelf, "old/film.de.srt")
    (refused,) = await shelf.stage(database).rehearse([group], who=ME)
    assert "(subtitle language: de)" in refused.refused
    (shown,) = await shelf.stage(database).rehearse([group], keeper=keeper, who=ME)
    assert (shown.refused, shown.losses) == ("", (GERMAN,))
    out = Commands(database_url).run("stage", group, "--keep", keeper, "--dry-run", "--json").stdout
    assert json.loads(out)[0]["losses"] == [{"what": "subtitle language", "value": "de"}]
