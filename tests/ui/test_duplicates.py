"""Duplicates and Compare by keyboard."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

import pytest

from mediavault_tui.domain.library import ActResult, ScanPhase, ScanProgress
from mediavault_tui.domain.media import STAGING_FOLDER
from mediavault_tui.domain.model import FileId, GroupId
from mediavault_tui.domain.verdict import Loss
from mediavault_tui.errors import Refused, SourceOffline
from mediavault_tui.ui.app import MediaVaultApp
from mediavault_tui.ui.batch import Batch
from mediavault_tui.ui.describe import STAGED_THEN
from mediavault_tui.ui.dialogs import Confirm, Line, Text, Trouble
from mediavault_tui.ui.screens.duplicates import DuplicatesScreen
from mediavault_tui.ui.widgets.compare import Compare
from mediavault_tui.ui.widgets.listing import Listing
from tests.ui.fakes import FakeVault, moment
from tests.ui.harness import NARROW, WIDE, app_on, keys, until


def compare(app: MediaVaultApp) -> Compare:
    return app.screen.query_one(Compare)


async def test_k_in_compare_keeps_the_recommended_copy_after_a_yes() -> None:
    vault = FakeVault()
    app = app_on(vault)
    async with app.run_test(size=NARROW) as pilot:
        await keys("2", "j", "j", "enter", "k")(pilot)
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        assert any("Heat (1995) 1080p.mkv" in line for line in app.screen.lines)  # type: ignore[attr-defined]
        await keys("y")(pilot)
        await until(pilot, lambda: bool(vault.kept))
    assert vault.kept == [(GroupId(1), FileId(6))]


async def test_choosing_the_other_side_keeps_the_other_copy_and_says_it_is_not_recommended() -> None:
    vault = FakeVault()
    app = app_on(vault)
    async with app.run_test(size=WIDE) as pilot:
        await keys("2", "j", "j", "l", "K")(pilot)
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        assert "This is not the copy that is recommended." in app.screen.lines  # type: ignore[attr-defined]
        await keys("y")(pilot)
        await until(pilot, lambda: bool(vault.kept))
    assert vault.kept == [(GroupId(1), FileId(7))]


@pytest.mark.parametrize(("right", "left"), [("l", "h"), ("right", "left")])
async def test_letters_and_arrows_choose_the_side_from_list_and_compare(right: str, left: str) -> None:
    app = app_on()
    async with app.run_test(size=WIDE) as pilot:
        await keys("2", right)(pilot)
        assert compare(app).right_chosen
        await keys(left)(pilot)
        assert not compare(app).right_chosen
        await keys("enter", right)(pilot)
        assert compare(app).right_chosen


async def test_neither_k_nor_enter_confirms_and_escape_leaves_everything() -> None:
    vault = FakeVault()
    app = app_on(vault)
    async with app.run_test(size=WIDE) as pilot:
        await keys("2", "K")(pilot)
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await keys("K", "k", "enter", "escape")(pilot)
        assert isinstance(app.screen, DuplicatesScreen)
    assert vault.kept == []


async def test_two_quick_keeps_make_one_decision() -> None:
    vault = FakeVault()
    app = app_on(vault)
    async with app.run_test(size=WIDE) as pilot:
        await keys("2")(pilot)
        await pilot.press("K", "K", "y", "y", "K", "n")
        await until(pilot, lambda: isinstance(app.screen, DuplicatesScreen) and bool(vault.kept))
    assert len(vault.kept) == 1


async def test_the_question_names_the_subtitles_that_would_go_and_waits_once_for_a_slow_disk() -> None:
    class Slow(FakeVault):
        looking, go_on = asyncio.Event(), asyncio.Event()

        async def lost_beside(self, group: GroupId, keeper: FileId) -> Mapping[FileId, Sequence[Loss]]:
            self.looking.set()
            await self.go_on.wait()
            return {FileId(7): (Loss("subtitle language", "de"),)}

    vault = Slow()
    app = app_on(vault)
    async with app.run_test(size=WIDE) as pilot:
        await keys("2", "j", "j")(pilot)
        await pilot.press("K", "K")
        await until(pilot, vault.looking.is_set)
        await pilot.press("K")
        vault.go_on.set()
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        assert "    ▼ you lose subtitle language: de (a file beside it)" in app.screen.lines  # type: ignore[attr-defined]
        await keys("n")(pilot)
        assert isinstance(app.screen, DuplicatesScreen), "it asks once"
    assert vault.kept == []


async def test_nothing_is_asked_where_the_folders_cannot_be_looked_at() -> None:
    class Away(FakeVault):
        async def lost_beside(self, group: GroupId, keeper: FileId) -> Mapping[FileId, Sequence[Loss]]:
            raise SourceOffline("nas does not answer")

    app = app_on(Away())
    async with app.run_test(size=WIDE) as pilot:
        await keys("2", "K")(pilot)
        await until(pilot, lambda: isinstance(app.screen, Trouble))
        assert app.screen.sentence == "nas does not answer"  # type: ignore[attr-defined]


async def test_tab_shows_the_next_pair_of_three_and_comes_round() -> None:
    app = app_on()
    async with app.run_test(size=WIDE) as pilot:
        await keys("2", "tab")(pilot)
        assert compare(app).other == 2
        await keys("tab")(pilot)
        assert compare(app).other == 1


async def test_b_keeps_every_copy() -> None:
    vault = FakeVault()
    app = app_on(vault)
    async with app.run_test(size=NARROW) as pilot:
        await keys("2", "b")(pilot)
        await until(pilot, lambda: bool(vault.both))
    assert vault.both == [GroupId(4)]


async def test_x_sets_the_pair_on_the_screen_apart() -> None:
    vault = FakeVault()
    app = app_on(vault)
    async with app.run_test(size=WIDE) as pilot:
        await keys("2", "tab", "x")(pilot)
        await until(pilot, lambda: bool(vault.different))
        first, _, third = (copy.file.id for copy in FakeVault().comparisons[0].copies)
    assert vault.different == [(first, third)]


async def test_n_writes_a_note() -> None:
    vault = FakeVault()
    app = app_on(vault)
    async with app.run_test(size=NARROW) as pilot:
        await keys("2", "n")(pilot)
        await until(pilot, lambda: isinstance(app.screen, Line))
        await keys("a", "s", "k", "enter")(pilot)
        await until(pilot, lambda: bool(vault.notes))
    assert vault.notes == ["ask"]


async def test_the_batch_holds_only_certain_and_clear_groups_and_stages_those_left_marked() -> None:
    vault = FakeVault()
    app = app_on(vault)
    async with app.run_test(size=WIDE) as pilot:
        await keys("2", "A")(pilot)
        await until(pilot, lambda: isinstance(app.screen, Batch))
        await keys("space", "y")(pilot)
        await until(pilot, lambda: bool(vault.sure))
    sure = [c.group.id for c in FakeVault().comparisons if c.group.verdict.may_enter_a_batch]
    assert vault.sure == sure[1:]


async def test_a_refusal_is_a_panel_with_its_sentence() -> None:
    class Refusing(FakeVault):
        async def stage_group(self, group: GroupId, keeper: FileId) -> ActResult:
            raise Refused("It is the last healthy copy [of] this title")

    app = app_on(Refusing())
    async with app.run_test(size=WIDE) as pilot:
        await keys("2", "K")(pilot)
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await keys("y")(pilot)
        await until(pilot, lambda: isinstance(app.screen, Trouble))
        assert app.screen.sentence == "It is the last healthy copy [of] this title"  # type: ignore[attr-defined]


async def test_files_that_were_left_alone_are_told_one_by_one() -> None:
    class Partly(FakeVault):
        async def stage_group(self, group: GroupId, keeper: FileId) -> ActResult:
            return ActResult("1", refused=("/films/a [x].mkv has changed since it was scanned",))

    app = app_on(Partly())
    async with app.run_test(size=WIDE) as pilot:
        await keys("2", "K")(pilot)
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await keys("y")(pilot)
        await until(pilot, lambda: isinstance(app.screen, Text))
        assert "a [x].mkv" in app.screen.text.plain  # type: ignore[attr-defined]


async def test_escape_leads_from_compare_to_the_list() -> None:
    app = app_on()
    async with app.run_test(size=NARROW) as pilot:
        await keys("2", "enter")(pilot)
        assert compare(app).has_focus
        assert compare(app).display
        await keys("escape")(pilot)
        assert app.screen.query_one("#rows", Listing).has_focus
        assert not compare(app).display


async def test_j_moves_through_the_groups_in_the_list_and_in_compare() -> None:
    app = app_on()
    async with app.run_test(size=WIDE) as pilot:
        await keys("2", "j", "enter", "j")(pilot)
        assert app.screen.query_one("#rows", Listing).cursor == 2
        await keys("J")(pilot)
        assert app.screen.query_one("#rows", Listing).cursor == 1


async def test_a_filter_finds_a_title() -> None:
    app = app_on()
    async with app.run_test(size=NARROW) as pilot:
        await keys("2", "slash", "t", "h", "i", "n", "g", "enter")(pilot)
        await until(pilot, lambda: app.screen.query_one("#rows", Listing).window.total == 1)


async def test_nothing_is_decided_read_only() -> None:
    vault = FakeVault()
    app = app_on(vault, read_only=True)
    async with app.run_test(size=WIDE) as pilot:
        await keys("2", "K", "b", "x", "n", "A", "u")(pilot)
        assert isinstance(app.screen, DuplicatesScreen)
    assert (vault.kept, vault.both, vault.different, vault.undone) == ([], [], [], 0)


async def test_no_groups_during_a_scan_are_told_to_come_at_its_end() -> None:
    class Long(FakeVault):
        over = asyncio.Event()

        async def scan(self, roots: Sequence[Path], control: object) -> AsyncIterator[ScanProgress]:
            yield moment(ScanPhase.PROBING)
            await self.over.wait()
            yield moment(ScanPhase.DONE)

    vault = Long()
    vault.comparisons.clear()
    app = app_on(vault)
    async with app.run_test(size=NARROW) as pilot:
        await keys("2")(pilot)
        assert "No duplicates are waiting" in app.screen.query_one(Listing).empty
        await pilot.press("4")
        await pilot.pause()
        await pilot.press("S")
        await until(pilot, lambda: "scanning" in app.status)
        await pilot.press("2")
        await until(pilot, lambda: app.screen.query_one(Listing).empty.startswith("A scan is running."))
        vault.over.set()
        await until(pilot, lambda: "No duplicates are waiting" in app.screen.query_one(Listing).empty)


async def test_both_questions_before_staging_name_no_folder_that_may_be_set_otherwise() -> None:
    app = app_on()
    async with app.run_test(size=WIDE) as pilot:
        await keys("d")(pilot)
        first = app.screen
        assert isinstance(first, Confirm)
        await keys("n", "2", "enter", "k")(pilot)
        second = app.screen
        assert isinstance(second, Confirm)
    for question in (first, second):
        assert question.lines[-1] == STAGED_THEN
        assert STAGING_FOLDER.decode() not in " ".join(question.lines)
