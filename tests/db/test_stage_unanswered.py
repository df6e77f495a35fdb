"""Disks that obey without an answer, or late: a file keeps a name, and the journal is true in the end."""

from __future__ import annotations

import asyncio
import errno
import os
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from mediavault_tui import bootstrap
from mediavault_tui.cli.app import _Door
from mediavault_tui.domain.library import ActResult
from mediavault_tui.domain.renaming import PRESETS
from mediavault_tui.domain.world import Title, TitleKind
from mediavault_tui.errors import DatabaseDown
from mediavault_tui.services.renaming.rename import Renaming
from mediavault_tui.services.staging import hold as stage_hold
from mediavault_tui.services.staging.moves import Step, no_step
from mediavault_tui.services.staging.waves import AT_ONCE, at_once
from mediavault_tui.settings import Secret, Settings
from mediavault_tui.sources.local import rename as local_rename
from mediavault_tui.sources.local.source import LocalSource, partial_name
from mediavault_tui.store import metadata
from mediavault_tui.store.database import Connection, Database
from mediavault_tui.store.metadata import FoundMatch
from tests.db.shelf import ME, Shelf

KEPT, FILM = b"the kept film" * 900, b"the other film" * 800
HEAT = Title(TitleKind.MOVIE, 949, "Heat", year=1995)
VERBS = ["stage", "restore", "rename"]


class Crash(BaseException):
    """Ends an act where it stands."""


def crash_at(step: str) -> Step:
    """Return what crashes there."""

    def crash(name: str) -> None:
        if name == step:
            raise Crash

    return crash


class Stand:
    """A film in two copies, the second with a sidecar; acts on it, and what the journal says of them."""

    def __init__(self, conn: Connection, database: Database, shelf: Shelf) -> None:
        self.conn, self.database, self.shelf = conn, database, shelf

    async def set_up(self, verb: str = "stage") -> None:
        self.keeper = await self.shelf.add("kept/Film.mkv", KEPT)
        self.loser = await self.shelf.add("films/film.mkv", FILM)
        self.shelf.write("films/film.srt", b"subtitles")
        self.group = await self.shelf.group(self.keeper, self.loser)
        if verb == "rename":
            await metadata.put_titles(self.conn, [HEAT])
            match = FoundMatch(self.loser.id, "x", "sure", HEAT.key, confidence=100)
            await metadata.put_matches(self.conn, [match])
        if verb in ("restore", "purge"):
            service = self.shelf.stage(self.database)
            done = (await service.stage_group(self.group, self.keeper.id, who=ME)).done
            await service.approve(done, who=ME)
        self.film = await self.where()
        self.everything = self.shelf.contents()

    async def where(self) -> Path:
        """Return where the inventory has the film."""
        path = await self.conn.fetchval("select path_raw from media_files where id = $1", self.loser.id)
        return Path(os.fsdecode(path))

    async def act(self, verb: str, *, step: Step = no_step) -> tuple[str, ...]:
        """Do it; what was refused."""
        if verb == "rename":
            service = Renaming(self.database, LocalSource(), step=step)
            planned = await service.preview(PRESETS["plex"], [self.loser.id])
            return (await service.rename(planned, who=ME)).refused
        stage = self.shelf.stage(self.database, step=step)
        if verb == "stage":
            return (await stage.stage_group(self.group, self.keeper.id, who=ME)).refused
        if verb == "purge":
            return (await stage.purge(word="purge", who=ME)).refused
        return (await stage.restore([row.id for row in await stage.pending()], who=ME)).refused

    async def journal(self) -> str:
        """Return the newest act."""
        row = await self.conn.fetchrow("select kind, state from archive_operations order by id desc limit 1")
        assert row is not None
        return f"{row['kind']} {row['state']}"

    def is_whole(self) -> None:
        """Check that every content is there, once."""
        assert self.shelf.contents() == self.everything


@pytest.fixture
async def here(conn: Connection, database: Database, tmp_path: Path) -> Stand:
    return Stand(conn, database, Shelf(conn, tmp_path / "library"))


@pytest.fixture
async def between(conn: Connection, database: Database, tmp_path: Path, other_volume: Path) -> Stand:
    return Stand(conn, database, Shelf(conn, tmp_path / "library", other_volume / "held"))


def unanswered(patch: pytest.MonkeyPatch, film: Path, code: int, *, obeys: bool) -> None:
    """Have renames go by links, as over NFS, and the removal of the film's name end without an answer."""
    unlink = os.unlink

    def failing(path: bytes) -> None:
        if path != os.fsencode(film) or obeys:
            unlink(path)
        if path == os.fsencode(film):
            raise OSError(code, os.strerror(code))

    patch.setattr(local_rename, "_EXCLUSIVE", None)
    patch.setattr(os, "unlink", failing)


