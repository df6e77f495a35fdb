"""Keys that come in one packet: each finds the app as the one before it has left it."""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar

import pytest
from textual import events
from textual.app import App
from textual.binding import Binding, BindingType
from textual.widgets import Input

from mediavault_tui.domain.model import FileId, GroupId
from mediavault_tui.ui import inorder
from mediavault_tui.ui.dialogs import Confirm
from mediavault_tui.ui.proposal import Statement
from mediavault_tui.ui.widgets.listing import Listing
from tests.ui.fakes import FakeVault
from tests.ui.harness import NARROW, WIDE, app_on, keys, settle, until


@pytest.fixture(autouse=True)
def _no_end_of_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no test pass because a key was waited for long enough."""
    monkeypatch.setattr(inorder, "_PATIENCE", 60.0)
    monkeypatch.setattr(inorder, "_GLANCE", 60.0)


def at_once(app: App[Any], *names: str) -> None:
    """Give the app keys as a driver does that has read them from one packet."""
    assert app._driver is not None
    for name in names:
        key = events.Key(name, name if len(name) == 1 else None)
        key.set_sender(app)
        app._driver.send_message(key)


async def test_k_behind_enter_keeps_in_compare_and_does_not_move_in_the_list() -> None:
    vault = FakeVault()
    app = app_on(vault)
    async with app.run_test(size=WIDE) as pilot:
        await keys("2", "j", "j")(pilot)
        at_once(app, "enter", "k")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        assert app.screen_stack[-2].query_one("#rows", Listing).cursor == 2
        await keys("y")(pilot)
        await until(pilot, lambda: bool(vault.kept))
    assert vault.kept == [(GroupId(1), FileId(6))]


@pytest.mark.parametrize(("pane", "name"), [("1", "inventory"), ("2", "duplicates"), ("3", "pending")])
async def test_what_is_typed_behind_a_slash_goes_into_the_filter(pane: str, name: str) -> None:
    app = app_on()
    async with app.run_test(size=NARROW) as pilot:
        await keys(pane)(pilot)
        at_once(app, "slash", *"apbq")
        await until(pilot, lambda: app.screen.query_one(Input).value == "apbq")
        assert app.current_mode == name
        assert not app._notifications


async def test_what_comes_behind_the_enter_of_a_filter_goes_to_the_list() -> None:
    app = app_on()
    async with app.run_test(size=NARROW) as pilot:
        await settle(pilot)
        at_once(app, "slash", "e", "enter", "down", "down")
        await until(pilot, lambda: app.screen.query_one("#rows", Listing).has_focus)
        await settle(pilot)
        assert app.screen.query_one(Input).value == "e"


async def test_a_pane_and_its_keys_in_one_packet() -> None:
    app = app_on()
    async with app.run_test(size=WIDE) as pilot:
        await keys("2", "1")(pilot)
        at_once(app, "2", "j", "j")
        await until(pilot, lambda: app.screen.query_one("#rows", Listing).cursor == 2)
        assert app.current_mode == "duplicates"


async def test_the_key_that_confirms_does_nothing_in_one_packet_with_the_key_that_starts() -> None:
    vault = FakeVault()
    app = app_on(vault)
    async with app.run_test(size=WIDE) as pilot:
        await settle(pilot)
        at_once(app, "d", "y")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.pause()
        assert isinstance(app.screen, Confirm)


async def test_no_key_is_lost_or_overtaken_among_many() -> None:
    app = app_on()
    async with app.run_test(size=NARROW) as pilot:
        await settle(pilot)
        at_once(app, *["down"] * 9, *["up"] * 4, "space")
        listing = app.screen.query_one("#rows", Listing)
        await until(pilot, lambda: bool(listing.marks))
        assert listing.cursor == 6


async def test_keys_go_on_where_what_had_the_focus_goes_away() -> None:
    app = app_on()
    async with app.run_test(size=NARROW) as pilot:
        await settle(pilot)
        await keys("d")(pilot)
        assert isinstance(app.screen, Confirm)
        at_once(app, "n", "down", "down")
        await until(pilot, lambda: not isinstance(app.screen, Confirm))
        await until(pilot, lambda: app.screen.query_one("#rows", Listing).cursor == 2)


async def test_keys_go_on_where_a_key_before_all_others_puts_its_dialog_away() -> None:
    app = app_on()
    async with app.run_test(size=NARROW) as pilot:
        await settle(pilot)
        app.push_screen(Statement("select 1"))
        await settle(pilot)
        at_once(app, "escape", "down", "down")
        await until(pilot, lambda: not isinstance(app.screen, Statement))
        await until(pilot, lambda: app.screen.query_one("#rows", Listing).cursor == 2)


async def test_a_handler_that_waits_holds_the_next_key_back_for_a_moment_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(inorder, "_PATIENCE", 0.06)
    monkeypatch.setattr(inorder, "_GLANCE", 0.02)
    begun, over, arrived = asyncio.Event(), asyncio.Event(), asyncio.Event()

    class Waiting(inorder.InOrderApp):
        BINDINGS: ClassVar[list[BindingType]] = [
            Binding("a", "first", "First"),
            Binding("b", "second", "Second"),
        ]

        def action_first(self) -> None:
            self.screen.call_later(self._wait)

        def action_second(self) -> None:
            arrived.set()

        async def _wait(self) -> None:
            begun.set()
            await over.wait()

    app = Waiting()
    async with app.run_test():
        try:
            at_once(app, "a", "b")
            async with asyncio.timeout(5):
                await begun.wait()
                # The screen waits, so that no key bubbles through it: what came next is at least on its way.
                while app._typed:  # noqa: ASYNC110 - nobody announces it
                    await asyncio.sleep(0.01)
        finally:
            over.set()
        async with asyncio.timeout(5):
            await arrived.wait()


SECOND = FakeVault().comparisons[1]
"""The group that one step down leads to."""


async def test_x_behind_a_step_sets_apart_the_copies_of_the_group_under_the_cursor() -> None:
    vault = FakeVault()
    app = app_on(vault)
    async with app.run_test(size=WIDE) as pilot:
        await keys("2")(pilot)
        at_once(app, "j", "x")
        await until(pilot, lambda: bool(vault.different))
    assert vault.different == [tuple(copy.file.id for copy in SECOND.copies)]


async def test_a_side_chosen_behind_a_step_is_the_side_of_the_group_under_the_cursor() -> None:
    vault = FakeVault()
    app = app_on(vault)
    async with app.run_test(size=WIDE) as pilot:
        await keys("2")(pilot)
        at_once(app, "j", "l", "K")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await keys("y")(pilot)
        await until(pilot, lambda: bool(vault.kept))
    assert vault.kept == [(SECOND.group.id, SECOND.copies[1].file.id)]


async def test_links_behind_a_step_are_to_the_copies_of_the_group_under_the_cursor() -> None:
    vault = FakeVault()
    app = app_on(vault)
    async with app.run_test(size=WIDE) as pilot:
        await keys("2")(pilot)
        at_once(app, "j", "p")
        await until(pilot, lambda: bool(vault.watched))
    assert vault.watched == [[copy.file.id for copy in SECOND.copies]]


async def test_k_in_compare_behind_a_step_asks_about_the_group_under_the_cursor() -> None:
    vault = FakeVault()
    app = app_on(vault)
    async with app.run_test(size=NARROW) as pilot:
        await keys("2", "enter")(pilot)
        at_once(app, "j", "k")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await keys("y")(pilot)
        await until(pilot, lambda: bool(vault.kept))
    assert vault.kept == [(SECOND.group.id, SECOND.copies[0].file.id)]


async def test_which_two_of_three_unseen_copies_differ_is_looked_at_first() -> None:
    vault = FakeVault()
    app = app_on(vault)
    async with app.run_test(size=WIDE) as pilot:
        await keys("2", "j")(pilot)
        at_once(app, "k", "x")
        await settle(pilot)
        assert vault.different == []
        await keys("x")(pilot)
        await until(pilot, lambda: bool(vault.different))
    first, second, _ = (copy.file.id for copy in FakeVault().comparisons[0].copies)
    assert vault.different == [(first, second)]
