"""What a list of files has of the world: titles to choose, TMDb's page, what is missing or better."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol, TypeVar

from textual import work
from textual.binding import Binding, BindingType
from textual.message import Message

from mediavault_tui.domain.library import Copy, InventoryRow
from mediavault_tui.domain.model import FileId, GroupId
from mediavault_tui.errors import MediaVaultError
from mediavault_tui.ui import describe
from mediavault_tui.ui.pane import FilteredPane
from mediavault_tui.ui.world_ports import LackServices, TitleServices


class WorldServices(TitleServices, LackServices, Protocol):
    """What these keys ask of the services layer."""

    async def titles_asking(self) -> int: ...

    async def regroup(self) -> None: ...

    async def details(self, file: FileId) -> Copy | None: ...


Services = TypeVar("Services", bound=WorldServices)


class WorldPane(FilteredPane[Services]):
    """A pane of files, each with a title of the world or waiting for one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "m",
            "title",
            "Title",
            show=False,
            id="world.title",
            tooltip="Say which title of TMDb's this file is",
        ),
        Binding(
            "M",
            "titles",
            "Titles",
            show=False,
            id="world.titles",
            tooltip="Go through the titles that wait for a choice",
        ),
        Binding(
            "E",
            "missing",
            "Missing",
            show=False,
            id="world.missing",
            tooltip="Episodes that aired and no file holds",
        ),
        Binding(
            "B",
            "better",
            "Better",
            show=False,
            id="world.better",
            tooltip="Files of which a better copy is in another folder or on another share",
        ),
        Binding(
            "o",
            "tmdb",
            "TMDb",
            show=False,
            id="inventory.tmdb",
            tooltip="Open the title at TMDb, copy the address",
        ),
    ]

    @dataclass
    class ShowGroup(Message):
        """The user wants to compare the copies of a group."""

        group: GroupId
        title: str

    asking = 0
    """How many titles wait for a choice."""

    def point_at(self, files: Sequence[FileId], text: str = "") -> None:
        """Show files by the words of their names, or mark them."""
        raise NotImplementedError

    @work(group="ask")
    async def action_title(self) -> None:
        row: InventoryRow | None = self.listing.current
        if row is not None:
            await self._choose(row.id)

    @work(group="ask")
    async def action_titles(self) -> None:
        try:
            self.asking = await (await self.opened()).titles_asking()
        except MediaVaultError as error:
            self.complain("The titles could not be read", error)
            return
        if self.asking:
            await self._choose(None)
        else:
            self.say(
                "No title waits for a choice. Titles ask once `mediavault metadata fetch` has looked them up."
            )

    async def _choose(self, file: FileId | None) -> None:
        """Let a person choose; find the groups anew if that settled anything."""
        from mediavault_tui.ui.titles import Titles

        settled = await self.app.push_screen_wait(Titles(self.opened, file=file, waiting=self.asking))
        if settled:
            try:
                await (await self.opened()).regroup()
            except MediaVaultError as error:
                self.complain("The groups could not be found anew", error)
            self.changed.publish("titles")

    @work(group="ask")
    async def action_missing(self) -> None:
        from mediavault_tui.ui.lacks import MissingEpisodes

        episode = await self.app.push_screen_wait(MissingEpisodes(self.opened))
        if episode is not None:
            self.point_at((), episode.title)

    @work(group="ask")
    async def action_better(self) -> None:
        from mediavault_tui.ui.lacks import BetterCopies

        copy = await self.app.push_screen_wait(BetterCopies(self.opened))
        if copy is not None:
            self.post_message(self.ShowGroup(copy.group, copy.title))

    @work(group="open")
    async def action_tmdb(self) -> None:
        row: InventoryRow | None = self.listing.current
        try:
            copy = await (await self.opened()).details(row.id) if row else None
        except MediaVaultError as error:
            self.complain("The file could not be read", error)
            return
        address = describe.tmdb_address(copy.file) if copy else None
        if address is None:
            self.say("No TMDb number is known for this file.")
        else:
            describe.open_link(self.app, address)
