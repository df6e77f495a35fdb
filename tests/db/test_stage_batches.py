"""Batches: which copies one may take, that each is looked at again, and what is shown of it before."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from mediavault_tui.domain.model import FileId, GroupId, MediaFile
from mediavault_tui.domain.stage_terms import Terms
from mediavault_tui.domain.verdict import Verdict
from mediavault_tui.services.staging import batch as stage_batch
from mediavault_tui.services.staging import preview as stage_preview
from mediavault_tui.services.staging.stage import Stage
from mediavault_tui.store.database import Connection, Database
from mediavault_tui.store.files import tracks_json
from tests.db.overheard import Overheard
from tests.db.shelf import ME, Shelf
from tests.db.test_stage_meanwhile import once
from tests.factories import audio


@pytest.fixture
def shelf(conn: Connection, tmp_path: Path) -> Shelf:
    return Shelf(conn, tmp_path / "library")


async def pair(shelf: Shelf, name: str, verdict: Verdict) -> tuple[MediaFile, MediaFile, GroupId]:
    """Two copies of a film, the one to keep and the other, and their group."""
    keeper = await shelf.add(f"kept/{name}.mkv", name.encode() * 500)
    loser = await shelf.add(f"old/{name}.mkv", name.encode() * 400)
    return keeper, loser, await shelf.group(keeper, loser, verdict=verdict.value)


async def judge(conn: Connection, group: GroupId, verdict: Verdict) -> None:
    """Let a scan come to another verdict on a group."""
    await conn.execute("update duplicate_groups set verdict = $2 where id = $1", group, verdict.value)
    await conn.execute(
        "update duplicate_members set verdict = $2 where group_id = $1 and verdict is not null",
        group,
        verdict.value,
    )


async def sounds(conn: Connection, file: MediaFile, language: str) -> None:
    """Let a file be heard in one more language."""
    info = file.info
    assert info is not None
    heard = replace(info, audio=(*info.audio, audio(language)))
    await conn.execute("update media_files set tracks = $2 where id = $1", file.id, tracks_json(heard))


async def turn_around(conn: Connection, group: GroupId, keeper: FileId) -> None:
    """Let a scan come to keep the other copy of a group."""
    await conn.execute("update duplicate_groups set keeper_id = $2 where id = $1", group, keeper)
    await conn.execute(
        "update duplicate_members set verdict = case when file_id = $2 then null else 'clear' end"
        " where group_id = $1",
        group,
        keeper,
    )


async def test_a_copy_to_be_reviewed_is_left_out_of_several_and_goes_by_itself(
    shelf: Shelf, database: Database
) -> None:
    _, clear, _ = await pair(shelf, "Alien", Verdict.CLEAR)
    _, likely, _ = await pair(shelf, "Brazil", Verdict.RECOMMENDED)
    _, doubtful, _ = await pair(shelf, "Heat", Verdict.REVIEW)
    stage = shelf.stage(database)
    result = await stage.stage_files([clear.id, doubtful.id, likely.id], who=ME)
    assert (len(result.done), len(result.refused)) == (2, 1)
    assert "old/Heat.mkv is left out of the batch: its verdict is review" in result.refused[0]
    assert [await shelf.state(file.id) for file in (clear, likely, doubtful)] == [
        "staged",
        "staged",
        "present",
    ]
    alone = await stage.stage_files([doubtful.id], who=ME)
    assert (len(alone.done), alone.refused) == (1, ())


async def test_a_group_to_be_reviewed_is_left_out_of_several_and_goes_by_itself(
    shelf: Shelf, database: Database
) -> None:
    _, clear, sure = await pair(shelf, "Alien", Verdict.CLEAR)
    _, doubtful, unsure = await pair(shelf, "Heat", Verdict.REVIEW)
    stage = shelf.stage(database)
    rehearsed = await stage.rehearse([sure, unsure], who=ME)
    assert [(answer.file, bool(answer.refused)) for answer in rehearsed] == [(None, True), (clear.id, False)]
    result = await stage.stage_groups([sure, unsure], who=ME)
    assert (len(result.done), len(result.refused)) == (1, 1)
    assert f"group {unsure} (Heat) is left out of the batch: its verdict is review" in result.refused[0]
    assert await shelf.state(doubtful.id) == "present"
    assert (await stage.stage_groups([unsure], who=ME)).refused == ()
    assert await shelf.state(clear.id) == "staged"


@pytest.mark.parametrize("asked", ["groups", "files"])
@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            lambda conn, group, keeper, loser: judge(conn, group, Verdict.REVIEW),
            "it is review now, not clear",
        ),
        (
            lambda conn, group, keeper, loser: judge(conn, group, Verdict.RECOMMENDED),
            "it is recommended now, not clear",
        ),
        (
            lambda conn, group, keeper, loser: turn_around(conn, group, loser),
            "another copy of it is to be kept now",
        ),
        (
            lambda conn, group, keeper, loser: conn.execute(
                "update duplicate_groups set state = 'gone' where id = $1", group
            ),
            "its group does not hold any more",
        ),
        (lambda conn, group, keeper, loser: judge(conn, group, Verdict.CERTAIN), ""),
    ],
    ids=["review", "recommended", "keeper", "gone", "surer"],
)
async def test_what_a_scan_decides_otherwise_while_the_batch_goes_on_stays_and_is_said(
    shelf: Shelf,
    conn: Connection,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    asked: str,
    change: Callable[..., Awaitable[object]],
    said: str,
) -> None:
    """A batch goes lot by lot, for minutes on a NAS; the second lot is looked at after the first went."""
    monkeypatch.setattr(stage_batch, "LOT", 1)
    _, first, one = await pair(shelf, "Alien", Verdict.CLEAR)
    keeper, second, other = await pair(shelf, "Heat", Verdict.CLEAR)

    async def scan() -> None:
        await change(conn, other, keeper.id, second.id)

    stage = shelf.stage(database, step=once("video moved", scan, []))
    result = await (
        stage.stage_groups([one, other], who=ME)
        if asked == "groups"
        else stage.stage_files([first.id, second.id], who=ME)
    )
    assert await shelf.state(first.id) == "staged"
    if said:
        assert await shelf.state(second.id) == "present"
        assert (len(result.done), len(result.refused)) == (1, 1)
        assert f"old/Heat.mkv stays: {said}" in result.refused[0]
    else:
        assert (len(result.done), result.refused) == (2, ())


async def test_what_one_person_chose_to_keep_is_not_asked_of_the_rules(
    shelf: Shelf, conn: Connection, database: Database
) -> None:
    keeper, loser, group = await pair(shelf, "Heat", Verdict.REVIEW)
    stage: Stage = shelf.stage(database)
    result = await stage.stage_group(group, loser.id, who=ME)
    assert (len(result.done), result.refused) == (1, ())
    assert [await shelf.state(file.id) for file in (keeper, loser)] == ["staged", "present"]


async def test_what_is_shown_before_names_the_copy_that_stays_the_verdict_and_the_loss(
    shelf: Shelf, database: Database
) -> None:
    keeper, dubbed, _ = await pair(shelf, "Amelie", Verdict.RECOMMENDED)
    await sounds(shelf.conn, dubbed, "fr")
    _, doubtful, _ = await pair(shelf, "Heat", Verdict.REVIEW)
    single = await shelf.add("single.mkv", b"x" * 99)
    precious = (await pair(shelf, "Brazil", Verdict.CLEAR))[1]
    await shelf.conn.execute("update media_files set protected = true where id = $1", precious.id)
    stage = shelf.stage(database)
    _, gone, group = await pair(shelf, "Alien", Verdict.CLEAR)
    await stage.stage_groups([group], who=ME)
    asked = [single.id, doubtful.id, dubbed.id, precious.id, gone.id, keeper.id, FileId(4711), dubbed.id]
    shown = await stage.preview(asked)
    (going,) = shown.going
    assert (going.terms, shown.bytes) == (Terms(dubbed.id, keeper.id, Verdict.RECOMMENDED), dubbed.size)
    assert (going.file.path, going.keeper.path) == (dubbed.path, keeper.path)
    assert [str(loss) for loss in going.losses] == ["audio language: fr"]
    assert going.reason == "the other has the better picture"
    for said, sentence in zip(
        (
            "single.mkv stays: no open group has a better copy",
            "old/Brazil.mkv is in a protected folder",
            "Alien.mkv is staged already",
            "kept/Amelie.mkv stays: no open group has a better copy",
            "there is no file number 4711",
            "old/Heat.mkv is left out of the batch: its verdict is review",
        ),
        shown.left,
        strict=True,
    ):
        assert said in sentence
    alone = await stage.preview([doubtful.id])
    assert [one.verdict for one in alone.going] == [Verdict.REVIEW], "by itself it may go"


async def test_what_was_shown_otherwise_stays_and_is_said(
    shelf: Shelf, conn: Connection, database: Database
) -> None:
    """Between the question and the answer a scan has ended; the person knows nothing of it."""
    stage = shelf.stage(database)
    cases = {name: await pair(shelf, name, Verdict.CLEAR) for name in ("Alien", "Brazil", "Heat", "Tron")}
    shown = [one.terms for one in (await stage.preview([pair[1].id for pair in cases.values()])).going]
    keeper, loser, group = cases["Brazil"]
    await turn_around(conn, group, loser.id)
    await judge(conn, cases["Heat"][2], Verdict.REVIEW)
    await conn.execute("update duplicate_groups set state = 'gone' where id = $1", cases["Tron"][2])
    result = await stage.stage_files([terms.file for terms in shown], shown=shown, who=ME)
    assert len(result.done) == 1
    assert await shelf.state(cases["Alien"][1].id) == "staged"
    for said in (
        "old/Brazil.mkv stays: no open group has a better copy",
        "old/Heat.mkv stays: it is review now, not clear",
        "old/Tron.mkv stays: no open group has a better copy",
    ):
        assert any(said in sentence for sentence in result.refused), result.refused
    assert await shelf.state(keeper.id) == await shelf.state(loser.id) == "present"


async def test_a_key_for_what_is_sure_takes_nothing_else(
    shelf: Shelf, conn: Connection, database: Database
) -> None:
    groups = [(await pair(shelf, verdict.value, verdict))[2] for verdict in Verdict]
    overheard = Overheard(database)
    result = await shelf.stage(overheard).stage_groups(groups, sure=True, who=ME)
    assert sum("as verdicts" in query for query in overheard.asked) == 1, "all groups are read together"
    assert len(result.done) == 2
    assert ["No longer sure, so left alone: Heat" in sentence for sentence in result.refused] == [True, True]
    assert await conn.fetchval("select count(distinct batch) from archive_operations") == 1


async def test_many_files_are_shown_with_as_few_queries_as_one(shelf: Shelf, conn: Connection) -> None:
    losers = [(await pair(shelf, f"film {n}", Verdict.CLEAR))[1].id for n in range(6)]

    async def asked(files: list[FileId]) -> int:
        queries: list[object] = []
        with conn.query_logger(queries.append):
            assert len((await stage_preview.preview(conn, files)).going) == len(files)
            await asyncio.sleep(0)  # the last one is told of after its answer
        return len(queries)

    await asked(losers)  # the driver asks for the types that it meets first
    assert await asked(losers) == await asked(losers[:1]) == 2
