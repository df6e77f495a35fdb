"""Duplicates and Compare by keyboard."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from textual.widgets import Static

from mediavault_tui.domain.library import (
    ActResult,
    Comparison,
    GroupQuery,
    GroupSummary,
    GroupTotals,
    ScanPhase,
    ScanProgress,
)
from mediavault_tui.domain.media import STAGING_FOLDER
from mediavault_tui.domain.model import FileId, GroupId
from mediavault_tui.domain.verdict import Loss, Proof, Verdict
from mediavault_tui.errors import Refused, SourceOffline
from mediavault_tui.ui.app import MediaVaultApp
from mediavault_tui.ui.batch import Batch
from mediavault_tui.ui.describe import STAGED_THEN
from mediavault_tui.ui.dialogs import Confirm, Line, Text, Trouble
from mediavault_tui.ui.screens.duplicates import DuplicatesScreen
from mediavault_tui.ui.widgets.compare import Compare
from mediavault_tui.ui.widgets.listing import Listing
from tests.ui.fakes import FakeVault, moment
from tests.ui.harness import NARROW, WIDE, app_on, keys, settle, until


def compare(app: MediaVaultApp) -> Compare:
    return app.screen.query_one(Compare)


def shown_pair(app: MediaVaultApp) -> int:
    """Return which copy stands beside the first."""
    aim = compare(app).aim
    assert aim is not None
    assert aim.pair is not None
    return aim.pair.other


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
        assert shown_pair(app) == 2
        await keys("tab")(pilot)
        assert shown_pair(app) == 1


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
        assert "No duplicates are waiting" in app.screen.query_one("#rows", Listing).empty
        await pilot.press("4")
        await pilot.pause()
        await pilot.press("S")
        await until(pilot, lambda: "scanning" in app.status)
        await pilot.press("2")
        await until(
            pilot, lambda: app.screen.query_one("#rows", Listing).empty.startswith("A scan is running.")
        )
        vault.over.set()
        await until(
            pilot, lambda: "No duplicates are waiting" in app.screen.query_one("#rows", Listing).empty
        )


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


async def test_nothing_of_the_group_that_was_left_stays_to_be_decided() -> None:
    class Slow(FakeVault):
        may_come = asyncio.Event()

        async def comparison(self, group: GroupId) -> Comparison:
            if group != self.comparisons[0].group.id:
                await self.may_come.wait()
            return await super().comparison(group)

    vault = Slow()
    app = app_on(vault)
    async with app.run_test(size=WIDE) as pilot:
        await keys("2")(pilot)
        assert compare(app).comparison is not None
        await pilot.press("j")
        await until(pilot, lambda: compare(app).comparison is None)
        assert compare(app).group == vault.comparisons[1].group
        vault.may_come.set()
        await until(pilot, lambda: compare(app).comparison == vault.comparisons[1])


async def test_copies_that_cannot_be_read_leave_nothing_of_another_group_behind() -> None:
    class Failing(FakeVault):
        async def comparison(self, group: GroupId) -> Comparison:
            if group != self.comparisons[0].group.id:
                raise Refused("gone")
            return await super().comparison(group)

    vault = Failing()
    app = app_on(vault)
    async with app.run_test(size=WIDE) as pilot:
        await keys("2", "j")(pilot)
        await until(pilot, lambda: isinstance(app.screen, Trouble))
        await keys("escape")(pilot)
        assert compare(app).comparison is None
        await keys("x")(pilot)
        await until(pilot, lambda: isinstance(app.screen, Trouble))
    assert vault.different == []


async def test_news_of_the_same_copies_leaves_the_chosen_side() -> None:
    vault = FakeVault()
    app = app_on(vault)
    async with app.run_test(size=WIDE) as pilot:
        await keys("2", "l", "tab")(pilot)
        assert vault.heard is not None
        vault.heard("group:9")
        await settle(pilot)
        assert compare(app).right_chosen
        assert shown_pair(app) == 2


async def test_x_says_which_two_files_it_meant() -> None:
    vault = FakeVault()
    app = app_on(vault)
    async with app.run_test(size=WIDE) as pilot:
        await keys("2", "j", "x")(pilot)
        await until(pilot, lambda: bool(app._notifications))
        (said,) = (said.message for said in app._notifications)
    assert "“Amélie (2001) 720p.mkv” and “Amelie.2001.MULTI.1080p.mkv”" in said


@pytest.mark.parametrize("key", ["l", "left", "tab"])
async def test_a_side_or_pair_that_is_not_seen_is_not_chosen_but_shown(key: str) -> None:
    app = app_on()
    async with app.run_test(size=NARROW) as pilot:
        await keys("2", key)(pilot)
        assert compare(app).display
        assert not compare(app).right_chosen
        assert shown_pair(app) == 1


async def test_which_two_of_three_copies_differ_is_not_said_unseen() -> None:
    vault = FakeVault()
    app = app_on(vault)
    async with app.run_test(size=NARROW) as pilot:
        await keys("2", "x")(pilot)
        assert compare(app).display
        assert vault.different == []
        await keys("tab", "x")(pilot)
        await until(pilot, lambda: bool(vault.different))
    first, _, third = (copy.file.id for copy in FakeVault().comparisons[0].copies)
    assert vault.different == [(first, third)]


async def test_tab_is_offered_only_where_there_is_a_next_pair() -> None:
    app = app_on()
    async with app.run_test(size=WIDE) as pilot:
        await keys("2")(pilot)
        assert "tab" in app.screen.active_bindings
        await keys("j")(pilot)
        shown = app.screen.active_bindings.get("tab")
        assert shown is None or shown.binding.id != "duplicates.pair"


async def test_what_covers_others_is_answered_at_once_for_it_is_never_staged() -> None:
    vault = FakeVault()
    first = vault.comparisons[0]
    vault.comparisons[0] = replace(first, group=replace(first.group, proof=Proof.COVERAGE))
    app = app_on(vault)
    async with app.run_test(size=WIDE) as pilot:
        await keys("2", "K")(pilot)
        await until(pilot, lambda: any("coverage" in said.message for said in app._notifications))
        assert isinstance(app.screen, DuplicatesScreen)
        words = "".join(text for line in compare(app)._lines for text, _ in line)
    assert "keep this" not in words
    assert "recommended" not in words


async def test_a_turned_filter_shows_all_others() -> None:
    app = app_on()
    async with app.run_test(size=WIDE) as pilot:
        await keys("2", "slash", "exclamation_mark", *"thing", "enter")(pilot)
        listing = app.screen.query_one("#rows", Listing)
        rows = [listing.window.row(index) for index in range(listing.window.total)]
        titles = [row.title for row in rows if row is not None]
    assert titles == [c.group.title for c in FakeVault().comparisons if "Thing" not in c.group.title]


async def test_facets_narrow_to_a_verdict_and_a_kind_and_escape_leads_back() -> None:
    app = app_on()
    async with app.run_test(size=WIDE) as pilot:
        await keys("2", "f", "down", "enter")(pilot)
        listing = app.screen.query_one("#rows", Listing)
        assert [listing.window.row(0).verdict, listing.window.total] == [Verdict.CERTAIN, 1]
        await keys("x", "b", "K")(pilot)
        assert isinstance(app.screen, DuplicatesScreen)
        await keys("escape")(pilot)
        assert listing.has_focus
        await keys("escape")(pilot)
        assert listing.window.total == len(FakeVault().comparisons)


async def test_the_last_line_says_what_there_is_to_reclaim() -> None:
    app = app_on()
    async with app.run_test(size=WIDE) as pilot:
        await keys("2")(pilot)
        said = str(app.screen.query_one("#totals", Static).render())
    assert said.startswith("5 groups, 35.1 GB reclaimable · ✔ certain 1, 5.4 GB · ✓ clear 1, 5.4 GB")


async def test_the_batch_is_of_what_the_filter_shows() -> None:
    vault = FakeVault()
    app = app_on(vault)
    async with app.run_test(size=WIDE) as pilot:
        await keys("2", "slash", *"thing", "enter", "A")(pilot)
        await until(pilot, lambda: isinstance(app.screen, Batch))
        await keys("y")(pilot)
        await until(pilot, lambda: bool(vault.sure))
    assert vault.sure == [c.group.id for c in FakeVault().comparisons if "Thing" in c.group.title]


async def test_a_filter_of_what_wants_a_look_has_no_batch() -> None:
    app = app_on()
    async with app.run_test(size=WIDE) as pilot:
        await keys("2", "f", *["down"] * 4, "enter", "A")(pilot)
        await until(pilot, lambda: any("No group that" in said.message for said in app._notifications))
        assert isinstance(app.screen, DuplicatesScreen)


async def test_the_batch_holds_every_safe_group_however_many_there_are() -> None:
    vault = FakeVault()
    clear = next(c for c in vault.comparisons if c.group.verdict is Verdict.CLEAR)
    look = next(c for c in vault.comparisons if c.group.verdict is Verdict.REVIEW)
    vault.comparisons = [replace(look, group=replace(look.group, id=GroupId(n))) for n in range(1, 2101)]
    vault.comparisons += [
        replace(clear, group=replace(clear.group, id=GroupId(n))) for n in range(3001, 5201)
    ]
    app = app_on(vault)
    async with app.run_test(size=WIDE) as pilot:
        await keys("2", "A")(pilot)
        await until(pilot, lambda: isinstance(app.screen, Batch))
        assert len(app.screen.groups) == 2200  # type: ignore[attr-defined]


async def test_a_group_far_down_its_title_is_found_all_the_same() -> None:
    vault = FakeVault()
    one = vault.comparisons[0]
    vault.comparisons = [replace(one, group=replace(one.group, id=GroupId(n))) for n in range(1, 502)]
    app = app_on(vault)
    async with app.run_test(size=NARROW) as pilot:
        await keys("2")(pilot)
        assert isinstance(app.screen, DuplicatesScreen)
        app.screen.point_at(GroupId(450), one.group.title)
        await until(pilot, lambda: compare(app).display)
        await settle(pilot)
        assert app.screen.listing.current.id == 450
        assert compare(app).comparison == vault.comparisons[449]


async def test_c_copies_the_path_of_the_chosen_side() -> None:
    vault = FakeVault()
    app = app_on(vault)
    async with app.run_test(size=WIDE) as pilot:
        await keys("2", "j", "l", "c")(pilot)
        await until(pilot, lambda: bool(app.clipboard))
    assert app.clipboard == FakeVault().comparisons[1].copies[1].file.where


async def test_a_sentence_that_is_cut_says_so() -> None:
    vault = FakeVault()
    first = vault.comparisons[0]
    vault.comparisons[0] = replace(first, group=replace(first.group, sentence="many words " * 40))
    app = app_on(vault)
    async with app.run_test(size=NARROW) as pilot:
        await keys("2")(pilot)
        lines = str(app.screen.query_one("#sentence", Static).render()).splitlines()
    assert len(lines) == 2
    assert lines[1].endswith("…")


async def test_of_a_group_to_be_looked_at_nothing_is_recommended() -> None:
    app = app_on()
    async with app.run_test(size=WIDE) as pilot:
        await keys("2")(pilot)
        heads = ["".join(text for text, _ in line) for line in compare(app)._lines]
        assert any("A · keep this · best" in head for head in heads)
        assert [head for head in heads if head.startswith("Why")] == [
            "Why they belong together",
            "Why this verdict",
        ]
        await keys("j")(pilot)
        heads = ["".join(text for text, _ in line) for line in compare(app)._lines]
        assert any("A · keep this · recommended" in head for head in heads)


async def test_a_copy_that_came_while_the_question_stood_is_not_staged_unnamed() -> None:
    vault = FakeVault()
    app = app_on(vault)
    async with app.run_test(size=WIDE) as pilot:
        await keys("2", "j", "K")(pilot)
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        asked, third = vault.comparisons[1], vault.comparisons[0].copies[2]
        vault.comparisons[1] = replace(asked, copies=(*asked.copies, third))
        await keys("y")(pilot)
        await until(pilot, lambda: any("other copies now" in said.message for said in app._notifications))
        await until(pilot, lambda: compare(app).comparison == vault.comparisons[1])
    assert vault.kept == []


async def test_tab_never_leaves_the_list() -> None:
    app = app_on()
    async with app.run_test(size=WIDE) as pilot:
        await keys("2", "tab", "j", "tab")(pilot)
        assert app.screen.query_one("#rows", Listing).has_focus


async def test_the_rows_do_not_wait_for_the_totals() -> None:
    class Slow(FakeVault):
        counted = asyncio.Event()

        async def group_totals(self, query: GroupQuery) -> Sequence[GroupTotals]:
            await self.counted.wait()
            return await super().group_totals(query)

    vault = Slow()
    app = app_on(vault)
    async with app.run_test(size=NARROW) as pilot:
        await pilot.press("2")
        await until(pilot, lambda: app.screen.query_one("#rows", Listing).window.total == 5)
        assert str(app.screen.query_one("#totals", Static).render()) == ""
        vault.counted.set()
        await until(pilot, lambda: "35.1 GB" in str(app.screen.query_one("#totals", Static).render()))


async def test_k_twice_before_the_copies_are_here_asks_once() -> None:
    class Slow(FakeVault):
        may_come = asyncio.Event()

        async def comparison(self, group: GroupId) -> Comparison:
            await self.may_come.wait()
            return await super().comparison(group)

    vault = Slow()
    app = app_on(vault)
    async with app.run_test(size=WIDE) as pilot:
        await pilot.press("2")
        await until(pilot, lambda: compare(app).group is not None)
        await pilot.press("K", "K")
        vault.may_come.set()
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await keys("n")(pilot)
        assert isinstance(app.screen, DuplicatesScreen)
    assert vault.kept == []


async def test_the_batch_is_asked_for_once_however_fast_its_key_comes() -> None:
    class Slow(FakeVault):
        may_come = asyncio.Event()

        async def groups(
            self, query: GroupQuery, *, limit: int = 200, after: GroupSummary | None = None
        ) -> Sequence[GroupSummary]:
            if query.verdicts:
                await self.may_come.wait()
            return await super().groups(query, limit=limit, after=after)

    vault = Slow()
    app = app_on(vault)
    async with app.run_test(size=WIDE) as pilot:
        await keys("2")(pilot)
        await pilot.press("A", "A")
        vault.may_come.set()
        await until(pilot, lambda: isinstance(app.screen, Batch))
        await keys("n")(pilot)
        assert isinstance(app.screen, DuplicatesScreen)
    assert vault.sure == []
