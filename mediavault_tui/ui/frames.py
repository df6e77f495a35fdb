"""Frames of two copies from the same minutes: is it the same film, the same cut, as sharp?"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import ClassVar, Protocol

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Static

from mediavault_tui.domain.model import MediaFile
from mediavault_tui.domain.picture import Picture, moments
from mediavault_tui.errors import MediaVaultError
from mediavault_tui.ui import describe
from mediavault_tui.ui.dialogs import Modal
from mediavault_tui.ui.format import clock, middle
from mediavault_tui.ui.widgets.picture import PictureBox


class FrameServices(Protocol):
    """What frames ask of the services layer, and all they may ask."""

    async def frame(self, file: MediaFile, *, at: float, width: int, height: int) -> Picture: ...


async def into(box: PictureBox, services: FrameServices, file: MediaFile, at: float) -> None:
    """Draw the frame of a file at a second, or the sentence that says why there is none."""
    width, height = box.room()
    if width < 1 or height < 1:
        return
    box.show("…")
    try:
        box.show(await services.frame(file, at=at, width=width, height=height))
    except MediaVaultError as error:
        box.show(str(error))


class Frames(Modal[None]):
    """Two copies, one minute; left and right go through the film."""

    HELP = (
        "Frames of both copies from the same minute. <frames.earlier:←> and <frames.later:→> go to "
        "other minutes, <frames.back:esc> goes back."
    )

    DEFAULT_CSS = """
    Frames {
        & > #frame { width: 98%; max-width: 98%; height: 96%; max-height: 96%; padding: 0 1; }
        #pair { height: 1fr; }
        #pair > Vertical { width: 1fr; height: 1fr; padding: 0 1; }
        #pair Static { height: 1; text-style: bold; }
        PictureBox { height: 1fr; }
        #moment { height: 1; padding: 0 1; color: $text-accent; }
        #keys { height: 1; padding: 0 1; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right,l,n", "step(1)", "Later", id="frames.later", tooltip="To a later minute"),
        Binding("left,h,p", "step(-1)", "Earlier", id="frames.earlier", tooltip="To an earlier minute"),
        Binding("escape,q,f", "dismiss(None)", "Back", id="frames.back", tooltip="Back to the comparison"),
    ]

    def __init__(
        self,
        title: str,
        copies: Sequence[tuple[str, MediaFile]],
        opened: Callable[[], Awaitable[FrameServices]],
    ) -> None:
        """`copies`: a letter and a file, for each side."""
        super().__init__(
            f"Frames of {title}",
            [
                ("<frames.earlier:← p>  <frames.later:→ n>", "other minutes"),
                ("<frames.back:esc>", "back to Compare"),
            ],
        )
        self.copies = copies
        self._opened = opened
        self.moments = moments(*(file.info.duration for _, file in copies if file.info))
        self.place = 0

    def body(self) -> ComposeResult:
        with Horizontal(id="pair"):
            for letter, _ in self.copies:
                with Vertical():
                    yield Static(id=f"head-{letter}")
                    yield PictureBox(id=f"picture-{letter}")
        yield Static(id="moment")

    def on_resize(self) -> None:
        self.call_after_refresh(self._draw)

    def action_step(self, by: int) -> None:
        if self.moments:
            self.place = (self.place + by) % len(self.moments)
            self._draw()

    @property
    def at(self) -> float:
        """The second that is looked at."""
        return self.moments[self.place]

    def _draw(self) -> None:
        for letter, file in self.copies:
            head = self.query_one(f"#head-{letter}", Static)
            name = describe.folder_and_name(file.path)[1]
            at = clock(self.at) if self.moments else ""
            text = f"{letter} · {at} · " if at else f"{letter} · "
            picture = describe.picture(file) if file.info else "not probed"
            room = max(head.size.width - len(text) - len(picture) - 3, 8)
            head.update(describe.plain([f"{text}{picture} · {middle(name, room)}"]))
        if not self.moments:
            for box in self.query(PictureBox):
                box.show("No frames: the running time is not known; scan the folder again.")
            return
        steps = [
            f"[{clock(at)}]" if n == self.place else f" {clock(at)} " for n, at in enumerate(self.moments)
        ]
        self.query_one("#moment", Static).update(describe.plain(["  ".join(steps)]))
        self._fetch(self.at)

    @work(group="frames", exclusive=True)
    async def _fetch(self, at: float) -> None:
        """Ask for both sides; another minute asked for meanwhile ends this question."""
        boxes = [(self.query_one(f"#picture-{letter}", PictureBox), file) for letter, file in self.copies]
        services = await self._opened()
        await asyncio.gather(*(into(box, services, file, at) for box, file in boxes))
