"""What became of the kept copy, or was done by others, between an act and what takes it up again."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mediavault_tui.domain.model import MediaFile
from mediavault_tui.errors import Refused, UsageError
from mediavault_tui.services.dedupe import Dedupe
from mediavault_tui.store import migrate
from mediavault_tui.store.database import Connection, Database, connect_once
from mediavault_tui.store.sqlfiles import sql
from tests.db.shelf import ME, Shelf, hash_of
from tests.db.test_stage_machine import Crash
from tests.db.test_stage_meanwhile import held, match, once, refused

BETTER, WORSE, OTHER = b"the better film" * 900, b"the worse film" * 800, b"another film" * 700
BOB = "ash"


@pytest.fixture
def shelf(conn: Connection, tmp_path: Path) -> Shelf:
    return Shelf(conn, tmp_path / "library")


async def two(shelf: Shelf, worse: bytes = WORSE) -> tuple[MediaFile, MediaFile, int]:
    """A film to keep and a copy of it that goes, in one group."""
    keeper = await shelf.add("kept/Heat.mkv", BETTER)
    loser = await shelf.add("old/heat.mkv", worse)
    if worse == BETTER:
        return keeper, loser, await shelf.group(keeper, loser, proof="exact", verdict="certain")
    return keeper, loser, await shelf.group(keeper, loser)


async def replaced(conn: Connection, file: MediaFile, content: bytes = OTHER) -> None:
    """Put another film at a file's path, and have a scan find it healthy."""
    path = Path(os.fsdecode(file.raw_path))
    new = path.with_suffix(".new")
    new.write_bytes(content)
    new.rename(path)
    found = os.stat(path)
    await conn.execute(
        "update media_files set size_bytes = $2, modified_ns = $3, inode = $4, content_hash = $5"
        " where id = $1",
        file.id,
        found.st_size,
        found.st_mtime_ns,
        found.st_ino,
        hash_of(path),
    )


# The kept copy is another film by now.


@pytest.mark.parametrize("group_is", ["open", "gone"])
async def test_undo_stages_nothing_against_another_film_at_the_kept_path(
    shelf: Shelf, conn: Connection, database: Database, group_is: str
) -> None:
    keeper, loser, group = await two(shelf)
    service = shelf.stage(database)
    staged = await service.stage_group(group, keeper.id, who=ME)
    await service.restore(staged.done, who=ME)
    await replaced(conn, keeper)
    await conn.execute("update duplicate_groups set state = $1", group_is)
    again = await service.undo(who=ME)
    assert again.done == ()
    (sentence,) = again.refused
    assert "has changed since" in sentence
    assert (shelf.root / "old/heat.mkv").read_bytes() == WORSE
    assert await shelf.state(loser.id) == "present"


async def test_sql_alone_cannot_stage_again_against_another_film(
    shelf: Shelf, conn: Connection, database: Database
) -> None:
    keeper, loser, group = await two(shelf)
    service = shelf.stage(database)
    staged = await service.stage_group(group, keeper.id, who=ME)
    await service.restore(staged.done, who=ME)
    await conn.execute("update duplicate_groups set state = 'gone'")
    values = (loser.id, keeper.id, group, loser.raw_path, loser.size, loser.stamp.modified_ns)
    intent = (
        "insert into archive_operations (batch, kind, file_id, keeper_id, group_id, source_raw, source_path,"
        " destination_raw, device, inode, size_bytes, modified_ns, requested_by) values (gen_random_uuid(),"
        " 'stage', $1, $2, $3, $4, '', '/x', 1, 1, $5, $6, 'sql')"
    )
    undone = conn.transaction()
    await undone.start()
    await conn.execute(intent, *values)
    await undone.rollback()
    await replaced(conn, keeper)
    assert "no open group shows" in await refused(conn, intent, *values)


async def test_a_group_whose_kept_copy_is_another_film_waits_to_be_found_again(
    shelf: Shelf, conn: Connection, database: Database
) -> None:
    """A restore brings the group back; what was said of the film before is not said of this one."""
    keeper, _loser, group = await two(shelf)
    service = shelf.stage(database)
    staged = await service.stage_group(group, keeper.id, who=ME)
    await replaced(conn, keeper)
    await service.restore(staged.done, who=ME)
    assert await conn.fetchval("select state from duplicate_groups") == "gone"
    with pytest.raises(Refused):
        await service.stage_group(group, keeper.id, who=ME)
    await Dedupe(database).refresh()
    assert await conn.fetchval("select count(*) from duplicate_groups where state = 'open'") == 1


