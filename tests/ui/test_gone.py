"""A library that goes away while the app is open: every key is answered with a panel, none ends the app."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from mediavault_tui.domain.library import ScanProgress
from mediavault_tui.domain.model import FileId
from mediavault_tui.domain.world import Entry
from mediavault_tui.errors import DatabaseDown
from mediavault_tui.ui.dialogs import Trouble
from mediavault_tui.ui.widgets.panebar import NUMBERS, PANES
from mediavault_tui.ui.widgets.picture import PictureBox
from tests.ui.fakes import FakeVault, knowing
from tests.ui.harness import WIDE, app_on, keys, settle, until
from tests.ui.world_fakes import HEAT

AWAY = "The database does not answer [x265]"


class Vault(FakeVault):
    """Answers all but what is away."""

    away: Callable[[str], bool] = staticmethod(lambda name: False)

    def __getattribute__(self, name: str) -> Any:
        found = super().__getattribute__(name)
        if name.startswith("_") or name in ("listen", "away") or not callable(found) or not self.away(name):
            return found
        if name == "scan":
            return _scan

        async def refuse(*_: object, **__: object) -> None:
            raise DatabaseDown(AWAY)

        return refuse


def everything(name: str) -> bool:
    return True


def posters(name: str) -> bool:
    return name == "poster"


async def _scan(roots: Sequence[Path], control: object) -> AsyncIterator[ScanProgress]:
    raise DatabaseDown(AWAY)
    yield


def known() -> Vault:
    """Return a library of which the world knows much."""
    vault = Vault()
    vars(vault).update(vars(knowing()))
    return vault


async def back_to_the_pane(pilot: Pilot[Any]) -> None:
    await settle(pilot)
    while len(pilot.app.screen_stack) > 1:
        await pilot.press("escape")
        await settle(pilot)


@pytest.mark.parametrize("pane", PANES)
async def test_no_key_of_a_pane_ends_the_app(pane: str) -> None:
    vault = known()
    app = app_on(vault)
    async with app.run_test(size=WIDE) as pilot:
        await keys(str(NUMBERS[pane]))(pilot)
        app.screen.set_focus(next(iter(app.screen.query("#rows")), None))  # the chat's line takes the keys
        pressed = {
            binding.id: key
            for key, (_, binding, enabled, _) in app.screen.active_bindings.items()
            if enabled and binding.id and binding.id not in ("app.quit", "app.menu")
        }
        assert {"app.undo", "app.refresh"} <= pressed.keys()
        vault.away = everything
        for key in pressed.values():
            await app.switch_mode(pane)
            await pilot.press(key)
            await back_to_the_pane(pilot)
        assert app.return_code is None


async def test_tmdbs_page_of_a_file_that_cannot_be_read_is_a_panel() -> None:
    vault = known()
    app = app_on(vault)
    async with app.run_test(size=WIDE) as pilot:
        await settle(pilot)
        vault.away = everything
        await keys("o")(pilot)
        assert isinstance(app.screen, Trouble)
        assert app.screen.sentence == AWAY


async def test_a_poster_that_cannot_be_read_leaves_its_place_beside_the_details_empty() -> None:
    vault = known()
    vault.entries[FileId(1)] = Entry(HEAT)
    vault.away = posters
    app = app_on(vault)
    async with app.run_test(size=WIDE) as pilot:
        await keys("enter")(pilot)
        box = app.screen.query_one("#poster", PictureBox)
        await until(pilot, lambda: box.sentence == AWAY)
        assert box.has_class("-none")


async def test_a_poster_that_cannot_be_read_is_told_among_the_candidates() -> None:
    vault = known()
    vault.away = posters
    app = app_on(vault)
    async with app.run_test(size=WIDE) as pilot:
        await keys("M")(pilot)
        box = app.screen.query_one("#poster", PictureBox)
        await until(pilot, lambda: box.sentence == AWAY)


async def test_a_chat_that_cannot_be_prepared_is_told() -> None:
    vault = known()
    app = app_on(vault)

    async def prepare() -> None:
        raise DatabaseDown(AWAY)

    vault.conversation.prepare = prepare  # type: ignore[method-assign]
    async with app.run_test(size=WIDE) as pilot:
        await keys("5")(pilot)
        await until(pilot, lambda: isinstance(app.screen, Trouble))
