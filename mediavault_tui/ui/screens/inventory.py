"""Inventory: every file, filtered, sorted, marked; facets and details beside.

Longer than the other panes: filter, order, facets, marks and details of one list meet here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Protocol

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widgets import Static

from mediavault_tui.domain.library import (
    ActResult,
    Cursor,
    Facet,
    FacetCount,
    InventoryQuery,
    InventoryRow,
    SortKey,
    Totals,
)
from mediavault_tui.domain.model import FileId
from mediavault_tui.domain.worldfacets import WORLD
from mediavault_tui.errors import MediaVaultError
from mediavault_tui.ui import describe, staging, tables
from mediavault_tui.ui.details import Details, DetailServices
from mediavault_tui.ui.format import count, size, visible
from mediavault_tui.ui.keyed import keyed
from mediavault_tui.ui.widgets.filterline import FilterLine
from mediavault_tui.ui.widgets.listing import Listing
from mediavault_tui.ui.windows import PAGE, FixedWindow, KeysetWindow, Window
from mediavault_tui.ui.worldpane import WorldPane, WorldServices

if TYPE_CHECKING:
    from mediavault_tui.domain.accounts import LinkId, PreviewLink
    from mediavault_tui.domain.rename_plan import Planned, Reach
    from mediavault_tui.domain.rename_plan import Preview as RenamePreview
    from mediavault_tui.domain.stage_terms import StagePreview, Terms
    from mediavault_tui.domain.watching import Answering, Preview

_MARKED_AT_ONCE = 20_000
"""More rows than that are not marked by one key: it would be a slip of the hand."""

_TYPING_PAUSE = 0.08
"""Seconds without a key before a filter is asked of the database."""


class InventoryServices(WorldServices, DetailServices, Protocol):
    """What this pane asks of the services layer, and all it may ask."""

    async def page(
        self,
        query: InventoryQuery,
        *,
        after: Cursor | None = None,
        before: Cursor | None = None,
        from_end: bool = False,
        limit: int = PAGE,
    ) -> Sequence[InventoryRow]: ...

    async def totals(self, query: InventoryQuery) -> Totals: ...

    async def facets_about(self, query: InventoryQuery) -> Mapping[Facet, Sequence[FacetCount]]: ...

    async def facet_counts(self, facet: Facet, query: InventoryQuery) -> Sequence[FacetCount]: ...

    async def world_counts(self, query: InventoryQuery) -> Mapping[Facet, Sequence[FacetCount]]: ...

    async def milestones(self, query: InventoryQuery, *, every: int) -> Sequence[Cursor]: ...

    async def nearest(self, text: str) -> Sequence[str]: ...

    async def bytes_of(self, files: Sequence[FileId]) -> int: ...

    async def stage_preview(self, files: Sequence[FileId]) -> StagePreview: ...

    async def stage_files(self, shown: Sequence[Terms]) -> ActResult: ...

    async def rename_preview(
        self, files: Sequence[FileId], *, naming: str, reach: Reach
    ) -> RenamePreview: ...

    async def rename(self, planned: Sequence[Planned]) -> ActResult: ...

    async def preview(self, files: Sequence[FileId]) -> Preview: ...

    async def start_sidecar(self, preview: Preview) -> Answering: ...

    async def links(self) -> Sequence[PreviewLink]: ...

    async def revoke_link(self, link: LinkId) -> bool: ...


class InventoryScreen(WorldPane[InventoryServices]):
    """The list of every file."""

    PANE = "inventory"
    TROUBLE = "The inventory could not be read"
    CSS_PATH = "inventory.tcss"
    HELP = (
        "Every file of the library. Filter with <inventory.filter:/>, narrow with "
        "<inventory.facets:f>, mark with <list.mark:space>, stage the marked with "
        "<inventory.stage:d>; <world.title:m> says which title a file is, <world.titles:M> goes "
        "through those that ask."
    )

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "slash", "filter", "Filter", key_display="/", id="inventory.filter", tooltip="Filter as you type"
        ),
        Binding("s", "sort", "Sort", id="inventory.sort", tooltip="Choose the order"),
        Binding("S", "turn", "Reverse", show=False, id="inventory.turn", tooltip="Reverse the order"),
        Binding("d", "stage", "Stage", id="inventory.stage", tooltip="Stage the marked files (asks first)"),
        Binding(
            "f",
            "facets",
            "Facets",
            id="inventory.facets",
            tooltip="Narrow by kind, tier, codec, language, genre, decade, original language, rating, "
            "collection, folder, state",
        ),
        Binding(
            "r",
            "rename",
            "Rename",
            id="inventory.rename",
            tooltip="Names after the titles: the marked files, a season or a show (shows them first)",
        ),
        Binding(
            "p", "watch", "Watch", id="inventory.watch", tooltip="Links to watch it in a browser, mpv or VLC"
        ),
        Binding(
            "J",
            "scroll_details(1)",
            "Details down",
            show=False,
            id="inventory.details_down",
            tooltip="Scroll the details down",
        ),
        Binding(
            "K",
            "scroll_details(-1)",
            "Details up",
            show=False,
            id="inventory.details_up",
            tooltip="Scroll the details up",
        ),
        Binding(
            "c",
            "copy",
            "Copy path",
            show=False,
            id="inventory.copy",
            tooltip="Copy the path (OSC 52) and show it",
        ),
    ]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return self.has_class("-details") if action == "scroll_details" else True

    query_shown = InventoryQuery()
    """The filter and order of what is on the screen."""

    def body(self) -> ComposeResult:
        with Horizontal(id="table"):
            yield Listing(
                tables.FACETS,
                key=lambda line: (line.facet, line.value),
                id="facets",
                empty="…",
                opens=("Narrow", "Show the files of this value only, or all of them again"),
            )
            yield Listing(
                tables.INVENTORY,
                key=lambda row: row.id,
                marking=True,
                id="rows",
                empty="Opening the library…",
                opens=("Details", "Show what is known of the file, or hide it"),
            )
            yield Details(self.opened, id="details")
        yield FilterLine()
        yield Static(id="totals")

    async def build(self, services: InventoryServices) -> Window[InventoryRow]:
        query = self.query_shown
        self.listing.sorted = (tables.SORTED_BY[query.sort], query.descending)
        totals = await services.totals(query)
        self.totals = totals

        async def read(
            *, after: Cursor | None, before: Cursor | None, from_end: bool, limit: int
        ) -> Sequence[InventoryRow]:
            return await services.page(query, after=after, before=before, from_end=from_end, limit=limit)

        async def milestones() -> Sequence[Cursor]:
            return await services.milestones(query, every=PAGE)

        return KeysetWindow(totals.files, read, lambda row: row.cursor, milestones)

    totals = Totals(0, 0)

    def shown(self) -> None:
        filtered = self.query_shown.text or self.query_shown.facets
        self.listing.empty = (
            keyed(self.app, "No file passes this filter.\n<pane.back:esc> clears it.")
            if filtered
            else keyed(
                self.app,
                "Nothing is in the library yet.\nPress <app.scanner:4> and choose a folder to scan;\n"
                "its files appear here as they are found.",
            )
        )
        self._show_totals()
        self._load_facets()
        self._offer()

    def reload(self) -> None:
        super().reload()
        self._count_asking()  # no filter changes it

    @work(exclusive=True, group="asking")
    async def _count_asking(self) -> None:
        """Say beside the totals how many titles wait for a person."""
        try:
            self.asking = await (await self.opened()).titles_asking()
        except MediaVaultError as error:
            self.complain("The titles that ask could not be counted", error)
            return
        self._show_totals()

    offered: tuple[str, Sequence[str]] = ("", ())
    """What was typed and found nothing, and the titles nearest to it."""

    @work(exclusive=True, group="nearest")
    async def _offer(self) -> None:
        """Where nothing is called so, name what is called nearly so."""
        query, self.offered = self.query_shown, ("", ())
        if self.totals.files or not query.text or query.inverse:
            return
        try:
            titles = await (await self.opened()).nearest(query.text)
        except MediaVaultError as error:
            self.complain("The nearest titles could not be read", error)
            return
        if titles and query == self.query_shown:
            self.offered = (query.text, titles)
            names = " · ".join(map(visible, titles))
            self.listing.empty = f"Nothing is called so; nearest:\n{names}\n" + keyed(
                self.app, "enter takes the first, <pane.back:esc> clears."
            )
            self.listing.refresh()

    @on(FilterLine.Entered)
    def _take_nearest(self) -> None:
        line = self.query_one(FilterLine)
        typed, titles = self.offered
        if titles and line.value.strip() == typed:
            line.put(titles[0])

    weighed: tuple[frozenset[FileId], int] = (frozenset(), 0)
    """Marked files, and how many bytes they have together."""

    @on(Listing.Marked, "#rows")
    @work(exclusive=True, group="weigh")
    async def _weigh_marks(self) -> None:
        """Say how much is marked; marks may lie on rows that are not here."""
        self._show_totals()
        marks = frozenset(FileId(key) for key in self.listing.marks)
        if not marks:
            return
        await asyncio.sleep(_TYPING_PAUSE)
        try:
            self.weighed = marks, await (await self.opened()).bytes_of(list(marks))
        except MediaVaultError as error:
            self.complain("What is marked could not be added up", error)
            return
        self._show_totals()

    def _show_totals(self) -> None:
        query = self.query_shown
        files = count(self.totals.files, "file")
        parts = [f"{'' if self.totals.exact else 'about '}{files}", size(self.totals.bytes)]
        parts += [f"{facet.value}: {visible(value)}" for facet, value in query.facets]
        if query.text:
            parts.append(f"{'not ' if query.inverse else ''}“{visible(query.text)}”")
        if marks := self.listing.marks:
            marked, weight = self.weighed
            known = f", {size(weight)}" if marked == marks else ""
            parts.append(f"{count(len(marks), 'file')} marked{known}")
        if self.listing.range_from is not None:
            parts.append(keyed(self.app, "range begun, <list.range:v> ends it"))
        if self.asking:
            asking = count(self.asking, "title asks", "titles ask")
            parts.append(asking + keyed(self.app, " (<world.titles:M>)"))
        self.query_one("#totals", Static).update(describe.line(parts))

    @on(FilterLine.Filtered)
    def _filter(self, message: FilterLine.Filtered) -> None:
        self._ask(replace(self.query_shown, text=message.text, inverse=message.inverse))

    @work(exclusive=True, group="filter")
    async def _ask(self, query: InventoryQuery) -> None:
        await asyncio.sleep(_TYPING_PAUSE)
        if query != self.query_shown:
            self.query_shown = query
            self.start_over()

    def point_at(self, files: Sequence[FileId], text: str = "") -> None:
        """Show one file by the words of its name, or mark the many that another pane found."""
        if text:
            self.query_one(FilterLine).show(text)
            self.query_shown = replace(self.query_shown, text=text, inverse=False, facets=())
            self.start_over()
        else:
            self.listing.mark(files)
            self.say(
                f"{count(len(files), 'file')} marked; "
                + keyed(self.app, "<inventory.stage:d> stages them after a look, <pane.back:esc> unmarks.")
            )
        self.listing.focus()

    @work(exclusive=True, group="facets")
    async def _load_facets(self) -> None:
        """Count the facets, once the rows are there and only where they are seen.

        Of very many files estimates are there at once, and each facet's own count as it comes.
        """
        panel = self.query_one("#facets", Listing)
        if not panel.display:
            return
        services = await self.opened()
        counted: dict[Facet, Sequence[FacetCount]] = {}
        try:
            if about := await services.facets_about(self.query_shown):
                counted |= about
                self._show_facets(panel, counted)
            for facet in Facet:
                if facet not in WORLD:
                    counted[facet] = await services.facet_counts(facet, self.query_shown)
                    if about:
                        self._show_facets(panel, counted)
            self._show_facets(panel, counted)
            self._show_facets(panel, {**counted, **await services.world_counts(self.query_shown)})
        except MediaVaultError as error:
            self.complain("The facets could not be counted", error)

    def _show_facets(
        self, panel: Listing[tables.FacetLine], counted: Mapping[Facet, Sequence[FacetCount]]
    ) -> None:
        chosen = dict(self.query_shown.facets)
        lines: list[tables.FacetLine] = []
        for facet in Facet:
            counts = counted.get(facet, ())
            if facet in WORLD and not counts:
                continue  # no title is known that has it
            lines.append(tables.FacetLine(facet, None))
            lines += [
                tables.FacetLine(facet, c.value, c.files, chosen.get(facet) == c.value, exact=c.exact)
                for c in counts
            ]
        panel.show(FixedWindow(lines), at=panel.cursor)

    @on(Listing.Chosen, "#facets")
    def _facet_chosen(self, message: Listing.Chosen) -> None:
        message.stop()
        line: tables.FacetLine | None = message.listing.current
        if line is None or line.value is None:
            return
        facets = dict(self.query_shown.facets)
        if facets.get(line.facet) == line.value:
            del facets[line.facet]
        else:
            facets[line.facet] = line.value
        self.query_shown = replace(self.query_shown, facets=tuple(facets.items()))
        self.start_over()

    @on(Listing.Moved, "#rows")
    def _follow(self) -> None:
        if self.query_one("#details").display:
            self._show_details()

    @work(exclusive=True, group="details")
    async def _show_details(self) -> None:
        row: InventoryRow | None = self.listing.current
        details = self.query_one(Details)
        await asyncio.sleep(_TYPING_PAUSE)
        try:
            copy = await (await self.opened()).details(row.id) if row is not None else None
        except MediaVaultError as error:
            self.complain("The details could not be read", error)
            return
        await details.tell(copy, "" if row is None else "It is no longer in the library.")

    @on(Listing.Chosen, "#rows")
    def action_details(self) -> None:
        self.toggle_class("-details")
        self.refresh_bindings()
        self.call_after_refresh(self._follow)

    @on(Listing.RangeChosen, "#rows")
    def _range(self) -> None:
        if (ranged := self.listing.ranged) is not None:
            self._mark_between(*ranged, invert=False)

    @on(Listing.InvertChosen, "#rows")
    def _invert(self) -> None:
        self._mark_between(0, self.listing.window.total - 1, invert=True)

    @work(group="mark")
    async def _mark_between(self, first: int, last: int, *, invert: bool) -> None:
        listing = self.listing
        if last - first >= _MARKED_AT_ONCE:
            narrow = keyed(
                self.app, "narrow the filter first (<inventory.filter:/> or <inventory.facets:f>)."
            )
            self.say(f"{count(last - first + 1, 'file')} are too many to mark with one key; {narrow}")
            return
        window = listing.window
        found: set[FileId] = set()
        try:
            for start in range(first, last + 1, PAGE):
                stop = min(start + PAGE - 1, last)
                await window.load(start, stop)
                found |= listing.keys_between(start, stop, window)
        except MediaVaultError as error:
            self.complain("Nothing was marked", error)
            return
        if invert:
            listing.toggle(found)
        else:
            listing.mark(listing.marks | found)

    @work(group="ask")
    async def action_sort(self) -> None:
        from mediavault_tui.ui.dialogs import Choice

        keys = list(SortKey)
        place = await self.app.push_screen_wait(Choice("Sort by", [tables.SORTS[key] for key in keys]))
        if place is not None:
            key = keys[place]
            # The same again turns the order around, as in every list of files.
            descending = (
                not self.query_shown.descending
                if key is self.query_shown.sort
                else key in tables.LARGEST_FIRST
            )
            self.query_shown = replace(self.query_shown, sort=key, descending=descending)
            self.start_over()

    def action_turn(self) -> None:
        self.query_shown = replace(self.query_shown, descending=not self.query_shown.descending)
        self.start_over()

    def action_facets(self) -> None:
        panel = self.query_one("#facets", Listing)
        if panel.has_focus:
            self.action_back()
            return
        self.add_class("-facets")
        panel.focus()
        self.call_after_refresh(self._load_facets)

    def action_scroll_details(self, by: int) -> None:
        self.query_one(Details).leaf(by)

    def action_back(self) -> None:
        listing = self.listing
        if self.query_one("#facets").has_focus:
            self.remove_class("-facets")
            listing.focus()
        elif listing.range_from is not None:
            listing.mark(listing.marks)
        elif self.has_class("-details"):
            self.remove_class("-details")
            self.refresh_bindings()
        elif listing.marks:
            listing.mark(())
        elif self.query_shown.text or self.query_shown.facets:
            self.query_one(FilterLine).clear()
            self.query_shown = replace(self.query_shown, text="", inverse=False, facets=())
            self.start_over()

    _asking = False
    """Whether a question about staging is on its way or on the screen: there is never a second one."""

    @work(group="write")
    async def action_stage(self) -> None:
        """Stage the marked files, or the one under the cursor, after naming them."""
        from mediavault_tui.ui.dialogs import Confirm

        row: InventoryRow | None = self.listing.current
        files = [FileId(key) for key in self.listing.marks] or ([row.id] if row else [])
        if self._asking or not files or not self.writable():
            return
        self._asking = True
        try:
            services = await self.opened()
            preview = await services.stage_preview(files)
            if not preview.going:
                self._say_what_stays(preview)
                return
            title, lines = staging.question(preview)
            yes = "stage it" if len(preview.going) == 1 else "stage them"
            agreed = await self.app.push_screen_wait(Confirm(title, lines, yes=yes))
            self._asking = False
            if agreed:
                result = await services.stage_files([one.terms for one in preview.going])
                self.listing.mark(())
                self.report(
                    result, keyed(self.app, "staged; nothing is deleted yet. <app.undo:u> takes it back.")
                )
        except MediaVaultError as error:
            self.complain("Nothing was staged", error)
        finally:
            self._asking = False

    def _say_what_stays(self, preview: StagePreview) -> None:
        """Tell why of the files that were asked for none can be staged; there is nothing to ask."""
        from mediavault_tui.ui.dialogs import Text

        if len(preview.left) > 1:
            self.app.push_screen(Text("Nothing to stage", describe.plain(staging.left(preview))))
            return
        self.notify(
            f"{visible(preview.left[0])}. "
            + keyed(self.app, "<app.duplicates:2> shows the copies, <app.pending:3> what is staged."),
            markup=False,
        )

    @work(group="write")
    async def action_rename(self) -> None:
        """Show the names that the marked files, or the one under the cursor, ought to have; give them."""
        from mediavault_tui.ui.renaming import Rename

        row: InventoryRow | None = self.listing.current
        files = [FileId(key) for key in self.listing.marks] or ([row.id] if row else [])
        if not files or not self.writable():
            return
        services = await self.opened()
        chosen = await self.app.push_screen_wait(Rename(services, files))
        if chosen:
            try:
                result = await services.rename(chosen)
            except MediaVaultError as error:
                self.complain("Nothing was renamed", error)
                return
            self.listing.mark(())
            self.report(result, keyed(self.app, "renamed. <app.undo:u> takes it back."))

    @work(group="ask")
    async def action_watch(self) -> None:
        """Offer links to the file under the cursor, or to the two that are marked."""
        from mediavault_tui.ui.watching import offer

        row: InventoryRow | None = self.listing.current
        marked = [FileId(key) for key in self.listing.marks]
        if row is not None:
            await offer(self, await self.opened(), sorted(marked) if len(marked) == 2 else [row.id])

    def action_copy(self) -> None:
        row: InventoryRow | None = self.listing.current
        if row is not None:
            self.app.copy_to_clipboard(row.path)
            self.say(visible(row.path))
