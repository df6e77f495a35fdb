"""Purging: exactly what was shown, and nothing before its time."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mediavault_tui.domain.measures import day, size
from mediavault_tui.domain.model import MediaFile, StagedId
from mediavault_tui.domain.purging import Purgeable
from mediavault_tui.services.staging.forecast import Forecaster
from mediavault_tui.sources.places import NoShares, Places
from mediavault_tui.sources.share_holding import ShareSource
from mediavault_tui.store import staging
from mediavault_tui.store.database import Connection, Database
from tests.db.shelf import ME, Shelf
from tests.db.test_stage_commands import Commands

BETTER = b"the better film" * 9000
WORSE = b"the worse film" * 8000


@pytest.fixture
def shelf(conn: Connection, tmp_path: Path) -> Shelf:
    return Shelf(conn, tmp_path / "library")


@pytest.fixture
def mediavault(database_url: str) -> Commands:
    return Commands(database_url)


async def staged(shelf: Shelf, database: Database, files: int) -> tuple[list[MediaFile], list[StagedId]]:
    """So many copies of a film, staged; the first of them for longest."""
    keeper = await shelf.add("Heat (1995)/Heat.mkv", BETTER)
    losers = [await shelf.add(f"downloads/{n}.mkv", WORSE + bytes([n])) for n in range(files)]
    group = await shelf.group(keeper, *losers)
    result = await shelf.stage(database).stage_group(group, keeper.id, who=ME)
    assert len(result.done) == files, result.refused
    return losers, list(result.done)


async def aged(shelf: Shelf, id: StagedId, days: float) -> None:
    """Have a file staged so many days ago."""
    await shelf.conn.execute(
        "update pending_deletions set staged_at = now() - make_interval(secs => 86400 * $2::float8)"
        " where id = $1",
        id,
        days,
    )


async def test_a_purge_leaves_alone_what_was_approved_after_it_was_shown(
    shelf: Shelf, database: Database
) -> None:
    (shown, unseen), ids = await staged(shelf, database, 2)
    stage = shelf.stage(database)
    await stage.approve(ids[:1], who=ME)
    forecast = await stage.forecast()
    assert (forecast.what.ids, forecast.what.names) == ((ids[0],), (shown.path,))
    await stage.approve(ids[1:], who="dallas")
    purged = await stage.purge(word="purge", who=ME, staged=forecast.what.ids)
    assert (purged.done, purged.refused) == ((ids[0],), ())
    assert (await shelf.state(shown.id), await shelf.state(unseen.id)) == ("purged", "staged")
    assert (await stage.forecast()).what.ids == (ids[1],)


async def test_a_forecast_of_some_files_is_about_them_alone(shelf: Shelf, database: Database) -> None:
    _, ids = await staged(shelf, database, 3)
    stage = shelf.stage(database)
    await stage.approve(ids[:2], who=ME)
    forecast = await stage.forecast(ids[1:])
    assert (forecast.what.ids, forecast.bytes) == ((ids[1],), len(WORSE) + 1)
    assert forecast.what.refused == (f"number {ids[2]} is not approved",)


async def test_a_held_file_that_its_disk_numbers_anew_is_refused_with_a_way_out(
    shelf: Shelf, database: Database
) -> None:
    """FAT and exFAT give numbers when they are mounted; no scan looks into a holding folder."""
    (loser,), ids = await staged(shelf, database, 1)
    stage = shelf.stage(database)
    await stage.approve(ids, who=ME)
    await shelf.conn.execute("update pending_deletions set inode = inode + 1")
    (refused,) = (await stage.purge(word="purge", who=ME)).refused
    assert "or its disk was mounted anew; restore it and stage it again" in refused
    assert (await stage.restore(ids, who=ME)).refused == ()
    again = await stage.stage_files([loser.id], who=ME)
    await stage.approve(again.done, who=ME)
    assert (await stage.purge(word="purge", who=ME)).refused == ()
    assert await shelf.state(loser.id) == "purged"


async def test_no_file_is_purged_before_it_was_held_for_so_many_days(
    shelf: Shelf, database: Database
) -> None:
    (old, young, _), ids = await staged(shelf, database, 3)
    stage = shelf.stage(database, retention_days=30)
    await stage.approve(ids, who=ME)
    await aged(shelf, ids[0], 30.01)
    await aged(shelf, ids[1], 29.99)
    what = await stage.purgeable()
    assert (what.ids, what.names) == ((ids[0],), (old.path,))
    assert what.waiting is not None
    assert what.waiting.files == 2
    soon, month = datetime.now(UTC) + timedelta(days=0.01), datetime.now(UTC) + timedelta(days=30)
    assert abs(what.waiting.first - soon) < timedelta(minutes=5)
    assert abs(what.waiting.last - month) < timedelta(minutes=5)
    await stage.unapprove(ids[2:], who=ME)  # so that somebody could approve it at the last moment
    asked = await stage.purge(word="purge", who=ME, staged=ids[1:])
    await stage.approve(ids[2:], who=ME)
    assert asked.done == ()
    assert ["is held until" in sentence for sentence in asked.refused] == [True, True]
    assert asked.refused[0] == (
        f"number {ids[1]} is held until {day(what.waiting.first)} (PENDING_DELETION_RETENTION_DAYS); it stays"
    )
    purged = await stage.purge(word="purge", who=ME)
    assert (purged.done, purged.refused) == ((ids[0],), ())
    assert await shelf.state(young.id) == "staged"
    states = "select array_agg(distinct state) from pending_deletions where id = any ($1)"
    assert await shelf.conn.fetchval(states, ids[1:]) == ["approved"]


async def test_a_person_may_purge_early(shelf: Shelf, database: Database) -> None:
    (young,), ids = await staged(shelf, database, 1)
    stage = shelf.stage(database, retention_days=30)
    await stage.approve(ids, who=ME)
    forecast = await stage.forecast(early=True)
    assert forecast.what.ids == tuple(ids)
    assert forecast.what.waiting is not None
    assert (await stage.purge(word="purge", who=ME, staged=ids, early=True)).done == tuple(ids)
    assert await shelf.state(young.id) == "purged"


async def test_a_row_says_from_when_a_purge_takes_it(shelf: Shelf, database: Database) -> None:
    await staged(shelf, database, 1)
    (row,) = await shelf.stage(database, retention_days=30).pending()
    assert row.due_at == row.staged_at + timedelta(days=30)
    (row,) = await shelf.stage(database).pending()
    assert row.due_at is None


async def test_a_share_that_does_not_answer_is_asked_once(shelf: Shelf, database: Database) -> None:
    class Counting(NoShares):
        asked = 0

        def open(self, name: str) -> ShareSource:
            self.asked += 1
            return super().open(name)

    _, ids = await staged(shelf, database, 4)
    shares = Counting()
    here, *there = reversed(await staging.held(shelf.conn, ids))
    held = [here, *(replace(one, staged=b"nas:7/volume1/%d" % one.id) for one in there)]
    forecast = Forecaster(Places(shares=shares)).forecast(Purgeable(tuple(ids)), held)
    assert (shares.asked, forecast.unreachable) == (1, (("nas:7", 3),))
    assert forecast.bytes == here.stamp.size


async def test_a_forecast_that_nobody_waits_for_ends(shelf: Shelf, database: Database) -> None:
    _, ids = await staged(shelf, database, 2)
    held = await staging.held(shelf.conn, ids)
    forecast = Forecaster(Places()).forecast(Purgeable(tuple(ids)), held, stopped=lambda: True)
    assert forecast.bytes == 0


# The command.


async def test_purging_a_number_asks_about_that_file(
    shelf: Shelf, database: Database, mediavault: Commands
) -> None:
    (one, other), ids = await staged(shelf, database, 2)
    await shelf.stage(database).approve(ids, who=ME)
    now = {"PENDING_DELETION_RETENTION_DAYS": "0"}
    left = mediavault.run("purge", ids[0], typed="\n", **now)
    assert (left.returncode, "nothing was purged" in left.stderr) == (1, True)
    ran = mediavault.run("purge", ids[0], typed="purge\n", **now)
    assert ran.stderr.startswith(f"1 approved file is deleted for good, {size(len(WORSE) + 1)} freed:\n")
    assert one.path in ran.stderr
    assert other.path not in ran.stderr
    assert (ran.returncode, ran.stdout) == (0, f"1 purged, {size(len(WORSE) + 1)} freed\n")
    assert await shelf.state(other.id) == "staged"


async def test_where_nothing_is_approved_no_word_is_asked(
    shelf: Shelf, database: Database, mediavault: Commands
) -> None:
    _, (id,) = await staged(shelf, database, 1)
    ran = mediavault.run("purge", typed="purge\n")
    assert (ran.returncode, ran.stdout) == (0, "0 purged\n")
    how = "`mediavault pending --approve ID…`, or `--all`, approves what may go."
    assert ran.stderr == f"Nothing is approved; {how}\n"
    ran = mediavault.run("purge", id, typed="purge\n")
    assert (ran.returncode, ran.stderr) == (1, f"refused: number {id} is not approved\n")


async def test_the_command_says_until_when_files_are_held(
    shelf: Shelf, database: Database, mediavault: Commands
) -> None:
    (old, young), ids = await staged(shelf, database, 2)
    await shelf.stage(database).approve(ids, who=ME)
    goes = await shelf.conn.fetchval("select max(staged_at) from pending_deletions") + timedelta(days=30)
    from_when = day(goes)
    ran = mediavault.run("purge", typed="purge\n")
    assert (ran.returncode, ran.stdout) == (0, "0 purged\n")
    assert (
        f"2 approved files are held until {from_when} (PENDING_DELETION_RETENTION_DAYS); they stay."
        in ran.stderr
    )
    assert "`mediavault purge --early`" in ran.stderr
    assert "Type" not in ran.stderr

    await aged(shelf, ids[0], 31)
    listed = json.loads(mediavault.run("pending", "--json").stdout)
    approved = {key: listed["approved"][key] for key in ("files", "freed_bytes", "due", "held")}
    assert approved == {"files": 2, "freed_bytes": len(WORSE) + 1, "due": 1, "held": 1}
    assert datetime.fromisoformat(listed["approved"]["held_until"]) == goes
    assert "1 approved file is held until" in mediavault.run("pending").stdout
    document = json.loads(mediavault.run("purge", "--word", "purge", "--json").stdout)
    assert (document["done"], document["due"], document["held"]) == ([ids[0]], 1, 1)
    assert (await shelf.state(old.id), await shelf.state(young.id)) == ("purged", "staged")

    ran = mediavault.run("purge", "--early", "--json", typed="purge\n")
    document = json.loads(ran.stdout)
    assert (document["done"], document["due"], document["held"]) == ([ids[1]], 0, 1)
    assert f"1 of them is held until {from_when}" in ran.stderr
    assert (ran.returncode, await shelf.state(young.id)) == (0, "purged")


async def test_what_is_approved_while_the_word_is_typed_stays(
    shelf: Shelf, database: Database, database_url: str
) -> None:
    (shown, unseen), ids = await staged(shelf, database, 2)
    stage = shelf.stage(database)
    await stage.approve(ids[:1], who=ME)
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "mediavault_tui", "purge"),
        env={**os.environ, "DATABASE_URL": database_url, "PENDING_DELETION_RETENTION_DAYS": "0"},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert child.stderr is not None
    await child.stderr.readuntil(b'Type "purge"')
    await stage.approve(ids[1:], who="dallas")
    out, _ = await child.communicate(b"purge\n")
    assert out.decode().startswith("1 purged")
    assert (await shelf.state(shown.id), await shelf.state(unseen.id)) == ("purged", "staged")