@pytest.mark.parametrize("code", [errno.ENOENT, errno.EIO, errno.ETIMEDOUT])
@pytest.mark.parametrize("verb", VERBS)
async def test_a_rename_whose_answer_is_lost_loses_no_file_and_the_next_start_finishes_it(
    here: Stand, monkeypatch: pytest.MonkeyPatch, verb: str, code: int
) -> None:
    await here.set_up(verb)
    with monkeypatch.context() as patch:
        unanswered(patch, here.film, code, obeys=True)
        refused = await here.act(verb)
    here.is_whole()
    if code == errno.ENOENT:
        assert refused == ()
    else:
        assert "The next start" in refused[0]
        (sentence,) = await here.shelf.stage(here.database).recover()
        assert "was finished" in sentence
    here.is_whole()
    assert await here.journal() == f"{verb} done"
    assert (await here.where()).read_bytes() == FILM
    assert await here.where() != here.film


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize(("verb", "volumes"), [*((verb, 1) for verb in VERBS), ("stage", 2), ("restore", 2)])
async def test_a_removal_that_may_still_be_made_takes_no_last_name(
    here: Stand, between: Stand, monkeypatch: pytest.MonkeyPatch, verb: str, volumes: int, late: bool
) -> None:
    """A server that hangs may remove the source long after we were told that it did not answer."""
    stand = here if volumes == 1 else between
    await stand.set_up(verb)
    with monkeypatch.context() as patch:
        unanswered(patch, stand.film, errno.ETIMEDOUT, obeys=False)
        refused = await stand.act(verb)
        assert "The next start" in refused[0]
    assert stand.shelf.contents() - stand.everything, "both names are left"
    if late:
        stand.film.unlink()
        stand.is_whole()
    (sentence,) = await stand.shelf.stage(stand.database).recover()
    assert "was finished" in sentence
    stand.is_whole()
    assert await stand.journal() == f"{verb} done"
    assert (await stand.where()).read_bytes() == FILM
    assert not stand.film.exists()


