"""Settings by keyboard: what holds, what answers, what other rules would decide."""

from __future__ import annotations

from collections.abc import Mapping

from textual.widgets import Static

from mediavault_tui.domain.rehearsal import Rehearsal
from mediavault_tui.errors import DatabaseError
from mediavault_tui.settings import VARIABLES
from mediavault_tui.ui.app import MediaVaultApp
from mediavault_tui.ui.dialogs import Line, Text, Trouble
from mediavault_tui.ui.screens.settings import REHEARSED_NOW, SettingsScreen
from mediavault_tui.ui.widgets.listing import Listing
from tests.ui.fakes import FakeVault
from tests.ui.harness import NARROW, app_on, keys, until

LANGUAGES = ["down"] * list(VARIABLES).index("MEDIAVAULT_LANGUAGES")
CLEAR = ["down"] * list(VARIABLES).index("QUALITY_CLEAR_WINNER_THRESHOLD")
TRY_GERMAN = ("6", *LANGUAGES, "enter", "comma", "d", "e", "enter")


def said(app: MediaVaultApp, name: str) -> str:
    return str(app.screen.query_one(name, Static).content)


async def test_every_setting_is_shown_and_no_secret() -> None:
    app = app_on()
    async with app.run_test(size=NARROW) as pilot:
        await keys("6")(pilot)
        listing = app.screen.query_one("#rows", Listing)
        rows = [listing.window.row(index) for index in range(listing.window.total)]
    assert [row.variable for row in rows if row] == list(VARIABLES)
    assert "hunter2" not in str(rows)


async def test_the_tools_are_tested_at_once_and_again_with_t() -> None:
    vault = FakeVault()
    app = app_on(vault)
    async with app.run_test(size=NARROW) as pilot:
        await keys("6")(pilot)
        assert "✓ works  database" in said(app, "#checks")
        assert "✗ fails  ffprobe  ffprobe is not installed; install ffmpeg [or]" in said(app, "#checks")
        await keys("t")(pilot)
    assert vault.asked_checks == 2


async def test_a_tried_value_is_rehearsed_at_once() -> None:
    vault = FakeVault()
    app = app_on(vault)
    async with app.run_test(size=NARROW) as pilot:
        await keys(*TRY_GERMAN)(pilot)
        await until(pilot, lambda: "2 groups flip" in said(app, "#outlook"))
        row = app.screen.query_one("#rows", Listing).current
    assert vault.rehearsed == [{"MEDIAVAULT_LANGUAGES": "en,fr,de"}]
    assert row is not None
    assert (row.value, row.origin) == ("en,fr,de", REHEARSED_NOW)


async def test_r_shows_each_flip_with_before_and_after() -> None:
    app = app_on()
    async with app.run_test(size=NARROW) as pilot:
        await keys(*TRY_GERMAN, "r")(pilot)
        assert isinstance(app.screen, Text)
        text = app.screen.text.plain
    assert "A would stage 1 fewer" in text
    assert " was ✓ clear: Keep the 2160p copy" in text
    assert "will ? review" in text
    assert "Heat [x265] [/red] [/b].mkv" in text


async def test_w_gives_the_lines_and_copies_them() -> None:
    app = app_on()
    async with app.run_test(size=NARROW) as pilot:
        await keys(*TRY_GERMAN, "w")(pilot)
        await until(pilot, lambda: isinstance(app.screen, Text))
        assert isinstance(app.screen, Text)
        assert app.screen.text.plain.startswith("MEDIAVAULT_LANGUAGES=en,fr,de\n")
        assert "/home/ruth/.env" in app.screen.text.plain
    assert app.clipboard == "MEDIAVAULT_LANGUAGES=en,fr,de\n"


async def test_a_value_that_is_none_is_asked_for_again() -> None:
    vault = FakeVault()
    app = app_on(vault)
    async with app.run_test(size=NARROW) as pilot:
        await keys("6", *CLEAR, "enter", "x", "enter")(pilot)
        await until(pilot, lambda: bool(app._notifications) or isinstance(app.screen, Line))
        assert isinstance(app.screen, Line)
        assert app.screen.value == "50x"
        await keys("escape")(pilot)
        assert isinstance(app.screen, SettingsScreen)
    assert vault.rehearsed == []


async def test_what_decides_no_verdict_is_not_asked_for() -> None:
    app = app_on()
    async with app.run_test(size=NARROW) as pilot:
        await keys("6", "enter")(pilot)
        assert isinstance(app.screen, SettingsScreen)
        assert [n.message for n in app._notifications] == [
            "DATABASE_URL cannot be rehearsed here. Set it in /home/ruth/.env and start anew."
        ]


async def test_backspace_takes_one_back_and_escape_all() -> None:
    app = app_on()
    async with app.run_test(size=NARROW) as pilot:
        await keys(*TRY_GERMAN, "backspace")(pilot)
        screen = app.screen
        assert isinstance(screen, SettingsScreen)
        assert (screen.changes, screen.rehearsal) == ({}, None)
        await keys("enter", "comma", "d", "e", "enter", "escape")(pilot)
        assert (screen.changes, screen.rehearsal) == ({}, None)
        assert "Nothing is tried" in said(app, "#outlook")


async def test_the_value_that_holds_already_is_no_trial() -> None:
    vault = FakeVault()
    app = app_on(vault)
    async with app.run_test(size=NARROW) as pilot:
        await keys("6", *LANGUAGES, "enter", "enter")(pilot)
        assert isinstance(app.screen, SettingsScreen)
        assert app.screen.changes == {}
    assert vault.rehearsed == []


async def test_news_of_the_library_rehearses_anew() -> None:
    vault = FakeVault()
    app = app_on(vault)
    async with app.run_test(size=NARROW) as pilot:
        await keys(*TRY_GERMAN)(pilot)
        await until(pilot, lambda: len(vault.rehearsed) == 1)
        app.changed.publish("group:1")
        await until(pilot, lambda: len(vault.rehearsed) == 2)


async def test_a_rehearsal_that_fails_is_a_panel() -> None:
    class Failing(FakeVault):
        async def rehearse(self, changes: Mapping[str, str]) -> Rehearsal:
            raise DatabaseError("The database refused: disk [full]")

    app = app_on(Failing())
    async with app.run_test(size=NARROW) as pilot:
        await keys(*TRY_GERMAN)(pilot)
        await until(pilot, lambda: isinstance(app.screen, Trouble))


async def test_m_lists_every_key_with_its_id() -> None:
    app = app_on()
    async with app.run_test(size=NARROW) as pilot:
        await keys("6", "m")(pilot)
        assert isinstance(app.screen, Text)
        text = app.screen.text.plain
    for id in ("app.undo", "inventory.filter", "compare.keep", "settings.write", "list.mark"):
        assert id in text


async def test_a_value_that_is_none_is_asked_for_again_with_the_reason() -> None:
    app = app_on()
    async with app.run_test(size=NARROW) as pilot:
        await keys("6", *CLEAR, "enter", "x", "enter")(pilot)
        await until(pilot, lambda: bool(app.screen.query("#wrong")))
        assert isinstance(app.screen, Line)
        assert "QUALITY_CLEAR_WINNER_THRESHOLD: '50x' is no whole number." in said(app, "#wrong")
        assert app.screen.value == "50x"
