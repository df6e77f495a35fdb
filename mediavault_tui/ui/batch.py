"""The list to look through before many groups are staged with one key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from mediavault_tui.domain.library import GroupSummary
from mediavault_tui.domain.model import GroupId
from mediavault_tui.ui import describe, tables
from mediavault_tui.ui.dialogs import Modal
from mediavault_tui.ui.format import count, first_lines, size, visible
from mediavault_tui.ui.inorder import AsksFirst
from mediavault_tui.ui.widgets.listing import Listing
from mediavault_tui.ui.windows import FixedWindow


class Batch(AsksFirst, Modal[list[GroupId] | None]):
    """Certain and clear groups, all marked; answers those that stay marked, or nothing."""

    HELP = (
        "The groups that are certain or clear. <list.mark:space> takes one out, <batch.yes:y> stages "
        "the marked, <batch.no:esc> leaves all."
    )

    DEFAULT_CSS = """
    Batch {
        & > #frame { width: 100; }
        #groups { height: auto; max-height: 100%; background: $surface; }
        #sentence { height: 3; padding-top: 1; color: $foreground-muted; }
        #sum { text-style: bold; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "y",
            "stage",
            "Stage the marked",
            id="batch.yes",
            tooltip="Stage the worse copies of the marked groups",
        ),
        Binding("n,escape", "dismiss(None)", "Back", id="batch.no", tooltip="Leave everything as it is"),
    ]

    def __init__(self, groups: Sequence[GroupSummary], *, filtered: bool = False) -> None:
        """`filtered`: these are only what a filter lets through."""
        super().__init__(
            "Stage every safe one that the filter shows?" if filtered else "Stage every safe one?",
            [
                ("<batch.yes:y>", "stage the marked"),
                ("<list.mark:space>", "leave out"),
                ("<batch.no:esc>", "go back"),
            ],
        )
        self.groups = groups
        self.add_class("-warning")

    def body(self) -> ComposeResult:
        yield Listing(tables.GROUPS, key=lambda group: group.id, marking=True, opening=False, id="groups")

    def foot(self) -> ComposeResult:
        yield Static(id="sentence")
        yield Static(id="sum")

    def on_mount(self) -> None:
        listing = self.query_one(Listing)
        listing.styles.height = min(len(self.groups), 19) + 1
        listing.show(FixedWindow(self.groups))
        listing.mark(group.id for group in self.groups)
        listing.focus()

    @on(Listing.Moved)
    @on(Listing.Marked)
    def _tell(self) -> None:
        listing = self.query_one(Listing)
        group: GroupSummary | None = listing.current
        width = self.query_one("#sentence").size.width or 90
        text = first_lines(visible(group.sentence), width, most=2) if group else []
        self.query_one("#sentence", Static).update(describe.plain(text))
        chosen = [group for group in self.groups if group.id in listing.marks]
        files = sum(group.files - 1 for group in chosen)
        words = f"{count(len(chosen), 'group')} marked: {count(files, 'file')} would be staged, "
        self.query_one("#sum", Static).update(
            describe.plain([words + size(sum(g.reclaimable for g in chosen))])
        )

    @on(Listing.RangeChosen)
    def _range(self) -> None:
        self.query_one(Listing).mark_range()

    @on(Listing.InvertChosen)
    def _invert(self) -> None:
        self.query_one(Listing).toggle(group.id for group in self.groups)

    def action_stage(self) -> None:
        marks = self.query_one(Listing).marks
        self.dismiss([group.id for group in self.groups if group.id in marks])
