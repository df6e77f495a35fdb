"""`p`: links to watch one copy or two, what opens them, and the list of the links that work.

Longer than most: three small dialogs that lead into one another.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.style import Style
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from mediavault_tui.domain.accounts import LinkId, PreviewLink
from mediavault_tui.domain.model import FileId
from mediavault_tui.domain.watching import Answering, Preview, mpv, same_minute, vlc
from mediavault_tui.errors import MediaVaultError
from mediavault_tui.ui.describe import folder_and_name, plain
from mediavault_tui.ui.dialogs import Modal
from mediavault_tui.ui.format import clock, middle, visible

if TYPE_CHECKING:
    from textual.visual import VisualType

    from mediavault_tui.ui.pane import Pane


class WatchServices(Protocol):
    """What the dialogs of watching ask of the services layer."""

    async def preview(self, files: Sequence[FileId]) -> Preview: ...

    async def start_sidecar(self, preview: Preview) -> Answering: ...

    async def links(self) -> Sequence[PreviewLink]: ...

    async def revoke_link(self, link: LinkId) -> bool: ...


async def offer(pane: Pane[Any], services: WatchServices, files: Sequence[FileId]) -> None:
    """Make links to one file or two, and show them until the user has seen enough."""
    try:
        preview = await services.preview(files)
    except MediaVaultError as error:
        pane.complain("No link was made", error)
        return
    await pane.app.push_screen_wait(Watch(preview, services, lambda: datetime.now(UTC)))


class Watch(Modal[None]):
    """The links to one copy, or to two at the same minute."""

    HELP = "Open the address in a browser, or paste a command where mpv or VLC is."

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "c", "copy('page')", "Copy address", id="watch.copy", tooltip="Copy the page's address (OSC 52)"
        ),
        Binding("m", "copy('mpv')", "Copy mpv", id="watch.mpv", tooltip="Copy the mpv command line"),
        Binding("v", "copy('vlc')", "Copy VLC", id="watch.vlc", tooltip="Copy the VLC command line"),
        Binding(
            "o", "open", "Browser", id="watch.open", tooltip="Open the page in a browser on this machine"
        ),
        Binding(
            "r", "code", "QR", id="watch.code", tooltip="Show the address as a QR code, for a phone or tablet"
        ),
        Binding(
            "s", "start", "Start", id="watch.start", tooltip="Start a sidecar for as long as the app is open"
        ),
        Binding("l", "links", "Links", id="watch.links", tooltip="List the links that work, and revoke them"),
        Binding("escape,q,p", "dismiss(None)", "Back", id="watch.back", tooltip="Put the panel away"),
    ]

    DEFAULT_CSS = """
    Watch > #frame { width: 110; }
    """

    def __init__(self, preview: Preview, services: WatchServices, now: Callable[[], datetime]) -> None:
        title = "Watch both at the same minute" if len(preview.copies) > 1 else "Watch"
        keys = [
            ("c", "copy"),
            ("m", "mpv"),
            ("v", "VLC"),
            ("o", "open"),
            ("r", "QR"),
            ("l", "links"),
            ("esc", "back"),
        ]
        super().__init__(title, keys)
        self.preview = preview
        self.services = services
        self.now = now
        self.answering = preview.answering
        self.starting = False
        start = same_minute([copy.seconds for copy in preview.copies]) if len(preview.copies) > 1 else 0.0
        self.start = start
        self.texts = {
            "page": preview.page + (f"&at={start:.0f}" if start else ""),
            "mpv": mpv(preview.streams, start=start),
            "vlc": vlc(preview.streams, start=start),
        }

    def body(self) -> ComposeResult:
        with VerticalScroll(id="body"):
            yield Static(id="state")
            yield Static(self._links())
            yield Static(self._forecast())

    def on_mount(self) -> None:
        super().on_mount()
        self._show_state()

    def _show_state(self) -> None:
        shown = self.query_one("#state", Static)
        shown.update(self._state())
        shown.display = self.answering is not Answering.YES or self.preview.local

    def _state(self) -> VisualType:
        """Return what stands between the user and the film."""
        port = self.preview.port
        if self.starting:
            return Content.styled("Starting the sidecar …\n", "$text-accent")
        if self.answering is Answering.STRANGER:
            return Content.styled(
                "Another program, or another library's sidecar, answers at this address.\n"
                "Stop it, or choose another STREAMER_PORT.\n",
                "$text-error",
            )
        if self.answering is Answering.NO:
            own = "s starts one for as long as the app is open, or run" if self.preview.may_start else "Run"
            return Content.styled(
                f"No sidecar answers at this address yet. {own} `mediavault serve` in another terminal.\n",
                "$text-warning",
            )
        return Content.styled(
            "The address works on this machine. From your own computer: "
            f"ssh -L {port}:127.0.0.1:{port} and this machine's name, or set PUBLIC_BASE_URL.\n",
            "$foreground-muted",
        )

    def _links(self) -> Content:
        page = self.texts["page"]
        left = max((self.preview.expires_at - self.now()).total_seconds(), 0)
        many = len(self.preview.copies) > 1
        ends = f"for {clock(left)} more, for just {'these two films' if many else 'this film'}"
        if many:
            ends += f"; both begin at {clock(self.start)}"
        head = "bold $text-accent"
        return Content("\n").join(
            [
                Content.assemble(("page  ", head), Content.styled(page, Style(link=page, underline=True))),
                Content.styled(f"      {ends}", "$foreground-muted"),
                Content.assemble(("mpv   ", head), self.texts["mpv"]),
                Content.assemble(("VLC   ", head), self.texts["vlc"]),
                Content(""),
            ]
        )

    def _forecast(self) -> Content:
        lines: list[Content] = []
        for place, copy in enumerate(self.preview.copies):
            name = folder_and_name(copy.name)[1]
            label = f"{'AB'[place]}  " if len(self.preview.copies) > 1 else ""
            lines.append(Content.styled(f"{label}{visible(name)}", "bold"))
            if not copy.forecast:
                lines.append(plain([copy.summary]))
            for who, words in copy.forecast:
                lines.append(Content.assemble((f"  {who}: ", "$foreground-muted"), visible(words)))
            lines += [Content.styled(f"  {visible(said)}", "$text-warning") for said in copy.cautions]
        return Content("\n").join(lines)

    def action_copy(self, what: str) -> None:
        self.app.copy_to_clipboard(self.texts[what])
        self.notify("Copied, where the terminal lets it (OSC 52). The text stands here too.", markup=False)

    def action_open(self) -> None:
        self.app.open_url(self.texts["page"])

    def action_code(self) -> None:
        self.app.clear_notifications()  # one that lies on the code makes it unreadable
        self.app.push_screen(Code(self.texts["page"]))

    @work(group="ask")
    async def action_links(self) -> None:
        try:
            links = await self.services.links()
        except MediaVaultError as error:
            self.notify(str(error), severity="error", markup=False)
            return
        await self.app.push_screen_wait(Links(links, self.services, self.now))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return self.preview.may_start and self.answering is Answering.NO if action == "start" else True

    @work(group="start", exclusive=True)
    async def action_start(self) -> None:
        self.starting = True
        self._show_state()
        try:
            self.answering = await self.services.start_sidecar(self.preview)
        except MediaVaultError as error:
            self.notify(str(error), severity="error", markup=False, timeout=10)
        finally:
            self.starting = False
        self._show_state()
        self.refresh_bindings()


class Code(Modal[None]):
    """An address as a QR code in half blocks, or why it does not fit."""

    HELP = "Point a phone or tablet at it. esc goes back."

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,r", "dismiss(None)", "Back", id="code.back", tooltip="Put the code away"),
    ]

    DEFAULT_CSS = """
    Code {
        & > #frame { width: auto; height: auto; max-width: 100%; max-height: 100%; padding: 0; border: none; }
        #keys { display: none; }
        #code { width: auto; }
        &.-no > #frame { width: 70; padding: 1 2; border: round $border; }
    }
    """

    def __init__(self, address: str) -> None:
        super().__init__("QR code", [("esc", "go back")])
        self.address = address

    def body(self) -> ComposeResult:
        columns, rows = self.app.size
        rendered = qr(self.address)
        lines = rendered.split("\n")
        if len(lines) <= rows and len(lines[0]) <= columns:
            yield Static(Content.styled(rendered, "black on white"), id="code")
            return
        self.add_class("-no")
        yield Static(
            plain(
                [
                    (
                        f"The code needs {len(lines[0])} columns and {len(lines)} rows; the terminal has "
                        f"{columns} and {rows}. Make it larger, or its letters smaller, and press r again."
                    ),
                    "",
                    "esc goes back.",
                ]
            ),
            id="code",
        )


def qr(address: str) -> str:
    """Return an address as a QR code of half blocks, dark on light, with a quiet zone of two."""
    import segno

    matrix = [
        [bool(dark) for dark in row]
        for row in segno.make(address, error="l", micro=False).matrix_iter(border=2)
    ]
    if len(matrix) % 2:
        matrix.append([False] * len(matrix[0]))
    cells = {(True, True): "█", (True, False): "▀", (False, True): "▄", (False, False): " "}
    pairs = zip(matrix[::2], matrix[1::2], strict=True)
    return "\n".join("".join(cells[pair] for pair in zip(top, bottom, strict=True)) for top, bottom in pairs)


class Links(Modal[None]):
    """The links that work, newest first; each can be made useless at once."""

    HELP = "The links that still work. d makes the one under the cursor useless at once."

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
        self, links: Sequence[PreviewLink], services: WatchServices, now: Callable[[], datetime]
    ) -> None:
        super().__init__("Links that work", [("d", "revoke"), ("esc", "go back")])
        self.links = list(links)
        self.services = services
        self.now = now

    def body(self) -> ComposeResult:
        yield OptionList(*map(self._option, self.links), markup=False)
        yield Static("There are none.", id="none")

    def on_mount(self) -> None:
        super().on_mount()
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
