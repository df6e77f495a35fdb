"""Random lives of a small library: two people stage, restore, approve, purge, undo, crash, and one meddles.

After every step: no content is gone that nobody purged or deleted by hand, a healthy copy
is still there, journal, inventory and disk say the same, and each undo took back the newest
act on its file, and that act was the person's own. `make soak` runs a thousand
long lives instead of the twelve short ones.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import tempfile
import threading
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from mediavault_tui.domain.model import FileId, StagedId
from mediavault_tui.errors import Refused
from mediavault_tui.store.database import Database
from tests.db.shelf import ME, Shelf, contents

COPIES = 4
WHICH = st.integers(0, COPIES - 1)
WHO = st.sampled_from([ME, "ash"])


class Crash(BaseException):
    """The process ends here: nothing of ours catches it, and its connections are gone."""


class CrashAt:
    """Raises at the n-th step from now on, and at each after it, in whatever thread: the process is dead."""

    def __init__(self) -> None:
        self._left: int | None = None
        self._lock = threading.Lock()

    def after(self, steps: int) -> None:
        """Crash at that step; 0: at none."""
        self._left = steps or None

    def never(self) -> None:
        """Live on."""
        self._left = None

    def __call__(self, _name: str) -> None:
        with self._lock:
            if self._left is None:
                return
            self._left -= 1
            if self._left <= 0:
                raise Crash


class Lives(RuleBasedStateMachine):
    """One title in four copies; the database is the test's own and is emptied for each life."""

    runner: asyncio.Runner
    database: Database
    folder: Path
    lived = 0

    def __init__(self) -> None:
        super().__init__()
        Lives.lived += 1
        self.home = Path(tempfile.mkdtemp(dir=self.folder))
        self.crash = CrashAt()
        self.gone: Counter[str] = Counter()
        self.do(self._begin())

    def do(self, work):  # type: ignore[no-untyped-def]  # any coroutine's answer
        return self.runner.run(work)

    async def _begin(self) -> None:
        async with self.database.connection() as conn:
            await conn.execute(
                "truncate media_files, duplicate_groups, duplicate_members, archive_operations,"
                " pending_deletions cascade"
            )
            shelf = Shelf(conn, self.home / "library")
            self.files = [
                await shelf.add(f"{n}/film{n}.mkv", b"copy %d of the film" % n * 50) for n in range(COPIES)
            ]
            for n in range(0, COPIES, 2):
                shelf.write(f"{n}/film{n}.en.srt", b"subtitle %d" % n)
            self.group = await shelf.group(*self.files)
            self.shelf = shelf
            self.stage = shelf.stage(self.database, step=self.crash)
        self.all = contents(self.shelf.root)

    async def _rows(self, query: str, *values: object) -> list:  # type: ignore[type-arg]  # asyncpg's Record
        async with self.database.connection() as conn:
            return await conn.fetch(query, *values)

    def staged(self) -> list[StagedId]:
        return [row.id for row in self.do(self.stage.pending())]

    def perform(self, work) -> None:  # type: ignore[no-untyped-def]
        """Do an act; a refusal of the whole of it is as good an answer as any."""
        try:
            self.do(work)
        except Refused:
            return
        except Crash:
            self.crash.never()
            self.do(self.recover())
        finally:
            self.crash.never()

    async def recover(self) -> None:
        await self.stage.recover()
        assert await self.stage.recover() == []

    @rule(keep=WHICH, crash=st.one_of(st.just(0), st.integers(1, 40)), who=WHO)
    def stage_the_others(self, keep: int, crash: int, who: str) -> None:
        self.crash.after(crash)
        self.perform(self.stage.stage_group(self.group, self.files[keep].id, who=who))

    @rule(keep=WHICH, lose=WHICH, crash=st.one_of(st.just(0), st.integers(1, 18)), who=WHO)
    def stage_one(self, keep: int, lose: int, crash: int, who: str) -> None:
        self.crash.after(crash)
        files = [self.files[lose].id]
        self.perform(self.stage.stage_files(files, keeper=self.files[keep].id, who=who))

    @rule(which=WHICH, rename=st.booleans(), crash=st.one_of(st.just(0), st.integers(1, 18)), who=WHO)
    def restore(self, which: int, rename: bool, crash: int, who: str) -> None:
        if ids := self.staged()[which : which + 2]:
            self.crash.after(crash)
            self.perform(self.stage.restore(ids, who=who, rename=rename))

    @rule(which=WHICH, who=WHO)
    def approve(self, which: int, who: str) -> None:
        if ids := self.staged()[which : which + 1]:
            self.perform(self.stage.approve(ids, who=who))

    @rule()
    def unapprove(self) -> None:
        self.perform(self.stage.unapprove(self.staged(), who=ME))

    @rule(crash=st.one_of(st.just(0), st.integers(1, 12)))
    def purge(self, crash: int) -> None:
        before = contents(self.shelf.root)
        self.crash.after(crash)
        self.perform(self.stage.purge(word="purge", who=ME))
        purged = self.do(self._rows("select content_hash from pending_deletions where state = 'purged'"))
        lost = before - contents(self.shelf.root)
        assert lost.total() <= len(purged) * 2, "more went than what was purged with its sidecar"
        self.gone += lost

    @rule(crash=st.one_of(st.just(0), st.integers(1, 30)), who=WHO)
    def undo(self, crash: int, who: str) -> None:
        self.crash.after(crash)
        self.perform(self.stage.undo(who=who))

    @rule(which=WHICH)
    def somebody_touches_a_file(self, which: int) -> None:
        path = Path(os.fsdecode(self.files[which].raw_path))
        if path.exists():
            os.utime(path, (1, 1))

    @rule(which=WHICH)
    def somebody_puts_a_file_in_the_place(self, which: int) -> None:
        path = Path(os.fsdecode(self.files[which].raw_path))
        if not path.exists():
            path.write_bytes(b"a stranger %d" % which)
            self.all[digest(path)] += 1

    @rule(which=WHICH)
    def somebody_deletes_a_file(self, which: int) -> None:
        """Not the last one; asked here, for a precondition would draw by what threads left after a crash."""
        path = Path(os.fsdecode(self.files[which].raw_path))
        if path.exists() and len(self.present()) > 1:
            self.gone[digest(path)] += 1
            path.unlink()

    @rule(which=WHICH)
    def somebody_empties_the_holding_folder_of_one(self, which: int) -> None:
        found = sorted((self.shelf.root / "duplicates_before_purge").rglob("film*.mkv"))
        if found and len(found) > which:
            self.gone[digest(found[which])] += 1
            found[which].unlink()

    @rule()
    def a_scan_takes_what_it_finds(self) -> None:
        """As a scan does: what is present and unchanged stays, what changed gets its new stamp."""
        self.do(self._rescan())

    async def _rescan(self) -> None:
        for row in await self._rows(
            "select id, path_raw from media_files where state in ('present', 'missing')"
        ):
            found = look(row["path_raw"])
            await self._rows(
                "update media_files set state = $2, inode = coalesce($3, inode),"
                " size_bytes = coalesce($4, size_bytes), modified_ns = coalesce($5, modified_ns),"
                " missing_since = case when $2 = 'missing' then now() end where id = $1",
                row["id"],
                "present" if found else "missing",
                found.st_ino if found else None,
                found.st_size if found else None,
                found.st_mtime_ns if found else None,
            )
        # Its groups are found again: all copies are one title, whatever their bytes.
        await self._rows("update duplicate_groups set state = 'open' where state = 'gone'")

    def present(self) -> list[FileId]:
        """Files that lie where the inventory says they are present."""
        rows = self.do(self._rows("select id, path_raw from media_files where state = 'present'"))
        return [FileId(row["id"]) for row in rows if os.path.lexists(row["path_raw"])]

    @invariant()
    def no_content_is_lost(self) -> None:
        lost = self.all - contents(self.shelf.root) - self.gone
        assert not lost

    @invariant()
    def a_copy_that_was_kept_is_never_taken_away_by_us(self) -> None:
        wrong = self.do(
            self._rows(
                "select k.path, k.state from pending_deletions p join media_files k on k.id = p.keeper_id"
                " where p.state in ('staged', 'approved') and k.state in ('staged', 'purged')"
            )
        )
        assert wrong == []
        assert self.do(self._rows("select 1 from media_files where state in ('present', 'missing')"))

    @invariant()
    def journal_and_disk_say_the_same(self) -> None:
        assert (
            self.do(self._rows("select 1 from archive_operations where state in ('intended', 'moved')")) == []
        )
        rows = self.do(
            self._rows(
                "select f.state, f.path_raw, p.staged_raw, p.original_raw from media_files f"
                " left join pending_deletions p on p.file_id = f.id and p.state in ('staged', 'approved')"
            )
        )
        for row in rows:
            assert (row["state"] == "staged") == (row["staged_raw"] is not None)
            if row["state"] == "staged":
                assert row["path_raw"] == row["staged_raw"]
        listed = {
            folder / str(entry["staged"])
            for folder, entries in self.shelf.manifests().items()
            for entry in entries
        }
        staged = {Path(os.fsdecode(row["staged_raw"])) for row in rows if row["staged_raw"] is not None}
        assert listed == staged
        videos = set((self.shelf.root / "duplicates_before_purge").rglob("*.mkv"))
        assert videos <= staged

    @invariant()
    def an_undo_takes_back_the_newest_act_on_a_file_and_its_own_persons(self) -> None:
        standing: dict[int, list[tuple[int, str]]] = {}
        for act in self.do(
            self._rows(
                "select id, file_id, undoes, requested_by from archive_operations"
                " where state = 'done' and kind <> 'purge' order by id"
            )
        ):
            acts = standing.setdefault(act["file_id"], [])
            if act["undoes"] is None:
                acts.append((act["id"], act["requested_by"]))
            else:
                assert acts.pop() == (act["undoes"], act["requested_by"])

    def teardown(self) -> None:
        shutil.rmtree(self.home)


def look(raw: bytes) -> os.stat_result | None:
    """Look at a path of the inventory; one that gave way to another row is nowhere."""
    return os.lstat(raw) if b"\x00" not in raw and os.path.lexists(raw) else None


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.slow
@pytest.mark.hypothesis  # so that `make soak` finds it
def test_no_life_of_a_library_loses_a_file(database_url: str, tmp_path: Path) -> None:
    soak = settings.get_current_profile_name() == "soak"
    profile = settings(
        max_examples=1000 if soak else 12,
        stateful_step_count=60 if soak else 20,
        deadline=None,
        database=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.generate, Phase.shrink],
    )
    with asyncio.Runner() as runner:
        Lives.runner, Lives.folder = runner, tmp_path
        Lives.database = runner.run(Database.connect(database_url, pool_size=3))
        try:
            run_state_machine_as_test(Lives, settings=profile)
        finally:
            runner.run(Lives.database.close())
    assert Lives.lived >= profile.max_examples, "the lives ended early, which proves little"
