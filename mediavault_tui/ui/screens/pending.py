"""Pending: what is staged, from where and why; restore it, approve it, purge what is approved.

Longer than most panes: everything that may become of a staged file starts here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from functools import cached_property
from typing import ClassVar, Protocol

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.signal import Signal
from textual.widgets import Static

from mediavault_tui.domain.chat import Proposal
from mediavault_tui.domain.library import ActResult, StagedFile, StagedState
from mediavault_tui.domain.model import StagedId
from mediavault_tui.domain.purging import Purgeable, PurgeForecast
from mediavault_tui.domain.stage_terms import Terms
from mediavault_tui.domain.staging import PURGE_WORD
from mediavault_tui.errors import MediaVaultError
from mediavault_tui.ui import describe, purging, tables
from mediavault_tui.ui.format import size, visible
from mediavault_tui.ui.keyed import keyed
from mediavault_tui.ui.pane import TextFilteredPane
from mediavault_tui.ui.widgets.facts import Facts
from mediavault_tui.ui.widgets.filterline import FilterLine
from mediavault_tui.ui.widgets.listing import Listing
from mediavault_tui.ui.windows import STEP, GrowingWindow, Window, rows_with

_NOTHING = "Nothing is staged.\nPress <app.duplicates:2> for the duplicates: what you stage there waits here."
_NONE_SUCH = "Nothing staged has such a name.\n<pane.back:esc> clears the filter."


class PendingServices(Protocol):
    """What this pane asks of the services layer, and all it may ask."""

    async def pending(
        self, *, limit: int = STEP, after: StagedFile | None = None, text: str = "", inverse: bool = False
    ) -> Sequence[StagedFile]: ...

    async def purgeable(self, staged: Sequence[StagedId] | None = None) -> Purgeable: ...

    async def forecast(self, staged: Sequence[StagedId] | None = None) -> PurgeForecast: ...

    async def restore(self, staged: Sequence[StagedId]) -> ActResult: ...

    async def approve(self, staged: Sequence[StagedId]) -> ActResult: ...

    async def unapprove(self, staged: Sequence[StagedId]) -> ActResult: ...

    async def purge(self, staged: Sequence[StagedId], *, word: str) -> ActResult: ...

    async def stage_files(self, shown: Sequence[Terms]) -> ActResult: ...


class PendingScreen(TextFilteredPane[PendingServices]):
    """The list of staged files."""

    PANE = "pending"
    TROUBLE = "What is staged could not be read"
    CSS_PATH = "pending.tcss"
    HELP = (
        "Files in the holding folder. <pending.restore:r> puts them back, <pending.approve:a> approves them,"
        " <pending.purge:P> purges what is approved and due: of the marked ones, or of all."
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
            tooltip="Delete what is approved and due, of the marked or of all (asks for a typed word)",
        ),
        Binding(
            "slash",
            "filter",
            "Filter",
            key_display="/",
            id="pending.filter",
            tooltip="Filter by title or path",
        ),
        Binding(
            "c",
            "copy",
            "Copy path",
            show=False,
            id="pending.copy",
            tooltip="Copy the path in the holding folder (OSC 52) and show it",
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
        self._foretold: Purgeable | None = None
        self._asking = False
        """Whether a purge is being asked for already: a second question would lie under the first."""

    @cached_property
    def _forecast_line(self) -> Static:
        return self.query_one("#forecast", Static)

    def body(self) -> ComposeResult:
        with Horizontal(id="beside"):
            yield Listing(
                tables.staged_columns(self.now()),
                key=lambda staged: staged.id,
                marking=True,
                id="rows",
                empty="Opening the library…",
                opens=("Details", "Show more of what is known of the file, or less"),
            )
            with VerticalScroll(id="details", can_focus=False):
                yield Facts()
        yield FilterLine()
        yield Static(id="forecast")

    def reload(self) -> None:
        self._foretold = None  # F5, and who comes back to the pane, ask the disks again
        super().reload()

    def _library_changed(self, change: str) -> None:
        if self.is_current:
            super().reload()
        else:
            super()._library_changed(change)

    async def build(self, services: PendingServices) -> Window[StagedFile]:
        text, inverse = self.text, self.inverse

        async def page(after: StagedFile | None) -> Sequence[StagedFile]:
            return await services.pending(after=after, text=text, inverse=inverse)

        return GrowingWindow(page)

    def shown(self) -> None:
        listing = self.listing
        listing.columns = tables.staged_columns(self.now())
        listing.empty = keyed(self.app, _NONE_SUCH if self.text else _NOTHING)
        self._foretell()

    @work(exclusive=True, group="foretell")
    async def _foretell(self) -> None:
        """Tell below the list what a purge would do; the disks are asked only where other files would go."""
        try:
            what = await (await self.opened()).purgeable()
        except MediaVaultError:
            return  # whoever reads the rows meets it too, and says so
        if what != self._foretold:
            self._foretold = what
            self._look(what)

    @work(exclusive=True, group="forecast")
    async def _look(self, what: Purgeable) -> None:
        """Look at every file that would go; that takes its time on a share, and nobody waits for it."""
        if what.files:
            self._forecast_line.update(purging.looking(what))
        try:
            forecast = await (await self.opened()).forecast()
        except MediaVaultError as error:
            self._foretold = None
            self._forecast_line.update(describe.plain([f"What a purge frees is not known: {error}"]))
            return
        self._forecast_line.update(purging.line(forecast))

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
        if (ranged := self.listing.ranged) is not None:
            self.listing.mark(self.listing.marks | await self._keys(*ranged))

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
        return self.listing.keys_between(first, last, window)

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

    def action_copy(self) -> None:
        staged: StagedFile | None = self.listing.current
        if staged is not None:
            self.app.copy_to_clipboard(staged.staged)
            self.say(visible(staged.staged))

    @work(group="write")
    async def look_through(self, proposal: Proposal) -> None:
        """Show what the chat proposes, with the rules' verdicts; stage what the person leaves marked."""
        from mediavault_tui.ui.proposal import Proposed

        files = await self.app.push_screen_wait(Proposed(proposal))
        if not files or not self.writable():
            return
        shown = [line.terms for line in proposal.files if line.file in files and line.terms]
        try:
            result = await (await self.opened()).stage_files(shown)
        except MediaVaultError as error:
            self.complain("Nothing was staged", error)
            return
        self.report(result, keyed(self.app, "staged; nothing is deleted yet. <app.undo:u> takes it back."))

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
        """Approve what of the meant files is not approved yet; where all of them are, take it back."""
        meant = self._meant
        if not meant or not self.writable():
            return
        waiting = meant
        try:
            services = await self.opened()
            rows = await rows_with(self.listing.window, meant, self.listing.key)
            approved = {id for id, row in rows.items() if row.state is StagedState.APPROVED}
            waiting = [id for id in meant if id not in approved]
            result = await (services.approve(waiting) if waiting else services.unapprove(meant))
        except MediaVaultError as error:
            self.complain("Nothing was approved" if waiting else "No approval was taken back", error)
            return
        approved_now = keyed(self.app, "approved; <pending.purge:P> purges what is approved and due")
        self._done(result, approved_now if waiting else "no longer approved")

    @work(group="write")
    async def action_purge(self) -> None:
        """Delete what is approved and due, after a word was typed: the files that were shown, no others.

        With marks, only what of the marked files is.
        """
        if self._asking:
            self.say("A purge is looked at or under way; one at a time.")
            return
        if not self.writable():
            return
        self._asking = True
        try:
            await self._ask_and_purge([StagedId(key) for key in self.listing.marks])
        except MediaVaultError as error:
            self._foretold = None
            self.complain("The purge stopped", error)
        finally:
            self._asking = False

    async def _ask_and_purge(self, marked: Sequence[StagedId]) -> None:
        from mediavault_tui.ui.dialogs import TypedWord

        services, only = await self.opened(), marked or None
        forecast = PurgeForecast(await services.purgeable(only))
        if forecast.files and marked:
            self.say(purging.looking(forecast.what).plain)  # the line below tells of all, marked or not
            forecast = await services.forecast(only)
        elif forecast.files:
            self._forecast_line.update(purging.looking(forecast.what))
            forecast = await services.forecast()
            self._forecast_line.update(purging.line(forecast))
        if not forecast.files:
            sentence = keyed(self.app, purging.nothing_due(forecast.what, marked=len(marked)))
            self.notify(sentence, timeout=15, markup=False)  # two sentences
            return
        title, lines = purging.question(forecast, marked=len(marked))
        word = await self.app.push_screen_wait(TypedWord(title, lines, word=PURGE_WORD))
        if word:
            result = await services.purge(forecast.what.ids, word=word)
            most = "at most " if forecast.bins else ""
            self._done(result, f"deleted; {most}{size(result.freed)} freed")

    def _done(self, result: ActResult, words: str) -> None:
        self.listing.mark(())
        self.report(result, words)
