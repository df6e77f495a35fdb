"""The Inventory by keyboard."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest
from textual.screen import Screen
from textual.widgets import Input, Static

from mediavault_tui.domain.library import ActResult, Facet, SortKey
from mediavault_tui.domain.model import FileId, FileState
from mediavault_tui.domain.rename_plan import Reach
from mediavault_tui.domain.stage_terms import StagePreview, Terms
from mediavault_tui.domain.verdict import Verdict
from mediavault_tui.domain.watching import Preview
from mediavault_tui.ui.app import MediaVaultApp
from mediavault_tui.ui.dialogs import Confirm, Text
from mediavault_tui.ui.format import size
from mediavault_tui.ui.renaming import Rename
from mediavault_tui.ui.screens.inventory import InventoryScreen
from mediavault_tui.ui.watching import Watch
from mediavault_tui.ui.widgets.listing import Listing
from tests.ui.fakes import FakeVault, film
from tests.ui.harness import NARROW, WIDE, app_on, keys, settle, until


@pytest.fixture(autouse=True)
def _names_of_plex(monkeypatch: pytest.MonkeyPatch) -> None:
    """What another test chose last is none of this one's."""
    monkeypatch.setattr(Rename, "naming", "plex")
    monkeypatch.setattr(Rename, "own", "")


def listing(app: MediaVaultApp) -> Listing[object]:
    return app.screen.query_one("#rows", Listing)


def shown_totals(app: MediaVaultApp) -> str:
    return str(app.screen.query_one("#totals", Static).content)


def pane(app: MediaVaultApp) -> InventoryScreen:
    assert isinstance(app.screen, InventoryScreen)
    return app.screen


async def test_typing_a_filter_asks_for_it_and_goes_to_the_first_row() -> None:
    app = app_on()
    async with app.run_test(size=NARROW) as pilot:
        await keys("down", "down", "slash", "h", "e", "a", "t")(pilot)
        await until(pilot, lambda: listing(app).window.total == 2)
        assert pane(app).query_shown.text == "heat"
        assert listing(app).cursor == 0


async def test_an_exclamation_mark_turns_the_filter_around() -> None:
    app = app_on()
    async with app.run_test(size=NARROW) as pilot:
        await keys("slash", "exclamation_mark", "h", "e", "a", "t")(pilot)
        await until(pilot, lambda: listing(app).window.total == 10)
        assert pane(app).query_shown.inverse


async def test_enter_keeps_the_filter_and_escape_clears_it() -> None:
    app = app_on()
    async with app.run_test(size=NARROW) as pilot:
        await keys("slash", "h", "e", "a", "t", "enter")(pilot)
        assert listing(app).has_focus
        await until(pilot, lambda: listing(app).window.total == 2)
        await keys("escape")(pilot)
        await until(pilot, lambda: listing(app).window.total == 12)
        assert app.screen.query_one(Input).value == ""


async def test_escape_while_typing_clears_the_filter() -> None:
    app = app_on()
    async with app.run_test(size=NARROW) as pilot:
        await keys("slash", "h", "e", "a", "t", "escape")(pilot)
        await until(pilot, lambda: listing(app).window.total == 12)
        assert listing(app).has_focus


async def test_sorting_by_bytes_begins_with_the_most_and_again_turns_it_around() -> None:
    app = app_on()
    async with app.run_test(size=NARROW) as pilot:
        await keys("s", "3")(pilot)
        assert (pane(app).query_shown.sort, pane(app).query_shown.descending) == (SortKey.SIZE, True)
        await keys("s", "3")(pilot)
        assert not pane(app).query_shown.descending


async def test_space_marks_and_steps_on_and_d_stages_what_is_marked_after_a_yes() -> None:
    vault = FakeVault()
    app = app_on(vault)
    async with app.run_test(size=NARROW) as pilot:
        await keys("space", "down", "space", "d")(pilot)
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await keys("y")(pilot)
        await until(pilot, lambda: bool(vault.staged_files))
    assert sorted(vault.staged_files[0]) == [1, 3]


async def test_what_is_staged_already_is_not_staged_again() -> None:
    vault = FakeVault()
    vault.files[0] = replace(vault.files[0], state=FileState.STAGED)
    app = app_on(vault)
    async with app.run_test(size=NARROW) as pilot:
        await keys("d")(pilot)
        await until(pilot, lambda: any("is staged already" in said.message for said in app._notifications))
        await keys("space", "space", "d")(pilot)
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await keys("y")(pilot)
        await until(pilot, lambda: bool(vault.staged_files))
    assert [list(files) for files in vault.staged_files] == [[2]]


