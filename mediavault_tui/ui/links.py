"""The list of the links that work, and what makes one useless."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import ClassVar, Protocol

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from mediavault_tui.domain.accounts import LinkId, PreviewLink
from mediavault_tui.errors import MediaVaultError
from mediavault_tui.ui.describe import folder_and_name
from mediavault_tui.ui.dialogs import Modal
from mediavault_tui.ui.format import clock, middle, visible


class LinkServices(Protocol):
    """What the list asks of the services layer."""

    async def revoke_link(self, link: LinkId) -> bool: ...


class Links(Modal[None]):
    """The links that work, newest first; each can be made useless at once."""

    HELP = "The links that still work. <links.revoke:d> makes the one under the cursor useless at once."

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("d,delete", "revoke", "Revoke", id="links.revoke", tooltip="Make this link useless at once"),
        Binding("escape,q", "dismiss(None)", "Back", id="links.back", tooltip="Put the list away"),
    ]

    DEFAULT_CSS = """
    Links {
        & > #frame { width: 110; }
        OptionList { height: auto; max-height: 16; border: none; background: $surface; padding: 0; }
    }
    """

    def __init__(
        self, links: Sequence[PreviewLink], services: LinkServices, now: Callable[[], datetime]
    ) -> None:
        super().__init__("Links that work", [("<links.revoke:d>", "revoke"), ("<links.back:esc>", "go back")])
        self.links = list(links)
        self.services = services
        self.now = now

    def body(self) -> ComposeResult:
        yield OptionList(*map(self._option, self.links), markup=False)
        yield Static("There are none.", id="none")

    def on_mount(self) -> None:
        self._settle()

    def _settle(self) -> None:
        listing = self.query_one(OptionList)
        listing.display = bool(self.links)
        self.query_one("#none").display = not self.links
        if self.links:
            listing.focus()

    def _option(self, link: PreviewLink) -> Option:
        left = clock(max((link.expires_at - self.now()).total_seconds(), 0))
        name = middle(visible(folder_and_name(link.path)[1]), 60)
        return Option(Content(f"{left:>8} left  {visible(link.made_by)}  {name}"), id=str(link.id))

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        event.stop()  # enter opens nothing here: a link's token is shown once

    @work(group="write")
    async def action_revoke(self) -> None:
        listing = self.query_one(OptionList)
        place = listing.highlighted
        if place is None or place >= len(self.links):
            return
        link = self.links[place]
        try:
            await self.services.revoke_link(link.id)
        except MediaVaultError as error:
            self.notify(f"It still works: {error}", severity="error", markup=False)
            return
        if link in self.links:
            listing.remove_option(str(link.id))
            self.links.remove(link)
            self._settle()
        self.notify("That link opens nothing any more.", markup=False)
