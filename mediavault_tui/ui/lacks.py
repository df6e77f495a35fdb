"""Two looks at what the world knows: episodes that no file holds, and copies that are better elsewhere."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, ClassVar, Generic, TypeVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from mediavault_tui.domain.lacks import BetterCopy, MissingEpisode
from mediavault_tui.domain.world import page_of
from mediavault_tui.errors import MediaVaultError
from mediavault_tui.ui import describe, tables
from mediavault_tui.ui.columns import Column
from mediavault_tui.ui.dialogs import Modal, show_trouble
from mediavault_tui.ui.feeding import Feeding
from mediavault_tui.ui.format import visible
from mediavault_tui.ui.widgets.listing import Listing
from mediavault_tui.ui.windows import STEP, GrowingWindow
from mediavault_tui.ui.world_ports import LackServices

Row = TypeVar("Row", MissingEpisode, BetterCopy)


class Look(Feeding, Modal[Row | None], Generic[Row]):
    """A list to read; enter answers the row under the cursor."""

    HELP = (
        "A list to read. <list.open:enter> goes where the row is, <look.open:o> opens it at TMDb, "
        "<look.back:esc> goes back."
    )

    DEFAULT_CSS = """
    Look {
        & > #frame { width: 98%; max-width: 98%; height: 96%; max-height: 96%; padding: 0 1; }
        #lacks { height: 1fr; background: $surface; }
        #more { height: auto; min-height: 2; max-height: 6; color: $foreground-muted; }
        #keys { height: 1; padding: 0; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss(None)", "Back", id="look.back", tooltip="Put the list away"),
        Binding("o", "open", "TMDb", show=False, id="look.open", tooltip="Open it at TMDb, copy the address"),
    ]

    EMPTY: ClassVar[str]
    """What an empty list says."""

    PAGES: ClassVar[bool] = False
    """Whether rows have pages at TMDb."""

    def __init__(
        self,
        title: str,
        columns: Sequence[Column[Row]],
        opened: Callable[[], Awaitable[LackServices]],
        enter: str,
    ) -> None:
        keys = [("<list.open:enter>", enter), ("<look.back:esc>", "go back")]
        if self.PAGES:
            keys.insert(1, ("<look.open:o>", "TMDb"))
        super().__init__(title, keys)
        self._columns: Sequence[Column[Any]] = columns
        self._opened = opened
        self._enter = enter

    def body(self) -> ComposeResult:
        yield Listing(
            self._columns, key=lambda row: row, id="lacks", empty="…", opens=("Go there", f"To {self._enter}")
        )
        yield Static(id="more")

    def on_mount(self) -> None:
        self._list.focus()
        self._load()

    async def page(self, services: LackServices, after: Row | None) -> Sequence[Row]:
        """Return the rows after one."""
        raise NotImplementedError

    def told(self, row: Row) -> Sequence[str]:
        """Return the lines about one row."""
        raise NotImplementedError

    def link(self, row: Row) -> str:
        """Return its page at TMDb; empty without one."""
        return ""

    @property
    def _list(self) -> Listing[Any]:
        return self.query_one("#lacks", Listing)

    @work(group="lacks", exclusive=True)
    async def _load(self) -> None:
        services = await self._opened()

        async def page(after: Row | None) -> Sequence[Row]:
            return await self.page(services, after)

        window: GrowingWindow[Row] = GrowingWindow(page, limit=STEP)
        try:
            await window.load(0, 0)
        except MediaVaultError as error:
            self.starved(error)
            return
        self._list.empty = self.EMPTY
        self._list.show(window)

    @on(Listing.Moved)
    def _moved(self) -> None:
        row: Row | None = self._list.current
        lines = [visible(line) for line in self.told(row)] if row is not None else []
        self.query_one("#more", Static).update(describe.plain(lines))

    @on(Listing.Chosen)
    def _chosen(self) -> None:
        self.dismiss(self._list.current)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return self.PAGES if action == "open" else True

    def action_open(self) -> None:
        row: Row | None = self._list.current
        if row is not None and (link := self.link(row)):
            describe.open_link(self.app, link)

    def starved(self, error: MediaVaultError) -> None:
        show_trouble(self.app, "The list could not be read", error)


class MissingEpisodes(Look[MissingEpisode]):
    """Aired episodes of the library's shows that no file holds."""

    EMPTY = (
        "No episode is missing of the shows whose episodes are known.\n"
        "`mediavault metadata fetch --details` asks TMDb for those of all shows."
    )
    PAGES = True

    def __init__(self, opened: Callable[[], Awaitable[LackServices]]) -> None:
        super().__init__(
            "Missing episodes · specials and unaired ones are left out",
            tables.MISSING,
            opened,
            "the show's files",
        )

    async def page(self, services: LackServices, after: MissingEpisode | None) -> Sequence[MissingEpisode]:
        return await services.missing_episodes(limit=STEP, after=after)

    def told(self, row: MissingEpisode) -> Sequence[str]:
        return [f"{row.title} S{row.season:02}E{row.episode:02} {row.name}", self.link(row)]

    def link(self, row: MissingEpisode) -> str:
        return f"{page_of('tv', row.tmdb_id)}/season/{row.season}/episode/{row.episode}"


class BetterCopies(Look[BetterCopy]):
    """Files of which a better copy lies in another folder or on another share."""

    EMPTY = "No file has a better copy in another folder or on another share."

    def __init__(self, opened: Callable[[], Awaitable[LackServices]]) -> None:
        super().__init__("A better copy is elsewhere", tables.BETTER, opened, "compare the two")

    async def page(self, services: LackServices, after: BetterCopy | None) -> Sequence[BetterCopy]:
        return await services.better_copies(limit=STEP, after=after)

    def told(self, row: BetterCopy) -> Sequence[str]:
        return [f"this one  {row.path}", f"better    {row.better_path}", row.sentence]
