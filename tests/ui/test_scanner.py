"""The Scanner by keyboard."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from mediavault_tui.domain.library import Folder, ScanPhase, ScanProgress, ScanRecord
from mediavault_tui.errors import SourceDenied
from mediavault_tui.services.scanning.control import ScanControl
from mediavault_tui.ui.dialogs import Confirm, Text, Trouble
from mediavault_tui.ui.format import size
from mediavault_tui.ui.screens.scanner import ScannerScreen
from mediavault_tui.ui.widgets.keybar import KeyBar
from mediavault_tui.ui.widgets.listing import Listing
from mediavault_tui.ui.widgets.progress import Progress
from tests.ui.fakes import FakeVault, moment
from tests.ui.harness import NARROW, WIDE, app_on, keys, settle, shown, until


class Lasting(FakeVault):
    """A scan that goes on until it is cancelled."""

    control: ScanControl

    async def scan(self, roots: Sequence[Path], control: ScanControl) -> AsyncIterator[ScanProgress]:
        self.control = control
        while not control.cancelled:
            yield moment(ScanPhase.PAUSED if control.paused else ScanPhase.HASHING)
            await asyncio.sleep(0.01)
        yield moment(ScanPhase.CANCELLED)


async def test_marked_folders_are_scanned_together() -> None:
    vault = FakeVault()
    app = app_on(vault, libraries=())
    async with app.run_test(size=NARROW) as pilot:
        await keys("4", "space", "space", "S")(pilot)
    home = Path.home()
    assert vault.scanned == [[home / "films", home / "series [HD]"]]


@pytest.mark.parametrize(
    ("groups", "said"),
    [
        (5, "1,694 files scanned. 5 groups of duplicates wait, {won} reclaimable: 2 shows them."),
        (1, "1,694 files scanned. 1 group of duplicates waits, {won} reclaimable: 2 shows it."),
        (0, "1,694 files scanned. No duplicates wait for a decision."),
    ],
)
async def test_the_end_of_a_scan_says_what_waits_and_what_it_would_free(groups: int, said: str) -> None:
    vault = FakeVault()
    vault.comparisons = vault.comparisons[:groups]
    won = size(sum(each.group.reclaimable for each in vault.comparisons))
    app = app_on(vault)
    async with app.run_test(size=NARROW) as pilot:
        await keys("4", "S")(pilot)
        await until(pilot, lambda: bool(app._notifications))
        assert [each.message for each in app._notifications] == [said.format(won=won)]


async def test_without_a_mark_the_folder_under_the_cursor_is_scanned() -> None:
    vault = FakeVault()
    app = app_on(vault)
    async with app.run_test(size=NARROW) as pilot:
        await keys("4", "down", "S")(pilot)
    assert vault.scanned == [[Path.home() / "series [HD]"]]


async def test_enter_goes_into_a_folder_and_backspace_back_to_where_it_was() -> None:
    app = app_on()
    async with app.run_test(size=NARROW) as pilot:
        await keys("4", "down", "enter")(pilot)
        screen = app.screen
        assert isinstance(screen, ScannerScreen)
        assert screen.folder == Path.home() / "series [HD]"
        await keys("backspace")(pilot)
        assert screen.folder == Path.home()
        assert screen.query_one("#rows", Listing).cursor == 1


async def test_z_pauses_and_goes_on_and_c_cancels_after_a_yes() -> None:
    vault = Lasting()
    app = app_on(vault)
    async with app.run_test(size=NARROW) as pilot:
        await keys("4")(pilot)
        screen = app.screen
        await pilot.press("S")
        await until(pilot, lambda: screen.query_one(Progress).progress is not None)
        assert "z Pause  c Cancel" in screen.query_one(KeyBar).render().plain
        await pilot.press("z")
        await until(pilot, lambda: vault.control.paused)
        await pilot.press("z")
        await until(pilot, lambda: not vault.control.paused)
        await pilot.press("c")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press("y")
        await until(pilot, lambda: vault.control.cancelled)
        await settle(pilot)
        progress = screen.query_one(Progress).progress
        assert "Cancel" not in screen.query_one(KeyBar).render().plain
    assert progress is not None
    assert progress.phase is ScanPhase.CANCELLED


async def test_only_one_scan_runs_at_a_time() -> None:
    vault = Lasting()
    app = app_on(vault)
    async with app.run_test(size=NARROW) as pilot:
        await keys("4")(pilot)
        await pilot.press("S")
        await until(pilot, lambda: "scanning" in app.status)
        first = vault.control
        await pilot.press("S")
        await until(pilot, lambda: bool(app._notifications))
        assert vault.control is first
        first.cancel()
        await settle(pilot)
        assert app.status == ""


async def test_only_one_scan_begins_however_fast_the_key() -> None:
    class Counting(Lasting):
        begun = 0

        async def scan(self, roots: Sequence[Path], control: ScanControl) -> AsyncIterator[ScanProgress]:
            self.begun += 1
            async for progress in super().scan(roots, control):
                yield progress

    vault, answer = Counting(), asyncio.Future[Counting]()

    async def door() -> FakeVault:
        return await answer

    app = app_on(door=door)
    async with app.run_test(size=NARROW) as pilot:
        await pilot.press("4")
        await until(pilot, lambda: isinstance(app.screen, ScannerScreen))
        await pilot.press("S", "S")
        answer.set_result(vault)
        await until(pilot, lambda: "scanning" in app.status)
        vault.control.cancel()
        await settle(pilot)
    assert vault.begun == 1


@pytest.mark.parametrize("key", ["S", "enter"])
async def test_in_the_history_a_scan_is_scanned_again(key: str) -> None:
    vault = FakeVault()
    app = app_on(vault)
    async with app.run_test(size=NARROW) as pilot:
        await keys("4", "tab", key)(pilot)
    assert vault.scanned == [[Path("/films"), Path("/series")]]


async def test_how_to_begin_is_told_where_no_scan_runs() -> None:
    app = app_on()
    async with app.run_test(size=NARROW) as pilot:
        await keys("4")(pilot)
        assert "No scan is running. Choose folders with space, then press S." in shown(app)


async def test_q_asks_while_a_scan_runs_and_only_then() -> None:
    vault = Lasting()
    app = app_on(vault)
    async with app.run_test(size=NARROW) as pilot:
        await keys("4")(pilot)
        await pilot.press("S")
        await until(pilot, lambda: "scanning" in app.status)
        await pilot.press("1", "q")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        assert "A scan is running. What it has found stays" in shown(app)
        await pilot.press("n")
        await until(pilot, lambda: not isinstance(app.screen, Confirm))
        assert app._exit is False
        await pilot.press("q")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press("y")
        await until(pilot, lambda: app._exit)
    idle = app_on()
    async with idle.run_test(size=NARROW) as pilot:
        await keys("4")(pilot)
        await pilot.press("q")
        await until(pilot, lambda: idle._exit)


async def test_the_scan_is_shown_in_every_pane() -> None:
    vault = Lasting()
    app = app_on(vault)
    async with app.run_test(size=NARROW) as pilot:
        await keys("4")(pilot)
        await pilot.press("S")
        await until(pilot, lambda: app.status == "scanning 38 %")
        await pilot.press("1")
        assert app.status == "scanning 38 %"
        vault.control.cancel()
        await settle(pilot)


async def test_e_shows_the_errors_of_a_scan_as_they_are() -> None:
    app = app_on()
    async with app.run_test(size=NARROW) as pilot:
        await keys("4", "e")(pilot)
        assert isinstance(app.screen, Text)
        assert "/films/locked/[x].mkv" in app.screen.text.plain


async def test_of_very_many_errors_the_true_number_is_told() -> None:
    class Erring(FakeVault):
        async def history(self) -> Sequence[ScanRecord]:
            (scan, *_) = await super().history()
            errors = scan.errors * 1000
            return [replace(scan, counts=replace(scan.counts, errors=1234), errors=errors)]

    app = app_on(Erring())
    async with app.run_test(size=WIDE) as pilot:
        await keys("4")(pilot)
        history = app.screen.query_one("#history", Listing)
        errors = next(column for column in history.columns if column.key == "errors")
        assert errors.cell(history.window.row(0))[0] == "1,234"
        await keys("e")(pilot)
        assert isinstance(app.screen, Text)
        assert app.screen.query_one("#frame").border_title == "The first 1,000 of 1,234 errors of this scan"


async def test_a_folder_that_cannot_be_opened_is_a_panel() -> None:
    class Locked(FakeVault):
        async def folders(self, path: Path) -> Sequence[Folder]:
            raise SourceDenied(f"{path} may not be read by this user")

    app = app_on(Locked())
    async with app.run_test(size=NARROW) as pilot:
        await keys("4")(pilot)
        assert isinstance(app.screen, Trouble)


async def test_new_libraries_are_scanned_at_once_and_known_ones_are_not() -> None:
    vault = FakeVault()
    app = app_on(vault, libraries=[Path("/films"), Path("/new")])
    async with app.run_test(size=NARROW) as pilot:
        await until(pilot, lambda: bool(vault.scanned))
        await settle(pilot)
        assert isinstance(app.screen, ScannerScreen)
    assert vault.scanned == [[Path("/new")]]


async def test_known_libraries_open_on_the_inventory() -> None:
    vault = FakeVault()
    app = app_on(vault, libraries=[Path("/films")])
    async with app.run_test(size=NARROW) as pilot:
        await settle(pilot)
        assert app.current_mode == "inventory"
    assert vault.scanned == []


class Locked(FakeVault):
    """Opens no folder but some."""

    opens: Sequence[str] = ("/", "places:")

    async def folders(self, path: Path) -> Sequence[Folder]:
        if str(path) not in self.opens:
            raise SourceDenied(f"{path} may not be opened")
        return await super().folders(path)


async def test_a_folder_that_does_not_open_gives_way_to_the_one_above() -> None:
    vault = Locked()
    app = app_on(vault, libraries=(), start=Path("/home/nobody"))
    async with app.run_test(size=NARROW) as pilot:
        await keys("4")(pilot)
        await until(pilot, lambda: isinstance(app.screen, Trouble))
        await keys("escape")(pilot)
        await until(pilot, lambda: isinstance(app.screen, ScannerScreen))
        screen = app.screen
        assert isinstance(screen, ScannerScreen)
        await until(pilot, lambda: screen.query_one("#rows", Listing).window.total == 3)
        assert screen.folder == Path("/")
        await keys("S")(pilot)
    assert vault.scanned == [[Path("/films")]], "what is under the cursor, not what is nowhere to be seen"


async def test_where_no_folder_opens_nothing_is_scanned() -> None:
    vault = Locked()
    vault.opens = ()
    app = app_on(vault, libraries=(), start=Path("/home"))
    async with app.run_test(size=NARROW) as pilot:
        await keys("4")(pilot)
        await until(pilot, lambda: isinstance(app.screen, Trouble))
        await keys("escape", "S")(pilot)
        await settle(pilot)
        assert "could not be opened" in app.screen.query_one("#rows", Listing).empty
    assert vault.scanned == []


async def test_marks_stay_while_a_scan_runs_that_takes_no_other() -> None:
    vault = Lasting()
    app = app_on(vault, libraries=())
    async with app.run_test(size=NARROW) as pilot:
        await keys("4")(pilot)
        await pilot.press("S")
        await until(pilot, lambda: "scanning" in app.status)
        await pilot.press("space", "S")
        await until(pilot, lambda: bool(app._notifications))
        assert len(app.screen.query_one("#rows", Listing).marks) == 1
        vault.control.cancel()
        await settle(pilot)
