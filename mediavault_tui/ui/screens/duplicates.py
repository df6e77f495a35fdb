"""Duplicates: groups by bytes to be won, and Compare beside them.

Longer than most panes: every decision about a group starts here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, Protocol

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.signal import Signal
from textual.widgets import Static

from mediavault_tui.domain.library import ActResult, Comparison, GroupSummary
from mediavault_tui.domain.model import FileId, GroupId, MediaFile
from mediavault_tui.domain.picture import Picture
from mediavault_tui.errors import MediaVaultError
from mediavault_tui.ui import describe, tables
from mediavault_tui.ui.comparing import confirmation, letter
from mediavault_tui.ui.format import visible, wrap
from mediavault_tui.ui.keyed import keyed
from mediavault_tui.ui.pane import TextFilteredPane
from mediavault_tui.ui.widgets.compare import Compare
from mediavault_tui.ui.widgets.filterline import FilterLine
from mediavault_tui.ui.widgets.listing import Listing
from mediavault_tui.ui.widgets.panebar import PaneBar
from mediavault_tui.ui.windows import STEP, GrowingWindow, Window

if TYPE_CHECKING:
    from mediavault_tui.domain.accounts import LinkId, PreviewLink
    from mediavault_tui.domain.verdict import Loss
    from mediavault_tui.domain.watching import Answering, Preview

_PAUSE = 0.05
"""Seconds that the cursor rests before a group is read."""

_BATCH = 2000
"""Groups looked through at once, most bytes first; what is left comes with the next batch."""


class DuplicateServices(Protocol):
    """What this pane asks of the services layer, and all it may ask."""

    async def groups(
        self, *, limit: int = STEP, after: GroupSummary | None = None, text: str = ""
    ) -> Sequence[GroupSummary]: ...

    async def comparison(self, group: GroupId) -> Comparison: ...

    async def lost_beside(self, group: GroupId, keeper: FileId) -> Mapping[FileId, Sequence[Loss]]: ...

    async def stage_group(self, group: GroupId, keeper: FileId) -> ActResult: ...

    async def stage_sure(self, groups: Sequence[GroupId]) -> ActResult: ...

    async def keep_both(self, group: GroupId) -> None: ...

    async def not_duplicate(self, group: GroupId, a: FileId, b: FileId) -> None: ...

    async def note(self, group: GroupId, text: str) -> None: ...

    async def preview(self, files: Sequence[FileId]) -> Preview: ...

    async def start_sidecar(self, preview: Preview) -> Answering: ...

    async def links(self) -> Sequence[PreviewLink]: ...

    async def revoke_link(self, link: LinkId) -> bool: ...

    async def frame(self, file: MediaFile, *, at: float, width: int, height: int) -> Picture: ...


class DuplicatesScreen(TextFilteredPane[DuplicateServices]):
    """The list of groups and the comparison of one."""

    PANE = "duplicates"
    TROUBLE = "The duplicates could not be read"
    CSS_PATH = "duplicates.tcss"
    HELP = (
        "Groups of copies, most bytes to be won first. Choose a side with <duplicates.left:←> and "
        "<duplicates.right:→>, keep it with <duplicates.keep:K>."
    )

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "left,h",
            "side(False)",
            "Side",
            key_display="←→",
            id="duplicates.left",
            tooltip="Choose the left copy (<duplicates.left:h ←>) or the right one (<duplicates.right:l →>)",
        ),
        Binding(
            "right,l",
            "side(True)",
            "Right",
            show=False,
            id="duplicates.right",
            tooltip="Choose the right copy",
        ),
        Binding(
            "K",
            "keep",
            "Keep",
            id="duplicates.keep",
            tooltip="Keep the side marked ▶, stage the others (asks first); "
            "in Compare <compare.keep:k> does it too",
        ),
        Binding("b", "keep_both", "Both", id="duplicates.both", tooltip="Keep every copy of this group"),
        Binding(
            "x",
            "not_duplicate",
            "Differ",
            id="duplicates.not",
            tooltip="These two are not duplicates but different works; remembered for ever",
        ),
        Binding(
            "A",
            "batch",
            "All sure",
            id="duplicates.batch",
            tooltip="Stage what is certain or clear, after a look through the list",
        ),
        Binding(
            "p",
            "watch",
            "Watch",
            id="duplicates.watch",
            tooltip="Links to watch both copies at the same minute, in a browser, mpv or VLC",
        ),
        Binding("n", "note", "Note", id="duplicates.note", tooltip="Write a note to this group"),
        Binding(
            "slash", "filter", "Filter", key_display="/", id="duplicates.filter", tooltip="Filter by title"
        ),
        Binding(
            "tab",
            "pair",
            "Next pair",
            show=False,
            id="duplicates.pair",
            tooltip="The next copy of three or more",
        ),
        Binding("j", "group(1)", "Next group", show=False, id="duplicates.next", tooltip="The next group"),
        Binding(
            "J", "group(-1)", "Group before", show=False, id="duplicates.before", tooltip="The group before"
        ),
    ]

    def __init__(
        self,
        opened: Callable[[], Awaitable[DuplicateServices]],
        changed: Signal[str],
        *,
        read_only: bool = False,
        scanning: Callable[[], bool] = lambda: False,
    ) -> None:
        """`scanning` tells whether the app scans just now: groups are found at a scan's end."""
        super().__init__(opened, changed, read_only=read_only)
        self.scanning = scanning
        self._was_read = False
        self._asking = False
        """Whether a question is on its way or on the screen: there is never a second one."""

    def body(self) -> ComposeResult:
        with Horizontal(id="beside"):
            yield Listing(tables.GROUPS, key=lambda group: group.id, id="rows", empty="Opening the library…")
            yield Compare(id="compare")
        yield FilterLine()
        yield Static(id="sentence")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action != "pair":
            return True
        comparison = self.query_one(Compare).comparison if self.is_mounted else None
        return comparison is not None and len(comparison.copies) > 2

    async def build(self, services: DuplicateServices) -> Window[GroupSummary]:
        text = self.text

        async def page(after: GroupSummary | None) -> Sequence[GroupSummary]:
            return await services.groups(after=after, text=text)

        return GrowingWindow(page)

    _pointed_at: GroupId | None = None
    """The group that another pane wants compared, until its list is here."""

    def point_at(self, group: GroupId, title: str) -> None:
        """Narrow the list to a title and compare the one group."""
        self._pointed_at = group
        self.query_one(FilterLine).show(title)
        self.text = title
        self.start_over()

    def shown(self) -> None:
        if self._pointed_at is not None:
            rows = [self.listing.window.row(index) for index in range(self.listing.window.total)]
            place = next((n for n, row in enumerate(rows) if row and row.id == self._pointed_at), None)
            self._pointed_at = None
            if place is not None:
                self.listing.move_to(place)
                self._open()
            else:
                self.say("This group does not wait for a decision any more.")
        self._was_read = True
        self._say_why_empty()
        if self.listing.current is None:
            self.query_one(Compare).show(None)
            self.remove_class("-comparing")

    def on_screen_resume(self) -> None:
        if self._was_read:  # a scan may have begun since
            self._say_why_empty()

    def _say_why_empty(self) -> None:
        if self.text:
            self.listing.empty = "No group has such a title.\n" + keyed(
                self.app, "<pane.back:esc> clears the filter."
            )
        elif self.scanning():
            self.listing.empty = "A scan is running.\nIts groups of copies appear here at its end."
        else:
            self.listing.empty = "No duplicates are waiting.\n" + keyed(
                self.app, "Press <app.scanner:4> to scan folders, <app.pending:3> for what is staged."
            )

    @on(Listing.Moved, "#rows")
    @work(exclusive=True, group="compare")
    async def _compare(self) -> None:
        group: GroupSummary | None = self.listing.current
        compare = self.query_one(Compare)  # now: who quits meanwhile takes the pane's parts away
        width = self.query_one("#sentence").size.width - 2
        lines = wrap(visible(group.sentence), max(width, 20))[:2] if group else []
        self.query_one("#sentence", Static).update(describe.plain(lines))
        self.query_one(PaneBar).crumbs = group.title if group else ""
        await asyncio.sleep(_PAUSE)
        if group is None:
            return
        try:
            comparison = await (await self.opened()).comparison(group.id)
        except MediaVaultError as error:
            self.complain("The copies could not be read", error)
            return
        compare.show(comparison)

    @on(Listing.Chosen, "#rows")
    def _open(self) -> None:
        self.add_class("-comparing")
        self.query_one(Compare).focus()

    def action_back(self) -> None:
        if self.has_class("-comparing"):
            self.remove_class("-comparing")
            self.listing.focus()
        elif self.text:
            self.clear_filter()

    def action_side(self, right: bool) -> None:
        self.query_one(Compare).right_chosen = right

    def action_pair(self) -> None:
        self.query_one(Compare).next_pair()

    def action_group(self, by: int) -> None:
        self.listing.action_step(by)

    def action_keep(self) -> None:
        self.query_one(Compare).action_keep()

    @on(Compare.Kept)
    @work(group="write")
    async def _keep(self, message: Compare.Kept) -> None:
        """Stage the others; the question names exactly what would be moved."""
        comparison = message.compare.comparison
        if comparison is None or self._asking or not self.writable():
            return
        try:
            if not await self._agreed(comparison, message.file):
                return
            result = await (await self.opened()).stage_group(comparison.group.id, message.file)
        except MediaVaultError as error:
            self.complain("Nothing was staged", error)
            return
        self._decided(result)

    async def _agreed(self, comparison: Comparison, keeper: FileId) -> bool:
        """Ask whether the others may go; their folders are looked at first, which may take a while."""
        from mediavault_tui.ui.dialogs import Confirm

        self._asking = True
        try:
            beside = await (await self.opened()).lost_beside(comparison.group.id, keeper)
            title, lines = confirmation(comparison, keeper, beside)
            return await self.app.push_screen_wait(Confirm(title, lines, yes="stage"))
        finally:
            self._asking = False

    @on(Compare.FramesAsked)
    def _frames(self, message: Compare.FramesAsked) -> None:
        from mediavault_tui.ui.frames import Frames

        comparison, other = message.compare.comparison, message.compare.other
        if comparison is not None:
            sides = [(letter(place), comparison.copies[place].file) for place in (0, other)]
            self.app.push_screen(Frames(comparison.group.title, sides, self.opened))

    @work(group="write")
    async def action_keep_both(self) -> None:
        group: GroupSummary | None = self.listing.current
        if group is None or not self.writable():
            return
        try:
            await (await self.opened()).keep_both(group.id)
        except MediaVaultError as error:
            self.complain("Nothing was decided", error)
            return
        self._remembered(f"Every copy of “{visible(group.title)}” stays. {self._taken_back}")

    @work(group="write")
    async def action_not_duplicate(self) -> None:
        compare = self.query_one(Compare)
        comparison = compare.comparison
        if comparison is None or len(comparison.copies) < 2 or not self.writable():
            return
        a, b = comparison.copies[0].file.id, comparison.copies[compare.other].file.id
        try:
            await (await self.opened()).not_duplicate(comparison.group.id, a, b)
        except MediaVaultError as error:
            self.complain("Nothing was decided", error)
            return
        self._remembered(f"Not duplicates: remembered by content, for ever. {self._taken_back}")

    @work(group="ask")
    async def action_watch(self) -> None:
        """Offer links to the two copies that are side by side."""
        from mediavault_tui.ui.watching import offer

        compare = self.query_one(Compare)
        comparison = compare.comparison
        if comparison is not None:
            other = min(compare.other, len(comparison.copies) - 1)
            pair = dict.fromkeys([comparison.copies[0].file.id, comparison.copies[other].file.id])
            await offer(self, await self.opened(), list(pair))

    @work(group="write")
    async def action_note(self) -> None:
        from mediavault_tui.ui.dialogs import Line

        group: GroupSummary | None = self.listing.current
        if group is None or not self.writable():
            return
        text = await self.app.push_screen_wait(Line(f"Note to {group.title}", group.note))
        if text is None:
            return
        try:
            await (await self.opened()).note(group.id, text)
        except MediaVaultError as error:
            self.complain("The note was not kept", error)
            return
        self._remembered("Noted.")

    @work(group="write")
    async def action_batch(self) -> None:
        """Offer every certain and clear group, and stage those that stay marked."""
        from mediavault_tui.ui.batch import Batch

        if not self.writable():
            return
        services = await self.opened()
        try:
            window = GrowingWindow[GroupSummary](lambda after: services.groups(after=after))
            await window.load(0, _BATCH - 1)
            rows = [row for index in range(window.total) if (row := window.row(index)) is not None]
            sure = [group for group in rows if group.verdict.may_enter_a_batch]
            if not sure:
                self.say("No group is certain or clear; the others want a look, one by one.")
                return
            chosen = await self.app.push_screen_wait(Batch(sure))
            if chosen:
                self._decided(await services.stage_sure(chosen))
        except MediaVaultError as error:
            self.complain("Nothing was staged", error)

    @property
    def _taken_back(self) -> str:
        return keyed(self.app, "<app.undo:u> takes it back.")

    def _decided(self, result: ActResult) -> None:
        self.remove_class("-comparing")
        self.listing.focus()
        self.report(
            result,
            keyed(
                self.app,
                "staged; nothing is deleted yet. <app.undo:u> takes it back, <app.pending:3> shows it.",
            ),
        )

    def _remembered(self, sentence: str) -> None:
        self.say(sentence)
        self.changed.publish("decision")