@pytest.mark.parametrize("volume", ["one", "two"])
async def test_a_stage_that_died_is_taken_back_if_the_kept_copy_is_another_film_now(
    shelf: Shelf, conn: Connection, database: Database, other_volume: Path, volume: str
) -> None:
    """A scan at night reads the library before the app is started again."""
    if volume == "two":
        shelf.holding = other_volume / "held"
    keeper, loser, group = await two(shelf)

    def die(name: str) -> None:
        if name == "video moved":
            raise Crash

    with pytest.raises(Crash):
        await shelf.stage(database, step=die).stage_group(group, keeper.id, who=ME)
    assert not (shelf.root / "old/heat.mkv").exists()
    await replaced(conn, keeper)
    service = shelf.stage(database)
    (sentence,) = await service.recover()
    assert "was undone" in sentence
    assert (shelf.root / "old/heat.mkv").read_bytes() == WORSE
    assert await shelf.state(loser.id) == "present"
    assert await service.recover() == []


async def test_a_purge_compares_with_the_copy_that_was_kept_when_the_stage_began(
    shelf: Shelf, conn: Connection, database: Database
) -> None:
    """Not when it was recorded: a scan may have been in between."""
    keeper, _loser, group = await two(shelf)
    shelf.write("old/heat.en.srt", b"subtitles")

    async def replace() -> None:
        async with database.connection() as own:
            await replaced(own, keeper)

    service = shelf.stage(database, step=once("sidecar moved", replace, []))
    staged = await service.stage_group(group, keeper.id, who=ME)
    await service.approve(staged.done, who=ME)
    purged = await service.purge(word="purge", who=ME)
    assert purged.done == ()
    assert "kept instead, has changed since" in purged.refused[0]
    (film,) = await held(conn, staged.done)
    assert film.read_bytes() == WORSE


async def test_what_an_act_relied_on_is_never_rewritten(
    shelf: Shelf, conn: Connection, database: Database
) -> None:
    keeper, _loser, group = await two(shelf)

    def die(name: str) -> None:
        if name == "intents committed":
            raise Crash

    with pytest.raises(Crash):
        await shelf.stage(database, step=die).stage_group(group, keeper.id, who=ME)
    assert "never rewritten" in await refused(
        conn, "update archive_operations set keeper_size = keeper_size + 1"
    )


# Somebody has decided otherwise meanwhile.


@pytest.mark.parametrize("decision", ["not_duplicate", "keep_both"])
async def test_undo_stages_nothing_that_another_person_has_set_apart(
    shelf: Shelf, database: Database, decision: str
) -> None:
    keeper, loser, group = await two(shelf)
    service, dedupe = shelf.stage(database), Dedupe(database)
    staged = await service.stage_group(group, keeper.id, who=ME)
    await service.restore(staged.done, who=ME)
    if decision == "keep_both":
        await dedupe.keep_both(group, who=BOB)
    else:
        await dedupe.not_duplicate(group, keeper.id, loser.id, who=BOB)
    again = await service.undo(who=ME)
    assert again.done == ()
    (sentence,) = again.refused
    assert "a person has set it apart" in sentence
    assert await shelf.state(loser.id) == "present"
    await dedupe.undo_last_decision(who=BOB)
    assert (await service.undo(who=ME)).refused == ()
    assert await shelf.state(loser.id) == "staged"


async def test_undo_compares_exact_copies_again_at_both_ends(
    shelf: Shelf, conn: Connection, database: Database
) -> None:
    keeper, loser, group = await two(shelf, BETTER)
    service = shelf.stage(database)
    staged = await service.stage_group(group, keeper.id, who=ME)
    await service.restore(staged.done, who=ME)
    path = shelf.root / "old/heat.mkv"
    with path.open("r+b") as file:
        file.write(b"X")
    os.utime(path, ns=(loser.stamp.modified_ns, loser.stamp.modified_ns))
    again = await service.undo(who=ME)
    assert again.done == ()
    assert "are not equal any more" in again.refused[0]
    assert path.exists()


async def test_nothing_is_decided_of_copies_that_are_in_the_holding_folder(
    shelf: Shelf, conn: Connection, database: Database
) -> None:
    keeper, loser, group = await two(shelf)
    service, dedupe = shelf.stage(database), Dedupe(database)
    staged = await service.stage_group(group, keeper.id, who=ME)
    for kept in (keeper, loser):
        with pytest.raises(UsageError, match="restore it first"):
            await dedupe.keep_both(group, who=BOB)
        assert await conn.fetchval("select state from duplicate_groups") == "resolved"
        assert await conn.fetchval("select count(*) from user_decisions") == 0
        if kept is keeper:  # now the other way round: the group's own recommendation is what is held
            await service.restore(staged.done, who=ME)
            staged = await service.stage_group(group, loser.id, who=ME)
            with pytest.raises(UsageError, match="restore it first"):
                await dedupe.not_duplicate(group, keeper.id, loser.id, who=BOB)


