"""The virtual list: what it draws, what it asks for, what a move of the cursor costs."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from textual.app import App, ComposeResult
from textual.geometry import Region

from mediavault_tui.ui.columns import Column, lay_out
from mediavault_tui.ui.widgets.listing import Listing
from mediavault_tui.ui.windows import FixedWindow
from tests.ui.harness import until


class Late:
    """A million rows, none of which is here until it is loaded."""

    total = 1_000_000

    def __init__(self) -> None:
        self.here: set[int] = set()

    def row(self, index: int) -> int | None:
        return index if index in self.here else None

    async def load(self, first: int, last: int) -> None:
        self.here |= set(range(first, last + 1))


class Alone(App[None]):
    """One list of numbers and what it said."""

    def __init__(self) -> None:
        super().__init__()
        self.wanted: list[tuple[int, int] | None] = []

    def compose(self) -> ComposeResult:
        column: Column[int] = Column("n", "Number", 0, lambda row: (f"row {row}", "plain"))
        yield Listing((column,), key=lambda row: row, marking=True)

    def on_listing_wanted(self, message: Listing.Wanted) -> None:
        self.wanted.append(message.listing.missing)

    @property
    def listing(self) -> Listing[Any]:
        return self.query_one(Listing)


async def test_keys_go_on_over_rows_that_have_not_come() -> None:
    app = Alone()
    async with app.run_test(size=(40, 20)) as pilot:
        app.listing.show(Late())
        await pilot.press("pagedown", "pagedown", "down", "end", "up")
        assert app.listing.cursor == 999_998
        assert app.wanted[-1] is not None
        assert app.wanted[-1][1] == 999_999


async def test_a_move_repaints_two_lines() -> None:
    app = Alone()
    async with app.run_test(size=(40, 20)) as pilot:
        app.listing.show(FixedWindow(range(100)))
        await pilot.pause()
        repainted: list[Region] = []
        refresh = app.listing.refresh

        def spy(*regions: Region, **options: Any) -> Listing[Any]:
            repainted.extend(regions or [Region()])
            return refresh(*regions, **options)

        app.listing.refresh = spy  # type: ignore[method-assign]  # to see what is repainted
        await pilot.press("down")
        assert sorted(region.y for region in repainted) == [1, 2]
        assert {region.height for region in repainted} == {1}


async def test_the_cursor_is_always_seen() -> None:
    app = Alone()
    async with app.run_test(size=(40, 20)) as pilot:
        app.listing.show(FixedWindow(range(100)))
        for key in ("end", "home", "pagedown", "pagedown", "up", "G", "k", "g", "j"):
            await pilot.press(key)
            top = int(app.listing.scroll_offset.y)
            assert top <= app.listing.cursor < top + 19


async def test_marks_are_held_by_key_when_other_rows_are_shown() -> None:
    app = Alone()
    async with app.run_test(size=(40, 20)) as pilot:
        app.listing.show(FixedWindow(range(100)))
        await pilot.press("down", "space")
        app.listing.show(FixedWindow(range(1, 100)))
        await pilot.pause()
        assert app.listing.marks == {1}
        assert "●" in app.listing.render_line(1).text


async def test_a_row_that_is_on_its_way_is_not_marked() -> None:
    app = Alone()
    async with app.run_test(size=(40, 20)) as pilot:
        app.listing.show(Late())
        await pilot.press("space")
        assert app.listing.marks == set()


async def test_a_click_puts_the_cursor_on_its_line() -> None:
    app = Alone()
    async with app.run_test(size=(40, 20)) as pilot:
        app.listing.show(FixedWindow(range(100)))
        await pilot.pause()
        await pilot.click(Listing, offset=(5, 7))
        assert app.listing.cursor == 6


async def test_an_empty_list_says_why() -> None:
    app = Alone()
    async with app.run_test(size=(40, 20)) as pilot:
        app.listing.empty = "Nothing here.\nPress 4."
        await pilot.pause()
        assert app.listing.render_line(2).text.strip() == "Nothing here."
        assert app.listing.render_line(3).text.strip() == "Press 4."


async def test_a_bracketed_name_is_drawn_whole() -> None:
    app = Alone()
    async with app.run_test(size=(40, 20)) as pilot:
        column: Column[str] = Column("n", "Name", 0, lambda row: (row, "plain"))
        app.listing.columns = (column,)
        app.listing.show(FixedWindow(["Heat [x265] [/red].mkv"]))
        await pilot.pause()
        assert "Heat [x265] [/red].mkv" in app.listing.render_line(1).text


def test_a_narrow_list_drops_what_can_be_spared_and_fills_its_width() -> None:
    def column(key: str, width: int, spare: int) -> Column[int]:
        return Column(key, key, width, lambda row: (str(row), "plain"), spare=spare)

    columns: Sequence[Column[int]] = (
        column("a", 0, 0),
        column("b", 10, 2),
        column("c", 10, 1),
        column("d", 5, 0),
    )
    for width, shown in ((60, "abcd"), (40, "acd"), (30, "ad")):
        laid = lay_out(columns, width)
        assert "".join(c.key for c, _ in laid) == shown
        assert sum(cells for _, cells in laid) + len(laid) - 1 == width
    for keep, shown in (("b", "abd"), ("c", "acd"), ("d", "acd")):
        assert "".join(c.key for c, _ in lay_out(columns, 40, keep=keep)) == shown, "sorted by it"


async def test_wanted_rows_stop_being_wanted_once_they_are_here() -> None:
    app = Alone()
    async with app.run_test(size=(40, 20)) as pilot:
        window = Late()
        app.listing.show(window)
        await until(pilot, lambda: bool(app.wanted))
        span = app.listing.missing
        assert span is not None
        await asyncio.wait_for(window.load(*span), 1)
        app.listing.arrived()
        assert app.listing.missing is None
