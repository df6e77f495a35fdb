"""Dialogs of the chat: a proposal to look through, a statement to edit."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static, TextArea

from mediavault_tui.domain.chat import Proposal, ProposedFile
from mediavault_tui.domain.model import FileId
from mediavault_tui.domain.stage_terms import in_a_batch
from mediavault_tui.domain.verdict import Verdict
from mediavault_tui.ui import describe
from mediavault_tui.ui.columns import Cell, Column
from mediavault_tui.ui.dialogs import Modal
from mediavault_tui.ui.format import VERDICTS, count, middle, size, visible, wrap
from mediavault_tui.ui.inorder import AsksFirst
from mediavault_tui.ui.widgets.listing import Listing
from mediavault_tui.ui.windows import FixedWindow


def _verdict(line: ProposedFile) -> Cell:
    if line.barred or not line.verdict:
        return "✗ not staged", "bad"
    return VERDICTS[Verdict(line.verdict)]


def _name(line: ProposedFile) -> str:
    """Return the file's own name and then its folder: paths of one library all begin alike."""
    folder, _, name = line.path.rpartition("/")
    return visible(f"{name}  in {folder}" if name else f"number {line.file}")


_COLUMNS: tuple[Column[ProposedFile], ...] = (
    Column("verdict", "Rules say", 13, _verdict),
    Column("path", "File", 0, lambda line: (_name(line), "plain")),
    Column("size", "Bytes", 8, lambda line: (size(line.size), "muted"), right=True, spare=1),
)


class Proposed(AsksFirst, Modal[list[FileId] | None]):
    """Files that the model would stage, its reason, the rules' verdicts; answers those that stay marked.

    Marked at first is only what the rules call certain or clear. What they forbid cannot be marked.
    """

    HELP = (
        "Proposed files. <list.mark:space> marks, <proposal.yes:y> stages the marked, "
        "<proposal.no:esc> leaves all. The rules' words stand below."
    )

    DEFAULT_CSS = """
    Proposed {
        & > #frame { width: 110; }
        #reason { height: auto; max-height: 3; color: $foreground-muted; margin-bottom: 1; }
        #files { height: auto; max-height: 14; min-height: 3; background: $surface; }
        #rules { height: 4; padding-top: 1; }
        #sum { text-style: bold; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "stage", "Stage the marked", id="proposal.yes", tooltip="Stage the marked files"),
        Binding("n,escape", "dismiss(None)", "Back", id="proposal.no", tooltip="Leave everything as it is"),
    ]

    def __init__(self, proposal: Proposal) -> None:
        super().__init__(
            "Proposed by the language model",
            [
                ("<proposal.yes:y>", "stage the marked"),
                ("<list.mark:space>", "mark"),
                ("<proposal.no:esc>", "leave all"),
            ],
        )
        self.proposal = proposal
        self.stageable = {line.file for line in proposal.files if not line.barred}
        self.add_class("-warning")

    def body(self) -> ComposeResult:
        yield Static(describe.plain([f"Its reason: {self.proposal.reason}"]), id="reason")
        yield Listing(_COLUMNS, key=lambda line: line.file, marking=True, opening=False, id="files")
        yield Static(id="rules")
        yield Static(id="sum")

    def on_mount(self) -> None:
        listing = self.query_one(Listing)
        # What is beside the list (frame, reason, the rules' words, sum, keys) is always to be seen.
        room = self.app.size.height * 9 // 10 - 16
        listing.styles.height = max(min(len(self.proposal.files), 12, room) + 1, 3)
        listing.show(FixedWindow(self.proposal.files))
        listing.mark(
            line.file
            for line in self.proposal.files
            if not line.barred and Verdict(line.verdict).may_enter_a_batch
        )
        listing.focus()

    @on(Listing.Moved)
    @on(Listing.Marked)
    def _tell(self) -> None:
        listing = self.query_one(Listing)
        if forbidden := listing.marks - self.stageable:
            listing.mark(listing.marks - forbidden)
            return
        line: ProposedFile | None = listing.current
        width = self.query_one("#rules").size.width or 70
        self.query_one("#rules", Static).update(describe.plain(_rules(line, width) if line else []))
        chosen = [line for line in self.proposal.files if line.file in listing.marks]
        bytes_marked = size(sum(each.size for each in chosen))
        goes = in_a_batch([line.terms.verdict if line.terms else None for line in chosen])
        then = "nothing is deleted by staging" if all(goes) else "what is to be reviewed goes only by itself"
        words = f"{count(len(chosen), 'file')} marked, {bytes_marked}; {then}"
        self.query_one("#sum", Static).update(describe.plain([words]))

    @on(Listing.RangeChosen)
    def _range(self) -> None:
        self.query_one(Listing).mark_range(self.stageable)

    @on(Listing.InvertChosen)
    def _invert(self) -> None:
        self.query_one(Listing).toggle(self.stageable)

    def action_stage(self) -> None:
        marks = self.query_one(Listing).marks
        self.dismiss([line.file for line in self.proposal.files if line.file in marks])


def _rules(line: ProposedFile, width: int) -> list[str]:
    """Return the rules' own words about one proposed file, at most three lines."""
    if line.barred:
        return wrap(visible(f"The rules forbid it: {line.barred}."), width)[:3]
    lost = f" Would be lost: {', '.join(line.losses)}." if line.losses else ""
    said = wrap(visible(f"The rules: {line.sentence}.{lost}"), width)[:2]
    return [*said, middle(visible(f"Kept: {line.keeper_path}"), width)]


class Statement(Modal[str | None]):
    """A statement to edit; answers it, or nothing."""

    HELP = "Edit the SELECT. <statement.run:ctrl+s> asks with it, <statement.back:esc> leaves it."

    DEFAULT_CSS = """
    Statement {
        & > #frame { width: 110; }
        TextArea { height: 14; background: $boost; border: tall $border-blurred; }
        TextArea:focus { border: tall $border; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "ctrl+s,f5", "run", "Ask", priority=True, id="statement.run", tooltip="Ask with this statement"
        ),
        Binding(
            "escape", "dismiss(None)", "Back", priority=True, id="statement.back", tooltip="Leave it as it is"
        ),
    ]

    def __init__(self, sql: str) -> None:
        super().__init__(
            "Edit the SELECT", [("<statement.run:ctrl+s>", "ask"), ("<statement.back:esc>", "go back")]
        )
        self.sql = sql

    def body(self) -> ComposeResult:
        yield TextArea(self.sql, soft_wrap=True, show_line_numbers=False)

    def on_mount(self) -> None:
        self.query_one(TextArea).cursor_blink = False
        self.query_one(TextArea).focus()

    def action_run(self) -> None:
        self.dismiss(self.query_one(TextArea).text)
