"""The dialog of earlier sessions of the chat."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input

from mediavault_tui.domain.chat import ChatSession
from mediavault_tui.errors import MediaVaultError
from mediavault_tui.ui.columns import Column
from mediavault_tui.ui.dialogs import Modal
from mediavault_tui.ui.format import visible
from mediavault_tui.ui.widgets.listing import Listing
from mediavault_tui.ui.windows import FixedWindow

_SESSIONS: tuple[Column[ChatSession], ...] = (
    Column("title", "Session", 0, lambda each: (visible(each.title), "plain")),
    Column("used", "Last used", 16, lambda each: (f"{each.updated_at:%Y-%m-%d %H:%M}", "muted"), spare=1),
    Column("questions", "Asked", 6, lambda each: (f"{each.questions}", "muted"), right=True),
    Column("tokens", "Tokens", 9, lambda each: (f"{each.tokens:,}", "muted"), right=True, spare=2),
    Column("cost", "Cost", 8, lambda each: (f"${each.cost_usd:.3f}", "muted"), right=True, spare=3),
)


class Sessions(Modal[ChatSession | None]):
    """Earlier sessions, searched while one types; answers the one to resume."""

    HELP = (
        "Earlier sessions. Type words that were said, <sessions.list:down> goes to the list, "
        "<list.open:enter> resumes one."
    )

    DEFAULT_CSS = """
    Sessions {
        & > #frame { width: 100; }
        Listing { height: 12; background: $surface; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Back", id="sessions.back", tooltip="Stay in this session"),
        Binding("down", "list", "To the list", show=False, id="sessions.list", tooltip="To the list"),
    ]

    def __init__(self, search: Callable[[str], Awaitable[Sequence[ChatSession]]], words: str = "") -> None:
        """`search` finds the sessions that hold words, in their titles or in what was said and asked."""
        super().__init__(
            "Sessions",
            [
                ("<list.open:enter>", "resume"),
                ("<sessions.list:down>", "to the list"),
                ("<sessions.back:esc>", "go back"),
            ],
        )
        self.search = search
        self.words = words

    def body(self) -> ComposeResult:
        yield Input(self.words, placeholder="words of a title, or that were said", compact=True)
        yield Listing(
            _SESSIONS,
            key=lambda each: each.id,
            empty="There is no such session.",
            opens=("Resume", "Resume the session under the cursor"),
        )

    def on_mount(self) -> None:
        self.query_one(Input).cursor_blink = False
        self._narrow()
        (self.query_one(Listing) if self.words else self.query_one(Input)).focus()

    @on(Input.Changed)
    @work(exclusive=True, group="search")
    async def _narrow(self) -> None:
        listing = self.query_one(Listing)
        try:
            found = await self.search(self.query_one(Input).value)
        except MediaVaultError as error:
            listing.empty = str(error)
            found = ()
        listing.show(FixedWindow(found))

    @on(Input.Submitted)
    def action_list(self) -> None:
        self.query_one(Listing).focus()

    @on(Listing.Chosen)
    def _resume(self, message: Listing.Chosen) -> None:
        message.stop()
        current: ChatSession | None = message.listing.current
        self.dismiss(current)
