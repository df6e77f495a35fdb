"""Choosing titles by keyboard, and the views of what is missing or better elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from textual.widgets import Input, Static

from mediavault_tui.domain.choosing import Key, Puzzle
from mediavault_tui.domain.lacks import MissingEpisode
from mediavault_tui.domain.model import FileId
from mediavault_tui.domain.world import Entry, TitleKind
from mediavault_tui.ui.app import MediaVaultApp
from mediavault_tui.ui.lacks import BetterCopies, MissingEpisodes
from mediavault_tui.ui.screens.duplicates import DuplicatesScreen
from mediavault_tui.ui.screens.inventory import InventoryScreen
from mediavault_tui.ui.titles import Titles
from mediavault_tui.ui.widgets.facts import Facts
from mediavault_tui.ui.widgets.listing import Listing
from mediavault_tui.ui.widgets.picture import PictureBox
from tests.ui.fakes import FakeVault
from tests.ui.harness import NARROW, WIDE, app_on, keys, settle, until
from tests.ui.world_fakes import HEAT, OLDER

OFFICES = [2996, 2316]
OLD_HEAT, NEW_HEAT = (TitleKind.MOVIE, 31865), (TitleKind.MOVIE, 949)


def asking() -> FakeVault:
    vault = FakeVault()
    vault.ask()
    return vault


def titles(app: MediaVaultApp) -> Titles:
    assert isinstance(app.screen, Titles)
    return app.screen


def shown(app: MediaVaultApp) -> list[int]:
    window = app.screen.query_one("#candidates", Listing).window
    return [row.title.tmdb_id for n in range(window.total) if (row := window.row(n)) is not None]


async def test_the_totals_say_how_many_titles_ask() -> None:
    app = app_on(asking())
    async with app.run_test(size=NARROW) as pilot:
        await settle(pilot)
        assert "2 titles ask (M)" in str(app.screen.query_one("#totals", Static).content)


async def test_the_queue_goes_from_title_to_title_and_the_groups_are_found_anew_once() -> None:
    vault = asking()
    app = app_on(vault)
    async with app.run_test(size=NARROW) as pilot:
        await keys("M")(pilot)
        assert shown(app) == [949, 31865]
        await keys("down", "enter")(pilot)
        await until(pilot, lambda: shown(app) == OFFICES)
        await keys("n")(pilot)
        await until(pilot, lambda: isinstance(app.screen, InventoryScreen))
        await until(pilot, lambda: vault.regrouped == 1)
    assert vault.chosen == [(FileId(1), OLD_HEAT, False), (FileId(2), None, False)]


class Slow(FakeVault):
    """Titles that ask, each answer of which comes only when it may."""

    def __init__(self) -> None:
        super().__init__()
        self.ask()
        self.may_show, self.may_choose = asyncio.Event(), asyncio.Event()
        self.may_show.set()

    async def puzzle(self, file: FileId) -> Puzzle:
        await self.may_show.wait()
        return await super().puzzle(file)

    async def choose_title(self, file: FileId, title: Key | None, *, everywhere: bool = False) -> int:
        self.chosen.append((file, title, everywhere))
        await self.may_choose.wait()
        return 1


async def test_while_a_choice_is_kept_nothing_leads_to_another_title() -> None:
    vault = Slow()
    app = app_on(vault)
    async with app.run_test(size=NARROW) as pilot:
        await keys("M")(pilot)
        dialog = titles(app)
        await pilot.press("n")
        await until(pilot, lambda: bool(vault.chosen))
        await pilot.press("right")
        vault.may_choose.set()
        await until(pilot, lambda: dialog.settled == 1)
        await until(pilot, lambda: shown(app) == OFFICES)
        assert [each.file for each in dialog.queue] == [FileId(2)]


async def test_a_key_does_not_choose_for_the_title_that_was_just_left() -> None:
    vault = Slow()
    vault.may_choose.set()
    app = app_on(vault)
    async with app.run_test(size=NARROW) as pilot:
        await keys("M")(pilot)
        vault.may_show.clear()
        await pilot.press("right", "n")
        await pilot.pause()
        vault.may_show.set()
        await until(pilot, lambda: shown(app) == OFFICES)
        assert vault.chosen == []
        await keys("n")(pilot)
        assert vault.chosen == [(FileId(2), None, False)]


async def test_of_what_is_missing_one_page_is_read_after_another() -> None:
    class Counting(FakeVault):
        reading, most, may = 0, 0, asyncio.Event()

        async def missing_episodes(
            self, *, limit: int, after: MissingEpisode | None = None
        ) -> Sequence[MissingEpisode]:
            start = self.episodes.index(after) + 1 if after else 0
            self.reading += 1
            self.most = max(self.most, self.reading)
            if after:
                await self.may.wait()
            self.reading -= 1
            return self.episodes[start : start + limit]

    vault = Counting()
    vault.episodes = [
        MissingEpisode("The Office", 2316, 1, n, f"Episode {n}", date(2005, 1, 1)) for n in range(450)
    ]
    app = app_on(vault)
    async with app.run_test(size=NARROW) as pilot:
        await keys("E")(pilot)
        await pilot.press("end", "home", "end", "up", "end")
        await until(pilot, lambda: vault.reading > 0)
        vault.may.set()
        await settle(pilot)
        await keys("end", "end", "end")(pilot)
        window = app.screen.query_one("#lacks", Listing).window
        await until(pilot, lambda: window.total == 450)
        assert [row.episode for n in range(450) if (row := window.row(n))] == list(range(450))
    assert vault.most == 1


async def test_with_nothing_that_asks_it_says_so() -> None:
    app = app_on()
    async with app.run_test(size=NARROW) as pilot:
        await keys("M")(pilot)
        assert isinstance(app.screen, InventoryScreen)
        assert [n.message for n in app._notifications] == [
            "No title waits for a choice. Titles ask once `mediavault metadata fetch` has looked them up."
        ]


async def test_the_title_of_the_file_under_the_cursor_is_chosen_and_leaving_chooses_nothing() -> None:
    vault = FakeVault()
    app = app_on(vault)
    async with app.run_test(size=NARROW) as pilot:
        await keys("down", "m", "escape")(pilot)
        assert isinstance(app.screen, InventoryScreen)
        await keys("m", "enter")(pilot)
        await until(pilot, lambda: vault.regrouped == 1)
    assert vault.chosen == [(FileId(2), NEW_HEAT, False)]


async def test_everywhere_is_chosen_where_the_name_is_in_other_folders_too() -> None:
    vault = asking()
    app = app_on(vault)
    async with app.run_test(size=NARROW) as pilot:
        await keys("M", "e")(pilot)
        assert "3 files in every folder" in str(app.screen.query_one("#file", Static).content)
        await keys("enter")(pilot)
        await until(pilot, lambda: len(vault.chosen) == 1)
        await keys("e")(pilot)
        assert not titles(app).everywhere, "the next one is in one folder only"
    assert vault.chosen == [(FileId(1), NEW_HEAT, True)]


async def test_two_quick_enters_are_one_choice_a_title() -> None:
    vault = asking()
    app = app_on(vault)
    async with app.run_test(size=NARROW) as pilot:
        await keys("M")(pilot)
        await pilot.press("enter", "enter")
        await until(pilot, lambda: len(vault.chosen) >= 1)
        await settle(pilot)
    assert [file for file, _, _ in vault.chosen] in ([1], [1, 2])


async def test_a_search_shows_what_it_finds_and_escape_shows_the_candidates_again() -> None:
    vault = asking()
    vault.found = {"out of the past": [replace(OLDER, tmdb_id=678, title="Out of the Past", year=1947)]}
    app = app_on(vault)
    async with app.run_test(size=NARROW) as pilot:
        await keys("M", "slash")(pilot)
        assert app.screen.query_one(Input).has_focus
        await pilot.press(*"out", "space", *"of", "space", *"the", "space", *"past", "enter")
        await until(pilot, lambda: shown(app) == [678])
        assert app.screen.query_one("#candidates", Listing).has_focus
        await keys("escape")(pilot)
        assert shown(app) == [949, 31865]
        assert not app.screen.query_one("#words").has_class("-open")
        await pilot.press("slash", *"nothing", "enter")
        await until(pilot, lambda: "finds nothing" in app.screen.query_one("#candidates", Listing).empty)


async def test_a_search_that_cannot_be_asked_says_why_and_the_choice_goes_on() -> None:
    vault = asking()
    vault.offline = True
    app = app_on(vault)
    async with app.run_test(size=NARROW) as pilot:
        await keys("M")(pilot)
        await pilot.press("slash", *"x", "enter")
        await until(pilot, lambda: "no key to ask it" in app.screen.query_one("#candidates", Listing).empty)
        await keys("escape", "enter")(pilot)
        await until(pilot, lambda: vault.chosen == [(FileId(1), NEW_HEAT, False)])


async def test_left_and_right_go_through_the_queue_and_undo_takes_a_choice_back() -> None:
    vault = asking()
    app = app_on(vault)
    async with app.run_test(size=NARROW) as pilot:
        await keys("M", "u", "right")(pilot)
        assert vault.undone == 0, "nothing was chosen here yet"
        assert shown(app) == OFFICES
        await keys("left", "enter")(pilot)
        await until(pilot, lambda: len(vault.chosen) == 1)
        vault.ask()
        await keys("u")(pilot)
        await until(pilot, lambda: vault.undone == 1)
        await until(pilot, lambda: shown(app) == [949, 31865])


async def test_a_candidate_is_told_with_poster_length_beside_the_files_and_evidence() -> None:
    app = app_on(asking())
    async with app.run_test(size=NARROW) as pilot:
        await keys("M")(pilot)
        facts = app.screen.query_one(Facts).facts
        assert ("runs", "2:50:00, this file 2:50:00") in facts
        assert ("for", "the same title, “Heat”") in facts
        assert ("link", "https://www.themoviedb.org/movie/949") in facts
        box = app.screen.query_one("#poster", PictureBox)
        await until(pilot, lambda: box.picture is not None)
        await keys("down")(pilot)
        await until(
            pilot, lambda: ("runs", "1:41:00, this file 2:50:00") in app.screen.query_one(Facts).facts
        )


async def test_o_opens_the_page_and_copies_its_address() -> None:
    app = app_on(asking())
    opened: list[str] = []
    app.open_url = lambda url, new_tab=True: opened.append(url)  # type: ignore[method-assign]  # no browser here
    async with app.run_test(size=NARROW) as pilot:
        await keys("M", "o")(pilot)
    assert opened == [app.clipboard] == ["https://www.themoviedb.org/movie/949"]


async def test_the_details_show_the_poster_beside_the_facts_of_the_title() -> None:
    vault = FakeVault()
    vault.entries[FileId(1)] = Entry(HEAT)
    app = app_on(vault)
    async with app.run_test(size=WIDE) as pilot:
        await keys("enter")(pilot)
        box = app.screen.query_one("#poster", PictureBox)
        await until(pilot, lambda: box.picture is not None)
        assert ("collection", HEAT.collection) not in app.screen.query_one(Facts).facts
        assert ("about", HEAT.overview) in app.screen.query_one(Facts).facts
        await keys("down")(pilot)
        await until(pilot, lambda: not box.display)


async def test_the_details_scroll_while_the_list_keeps_the_keys() -> None:
    vault = FakeVault()
    vault.entries[FileId(1)] = Entry(HEAT)
    app = app_on(vault)
    async with app.run_test(size=NARROW) as pilot:
        await keys("enter")(pilot)
        details = app.screen.query_one("#details")
        await keys("J")(pilot)
        await until(pilot, lambda: details.scroll_offset.y > 3)
        assert app.screen.query_one("#rows", Listing).cursor == 0
        await keys("K")(pilot)
        await until(pilot, lambda: details.scroll_offset.y == 0)


async def test_missing_episodes_lead_to_the_files_of_the_show() -> None:
    vault = FakeVault()
    vault.lack()
    app = app_on(vault)
    async with app.run_test(size=NARROW) as pilot:
        await keys("E")(pilot)
        assert isinstance(app.screen, MissingEpisodes)
        assert app.screen.query_one(Listing).window.row(4) == vault.episodes[4]
        await keys("down", "enter")(pilot)
        assert isinstance(app.screen, InventoryScreen)
        assert app.screen.query_shown.text == "The Office"


async def test_a_better_copy_leads_to_the_comparison_of_the_two() -> None:
    vault = FakeVault()
    vault.lack()
    app = app_on(vault)
    async with app.run_test(size=WIDE) as pilot:
        await keys("B")(pilot)
        assert isinstance(app.screen, BetterCopies)
        await keys("enter")(pilot)
        await until(pilot, lambda: isinstance(app.screen, DuplicatesScreen))


async def test_a_view_with_nothing_in_it_says_what_would_fill_it() -> None:
    app = app_on()
    async with app.run_test(size=NARROW) as pilot:
        await keys("E")(pilot)
        assert "metadata fetch --details" in app.screen.query_one(Listing).empty
        await keys("escape", "B")(pilot)
        assert "No file has a better copy" in app.screen.query_one(Listing).empty
