"""Chat: questions in plain words, the SQL shown, rows that open; without a language model too.

The line, the keys and the way to the other panes. The conversation itself is `ui/talk.py`, the commands
that the library answers are `ui/chat_commands.py`. Longer than the house's habit: it is one switchboard.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.signal import Signal
from textual.widgets import Input, Static

from mediavault_tui.domain.chat import (
    Budget,
    Choice,
    Proposal,
    Readiness,
)
from mediavault_tui.domain.model import FileId, GroupId
from mediavault_tui.errors import MediaVaultError
from mediavault_tui.ui import chat_words
from mediavault_tui.ui.chat_commands import Commands
from mediavault_tui.ui.chat_ports import Answers, ChatServices, Conversation
from mediavault_tui.ui.describe import plain
from mediavault_tui.ui.keyed import keyed
from mediavault_tui.ui.session_pane import SessionPane
from mediavault_tui.ui.talk import Talk
from mediavault_tui.ui.turn import Step
from mediavault_tui.ui.widgets.panebar import PaneBar


class ChatScreen(SessionPane):
    """One session at a time, the question below it."""

    PANE = "chat"
    CSS_PATH = "chat.tcss"
    AUTO_FOCUS = "#question"
    HELP = (
        "Ask in plain words, or /help for commands. <pane.back:esc> leaves the line for single keys; "
        "<chat.write:i> goes back."
    )

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "i,slash",
            "write",
            "Ask",
            key_display="i",
            id="chat.write",
            tooltip="To the line, to ask something",
        ),
        Binding(
            "ctrl+o",
            "open",
            "Open rows",
            id="chat.open",
            tooltip="Mark the rows' files in Inventory and go there",
        ),
        Binding("s", "sessions", "Sessions", id="chat.sessions", tooltip="Earlier sessions: search, resume"),
        Binding("n", "new", "New", id="chat.new", tooltip="Begin a new session"),
        Binding("m", "model", "Model", id="chat.model", tooltip="Which model answers: auto, large, mini"),
        Binding(
            "x", "export", "Export", show=False, id="chat.export", tooltip="Write this session as Markdown"
        ),
        Binding("pageup", "scroll(-1)", "Up", show=False, id="chat.up", tooltip="Scroll the session up"),
        Binding(
            "pagedown", "scroll(1)", "Down", show=False, id="chat.down", tooltip="Scroll the session down"
        ),
    ]

    @dataclass
    class ShowFiles(Message):
        """The person wants these files in Inventory; `text` finds the one, where it is one."""

        files: Sequence[FileId]
        text: str = ""

    @dataclass
    class ShowGroup(Message):
        """The person wants this group compared."""

        group: GroupId
        title: str

    @dataclass
    class ShowProposal(Message):
        """What is proposed is looked through where what is staged waits."""

        proposal: Proposal

    def __init__(
        self,
        opened: Callable[[], Awaitable[ChatServices]],
        changed: Signal[str],
        *,
        read_only: bool = False,
    ) -> None:
        super().__init__(opened, changed, read_only=read_only)
        self.choice = Choice.AUTO
        self._budget: Budget | None = None
        self._ready = Readiness(False)

    def body(self) -> ComposeResult:
        yield Talk()
        with Horizontal(id="ask"):
            yield Static("›")
            yield Input(
                placeholder=keyed(self.app, "ask the library, or /help; <pane.back:esc> leaves this line"),
                compact=True,
                id="question",
            )
        yield Static(id="state")

    def on_mount(self) -> None:
        self.query_one("#question", Input).cursor_blink = False  # over a slow line each blink is traffic

    def reload(self) -> None:
        """Read what can be asked; a session that is on the screen stays as it is."""
        self._load()

    @work(exclusive=True, group="reload")
    async def _load(self) -> None:
        try:
            services = await self.opened()
            chat, asking = await services.chat(), await services.asking()
            self._ready = chat.readiness()
            if self._ready.ready:
                self._budget = await chat.budget()
        except MediaVaultError as error:
            self.complain("The chat could not be opened", error)
            return
        narrow = self.size.height < 30
        self._talk.welcome(chat_words.welcome(self._ready, asking.questions(), narrow=narrow))
        self.tell_state()
        self._prepare()

    @work(group="prepare")
    async def _prepare(self) -> None:
        """Load what the first question would wait for, while it is typed."""
        try:
            await (await self._chat()).prepare()
        except MediaVaultError as error:
            self.complain("The chat could not be prepared", error)

    def tell_state(self) -> None:
        words = chat_words.state(self._ready, self.choice, self._budget, busy=self._busy)
        for line in self.query("#state").results(Static):  # none, where the pane has been left
            line.update(plain([keyed(self.app, words)]))
            self.query_one(PaneBar).crumbs = self._title

    @on(Input.Submitted, "#question")
    async def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        text = event.value.strip()
        if not text:
            return
        if self._busy:
            self.say(keyed(self.app, "An answer is on its way; <pane.back:esc> stops it."))
            return
        event.input.value = ""
        command, rest = chat_words.parse(text)
        self._answering = self._command(command, rest, text) if command else self._ask(rest)
        self.tell_state()

    @work(group="answer")
    async def _command(self, command: str, rest: str, text: str) -> None:
        """Carry out a line that begins with a slash."""
        try:
            match command:
                case _ if command in Commands.KNOWN:
                    await self._commands.carry_out(command, rest, text)
                case "sent":
                    await self._sent(text)
                case "sessions":
                    self.action_sessions(rest)
                case "new":
                    await self._begin_anew()
                case "title":
                    await self._retitle(rest)
                case "export":
                    self.action_export(rest)
                case "forget":
                    self._forget()
                case "model":
                    self._choose_model(rest)
                case _:
                    self.say(f"There is no command /{command}; /help lists them.")
        except MediaVaultError as error:
            await self._talk.note([str(error)], bad=True)
        finally:
            self._ended()

    @property
    def _commands(self) -> Commands:
        return Commands(self._talk, self._asking, self._keep)

    async def _asking(self) -> Answers:
        return await (await self.opened()).asking()

    async def _sent(self, text: str) -> None:
        chat = await self._chat()
        messages = list(await chat.messages(self.session)) if self.session is not None else []
        await self._talk.asked(text)
        await self._talk.note(chat_words.sent_lines(messages, self._ready))

    @work(group="answer")
    async def _ask(self, question: str) -> None:
        """Send a question and show the answer as it arrives; cancelled by esc."""
        talk = self._talk
        try:
            chat = await self._chat()
            self._ready = chat.readiness()  # the first question may be quicker than the pane
            if not self._ready.ready:
                await talk.asked(question)
                await talk.note([f"{self._ready.hint}.", "Until then: /find, /ready, /sql, /explain."])
                return
            if not await chat.agreed() and not await self._agree(chat):
                self.query_one("#question", Input).value = question
                return
            await talk.asked(question)
            if self.session is None:
                self.session = await chat.begin(question)
                self._title = question
            await talk.answer(chat.ask(self.session, question, choice=self.choice), self._counted)
        except MediaVaultError as error:
            await talk.note([str(error)], bad=True)
        finally:
            self._ended()

    def _ended(self) -> None:
        if self.is_mounted:
            self._talk.leave_off()
        self.call_after_refresh(self.tell_state)

    def _counted(self, budget: Budget) -> None:
        self._budget = budget
        self.tell_state()

    async def _agree(self, chat: Conversation) -> bool:
        from mediavault_tui.services.chat.conversations import NOTICE
        from mediavault_tui.ui.dialogs import Confirm

        lines = [NOTICE, "", f"It goes to {self._ready.recipient}. /sent shows later what went there."]
        if not await self.app.push_screen_wait(Confirm("Ask the language model?", lines, yes="I agree, ask")):
            return False
        await chat.agree()
        return True

    @on(Step.Edited)
    @work(group="ask")
    async def _edit(self, message: Step.Edited) -> None:
        """Let the person change a statement and ask again, in the same place."""
        from mediavault_tui.ui.proposal import Statement

        sql = await self.app.push_screen_wait(Statement(message.step.sql or ""))
        if sql is None:
            return
        try:
            await self._commands.ask_again(message.step, sql)
        except MediaVaultError as error:
            self.complain("It was asked, but not kept in the session", error)
        self.tell_state()

    @on(Step.Opened)
    @work(group="open")
    async def _open_row(self, message: Step.Opened) -> None:
        """Open what the row under the cursor is: a group in Compare, a file in Inventory."""
        step = message.step
        line = step.listing.current if step.listing is not None else None
        if line is None:
            return
        group, file = step.rows.group(line.cells), step.rows.file(line.cells)
        services = await self.opened()
        try:
            if group is not None:
                comparison = await (await services.asking()).explain_group(group)
                self.post_message(self.ShowGroup(group, comparison.group.title))
            elif file is not None and (copy := await services.details(file)) is not None:
                name = copy.file.path.rpartition("/")[2].rpartition(".")[0]
                self.post_message(self.ShowFiles([file], name))
            else:
                self.say("This row is no file and no group; ask for file_id or group_id with it.")
        except MediaVaultError as error:
            self.complain("It could not be opened", error)

    def action_open(self) -> None:
        """Mark the files of the marked rows (or of all) in Inventory and go there."""
        steps = self._talk.last_steps()
        near = self.app.focused.ancestors_with_self if self.app.focused is not None else ()
        step = next((each for each in steps if each in near), None)
        step = step or next((each for each in steps if each.rows.rows), None)
        if step is None:
            self.say("There are no rows to open.")
            return
        marked = step.listing is not None and step.listing.marks
        rows = step.chosen() if marked else step.rows.rows
        files = [file for row in rows if (file := step.rows.file(row)) is not None]
        if files:
            self.post_message(self.ShowFiles(list(dict.fromkeys(files))))
        else:
            self.say("These rows are no files; ask for file_id with them.")

    @on(Step.Proposed)
    def _look_through(self, message: Step.Proposed) -> None:
        """Have a proposal looked through in Pending; only the person's key stages anything."""
        if message.step.proposal is not None and self.writable():
            self.post_message(self.ShowProposal(message.step.proposal))

    def action_write(self) -> None:
        self.query_one("#question", Input).focus()

    def action_back(self) -> None:
        """Stop the answer; else leave the line, so that single keys work."""
        if self._busy and self._answering is not None:
            self._answering.cancel()
            self.say("Stopped; what was heard is kept.")
        elif self.app.focused is self.query_one("#question", Input):
            steps = sorted(self.query(Step), key=lambda step: step.proposal is not None)
            if steps:
                steps[-1].focus()
            else:
                self.set_focus(None)
        else:
            self.action_write()

    def action_scroll(self, pages: int) -> None:
        self._talk.turn_pages(pages)

    def action_model(self) -> None:
        choices = list(Choice)
        self._choose_model(choices[(choices.index(self.choice) + 1) % len(choices)].value)

    def _choose_model(self, name: str) -> None:
        if name not in list(Choice):
            self.say(f"A model is one of {', '.join(Choice)}.")
            return
        self.choice = Choice(name)
        self.tell_state()
