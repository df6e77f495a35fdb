"""What still runs for a pane or dialog ends before its parts are taken away."""

from __future__ import annotations

import asyncio

import pytest
from textual import work
from textual.app import ComposeResult
from textual.widgets import Static

from mediavault_tui.ui.dialogs import Modal
from tests.ui.harness import app_on


class Last(Static):
    """A part that takes its time to go."""

    async def on_unmount(self) -> None:
        await asyncio.sleep(0.05)


class Busy(Modal[None]):
    """A dialog whose worker goes on the moment that one of its parts is gone."""

    def __init__(self) -> None:
        super().__init__("Busy", [])
        self.ended = ""

    def body(self) -> ComposeResult:
        yield Static(id="part")
        yield Last()

    def on_mount(self) -> None:
        self.use()

    @work
    async def use(self) -> None:
        try:
            task = self.query_one("#part")._task
            assert task is not None
            await asyncio.wait({task})
            self.query_one("#part")
        except BaseException as error:
            self.ended = type(error).__name__
            raise


async def test_a_dialog_that_closes_while_it_works_is_no_crash() -> None:
    app = app_on()
    async with app.run_test() as pilot:
        dialog = Busy()
        await app.push_screen(dialog)
        await pilot.pause()
        await dialog.dismiss()
        assert dialog.ended == "CancelledError"


async def test_quitting_while_a_pane_works_is_no_crash() -> None:
    app = app_on()
    dialog = Busy()
    async with app.run_test():
        await app.push_screen(dialog)
    assert dialog.ended == "CancelledError"


async def test_quitting_while_the_app_itself_works_is_no_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    app = app_on()
    closed, ended = asyncio.Event(), ""
    close = app._close_all

    async def close_and_wait() -> None:
        await close()
        closed.set()
        await asyncio.sleep(0.05)

    async def look() -> None:
        nonlocal ended
        try:
            await closed.wait()
            await app.switch_mode("scanner")
        except BaseException as error:
            ended = type(error).__name__
            raise

    monkeypatch.setattr(app, "_close_all", close_and_wait)
    async with app.run_test():
        app.run_worker(look())
    assert ended == "CancelledError"