async def test_a_removal_that_a_recovery_asked_for_may_still_be_made(
    between: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    await between.set_up()
    with pytest.raises(Crash):
        await between.act("stage", step=crash_at("copy named"))
    service = between.shelf.stage(between.database)
    with monkeypatch.context() as patch:
        unanswered(patch, between.film, errno.ETIMEDOUT, obeys=False)
        for _ in range(2):
            (sentence,) = await service.recover()
            assert "cannot be finished now" in sentence
    between.film.unlink()
    between.is_whole()
    (sentence,) = await service.recover()
    assert "was finished" in sentence
    between.is_whole()
    assert await between.journal() == "stage done"


@pytest.mark.parametrize("late", [False, True])
async def test_a_deletion_that_may_still_be_made_is_not_called_failed(
    here: Stand, monkeypatch: pytest.MonkeyPatch, late: bool
) -> None:
    await here.set_up("purge")
    with monkeypatch.context() as patch:
        unanswered(patch, here.film, errno.ETIMEDOUT, obeys=False)
        (refused,) = await here.act("purge")
    assert "The next start finds out" in refused
    here.is_whole()
    if late:
        here.film.unlink()
    (sentence,) = await here.shelf.stage(here.database).recover()
    assert ("was finished" if late else "had not begun") in sentence
    assert await here.journal() == ("purge done" if late else "purge undone")
    assert here.film.exists() != late


# The server is back, and the program still runs.


@pytest.mark.parametrize(
    ("verb", "obeyed"),
    [("stage", True), ("stage", False), ("restore", True), ("restore", False), ("purge", False)],
)
async def test_the_same_key_again_takes_up_what_a_lost_answer_left_open(
    here: Stand, monkeypatch: pytest.MonkeyPatch, verb: str, obeyed: bool
) -> None:
    await here.set_up(verb)
    service = here.shelf.stage(here.database)
    ids = [row.id for row in await service.pending()]

    async def act() -> ActResult:
        if verb == "stage":
            return await service.stage_files([here.loser.id], keeper=here.keeper.id, who=ME)
        if verb == "purge":
            return await service.purge(word="purge", who=ME, staged=ids)
        return await service.restore(ids, who=ME)

    with monkeypatch.context() as patch:
        unanswered(patch, here.film, errno.ETIMEDOUT, obeys=obeyed)
        assert "next start" in (await act()).refused[0]
    if not obeyed:
        again = await act()
        assert "it is not known yet whether" in again.refused[0], "the removal may still be made"
        assert await here.journal() in (f"{verb} intended", f"{verb} moved")
        assert not here.everything - here.shelf.contents()
        here.film.unlink()
    again = await act()
    assert "was finished" in again.refused[0]
    assert len(again.refused) == 1
    assert await here.journal() == f"{verb} done"
    assert await service.recover() == []
    if verb != "purge":
        here.is_whole()
    assert not here.film.exists()


async def test_what_hangs_is_not_taken_up_by_the_next_act_of_the_same_program(
    here: Stand, hanging: Callable[[str], Hanging]
) -> None:
    """Though the database has lost its locks: a thread may be in the very rename."""
    await here.set_up("restore")
    hung = hanging("leg checked")
    service = here.shelf.stage(here.database, step=hung)
    ids = [row.id for row in await service.pending()]
    acting = asyncio.ensure_future(service.restore(ids, who=ME))
    await asyncio.wait_for(hung.reached.wait(), 60)
    await lose_locks(here.conn)
    again = await service.restore(ids, who=ME)
    assert "is not finished yet" in again.refused[0]
    assert await here.journal() == "restore intended"
    hung.let_go_on()
    with pytest.raises(DatabaseDown):
        await acting
    assert "was undone" in (await service.restore(ids, who=ME)).refused[0]
    here.is_whole()
    assert await here.journal() == "restore done"


async def test_a_copy_that_is_replaced_before_it_has_its_name_removes_no_source(between: Stand) -> None:
    await between.set_up()
    looked = between.film.stat()

    def replace(name: str) -> None:
        if name == "copy journalled":
            assert between.shelf.holding is not None
            (part,) = between.shelf.holding.rglob(".mediavault-*.part")
            other = part.with_name("other")
            other.write_bytes(b"X" * looked.st_size)
            os.utime(other, ns=(looked.st_atime_ns, looked.st_mtime_ns))
            other.rename(part)

    (refused,) = await between.act("stage", step=replace)
    assert "is not the copy" in refused
    assert between.film.read_bytes() == FILM
    assert await between.journal() == "stage undone"


@pytest.mark.parametrize("part", ["copy", "partial copy"])
@pytest.mark.parametrize("own", [True, False])
async def test_of_the_parts_that_older_versions_left_only_our_own_are_swept_away(
    between: Stand, own: bool, part: str
) -> None:
    """Their names had nothing of the database in them: a stranger's act of that number has the same."""
    await between.set_up()
    with pytest.raises(Crash):
        await between.act("stage", step=crash_at("copy journalled"))
    act = await between.conn.fetchval("select max(id) from archive_operations")
    assert between.shelf.holding is not None
    (now,) = between.shelf.holding.rglob(".mediavault-*.part")
    old = now.with_name(f".mediavault-{act}-0.part")
    if part == "partial copy":
        old = Path(os.fsdecode(partial_name(os.fsencode(old))))
    content = FILM if own else b"a stranger's film" * 800
    old.write_bytes(content if part == "copy" else content[:5000])
    (sentence,) = await between.shelf.stage(between.database).recover()
    assert "was undone" in sentence
    assert not now.exists()
    assert old.exists() != own
    old.unlink(missing_ok=True)
    between.is_whole()


class Hanging:
    """A disk that hangs at a step until it is let go on, in threads of which the end can be awaited."""

    def __init__(self, at: str) -> None:
        self._at = at
        self._loop = asyncio.get_running_loop()
        self._threads = ThreadPoolExecutor()
        self._loop.set_default_executor(self._threads)
        self._go_on = threading.Event()
        self.reached = asyncio.Event()

    def __call__(self, name: str) -> None:
        if name == self._at:
            self._loop.call_soon_threadsafe(self.reached.set)
            self.wait()

    def wait(self) -> None:
        """Hang with it."""
        assert self._go_on.wait(60)

    def let_go_on(self) -> None:
        """Have the disk answer, and wait until nobody is left who heard it."""
        self._go_on.set()
        self._threads.shutdown()
        self._loop.set_default_executor(ThreadPoolExecutor())


@pytest.fixture
async def hanging() -> AsyncIterator[Callable[[str], Hanging]]:
    made: list[Hanging] = []

    def hang(at: str) -> Hanging:
        made.append(Hanging(at))
        return made[-1]

    yield hang
    for each in made:
        each.let_go_on()


def lives(process: int) -> bool:
    """Return whether there is such a process."""
    return os.path.exists(f"/proc/{process}")


async def left(acting: Awaitable[object], hung: Hanging) -> None:
    """Leave as the program does at its end, when the act hangs."""
    task = asyncio.ensure_future(acting)
    others = asyncio.all_tasks() - {task}
    await asyncio.wait_for(hung.reached.wait(), 60)
    leaving = asyncio.all_tasks() - others
    for each in leaving:
        each.cancel()
    await asyncio.wait(leaving)
    assert task.cancelled()


@pytest.mark.parametrize(
    ("verb", "at"),
    [
        *((verb, "last look") for verb in ("stage", "restore", "purge")),
        *((verb, "leg checked") for verb in VERBS),
        ("purge", "removal checked"),
    ],
)
async def test_an_act_that_was_left_while_its_disk_hung_does_nothing_when_that_answers(
    here: Stand, hanging: Callable[[str], Hanging], verb: str, at: str
) -> None:
    await here.set_up(verb)
    hung = hanging(at)
    await left(here.act(verb, step=hung), hung)
    (sentence,) = await here.shelf.stage(here.database).recover()
    assert "was undone" in sentence or "had not begun" in sentence
    hung.let_go_on()
    here.is_whole()
    assert here.film.read_bytes() == FILM
    assert await here.journal() == f"{verb} undone"


@pytest.mark.parametrize("patient", [False, True])
async def test_the_app_waits_a_little_for_its_acts_and_then_lets_go_of_them(
    here: Stand,
    hanging: Callable[[str], Hanging],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    patient: bool,
) -> None:
    await here.set_up()
    hung = hanging("leg checked")
    monkeypatch.setattr(stage_hold, "LEAVE_WITHIN", 60 if patient else 0.2)
    monkeypatch.setattr(bootstrap, "stage", partial(bootstrap.stage, step=hung))
    door = _Door(Settings(database_url=Secret(here.database.url), data_dir=tmp_path / "data"))
    acting = asyncio.ensure_future((await door()).stage_group(here.group, here.keeper.id))
    await asyncio.wait_for(hung.reached.wait(), 60)
    acting.cancel()  # as the app's workers are, when it ends
    if patient:
        closing = asyncio.ensure_future(door.close())
        await asyncio.sleep(0)
        hung.let_go_on()
        await closing
        assert await here.journal() == "stage done"
        return
    await door.close()
    (sentence,) = await here.shelf.stage(here.database).recover()
    assert "was undone" in sentence
    hung.let_go_on()
    here.is_whole()
    assert here.film.read_bytes() == FILM


async def lose_locks(conn: Connection) -> None:
    """Have the database end the one session that holds acts' locks."""
    ended = await conn.fetch(
        "select pid from (select distinct pid from pg_locks where locktype = 'advisory' and database ="
        " (select oid from pg_database where datname = current_database())) l where pg_terminate_backend(pid)"
    )
    assert len(ended) == 1
    while lives(ended[0]["pid"]):  # noqa: ASYNC110 - the system tells nobody
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("verb", [*VERBS, "purge"])
async def test_an_act_whose_locks_the_database_lost_does_nothing_when_its_disk_answers(
    here: Stand, hanging: Callable[[str], Hanging], verb: str
) -> None:
    await here.set_up(verb)
    hung = hanging("removal checked" if verb == "purge" else "leg checked")
    acting = asyncio.ensure_future(here.act(verb, step=hung))
    await asyncio.wait_for(hung.reached.wait(), 60)
    await lose_locks(here.conn)
    (sentence,) = await here.shelf.stage(here.database).recover()
    assert "was undone" in sentence or "had not begun" in sentence
    hung.let_go_on()
    with pytest.raises(DatabaseDown):
        await acting
    here.is_whole()
    assert here.film.read_bytes() == FILM
    assert await here.journal() == f"{verb} undone"


async def test_nothing_more_of_a_wave_begins_once_it_was_left(hanging: Callable[[str], Hanging]) -> None:
    hung, begun = hanging("look"), list[int]()

    def act(number: int) -> None:
        begun.append(number)
        if len(begun) == AT_ONCE:
            hung("look")
        else:
            hung.wait()

    await left(at_once(act, range(3 * AT_ONCE)), hung)
    hung.let_go_on()
    assert sorted(begun) == list(range(AT_ONCE))


@pytest.mark.parametrize("verb", ["stage", "restore"])
async def test_a_copy_that_was_left_while_its_disk_hung_removes_no_source(
    between: Stand, hanging: Callable[[str], Hanging], verb: str
) -> None:
    await between.set_up(verb)
    hung = hanging("source checked")
    await left(between.act(verb, step=hung), hung)
    (between.shelf.root / "kept/Film.mkv").write_bytes(b"the kept copy is safe no more")
    (sentence,) = await between.shelf.stage(between.database).recover()
    assert ("was undone" if verb == "stage" else "was finished") in sentence
    hung.let_go_on()
    assert (await between.where()).read_bytes() == FILM
    assert len([path for path in between.shelf.names() if path.endswith("film.mkv")]) == 1
