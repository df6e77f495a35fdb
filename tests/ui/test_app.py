"""The app around the panes: opening, errors, undo, help, palette, news, bugs."""

from __future__ import annotations

import asyncio
import re
import stat
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from textual.command import CommandPalette
from textual.widgets._toast import Toast
from textual.worker import WorkerFailed

from mediavault_tui.cli.app import built
from mediavault_tui.domain.library import GroupQuery, GroupSummary, InventoryQuery, Totals
from mediavault_tui.errors import ConfigError, DatabaseDown, DatabaseError
from mediavault_tui.settings import Settings, from_env
from mediavault_tui.ui.app import MediaVaultApp
from mediavault_tui.ui.crash import crash_panel
from mediavault_tui.ui.dialogs import Text, Trouble
from mediavault_tui.ui.pane import Pane
from mediavault_tui.ui.screens import chat, duplicates, inventory, pending, scanner, settings
from mediavault_tui.ui.widgets.listing import Listing
from mediavault_tui.ui.widgets.panebar import NUMBERS, PANES
from tests.ui.fakes import FakeVault
from tests.ui.harness import NARROW, app_on, keys, settle, until

UI = Path(__file__).parents[2] / "mediavault_tui" / "ui"


async def test_the_frame_is_there_before_the_library_has_answered() -> None:
    answer: asyncio.Future[FakeVault] = asyncio.Future()

    async def door() -> FakeVault:
        return await answer

    app = app_on(door=door)
    async with app.run_test(size=NARROW) as pilot:
        await pilot.pause()
        listing = app.screen.query_one("#rows", Listing)
        assert listing.empty == "Opening the library…"
        await pilot.press("2", "1")
        answer.set_result(FakeVault())
        await until(pilot, lambda: listing.window.total == 12)


async def test_a_field_may_be_mounted_before_the_first_screen_is_there() -> None:
    """As it is from Python 3.12 on, where tasks start eagerly: Textual's own run ended there in a crash."""
    app = app_on()
    assert app.screen_stack == []
    app.clear_selection()


async def test_a_library_that_does_not_open_is_a_panel_and_can_be_tried_again() -> None:
    tried = 0

    async def door() -> FakeVault:
        nonlocal tried
        tried += 1
        if tried == 1:
            raise DatabaseDown("The database vault at db:5432 cannot be reached; is it running?")
        return FakeVault()

    app = app_on(door=door)
    async with app.run_test(size=NARROW) as pilot:
        await until(pilot, lambda: isinstance(app.screen, Trouble))
        await pilot.press("r")
        await until(pilot, lambda: app.screen.query_one("#rows", Listing).window.total == 12)
    assert tried == 2


async def test_giving_up_on_the_library_ends_the_app_with_its_code() -> None:
    async def door() -> FakeVault:
        raise DatabaseDown("nobody answers")

    app = app_on(door=door)
    async with app.run_test(size=NARROW) as pilot:
        await until(pilot, lambda: isinstance(app.screen, Trouble))
        await pilot.press("escape")
        await pilot.pause()
    assert app.return_code == 1


async def test_an_error_while_reading_is_a_panel_with_its_sentence() -> None:
    class Failing(FakeVault):
        async def totals(self, query: InventoryQuery) -> Totals:
            raise DatabaseError("The database refused: disk [full]")

    app = app_on(Failing())
    async with app.run_test(size=NARROW) as pilot:
        await until(pilot, lambda: isinstance(app.screen, Trouble))
        assert app.screen.sentence == "The database refused: disk [full]"  # type: ignore[attr-defined]
        await keys("escape")(pilot)
        assert isinstance(app.screen, Pane)


@pytest.mark.parametrize("pane", ["1", "2", "3", "4", "6"])
async def test_u_undoes_in_every_pane(pane: str) -> None:
    vault = FakeVault()
    app = app_on(vault)
    async with app.run_test(size=NARROW) as pilot:
        await keys(pane, "u")(pilot)
        await until(pilot, lambda: vault.undone == 1)


