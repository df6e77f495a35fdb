"""What every pane has: its frame, its way to the library, its way to complain."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable
from functools import cached_property
from typing import Any, ClassVar, Generic, TypeVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.screen import Screen
from textual.signal import Signal

from mediavault_tui.domain.library import ActResult
from mediavault_tui.errors import MediaVaultError, ReadOnly
from mediavault_tui.ui import describe
from mediavault_tui.ui.feeding import Feeding
from mediavault_tui.ui.format import count
from mediavault_tui.ui.keyed import keyed
from mediavault_tui.ui.leaving import Leaving
from mediavault_tui.ui.widgets.filterline import FilterLine
from mediavault_tui.ui.widgets.keybar import KeyBar
from mediavault_tui.ui.widgets.listing import Listing
from mediavault_tui.ui.widgets.panebar import PaneBar
from mediavault_tui.ui.windows import Window

Services = TypeVar("Services")


class Pane(Leaving, Screen[None], Generic[Services]):
    """A mode of the app: bar, body, keys. `opened` waits until the library is open."""

    PANE: ClassVar[str]
    """Its mode; also its place in the bar."""

    AUTO_FOCUS = "#rows"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back", show=False, id="pane.back", tooltip="One step back"),
    ]

    def __init__(
        self,
        opened: Callable[[], Awaitable[Services]],
        changed: Signal[str],
        *,
        read_only: bool = False,
    ) -> None:
        """`changed` is published when the library is not what it was; its data says how."""
        super().__init__()
        self.opened = opened
        self.changed = changed
        self.read_only = read_only
        self.offering = False
        """Whether links to watch are on their way or on the screen: there is never a second offer."""
        self._stale = False

    def compose(self) -> ComposeResult:
        yield PaneBar(self.PANE)
        yield from self.body()
        yield KeyBar()

    def body(self) -> ComposeResult:
        """Yield what stands between the bar and the keys."""
        yield from ()

    def on_mount(self) -> None:
        self.changed.subscribe(self, self._library_changed)
        self.reload()

    def on_screen_resume(self) -> None:
        if self._stale:
            self._stale = False
            self.reload()

    def reload(self) -> None:
        """Read anew what is shown."""
        raise NotImplementedError

    def complain(self, title: str, error: MediaVaultError) -> None:
        """Show an error as a panel, once."""
        from mediavault_tui.ui.dialogs import show_trouble

        show_trouble(self.app, title, error)

    def say(self, sentence: str) -> None:
        """Tell what was done; never as markup."""
        self.notify(sentence, markup=False)

    def writable(self) -> bool:
        """Return whether anything may be changed; says so where it may not."""
        if self.read_only:
            self.notify(f"{ReadOnly()}.", severity="warning", markup=False)
        return not self.read_only

    def report(self, result: ActResult, done: str) -> None:
        """Tell what an act did, and show one by one what it was refused."""
        said = f"{count(len(result.done), 'file')} {done}" if result.done else ""
        if said and not result.refused:
            self.say(said)
        if result.refused:
            from mediavault_tui.ui.dialogs import Text

            title = f"{count(len(result.refused), 'file')} left alone"
            # What was done stands there too: a panel takes away what was said outside of it.
            sentences = [describe.plain([sentence]) for sentence in filter(None, (said, *result.refused))]
            self.app.push_screen(Text(title, Content("\n\n").join(sentences)))
        self.changed.publish("act")

    def action_back(self) -> None:
        """Go one step back inside the pane; at its top there is nowhere to go."""

    def _library_changed(self, _: str) -> None:
        if self.is_current:
            self.reload()
        else:
            self._stale = True


class ListPane(Feeding, Pane[Services]):
    """A pane around one `Listing` called `#rows`."""

    TROUBLE: ClassVar[str] = "The list could not be read"

    @cached_property
    def listing(self) -> Listing[Any]:
        """The list of the pane; kept, for who quits takes the pane's parts away under what still runs."""
        return self.query_one("#rows", Listing)

    async def build(self, services: Services) -> Window[Any]:
        """Return a window on the rows that the filter lets through."""
        raise NotImplementedError

    def reload(self) -> None:
        self._reload(keep=True)

    def start_over(self) -> None:
        """Read anew and go to the first row: the filter or the order is another one."""
        self._reload(keep=False)

    def shown(self) -> None:
        """Do what follows from new rows being shown."""

    @work(exclusive=True, group="reload")
    async def _reload(self, *, keep: bool) -> None:
        listing = self.listing
        try:
            window = await self.build(await self.opened())
            at = listing.cursor if keep else 0
            top = int(listing.scroll_offset.y) if keep else 0
            await window.load(top, max(top + listing.size.height, at))
        except MediaVaultError as error:
            listing.empty = keyed(self.app, "It could not be read; <app.refresh:F5> tries again.")
            self.complain(self.TROUBLE, error)
            return
        key = listing.key(listing.current) if keep and listing.current is not None else None
        listing.show(window, at=_find(listing, window, at, key))
        self.shown()

    def starved(self, error: MediaVaultError) -> None:
        self.complain(self.TROUBLE, error)


class FilteredPane(ListPane[Services]):
    """A pane with a `FilterLine` under its list."""

    def action_filter(self) -> None:
        """Let the user type a filter."""
        self.query_one(FilterLine).open()

    @on(FilterLine.Left)
    def _to_the_list(self) -> None:
        self.listing.focus()


class TextFilteredPane(FilteredPane[Services]):
    """A pane whose list is narrowed by words alone."""

    text = ""
    """The words that the rows must hold."""

    inverse = False
    """Whether the filter is turned around: the rows must not hold them."""

    def clear_filter(self) -> None:
        """Show everything again."""
        self.query_one(FilterLine).clear()
        self.text, self.inverse = "", False
        self.start_over()

    @on(FilterLine.Filtered)
    def _filter(self, message: FilterLine.Filtered) -> None:
        if (message.text, message.inverse) != (self.text, self.inverse):
            self.text, self.inverse = message.text, message.inverse
            self.start_over()


def _find(listing: Listing[Any], window: Window[Any], at: int, key: Hashable | None) -> int:
    """Return where the row with that key is now, near `at`; else `at`."""
    if key is None:
        return at
    for distance in range(64):
        for index in (at - distance, at + distance):
            row = window.row(index) if index >= 0 else None
            if row is not None and listing.key(row) == key:
                return index
    return at
