"""Kill the program between every two steps of every act; then start again: nothing is lost.

The steps are not listed here: a first run records them, and each of them is then the last
one that a child process sees before `os._exit`. A new step is covered by being there.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
import staging_child

from mediavault_tui.domain.model import StagedId
from mediavault_tui.services.staging.stage import Stage
from mediavault_tui.store.database import Connection, Database
from tests.db.shelf import Shelf
from tests.warm import warm_up

pytestmark = pytest.mark.slow

KEPT = b"the kept film" * 5000
LOSER = b"the other film" * 5000
OTHER = b"a third film" * 5000
SIDECARS = {"film.en.srt": b"subtitles"}

_processes = multiprocessing.get_context("forkserver")


@pytest.fixture(scope="module", autouse=True)
def warm_children() -> None:
    """Start the server that children are forked from with everything imported."""
    warm_up()


class Stand:
    """One library whose acts are killed and repeated."""

    def __init__(self, conn: Connection, database: Database, tmp_path: Path, holding: Path | None) -> None:
        self.conn = conn
        self.database = database
        self.url = database.url
        self.shelf = Shelf(conn, tmp_path / "library", holding)
        self._answer = tmp_path / "answer"

    async def set_up(self) -> None:
        self.keeper = await self.shelf.add("kept/Film.mkv", KEPT)
        self.losers = [
            await self.shelf.add("films/film.mkv", LOSER),
            await self.shelf.add("more/film.mkv", OTHER),
        ]
        for name, content in SIDECARS.items():
            self.shelf.write(f"films/{name}", content)
        self.group = await self.shelf.group(self.keeper, *self.losers)
        self.all = self.shelf.contents()

    def run(self, *words: object, last: int = 0) -> list[str] | None:
        """Run an act in a child; its answer, or None if it was killed."""
        self._answer.unlink(missing_ok=True)
        holding = str(self.shelf.holding) if self.shelf.holding else None
        process = _processes.Process(
            target=staging_child.child,
            args=(self.url, holding, [str(word) for word in words], last, str(self._answer)),
        )
        process.start()
        process.join(120)
        assert process.exitcode in (0, staging_child.KILLED), (words, last, process.exitcode)
        return self._answer.read_text().splitlines() if process.exitcode == 0 else None

    def recover(self, last: int = 0) -> list[str] | None:
        answer = self.run("recover", last=last)
        return None if answer is None else [line for line in answer if not line.startswith("step ")]

    def here(self) -> Stage:
        """The service in this very process, for what is not under test."""
        return self.shelf.stage(self.database)

    async def staged(self) -> list[StagedId]:
        """The numbers of the files that are staged now."""
        rows = await self.conn.fetch(
            "select id from pending_deletions where state in ('staged', 'approved') order by id"
        )
        return [StagedId(row["id"]) for row in rows]

    async def to(self, state: str) -> None:
        """Bring the library to a state by whole acts."""
        staged = await self.staged()
        if state == "present" and staged:
            assert not (await self.here().restore(staged, who="x")).refused
        if state in ("staged", "approved") and len(staged) < len(self.losers):
            assert not (await self.here().stage_group(self.group, self.keeper.id, who="x")).refused
        if state == "approved":
            await self.conn.execute(
                "update pending_deletions set state = 'approved', approved_by = 'x', approved_at = now(),"
                " approval = gen_random_uuid() where state = 'staged'"
            )

    async def tell_the_truth(self, when: str) -> str:
        """Compare disk, journal, inventory and manifest; the state that they agree on, or "some" of each."""
        assert (
            await self.conn.fetchval(
                "select count(*) from archive_operations where state in ('intended', 'moved')"
            )
            == 0
        ), when
        expected = Counter([hashlib.sha256(KEPT).hexdigest()])
        listed: dict[Path, set[str]] = {}
        states = set()
        for loser, content in zip(self.losers, (LOSER, OTHER), strict=True):
            beside = SIDECARS if content is LOSER else {}
            row = await self.conn.fetchrow("select state, path_raw from media_files where id = $1", loser.id)
            last = await self.conn.fetchrow(
                "select kind, state from archive_operations where file_id = $1 order by id desc limit 1",
                loser.id,
            )
            act = (last["kind"], last["state"])
            states.add(row["state"])
            if row["state"] == "purged":
                assert act == ("purge", "done"), when
                continue
            expected.update(hashlib.sha256(each).hexdigest() for each in (content, *beside.values()))
            video = Path(os.fsdecode(row["path_raw"]))
            assert content_of(video) == content, when
            for name in beside:
                assert video.with_name(video.stem + name.removeprefix("film")).exists(), when
            if row["state"] == "present":
                assert row["path_raw"] == loser.raw_path, when
                assert act != ("stage", "done"), when
            else:
                assert row["state"] == "staged", when
                assert act != ("restore", "done"), when
                listed.setdefault(video.parent, set()).add(video.name)
        assert self.shelf.contents() == expected, when
        found = self.shelf.manifests().items()
        assert {folder: {entry["staged"] for entry in entries} for folder, entries in found} == listed, when
        assert len(await self.staged()) == sum(map(len, listed.values())), when
        return states.pop() if len(states) == 1 else "some"


def content_of(path: Path) -> bytes:
    return path.read_bytes()


def errors(answer: list[str] | None) -> list[str]:
    assert answer is not None
    return [line for line in answer if not line.startswith("step ")]


@pytest.fixture
async def here(conn: Connection, database: Database, tmp_path: Path) -> Stand:
    stand = Stand(conn, database, tmp_path, None)
    await stand.set_up()
    return stand


@pytest.fixture
async def between(conn: Connection, database: Database, tmp_path: Path, other_volume: Path) -> Stand:
    stand = Stand(conn, database, tmp_path, other_volume / "held")
    await stand.set_up()
    return stand


async def kill_everywhere(stand: Stand, verb: str, before: str, after: str) -> list[str]:
    """Kill `verb` after each of its steps, recover, check; the names of the steps."""

    async def words() -> Sequence[object]:
        if verb == "stage":
            return (verb, stand.group, stand.keeper.id)
        return (verb,) if verb == "purge" else (verb, *await stand.staged())

    await stand.to(before)
    seen: list[str] = []
    last = 1
    while True:
        await stand.to(before)
        answer = stand.run(*await words(), last=last)
        if answer is not None:
            assert not errors(answer)
            assert await stand.tell_the_truth("unharmed") == after
            return [line.removeprefix("step ") for line in answer]
        everything = stand.shelf.contents()
        assert verb == "purge" or not stand.all - everything, f"{verb} killed at step {last} lost a file"
        sentences = stand.recover()
        assert sentences is not None
        state = await stand.tell_the_truth(f"{verb} killed at step {last}")
        assert await stand.here().recover() == [], "the second recovery had something to do"
        seen.append(state)
        if verb == "purge" and state != "staged":
            assert not (await stand.here().purge(word="purge", who="x")).refused
            await bring_back_the_purged(stand)
        last += 1


async def bring_back_the_purged(stand: Stand) -> None:
    """A purge is final, so a new library takes the place of the purged one."""
    shutil.rmtree(stand.shelf.root)
    if stand.shelf.holding:
        shutil.rmtree(stand.shelf.holding)
    await stand.conn.execute("update media_files set path_raw = '\\x00' || convert_to(id::text, 'UTF8')")
    await stand.set_up()


@pytest.mark.parametrize(
    ("verb", "before", "after"),
    [
        ("stage", "present", "staged"),
        ("restore", "staged", "present"),
        ("purge", "approved", "purged"),
    ],
)
async def test_killed_between_any_two_steps_on_one_volume(
    here: Stand, verb: str, before: str, after: str
) -> None:
    steps = await kill_everywhere(here, verb, before, after)
    assert len(steps) >= 8
    assert steps.count("intents committed") == 1, "both files are one lot"


@pytest.mark.parametrize(
    ("verb", "before", "after"),
    [
        ("stage", "present", "staged"),
        ("restore", "staged", "present"),
        ("purge", "approved", "purged"),
    ],
)
async def test_killed_between_any_two_steps_between_volumes(
    between: Stand, verb: str, before: str, after: str
) -> None:
    steps = await kill_everywhere(between, verb, before, after)
    assert verb == "purge" or "copy journalled" in steps


@pytest.mark.parametrize("at", [3, 6, 9])
async def test_a_recovery_that_is_killed_itself_is_recovered(between: Stand, at: int) -> None:
    for recovery_last in (1, 2, 3):
        await between.to("present")
        assert between.run("stage", between.group, between.keeper.id, last=at) is None
        between.recover(last=recovery_last)
        between.recover()
        await between.tell_the_truth(f"stage killed at {at}, recovery at {recovery_last}")
        assert await between.here().recover() == []


@pytest.mark.parametrize("verb", ["stage", "restore"])
async def test_killed_in_the_middle_of_a_copy_leaves_no_part_of_it_and_the_act_can_be_repeated(
    conn: Connection, database: Database, tmp_path: Path, other_volume: Path, verb: str
) -> None:
    stand = Stand(conn, database, tmp_path, other_volume / "held")
    keeper = await stand.shelf.add("kept/Film.mkv", KEPT)
    film = await stand.shelf.add("films/film.mkv", LOSER * 50)  # several reads long
    stand.group, stand.keeper, stand.losers = await stand.shelf.group(keeper, film), keeper, [film]
    if verb == "restore":
        await stand.to("staged")
    whole = stand.shelf.contents()
    words = (verb, stand.group, keeper.id) if verb == "stage" else (verb, *await stand.staged())

    steps = 0
    while not any(0 < part.stat().st_size < film.size for part in own_parts(tmp_path, other_volume)):
        stand.recover()  # from a kill before the copy, or at its very beginning
        steps += 1
        assert stand.run(*words, last=steps) is None, "the copy was never killed in the middle"

    assert stand.recover()
    assert own_parts(tmp_path, other_volume) == []
    assert stand.shelf.contents() == whole
    words = (verb, stand.group, keeper.id) if verb == "stage" else (verb, *await stand.staged())
    assert not errors(stand.run(*words))
    assert own_parts(tmp_path, other_volume) == []
    assert stand.shelf.contents() == whole
    assert await stand.shelf.state(film.id) == ("staged" if verb == "stage" else "present")


def own_parts(*tops: Path) -> list[Path]:
    """The unfinished copies that lie anywhere."""
    return [path for top in tops for path in top.rglob(".mediavault-*.part")]
