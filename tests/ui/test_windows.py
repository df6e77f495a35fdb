"""Windows on long lists: what is read, and in which order."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from mediavault_tui.ui.windows import PAGE, GrowingWindow, KeysetWindow, place_of, rows_with


class Numbers:
    """A million numbers, read by keyset; counts what was asked."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.asked = 0
        self.milestones_asked = 0

    async def read(
        self, *, after: int | None, before: int | None, from_end: bool, limit: int
    ) -> Sequence[int]:
        self.asked += 1
        if from_end or before is not None:
            end = self.total if before is None else before
            return range(max(end - limit, 0), end)
        start = 0 if after is None else after + 1
        return range(start, min(start + limit, self.total))

    async def milestones(self) -> Sequence[int]:
        self.milestones_asked += 1
        return range(PAGE - 1, self.total, PAGE)

    def window(self) -> KeysetWindow[int, int]:
        return KeysetWindow(self.total, self.read, lambda row: row, self.milestones)


@pytest.mark.parametrize("places", [(0,), (999_999,), (500_000,), (0, 300, 999_999, 999_000, 400_123, 5)])
async def test_every_place_holds_its_row(places: Sequence[int]) -> None:
    window = Numbers(1_000_000).window()
    for place in places:
        await window.load(place, place + 40)
        assert window.row(place) == place


async def test_both_ends_take_one_read_and_no_milestones() -> None:
    numbers = Numbers(1_000_000)
    window = numbers.window()
    await window.load(0, 40)
    await window.load(999_960, 999_999)
    assert (numbers.asked, numbers.milestones_asked) == (2, 0)


async def test_paging_on_takes_one_read_a_page_and_no_milestones() -> None:
    numbers = Numbers(100_000)
    window = numbers.window()
    for top in range(0, 20 * PAGE, 40):
        await window.load(top, top + 39)
        assert window.row(top) == top
    assert numbers.asked <= 21
    assert numbers.milestones_asked == 0


async def test_paging_back_from_the_end_needs_no_milestones() -> None:
    numbers = Numbers(100_000)
    window = numbers.window()
    for bottom in range(99_999, 99_999 - 20 * PAGE, -40):
        await window.load(bottom - 39, bottom)
        assert window.row(bottom) == bottom
    assert numbers.milestones_asked == 0


async def test_milestones_are_asked_for_once() -> None:
    numbers = Numbers(1_000_000)
    window = numbers.window()
    for place in (500_000, 250_000, 750_000):
        await window.load(place, place)
        assert window.row(place) == place
    assert numbers.milestones_asked == 1


async def test_memory_does_not_grow_with_the_way_gone() -> None:
    window = Numbers(100_000).window()
    for page in range(100):
        await window.load(page * PAGE, page * PAGE)
    assert len(window._pages) <= 32


async def test_fewer_rows_than_were_counted_make_the_list_shorter() -> None:
    numbers = Numbers(10)
    window = KeysetWindow[int, int](12, numbers.read, lambda row: row, numbers.milestones)
    await window.load(0, 11)
    assert window.total == 10


async def test_a_growing_window_reads_on_only_as_far_as_it_is_looked_at() -> None:
    asked = 0

    async def page(after: int | None) -> Sequence[int]:
        nonlocal asked
        asked += 1
        start = 0 if after is None else after + 1
        return range(start, min(start + 100, 250))

    window = GrowingWindow(page, limit=100)
    await window.load(0, 20)
    assert (asked, window.total, window.complete) == (1, 101, False)
    await window.load(0, 10_000)
    assert (window.total, window.row(249), window.row(250), window.complete) == (250, 249, None, True)


async def test_rows_are_found_by_their_keys_and_no_more_is_read_than_that_takes() -> None:
    asked = 0

    async def page(after: int | None) -> Sequence[int]:
        nonlocal asked
        asked += 1
        start = 0 if after is None else after + 1
        return range(start, min(start + 100, 450))

    window = GrowingWindow(page, limit=100)
    assert await rows_with(window, ["5", "150"], str) == {"5": 5, "150": 150}
    assert asked == 2
    assert await rows_with(window, ["449", "none"], str) == {"449": 449}


async def test_the_place_of_a_row_is_found_wherever_it_is() -> None:
    async def page(after: int | None) -> Sequence[int]:
        start = 1000 if after is None else after + 1
        return range(start, min(start + 100, 1450))

    window = GrowingWindow(page, limit=100)
    assert await place_of(window, "1234", str) == 234
    assert window.row(300) is None
    assert await place_of(window, "none", str) is None


async def test_two_who_read_a_growing_window_at_once_get_every_row_once() -> None:
    async def page(after: int | None) -> Sequence[int]:
        start = 0 if after is None else after + 1
        await asyncio.sleep(0)  # the database answers later: the other one asks meanwhile
        return range(start, min(start + 100, 250))

    window = GrowingWindow(page, limit=100)
    await asyncio.gather(window.load(0, 120), window.load(0, 10_000))
    assert [window.row(index) for index in range(window.total)] == list(range(250))
