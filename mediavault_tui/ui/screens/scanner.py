"""Scanner: choose folders here and on shares, scan them, watch, pause, cancel; what was scanned before.

Longer than a screen should be: browser, running scan and history share one set of keys.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.signal import Signal
from textual.widgets import Static

from mediavault_tui.domain.checks import Check
from mediavault_tui.domain.library import (
    Folder,
    GroupsWaiting,
    ScanError,
    ScanPhase,
    ScanProgress,
    ScanRecord,
)
from mediavault_tui.domain.paths import LOCAL, PLACES, parent, place
from mediavault_tui.domain.pathtext import display
from mediavault_tui.errors import MediaVaultError, SourceError
from mediavault_tui.services.scanning.control import ScanControl
from mediavault_tui.ui import describe, tables
from mediavault_tui.ui.format import count, visible
from mediavault_tui.ui.keyed import keyed
from mediavault_tui.ui.pane import Pane
from mediavault_tui.ui.widgets.listing import Listing
from mediavault_tui.ui.widgets.progress import Progress
from mediavault_tui.ui.windows import FixedWindow


def path_of(folder: Folder) -> Path:
    """Return the path that opens a folder, whatever bytes its name is made of."""
    return Path(os.fsdecode(folder.raw_path))


class ScannerServices(Protocol):
    """What this pane asks of the services layer, and all it may ask."""

    async def folders(self, path: Path) -> Sequence[Folder]: ...

    def scan(self, roots: Sequence[Path], control: ScanControl) -> AsyncIterator[ScanProgress]: ...

    async def history(self) -> Sequence[ScanRecord]: ...

    async def test_share(self, path: Path) -> Sequence[Check]: ...

    async def waiting(self) -> GroupsWaiting: ...


def above(folder: Path) -> Path:
    """Return the folder above; above `/` and above each share are all places."""
    return Path(os.fsdecode(parent(os.fsencode(folder))))


def crumbs(folder: Path, names: Mapping[str, str]) -> str:
    """Return where a folder is, as a person reads it; `names` of the shares by their sources."""
    raw = os.fsencode(folder)
    source, path = place(raw)
    if raw == PLACES:
        return "All places"
    if source == LOCAL:
        return visible(str(folder))
    return " › ".join(
        [visible(names.get(source, source)), *(visible(display(step)) for step in path.split(b"/") if step)]
    )


class ScannerScreen(Pane[ScannerServices]):
    """A folder browser above the running scan and the history."""

    PANE = "scanner"
    CSS_PATH = "scanner.tcss"
    HELP = (
        "Walk the folders with <list.open:Enter> and <scanner.up:backspace>, choose some with "
        "<list.mark:space>, scan them with <scanner.scan:S>."
    )

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "S",
            "scan",
            "Scan",
            id="scanner.scan",
            tooltip="Scan the chosen folders, or the one under the cursor; in the history, that scan's again",
        ),
        Binding("z", "pause", "Pause", id="scanner.pause", tooltip="Pause the running scan, or let it go on"),
        Binding(
            "c",
            "cancel",
            "Cancel",
            id="scanner.cancel",
            tooltip="End the running scan (asks first); what it found stays",
        ),
        Binding(
            "t",
            "test",
            "Test",
            show=False,
            id="scanner.test",
            tooltip="Try the connection to the share that is open or under the cursor",
        ),
        Binding(
            "h,left,backspace", "up", "Folder up", show=False, id="scanner.up", tooltip="To the folder above"
        ),
        Binding(
            "l,right",
            "enter",
            "Into",
            show=False,
            id="scanner.into",
            tooltip="Into the folder under the cursor",
        ),
        Binding(
            "tab",
            "app.focus_next",
            "History",
            show=False,
            id="scanner.history",
            tooltip="Between folders and history",
        ),
        Binding(
            "e",
            "errors",
            "Errors",
            id="scanner.errors",
            tooltip="The errors of the scan under the cursor of the history, or of the last",
        ),
    ]

    @dataclass
    class Progressed(Message):
        """A moment of the running scan; the latest one replaces those that wait."""

        progress: ScanProgress

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, ScannerScreen.Progressed)

    @dataclass
    class Ended(Message):
        """The scan has come to its end, good or bad; `progress` is its last moment, if it had one."""

        progress: ScanProgress | None

    def __init__(
        self,
        opened: Callable[[], Awaitable[ScannerServices]],
        changed: Signal[str],
        *,
        read_only: bool = False,
        start: Path,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`start`: the folder to begin at. `tell` is given the running scan in three words."""
        super().__init__(opened, changed, read_only=read_only)
        self.folder = start
        self.tell = tell
        self._unopened = False
        """Whether the folder that is named could not be opened: nobody sees what would be scanned."""
        self._control: ScanControl | None = None
        self._names: dict[str, str] = {}

    def body(self) -> ComposeResult:
        yield Static(id="folder")
        yield Listing(
            tables.FOLDERS,
            key=path_of,
            marking=True,
            id="rows",
            empty="Opening the library…",
            opens=("Into", "Into the folder under the cursor"),
        )
        with Vertical(id="below"):
            yield Progress()
            yield Listing(
                tables.HISTORY,
                key=lambda scan: scan.id,
                id="history",
                empty="Nothing was scanned yet.",
                opens=("Scan again", "Scan the folders of this scan once more"),
            )

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return self._control is not None if action in ("pause", "cancel") else True

    def reload(self) -> None:
        self._load_folder()
        self._load_history()

    @work(exclusive=True, group="folder")
    async def _load_folder(self, came_from: Path | None = None) -> None:
        """Show the folder; on the way up the cursor stands on where it came from."""
        listing = self.query_one("#rows", Listing)
        self._show_folder()
        try:
            folders = await (await self.opened()).folders(self.folder)
        except MediaVaultError as error:
            self.complain("The folder could not be opened", error)
            if isinstance(error, SourceError) and came_from is None and os.fsencode(self.folder) != PLACES:
                self.folder = above(self.folder)
                self._load_folder()
            else:
                again = keyed(self.app, "<app.refresh:f5> tries again.")
                listing.empty = f"The folder could not be opened.\n{again}"
                listing.show(FixedWindow([]))
                self._unopened = True
            return
        self._unopened = False
        if os.fsencode(self.folder) == PLACES:
            self._names = {place(folder.raw_path)[0]: folder.name.partition(" (")[0] for folder in folders}
        listing.empty = "There are no folders in here.\n" + keyed(
            self.app, "<scanner.scan:S> scans this folder, <scanner.up:backspace> goes up."
        )
        at = next((i for i, folder in enumerate(folders) if came_from and path_of(folder) == came_from), None)
        listing.show(FixedWindow(folders), at=listing.cursor if at is None and came_from is None else at or 0)

    @on(Listing.Marked, "#rows")
    def _show_folder(self) -> None:
        marks = self.query_one("#rows", Listing).marks
        chosen = count(len(marks), "folder") + " chosen" if marks else ""
        parts = [crumbs(self.folder, self._names), chosen]
        self.query_one("#folder", Static).update(describe.line(parts))

    @work(exclusive=True, group="history")
    async def _load_history(self) -> None:
        listing = self.query_one("#history", Listing)
        try:
            scans = await (await self.opened()).history()
        except MediaVaultError as error:
            self.complain("The history could not be read", error)
            return
        listing.show(FixedWindow(scans), at=listing.cursor)

    @on(Listing.Chosen, "#rows")
    def action_enter(self) -> None:
        folder: Folder | None = self.query_one("#rows", Listing).current
        if folder is not None:
            self.folder = path_of(folder)
            self.query_one("#rows", Listing).cursor = 0
            self._load_folder()

    def action_up(self) -> None:
        came_from = self.folder
        self.folder = above(came_from)
        if self.folder != came_from:
            self._load_folder(came_from)

    def action_back(self) -> None:
        listing = self.query_one("#rows", Listing)
        if not listing.has_focus:
            listing.focus()
        elif listing.marks:
            listing.mark(())

    @on(Listing.InvertChosen, "#rows")
    def _invert(self, message: Listing.InvertChosen) -> None:
        message.listing.toggle(message.listing.keys_between(0, message.listing.window.total - 1))

    @on(Listing.RangeChosen, "#rows")
    def _range(self, message: Listing.RangeChosen) -> None:
        message.listing.mark_range()

    @on(Listing.Chosen, "#history")
    def _scan_again(self) -> None:
        """Scan what the scan under the cursor of the history has scanned."""
        scan: ScanRecord | None = self.query_one("#history", Listing).current
        if scan is None:
            self.say("Nothing was scanned yet.")
        else:
            self.start([Path(os.fsdecode(root)) for root in scan.roots_raw])

    def action_scan(self) -> None:
        if self.query_one("#history", Listing).has_focus:
            self._scan_again()
            return
        listing = self.query_one("#rows", Listing)
        folder: Folder | None = listing.current
        marked = sorted(path for path in listing.marks if isinstance(path, Path))
        if not marked and self._unopened:
            self.say("No folder is shown to be scanned.")
        elif self.start(marked or [path_of(folder) if folder else self.folder]):
            listing.mark(())

    def start(self, roots: Sequence[Path]) -> bool:
        """Scan these folders, unless a scan is running; return whether it begins."""
        if self._control is not None:
            self.say(
                keyed(
                    self.app, "A scan is running. <scanner.pause:z> pauses it, <scanner.cancel:c> cancels it."
                )
            )
        else:
            control = self._control = ScanControl()  # now: the key may be pressed twice
            self.refresh_bindings()
            self._scan(roots, control)
            return True
        return False

    @work(group="scan")
    async def _scan(self, roots: Sequence[Path], control: ScanControl) -> None:
        """Run one scan to its end; not exclusive, for what was read is worth keeping."""
        last: ScanProgress | None = None
        try:
            services = await self.opened()
            async for progress in services.scan(roots, control):
                last = progress
                self.post_message(self.Progressed(progress))
        except MediaVaultError as error:
            self.complain("The scan stopped", error)
        finally:
            self._control = None
            control.cancel()
            self.post_message(self.Ended(last))

    def on_scanner_screen_progressed(self, message: Progressed) -> None:
        if self._control is not None:
            self.query_one(Progress).progress = message.progress
            self.tell(describe.scanning(message.progress))

    def on_scanner_screen_ended(self, message: Ended) -> None:
        self.tell("")
        self.refresh_bindings()
        progress = message.progress
        self.query_one(Progress).progress = progress
        if progress is not None and progress.phase is ScanPhase.DONE:
            self._say_what_waits(progress.counts.seen)
        self.changed.publish("scan")
        self._load_history()

    @work(exclusive=True, group="waiting")
    async def _say_what_waits(self, files: int) -> None:
        """Say what a scan has led to: how many groups wait, and what they would free."""
        try:
            waiting = await (await self.opened()).waiting()
        except MediaVaultError as error:
            self.complain("The duplicates could not be counted", error)
            return
        self.say(f"{count(files, 'file')} scanned. " + keyed(self.app, describe.waiting(waiting)))

    def action_pause(self) -> None:
        if self._control is None:
            return
        if self._control.paused:
            self._control.resume()
        else:
            self._control.pause()

    @work(group="write")
    async def action_cancel(self) -> None:
        from mediavault_tui.ui.dialogs import Confirm

        control = self._control
        if control is None:
            return
        lines = ["What it found so far stays; the next scan goes on from there."]
        if await self.app.push_screen_wait(Confirm("Cancel the scan?", lines, yes="cancel it")):
            control.cancel()

    @work(exclusive=True, group="test")
    async def action_test(self) -> None:
        """Say in words what works and what does not, on the way to a share."""
        from mediavault_tui.ui.dialogs import Text

        under: Folder | None = self.query_one("#rows", Listing).current
        asked = path_of(under) if under and os.fsencode(self.folder) == PLACES else self.folder
        if place(os.fsencode(asked))[0] == LOCAL:
            self.say(
                keyed(
                    self.app,
                    "This is a folder of this machine. A share's connection is tested: "
                    "<scanner.up:backspace> leads to them.",
                )
            )
            return
        self.say("Testing the connection…")
        try:
            checks = await (await self.opened()).test_share(asked)
        except MediaVaultError as error:
            self.complain("The connection could not be tested", error)
            return
        self.app.push_screen(Text("The connection, step by step", describe.checks(checks)))

    def action_errors(self) -> None:
        from mediavault_tui.ui.dialogs import Text

        scan: ScanRecord | None = self.query_one("#history", Listing).current
        errors: Sequence[ScanError] = scan.errors if scan else ()
        if scan is None or not errors:
            self.say("This scan had no errors." if scan else "Nothing was scanned yet.")
            return
        text = [describe.plain([error.path, "    " + error.message]) for error in errors]
        title = f"{count(scan.counts.errors, 'error')} of this scan"
        if scan.counts.errors > len(errors):  # so many were kept
            title = f"The first {len(errors):,} of {title}"
        self.app.push_screen(Text(title, Content("\n").join(text)))
