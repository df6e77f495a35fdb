"""All that is known of one file: its title's poster, a frame of its middle, and the facts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

from textual import work
from textual.app import ComposeResult
from textual.containers import Horizontal, VerticalScroll

from mediavault_tui.domain.library import Copy
from mediavault_tui.domain.model import MediaFile
from mediavault_tui.domain.picture import Picture, moments
from mediavault_tui.ui import describe, posters
from mediavault_tui.ui.keyed import keyed
from mediavault_tui.ui.leaving import Leaving
from mediavault_tui.ui.widgets.facts import Facts
from mediavault_tui.ui.widgets.picture import PictureBox


class DetailServices(posters.PosterServices, Protocol):
    """What the details ask of the services layer."""

    async def frame(self, file: MediaFile, *, at: float, width: int, height: int) -> Picture: ...


class Details(Leaving, VerticalScroll, can_focus=False):
    """The panel beside (or below) a list of files; facts come first, pictures when they are there."""

    DEFAULT_CSS = """
    Details {
        #pictures { height: auto; }
        PictureBox { height: 14; margin-bottom: 1; background: $surface; &.-none { display: none; } }
        #poster { width: 20; margin-right: 1; }
    }
    """

    def __init__(self, opened: Callable[[], Awaitable[DetailServices]], *, id: str) -> None:
        super().__init__(id=id)
        self._opened = opened

    def compose(self) -> ComposeResult:
        with Horizontal(id="pictures"):
            yield PictureBox(id="poster", classes="-none")
            yield PictureBox(id="frame-of-it")
        yield Facts()

    async def tell(self, copy: Copy | None, nothing: str) -> None:
        """Show a file, or a sentence (or nothing at all) in its place."""
        facts = self.query_one(Facts)
        if copy is None:
            facts.facts = [("", nothing)] if nothing else ()
            return
        facts.facts = describe.facts(copy, choosing=keyed(self.app, "<world.title:m>"))
        self._poster(copy)
        await self._frame(copy.file)

    def leaf(self, by: int) -> None:
        """Scroll by screens."""
        self.scroll_relative(y=by * max(self.size.height - 2, 1), animate=False)

    @work(exclusive=True, group="poster")
    async def _poster(self, copy: Copy) -> None:
        """Draw the title's poster beside the frame, when it comes."""
        box = self.query_one("#poster", PictureBox)
        title = copy.entry.title if copy.entry is not None and copy.entry.title.poster else None
        box.set_class(title is None, "-none")
        if title is not None:
            await self.wait_for_refresh()
        await posters.into(box, await self._opened(), title.key if title else None)

    async def _frame(self, file: MediaFile) -> None:
        """Draw a frame of the file's middle, where there is room for one."""
        box = self.query_one("#frame-of-it", PictureBox)
        seconds = moments(file.info.duration) if file.info is not None and file.info.video else ()
        box.set_class(not seconds, "-none")
        if seconds and box.display:
            from mediavault_tui.ui.frames import into

            await into(box, await self._opened(), file, seconds[len(seconds) // 2])
