"""What people, scans and disks do while an act is under way: the owner's last word counts."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path

import asyncpg
import pytest

from mediavault_tui.domain.library import ActResult
from mediavault_tui.errors import SourceDenied, SourceError, SourceOffline
from mediavault_tui.services.staging.lots import WAVE
from mediavault_tui.services.staging.stage import Stage
from mediavault_tui.store.database import Connection, Database
from tests.db.shelf import ME, Shelf
from tests.db.test_stage_machine import Crash

BETTER, WORSE = b"the better film" * 900, b"the worse film" * 800
FILMS = 2 * WAVE + 4


@pytest.fixture
def shelf(conn: Connection, tmp_path: Path) -> Shelf:
    return Shelf(conn, tmp_path / "library")


async def approved(shelf: Shelf, database: Database, films: int = FILMS) -> ActResult:
    """Films of which the worse copies are staged and approved; the approval's result."""
    groups = []
    for number in range(films):
        keeper = await shelf.add(f"kept/{number}.mkv", b"kept %d" % number * 90)
        loser = await shelf.add(f"old/{number}.mkv", b"old %d" % number * 80)
        groups.append(await shelf.group(keeper, loser))
    service = shelf.stage(database)
    staged = await service.stage_groups(groups, who=ME)
    result = await service.approve(staged.done, who=ME)
    assert len(result.done) == films
    return result


def once(at: str, then: Callable[[], Awaitable[object]], answers: list[object]) -> Callable[[str], None]:
    """Return a step that has `then` done, to its end, the first time that a thread comes to `at`."""
    loop, done = asyncio.get_running_loop(), asyncio.Lock()
    started: list[str] = []

    def step(name: str) -> None:
        if name == at and not started:
            started.append(name)
            answers.append(asyncio.run_coroutine_threadsafe(_alone(done, then), loop).result(60))

    return step


async def _alone(lock: asyncio.Lock, then: Callable[[], Awaitable[object]]) -> object:
    async with lock:
        return await then()


async def held(conn: Connection, ids: tuple[int, ...]) -> list[Path]:
    rows = await conn.fetch("select staged_raw from pending_deletions where id = any ($1::bigint[])", ids)
    return [Path(os.fsdecode(row["staged_raw"])) for row in rows]


# A purge is under way.


@pytest.mark.parametrize("how", ["unapprove", "undo"])
async def test_an_approval_that_is_taken_back_while_others_are_purged_keeps_its_file(
    shelf: Shelf, conn: Connection, database: Database, how: str
) -> None:
    """Deleting goes eight at a time, each opening its keeper: on a slow NAS that takes minutes."""
    ids = (await approved(shelf, database)).done
    other = shelf.stage(database)
    answers: list[object] = []

    async def take_back() -> ActResult:
        return await (other.undo(who=ME) if how == "undo" else other.unapprove(ids, who="dallas"))

    purge = shelf.stage(database, step=once("video purged", take_back, answers))
    purged = await purge.purge(word="purge", who=ME)
    (back,) = answers
    assert isinstance(back, ActResult)
    assert len(back.done) == FILMS - WAVE, "what was not being deleted yet"
    assert all(path.exists() for path in await held(conn, back.done))
    assert all("is being purged just now" in sentence for sentence in back.refused)
    assert len(back.refused) == WAVE
    assert set(purged.done) == set(ids) - set(back.done)
    assert len(purged.refused) == len(back.done)
    assert all("approval was taken back" in sentence for sentence in purged.refused)
    assert not any(path.exists() for path in await held(conn, purged.done))
    states = await conn.fetch("select state from pending_deletions where id = any ($1::bigint[])", back.done)
    assert {row["state"] for row in states} == {"staged"}
    assert await other.recover() == []
    assert not (await other.approve(back.done, who=ME)).refused
    assert set((await other.purge(word="purge", who=ME)).done) == set(back.done)


async def test_an_approval_that_comes_again_is_none_for_the_purge_that_is_under_way(
    shelf: Shelf, conn: Connection, database: Database
) -> None:
    """The word was typed for the approvals that there were."""
    ids = (await approved(shelf, database)).done
    other = shelf.stage(database)
    answers: list[object] = []

    async def change_my_mind() -> ActResult:
        back = await other.unapprove(ids, who=ME)
        return await other.approve(back.done, who=ME)

    await shelf.stage(database, step=once("video purged", change_my_mind, answers)).purge(
        word="purge", who=ME
    )
    (again,) = answers
    assert isinstance(again, ActResult)
    assert len(again.done) == FILMS - WAVE
    assert all(path.exists() for path in await held(conn, again.done))