async def test_the_question_says_of_each_file_which_copy_stays_how_sure_that_is_and_what_is_lost() -> None:
    vault = FakeVault()
    vault.verdicts = {2: Verdict.RECOMMENDED, 3: Verdict.REVIEW}
    app = app_on(vault)
    async with app.run_test(size=NARROW) as pilot:
        await keys("space", "space", "space", "d")(pilot)
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        assert isinstance(app.screen, Confirm)
        lines = app.screen.lines
        assert app.screen.query_one("#frame").border_title == "Stage 2 files?"
        first, second = (lines.index(vault.files[n].path) for n in (1, 0))
        assert first < second, "what wants a look comes before what is sure"
        assert lines[first + 1].startswith("    ~ recommended · ")
        assert lines[first + 2 : first + 5] == [
            "    4K against 1080p; only it has Chinese sound",
            "    ▼ you lose audio language: zh",
            f"    stays: {vault.files[1].path.replace('/films', '/archive')}",
        ]
        assert lines[second + 1].startswith("    ✓ clear · ")
        assert lines[second + 2] == f"    stays: {vault.files[0].path.replace('/films', '/archive')}"
        assert lines[0].endswith("1 ✓ clear · 1 ~ recommended · 1 stays, named below")
        (named,) = (line for line in lines if "left out" in line)
        assert named.strip().startswith(
            f"{vault.files[2].path} is left out of the batch: its verdict is review"
        )
        await keys("y")(pilot)
        await until(pilot, lambda: bool(vault.staged_files))
    assert sorted(vault.staged_files[0]) == [1, 2]


async def test_a_doubtful_file_by_itself_is_asked_for_with_all_that_speaks_against_it() -> None:
    vault = FakeVault()
    vault.verdicts = {1: Verdict.REVIEW}
    app = app_on(vault)
    async with app.run_test(size=NARROW) as pilot:
        await keys("d")(pilot)
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        assert isinstance(app.screen, Confirm)
        assert app.screen.lines[1].startswith("    ? review · ")
        assert "    4K against 1080p; only it has Chinese sound" in app.screen.lines
        assert "    ▼ you lose audio language: zh" in app.screen.lines
        await keys("y")(pilot)
        await until(pilot, lambda: bool(vault.staged_files))
    assert vault.staged_files == [[1]]


async def test_where_every_marked_file_is_doubtful_nothing_is_asked_and_each_is_named() -> None:
    vault = FakeVault()
    vault.verdicts = dict.fromkeys((1, 2), Verdict.REVIEW)
    app = app_on(vault)
    async with app.run_test(size=NARROW) as pilot:
        await keys("space", "space", "d")(pilot)
        await until(pilot, lambda: isinstance(app.screen, Text))
        shown = str(app.screen.query_one("#body Static", Static).content)
        assert shown.count("is left out of the batch") == 2
        await keys("escape")(pilot)
    assert vault.staged_files == []


async def test_the_key_that_starts_staging_does_not_confirm_it() -> None:
    vault = FakeVault()
    app = app_on(vault)
    async with app.run_test(size=NARROW) as pilot:
        await keys("d")(pilot)
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await keys("d", "d", "enter", "n")(pilot)
        assert isinstance(app.screen, InventoryScreen)
    assert vault.staged_files == []


async def test_a_range_marks_everything_between_its_ends() -> None:
    app = app_on()
    async with app.run_test(size=NARROW) as pilot:
        await keys("down", "v", "down", "down", "v")(pilot)
        assert listing(app).marks == {2, 3, 4}


async def test_what_is_marked_is_added_up_also_where_its_rows_are_filtered_out() -> None:
    vault = FakeVault()
    app = app_on(vault)
    async with app.run_test(size=WIDE) as pilot:
        await keys("space", "down", "space")(pilot)
        both = size(vault.files[0].size + vault.files[2].size)
        await until(pilot, lambda: f" · 2 files marked, {both}" in shown_totals(app))
        await keys("slash", *"heat", "enter")(pilot)
        await until(pilot, lambda: listing(app).window.total == 2)
        assert f" · 2 files marked, {both}" in shown_totals(app)
        await keys("slash", "escape", "i")(pilot)
        rest = size(sum(file.size for file in vault.files) - vault.files[0].size - vault.files[2].size)
        await until(pilot, lambda: f" · 10 files marked, {rest}" in shown_totals(app))


