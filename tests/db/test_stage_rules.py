"""The rules that keep the last healthy copy, held by the service and by the database itself."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import asyncpg
import pytest

from mediavault_tui.domain.library import StagedState
from mediavault_tui.domain.model import FileState, Health
from mediavault_tui.domain.staging import ActKind, ActState
from mediavault_tui.errors import Refused
from mediavault_tui.store.database import Connection, Database
from tests.db.shelf import ME, Shelf

A, B, C = b"first film" * 9000, b"second film" * 9000, b"third film" * 9000


@pytest.fixture
def shelf(conn: Connection, tmp_path: Path) -> Shelf:
    return Shelf(conn, tmp_path / "library")


async def present(shelf: Shelf) -> int:
    return await shelf.conn.fetchval("select count(*) from media_files where state = 'present'")


@pytest.mark.parametrize("attempt", range(5))
async def test_two_people_who_keep_opposite_copies_cannot_stage_both(
    shelf: Shelf, database: Database, attempt: int
) -> None:
    one, other = await shelf.add("one.mkv", A), await shelf.add("other.mkv", B)
    group = await shelf.group(one, other)
    results = await asyncio.gather(
        shelf.stage(database).stage_group(group, one.id, who="ash"),
        shelf.stage(database).stage_group(group, other.id, who="ripley"),
        return_exceptions=True,
    )
    done = [result for result in results if not isinstance(result, BaseException) and result.done]
    assert len(done) == 1
    assert await present(shelf) == 1
    assert shelf.contents().total() == 2


async def test_many_at_once_over_a_group_of_three_leave_one(shelf: Shelf, database: Database) -> None:
    files = [await shelf.add(f"{n}.mkv", content) for n, content in enumerate((A, B, C))]
    group = await shelf.group(*files)
    await asyncio.gather(
        *(shelf.stage(database).stage_group(group, file.id, who=str(file.id)) for file in files * 2),
        return_exceptions=True,
    )
    assert await present(shelf) >= 1
    rows = await shelf.conn.fetch(
        "select k.state from pending_deletions p join media_files k on k.id = p.keeper_id"
    )
    assert {row["state"] for row in rows} <= {"present"}


async def test_the_same_file_is_staged_once_however_often_it_is_asked(
    shelf: Shelf, database: Database
) -> None:
    one, other = await shelf.add("one.mkv", A), await shelf.add("other.mkv", B)
    group = await shelf.group(one, other)
    results = await asyncio.gather(
        *(shelf.stage(database).stage_group(group, one.id, who=ME) for _ in range(4)), return_exceptions=True
    )
    assert sum(len(r.done) for r in results if not isinstance(r, BaseException)) == 1


async def test_a_kept_copy_stays_until_its_other_is_restored(shelf: Shelf, database: Database) -> None:
    one, two, three = [await shelf.add(f"{n}.mkv", content) for n, content in enumerate((A, B, C))]
    group = await shelf.group(one, two, three)
    stage = shelf.stage(database)
    first = await stage.stage_files([two.id], keeper=one.id, who=ME)
    refused = await stage.stage_files([one.id], keeper=three.id, who=ME)
    assert "it is the copy that was kept" in refused.refused[0]
    await stage.restore(first.done, who=ME)
    assert (await stage.stage_files([one.id], keeper=three.id, who=ME)).refused == ()
    assert group


async def test_what_is_gone_is_refused_in_a_sentence_wherever_it_lay(
    shelf: Shelf, database: Database
) -> None:
    kept, loser = await shelf.add("kept.mkv", A), await shelf.add("loser.mkv", B)
    await shelf.group(kept, loser, await shelf.add("third.mkv", C))
    stage = shelf.stage(database)
    done = (await stage.stage_files([loser.id], keeper=kept.id, who=ME)).done
    staged = await stage.stage_files([loser.id], keeper=kept.id, who=ME)
    assert "is staged; only a file that is present can be staged" in staged.refused[0]
    await stage.approve(done, who=ME)
    await stage.purge(word="purge", who=ME)
    purged = await stage.stage_files([loser.id], keeper=kept.id, who=ME)
    assert (purged.done, len(purged.refused)) == ((), 1)
    assert "loser.mkv is purged; only a file that is present can be staged" in purged.refused[0]


@pytest.mark.parametrize("health", [Health.BROKEN, Health.QUARANTINED, Health.UNCHECKED])
async def test_only_a_healthy_copy_may_be_what_is_kept(
    shelf: Shelf, database: Database, health: Health
) -> None:
    keeper = await shelf.add("keeper.mkv", A, health=health)
    loser = await shelf.add("loser.mkv", B)
    group = await shelf.group(keeper, loser)
    result = await shelf.stage(database).stage_group(group, keeper.id, who=ME)
    assert "may be the last healthy one" in result.refused[0]
    assert (shelf.root / "loser.mkv").exists()


async def test_a_protected_file_stays_by_setting_and_by_row(shelf: Shelf, database: Database) -> None:
    keeper = await shelf.add("keeper.mkv", A)
    by_setting = await shelf.add("precious/film.mkv", B)
    by_row = await shelf.add("row.mkv", C, protected=True)
    group = await shelf.group(keeper, by_setting, by_row)
    result = await shelf.stage(database, protected=[shelf.root / "precious"]).stage_group(
        group, keeper.id, who=ME
    )
    assert len(result.refused) == 2
    assert all("in a protected folder" in sentence for sentence in result.refused)


async def test_two_names_of_one_file_are_no_duplicate(shelf: Shelf, database: Database) -> None:
    keeper = await shelf.add("keeper.mkv", A)
    os.link(shelf.root / "keeper.mkv", shelf.root / "link.mkv")
    link = await shelf.enter(shelf.root / "link.mkv")
    group = await shelf.group(keeper, link)
    result = await shelf.stage(database).stage_group(group, keeper.id, who=ME)
    assert "one file with two names" in result.refused[0]


@pytest.mark.parametrize("harm", ["touched", "grown", "gone", "link", "replaced"])
@pytest.mark.parametrize("whose", ["keeper.mkv", "loser.mkv"])
async def test_what_changed_since_the_scan_is_not_moved(
    shelf: Shelf, database: Database, whose: str, harm: str
) -> None:
    keeper, loser = await shelf.add("a/keeper.mkv", A), await shelf.add("b/loser.mkv", B)
    group = await shelf.group(keeper, loser)
    path = shelf.root / ("a" if whose == "keeper.mkv" else "b") / whose
    if harm == "touched":
        os.utime(path, (1, 1))
    elif harm == "grown":
        path.write_bytes(path.read_bytes() + b"!")
    elif harm == "gone":
        path.unlink()
    elif harm == "link":
        folder = path.parent.rename(shelf.root / "elsewhere")
        (shelf.root / path.parent.name).symlink_to(folder)
    else:
        content, when = path.read_bytes(), path.stat().st_mtime_ns
        path.rename(path.with_suffix(".old"))
        path.write_bytes(content)
        os.utime(path, ns=(when, when))
    before = shelf.contents()
    result = await shelf.stage(database).stage_group(group, keeper.id, who=ME)
    assert (result.done, len(result.refused)) == ((), 1)
    assert shelf.contents() == before
    assert shelf.manifests() == {}
    assert await shelf.conn.fetchval("select state from archive_operations") == "failed"


async def test_exact_copies_are_compared_again_at_both_ends(shelf: Shelf, database: Database) -> None:
    keeper, loser = (
        await shelf.add("keeper.mkv", A),
        await shelf.add("loser.mkv", B[: len(A)].ljust(len(A), b"x")),
    )
    await shelf.conn.execute("update media_files set content_hash = $1", keeper.content_hash)
    group = await shelf.group(keeper, loser, proof="exact", verdict="certain")
    result = await shelf.stage(database).stage_group(group, keeper.id, who=ME)
    assert "are not equal any more" in result.refused[0]


async def test_coverage_is_never_staged(shelf: Shelf, database: Database) -> None:
    keeper, loser = await shelf.add("keeper.mkv", A), await shelf.add("loser.mkv", B)
    group = await shelf.group(keeper, loser, proof="coverage")
    with pytest.raises(Refused, match="it shows coverage, not copies"):
        await shelf.stage(database).stage_group(group, keeper.id, who=ME)


async def test_a_batch_takes_only_certain_and_clear_groups(shelf: Shelf, database: Database) -> None:
    from mediavault_tui.domain.verdict import Verdict

    groups = {}
    for verdict in Verdict:
        pair = [await shelf.add(f"{verdict}{n}.mkv", b"%d" % n * 999) for n in range(2)]
        groups[verdict] = await shelf.group(*pair, verdict=verdict.value)
    found = await shelf.stage(database).batch_groups(list(Verdict))
    assert set(found) == {groups[Verdict.CERTAIN], groups[Verdict.CLEAR]}


# What no program may do, whatever it is.

_INTENT = """
insert into archive_operations (batch, kind, state, file_id, keeper_id, group_id, source_raw, source_path,
                                destination_raw, destination, device, inode, size_bytes, modified_ns,
                                requested_by)