async def test_whoever_is_quicker_every_file_whose_approval_was_taken_back_is_there(
    shelf: Shelf, conn: Connection, database: Database
) -> None:
    """Two people who purge, and one who takes back, in the opposite order: nobody waits for ever, either."""
    ids = (await approved(shelf, database)).done
    one, two, three = (shelf.stage(database) for _ in range(3))

    async def take_back() -> list[int]:
        back: list[int] = []
        for id in ids[::2]:
            back += (await three.unapprove([id], who="dallas")).done
        return back + list((await three.unapprove(tuple(reversed(ids)), who="dallas")).done)

    first, second, back = await asyncio.gather(
        one.purge(word="purge", who=ME, staged=ids),
        two.purge(word="purge", who="ash", staged=tuple(reversed(ids))),
        take_back(),
    )
    purged = {*first.done, *second.done}
    assert purged | set(back) == set(ids)
    assert purged & set(back) == set()
    assert all(path.exists() for path in await held(conn, tuple(back)))
    assert not any(path.exists() for path in await held(conn, tuple(purged)))
    assert await one.recover() == []


async def test_a_kept_copy_that_a_scan_finds_broken_stops_what_is_not_deleted_yet(
    shelf: Shelf, conn: Connection, database: Database
) -> None:
    ids = (await approved(shelf, database)).done

    async def find_broken() -> None:
        async with database.connection() as own:
            await own.execute(
                "update media_files set health = 'broken'"
                " where id in (select keeper_id from pending_deletions)"
            )

    service = shelf.stage(database, step=once("video purged", find_broken, []))
    result = await service.purge(word="purge", who=ME)
    assert len(result.done) == WAVE
    left = tuple(id for id in ids if id not in result.done)
    assert all(path.exists() for path in await held(conn, left))
    assert all("may be the last healthy one" in sentence for sentence in result.refused)
    assert await service.recover() == []


async def test_an_approval_of_a_purge_that_died_before_it_began_can_be_taken_back(
    shelf: Shelf, conn: Connection, database: Database
) -> None:
    ids = (await approved(shelf, database, 1)).done

    def die(name: str) -> None:
        if name == "intents committed":
            raise Crash

    with pytest.raises(Crash):
        await shelf.stage(database, step=die).purge(word="purge", who=ME)
    service = shelf.stage(database)
    assert (await service.unapprove(ids, who=ME)).done == ids
    assert await service.recover() == []
    assert not (await service.restore(ids, who=ME)).refused


@pytest.mark.parametrize("disk", ["there", "away"])
async def test_subtitles_stay_when_their_film_was_rescued_from_a_purge_that_died(
    shelf: Shelf, conn: Connection, database: Database, tmp_path: Path, disk: str
) -> None:
    shelf.holding = tmp_path / "held"
    keeper = await shelf.add("kept/film.mkv", BETTER)
    loser = await shelf.add("old/film.mkv", WORSE)
    shelf.write("old/film.en.srt", b"subtitles")
    service = shelf.stage(database)
    ids = (await service.stage_group(await shelf.group(keeper, loser), keeper.id, who=ME)).done
    await service.approve(ids, who=ME)

    def die(name: str) -> None:
        if name == "last look":
            raise Crash

    with pytest.raises(Crash):
        await shelf.stage(database, step=die).purge(word="purge", who=ME)
    (film,) = await held(conn, ids)
    os.rename(film, os.fsdecode(loser.raw_path))
    if disk == "away":
        shelf.root.rename(tmp_path / "away")
        (sentence,) = await service.recover()
        assert "is its disk mounted?" in sentence
        assert film.with_name("film.en.srt").exists()
        (tmp_path / "away").rename(shelf.root)
    (sentence,) = await service.recover()
    assert "put back by hand" in sentence
    assert film.with_name("film.en.srt").read_bytes() == b"subtitles"
    assert await conn.fetchval("select state from pending_deletions") == "approved"
    assert await service.recover() == []
    assert (await service.restore(ids, who=ME)).refused == ()
    assert (shelf.root / "old/film.en.srt").exists()


