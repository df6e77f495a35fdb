"""Rows of a list that need not all be in memory: known by position, read by keyset.

A list asks for the row at a position and gets it, or None and a reason to wait; a
screen's worker then calls `load`. Nothing here knows Textual or the database.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Iterable, Sequence
from typing import Generic, Protocol, TypeVar

Row = TypeVar("Row")
RowOut = TypeVar("RowOut", covariant=True)
Key = TypeVar("Key")
KeyIn = TypeVar("KeyIn", contravariant=True)

PAGE = 256
"""Rows read at once: a few screens, well below a millisecond of the database's time."""

STEP = 200
"""Rows read at once by a list that only reads onward."""

_KEPT_PAGES = 32
_WALK = 8
"""So many pages are read through to reach a place before milestones are asked for."""


class Window(Protocol[RowOut]):
    """What a list shows: so many rows, some of them here."""

    @property
    def total(self) -> int:
        """How many rows there are, as far as is known."""
        ...

    def row(self, index: int) -> RowOut | None:
        """Return the row at `index`, or None while it is not here."""
        ...

    async def load(self, first: int, last: int) -> None:
        """Bring the rows `first`…`last` (both included) here."""
        ...


class FixedWindow(Generic[Row]):
    """Rows that are all here."""

    def __init__(self, rows: Sequence[Row] = ()) -> None:
        self.rows = rows

    @property
    def total(self) -> int:
        return len(self.rows)

    def row(self, index: int) -> Row | None:
        return self.rows[index] if 0 <= index < len(self.rows) else None

    async def load(self, first: int, last: int) -> None:
        return


class GrowingWindow(Generic[Row]):
    """Rows that are read onward from the first; one place too many stands for "there is more"."""

    def __init__(self, page: Callable[[Row | None], Awaitable[Sequence[Row]]], *, limit: int = STEP) -> None:
        """`page` returns at most `limit` rows after a given one; fewer are the last."""
        self._page = page
        self._limit = limit
        self._rows: list[Row] = []
        self._more = True
        # Two who load at once would both read on from the same row, and every row would be there twice.
        self._reading = asyncio.Lock()

    @property
    def total(self) -> int:
        return len(self._rows) + self._more

    @property
    def complete(self) -> bool:
        """Whether every row is here."""
        return not self._more

    def row(self, index: int) -> Row | None:
        return self._rows[index] if 0 <= index < len(self._rows) else None

    async def load(self, first: int, last: int) -> None:
        async with self._reading:
            while self._more and len(self._rows) <= last:
                page = await self._page(self._rows[-1] if self._rows else None)
                self._rows.extend(page)
                self._more = len(page) >= self._limit


async def rows_with(
    window: Window[Row], keys: Iterable[Hashable], key: Callable[[Row], Hashable]
) -> dict[Hashable, Row]:
    """Return the rows with these keys, from the first on; what is not here is read until all are found."""
    missing = set(keys)
    found: dict[Hashable, Row] = {}
    index = 0
    while missing and index < window.total:
        if window.row(index) is None:
            await window.load(index, index)
        row = window.row(index)
        if row is not None and key(row) in missing:
            missing.remove(key(row))
            found[key(row)] = row
        index += 1
    return found


async def place_of(window: Window[Row], wanted: Hashable, key: Callable[[Row], Hashable]) -> int | None:
    """Return where the row with this key is; what is not here is read until it is found. None: nowhere."""
    index = 0
    while index < window.total:
        if window.row(index) is None:
            await window.load(index, index)
        row = window.row(index)
        if row is not None and key(row) == wanted:
            return index
        index += 1
    return None


class PageReader(Protocol[KeyIn, RowOut]):
    """Reads `limit` rows after or before a key, or the last ones; always in the list's order."""

    async def __call__(
        self, *, after: KeyIn | None, before: KeyIn | None, from_end: bool, limit: int
    ) -> Sequence[RowOut]: ...


class KeysetWindow(Generic[Row, Key]):
    """A window on any number of rows, by pages of `PAGE`, the least recently seen forgotten.

    A page is reached from its neighbour, from either end, or by a milestone: the key of
    every `PAGE`-th row, asked for once, when somebody jumps into the middle.
    """

    def __init__(
        self,
        total: int,
        read: PageReader[Key, Row],
        key: Callable[[Row], Key],
        milestones: Callable[[], Awaitable[Sequence[Key]]],
    ) -> None:
        self._total = total
        self._read = read
        self._key = key
        self._ask_milestones = milestones
        self._milestones: Sequence[Key] | None = None
        self._pages: OrderedDict[int, Sequence[Row]] = OrderedDict()

    @property
    def total(self) -> int:
        return self._total

    def row(self, index: int) -> Row | None:
        page = self._pages.get(index // PAGE)
        if page is None:
            return None
        place = index % PAGE
        return page[place] if place < len(page) else None

    async def load(self, first: int, last: int) -> None:
        for page in range(max(first, 0) // PAGE, max(min(last, self._total - 1), 0) // PAGE + 1):
            if page in self._pages:
                self._pages.move_to_end(page)
            else:
                self._keep(page, await self._fetch(page))

    def _keep(self, page: int, rows: Sequence[Row]) -> None:
        self._pages[page] = rows
        while len(self._pages) > _KEPT_PAGES:
            self._pages.popitem(last=False)
        # The total was read a moment before the rows: the last page knows better.
        if len(rows) < PAGE:
            self._total = min(self._total, page * PAGE + len(rows))

    async def _fetch(self, page: int) -> Sequence[Row]:
        last = max(self._total - 1, 0) // PAGE
        if page == 0:
            return await self._read(after=None, before=None, from_end=False, limit=PAGE)
        if page == last and page - 1 not in self._pages:
            return await self._read(after=None, before=None, from_end=True, limit=self._total - page * PAGE)
        near = self._nearest(page, last)
        if near is None:
            if self._milestones is None:
                self._milestones = await self._ask_milestones()
            if page <= len(self._milestones):
                return await self._read(
                    after=self._milestones[page - 1], before=None, from_end=False, limit=PAGE
                )
            near = max((known for known in self._pages if known < page), default=0)
        return await self._walk(near, page)

    def _nearest(self, page: int, last: int) -> int | None:
        """Return a page that is here, or an end, from which `page` is a short walk."""
        reachable = {0, last, *self._pages}
        near = min(reachable, key=lambda known: abs(known - page))
        return near if abs(near - page) <= _WALK else None

    async def _walk(self, start: int, page: int) -> Sequence[Row]:
        rows = self._pages.get(start)
        if rows is None:
            rows = await self._fetch(start)
            self._keep(start, rows)
        step = 1 if page > start else -1
        for passed in range(start + step, page + step, step):
            if not rows:
                return rows
            edge = self._key(rows[-1] if step > 0 else rows[0])
            rows = await self._read(
                after=edge if step > 0 else None,
                before=edge if step < 0 else None,
                from_end=False,
                limit=PAGE,
            )
            if passed != page:
                self._keep(passed, rows)
        return rows
