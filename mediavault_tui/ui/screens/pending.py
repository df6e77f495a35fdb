"""Pending: what is staged, from where and why; restore it, approve it, purge what is approved."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import ClassVar, Protocol

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.signal import Signal
from textual.widgets import Static

from mediavault_tui.domain.chat import Proposal
from mediavault_tui.domain.library import ActResult, StagedFile, StagedState
from mediavault_tui.domain.model import FileId, StagedId
from mediavault_tui.errors import MediaVaultError
from mediavault_tui.ui import describe, tables
from mediavault_tui.ui.format import count, size
from mediavault_tui.ui.pane import TextFilteredPane
from mediavault_tui.ui.widgets.facts import Facts
from mediavault_tui.ui.widgets.filterline import FilterLine
from mediavault_tui.ui.widgets.listing import Listing
from mediavault_tui.ui.windows import STEP, GrowingWindow, Window

_NAMED = 200
"""Files named one by one before a purge; beyond that their number is told."""


class Forecast(Protocol):
    """What a purge now would delete: how many files, and the bytes really freed."""

    @property
    def files(self) -> int: ...

    @property
    def bytes(self) -> int: ...


class PendingServices(Protocol):
    """What this pane asks of the services layer, and all it may ask."""

    async def pending(
        self, *, limit: int = STEP, after: StagedFile | None = None, text: str = ""
    ) -> Sequence[StagedFile]: ...

    async def forecast(self) -> Forecast: ...

    async def restore(self, staged: Sequence[StagedId]) -> ActResult: ...

    async def approve(self, staged: Sequence[StagedId]) -> ActResult: ...

    async def unapprove(self, staged: Sequence[StagedId]) -> ActResult: ...

    async def purge(self, *, word: str) -> ActResult: ...

    async def stage_files(self, files: Sequence[FileId]) -> ActResult: ...


class PendingScreen(TextFilteredPane[PendingServices]):
    """The list of staged files."""

    PANE = "pending"
    TROUBLE = "What is staged could not be read"
    CSS_PATH = "pending.tcss"
    HELP = (
        "Files in the holding folder. r puts them back, a approves them for purging, P purges the approved."
    )

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "r",
            "restore",
            "Restore",
            id="pending.restore",
            tooltip="Put the marked files back where they came from",
        ),
        Binding(
            "a",
            "approve",
            "Approve",
            id="pending.approve",
            tooltip="Approve the marked files for purging, or take it back",
        ),
        Binding(
            "P",
            "purge",
            "Purge",
            id="pending.purge",
            tooltip="Delete what is approved for good (asks for a typed word)",
        ),
        Binding(
            "slash",
            "filter",
            "Filter",
            key_display="/",
            id="pending.filter",
            tooltip="Filter by title or path",
        ),
    ]

    def __init__(
        self,
        opened: Callable[[], Awaitable[PendingServices]],
        changed: Signal[str],
        *,
        read_only: bool = False,
        now: Callable[[], datetime],
    ) -> None:
        super().__init__(opened, changed, read_only=read_only)
        self.now = now

    def body(self) -> ComposeResult:
        with Horizontal(id="beside"):
            yield Listing(
                tables.staged_columns(self.now()),
                key=lambda staged: staged.id,
                marking=True,
                id="rows",
                empty="Opening the library…",
            )
            with VerticalScroll(id="details", can_focus=False):
                yield Facts()
        yield FilterLine()
        yield Static(id="forecast")

    async def build(self, services: PendingServices) -> Window[StagedFile]:
        text = self.text
        line = self.query_one("#forecast", Static)

        async def page(after: StagedFile | None) -> Sequence[StagedFile]:
            return await services.pending(after=after, text=text)

        forecast = await services.forecast()
        approved = count(forecast.files, "file") + " approved"
        frees = f"purging frees {size(forecast.bytes)}" if forecast.files else "nothing would be purged"
        line.update(describe.line([approved, frees]))
        return GrowingWindow(page)

    def shown(self) -> None:
        listing = self.listing
        listing.columns = tables.staged_columns(self.now())
        listing.empty = (
            "Nothing staged has such a name.\nesc clears the filter."
            if self.text
            else "Nothing is staged.\nPress 2 for the duplicates: what you stage there waits here."
        )

    @on(Listing.Moved, "#rows")
    def _follow(self) -> None:
        staged: StagedFile | None = self.listing.current
        self.query_one(Facts).facts = describe.staged_facts(staged) if staged else ()

    @on(Listing.Chosen, "#rows")
    def _toggle_details(self) -> None:
        self.toggle_class("-details")

    @on(Listing.RangeChosen, "#rows")
    @work(group="mark")
    async def _range(self) -> None:
        if self.listing.range_from is not None:
            first, last = sorted((self.listing.range_from, self.listing.cursor))
            self.listing.mark(self.listing.marks | await self._keys(first, last))

    @on(Listing.InvertChosen, "#rows")
    @work(group="mark")
    async def _invert(self) -> None:
        self.listing.mark(await self._keys(0, self.listing.window.total - 1) - self.listing.marks)

    async def _keys(self, first: int, last: int) -> set[StagedId]:
        window = self.listing.window
        try:
            await window.load(first, last)
        except MediaVaultError as error:
            self.complain(self.TROUBLE, error)
        rows = (window.row(index) for index in range(first, last + 1))
        return {row.id for row in rows if row is not None}

    def action_back(self) -> None:
        listing = self.listing
        if listing.range_from is not None:
            listing.mark(listing.marks)
        elif self.has_class("-details"):
            self.remove_class("-details")
        elif listing.marks:
            listing.mark(())
        elif self.text:
            self.clear_filter()

    @work(group="write")
    async def look_through(self, proposal: Proposal) -> None:
        """Show what the chat proposes, with the rules' verdicts; stage what the person leaves marked."""
        from mediavault_tui.ui.proposal import Proposed

        files = await self.app.push_screen_wait(Proposed(proposal))
        if not files or not self.writable():
            return
        try:
            result = await (await self.opened()).stage_files(files)
        except MediaVaultError as error:
            self.complain("Nothing was staged", error)
            return
        self.report(result, "staged; nothing is deleted yet. u takes it back.")

    @property
    def _meant(self) -> list[StagedId]:
        """The marked files, or the one under the cursor."""
        staged: StagedFile | None = self.listing.current
        return [StagedId(key) for key in self.listing.marks] or ([staged.id] if staged else [])

    @work(group="write")
    async def action_restore(self) -> None:
        """Put back; no question is asked, for it is the safe direction and u reverses it."""
        files = self._meant
        if files and self.writable():
            try:
                result = await (await self.opened()).restore(files)
            except MediaVaultError as error:
                self.complain("Nothing was restored", error)
                return
            self._done(result, "back in place")

    @work(group="write")
    async def action_approve(self) -> None:
        """Approve what is meant; where the file under the cursor is approved already, take it back."""
        files = self._meant
        staged: StagedFile | None = self.listing.current
        if not files or staged is None or not self.writable():
            return
        services = await self.opened()
        back = staged.state is StagedState.APPROVED
        try:
            result = await (services.unapprove(files) if back else services.approve(files))
        except MediaVaultError as error:
            self.complain("Nothing was approved", error)
            return
        self._done(result, "no longer approved" if back else "approved; P purges what is approved")

    @work(group="write")
    async def action_purge(self) -> None:
        """Delete what is approved, after a word was typed."""
        from mediavault_tui.ui.dialogs import TypedWord

        if not self.writable():
            return
        services = await self.opened()
        try:
            forecast = await services.forecast()
            if not forecast.files:
                self.say("Nothing is approved. Approve what may go with a, then purge.")
                return
            lines = [
                f"{count(forecast.files, 'file')} will be deleted for good.",
                f"{size(forecast.bytes)} are freed. This cannot be undone.",
                "",
                *await self._approved(services),
            ]
            word = await self.app.push_screen_wait(TypedWord("Purge what is approved?", lines, word="purge"))
            if word:
                result = await services.purge(word=word)
                self._done(result, f"deleted; {size(result.freed)} freed")
        except MediaVaultError as error:
            self.complain("The purge stopped", error)

    async def _approved(self, services: PendingServices) -> list[str]:
        """Return the names of what is approved, whatever the filter on the screen."""
        window = GrowingWindow[StagedFile](lambda after: services.pending(after=after))
        await window.load(0, 10 * _NAMED)
        rows = (window.row(index) for index in range(window.total))
        names = [row.original for row in rows if row is not None and row.state is StagedState.APPROVED]
        more = (
            [f"… and {count(len(names) - _NAMED, 'more file', 'more files')}"] if len(names) > _NAMED else []
        )
        return names[:_NAMED] + more

    def _done(self, result: ActResult, words: str) -> None:
        self.listing.mark(())
        self.report(result, words)
