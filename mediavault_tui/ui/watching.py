"""`p`: links to watch one copy or two, what opens them, and what will play where."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.style import Style
from textual.widgets import Static

from mediavault_tui.domain.accounts import LinkId, PreviewLink
from mediavault_tui.domain.model import FileId
from mediavault_tui.domain.watching import Answering, Preview, mpv, same_minute, vlc
from mediavault_tui.errors import MediaVaultError
from mediavault_tui.ui.code import Code
from mediavault_tui.ui.describe import folder_and_name, plain
from mediavault_tui.ui.dialogs import Modal
from mediavault_tui.ui.format import clock, visible
from mediavault_tui.ui.keyed import keyed
from mediavault_tui.ui.links import Links

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
    """Make links to one file or two, and show them until the user has seen enough; once at a time."""
    if pane.offering:
        return
    pane.offering = True
    try:
        preview = await services.preview(files)
        await pane.app.push_screen_wait(Watch(preview, services, lambda: datetime.now(UTC)))
    except MediaVaultError as error:
        pane.complain("No link was made", error)
    finally:
        pane.offering = False


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
            ("<watch.copy:c>", "copy"),
            ("<watch.mpv:m>", "mpv"),
            ("<watch.vlc:v>", "VLC"),
            ("<watch.open:o>", "open"),
            ("<watch.code:r>", "QR"),
            ("<watch.links:l>", "links"),
            ("<watch.back:esc>", "back"),
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
            yield Static(self._page())
            yield Static(self._forecast())
            yield Static(self._commands())

    def on_mount(self) -> None:
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
            own = (
                keyed(self.app, "<watch.start:s> starts one for as long as the app is open, or run")
                if self.preview.may_start
                else "Run"
            )
            return Content.styled(
                f"No sidecar answers at this address yet. {own} `mediavault serve` in another terminal.\n",
                "$text-warning",
            )
        return Content.styled(
            "The address works on this machine. From your own computer: "
            f"ssh -L {port}:127.0.0.1:{port} and this machine's name, or set PUBLIC_BASE_URL.\n",
            "$foreground-muted",
        )

    def _page(self) -> Content:
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
                Content(""),
            ]
        )

    def _commands(self) -> Content:
        """Return the command lines; they come last, for they are long, and a key copies each."""
        head = "bold $text-accent"
        return Content("\n").join(
            [
                Content(""),
                Content.assemble(("mpv   ", head), self.texts["mpv"]),
                Content.assemble(("VLC   ", head), self.texts["vlc"]),
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
