"""Many files staged as one lot: what is written once, what is refused alone, and a crash at every step."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from mediavault_tui.domain.model import GroupId, MediaFile
from mediavault_tui.errors import SourceDenied
from mediavault_tui.services.staging import back as stage_back
from mediavault_tui.services.staging import batch as stage_batch
from mediavault_tui.store.database import Connection, Database
from tests.db.shelf import ME, Shelf
from tests.db.test_stage_machine import Crash, CrashAt

FILMS = 3


class Lot:
    """Some films, each in two copies; the second copies have one name, and the first of them a sidecar."""

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf
        self.keepers: list[MediaFile] = []
        self.losers: list[MediaFile] = []
        self.groups: list[GroupId] = []

    async def fill(self, films: int = FILMS) -> Lot:
        for number in range(films):
            self.keepers.append(await self.shelf.add(f"kept/{number}.mkv", b"kept %d" % number * 900))
            self.losers.append(await self.shelf.add(f"old/{number}/film.mkv", b"old %d" % number * 800))
            self.groups.append(await self.shelf.group(self.keepers[-1], self.losers[-1]))
        self.shelf.write("old/0/film.en.srt", b"subtitles")
        return self

    @property
    def held(self) -> list[Path]:
        return sorted((self.shelf.root / "duplicates_before_purge").rglob("*.mkv"))

    @property
    def listed(self) -> list[Path]:
        return sorted(
            folder / str(entry["staged"])
            for folder, entries in self.shelf.manifests().items()
            for entry in entries
        )


@pytest.fixture
async def lot(conn: Connection, tmp_path: Path) -> Lot:
    return await Lot(Shelf(conn, tmp_path / "library")).fill()


async def journal(conn: Connection) -> Counter[str]:
    rows = await conn.fetch("select kind, state from archive_operations")
    return Counter(f"{row['kind']} {row['state']}" for row in rows)


async def test_a_lot_is_one_act_whose_manifest_is_written_once(
    lot: Lot, conn: Connection, database: Database
) -> None:
    steps: list[str] = []
    result = await lot.shelf.stage(database, step=steps.append).stage_groups(lot.groups, who=ME)
    assert (len(result.done), result.refused) == (FILMS, ())
    assert [path.name for path in lot.held] == ["film (2).mkv", "film (3).mkv", "film.mkv"]
    assert lot.listed == lot.held
    assert steps.count("manifest in place") == 1
    assert steps.index("manifest in place") < steps.index("leg renamed"), "it is listed before it is moved"
    assert await journal(conn) == {"stage done": FILMS}
    assert await conn.fetchval("select count(distinct batch) from archive_operations") == 1
    before = lot.shelf.names()
    assert (await lot.shelf.stage(database).undo(who=ME)).refused == ()
    assert lot.held == lot.listed == []
    assert (await lot.shelf.stage(database).stage_groups(lot.groups, who=ME)).refused == ()
    assert lot.shelf.names() == before


async def test_more_files_than_a_lot_holds_go_in_several(
    lot: Lot, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage_batch, "LOT", 2)
    steps: list[str] = []
    result = await lot.shelf.stage(database, step=steps.append).stage_groups(lot.groups, who=ME)
    assert (len(result.done), steps.count("intents committed")) == (FILMS, 2)
    assert lot.listed == lot.held


@pytest.mark.parametrize(("lot_size", "lots"), [(100, 1), (2, 2)])
@pytest.mark.parametrize("verb", ["restore", "purge"])
async def test_what_is_held_leaves_in_lots_and_what_is_refused_holds_no_other_up(
    lot: Lot,
    conn: Connection,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    verb: str,
    lot_size: int,
    lots: int,
) -> None:
    monkeypatch.setattr(stage_back, "LOT", lot_size)
    steps: list[str] = []
    service = lot.shelf.stage(database, step=steps.append)
    staged = (await service.stage_groups(lot.groups, who=ME)).done
    await service.approve(staged, who=ME)
    steps.clear()
    if verb == "restore":
        lot.shelf.write("old/1/film.mkv", b"somebody else's")
        result = await service.restore(staged, who=ME)
        assert "is in use again" in result.refused[0]
    else:
        lot.shelf.write("kept/1.mkv", b"another film")
        result = await service.purge(word="purge", who=ME)
        assert "the copy to keep is not safe" in result.refused[0]
    assert result.done == (staged[0], staged[2])
    assert len(lot.held) == 1
    assert lot.listed == lot.held
    done = "restore done" if verb == "restore" else "purge done"
    assert (await journal(conn))[done] == FILMS - 1
    assert (steps.count("intents committed"), steps.count("manifest in place")) == (lots, lots)


async def test_what_the_last_look_refuses_is_struck_out_and_holds_no_other_up(
    lot: Lot, conn: Connection, database: Database
) -> None:
    lot.shelf.write("old/1/film.mkv", b"changed since")
    result = await lot.shelf.stage(database).stage_groups(lot.groups, who=ME)
    assert (len(result.done), len(result.refused)) == (FILMS - 1, 1)
    assert "has changed" in result.refused[0]
    assert len(lot.held) == FILMS - 1
    assert lot.listed == lot.held
    assert await journal(conn) == {"stage done": FILMS - 1, "stage failed": 1}


async def test_what_a_rule_refuses_takes_no_name_and_holds_no_other_up(
    lot: Lot, conn: Connection, database: Database
) -> None:
    await conn.execute("update media_files set protected = true where id = $1", lot.losers[0].id)
    result = await lot.shelf.stage(database).stage_groups(lot.groups, who=ME)
    assert (len(result.done), len(result.refused)) == (FILMS - 1, 1)
    assert "protected folder" in result.refused[0]
    assert [path.name for path in lot.held] == ["film (2).mkv", "film.mkv"]
    assert await journal(conn) == {"stage done": FILMS - 1}


async def test_of_two_copies_each_kept_for_the_other_one_stays(
    lot: Lot, conn: Connection, database: Database
) -> None:
    keeper, loser = lot.keepers[0], lot.losers[0]
    crosswise = [lot.groups[0], await lot.shelf.group(loser, keeper, proof="exact")]
    result = await lot.shelf.stage(database).stage_groups(crosswise, who=ME)
    assert (len(result.done), len(result.refused)) == (1, 1)
    present = await conn.fetchval(
        "select count(*) from media_files where id = any ($1::bigint[]) and state = 'present'",
        [keeper.id, loser.id],
    )
    assert present == 1


async def test_a_manifest_that_cannot_be_written_moves_nothing(
    lot: Lot, conn: Connection, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = lot.shelf.stage(database)
    places = service._source

    def refuse(*_: object, **__: object) -> None:
        raise SourceDenied("the manifest may not be written")

    with monkeypatch.context() as patch:
        patch.setattr(places, "rewrite_manifest", refuse)
        result = await service.stage_groups(lot.groups, who=ME)
    assert result.done == ()
    assert all("may not be written" in sentence for sentence in result.refused)
    assert lot.held == []
    assert len(await service.recover()) == FILMS
    assert await journal(conn) == {"stage undone": FILMS}


async def test_crashed_at_any_step_nothing_is_lost_and_what_is_held_is_listed(
    lot: Lot, conn: Connection, database: Database
) -> None:
    """The steps are counted, not listed: a new one is covered by being there."""
    everything = lot.shelf.contents()
    names = lot.shelf.names()
    crash = CrashAt()
    service = lot.shelf.stage(database, step=crash)
    ends: Counter[int] = Counter()
    step = 0
    while True:
        step += 1
        crash.after(step)
        try:
            assert (await service.stage_groups(lot.groups, who=ME)).refused == ()
        except Crash:
            crash.never()
        else:
            break
        when = f"crashed at step {step}"
        assert lot.shelf.contents() == everything, when
        assert set(lot.held) <= set(lot.listed), when
        await service.recover()
        assert await service.recover() == [], when
        assert lot.shelf.contents() == everything, when
        assert lot.listed == lot.held, when
        staged = [row.id for row in await service.pending()]
        assert len(staged) == len(lot.held), when
        ends[len(staged)] += 1
        assert (await service.restore(staged, who=ME)).refused == ()
        assert lot.shelf.names() == names, when
    crash.never()
    assert len(lot.held) == FILMS
    assert step > 4 * FILMS
    assert set(ends) > {0, FILMS}, "some crashes left the lot half done"
