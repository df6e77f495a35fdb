"""A list of groups with its filter, its facets and its totals, and beside it the one under the cursor."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Protocol, TypeVar

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.signal import Signal
from textual.widget import Widget
from textual.widgets import Static

from mediavault_tui.domain.library import Comparison, GroupQuery, GroupSummary, GroupTotals
from mediavault_tui.domain.model import GroupId
from mediavault_tui.errors import MediaVaultError
from mediavault_tui.ui import describe, narrowing, tables
from mediavault_tui.ui.format import first_lines, visible
from mediavault_tui.ui.keyed import keyed
from mediavault_tui.ui.pane import TextFilteredPane
from mediavault_tui.ui.widgets.compare import Compare
from mediavault_tui.ui.widgets.filterline import FilterLine
from mediavault_tui.ui.widgets.listing import Listing
from mediavault_tui.ui.widgets.panebar import PaneBar
from mediavault_tui.ui.windows import STEP, FixedWindow, GrowingWindow, Window, place_of

_PAUSE = 0.05
"""Seconds that the cursor rests before a group is read."""

_SENTENCE = 2
"""Lines that a group's sentence has below the list."""


class GroupServices(Protocol):
    """What a list of groups asks of the services layer."""

    async def groups(
        self, query: GroupQuery, *, limit: int = STEP, after: GroupSummary | None = None
    ) -> Sequence[GroupSummary]: ...

    async def group_totals(self, query: GroupQuery) -> Sequence[GroupTotals]: ...

    async def comparison(self, group: GroupId) -> Comparison: ...


Services = TypeVar("Services", bound=GroupServices)


