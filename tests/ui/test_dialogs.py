"""Dialogs: however long what they tell, the keys and what is to be typed stay in sight."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from textual.content import Content
from textual.widgets import Input

from mediavault_tui.domain.library import GroupSummary
from mediavault_tui.ui.batch import Batch
from mediavault_tui.ui.dialogs import Confirm, Line, Modal, Text, Trouble, TypedWord
from mediavault_tui.ui.pane import Pane
from mediavault_tui.ui.widgets.listing import Listing
from tests.ui.fakes import FakeVault, film, group, knowing
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


HELPED: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "titles": (
        ("M",),
        ("Which title is this file?", "⏎  Take the candidate", "n  It is none of them", "Search TMDb"),
    ),
    "missing": (("E",), ("A list to read.", "⏎  To the show's files", "o  Open it at TMDb")),
    "rename": (("down", "r"), ("New names.", "w  Rename the whole season", "y  Give the marked files")),
    "watch": (("p",), ("Open the address in a browser", "v  Copy the VLC command line")),
    "frames": (("2", "enter", "f"), ("Frames of both copies", "→  To a later minute")),
    "batch": (("2", "A"), ("The groups that are certain or clear.", "y  Stage the worse copies")),
    "confirm": (("d",), ("A question.", "y  Do what the dialog says")),
}


@pytest.mark.parametrize("dialog", HELPED)
async def test_the_question_mark_helps_in_a_dialog(dialog: str) -> None:
    pressed, words = HELPED[dialog]
    app = app_on(knowing())
    async with app.run_test(size=NARROW) as pilot:
        await keys(*pressed)(pilot)
        asked = app.screen
        assert isinstance(asked, Modal)
        await keys("question_mark")(pilot)
        assert isinstance(app.screen, Text)
        said = app.screen.text.plain
        assert [each for each in (*words, "In this dialog") if each not in said] == []
        await keys("question_mark", "enter")(pilot)
        assert app.screen is asked


@pytest.mark.parametrize("pressed", [("2", "A"), ("down", "r")], ids=["batch", "rename"])
async def test_a_list_in_which_enter_does_nothing_offers_it_not(pressed: tuple[str, ...]) -> None:
    app = app_on()
    async with app.run_test(size=NARROW) as pilot:
        await keys(*pressed, "question_mark")(pilot)
        assert isinstance(app.screen, Text)
        assert "Open the row" not in app.screen.text.plain


async def test_where_text_is_typed_the_question_mark_is_a_character() -> None:
    app = app_on()
    async with app.run_test(size=NARROW) as pilot:
        await keys("2", "n", "question_mark")(pilot)
        assert isinstance(app.screen, Line)
        assert app.screen.query_one(Input).value.endswith("?")


async def test_a_wrong_word_is_answered_with_a_sentence_and_nothing_is_purged() -> None:
    vault = FakeVault()
    app = app_on(vault)
    async with app.run_test(size=NARROW) as pilot:
        await keys("3", "P", *"Purge", "enter")(pilot)
        assert isinstance(app.screen, TypedWord)
        assert "Nothing was done: type purge, in small letters, and press enter." in shown(app)
        assert "enter when “purge” is typed" in shown(app)
        await keys("escape")(pilot)
    assert vault.acts == []


async def test_enter_puts_an_error_away_and_tries_again_where_that_is_offered() -> None:
    answers: list[bool | None] = []
    app = app_on()
    async with app.run_test(size=NARROW) as pilot:
        await settle(pilot)
        for again in (False, True):
            app.push_screen(Trouble("It broke", "Why.", "What to do.", again=again), answers.append)
            await keys("enter")(pilot)
            assert isinstance(app.screen, Pane)
    assert answers == [False, True]
