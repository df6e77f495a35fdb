"""The rename dialog: whose names, how far it reaches, and every file's old and new name before any moves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Protocol

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static

from mediavault_tui.domain.pathtext import display
from mediavault_tui.domain.rename_plan import (
    Part,
    Planned,
    Preview,
    Reach,
    below_folder,
    changes,
    common_folder,
)
from mediavault_tui.domain.renaming import PRESETS, named
from mediavault_tui.errors import MediaVaultError
from mediavault_tui.ui import describe
from mediavault_tui.ui.columns import Cell, Column
from mediavault_tui.ui.dialogs import Modal
from mediavault_tui.ui.format import count, crop, middle, visible, wrap
from mediavault_tui.ui.inorder import AsksFirst
from mediavault_tui.ui.keyed import keyed
from mediavault_tui.ui.pattern import OwnPattern
from mediavault_tui.ui.widgets.listing import Listing
from mediavault_tui.ui.windows import FixedWindow

if TYPE_CHECKING:
    from mediavault_tui.domain.model import FileId

_OWN = "own"
_TITLES = {"plex": "Plex", "jellyfin": "Jellyfin", "kodi": "Kodi", _OWN: "your own"}
_REACHES = {Reach.FILES: "these files", Reach.SEASON: "the whole season", Reach.SHOW: "the whole title"}


class RenameServices(Protocol):
    """What the dialog asks."""

    async def rename_preview(self, files: Sequence[FileId], *, naming: str, reach: Reach) -> Preview: ...


def _sign(line: Planned) -> Cell:
    return ("✗", "bad") if line.refused else ("→", "good")


def _old(line: Planned) -> Cell:
    return middle(visible(line.path.rpartition("/")[2]), 300), "bad" if line.refused else "muted"


def _new(line: Planned) -> Cell:
    if line.refused:
        return crop(visible(line.refused), 300), "warn"
    return visible(below_folder(line.destination, line.destination.rpartition(b"/")[0])), "plain"


def _along(line: Planned) -> Cell:
    return (f"+{len(line.moves) - 1}" if len(line.moves) > 1 else ""), "accent"


_COLUMNS: tuple[Column[Planned], ...] = (
    Column("sign", "", 1, _sign),
    Column("new", "New name", 0, _new),
    Column("along", "With", 4, _along, right=True),
    Column("old", "Old name", 44, _old, spare=1),
)


class Rename(AsksFirst, Modal[list[Planned] | None]):
    """Old and new names; answers the renames that stay marked, or nothing."""

    HELP = (
        "New names. <rename.plex:1> to <rename.kodi:3> choose whose, <rename.own:4> your own "
        "pattern, <rename.widen:w> widens to season and title, <list.mark:space> leaves one out, "
        "<rename.yes:y> renames the marked, <rename.no:esc> leaves all as it is."
    )

    DEFAULT_CSS = """
    Rename {
        & > #frame { width: 150; height: auto; }
        #choices { height: 1; }
        #pattern { height: auto; max-height: 2; color: $foreground-muted; }
        #files { height: 4; margin-top: 1; background: $surface; }
        #diff { height: auto; min-height: 5; max-height: 7; padding-top: 1; }
        #sum { height: 1; text-style: bold; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        *(
            Binding(
                str(n),
                f"naming({name!r})",
                _TITLES[name],
                show=False,
                id=f"rename.{name}",
                tooltip=f"The names that {_TITLES[name]} reads best",
            )
            for n, name in enumerate(PRESETS, start=1)
        ),
        Binding(
            "4,e",
            f"naming({_OWN!r})",
            "Your own",
            show=False,
            id="rename.own",
            tooltip="Names by a pattern of your own",
        ),
        Binding(
            "w", "widen", "Widen", id="rename.widen", tooltip="Rename the whole season, then the whole title"
        ),
        Binding(
            "y", "rename", "Rename the marked", id="rename.yes", tooltip="Give the marked files these names"
        ),
        Binding("n,escape", "dismiss(None)", "Back", id="rename.no", tooltip="Leave everything as it is"),
    ]

    _BESIDE_THE_LIST: ClassVar[int] = 18
    """Lines of the frame without the rows of the list, the diff at its longest on a small terminal."""

    naming: ClassVar[str] = "plex"
    """A preset's name or a pattern: what was chosen last holds for the next time."""
    own: ClassVar[str] = ""
    """The pattern that was written last."""

    def __init__(self, services: RenameServices, files: Sequence[FileId]) -> None:
        super().__init__(
            f"Rename {count(len(files), 'file')}",
            [
                ("<rename.yes:y>", "rename the marked"),
                ("<list.mark:space>", "leave out"),
                ("<rename.plex:1>…<rename.own:4>", "names"),
                ("<rename.widen:w>", "widen"),
                ("<rename.no:esc>", "back"),
            ],
        )
        self.services = services
        self.files = files
        self.reach = Reach.FILES
        self.preview = Preview((), 0)
        self.add_class("-warning")

    def body(self) -> ComposeResult:
        yield Static(id="choices")
        yield Static(id="pattern")
        yield Listing(
            _COLUMNS,
            key=lambda line: line.file,
            marking=True,
            opening=False,
            id="files",
            empty="Looking at the files…",
        )
        yield Static(id="diff")
        yield Static(id="sum")

    def on_mount(self) -> None:
        self.query_one(Listing).focus()
        self._look()

    @work(exclusive=True, group="look")
    async def _look(self) -> None:
        """Ask what would be renamed, and show it."""
        listing = self.query_one(Listing)
        self._say_what_is_chosen()
        frame = self.query_one("#frame")
        listing.loading = True
        try:
            preview = await self.services.rename_preview(self.files, naming=self.naming, reach=self.reach)
        except MediaVaultError as error:
            preview = Preview((), 0)
            listing.empty = visible(str(error))
        else:
            listing.empty = "Every name is right already." if preview.files else "There is nothing to rename."
        finally:
            listing.loading = False
        self.preview = preview
        of = f" of {visible(preview.about)}" if preview.about else ""
        frame.border_title = Content(f"Rename {count(preview.files, 'file')}{of}")
        room = int(self.app.size.height * 0.9) - self._BESIDE_THE_LIST
        listing.styles.height = min(max(len(preview.planned), 2), max(room, 3)) + 1
        listing.show(FixedWindow(preview.planned))
        listing.mark(self._able)
        self._tell()

    def _say_what_is_chosen(self) -> None:
        chosen = self.naming if self.naming in PRESETS else _OWN
        offers: list[Content] = []
        for n, (name, text) in enumerate(_TITLES.items(), start=1):
            mark = (f"▶{text}  ", "bold") if name == chosen else (f" {text}  ", "$foreground-muted")
            offers.append(
                Content.assemble((keyed(self.app, f"<rename.{name}:{n}>"), "bold $text-accent"), mark)
            )
        self.query_one("#choices", Static).update(
            Content.assemble(
                *offers, (keyed(self.app, "<rename.widen:w> "), "bold $text-accent"), _REACHES[self.reach]
            )
        )
        pattern = named(self.naming)
        shown = self.naming if chosen == _OWN else f"{pattern.film}\n{pattern.episode}"
        self.query_one("#pattern", Static).update(describe.plain(shown.split("\n")))

    @property
    def _able(self) -> set[FileId]:
        """The files that can have their names."""
        return {line.file for line in self.preview.planned if line.moves}

    @on(Listing.Moved)
    @on(Listing.Marked)
    def _tell(self) -> None:
        listing = self.query_one(Listing)
        if listing.marks - self._able:
            listing.mark(listing.marks & self._able)
            return
        width = (self.query_one("#diff").size.width or 70) - 1
        line: Planned | None = listing.current
        self.query_one("#diff", Static).update(_diff(line, width) if line else Content(""))
        self.query_one("#sum", Static).update(describe.plain([self._sum(listing.marks)]))

    def _sum(self, marks: frozenset[FileId] | set[FileId]) -> str:
        chosen = [line for line in self.preview.planned if line.file in marks and line.moves]
        along = sum(len(line.moves) - 1 for line in chosen)
        refused = sum(1 for line in self.preview.planned if line.refused)
        parts = [f"{count(len(chosen), 'file')} marked"]
        parts += [f"{along} beside them go along"] if along else []
        parts += [f"{refused} cannot"] if refused else []
        parts += [f"{self.preview.right} right already"] if self.preview.right else []
        return ", ".join(parts) + keyed(self.app, ". <app.undo:u> takes it back.")

    @on(Listing.RangeChosen)
    def _range(self) -> None:
        self.query_one(Listing).mark_range(self._able)

    @on(Listing.InvertChosen)
    def _invert(self) -> None:
        self.query_one(Listing).toggle(self._able)

    @work(group="ask")
    async def action_naming(self, name: str) -> None:
        naming = name
        if name == _OWN:
            written = await self.app.push_screen_wait(OwnPattern(Rename.own or PRESETS["plex"].film))
            if written is None:
                return
            Rename.own = naming = written
        Rename.naming = naming
        self._look()

    def action_widen(self) -> None:
        reaches = list(Reach)
        self.reach = reaches[(reaches.index(self.reach) + 1) % len(reaches)]
        self._look()

    def action_rename(self) -> None:
        marks = self.query_one(Listing).marks
        chosen = [line for line in self.preview.planned if line.file in marks and line.moves]
        if chosen:
            self.dismiss(chosen)


def _diff(line: Planned, width: int) -> Content:
    """Return one file's old and new paths with what changes coloured and underlined, its sidecars below."""
    if line.refused:
        return describe.plain(wrap(visible(line.refused), width)[:4])
    folder = common_folder(path for move in line.moves for path in move)
    lines = (
        [Content.styled(middle(f"in {visible(display(folder))}", width), "$foreground-muted")]
        if folder
        else []
    )
    for place, (origin, destination) in enumerate(line.moves):
        if place == 0:
            old, new = changes(below_folder(origin, folder), below_folder(destination, folder))
            lines += [_side("−", old, "$text-error"), _side("+", new, "$text-success")]
        elif place <= 3:
            lines.append(
                Content.styled(
                    f"+ {middle(visible(below_folder(destination, folder)), width - 2)}", "$text-accent"
                )
            )
    if len(line.moves) > 4:
        lines.append(Content.styled(f"  … and {len(line.moves) - 4} more beside it", "$text-accent"))
    return Content("\n").join(lines)


def _side(sign: str, parts: Sequence[Part], style: str) -> Content:
    pieces = [(visible(text), f"{style} underline" if changed else "") for text, changed in parts]
    return Content.assemble((f"{sign} ", f"bold {style}"), *pieces)
