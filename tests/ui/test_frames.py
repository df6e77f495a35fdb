"""Frames of two copies, and the picture in the details, by keyboard."""

from __future__ import annotations

import pytest

from mediavault_tui.domain.picture import moments
from mediavault_tui.errors import ProbeError
from mediavault_tui.ui.frames import Frames
from mediavault_tui.ui.screens.duplicates import DuplicatesScreen
from mediavault_tui.ui.widgets.picture import PictureBox
from tests.ui.fakes import FakeVault
from tests.ui.harness import NARROW, WIDE, app_on, keys


@pytest.mark.parametrize("size", [NARROW, WIDE], ids=["80x24", "160x45"])
async def test_f_in_compare_shows_both_copies_at_the_same_second(size: tuple[int, int]) -> None:
    vault = FakeVault()
    app = app_on(vault)
    async with app.run_test(size=size) as pilot:
        await keys("2", "enter", "f")(pilot)
        assert isinstance(app.screen, Frames)
        first, second = (copy.file.id for copy in vault.comparisons[0].copies[:2])
        assert {file for file, _ in vault.framed} == {first, second}
        assert len({at for _, at in vault.framed}) == 1
        assert all(box.picture is not None for box in app.screen.query(PictureBox))


@pytest.mark.parametrize(("later", "earlier"), [("right", "left"), ("n", "p"), ("l", "h")])
async def test_keys_go_to_other_minutes_and_come_round(later: str, earlier: str) -> None:
    vault = FakeVault()
    app = app_on(vault)
    async with app.run_test(size=WIDE) as pilot:
        await keys("2", "enter", "f", later)(pilot)
        screen = app.screen
        assert isinstance(screen, Frames)
        assert vault.framed[-1][1] == screen.moments[1]
        await keys(earlier, earlier)(pilot)
        assert vault.framed[-1][1] == screen.moments[-1]


async def test_escape_leads_back_to_compare() -> None:
    app = app_on()
    async with app.run_test(size=WIDE) as pilot:
        await keys("2", "enter", "f", "escape")(pilot)
        assert isinstance(app.screen, DuplicatesScreen)


async def test_a_file_without_a_picture_gives_a_sentence_beside_the_other_picture() -> None:
    vault = FakeVault()
    broken = vault.comparisons[0].copies[1].file.id
    vault.no_picture[broken] = ProbeError("No picture: it ends [before] that minute.")
    app = app_on(vault)
    async with app.run_test(size=WIDE) as pilot:
        await keys("2", "enter", "f")(pilot)
        whole, cut = app.screen.query(PictureBox)
        assert whole.picture is not None
        assert (cut.picture, cut.sentence) == (None, "No picture: it ends [before] that minute.")


async def test_the_details_hold_a_picture_of_the_middle_where_there_is_room() -> None:
    vault = FakeVault()
    app = app_on(vault)
    async with app.run_test(size=WIDE) as pilot:
        await keys("enter")(pilot)
        assert app.screen.query_one("#frame-of-it", PictureBox).picture is not None
    info = vault.files[0].info
    assert info is not None
    assert vault.framed[-1] == (vault.files[0].id, info.duration / 2)
    vault.framed.clear()
    async with app_on(vault).run_test(size=NARROW) as pilot:
        await keys("enter")(pilot)
    assert vault.framed == []


def test_moments_lie_in_the_shorter_film_and_none_without_a_length() -> None:
    assert moments(100.0, 50.0) == pytest.approx((5, 15, 25, 35, 45))
    assert moments(0.0) == ()
