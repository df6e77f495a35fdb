"""Settings: what holds and where it came from, what answers, and what other rules would decide."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Protocol

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.signal import Signal
from textual.widgets import Static

from mediavault_tui.domain.rehearsal import Rehearsal
from mediavault_tui.errors import MediaVaultError
from mediavault_tui.settings import REHEARSED, Entry, with_changes
from mediavault_tui.settings import Settings as Defaults
from mediavault_tui.ui import describe, tables
from mediavault_tui.ui.format import count, visible
from mediavault_tui.ui.keyed import keyed
from mediavault_tui.ui.pane import ListPane
from mediavault_tui.ui.rehearsed import flips_text, headline
from mediavault_tui.ui.widgets.facts import Facts
from mediavault_tui.ui.widgets.listing import Listing
from mediavault_tui.ui.windows import FixedWindow, Window

if TYPE_CHECKING:
    from mediavault_tui.domain.checks import Check

REHEARSED_NOW = "rehearsed"
"""The origin of a value that is tried and not saved."""


_NOTHING_TRIED = "Nothing is tried yet. Press <list.open:enter> on a rule (languages, thresholds)."


class SettingsServices(Protocol):
    """What this pane asks of the services layer, and all it may ask."""

    async def settings(self) -> Sequence[Entry]: ...

    async def checks(self) -> Sequence[Check]: ...

    async def rehearse(self, changes: Mapping[str, str]) -> Rehearsal: ...

    async def env_lines(self, changes: Mapping[str, str]) -> tuple[str, Sequence[str]]: ...


class SettingsScreen(ListPane[SettingsServices]):
    """The settings above the answers of the tools and the outcome of the rehearsal."""

    PANE = "settings"
    TROUBLE = "The settings could not be read"
    CSS_PATH = "settings.tcss"
    HELP = (
        "What is set, and where it came from. <list.open:Enter> on a rule (languages, thresholds) "
        "tries another value: the last line tells how many groups would be decided otherwise, "
        "<settings.flips:r> shows them, <settings.write:w> gives the lines for .env. Nothing is "
        "changed by this pane."
    )

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "e",
            "change",
            "Try a value",
            show=False,
            id="settings.change",
            tooltip="Rehearse another value of a rule (<list.open:enter> does it too)",
        ),
        Binding(
            "r",
            "flips",
            "What flips",
            id="settings.flips",
            tooltip="Show the groups that the tried values would decide otherwise",
        ),
        Binding(
            "w",
            "write",
            "Lines for .env",
            id="settings.write",
            tooltip="Show the lines that make the tried values last, and copy them (OSC 52)",
        ),
        Binding(
            "backspace",
            "take_back",
            "Take back",
            show=False,
            id="settings.back",
            tooltip="Take the tried value under the cursor back",
        ),
        Binding(
            "t",
            "test",
            "Test",
            id="settings.test",
            tooltip="Ask the database, ffmpeg and ffprobe whether they answer",
        ),
        Binding("T", "app.change_theme", "Theme", id="settings.theme", tooltip="Choose other colours"),
        Binding(
            "m",
            "app.key_map",
            "Keys",
            id="settings.keys",
            tooltip="Every key of the app with the id to remap it by (MEDIAVAULT_KEYS)",
        ),
    ]

    def __init__(
        self,
        opened: Callable[[], Awaitable[SettingsServices]],
        changed: Signal[str],
        *,
        read_only: bool = False,
    ) -> None:
        super().__init__(opened, changed, read_only=read_only)
        self.changes: dict[str, str] = {}
        self.rehearsal: Rehearsal | None = None
        self._env = ".env"
        """Where the settings are written, as soon as it is known."""

    def body(self) -> ComposeResult:
        yield Listing(
            tables.SETTINGS,
            key=lambda entry: entry.variable,
            id="rows",
            empty="Opening the library…",
            opens=("Try a value", "Rehearse another value of a rule"),
        )
        with Vertical(id="below"):
            yield Facts(id="meaning")
            yield Static(id="checks")
        yield Static(id="outlook")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return bool(self.changes) if action == "take_back" else True

    def on_mount(self) -> None:
        self.action_test()
        self._look_out()

    async def build(self, services: SettingsServices) -> Window[Entry]:
        self._env, _ = await services.env_lines({})
        return FixedWindow([self._tried(entry) for entry in await services.settings()])

    def _tried(self, entry: Entry) -> Entry:
        """Return the entry with the value that is tried, if one is."""
        value = self.changes.get(entry.variable)
        return entry if value is None else replace(entry, value=value, origin=REHEARSED_NOW)

    def _library_changed(self, news: str) -> None:
        """What was found out about the library holds no longer; ask anew where something is tried."""
        if self.changes:
            self._rehearse()

    @on(Listing.Moved, "#rows")
    def _follow(self) -> None:
        entry: Entry | None = self.listing.current
        facts = []
        if entry is not None:
            hint = (
                keyed(self.app, "<list.open:enter> tries another value")
                if entry.variable in REHEARSED
                else f"set it in {self._env}"
            )
            facts = [
                ("means", entry.meaning),
                ("value", entry.value or "unset"),
                ("from", f"{entry.origin}; {hint}"),
            ]
        self.query_one("#meaning", Facts).facts = facts

    @on(Listing.Chosen, "#rows")
    @work(group="ask")
    async def action_change(self) -> None:
        """Ask for another value of the rule under the cursor, until it is one."""
        from mediavault_tui.ui.dialogs import Line

        entry: Entry | None = self.listing.current
        if entry is None:
            return
        if entry.variable not in REHEARSED:
            self.say(f"{entry.variable} cannot be rehearsed here. Set it in {self._env} and start anew.")
            return
        value = await self.app.push_screen_wait(Line(f"Try {entry.variable}", entry.value))
        while value is not None:
            try:
                with_changes(Defaults(), {entry.variable: value})
            except MediaVaultError as error:
                again = Line(f"Try {entry.variable}", value, wrong=f"{error}.")
                value = await self.app.push_screen_wait(again)
                continue
            self._try(entry.variable, value.strip())
            return

    @work(group="change")
    async def _try(self, variable: str, value: str) -> None:
        """Take the value up, or drop the trial where it is what holds already."""
        try:
            holds = {entry.variable: entry.value for entry in await (await self.opened()).settings()}
        except MediaVaultError as error:
            self.complain(self.TROUBLE, error)
            return
        if value and value != holds[variable]:
            self.changes[variable] = value
        else:
            self.changes.pop(variable, None)
        self.reload()
        self._rehearse()

    def action_take_back(self) -> None:
        entry: Entry | None = self.listing.current
        if entry is not None and self.changes.pop(entry.variable, None) is not None:
            self.reload()
            self._rehearse()

    def action_back(self) -> None:
        if self.changes:
            self.changes.clear()
            self.reload()
            self._rehearse()

    @work(exclusive=True, group="rehearsal")
    async def _rehearse(self) -> None:
        """Find out what the tried values would decide otherwise."""
        self.rehearsal = None
        if self.changes:
            self.query_one("#outlook", Static).update(Content("Rehearsing: every group is decided twice…"))
            try:
                self.rehearsal = await (await self.opened()).rehearse(dict(self.changes))
            except MediaVaultError as error:
                self.complain("It could not be rehearsed", error)
        self._look_out()

    def _look_out(self) -> None:
        outlook = keyed(
            self.app,
            "Nothing is tried. Press <list.open:enter> on a rule to see what another value would decide.",
        )
        if self.rehearsal is not None:
            outlook = keyed(self.app, headline(self.rehearsal))
        elif self.changes:
            outlook = f"{count(len(self.changes), 'value')} tried, not rehearsed."
        self.query_one("#outlook", Static).update(Content(outlook))
        self.refresh_bindings()

    def action_flips(self) -> None:
        from mediavault_tui.ui.dialogs import Text

        if self.rehearsal is None:
            self.say(keyed(self.app, _NOTHING_TRIED))
        else:
            flips = flips_text(self.rehearsal, partial(keyed, self.app))
            self.app.push_screen(Text("What would be decided otherwise", flips))

    @work(group="ask")
    async def action_write(self) -> None:
        """Show the lines that make the trial last; the file is the user's and is not written."""
        from mediavault_tui.ui.dialogs import Text

        if not self.changes:
            self.say(keyed(self.app, _NOTHING_TRIED))
            return
        try:
            path, lines = await (await self.opened()).env_lines(self.changes)
        except MediaVaultError as error:
            self.complain("There are no such lines", error)
            return
        self.app.copy_to_clipboard("\n".join(lines) + "\n")
        after = [
            "",
            f"Put them into {path}; they are in the clipboard too, if your terminal allows it.",
            "They hold from the next start on; the next scan decides the groups by them.",
        ]
        await self.app.push_screen_wait(Text("Lines for .env", describe.plain([*lines, *after])))

    @work(exclusive=True, group="checks")
    async def action_test(self) -> None:
        panel = self.query_one("#checks", Static)
        panel.update(Content.styled("asking the database, ffmpeg and ffprobe…", "$foreground-muted"))
        try:
            checks = await (await self.opened()).checks()
        except MediaVaultError as error:
            panel.update(Content(visible(str(error))))
            return
        panel.update(Content("\n").join(map(_answer, checks)))


def _answer(check: Check) -> Content:
    sign = ("✓ works ", "$text-success") if check.ok else ("✗ fails ", "$text-error")
    return Content.assemble(sign, (f" {check.what:<9}", "$foreground-muted"), visible(check.said))
