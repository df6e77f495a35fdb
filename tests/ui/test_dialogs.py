"""Dialogs: however long what they tell, the keys and what is to be typed stay in sight."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from textual.content import Content

from mediavault_tui.domain.library import GroupSummary
from mediavault_tui.ui.batch import Batch
from mediavault_tui.ui.dialogs import Confirm, Modal, Text, Trouble, TypedWord
from mediavault_tui.ui.widgets.listing import Listing
from tests.ui.fakes import film, group
from tests.ui.harness import NARROW, WIDE, app_on, keys, settle, shown

BOTH = pytest.mark.parametrize("size", [NARROW, WIDE], ids=["80x24", "160x45"])

LINES = [f"/films/number {n:02}.mkv" for n in range(40)]

LONG: dict[str, tuple[Callable[[], Modal[Any]], tuple[str, ...]]] = {
    "confirm": (
        lambda: Confirm("Stage 40 files?", LINES, yes="stage them"),
        ("y stage them", "n no, go back"),
    ),
    "word": (
        lambda: TypedWord("Purge what is approved?", LINES, word="purge"),
        ("type purge", "enter when “purge” is typed", "esc no, go back"),
    ),
    "trouble": (
        lambda: Trouble("It broke", " ".join(LINES), "Mend it.", again=True),
        ("r try again", "esc leave"),
    ),
    "text": (lambda: Text("Left alone", Content("\n".join(LINES * 2))), ("esc go back",)),
    "batch": (
        lambda: Batch(sure()),
        ("y stage the marked", "space leave out", "esc go back", "40 groups marked"),
    ),
}


def sure() -> list[GroupSummary]:
    return [group(n, [film(5), film(6)]).group for n in range(40)]


@BOTH
@pytest.mark.parametrize("dialog", LONG)
async def test_a_long_dialog_keeps_its_keys_in_sight(dialog: str, size: tuple[int, int]) -> None:
    made, words = LONG[dialog]
    app = app_on()
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        app.push_screen(made())
        await settle(pilot)
        seen = shown(app)
        assert [each for each in words if each not in seen] == []
        frame = app.screen.query_one("#frame").region
        assert frame.height < size[1]
        assert all(frame.contains_region(each.region) for each in app.screen.query("#frame > *, #foot > *"))


@BOTH
async def test_a_long_batch_shows_its_last_row(size: tuple[int, int]) -> None:
    app = app_on()
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        app.push_screen(Batch(sure()))
        await keys("end")(pilot)
        listing = app.screen.query_one(Listing)
        assert listing.cursor == 39
        below = app.screen.query_one("#foot").region.y
        assert listing.region.bottom <= below
        assert listing.scroll_offset.y + listing.size.height == 40 + 1  # the head does not scroll