async def test_what_fails_twice_is_one_panel() -> None:
    class Failing(FakeVault):
        may = asyncio.Event()

        async def undo(self) -> str:
            await self.may.wait()
            raise DatabaseError("The database refused")

    vault = Failing()
    app = app_on(vault)
    async with app.run_test(size=NARROW) as pilot:
        await settle(pilot)
        await pilot.press("u", "u")
        vault.may.set()
        await until(pilot, lambda: isinstance(app.screen, Trouble))
        await settle(pilot)
        assert len(app.screen_stack) == 2


async def test_what_a_crash_left_is_told_at_the_start() -> None:
    vault = FakeVault()
    vault.recovered = ("Heat [x265].mkv is back in its place.",)
    app = app_on(vault)
    async with app.run_test(size=NARROW) as pilot:
        await until(pilot, lambda: bool(app._notifications))
        assert [n.message for n in app._notifications] == list(vault.recovered)


async def test_what_is_said_again_is_one_toast() -> None:
    app = app_on()
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        for _ in range(10):
            app.notify("There is nothing to undo.", timeout=600)
        app.notify("There is nothing to undo.", severity="error", timeout=600)
        app.notify("Undone.", timeout=600)
        await until(pilot, lambda: any(said.message == "Undone." for said in app._notifications))
        assert len(app._notifications) == 3
        await until(pilot, lambda: len(app.screen.query(Toast)) == 3)


async def test_news_from_elsewhere_is_read_by_the_pane_on_the_screen_and_later_by_the_others() -> None:
    class Counting(FakeVault):
        read = 0

        async def groups(
            self, query: GroupQuery, *, limit: int = 200, after: GroupSummary | None = None
        ) -> Sequence[GroupSummary]:
            self.read += 1
            return await super().groups(query, limit=limit, after=after)

    vault = Counting()
    app = app_on(vault)
    async with app.run_test(size=NARROW) as pilot:
        await keys("2", "1")(pilot)
        before, asked = vault.read, len(vault.asked)
        assert vault.heard is not None
        vault.heard("group:1")
        await until(pilot, lambda: len(vault.asked) > asked)
        assert vault.read == before
        await keys("2")(pilot)
        assert vault.read == before + 1


async def test_news_that_does_not_end_is_read_all_the_same() -> None:
    vault = FakeVault()
    app = app_on(vault)
    async with app.run_test(size=NARROW) as pilot:
        await settle(pilot)
        asked = len(vault.asked)
        assert vault.heard is not None
        async with asyncio.timeout(30):
            while len(vault.asked) == asked:
                vault.heard("files:changed")
                await pilot.pause(0.05)


async def test_the_cursor_stays_on_its_row_when_the_list_is_read_anew() -> None:
    vault = FakeVault()
    app = app_on(vault)
    async with app.run_test(size=NARROW) as pilot:
        await keys("down", "down", "down")(pilot)
        del vault.files[0]
        await keys("f5")(pilot)
        listing = app.screen.query_one("#rows", Listing)
        assert (listing.cursor, listing.current.id) == (2, 4)  # type: ignore[union-attr]


async def test_help_names_the_keys_of_the_list_the_pane_and_the_app() -> None:
    app = app_on()
    async with app.run_test(size=NARROW) as pilot:
        await keys("question_mark")(pilot)
        assert isinstance(app.screen, Text)
        text = app.screen.text.plain
    assert "Mark this row" in text
    assert "Filter as you type" in text
    assert "Reverse the last thing" in text


async def test_the_palette_runs_what_the_keys_run() -> None:
    app = app_on()
    async with app.run_test(size=NARROW) as pilot:
        await keys("ctrl+p")(pilot)
        assert isinstance(app.screen, CommandPalette)
        await pilot.press(*"pending")
        await until(pilot, lambda: app.screen.query_one("CommandList").option_count > 0)  # type: ignore[attr-defined]
        await pilot.press("enter")
        await until(pilot, lambda: app.current_mode == "pending")


async def test_panes_keep_their_place_while_hidden() -> None:
    app = app_on()
    async with app.run_test(size=NARROW) as pilot:
        await keys("down", "down", "3", "1")(pilot)
        assert app.screen.query_one("#rows", Listing).cursor == 2


async def test_read_only_is_said_in_every_pane() -> None:
    app = app_on(read_only=True)
    async with app.run_test(size=NARROW) as pilot:
        await keys("3")(pilot)
        assert "read-only" in app.screen.query_one("PaneBar").render().plain  # type: ignore[union-attr]