async def test_escape_gives_a_begun_range_up_and_then_the_marks() -> None:
    app = app_on()
    async with app.run_test(size=NARROW) as pilot:
        await keys("space", "v", "down", "escape")(pilot)
        assert (listing(app).range_from, listing(app).marks) == (None, {1})
        await keys("escape")(pilot)
        assert listing(app).marks == set()


async def test_invert_marks_what_was_not_marked() -> None:
    app = app_on()
    async with app.run_test(size=NARROW) as pilot:
        await keys("space", "i")(pilot)
        assert listing(app).marks == set(range(2, 13))


async def test_invert_refuses_more_files_than_a_hand_means() -> None:
    vault = FakeVault([film(0)] * 1)
    app = app_on(vault)
    async with app.run_test(size=NARROW) as pilot:
        await settle(pilot)
        pane(app)._mark_between(0, 20_000, invert=True)
        await settle(pilot)
        assert listing(app).marks == set()


async def test_marks_survive_a_filter() -> None:
    app = app_on()
    async with app.run_test(size=NARROW) as pilot:
        await keys("space", "slash", "h", "e", "a", "t", "enter")(pilot)
        await until(pilot, lambda: listing(app).window.total == 2)
        assert listing(app).marks == {1}


async def test_choosing_a_facet_narrows_and_choosing_it_again_widens() -> None:
    app = app_on()
    async with app.run_test(size=WIDE) as pilot:
        await keys("f", "down", "down", "down", "enter")(pilot)
        assert dict(pane(app).query_shown.facets) == {Facet.TIER: "4K"}
        assert listing(app).window.total == 3
        await keys("enter")(pilot)
        assert pane(app).query_shown.facets == ()


async def test_enter_shows_the_details_of_the_row_and_escape_hides_them() -> None:
    app = app_on()
    async with app.run_test(size=NARROW) as pilot:
        await keys("enter")(pilot)
        assert app.screen.query_one("#details").display
        await keys("down")(pilot)
        assert listing(app).cursor == 1
        await keys("escape")(pilot)
        assert not app.screen.query_one("#details").display


async def test_copying_a_path_writes_osc_52_and_shows_the_text() -> None:
    app = app_on()
    async with app.run_test(size=NARROW) as pilot:
        await keys("c")(pilot)
        assert app.clipboard == film(0).path
        assert [n.message for n in app._notifications] == [film(0).path]


async def test_without_a_number_tmdb_is_not_opened_and_it_says_so() -> None:
    app = app_on()
    async with app.run_test(size=NARROW) as pilot:
        await keys("o")(pilot)
        assert ["No TMDb number" in n.message for n in app._notifications] == [True]


async def test_an_empty_library_says_what_to_do_next() -> None:
    app = app_on(FakeVault([]))
    async with app.run_test(size=NARROW) as pilot:
        await settle(pilot)
        assert "Press 4" in listing(app).empty


async def test_where_nothing_is_called_so_the_nearest_title_is_offered_and_enter_takes_it() -> None:
    app = app_on(FakeVault())
    async with app.run_test(size=WIDE) as pilot:
        await keys("slash", "a", "l", "i", "n", "s")(pilot)
        listing = app.screen.query_one("#rows", Listing)
        await until(pilot, lambda: "nearest" in listing.empty)
        assert "Aliens" in listing.empty
        await keys("enter")(pilot)
        await until(pilot, lambda: listing.window.total == 1)
        assert listing.has_focus
        assert listing.current is not None
        assert listing.current.title == "Aliens"


def renames(app: MediaVaultApp) -> Rename:
    assert isinstance(app.screen, Rename)
    return app.screen


async def test_r_shows_the_new_name_of_the_row_and_y_gives_it() -> None:
    vault = FakeVault()
    app = app_on(vault)
    async with app.run_test(size=NARROW) as pilot:
        await keys("down", "r")(pilot)
        await until(pilot, lambda: bool(renames(app).preview.planned))
        assert vault.renamed == []
        await keys("r", "enter", "y")(pilot)
        await until(pilot, lambda: bool(vault.renamed))
    ((line,),) = vault.renamed
    assert line.file == 2
    assert line.destination.endswith("/Amélie (2001)/Amélie (2001) [720p].mkv".encode())
    assert len(line.moves) == 2, "the subtitle goes along"