# Undo takes back what is still one's own.


async def test_undo_leaves_what_another_person_has_staged_again(shelf: Shelf, database: Database) -> None:
    keeper, loser, group = await two(shelf)
    service = shelf.stage(database)
    staged = await service.stage_group(group, keeper.id, who=ME)
    await service.restore(staged.done, who=BOB)
    await service.stage_group(group, keeper.id, who=BOB)
    with pytest.raises(Refused, match="nothing to undo"):
        await service.undo(who=ME)
    assert await shelf.state(loser.id) == "staged"
    assert (await service.undo(who=BOB)).refused == ()
    assert await shelf.state(loser.id) == "present"


async def test_undo_does_not_stage_what_another_person_has_rescued(shelf: Shelf, database: Database) -> None:
    keeper, loser, group = await two(shelf)
    service = shelf.stage(database)
    staged = await service.stage_group(group, keeper.id, who="dallas")
    await service.restore(staged.done, who=ME)
    again = await service.stage_group(group, keeper.id, who=BOB)
    await service.restore(again.done, who=BOB)
    with pytest.raises(Refused, match="nothing to undo"):
        await service.undo(who=ME)
    assert await shelf.state(loser.id) == "present"


async def test_an_act_that_another_person_did_and_took_back_is_no_act(
    shelf: Shelf, database: Database
) -> None:
    keeper, loser, group = await two(shelf)
    service = shelf.stage(database)
    staged = await service.stage_group(group, keeper.id, who=ME)
    await service.restore(staged.done, who=BOB)
    await service.undo(who=BOB)
    assert await shelf.state(loser.id) == "staged"
    assert (await service.undo(who=ME)).refused == ()
    assert await shelf.state(loser.id) == "present"


_LONG = """
insert into archive_operations (batch, kind, state, file_id, source_raw, source_path, destination_raw, device,
                                inode, size_bytes, modified_ns, requested_by, finished_at)
select gen_random_uuid(), 'restore', 'done', $1, '/from', '/from', '/to', 1, 1, 1, 1, 'y', now()
from generate_series(1, 3000)
"""


async def test_the_act_to_undo_is_found_by_an_index(shelf: Shelf, conn: Connection) -> None:
    """`u` asks for it each time, and the journal only grows."""
    keeper, _loser, _group = await two(shelf)
    async with conn.transaction():
        await conn.execute("set local session_replication_role = 'replica'")
        await conn.execute(_LONG, keeper.id)
    await conn.execute("analyze archive_operations")
    plan = [row[0] for row in await conn.fetch("explain " + sql("last_act"), "y")]
    assert not [line for line in plan if "Seq Scan on archive_operations" in line], plan
    assert [line for line in plan if "archive_operations_of_person" in line], plan


# Two episodes are two works.


@pytest.mark.parametrize(
    ("one", "other", "goes"),
    [
        ((1, [3]), (1, [4]), False),
        ((1, [3]), (2, [3]), False),
        ((1, [3, 4]), (1, [3]), False),
        ((1, [3]), (1, [3]), True),
        ((1, [3, 4]), (1, [4, 3]), True),
        ((None, []), (1, [3]), True),
    ],
)
@pytest.mark.parametrize("when", ["staged", "purged"])
@pytest.mark.parametrize("hashed", [True, False], ids=["hashed", "never hashed"])
async def test_two_episodes_by_the_latest_word_are_not_taken_for_one(
    shelf: Shelf,
    conn: Connection,
    database: Database,
    one: tuple[int | None, list[int]],
    other: tuple[int, list[int]],
    goes: bool,
    when: str,
    hashed: bool,
) -> None:
    """Files of two sizes are never hashed: nothing is known of their content then, and nothing is equal."""
    keeper, loser, group = await two(shelf)
    if not hashed:
        await conn.execute("update media_files set content_hash = null, sample_hash = null")
    service = shelf.stage(database)

    async def say_which() -> None:
        await match(conn, "tv", (7, 7), (loser.id, 7, "sure"), (keeper.id, 7, "chosen"))
        for file, (season, episodes) in ((loser, one), (keeper, other)):
            await conn.execute(
                "update file_matches set season = $2, episodes = $3 where file_id = $1",
                file.id,
                season,
                episodes,
            )

    if when == "staged":
        await say_which()
        result = await service.stage_group(group, keeper.id, who=ME)
    else:
        ids = (await service.stage_group(group, keeper.id, who=ME)).done
        await service.approve(ids, who=ME)
        await say_which()
        result = await service.purge(word="purge", who=ME)
    assert bool(result.done) is goes
    if goes:
        return
    (sentence,) = result.refused
    assert f"“Film 7 (1995) S01E{'E'.join(f'{n:02}' for n in one[1])}”" in sentence
    assert f"“Film 7 (1995) S{other[0]:02}E{other[1][0]:02}”" in sentence
    if when == "purged":
        (film,) = await held(conn, ids)
        assert film.exists()
    else:
        assert await shelf.state(loser.id) == "present"


