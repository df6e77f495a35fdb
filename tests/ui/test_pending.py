"""Pending by keyboard."""

from __future__ import annotations

from textual.widgets import Input, Static

from mediavault_tui.domain.model import StagedId
from mediavault_tui.ui.dialogs import TypedWord
from mediavault_tui.ui.screens.pending import PendingScreen
from mediavault_tui.ui.widgets.listing import Listing
from tests.ui.fakes import FakeVault
from tests.ui.harness import NARROW, app_on, keys, until


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
    assert vault.acts == [("purge", "purge")]


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
        await keys("3", "P")(pilot)
        await until(pilot, lambda: bool(app._notifications))
        assert not app.screen.query(Input).filter("#word")


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
