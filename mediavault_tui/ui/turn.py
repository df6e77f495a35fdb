"""What a conversation is made of on the screen: questions, steps with their SQL, tables, charts, answers.

Longer than the house's habit by a few lines: the parts share one vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widgets import Markdown, Static

from mediavault_tui.domain.asking import Rows
from mediavault_tui.ui import answers
from mediavault_tui.ui.answers import Line
from mediavault_tui.ui.describe import line, plain
from mediavault_tui.ui.format import count, visible
from mediavault_tui.ui.keyed import keyed
from mediavault_tui.ui.widgets.listing import Listing
from mediavault_tui.ui.windows import FixedWindow

if TYPE_CHECKING:
    from textual.widgets.markdown import MarkdownStream

    from mediavault_tui.domain.chat import Proposal

_TALLEST = 9
"""Rows of a table that are seen at once inside a conversation."""


class Question(Static):
    """What the person asked."""

    DEFAULT_CSS = """
    Question { height: auto; padding: 1 1 0 1; color: $text-accent; text-style: bold; }
    """

    def __init__(self, words: str) -> None:
        super().__init__(Content(f"› {visible(words)}"))


class Note(Static):
    """Lines that the program itself says."""

    DEFAULT_CSS = """
    Note { height: auto; padding: 0 1; color: $foreground-muted; }
    Note.-bad { color: $text-error; }
    """

    def __init__(self, lines: Sequence[str], *, bad: bool = False) -> None:
        super().__init__(plain(lines))
        self.set_class(bad, "-bad")


class Answer(Vertical):
    """The model's words, drawn while they arrive.

    The first line stands as plain text, in a place that was laid out before: Markdown's own blocks take
    a tenth of a second to come into being, and take over at the line's end.
    """

    DEFAULT_CSS = """
    Answer {
        height: auto;
        background: $background;
        & > Static { height: auto; padding: 0 1; margin: 0 0 1 0; }
        & > Markdown { height: auto; padding: 0 1; margin: 0; background: $background; display: none; }
        &.-whole > Static { display: none; }
        &.-whole > Markdown { display: block; }
    }
    """

    def __init__(self, text: str = "") -> None:
        super().__init__()
        self.source = answers.harmless(text)
        """What was said so far."""
        self._beginning = Static()
        # A link would be the model's own invention; it is shown and leads nowhere.
        self._whole = Markdown(self.source, open_links=False)
        self._stream: MarkdownStream | None = None
        self.set_class(bool(text), "-whole")

    def compose(self) -> ComposeResult:
        yield self._beginning
        yield self._whole

    async def say(self, text: str) -> None:
        """Add what has just arrived."""
        piece = answers.harmless(text)
        self.source += piece
        if self._stream is not None:
            await self._stream.write(piece)
        elif "\n" in piece:
            await self._take_over()
            self._stream = Markdown.get_stream(self._whole)
        else:
            self._beginning.update(Content(self.source))

    async def end(self) -> None:
        """Draw the rest; nothing more will come."""
        if self._stream is not None:
            await self._stream.stop()
            self._stream = None
        elif self.source and not self.has_class("-whole"):
            await self._take_over()

    async def _take_over(self) -> None:
        await self._whole.update(self.source)
        self.add_class("-whole")


class Step(Vertical, can_focus=True):
    """One look at the library: what was done, its SQL folded, the rows live, a chart where one fits."""

    HELP = (
        "A step of the answer. <step.fold:enter> shows its SQL, <step.edit:e> edits it and asks "
        "again; tab goes to the rows."
    )

    DEFAULT_CSS = """
    Step {
        height: auto;
        padding: 0 1;
        & > .head { height: auto; color: $foreground-muted; }
        &:focus > .head { background: $block-cursor-background; color: $block-cursor-foreground; }
        & > .sql { height: auto; display: none; padding: 0 2; color: $text-accent; background: $surface; }
        &.-open > .sql { display: block; }
        & > .error { height: auto; color: $text-error; }
        & > .chart { height: auto; padding: 0 0 0 2; }
        & > Listing { height: auto; background: $surface; }
        &.-chart > Listing { display: none; }
        & > .chart { display: none; }
        &.-chart > .chart { display: block; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "fold", "SQL", id="step.fold", tooltip="Show or fold the SQL of this step"),
        Binding("t", "table", "Table", id="step.table", tooltip="The chart as a table of its rows, or back"),
        Binding("e", "edit", "Edit SQL", id="step.edit", tooltip="Edit the SQL of this step and ask again"),
        Binding(
            "p", "proposal", "Look through", id="step.proposal", tooltip="Look through the proposed files"
        ),
    ]

    words: reactive[str] = reactive("")
    """What is being done, or was."""

    @dataclass
    class About(Message):
        """The base: something that the person wants of one step."""

        step: Step

        @property
        def control(self) -> Step:
            return self.step

    class Edited(About):
        """The person wants to change the statement."""

    class Opened(About):
        """The person wants to open the row under the cursor."""

    class Proposed(About):
        """The person wants to look through a proposal."""

    def __init__(self, words: str, sql: str | None = None) -> None:
        super().__init__()
        self.sql = sql
        self.rows = Rows()
        self.proposal: Proposal | None = None
        self.set_reactive(Step.words, f"… {words}")
        self._said = words

    def compose(self) -> ComposeResult:
        yield Static(classes="head")
        yield Static(plain((self.sql or "").splitlines()), classes="sql")

    def on_mount(self) -> None:
        self.watch_words()

    def watch_words(self) -> None:
        if self.is_mounted:
            focused = keyed(self.app, "  <step.fold:⏎> SQL, <step.edit:e> edit")
            hint = (focused if self.has_focus else "  ▸ SQL") if self.sql else ""
            self.query_one(".head", Static).update(Content(self.words + hint))

    def on_focus(self) -> None:
        self.watch_words()

    def on_blur(self) -> None:
        self.watch_words()

    @property
    def listing(self) -> Listing[Line] | None:
        """The table, if there are rows."""
        return next(iter(self.query(Listing)), None)

    async def found(self, rows: Rows, *, sql: str | None = None) -> None:
        """Show what came back."""
        self.rows = rows
        self._told_sql(sql)
        self.words = "✓ " + str(line([self._said, *answers.told(rows)]))
        for old in [*self.query(Listing), *self.query(".chart"), *self.query(".error")]:
            await old.remove()
        drawn = self._drawn()
        self.set_class(bool(drawn.plain), "-chart")
        if drawn.plain:
            await self.mount(Static(drawn, classes="chart"))
        if rows.rows:
            listing: Listing[Line] = Listing(answers.columns(rows), key=lambda row: row.place, marking=True)
            listing.styles.height = min(len(rows.rows), _TALLEST) + 1
            listing.styles.max_width = answers.width_of(rows) + 6  # cursor, mark and scroll bar
            await self.mount(listing)
            listing.show(FixedWindow([Line(place, cells) for place, cells in enumerate(rows.rows)]))
        self.refresh_bindings()

    async def failed(self, reason: str, *, sql: str | None = None) -> None:
        """Show why nothing came back."""
        self._told_sql(sql)
        self.words = f"✗ {self._said}"
        for old in [*self.query(Listing), *self.query(".chart"), *self.query(".error")]:
            await old.remove()
        await self.mount(Static(plain([reason]), classes="error"))

    def proposed(self, proposal: Proposal) -> None:
        """Offer a list to look through; nothing opens by itself, for the person may be typing."""
        self.proposal = proposal
        ready = sum(not each.barred for each in proposal.files)
        files = count(len(proposal.files), "file")
        how = keyed(self.app, "<pane.back:esc>, then <step.proposal:p>, looks through them")
        self.words = f"→ proposes {ready} of {files} for staging; {how}"
        self.refresh_bindings()

    def done(self) -> None:
        """Show that the step is over without rows."""
        self.words = f"✓ {self._said}"

    @property
    def waiting(self) -> bool:
        """Whether what was asked has not come back yet."""
        return self.words.startswith("…")

    def stopped(self) -> None:
        """Show that it was stopped before anything came back."""
        self.words = f"✗ {self._said}: stopped"

    def chosen(self) -> list[tuple[Any, ...]]:
        """Return the marked rows, or the one under the cursor."""
        listing = self.listing
        if listing is None:
            return list(self.rows.rows)
        if listing.marks:
            return [self.rows.rows[place] for place in sorted(listing.marks)]
        row = listing.current
        return [row.cells] if row is not None else []

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "table":
            return bool(self.query(".chart"))
        if action == "proposal":
            return self.proposal is not None
        if action in ("fold", "edit"):
            return self.sql is not None
        return True

    def action_fold(self) -> None:
        self.toggle_class("-open")

    def action_table(self) -> None:
        self.toggle_class("-chart")

    def action_edit(self) -> None:
        self.post_message(self.Edited(self))

    def action_proposal(self) -> None:
        self.post_message(self.Proposed(self))

    @on(Listing.Chosen)
    def _row_chosen(self, message: Listing.Chosen) -> None:
        message.stop()
        self.post_message(self.Opened(self))

    @on(Listing.RangeChosen)
    def _range(self, message: Listing.RangeChosen) -> None:
        message.stop()
        message.listing.mark_range()

    @on(Listing.InvertChosen)
    def _invert(self, message: Listing.InvertChosen) -> None:
        message.stop()
        message.listing.toggle(range(len(self.rows.rows)))

    def _drawn(self) -> Content:
        # The screen's width, for a step that was added just now has none yet.
        return answers.chart(self.rows, self.screen.size.width - 8)

    def on_resize(self) -> None:
        for drawn in self.query(".chart").results(Static):
            drawn.update(self._drawn())

    def _told_sql(self, sql: str | None) -> None:
        if sql is not None and sql != self.sql:
            self.sql = sql
            self.query_one(".sql", Static).update(plain(sql.splitlines()))
            self.watch_words()