# A row has the name in the holding folder already.


async def test_a_scan_of_the_holding_folder_does_not_keep_a_stage_from_ending(
    shelf: Shelf, conn: Connection, database: Database
) -> None:
    keeper, loser, group = await two(shelf)

    async def scan_it() -> None:
        async with database.connection() as own:
            there = await own.fetchval("select destination from archive_operations")
            await Shelf(own, shelf.root).enter(Path(there))

    service = shelf.stage(database, step=once("video moved", scan_it, []))
    result = await service.stage_group(group, keeper.id, who=ME)
    assert (len(result.done), result.refused) == (1, ())
    assert await shelf.state(loser.id) == "staged"
    assert await conn.fetchval("select count(*) from media_files where state = 'missing'") == 1
    assert await service.recover() == []


# Acts that a program wrote down before the journal had the kept copy.

_HISTORY = """
insert into archive_operations (batch, kind, state, file_id, keeper_id, source_raw, source_path,
                                destination_raw, device, inode, size_bytes, modified_ns, requested_by,
                                begun_at)
select gen_random_uuid(), kind, state, $1, $2, '/from', '/from',
       case when kind <> 'purge' then '/to'::bytea end, 1, 1, 1, 1, 'y',
       case when kind = 'purge' then now() end
from unnest('{stage,restore,purge,rename}'::text[]) kind, unnest('{done,undone,failed}'::text[]) state
"""
_OPEN = """
insert into archive_operations (batch, kind, state, file_id, keeper_id, group_id, source_raw, source_path,
                                destination_raw, destination, device, inode, size_bytes, modified_ns,
                                requested_by, holding_raw)
select gen_random_uuid(), 'stage', $2, f.id, $3, $4, f.path_raw, f.path, $5, '', f.device, f.inode,
       f.size_bytes, f.modified_ns, 'x', $6
from media_files f where f.id = $1
"""


async def test_acts_in_every_state_that_are_older_than_the_journal_of_kept_copies_stay_whole(
    empty_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What such a program left open is finished as before: nobody knows what it relied on."""
    (ours,) = (each.version for each in migrate.migrations() if each.name == "kept_copies")
    older = migrate.migrations()[: ours - 1]
    with monkeypatch.context() as patch:
        patch.setattr(migrate, "migrations", lambda: older)
        await migrate.migrate(empty_url)
    old = await connect_once(empty_url)
    shelf = Shelf(old, tmp_path / "library")
    keeper, loser, group = await two(shelf)
    waits = await shelf.add("old/waits.mkv", OTHER)
    top = shelf.root / "duplicates_before_purge"
    there = top / "movies/2024-01-02/heat.mkv"
    there.parent.mkdir(parents=True)
    os.rename(shelf.root / "old/heat.mkv", there)
    async with old.transaction():
        await old.execute("set local session_replication_role = 'replica'")
        await old.execute(_HISTORY, keeper.id, loser.id)
        for file, state, end in ((loser, "moved", there), (waits, "intended", there.with_name("waits.mkv"))):
            await old.execute(_OPEN, file.id, state, keeper.id, group, os.fsencode(end), os.fsencode(top))
    before = await old.fetch("select * from archive_operations order by id")
    await old.close()
    assert [each.version for each in await migrate.migrate(empty_url)][:1] == [ours]
    database = await Database.connect(empty_url)
    try:
        async with database.connection() as conn:
            after = await conn.fetch("select * from archive_operations order by id")
            assert [tuple(row)[: len(before[0])] for row in after] == list(map(tuple, before))
            assert {row["keeper_size"] for row in after} == {None}
            service = shelf.stage(database)
            finished, undone = await service.recover()
            assert ("was finished" in finished, "was undone" in undone) == (True, True)
            row = await conn.fetchrow("select keeper_size, keeper_modified_ns from pending_deletions")
            assert row is not None
            assert tuple(row) == (keeper.size, keeper.stamp.modified_ns)
            assert await service.recover() == []
            assert (shelf.root / "old/waits.mkv").read_bytes() == OTHER
            assert (await service.undo(who="x")).refused == ()
            assert (shelf.root / "old/heat.mkv").read_bytes() == WORSE
    finally:
        await database.close()
