"""Pending by keyboard."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from textual.widgets import Input, Static

from mediavault_tui.domain.library import ActResult, StagedFile, StagedState
from mediavault_tui.domain.model import StagedId
from mediavault_tui.domain.purging import PurgeForecast, RecycleBin
from mediavault_tui.errors import Refused
from mediavault_tui.ui.dialogs import Confirm, Trouble, TypedWord
from mediavault_tui.ui.screens.pending import PendingScreen
from mediavault_tui.ui.widgets.listing import Listing
from tests.ui.fakes import FakeVault, staged
from tests.ui.harness import NARROW, WIDE, app_on, keys, settle, shown, until


async def test_r_restores_the_row_under_the_cursor() -> None:
    vault = FakeVault()
    app = app_on(vault)
    async with app.run_test(size=NARROW) as pilot:
        await keys("3", "r")(pilot)
        await until(pilot, lambda: bool(vault.acts))
    assert vault.acts == [("restore", [StagedId(1)])]


async def test_a_approves_what_is_marked() -> None:
    vault = FakeVault()
    app = app_on(vault)
    async with app.run_test(size=NARROW) as pilot:
        await keys("3", "space", "end", "space", "home", "a")(pilot)
        await until(pilot, lambda: bool(vault.acts))
    assert vault.acts == [("approve", [StagedId(1), StagedId(7)])]


async def test_a_on_an_approved_file_takes_the_approval_back() -> None:
    vault = FakeVault()
    app = app_on(vault)
    async with app.run_test(size=NARROW) as pilot:
        await keys("3", "down", "a")(pilot)
        await until(pilot, lambda: bool(vault.acts))
    assert vault.acts == [("unapprove", [StagedId(2)])]


async def test_a_decides_by_what_is_marked_and_not_by_the_cursor() -> None:
    vault = FakeVault()
    app = app_on(vault)
    async with app.run_test(size=NARROW) as pilot:
        await keys("3", "space", "end", "space", "home", "down", "a")(pilot)
        await until(pilot, lambda: bool(vault.acts))
    assert vault.acts == [("approve", [StagedId(1), StagedId(7)])]


async def test_a_approves_of_the_marked_what_is_not_approved_yet() -> None:
    vault = FakeVault()
    app = app_on(vault)
    async with app.run_test(size=NARROW) as pilot:
        await keys("3", "i", "down", "a")(pilot)
        await until(pilot, lambda: bool(vault.acts))
    assert vault.acts == [("approve", [StagedId(1), StagedId(7)])]


async def test_a_takes_back_where_all_that_is_marked_is_approved() -> None:
    vault = FakeVault()
    app = app_on(vault)
    async with app.run_test(size=NARROW) as pilot:
        await keys("3", "down", "space", "space", "home", "a")(pilot)
        await until(pilot, lambda: bool(vault.acts))
    assert vault.acts == [("unapprove", [StagedId(2), StagedId(4)])]


async def test_a_that_fails_says_what_was_not_done() -> None:
    class Refusing(FakeVault):
        async def unapprove(self, staged: Sequence[StagedId]) -> ActResult:
            raise Refused("no")

    app = app_on(Refusing())
    async with app.run_test(size=NARROW) as pilot:
        await keys("3", "down", "a")(pilot)
        await until(pilot, lambda: isinstance(app.screen, Trouble))
        assert app.screen.query_one("#frame").border_title == "No approval was taken back"


async def test_purge_wants_the_whole_word() -> None:
    vault = FakeVault()
    app = app_on(vault)
    async with app.run_test(size=NARROW) as pilot:
        await keys("3", "P")(pilot)
        await until(pilot, lambda: isinstance(app.screen, TypedWord))
        await keys("p", "u", "r", "g", "enter")(pilot)
        assert isinstance(app.screen, TypedWord)
        assert vault.acts == []
        await keys("e", "enter")(pilot)
        await until(pilot, lambda: bool(vault.acts))
    assert vault.acts == [("purge", [StagedId(2), StagedId(4)])]


async def test_with_marks_a_purge_takes_only_what_of_them_is_approved_and_due_and_says_so() -> None:
    vault = FakeVault()
    app = app_on(vault)
    async with app.run_test(size=NARROW) as pilot:
        await keys("3", "space", "space", "P")(pilot)
        await until(pilot, lambda: isinstance(app.screen, TypedWord))
        assert isinstance(app.screen, TypedWord)
        assert app.screen.query_one("#frame").border_title == "Purge what is marked?"
        assert app.screen.lines[:2] == [
            "1 of the 2 marked files will be deleted for good.",
            "1 marked file is not approved and stays.",
        ]
        assert app.screen.lines[-2:] == ["", vault.pending_files[1].original]
        await keys(*"purge", "enter")(pilot)
        await until(pilot, lambda: bool(vault.acts))
        await settle(pilot)
        line = str(app.screen.query_one("#forecast", Static).content)
        assert line == "2 files approved · purging frees 16.2 GB", "that tells of all, marked or not"
    assert vault.acts == [("purge", [StagedId(2)])]


async def test_where_nothing_marked_is_approved_no_word_is_asked() -> None:
    vault = FakeVault()
    app = app_on(vault)
    async with app.run_test(size=NARROW) as pilot:
        await keys("3", "space", "P")(pilot)
        await until(pilot, lambda: bool(app._notifications))
        (said,) = app._notifications
        assert said.message.startswith("Nothing that is marked is approved.")
        assert isinstance(app.screen, PendingScreen)
    assert vault.acts == []


async def test_the_key_pressed_twice_asks_once() -> None:
    class Slow(FakeVault):
        looked_through = asyncio.Event()

        async def forecast(self, staged: Sequence[StagedId] | None = None) -> PurgeForecast:
            await self.looked_through.wait()
            return await super().forecast(staged)

    vault = Slow()
    app = app_on(vault)
    async with app.run_test(size=NARROW) as pilot:
        await pilot.press("3")
        await until(pilot, lambda: app.screen.query_one("#rows", Listing).window.total == 4)
        await pilot.press("P", "P")
        vault.looked_through.set()
        await until(pilot, lambda: isinstance(app.screen, TypedWord))
        await settle(pilot)
        assert sum(isinstance(screen, TypedWord) for screen in app.screen_stack) == 1
        await keys("escape", "P")(pilot)
        await until(pilot, lambda: isinstance(app.screen, TypedWord))


async def test_what_is_approved_while_the_word_is_typed_is_not_purged() -> None:
    vault = FakeVault()
    app = app_on(vault)
    async with app.run_test(size=NARROW) as pilot:
        await keys("3", "P")(pilot)
        await until(pilot, lambda: isinstance(app.screen, TypedWord))
        vault.pending_files = [replace(f, state=StagedState.APPROVED) for f in vault.pending_files]
        await keys(*"purge", "enter")(pilot)
        await until(pilot, lambda: bool(vault.acts))
    assert vault.acts == [("purge", [StagedId(2), StagedId(4)])]


async def test_the_oldest_approved_file_is_named_however_many_are_pending() -> None:
    vault = FakeVault()
    (old,) = (f for f in vault.pending_files if f.id == 4)
    vault.pending_files = [staged(number, days=0) for number in range(100, 2600)] + [old]
    app = app_on(vault)
    async with app.run_test(size=NARROW) as pilot:
        await keys("3", "P")(pilot)
        await until(pilot, lambda: isinstance(app.screen, TypedWord))
        assert isinstance(app.screen, TypedWord)
        assert app.screen.lines[-2:] == ["", old.original]


async def test_files_beyond_those_that_are_named_are_counted() -> None:
    vault = FakeVault()
    vault.pending_files = [staged(n, days=0, state=StagedState.APPROVED) for n in range(100, 330)]
    app = app_on(vault)
    async with app.run_test(size=NARROW) as pilot:
        await keys("3", "P")(pilot)
        await until(pilot, lambda: isinstance(app.screen, TypedWord))
        assert isinstance(app.screen, TypedWord)
        names = app.screen.lines[app.screen.lines.index("") + 1 :]
        assert (len(names), names[-1]) == (201, "… and 30 more files")


async def test_files_that_are_held_for_longer_are_told_and_stay() -> None:
    vault = FakeVault()
    vault.hold = timedelta(days=5, hours=-5)
    app = app_on(vault)
    async with app.run_test(size=NARROW) as pilot:
        await keys("3")(pilot)
        line = str(app.screen.query_one("#forecast", Static).content)
        assert line == "2 files approved · purging 1 frees 0 B · 1 held until 2026-03-18"
        await keys("P")(pilot)
        await until(pilot, lambda: isinstance(app.screen, TypedWord))
        assert isinstance(app.screen, TypedWord)
        assert app.screen.lines[0] == "1 file will be deleted for good."
        assert app.screen.lines[2] == (
            "1 approved file is held until 2026-03-18 (PENDING_DELETION_RETENTION_DAYS); it stays."
        )
        await keys(*"purge", "enter")(pilot)
        await until(pilot, lambda: bool(vault.acts))
    assert vault.acts == [("purge", [StagedId(4)])]


async def test_where_nothing_is_due_no_word_is_asked_and_the_way_is_told() -> None:
    vault = FakeVault()
    vault.hold = timedelta(days=30, hours=-5)
    app = app_on(vault)
    async with app.run_test(size=NARROW) as pilot:
        await keys("3", "P")(pilot)
        await until(pilot, lambda: bool(app._notifications))
        (said,) = app._notifications
        assert "2 approved files are held until 2026-04-04 to 2026-04-12" in said.message
        assert "`mediavault purge --early`" in said.message
        assert isinstance(app.screen, PendingScreen)
    assert vault.acts == []


async def test_a_share_with_a_recycle_bin_is_said_to_free_nothing_yet() -> None:
    class OnShares(FakeVault):
        async def forecast(self, staged: Sequence[StagedId] | None = None) -> PurgeForecast:
            bins = (RecycleBin("nas:0", seen=True), RecycleBin("nas:1", seen=False))
            return replace(await super().forecast(staged), bins=bins, unreachable=(("nas:2", 3),))

    app = app_on(OnShares())
    async with app.run_test(size=WIDE) as pilot:
        await keys("3")(pilot)
        line = str(app.screen.query_one("#forecast", Static).content)
        assert line == "2 files approved · purging frees at most 16.2 GB · nas:2 does not answer"
        await keys("P")(pilot)
        await until(pilot, lambda: isinstance(app.screen, TypedWord))
        assert isinstance(app.screen, TypedWord)
        sure = "goes into its recycle bin (#recycle) first and frees nothing until that is emptied."
        assert app.screen.lines[1:5] == [
            "At most 16.2 GB are freed. This cannot be undone.",
            "nas:2 cannot be reached now: what its 3 files free is not known.",
            f"What is on nas:0 {sure}",
            "What is on nas:1 may go into its recycle bin first and frees nothing until that is emptied.",
        ]


async def test_the_rows_do_not_wait_for_the_forecast() -> None:
    class Slow(FakeVault):
        looked_through = asyncio.Event()
        read = 0

        async def pending(
            self, *, limit: int = 200, after: StagedFile | None = None, text: str = "", inverse: bool = False
        ) -> Sequence[StagedFile]:
            self.read += 1
            return await super().pending(limit=limit, after=after, text=text, inverse=inverse)

        async def forecast(self, staged: Sequence[StagedId] | None = None) -> PurgeForecast:
            found = await super().forecast(staged)
            await self.looked_through.wait()
            return found

    vault = Slow()
    app = app_on(vault)
    async with app.run_test(size=NARROW) as pilot:
        await pilot.press("3")
        await until(pilot, lambda: app.screen.query_one("#rows", Listing).window.total == 4)
        line = app.screen.query_one("#forecast", Static)
        await until(pilot, lambda: str(line.content).endswith("looking what that frees…"))
        read = vault.read
        app.changed.publish("files:changed")
        await until(pilot, lambda: vault.read > read)
        await pilot.pause()
        vault.looked_through.set()
        await settle(pilot)
        assert (str(line.content), vault.looked) == ("2 files approved · purging frees 16.2 GB", 1)


async def test_the_disks_are_asked_again_only_where_other_files_would_go() -> None:
    vault = FakeVault()
    app = app_on(vault)
    async with app.run_test(size=NARROW) as pilot:
        await keys("3", "r")(pilot)
        await until(pilot, lambda: bool(vault.acts))
        await settle(pilot)
        assert vault.looked == 1
        for files, looked in ((3, 1), (2, 2)):
            vault.pending_files = vault.pending_files[:files]
            app.changed.publish("files:changed")
            await settle(pilot)
            assert vault.looked == looked
        await keys("f5")(pilot)
        assert vault.looked == 3


async def test_no_message_lies_over_a_question() -> None:
    app = app_on(FakeVault())
    async with app.run_test(size=NARROW) as pilot:
        await keys("3")(pilot)
        app.notify("1 file approved", timeout=600)
        await keys("P")(pilot)
        await until(pilot, lambda: isinstance(app.screen, TypedWord))
        await until(pilot, lambda: not app._notifications)


async def test_escape_leaves_the_purge() -> None:
    vault = FakeVault()
    app = app_on(vault)
    async with app.run_test(size=NARROW) as pilot:
        await keys("3", "P")(pilot)
        await until(pilot, lambda: isinstance(app.screen, TypedWord))
        await keys("p", "escape")(pilot)
        assert isinstance(app.screen, PendingScreen)
    assert vault.acts == []


async def test_with_nothing_approved_no_word_is_asked() -> None:
    vault = FakeVault()
    vault.pending_files = vault.pending_files[:1]
    app = app_on(vault)
    async with app.run_test(size=NARROW) as pilot:
        await keys("3")(pilot)
        looked = vault.looked
        await keys("P")(pilot)
        await until(pilot, lambda: bool(app._notifications))
        assert not app.screen.query(Input).filter("#word")
        assert vault.looked == looked


async def test_p_twice_asks_once() -> None:
    class Slow(FakeVault):
        def __init__(self) -> None:
            super().__init__()
            self.look = asyncio.Event()

        async def forecast(self) -> PurgeForecast:
            await self.look.wait()
            return await super().forecast()

    vault = Slow()
    app = app_on(vault)
    async with app.run_test(size=NARROW) as pilot:
        await pilot.press("3")
        await until(pilot, lambda: isinstance(app.screen, PendingScreen))
        await until(pilot, lambda: app.screen.query_one("#rows", Listing).window.total > 0)
        await pilot.press("P", "P")
        vault.look.set()
        await until(pilot, lambda: isinstance(app.screen, TypedWord))
        await settle(pilot)
        assert len(app.screen_stack) == 2
        await keys("escape", "P")(pilot)
        await until(pilot, lambda: isinstance(app.screen, TypedWord))


async def test_what_to_press_is_named_by_the_key_that_works() -> None:
    vault = FakeVault()
    vault.pending_files = vault.pending_files[:1]
    app = app_on(vault, remapped={"pending.approve": "A"})
    async with app.run_test(size=NARROW) as pilot:
        await keys("3", "P")(pilot)
        await until(pilot, lambda: bool(app._notifications))
        assert [n.message for n in app._notifications] == [
            "Nothing is approved. Approve what may go with A, then purge."
        ]


async def test_q_asks_while_files_are_moved() -> None:
    class Slow(FakeVault):
        async def restore(self, staged: Sequence[StagedId]) -> ActResult:
            return await asyncio.Future()

    app = app_on(Slow())
    async with app.run_test(size=NARROW) as pilot:
        await keys("3", "r", "q")(pilot)
        assert isinstance(app.screen, Confirm)
        assert "An act is under way." in shown(app)
        await pilot.press("y")
        await until(pilot, lambda: app._exit)


async def test_the_forecast_counts_only_bytes_that_are_really_freed() -> None:
    app = app_on()
    async with app.run_test(size=NARROW) as pilot:
        await keys("3")(pilot)
        line = str(app.screen.query_one("#forecast", Static).content)
    assert line == "2 files approved · purging frees 16.2 GB"


async def test_invert_and_range_mark() -> None:
    app = app_on()
    async with app.run_test(size=NARROW) as pilot:
        await keys("3", "v", "down", "v")(pilot)
        listing = app.screen.query_one("#rows", Listing)
        assert listing.marks == {1, 2}
        await keys("i")(pilot)
        assert listing.marks == {4, 7}


async def test_a_filter_finds_a_path() -> None:
    app = app_on()
    async with app.run_test(size=NARROW) as pilot:
        await keys("3", "slash", "b", "o", "o", "t", "enter")(pilot)
        await until(pilot, lambda: app.screen.query_one("#rows", Listing).window.total == 1)
        await keys("escape")(pilot)
        await until(pilot, lambda: app.screen.query_one("#rows", Listing).window.total == 4)


async def test_an_empty_holding_folder_says_where_to_go() -> None:
    vault = FakeVault()
    vault.pending_files = []
    app = app_on(vault)
    async with app.run_test(size=NARROW) as pilot:
        await keys("3")(pilot)
        assert "Press 2" in app.screen.query_one("#rows", Listing).empty


async def test_nothing_is_moved_read_only() -> None:
    vault = FakeVault()
    app = app_on(vault, read_only=True)
    async with app.run_test(size=NARROW) as pilot:
        await keys("3", "r", "a", "P")(pilot)
        assert isinstance(app.screen, PendingScreen)
    assert vault.acts == []


async def test_a_turned_filter_shows_all_others() -> None:
    vault = FakeVault()
    app = app_on(vault)
    async with app.run_test(size=WIDE) as pilot:
        name = vault.pending_files[0].original.rpartition("/")[2].split(" ")[0]
        await keys("3", "slash", "exclamation_mark", *name, "enter")(pilot)
        listing = app.screen.query_one("#rows", Listing)
        rows = [listing.window.row(index) for index in range(listing.window.total)]
    assert [row.id for row in rows if row] == [f.id for f in vault.pending_files if name not in f.original]
    assert 0 < len(rows) < len(vault.pending_files)


async def test_c_copies_where_a_file_is_held() -> None:
    vault = FakeVault()
    app = app_on(vault)
    async with app.run_test(size=NARROW) as pilot:
        await keys("3", "down", "c")(pilot)
        assert app.clipboard == vault.pending_files[1].staged