@pytest.mark.parametrize("error", [SourceOffline("no answer"), SourceDenied("may not be seen")])
async def test_a_film_whose_old_place_cannot_be_looked_at_is_not_called_deleted(
    shelf: Shelf, conn: Connection, database: Database, monkeypatch: pytest.MonkeyPatch, error: SourceError
) -> None:
    """It may have been put back there."""
    ids = (await approved(shelf, database, 1)).done
    (film,) = await held(conn, ids)
    film.unlink()
    original = os.fsencode(shelf.root / "old/0.mkv")
    from mediavault_tui.sources.places import Places

    stat = Places.stat

    def refuse(self: Places, path: bytes) -> object:
        if path == original:
            raise error
        return stat(self, path)

    monkeypatch.setattr(Places, "stat", refuse)
    result = await shelf.stage(database).purge(word="purge", who=ME)
    assert (result.done, result.refused) == ((), (str(error),))
    assert await conn.fetchval("select state from pending_deletions") == "approved"


# What no program may do.


async def refused(conn: Connection, statement: str, *values: object) -> str:
    with pytest.raises(asyncpg.PostgresError) as caught:
        await conn.execute(statement, *values)
    assert caught.value.sqlstate == "MV001"
    return str(caught.value)


_INTENT = """
insert into archive_operations (batch, kind, file_id, keeper_id, source_raw, source_path, device, inode,
                                size_bytes, modified_ns, requested_by)
select gen_random_uuid(), 'purge', file_id, keeper_id, staged_raw, staged, 1, 1, 1, 1, 'sql'
from pending_deletions
"""
_TAKE_BACK = (
    "update pending_deletions set state = 'staged', approved_by = null, approved_at = null, approval = null"
)


async def test_sql_alone_cannot_take_back_the_approval_of_a_file_that_is_purged(
    shelf: Shelf, conn: Connection, database: Database
) -> None:
    await approved(shelf, database, 1)
    await conn.execute(_INTENT)
    assert "is being purged just now" in await refused(conn, _TAKE_BACK)
    assert "has deleted nothing" in await refused(
        conn, "update archive_operations set state = 'moved' where kind = 'purge'"
    )
    await conn.execute("update media_files set health = 'broken'")
    begin = "update archive_operations set begun_at = now() where kind = 'purge'"
    assert "may be the last healthy one" in await refused(conn, begin)
    await conn.execute("update media_files set health = 'healthy'")
    await conn.execute(begin)
    assert "begins once" in await refused(
        conn, "update archive_operations set begun_at = null where kind = 'purge'"
    )
    assert "is being purged just now" in await refused(conn, _TAKE_BACK)


async def match(conn: Connection, kind: str, ids: tuple[int, int], *matches: tuple[int, int, str]) -> None:
    """Say which titles two files are: (file, TMDb id, state)."""
    for id in set(ids):
        await conn.execute(
            "insert into titles (kind, tmdb_id, title, year) values ($1, $2, $3, 1995)",
            kind,
            id,
            f"Film {id}",
        )
    for file, id, state in matches:
        await conn.execute(
            "insert into file_matches (file_id, asked_as, state, kind, tmdb_id) values ($1, 'x', $2, $3, $4)",
            file,
            state,
            kind,
            id,
        )


@pytest.mark.parametrize(
    ("one", "other", "states", "exact", "goes"),
    [
        (949, 12, ("sure", "chosen"), False, False),
        (949, 12, ("sure", "ask"), False, True),
        (949, 949, ("sure", "sure"), False, True),
        (949, 12, ("sure", "sure"), True, True),
    ],
)
async def test_two_films_by_the_latest_word_are_not_purged_as_one(
    shelf: Shelf,
    conn: Connection,
    database: Database,
    one: int,
    other: int,
    states: tuple[str, str],
    exact: bool,
    goes: bool,
) -> None:
    """What was approved as a copy may have been found to be another film since."""
    keeper = await shelf.add("kept/film.mkv", BETTER)
    loser = await shelf.add("old/film.mkv", BETTER if exact else WORSE)
    service = shelf.stage(database)
    ids = (await service.stage_group(await shelf.group(keeper, loser), keeper.id, who=ME)).done
    await service.approve(ids, who=ME)
    await match(conn, "movie", (one, other), (loser.id, one, states[0]), (keeper.id, other, states[1]))
    result = await service.purge(word="purge", who=ME)
    assert (result.done == ids) is goes
    (film,) = await held(conn, ids)
    assert film.exists() is not goes
    if not goes:
        assert "is “Film 949 (1995)” now" in result.refused[0]
        assert "“Film 12 (1995)”" in result.refused[0]
        assert await service.recover() == []
        assert (await service.restore(ids, who=ME)).refused == ()


# A restore is under way, or a person was quicker.