values (gen_random_uuid(), 'stage', $4, $1, $2, $3, $5, 'x', $5, 'x', 1, 1, 1, 1, 'sql')
"""


async def refused(conn: Connection, statement: str, *values: object) -> str:
    with pytest.raises(asyncpg.PostgresError) as caught:
        await conn.execute(statement, *values)
    assert caught.value.sqlstate == "MV001"
    return str(caught.value)


async def test_sql_alone_cannot_stage_what_must_stay(shelf: Shelf, database: Database) -> None:
    keeper, loser = await shelf.add("keeper.mkv", A), await shelf.add("loser.mkv", B)
    stranger = await shelf.add("stranger.mkv", C)
    group = await shelf.group(keeper, loser)
    conn = shelf.conn
    assert "no open group" in await refused(
        conn, _INTENT, stranger.id, keeper.id, group, "intended", stranger.raw_path
    )
    assert "written down before" in await refused(
        conn, _INTENT, loser.id, keeper.id, group, "done", loser.raw_path
    )
    assert "staged by an act" in await refused(
        conn, "update media_files set state = 'staged' where id = $1", keeper.id
    )
    assert "purged by an act" in await refused(
        conn, "update media_files set state = 'purged' where id = $1", keeper.id
    )
    result = await shelf.stage(database).stage_group(group, keeper.id, who=ME)
    assert "holding folder" in await refused(
        conn, "update media_files set state = 'missing', missing_since = now() where id = $1", loser.id
    )
    assert "kept for a file already staged" in await refused(
        conn, _INTENT, keeper.id, stranger.id, group, "intended", keeper.raw_path
    )
    assert "by an act" in await refused(
        conn,
        "update pending_deletions set state = 'restored', restored_at = now() where id = $1",
        result.done[0],
    )
    assert "cannot become purged" in await refused(
        conn,
        "update pending_deletions set state = 'purged', approved_at = now(), purged_at = now() where id = $1",
        result.done[0],
    )
    assert "never deleted" in await refused(conn, "delete from pending_deletions")
    assert "history" in await refused(conn, "update archive_operations set error = 'x'")


async def test_a_purged_row_is_final(shelf: Shelf, database: Database) -> None:
    keeper, loser = await shelf.add("keeper.mkv", A), await shelf.add("loser.mkv", B)
    group = await shelf.group(keeper, loser)
    stage = shelf.stage(database)
    result = await stage.stage_group(group, keeper.id, who=ME)
    await stage.approve(result.done, who=ME)
    await stage.purge(word="purge", who=ME)
    assert "final" in await refused(
        shelf.conn, "update media_files set state = 'present' where id = $1", loser.id
    )
    assert "final" in await refused(shelf.conn, "update pending_deletions set reason = 'x'")
    newcomer = await shelf.add("loser.mkv", C)
    assert newcomer.id != loser.id


LEGAL: dict[StagedState | ActState, set[StagedState | ActState]] = {
    StagedState.STAGED: {StagedState.APPROVED, StagedState.RESTORED},
    StagedState.APPROVED: {StagedState.STAGED, StagedState.RESTORED, StagedState.PURGED},
    StagedState.RESTORED: set(),
    StagedState.PURGED: set(),
    ActState.INTENDED: {ActState.MOVED, ActState.UNDONE, ActState.FAILED},
    ActState.MOVED: {ActState.DONE, ActState.UNDONE, ActState.FAILED},
    ActState.DONE: set(),
    ActState.UNDONE: set(),
    ActState.FAILED: set(),
}
"""Only what was approved is purged, nothing is done that moved nothing, and ends are final."""


async def test_the_database_lets_every_legal_move_happen_and_no_other(shelf: Shelf) -> None:
    source = await shelf.conn.fetchval(
        "select string_agg(prosrc, '') from pg_proc where proname in ('guard_operation', 'guard_staged')"
    )
    for old, may in LEGAL.items():
        for new in type(old):
            assert (f"('{old}', '{new}')" in source) == (new in may), (old, new)
    assert set(LEGAL) == {*StagedState, *ActState}
    assert {FileState.STAGED, FileState.PURGED} < set(FileState)
    assert set(ActKind) == {"stage", "restore", "purge", "rename"}


async def test_a_rehearsal_that_is_refused_holds_no_lock(shelf: Shelf, database: Database) -> None:
    """A preview of thousands goes over one connection, and the server has room for so many locks."""
    keeper, loser = await shelf.add("keeper.mkv", A), await shelf.add("loser.mkv", B)
    group = await shelf.group(keeper, loser)
    os.truncate(loser.path, 1)
    files = shelf.stage(database)._files
    (order,), _ = await files.orders_of_groups(shelf.conn, [group], None)
    rehearsed = await files.rehearse(shelf.conn, order, ME)
    assert rehearsed.refused
    held = "select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()"
    assert await shelf.conn.fetchval(held) == 0