class GroupsPane(TextFilteredPane[Services]):
    """Groups of copies, narrowed and counted, with `Compare` beside them."""

    def __init__(
        self,
        opened: Callable[[], Awaitable[Services]],
        changed: Signal[str],
        *,
        read_only: bool = False,
        scanning: Callable[[], bool] = lambda: False,
    ) -> None:
        """`scanning` tells whether the app scans just now: groups are found at a scan's end."""
        super().__init__(opened, changed, read_only=read_only)
        self.scanning = scanning
        self._was_read = False

    def body(self) -> ComposeResult:
        with Horizontal(id="beside"):
            yield Listing(
                narrowing.NARROWERS,
                key=lambda line: (line.heading, line.value),
                id="facets",
                opens=("Narrow", "Show the groups of this value only, or all of them again"),
            )
            yield Listing(tables.GROUPS, key=lambda group: group.id, id="rows", empty="Opening the library…")
            yield Compare(id="compare")
        yield FilterLine()
        yield Static(id="sentence")
        yield Static(id="totals")

    narrowed = GroupQuery()
    """The verdict and the kind of proof that the list is narrowed to."""

    totals: Sequence[GroupTotals] | None = None
    """What the words let through, by kind and verdict; None before it was counted."""

    @property
    def query_shown(self) -> GroupQuery:
        """The whole filter of what is on the screen."""
        return replace(self.narrowed, text=self.text, inverse=self.inverse)

    async def build(self, services: Services) -> Window[GroupSummary]:
        query = self.query_shown

        async def page(after: GroupSummary | None) -> Sequence[GroupSummary]:
            return await services.groups(query, after=after)

        return GrowingWindow(page)

    _pointed_at: GroupId | None = None
    """The group that another pane wants compared, until its list is here."""

    def point_at(self, group: GroupId, title: str) -> None:
        """Narrow the list to a title and compare the one group."""
        self._pointed_at = group
        self.query_one(FilterLine).show(title)
        self.text, self.inverse, self.narrowed = title, False, GroupQuery()
        self.start_over()

    def shown(self) -> None:
        if self._pointed_at is not None:
            self._go_to(self._pointed_at)
            self._pointed_at = None
        self._was_read = True
        self._say_why_empty()
        self._count()
        if self.listing.current is None:
            self.query_one(Compare).expect(None)
            self.remove_class("-comparing")

    @work(exclusive=True, group="point")
    async def _go_to(self, group: GroupId) -> None:
        """Compare a group, however far down its list it is."""
        listing = self.listing
        try:
            place = await place_of(listing.window, group, listing.key)
        except MediaVaultError as error:
            self.complain(self.TROUBLE, error)
            return
        if place is None:
            self.say("This group does not wait for a decision any more.")
            return
        listing.arrived()
        listing.move_to(place)
        self._open()

    @work(exclusive=True, group="count")
    async def _count(self) -> None:
        """Count what the words let through, once the rows are there: they do not wait for it."""
        try:
            self.totals = await (await self.opened()).group_totals(self.query_shown)
        except MediaVaultError as error:
            self.complain("The groups could not be counted", error)
            return
        self._show_totals(self.totals)
        panel = self.query_one("#facets", Listing)
        panel.show(FixedWindow(narrowing.narrowers(self.totals, self.query_shown)), at=panel.cursor)

    def _show_totals(self, totals: Sequence[GroupTotals]) -> None:
        parts = narrowing.total(totals, self.query_shown, self.size.width - 2)
        self.query_one("#totals", Static).update(describe.line(parts))

    def on_resize(self) -> None:
        if self.totals is not None:
            self._show_totals(self.totals)

    def on_screen_resume(self) -> None:
        if self._was_read:  # a scan may have begun since
            self._say_why_empty()

    def _say_why_empty(self) -> None:
        if self.query_shown != GroupQuery():
            self.listing.empty = "No group passes this filter.\n" + keyed(
                self.app, "<pane.back:esc> clears it."
            )
        elif self.scanning():
            self.listing.empty = "A scan is running.\nIts groups of copies appear here at its end."
        else:
            self.listing.empty = "No duplicates are waiting.\n" + keyed(
                self.app, "Press <app.scanner:4> to scan folders, <app.pending:3> for what is staged."
            )

    @on(Listing.Moved, "#rows")
    def _follow(self) -> None:
        """Turn to the group under the cursor at once; its copies are read where the cursor rests."""
        group: GroupSummary | None = self.listing.current
        compare = self.query_one(Compare)
        compare.expect(group)
        width = max(self.query_one("#sentence").size.width - 2, 20)
        lines = first_lines(visible(group.sentence), width, most=_SENTENCE) if group else []
        self.query_one("#sentence", Static).update(describe.plain(lines))
        self.query_one(PaneBar).crumbs = group.title if group else ""
        self.refresh_bindings()  # whether there is a next pair
        self._read(compare, group)

    @work(exclusive=True, group="compare")
    async def _read(self, compare: Compare, group: GroupSummary | None) -> None:
        await asyncio.sleep(_PAUSE)
        if group is None:
            return
        try:
            compare.show(await (await self.opened()).comparison(group.id))
        except MediaVaultError as error:
            self.complain("The copies could not be read", error)

    @on(Listing.Chosen, "#rows")
    def _open(self) -> None:
        self.add_class("-comparing")
        self.query_one(Compare).focus()

    @on(Listing.Chosen, "#facets")
    def _narrow(self, message: Listing.Chosen) -> None:
        line: narrowing.Narrower | None = message.listing.current
        if line is not None and line.value is not None:
            self.narrowed = narrowing.toggled(self.narrowed, line.value)
            self.start_over()

    def focus_next(self, selector: str | type[Widget] = "*") -> Widget | None:
        """Stay where it is: tab shows the next pair, also where there is none."""
        return self.focused

    def action_facets(self) -> None:
        panel = self.query_one("#facets", Listing)
        if panel.has_focus:
            self.action_back()
            return
        self.remove_class("-comparing")
        self.add_class("-facets")
        panel.focus()

    def action_back(self) -> None:
        if shut := next((each for each in ("-comparing", "-facets") if self.has_class(each)), ""):
            self.remove_class(shut)
            self.listing.focus()
        elif self.query_shown != GroupQuery():
            self.clear_filter()

    def clear_filter(self) -> None:
        self.narrowed = GroupQuery()
        super().clear_filter()