async def test_a_rename_that_cannot_be_is_never_marked_and_one_left_out_stays() -> None:
    vault = FakeVault()
    app = app_on(vault)
    async with app.run_test(size=NARROW) as pilot:
        await keys(*["down"] * 5, "space", "space", "space", "r")(pilot)
        await until(pilot, lambda: len(renames(app).preview.planned) == 3)
        await keys("i", "i", "v", "end", "v", "space", "y")(pilot)
        await until(pilot, lambda: bool(vault.renamed))
    assert [line.file for line in vault.renamed[0]] == [6], "7 is refused, 8 was left out"


async def test_whose_names_and_how_far_are_one_key_each_and_remembered() -> None:
    vault = FakeVault()
    app = app_on(vault)
    async with app.run_test(size=WIDE) as pilot:
        await keys("r", "2", "w", "w", "escape")(pilot)
        assert isinstance(app.screen, InventoryScreen)
        await keys("r")(pilot)
        await until(pilot, lambda: bool(renames(app).preview.files))
    assert vault.renamed == []
    assert vault.previewed == [
        ("plex", Reach.FILES),
        ("jellyfin", Reach.FILES),
        ("jellyfin", Reach.SEASON),
        ("jellyfin", Reach.SHOW),
        ("jellyfin", Reach.FILES),
    ]


async def test_a_pattern_of_ones_own_is_taken_only_if_it_can_be_filled() -> None:
    vault = FakeVault()
    app = app_on(vault)
    async with app.run_test(size=NARROW) as pilot:
        await keys("r", "4")(pilot)
        line = app.screen.query_one(Input)
        line.value = "{titel}"
        await keys("enter")(pilot)
        assert "is no field" in str(app.screen.query_one("#wrong", Static).content)
        line.value = "{year}/{title}"
        await keys("enter")(pilot)
        await until(pilot, lambda: vault.previewed[-1][0] == "{year}/{title}")
        await keys("escape")(pilot)


async def test_where_nothing_may_be_changed_no_rename_is_shown() -> None:
    app = app_on(read_only=True)
    async with app.run_test(size=NARROW) as pilot:
        await keys("r")(pilot)
        assert isinstance(app.screen, InventoryScreen)


class Thinking(FakeVault):
    """Takes its time before it can ask anything."""

    def __init__(self) -> None:
        super().__init__()
        self.go = asyncio.Event()

    async def stage_preview(self, files: Sequence[FileId]) -> StagePreview:
        await self.go.wait()
        return await super().stage_preview(files)

    async def preview(self, files: Sequence[FileId]) -> Preview:
        await self.go.wait()
        return await super().preview(files)


@pytest.mark.parametrize(("key", "dialog"), [("d", Confirm), ("p", Watch)])
async def test_a_key_that_is_pressed_twice_asks_once(key: str, dialog: type[Screen[object]]) -> None:
    vault = Thinking()
    app = app_on(vault)
    async with app.run_test(size=NARROW) as pilot:
        await keys("1", "down", key, key)(pilot)
        vault.go.set()
        await until(pilot, lambda: isinstance(app.screen, dialog))
        await settle(pilot)
        assert [type(screen) for screen in app.screen_stack][1:] == [dialog]
        await keys("escape", key)(pilot)
        await until(pilot, lambda: isinstance(app.screen, dialog))


class Picky(FakeVault):
    """Leaves one file of those that were to go."""

    async def stage_files(self, shown: Sequence[Terms]) -> ActResult:
        result = await super().stage_files(shown)
        return replace(result, done=result.done[:1], refused=("/films/b.mkv stays: it has changed",))


async def test_where_something_is_refused_what_was_done_is_said_beside_it() -> None:
    app = app_on(Picky())
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        await keys("1", "down", "d")(pilot)
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await keys("y")(pilot)
        await until(pilot, lambda: isinstance(app.screen, Text))
        assert isinstance(app.screen, Text)
        told = str(app.screen.text)
        assert told.startswith("1 file staged; nothing is deleted yet. u takes it back.")
        assert "/films/b.mkv stays: it has changed" in told