async def test_a_bug_ends_the_app_with_a_log_and_a_panel(tmp_path: Path) -> None:
    class Broken(FakeVault):
        async def totals(self, query: InventoryQuery) -> Totals:
            raise ZeroDivisionError("[/red] a bug")

    async def door() -> FakeVault:
        return Broken()

    app = MediaVaultApp(door, log_dir=tmp_path / "logs")
    with pytest.raises(WorkerFailed):
        async with app.run_test(size=NARROW) as pilot:
            await settle(pilot)
    log = tmp_path / "logs" / "crash.log"
    assert "ZeroDivisionError: [/red] a bug" in log.read_text()
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    assert app.return_code == 1


def test_the_panel_of_a_bug_names_the_log_and_holds_no_traceback(tmp_path: Path) -> None:
    panel = crash_panel(ZeroDivisionError("by \x1b zero"), tmp_path).plain
    assert str(tmp_path / "crash.log") in panel
    assert "Traceback" not in panel
    assert "\x1b" not in panel
    assert len(panel.splitlines()) == 4
    assert r"by \x1b zero" in (tmp_path / "crash.log").read_text()


def test_a_log_that_cannot_be_written_is_told_too() -> None:
    assert "could not be written" in crash_panel(ValueError("x"), Path("/dev/null/logs")).plain


SCREENS: dict[str, type[Pane[Any]]] = {
    screen.PANE: screen
    for screen in (
        inventory.InventoryScreen,
        duplicates.DuplicatesScreen,
        pending.PendingScreen,
        scanner.ScannerScreen,
        chat.ChatScreen,
        settings.SettingsScreen,
    )
}


@pytest.mark.parametrize("pane", PANES)
async def test_a_pane_reads_once_when_it_is_opened_and_hears_news_once(
    pane: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Textual calls the handlers of every class: one that calls its base's as well does all of it twice."""
    screen, calls = SCREENS[pane], Counter[str]()

    def counted(name: str) -> None:
        whole = getattr(screen, name)

        def call(self: Pane[Any], *heard: str) -> None:
            calls[name] += 1
            whole(self, *heard)

        monkeypatch.setattr(screen, name, call)

    counted("reload")
    counted("_library_changed")
    app = app_on()
    async with app.run_test(size=NARROW) as pilot:
        await settle(pilot)
        await pilot.press(str(NUMBERS[pane]))
        await settle(pilot)
        assert calls == {"reload": 1}
        app.changed.publish("news")
        await settle(pilot)
    assert calls["_library_changed"] == 1


def test_no_handler_calls_its_base_as_well() -> None:
    calls = re.compile(r"super\(\)\.on_(?!event\()")  # which every message comes through, and is no handler
    assert [path.name for path in UI.rglob("*.py") if calls.search(path.read_text("utf-8"))] == []


def started_app(settings: Settings) -> MediaVaultApp:
    """Return the app as the command line builds it; its library is never asked for."""

    async def door() -> Any:
        raise AssertionError

    return built(door, [], settings)


async def test_other_colours_say_how_they_are_kept() -> None:
    app = app_on()
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        await settle(pilot)
        assert not list(app.screen.query(Toast)), "the colours of the start need no word"
        app.theme = "nord"
        await until(pilot, lambda: bool(list(app.screen.query(Toast))))
        (toast,) = app.screen.query(Toast)
        assert "MEDIAVAULT_THEME=nord in .env keeps these colours." in str(toast.render())


@pytest.mark.parametrize(("name", "theme"), [("", "mediavault"), ("Nord", "nord")])
async def test_the_app_has_the_colours_of_the_setting(name: str, theme: str, tmp_path: Path) -> None:
    environ = {"MEDIAVAULT_THEME": name, "MEDIAVAULT_DATA_DIR": str(tmp_path)}
    assert started_app(from_env(environ)).theme == theme


async def test_colours_that_are_none_are_one_sentence(tmp_path: Path) -> None:
    environ = {"MEDIAVAULT_THEME": "nrod", "MEDIAVAULT_DATA_DIR": str(tmp_path)}
    with pytest.raises(ConfigError, match=r"MEDIAVAULT_THEME: there is no theme 'nrod'; there are .*nord"):
        started_app(from_env(environ))