async def rescued(shelf: Shelf, database: Database) -> tuple[Stage, ActResult, Path, Path]:
    """A film that its owner has moved back by hand, and its subtitle that is still held."""
    keeper = await shelf.add("kept/film.mkv", BETTER)
    loser = await shelf.add("old/film.mkv", WORSE)
    shelf.write("old/film.en.srt", b"subtitles")
    service = shelf.stage(database)
    result = await service.stage_group(await shelf.group(keeper, loser), keeper.id, who=ME)
    (there,) = await held(shelf.conn, result.done)
    film = shelf.root / "old/film.mkv"
    shutil.move(there, film)
    return service, result, film, there.with_name("film.en.srt")


@pytest.mark.parametrize("volume", ["one", "two"])
async def test_a_film_that_was_put_back_by_hand_stays_where_its_owner_put_it(
    shelf: Shelf, conn: Connection, database: Database, other_volume: Path, volume: str
) -> None:
    """A program that fetches subtitles was quicker than the restore."""
    if volume == "two":
        shelf.holding = other_volume / "held"
    service, result, film, subtitle = await rescued(shelf, database)
    shelf.write("old/film.en.srt", b"other subtitles")
    back = await service.restore(result.done, who=ME)
    assert film.read_bytes() == WORSE
    assert back.done == result.done
    (sentence,) = back.refused
    assert str(subtitle) in sentence
    assert "stays in the holding folder" in sentence
    assert subtitle.read_bytes() == b"subtitles"
    assert (shelf.root / "old/film.en.srt").read_bytes() == b"other subtitles"
    assert await conn.fetchval("select state from pending_deletions") == "restored"
    assert await service.recover() == []


async def test_a_film_that_was_put_back_by_hand_stays_there_when_the_disk_fails_the_lot(
    shelf: Shelf, conn: Connection, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    service, result, film, _subtitle = await rescued(shelf, database)

    settle, failed = service._source.settle, []

    def fail(folders: Iterable[bytes]) -> None:
        if not failed:
            failed.append(True)
            raise SourceOffline("the disk does not answer")
        settle(folders)

    monkeypatch.setattr(service._source, "settle", fail)
    back = await service.restore(result.done, who=ME)
    assert back.done == ()
    assert film.read_bytes() == WORSE
    (sentence,) = await service.recover()
    assert "was finished" in sentence
    assert film.read_bytes() == WORSE
    assert (shelf.root / "old/film.en.srt").read_bytes() == b"subtitles"
    assert await conn.fetchval("select state from pending_deletions") == "restored"


async def test_a_film_that_was_put_back_by_hand_stays_there_after_a_crash(
    shelf: Shelf, conn: Connection, database: Database
) -> None:
    service, result, film, subtitle = await rescued(shelf, database)

    def die(name: str) -> None:
        if name == "video moved":
            raise Crash

    with pytest.raises(Crash):
        await shelf.stage(database, step=die).restore(result.done, who=ME)
    shelf.write("old/film.en.srt", b"other subtitles")
    (sentence,) = await service.recover()
    assert "was finished" in sentence
    assert str(subtitle) in sentence
    assert film.read_bytes() == WORSE
    assert subtitle.read_bytes() == b"subtitles"
    assert await conn.fetchval("select state from pending_deletions") == "restored"
    assert await service.recover() == []


# The kept copy goes when the other one does: both were one file.


@pytest.mark.parametrize("volume", ["one", "two"])
async def test_a_file_whose_kept_copy_goes_with_it_is_put_back(
    shelf: Shelf, conn: Connection, database: Database, other_volume: Path, volume: str
) -> None:
    """As through a share that gives each path a number of its own: no look beforehand can tell."""
    if volume == "two":
        shelf.holding = other_volume / "held"
    keeper = await shelf.add("a/film.mkv", WORSE)
    loser = await shelf.add("b/film.mkv", WORSE)
    shelf.write("b/film.en.srt", b"subtitles")
    kept = shelf.root / "a/film.mkv"

    def vanish(name: str) -> None:
        if name == ("leg renamed" if volume == "one" else "source removed") and kept.exists():
            kept.unlink()

    service = shelf.stage(database, step=vanish)
    group = await shelf.group(keeper, loser, proof="exact", verdict="certain")
    result = await service.stage_group(group, keeper.id, who=ME)
    assert result.done == ()
    assert "one file under two paths" in result.refused[0]
    assert (shelf.root / "b/film.mkv").read_bytes() == WORSE
    assert (shelf.root / "b/film.en.srt").exists()
    assert await conn.fetchval("select state from archive_operations") == "undone"
    assert shelf.manifests() == {}
    assert await service.recover() == []
