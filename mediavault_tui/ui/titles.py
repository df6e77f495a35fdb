"""Which title is it? Candidates for one file or for all that wait, with poster, evidence and running time.

Longer than other dialogs: the queue, the search, the choice and its undoing are one conversation.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Input, Static

from mediavault_tui.domain.choosing import Asking, Puzzle
from mediavault_tui.domain.model import FileId
from mediavault_tui.domain.world import Title, named
from mediavault_tui.domain.worldmatch import Scored
from mediavault_tui.errors import MediaVaultError
from mediavault_tui.ui import describe, posters, tables
from mediavault_tui.ui.dialogs import Modal, show_trouble
from mediavault_tui.ui.format import clock, count, middle, visible
from mediavault_tui.ui.keyed import keyed
from mediavault_tui.ui.widgets.facts import Facts
from mediavault_tui.ui.widgets.listing import Listing
from mediavault_tui.ui.widgets.picture import PictureBox
from mediavault_tui.ui.windows import FixedWindow
from mediavault_tui.ui.world_ports import TitleServices

_PAUSE = 0.15
"""Seconds on a candidate before more is asked about it."""


class Titles(Modal[int]):
    """Candidates to choose among; answers how many files were settled.

    With a file: that one. Without: everything that waits, one after the other.
    """

    HELP = (
        "Which title is this file? <list.open:enter> takes the one under the cursor for its whole "
        "folder or show; <titles.search:/> searches TMDb for other words or an id; <titles.none:n> "
        "says that it is none of them; <titles.undo:u> takes a choice back."
    )

    DEFAULT_CSS = """
    Titles {
        & > #frame { width: 98%; max-width: 98%; height: 96%; max-height: 96%; padding: 0 1; }
        #file { height: 2; }
        #words { height: 1; display: none; border: none; padding: 0 1; background: $boost; }
        #words.-open { display: block; }
        #words:focus { border: none; }
        #both { height: 1fr; layout: vertical; }
        #candidates { height: 7; background: $surface; }
        #about { height: 1fr; border-top: solid $boost; }
        #poster { width: 18; height: 12; background: $surface; }
        #told { width: 1fr; height: 1fr; background: $surface; }
        #keys { height: 1; padding: 0; }
        &.-wide #candidates { height: 10; }
        &.-wide #poster { width: 30; height: 20; margin-right: 1; }
        &.-huge #both { layout: horizontal; }
        &.-huge #candidates { width: 56; height: 1fr; }
        &.-huge #about { border-top: none; border-left: vkey $boost; padding-left: 1; }
        &.-huge #poster { width: 34; height: 26; margin-right: 1; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "n", "none", "None of these", id="titles.none", tooltip="It is none of them; do not ask again"
        ),
        Binding(
            "slash",
            "search",
            "Search",
            key_display="/",
            id="titles.search",
            tooltip="Search TMDb for other words, or enter an id (movie/603, tt0133093, an address)",
        ),
        Binding(
            "e",
            "everywhere",
            "Everywhere",
            id="titles.everywhere",
            tooltip="Let the choice hold for that name in every folder, or in this one alone",
        ),
        Binding("right,l", "step(1)", "Next", id="titles.next", tooltip="To the next title that asks"),
        Binding("left,h", "step(-1)", "Before", id="titles.before", tooltip="To the title before"),
        Binding(
            "o", "open", "TMDb", id="titles.open", tooltip="Open the candidate at TMDb, copy the address"
        ),
        Binding("u", "undo", "Undo", id="titles.undo", tooltip="Take the last choice made here back"),
        Binding("escape", "back", "Back", id="titles.back", tooltip="Leave the rest for later"),
    ]

    def __init__(
        self,
        opened: Callable[[], Awaitable[TitleServices]],
        *,
        file: FileId | None = None,
        waiting: int = 0,
    ) -> None:
        """`waiting`: how many titles ask, where no file is given."""
        keys = [
            ("<list.open:enter>", "take"),
            ("<titles.none:n>", "none"),
            ("<titles.search:/>", "search"),
            ("<titles.everywhere:e>", "everywhere"),
        ]
        keys += [] if file is not None else [("<titles.before:←><titles.next:→>", "next")]
        super().__init__("Which title is it?", [*keys, ("<titles.back:esc>", "leave")])
        self._opened = opened
        self._file = file
        self._waiting = waiting
        self.queue: list[Asking] = []
        self.place = 0
        self.puzzle: Puzzle | None = None
        self.everywhere = False
        self.settled = 0
        """Files that were settled here."""
        self._choices = 0
        self._busy = False

    def body(self) -> ComposeResult:
        yield Static(id="file")
        yield Input(placeholder="a title, a year after it; or movie/603, tt0133093, an address", id="words")
        with Container(id="both"):
            yield Listing(
                tables.candidates(lambda: self.puzzle),
                key=lambda each: each.title.key,
                id="candidates",
                empty="…",
                opens=("Take", "Take the candidate under the cursor"),
            )
            with Horizontal(id="about"):
                yield PictureBox(id="poster")
                with VerticalScroll(id="told", can_focus=False):
                    yield Facts()

    def on_mount(self) -> None:
        self._list.focus()
        self._begin()

    @property
    def _list(self) -> Listing[Scored]:
        return self.query_one("#candidates", Listing)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "step":
            return self._file is None and not self._busy
        return self._choices > 0 if action == "undo" else True

    @work(group="puzzle", exclusive=True)
    async def _begin(self) -> None:
        """Read the queue anew and show its first title; or the one file."""
        try:
            if self._file is None:
                self.queue, self.place = list(await (await self._opened()).title_queue()), 0
            await self._show_place()
        except MediaVaultError as error:
            show_trouble(self.app, "The titles could not be read", error)

    async def _show_place(self) -> None:
        services = await self._opened()
        if self._file is None and self.place >= len(self.queue) and self.queue:
            self.queue += await services.title_queue(after=self.queue[-1])
        if self._file is None and not self.queue:
            self.dismiss(self.settled)
            return
        self.place = min(self.place, max(len(self.queue) - 1, 0))
        file = self._file if self._file is not None else self.queue[self.place].file
        self.puzzle = await services.puzzle(file)
        self.everywhere = False
        self._close_search()
        self._show(
            self.puzzle.candidates,
            "TMDb knows no such title.\n"
            + keyed(self.app, "<titles.search:/> searches for other words, <titles.none:n> says: none."),
        )
        self._head()

    def _show(self, found: Sequence[Scored], empty: str) -> None:
        self._list.empty = empty
        self._list.show(FixedWindow(found))

    def _head(self) -> None:
        puzzle = self.puzzle
        if puzzle is None:
            return
        frame = self.query_one("#frame")
        of = f" · {self.place + 1} of {max(self._waiting, len(self.queue))}" if self._file is None else ""
        frame.border_title = Content(f"Which title is it?{of}")
        width = max(self.query_one("#file").size.width, 40)
        length = clock(puzzle.asked.duration) if puzzle.asked.duration else ""
        name = describe.folder_and_name(puzzle.path)[1]
        files = puzzle.everywhere if self.everywhere else puzzle.files
        where = "in every folder" if self.everywhere else f"in {puzzle.folder}"
        more = (
            f", {puzzle.everywhere} in all"
            if puzzle.everywhere > puzzle.files and not self.everywhere
            else ""
        )
        said = f"{count(files, 'file')} {where}{more}"
        head = visible(middle(visible(name), width - len(length) - 2))
        self.query_one("#file", Static).update(
            Content("\n").join(
                [
                    Content.assemble((head, "bold"), "  ", (length, "$text-accent")),
                    Content.styled(middle(visible(said), width), "$foreground-muted"),
                ]
            )
        )

    @on(Listing.Moved)
    def _moved(self) -> None:
        self._about(self._list.current)

    @work(group="about", exclusive=True)
    async def _about(self, shown: Scored | None) -> None:
        """Tell what is known of a candidate at once, then ask for cast, running time and poster."""
        facts, box, puzzle = self.query_one(Facts), self.query_one("#poster", PictureBox), self.puzzle
        if shown is None or puzzle is None:
            facts.facts = ()
            await posters.into(box, await self._opened(), None)
            return
        facts.facts = describe.candidate(puzzle, shown.title, shown.evidence)
        self.query_one("#told").scroll_home(animate=False)
        await asyncio.sleep(_PAUSE)
        services = await self._opened()
        self._poster(shown.title)
        try:
            if not shown.title.detailed and (title := await services.world_title(shown.title.key)):
                facts.facts = describe.candidate(puzzle, title, shown.evidence)
        except MediaVaultError as error:
            show_trouble(self.app, "TMDb could not be asked", error)

    @work(group="poster", exclusive=True)
    async def _poster(self, title: Title) -> None:
        box = self.query_one("#poster", PictureBox)
        await posters.into(box, await self._opened(), title.key if title.poster else None)

    @on(Listing.Chosen)
    def _take(self) -> None:
        if (row := self._list.current) is not None:
            self._choose(row.title)

    def action_none(self) -> None:
        self._choose(None)

    def action_everywhere(self) -> None:
        if self.puzzle is None:
            return
        if self.puzzle.everywhere > self.puzzle.files:
            self.everywhere = not self.everywhere
            self._head()
        else:
            self.notify("That name is in this folder only.", markup=False)

    def action_step(self, by: int) -> None:
        self.place = max(self.place + by, 0)
        self.puzzle = None  # until the other title is here, a key chooses nothing for the one just left
        self._go()

    @work(group="puzzle", exclusive=True)
    async def _go(self) -> None:
        try:
            await self._show_place()
        except MediaVaultError as error:
            show_trouble(self.app, "The title could not be read", error)

    @work(group="write")
    async def _choose(self, title: Title | None) -> None:
        """Keep a choice; one at a time, however fast the keys."""
        puzzle = self.puzzle
        if puzzle is None or self._busy:
            return
        self._busy = True
        everywhere = self.everywhere
        chosen = self.queue[self.place] if self._file is None else None
        try:
            files = await (await self._opened()).choose_title(
                puzzle.file, title.key if title else None, everywhere=everywhere
            )
            self.settled += files
            self._choices += 1
            what = f"“{visible(named(title))}”" if title else "None of these"
            self.app.notify(f"{what} for {count(files, 'file')}", markup=False)
            if chosen is None:
                self.dismiss(self.settled)
                return
            self.queue = [
                each
                for each in self.queue
                if each != chosen and not (everywhere and each.asked_as == chosen.asked_as)
            ]
            self._waiting = max(self._waiting - 1, len(self.queue))
            self.refresh_bindings()
            await self._after()
        except MediaVaultError as error:
            show_trouble(self.app, "Nothing was chosen", error)
        finally:
            self._busy = False

    async def _after(self) -> None:
        """Show what comes after a choice; where the queue is at its end, perhaps more of it."""
        if not self.queue:
            self.queue = list(await (await self._opened()).title_queue())
            self.place = 0
        await self._show_place()

    def action_search(self) -> None:
        line = self.query_one("#words", Input)
        line.add_class("-open")
        line.focus()

    def _close_search(self) -> None:
        line = self.query_one("#words", Input)
        line.value = ""
        line.remove_class("-open")
        self._list.focus()

    @on(Input.Submitted)
    def _searched(self, event: Input.Submitted) -> None:
        event.stop()
        if event.value.strip():
            self._search(event.value.strip())

    @work(group="puzzle", exclusive=True)
    async def _search(self, text: str) -> None:
        puzzle = self.puzzle
        if puzzle is None:
            return
        self._show((), "Asking TMDb…")
        again = keyed(self.app, "<titles.back:esc> shows the candidates again.")
        try:
            found = await (await self._opened()).find_titles(puzzle, text)
        except MediaVaultError as error:
            self._show((), f"{visible(str(error))}\n{again}")
            return
        self._show(found, f"TMDb finds nothing for “{visible(text)}”.\n{again}")
        if found:
            self._list.focus()

    @work(group="write")
    async def action_undo(self) -> None:
        try:
            sentence = await (await self._opened()).undo()
        except MediaVaultError as error:
            show_trouble(self.app, "Nothing was undone", error)
            return
        self._choices -= 1
        self.refresh_bindings()
        self.app.notify(sentence, markup=False)
        self.puzzle = None  # the queue is another one: what is still shown may not be chosen for
        self._begin()

    def action_open(self) -> None:
        if (row := self._list.current) is not None:
            describe.open_link(self.app, row.title.link)

    def action_back(self) -> None:
        if self.query_one("#words").has_class("-open") and self.puzzle is not None:
            self._close_search()
            self._show(self.puzzle.candidates, "")
        else:
            self.dismiss(self.settled)
