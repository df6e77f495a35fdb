"""The commands that move files, as a person or a script runs them."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from mediavault_tui.domain.measures import size
from mediavault_tui.store.database import Connection
from tests import warm
from tests.db.shelf import Shelf

ROOT = Path(__file__).parents[2]
BETTER, WORSE = b"the better film" * 9000, b"the worse film" * 8000


class Commands:
    """Runs `mediavault` as a real process on one library."""

    def __init__(self, url: str) -> None:
        self._env = {**os.environ, "PYTHONPATH": str(ROOT), "DATABASE_URL": url}

    def run(self, *words: object, typed: str = "", **env: str) -> subprocess.CompletedProcess[str]:
        return warm.mediavault(words, self._env | env, typed=typed)


@pytest.fixture
def mediavault(database_url: str) -> Commands:
    return Commands(database_url)


@pytest.fixture
async def shelf(conn: Connection, tmp_path: Path) -> Shelf:
    shelf = Shelf(conn, tmp_path / "library")
    keeper = await shelf.add("keeper.mkv", BETTER)
    shelf.loser = await shelf.add("\x1b[31m [x265].mkv", WORSE)
    shelf.number = await shelf.group(keeper, shelf.loser)
    return shelf


async def test_a_file_goes_comes_back_and_goes_for_good(shelf: Shelf, mediavault: Commands) -> None:
    rehearsed = mediavault.run("stage", shelf.number, "--dry-run")
    assert rehearsed.returncode == 0, rehearsed.stderr
    assert "duplicates_before_purge/movies/" in rehearsed.stdout
    assert "\x1b" not in rehearsed.stdout
    told = json.loads(mediavault.run("stage", shelf.number, "--dry-run", "--json").stdout)
    assert [(answer["verdict"], answer["losses"]) for answer in told] == [("clear", [])]
    assert f"    clear: {told[0]['reason']}\n" in rehearsed.stdout
    other = mediavault.run("stage", shelf.number, "--dry-run", "--keep", shelf.root / "\x1b[31m [x265].mkv")
    assert "another copy is kept than recommended" in other.stdout
    assert not (shelf.root / "duplicates_before_purge").exists()

    staged = json.loads(mediavault.run("stage", "--verdict", "certain,clear", "--json").stdout)
    assert (len(staged["done"]), staged["refused"]) == (1, [])
    listed = json.loads(mediavault.run("pending", "--json").stdout)
    assert [row["original"] for row in listed["staged"]] == [shelf.loser.path]
    assert "\x1b" not in mediavault.run("pending").stdout

    assert mediavault.run("undo").stdout == "1 put back as before\n"
    assert (shelf.root / "\x1b[31m [x265].mkv").read_bytes() == WORSE
    assert mediavault.run("stage", shelf.number, "--keep", shelf.root / "keeper.mkv").returncode == 0
    assert mediavault.run("restore", "--all").stdout == "1 restored\n"
    assert mediavault.run("stage", shelf.number).returncode == 0
    assert mediavault.run("pending", "--approve", "--all").returncode == 0

    unsure = mediavault.run("purge", typed="yes\n", PENDING_DELETION_RETENTION_DAYS="0")
    assert (unsure.returncode, "nothing was purged" in unsure.stderr) == (1, True)
    purged = mediavault.run("purge", typed="purge\n", PENDING_DELETION_RETENTION_DAYS="0")
    assert purged.stdout == f"1 purged, {size(len(WORSE))} freed\n", purged.stderr
    gone = mediavault.run("undo")
    assert (gone.returncode, "cannot be brought back" in gone.stderr) == (1, True)


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["stage"], 2, "say which groups to stage"),
        (["stage", "x"], 2, "'x' is no number of a group; `mediavault duplicates` lists them"),
        (["stage", "4711"], 2, "there is no group 4711"),
        (["stage", "--verdict", "review"], 2, "may not be staged in a batch"),
        (["stage", "1", "2", "--keep", "3"], 2, "give one group with it"),
        (["restore"], 2, "say which"),
        (["restore", "99"], 1, "nothing was staged under number 99"),
        (["pending", "--approve"], 2, "say which"),
        (["purge", "--word", "PURGE"], 1, "nothing was purged"),
        (["undo"], 1, "there is nothing to undo"),
    ],
)
def test_a_wrong_question_gets_one_clear_sentence(
    mediavault: Commands, words: list[str], code: int, sentence: str
) -> None:
    ran = mediavault.run(*words)
    assert ran.returncode == code, ran.stderr
    assert sentence in ran.stderr
    assert len(ran.stderr.strip().splitlines()) == 1


async def test_of_several_groups_those_to_be_reviewed_stay_and_are_named(
    shelf: Shelf, mediavault: Commands
) -> None:
    kept, doubtful = await shelf.add("a.mkv", BETTER + b"a"), await shelf.add("b.mkv", WORSE + b"b")
    review = await shelf.group(kept, doubtful, verdict="review")
    sentence = f"group {review} (Heat) is left out of the batch: its verdict is review; decide it by itself"
    for more in (("--dry-run",), ()):
        ran = mediavault.run("stage", shelf.number, review, *more)
        assert (ran.returncode, sentence in ran.stderr) == (1, True), ran.stderr
        assert (shelf.root / "b.mkv").exists()
    assert ran.stdout == "1 staged; nothing is deleted\n"
    alone = mediavault.run("stage", review)
    assert (alone.returncode, alone.stdout) == (0, "1 staged; nothing is deleted\n")


async def test_read_only_moves_nothing(shelf: Shelf, mediavault: Commands) -> None:
    for words in (
        ["stage", shelf.number],
        ["decide", shelf.number, "--both"],
        ["rename"],
        ["undo"],
        ["metadata", "match", shelf.loser.id, "movie/949"],
        ["pending", "--approve", "--all"],
    ):
        ran = mediavault.run(*words, MEDIAVAULT_READ_ONLY="yes")
        said = "mediavault: Read-only, by --read-only or MEDIAVAULT_READ_ONLY: nothing is changed\n"
        assert (ran.returncode, ran.stderr) == (1, said), words
    assert (shelf.root / "keeper.mkv").exists()
    assert mediavault.run("pending", MEDIAVAULT_READ_ONLY="yes").returncode == 0


async def test_a_path_names_the_file_that_has_it_and_no_other_that_reads_alike(
    conn: Connection, tmp_path: Path, mediavault: Commands
) -> None:
    shelf = Shelf(conn, tmp_path / "library")
    plain, odd = await shelf.add(r"Heat \xff.mkv", BETTER), await shelf.add(b"Heat \xff.mkv", WORSE)
    assert plain.path == odd.path, "people read the same of both"
    group = await shelf.group(plain, odd)
    ran = mediavault.run("stage", group, "--dry-run", "--json", "--keep", shelf.root / r"Heat \xff.mkv")
    assert ran.returncode == 0, ran.stderr
    assert [answer["keeper"] for answer in json.loads(ran.stdout)] == [plain.id]
