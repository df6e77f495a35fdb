"""The app: it switches panes, opens the library behind them, and owns nothing else.

Longer than most modules, for it is where panes are made and where one sends a person to another.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from textual import work
from textual.app import SystemCommand
from textual.binding import Binding, BindingType
from textual.filter import Monochrome, NoColor
from textual.notifications import Notify
from textual.reactive import reactive
from textual.screen import Screen
from textual.signal import Signal
from textual.theme import Theme
from textual.worker import WorkerCancelled, WorkerFailed

from mediavault_tui.domain.library import ScanRecord
from mediavault_tui.errors import MediaVaultError, ReadOnly
from mediavault_tui.ui.crash import crash_panel
from mediavault_tui.ui.inorder import InOrderApp
from mediavault_tui.ui.pane import Pane
from mediavault_tui.ui.screens.inventory import InventoryScreen, InventoryServices
from mediavault_tui.ui.widgets.panebar import NUMBERS, PANES
from mediavault_tui.ui.worldpane import WorldPane

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mediavault_tui.ui.chat_ports import ChatServices
    from mediavault_tui.ui.screens.chat import ChatScreen
    from mediavault_tui.ui.screens.duplicates import DuplicateServices
    from mediavault_tui.ui.screens.pending import PendingServices
    from mediavault_tui.ui.screens.scanner import ScannerServices
    from mediavault_tui.ui.screens.settings import SettingsServices

    class AppServices(
        InventoryServices,
        DuplicateServices,
        PendingServices,
        ScannerServices,
        ChatServices,
        SettingsServices,
        Protocol,
    ):
        """What the app asks of the services layer itself, beside what its panes ask."""

        def listen(self, heard: Callable[[str], None]) -> AbstractAsyncContextManager[None]: ...

        async def undo(self) -> str: ...

        async def recover(self) -> Sequence[str]: ...

        async def history(self) -> Sequence[ScanRecord]: ...


_TOGETHER = 0.3
"""Seconds in which pieces of news that come together are told to the panes as one."""
_BETWEEN = 1.0
"""Seconds at least between two readings: whole seasons are told of file by file."""

_LEFT = {
    "scan": "A scan is running. What it has found stays; the next scan goes on from there.",
    "write": "An act is under way. At the next start what it has begun is finished or taken back.",
}
"""What leaving would break off, by the groups of the workers that do it."""

THEME = Theme(
    name="mediavault",
    primary="#7aa2c8",
    secondary="#5f7f9f",
    accent="#e0a458",
    warning="#d8b45a",
    error="#d9706a",
    success="#86b87a",
    foreground="#d5d9de",
    background="#14171b",
    surface="#1a1e23",
    panel="#242a31",
    boost="#2c333b",
    dark=True,
    variables={
        "block-cursor-background": "#39506a",
        "block-cursor-foreground": "#ffffff",
        "block-cursor-text-style": "none",
        "border": "#7aa2c8",
        "border-blurred": "#39424d",
        "scrollbar": "#39424d",
        "scrollbar-background": "#1a1e23",
        "scrollbar-hover": "#4a5664",
        "scrollbar-active": "#7aa2c8",
    },
)
"""Slate with amber: quiet enough that the signs of better and worse are what stands out."""


class MediaVaultApp(InOrderApp):
    """Six panes on one library."""

    TITLE = "MediaVault"
    CSS_PATH = "app.tcss"
    COMMAND_PALETTE_BINDING = "ctrl+p"
    DEFAULT_MODE = "inventory"
    HORIZONTAL_BREAKPOINTS = [
        (0, "-narrow"),
        (110, "-wide"),
        (150, "-huge"),
    ]
    HELP = (
        "<app.inventory:1> to <app.chat:5> are the panes, <app.settings:6> the settings; "
        "<app.undo:u> undoes the last act, <app.menu:ctrl+p> finds every command."
    )

    BINDINGS: ClassVar[list[BindingType]] = [
        *(
            Binding(
                str(NUMBERS[pane]),
                f"pane({pane!r})",
                title,
                show=False,
                id=f"app.{pane}",
                tooltip=f"To the pane {title}",
            )
            for pane, title in PANES.items()
        ),
        Binding("u", "undo", "Undo", id="app.undo", tooltip="Reverse the last thing that was done"),
        Binding(
            "f5,ctrl+r", "refresh_pane", "Refresh", show=False, id="app.refresh", tooltip="Read the pane anew"
        ),
        Binding(
            "question_mark", "help", "Help", key_display="?", id="app.help", tooltip="The keys that work here"
        ),
        Binding("ctrl+p", "command_palette", "Menu", id="app.menu", tooltip="Find every command by its name"),
        Binding(
            "q",
            "quit",
            "Quit",
            show=False,
            id="app.quit",
            tooltip="Leave; nothing is lost (asks first while a scan or an act runs)",
        ),
    ]

    status: reactive[str] = reactive("", init=False)
    """What every pane shows at the right of its bar."""

    def __init__(
        self,
        door: Callable[[], Awaitable[AppServices]],
        *,
        libraries: Sequence[Path] = (),
        read_only: bool = False,
        start: Path | None = None,
        remapped: Mapping[str, str] | None = None,
        log_dir: Path,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`door` opens the library: it may take a second, and may be tried again after it failed.

        `start`: the folder at which the Scanner's browser begins. `remapped`: see `KeyedApp`.
        """
        super().__init__()
        if self.no_color:  # Textual's own answer to NO_COLOR is greys, which are colours to a terminal
            self._filters = [NoColor() if isinstance(each, Monochrome) else each for each in self._filters]
        self.door = door
        self.libraries = libraries
        self.read_only = read_only
        self.start = start
        self.remapped = remapped or {}
        self.log_dir = log_dir
        self.now = now
        self.changed: Signal[str] = Signal(self, "library changed")
        """Published when the library is not what it was."""
        self._services: asyncio.Future[AppServices] | None = None
        self._scan_words = ""
        self._news = ""
        """What was heard and not yet told to the panes."""
        self._next_reading = 0.0
        self.register_theme(THEME)
        self.theme = THEME.name
        self.add_mode("inventory", lambda: InventoryScreen(self.opened, self.changed, read_only=read_only))
        self.add_mode("duplicates", self._duplicates)
        self.add_mode("pending", self._pending)
        self.add_mode("scanner", self._scanner)
        self.add_mode("chat", self._chat)
        self.add_mode("settings", self._settings)

    def watch_theme(self, theme: str) -> None:
        """Say how other colours are kept."""
        if self.is_running:
            self.notify(f"MEDIAVAULT_THEME={theme} in .env keeps these colours.", markup=False)

    async def opened(self) -> AppServices:
        """Return the open library; wait for it as long as it takes."""
        if self._services is None:
            self._services = asyncio.get_running_loop().create_future()
        return await asyncio.shield(self._services)

    def on_mount(self) -> None:
        self.set_keymap(self.remapped)
        self._tell("")
        self._open()

    async def _shutdown(self) -> None:
        """End what runs before its screens are taken away."""
        self.workers.cancel_all()
        await super()._shutdown()

    def clear_selection(self) -> None:
        """Do nothing before there is a screen.

        From Python 3.12 on tasks start eagerly: the first pane's filter line is mounted, and asks for this,
        while its screen is still on its way to the stack.
        """
        if self.screen_stack:
            super().clear_selection()

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        from mediavault_tui.ui.commands import commands

        return commands(self, screen)

    async def action_quit(self) -> None:
        """Leave; ask first what a slip of the hand would end. A dialog lets only ctrl+q through: no slip."""
        from mediavault_tui.ui.dialogs import Confirm

        running = {worker.group for worker in self.workers if worker.is_running}
        lines = [_LEFT[group] for group in _LEFT if group in running]
        if not lines or self.screen.is_modal:
            self.exit()
        else:
            question = Confirm("Leave MediaVault?", lines, yes="leave")
            await self.push_screen(question, lambda leave: self.exit() if leave else None)

    def action_pane(self, pane: str) -> None:
        self.switch_mode(pane)

    def action_refresh_pane(self) -> None:
        if isinstance(self.screen, Pane):
            self.screen.reload()

    def action_help(self) -> None:
        from mediavault_tui.ui.commands import help_text
        from mediavault_tui.ui.dialogs import Text

        self.push_screen(Text("Keys that work here", help_text(self)))

    def action_key_map(self) -> None:
        from mediavault_tui.ui.dialogs import Text
        from mediavault_tui.ui.keymap import key_map

        self.push_screen(Text("Every key, with its id", key_map(self)))

    @work(group="write")
    async def action_undo(self) -> None:
        """Reverse the last act, in whatever pane it was done."""
        if self.read_only:
            self.notify(f"{ReadOnly()}.", severity="warning", markup=False)
            return
        try:
            sentence = await (await self.opened()).undo()
        except MediaVaultError as error:
            self._complain("Nothing was undone", error)
            return
        self.notify(sentence, markup=False)
        self.changed.publish("undo")

    @work(group="library")
    async def _open(self) -> None:
        """Open the library, then listen to it until the app ends."""
        services = await self._through_the_door()
        if services is None:
            return
        if self._services is None:
            self._services = asyncio.get_running_loop().create_future()
        self._services.set_result(services)
        await self._first_rows()
        try:
            for sentence in await services.recover():
                self.notify(sentence, title="After a crash", markup=False, timeout=15)
            await self._scan_new(services)
            async with services.listen(self._heard):
                await asyncio.Event().wait()
        except MediaVaultError as error:
            self._complain("The library is not watched any more", error)

    async def _first_rows(self) -> None:
        """Let the pane that is seen show its rows before anything else is begun."""
        with suppress(WorkerFailed, WorkerCancelled):
            await self.workers.wait_for_complete([each for each in self.workers if each.group == "reload"])

    async def _through_the_door(self) -> AppServices | None:
        from mediavault_tui.ui.advice import advice

        while True:
            try:
                return await self.door()
            except MediaVaultError as error:
                from mediavault_tui.ui.dialogs import Trouble

                panel = Trouble("The library could not be opened", str(error), advice(error), again=True)
                if not await self.push_screen_wait(panel):
                    self.exit(return_code=error.exit_code)
                    return None

    async def _scan_new(self, services: AppServices) -> None:
        """Scan at once those of the given folders that never were."""
        if not self.libraries:
            return
        known = {root for scan in await services.history() for root in scan.roots}
        new = [folder for folder in self.libraries if str(folder) not in known]
        if new:
            from mediavault_tui.ui.screens.scanner import ScannerScreen

            await self.switch_mode("scanner")
            if isinstance(self.screen, ScannerScreen):
                self.screen.start(new)

    def _heard(self, news: str) -> None:
        if not self._news:
            self._publish_soon()
        self._news = news

    @work(group="news")
    async def _publish_soon(self) -> None:
        """Tell the panes of what was heard, soon; however much follows, they need not wait for its end."""
        await asyncio.sleep(max(_TOGETHER, self._next_reading - time.monotonic()))
        self._next_reading = time.monotonic() + _BETWEEN
        news, self._news = self._news, ""
        self.changed.publish(news)

    def on_notify(self, event: Notify) -> None:
        """Let what is said again take the place of what was said: ten keys in vain make one toast."""
        said = event.notification
        for shown in list(self._notifications):
            if (shown.message, shown.title, shown.severity) == (said.message, said.title, said.severity):
                self._unnotify(shown, refresh=False)

    def _tell(self, words: str) -> None:
        self._scan_words = words
        self.status = " · ".join(part for part in (words, "read-only" if self.read_only else "") if part)

    def _complain(self, title: str, error: MediaVaultError) -> None:
        from mediavault_tui.ui.dialogs import show_trouble

        show_trouble(self, title, error)

    def _duplicates(self) -> Screen[None]:
        from mediavault_tui.ui.screens.duplicates import DuplicatesScreen

        return DuplicatesScreen(
            self.opened, self.changed, read_only=self.read_only, scanning=lambda: bool(self._scan_words)
        )

    def _pending(self) -> Screen[None]:
        from mediavault_tui.ui.screens.pending import PendingScreen

        return PendingScreen(self.opened, self.changed, read_only=self.read_only, now=self.now)

    def _scanner(self) -> Screen[None]:
        from mediavault_tui.ui.screens.scanner import ScannerScreen, above

        start = self.start or (above(self.libraries[0]) if self.libraries else Path.home())
        return ScannerScreen(
            self.opened, self.changed, read_only=self.read_only, start=start, tell=self._tell
        )

    def _chat(self) -> Screen[None]:
        from mediavault_tui.ui.screens.chat import ChatScreen

        return ChatScreen(self.opened, self.changed, read_only=self.read_only)

    async def on_chat_screen_show_files(self, message: ChatScreen.ShowFiles) -> None:
        """Show files that the chat found where files are shown."""
        await self.switch_mode("inventory")
        if isinstance(self.screen, InventoryScreen):
            self.screen.point_at(message.files, message.text)

    async def on_world_pane_show_group(self, message: WorldPane.ShowGroup) -> None:
        """Compare the copies of a file that the inventory has better elsewhere."""
        await self.on_chat_screen_show_group(message)

    async def on_chat_screen_show_group(self, message: ChatScreen.ShowGroup | WorldPane.ShowGroup) -> None:
        """Compare a group that the chat found."""
        from mediavault_tui.ui.screens.duplicates import DuplicatesScreen

        await self.switch_mode("duplicates")
        if isinstance(self.screen, DuplicatesScreen):
            self.screen.point_at(message.group, message.title)

    async def on_chat_screen_show_proposal(self, message: ChatScreen.ShowProposal) -> None:
        """Have a proposal of the chat looked through."""
        from mediavault_tui.ui.screens.pending import PendingScreen

        await self.switch_mode("pending")
        if isinstance(self.screen, PendingScreen):
            self.screen.look_through(message.proposal)

    def _settings(self) -> Screen[None]:
        from mediavault_tui.ui.screens.settings import SettingsScreen

        return SettingsScreen(self.opened, self.changed, read_only=self.read_only)

    def _handle_exception(self, error: Exception) -> None:
        """Leave a bug's traceback in a file and one panel on the terminal, not a screenful of locals."""
        self._return_code = 1
        if self._exception is None:
            self._exception = error
            self._exception_event.set()
        # A worker's failure only wraps what went wrong in it.
        cause = error.error if isinstance(error, WorkerFailed) else error
        self.panic(crash_panel(cause, self.log_dir))
