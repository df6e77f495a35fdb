"""Chat: questions in plain words, the SQL shown, rows that open; without a language model too.

Longer than most panes: it is the one that can also show what every other one shows. Its commands, its
widgets and its dialogs stand in files of their own.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Protocol

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.message import Message
from textual.signal import Signal
from textual.widgets import Input, Static
from textual.worker import Worker

from mediavault_tui.domain.asking import Rows, View, schema_text
from mediavault_tui.domain.chat import (
    Budget,
    Calling,
    ChatMessage,
    ChatSession,
    Choice,
    Ended,
    Event,
    Found,
    Proposal,
    Readiness,
    Said,
    SessionId,
    Used,
)
from mediavault_tui.domain.library import Comparison, Copy
from mediavault_tui.domain.model import FileId, GroupId
from mediavault_tui.errors import MediaVaultError
from mediavault_tui.ui import answers, chat_words
from mediavault_tui.ui.describe import plain
from mediavault_tui.ui.format import count
from mediavault_tui.ui.pane import Pane
from mediavault_tui.ui.turn import Answer, Note, Question, Step
from mediavault_tui.ui.widgets.panebar import PaneBar

if TYPE_CHECKING:
    from mediavault_tui.services.asking import FileExplained

    class Conversation(Protocol):
        """What this pane asks of the conversations."""

        def readiness(self) -> Readiness: ...

        async def agreed(self) -> bool: ...

        async def agree(self) -> None: ...

        async def budget(self) -> Budget: ...

        async def begin(self, question: str) -> SessionId: ...

        def ask(
            self, session: SessionId, question: str, *, choice: Choice = Choice.AUTO
        ) -> AsyncIterator[Event]: ...

        async def sessions(self, words: str = "", *, limit: int = 100) -> Sequence[ChatSession]: ...

        async def messages(self, session: SessionId) -> Sequence[ChatMessage]: ...

        async def forget(self, session: SessionId) -> None: ...

        async def save(self, session: SessionId, title: str, folder: Path) -> Path: ...

    class Answers(Protocol):
        """What this pane asks of the library without a language model."""

        async def views(self) -> Sequence[View]: ...

        async def sql(self, statement: str) -> Rows: ...

        def questions(self) -> Mapping[str, str]: ...

        async def ready(self, name: str) -> tuple[str, Rows]: ...

        async def find(self, words: str) -> Rows: ...

        async def explain_file(self, file: FileId) -> FileExplained: ...

        async def explain_group(self, group: GroupId) -> Comparison: ...


class ChatServices(Protocol):
    """What this pane asks of the services layer, and all it may ask."""

    async def chat(self) -> Conversation: ...

    async def asking(self) -> Answers: ...

    async def details(self, file: FileId) -> Copy | None: ...


class ChatScreen(Pane[ChatServices]):
    """One session at a time, the question below it."""

    PANE = "chat"
    CSS_PATH = "chat.tcss"
    AUTO_FOCUS = "#question"
    HELP = "Ask in plain words, or /help for commands. esc leaves the line for single keys; i goes back."

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
        self.session: SessionId | None = None
        self.choice = Choice.AUTO
        self._title = ""
        self._budget: Budget | None = None
        self._ready = Readiness(False)
        self._answering: Worker[None] | None = None
        self._following = True

    def body(self) -> ComposeResult:
        with VerticalScroll(id="talk", can_focus=False):
            yield Static(id="welcome")
        with Horizontal(id="ask"):
            yield Static("›")
            yield Input(
                placeholder="ask the library, or /help; esc leaves this line", compact=True, id="question"
            )
        yield Static(id="state")

    @property
    def _talk(self) -> VerticalScroll:
        return self.query_one("#talk", VerticalScroll)

    @property
    def _busy(self) -> bool:
        return self._answering is not None and not self._answering.is_finished

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one("#question", Input).cursor_blink = False  # over a slow line each blink is traffic
        self.watch(self._talk, "virtual_size", self._grown, init=False)

    def _grown(self) -> None:
        """Follow an answer down, unless the person has scrolled up to read."""
        if self._following:
            self._talk.scroll_end(animate=False, force=True)

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
        welcome = chat_words.welcome(self._ready, asking.questions(), narrow=narrow)
        self.query_one("#welcome", Static).update(welcome)
        self._tell_state()

    def _tell_state(self) -> None:
        if self.is_mounted:
            words = chat_words.state(self._ready, self.choice, self._budget, busy=self._busy)
            self.query_one("#state", Static).update(plain([words]))
            self.query_one(PaneBar).crumbs = self._title

    @on(Input.Submitted, "#question")
    async def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        text = event.value.strip()
        if not text:
            return
        if self._busy:
            self.say("An answer is on its way; esc stops it.")
            return
        event.input.value = ""
        command, rest = chat_words.parse(text)
        self._answering = self._command(command, rest, text) if command else self._ask(rest)
        self._tell_state()

    @work(group="answer")
    async def _command(self, command: str, rest: str, text: str) -> None:
        """Carry out a line that begins with a slash."""
        try:
            services = await self.opened()
            match command:
                case "stats":
                    await self._ready_question(await services.asking(), "stats", text)
                case "ready":
                    await self._numbered(await services.asking(), rest, text)
                case "find":
                    await self._say_question(text)
                    step = await self._add_step("looking for a title", None)
                    await step.found(await (await services.asking()).find(rest))
                case "sql":
                    await self._say_question("/sql")
                    await self._run_sql(await self._add_step("asking the library", rest), rest)
                case "explain":
                    await self._explain(await services.asking(), rest, text)
                case "views":
                    await self._say_question(text)
                    await self._add(Note(schema_text(await (await services.asking()).views()).split("\n")))
                case "sent":
                    await self._sent(await services.chat(), text)
                case "sessions":
                    self.action_sessions(rest)
                case "new":
                    await self._begin_anew()
                case "export":
                    self.action_export(rest)
                case "forget":
                    self._forget()
                case "model":
                    self._choose_model(rest)
                case "help":
                    await self._say_question(text)
                    await self._add(Note(chat_words.help_lines()))
                case _:
                    self.say(f"There is no command /{command}; /help lists them.")
        except MediaVaultError as error:
            await self._add(Note([str(error)], bad=True))
        finally:
            self.call_after_refresh(self._tell_state)

    async def _numbered(self, asking: Answers, rest: str, text: str) -> None:
        names = list(asking.questions().items())
        if rest.isdigit() and 1 <= int(rest) <= len(names):
            name, words = names[int(rest) - 1]
            await self._ready_question(asking, name, words)
            return
        await self._say_question(text)
        await self._add(
            Note([f"/ready {number:<3} {words}" for number, (_, words) in enumerate(names, start=1)])
        )

    async def _ready_question(self, asking: Answers, name: str, words: str) -> None:
        await self._say_question(words)
        step = await self._add_step("asking the library", None)
        sql, rows = await asking.ready(name)
        await step.found(rows, sql=sql)

    async def _explain(self, asking: Answers, rest: str, text: str) -> None:
        words = rest.split()
        number = words[-1] if words else ""
        await self._say_question(text)
        if not number.isdigit():
            await self._add(
                Note(["Say which: /explain 12 for a file, /explain group 3 for a group."], bad=True)
            )
        elif words[0] == "group":
            await self._add(Note(answers.group_lines(await asking.explain_group(GroupId(int(number))))))
        else:
            await self._add(Note(answers.file_lines(await asking.explain_file(FileId(int(number))))))

    async def _sent(self, chat: Conversation, text: str) -> None:
        messages = list(await chat.messages(self.session)) if self.session is not None else []
        await self._say_question(text)
        await self._add(Note(chat_words.sent_lines(messages, self._ready)))

    @work(group="answer")
    async def _ask(self, question: str) -> None:
        """Send a question and show the answer as it arrives; cancelled by esc."""
        try:
            services = await self.opened()
            chat = await services.chat()
            self._ready = chat.readiness()  # the first question may be quicker than the pane
            if not self._ready.ready:
                await self._say_question(question)
                await self._add(Note([f"{self._ready.hint}.", "Until then: /find, /ready, /sql, /explain."]))
                return
            if not await chat.agreed() and not await self._agree(chat):
                self.query_one("#question", Input).value = question
                return
            await self._say_question(question)
            if self.session is None:
                self.session = await chat.begin(question)
                self._title = question
            await self._show_answer(chat.ask(self.session, question, choice=self.choice))
        except MediaVaultError as error:
            await self._add(Note([str(error)], bad=True))
        finally:
            self.call_after_refresh(self._tell_state)

    async def _agree(self, chat: Conversation) -> bool:
        from mediavault_tui.services.chat import NOTICE
        from mediavault_tui.ui.dialogs import Confirm

        lines = [NOTICE, "", f"It goes to {self._ready.recipient}. /sent shows later what went there."]
        if not await self.app.push_screen_wait(Confirm("Ask the language model?", lines, yes="I agree, ask")):
            return False
        await chat.agree()
        return True

    async def _show_answer(self, events: AsyncIterator[Event]) -> None:
        answer: Answer | None = None
        steps: dict[str, Step] = {}
        try:
            async for event in events:
                match event:
                    case Said(text):
                        if answer is None:
                            answer = Answer()
                            await self._add(answer)
                        await answer.say(text)
                    case Calling(call, _, words, sql):
                        if answer is not None:
                            await answer.end()
                            answer = None
                        steps[call] = await self._add_step(words, sql)
                    case Found() as found:
                        await self._show_found(steps[found.call], found)
                    case Used(budget=budget):
                        self._budget = budget
                        self._tell_state()
                    case Ended(sentence=sentence) if sentence:
                        await self._add(Note([sentence], bad=True))
        finally:
            if answer is not None:
                await answer.end()

    async def _show_found(self, step: Step, found: Found) -> None:
        if found.error:
            await step.failed(found.error, sql=found.sql)
        elif found.proposal is not None:
            step.proposed(found.proposal)
        elif found.rows is not None:
            await step.found(found.rows, sql=found.sql)
        else:
            step.done()

    async def _say_question(self, words: str) -> None:
        self.query_one("#welcome").display = False
        await self._add(Question(words))
        self._following = True

    async def _add(self, widget: Static | Answer | Step) -> None:
        await self._talk.mount(widget)

    async def _add_step(self, words: str, sql: str | None) -> Step:
        step = Step(words, sql)
        await self._add(step)
        return step

    async def _run_sql(self, step: Step, sql: str) -> None:
        try:
            rows = await (await (await self.opened()).asking()).sql(sql)
        except MediaVaultError as error:
            await step.failed(str(error), sql=sql)
        else:
            await step.found(rows, sql=sql)

    @on(Step.Edited)
    @work(group="ask")
    async def _edit(self, message: Step.Edited) -> None:
        """Let the person change a statement and ask again, in the same place."""
        from mediavault_tui.ui.proposal import Statement

        sql = await self.app.push_screen_wait(Statement(message.step.sql or ""))
        if sql is not None:
            await self._run_sql(message.step, sql)

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
        focused = self.app.focused
        steps = [*self.query(Step)]
        step = next(
            (each for each in steps if focused is not None and each in focused.ancestors_with_self), None
        )
        step = step or next((each for each in reversed(steps) if each.rows.rows), None)
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
        talk = self._talk
        talk.scroll_relative(y=pages * max(talk.size.height - 2, 1), animate=False)
        self._following = talk.scroll_target_y >= talk.max_scroll_y

    def action_model(self) -> None:
        choices = list(Choice)
        self._choose_model(choices[(choices.index(self.choice) + 1) % len(choices)].value)

    def _choose_model(self, name: str) -> None:
        if name not in list(Choice):
            self.say(f"A model is one of {', '.join(Choice)}.")
            return
        self.choice = Choice(name)
        self._tell_state()

    @work(group="ask")
    async def action_sessions(self, words: str = "") -> None:
        """Offer earlier sessions and show the chosen one as it was."""
        from mediavault_tui.ui.proposal import Sessions

        try:
            chat = await (await self.opened()).chat()
            found = await chat.sessions(words)
            session = await self.app.push_screen_wait(Sessions(found, words))
            if session is not None:
                title = next(each.title for each in found if each.id == session)
                await self._resume(session, title, await chat.messages(session))
        except MediaVaultError as error:
            self.complain("The sessions could not be read", error)

    async def _resume(self, session: SessionId, title: str, messages: Sequence[ChatMessage]) -> None:
        await self._begin_anew()
        self.session, self._title = session, title
        for message in messages:
            if message.role == "user":
                await self._say_question(message.content)
            elif message.role == "assistant" and message.content:
                await self._add(Answer(message.content))
            elif message.role == "tool" and message.sql:
                step = await self._add_step("asked the library", message.sql)
                rows = (
                    ""
                    if message.rows_count is None
                    else f" · {count(message.rows_count, 'row')} then; e asks again"
                )
                step.words = f"✓ asked the library{rows}"
        self._tell_state()

    @work(group="answer")
    async def action_new(self) -> None:
        await self._begin_anew()

    async def _begin_anew(self) -> None:
        self.session, self._title = None, ""
        await self._talk.remove_children("Question, Note, Answer, Step")
        self.query_one("#welcome").display = True
        self.action_write()
        self._tell_state()

    @work(group="export")
    async def action_export(self, folder: str = "") -> None:
        if self.session is None:
            self.say("Nothing was asked in words in this session yet.")
            return
        try:
            chat = await (await self.opened()).chat()
            path = await chat.save(self.session, self._title, Path(folder or "."))
        except MediaVaultError as error:
            self.complain("The session was not written", error)
            return
        self.say(f"Written: {path}")

    @work(group="ask")
    async def _forget(self) -> None:
        from mediavault_tui.ui.dialogs import Confirm

        if self.session is None:
            self.say("Nothing of this session is kept yet.")
            return
        lines = ["All that was asked and answered in it is deleted from the database."]
        if await self.app.push_screen_wait(Confirm("Forget this session?", lines, yes="forget it")):
            try:
                await (await (await self.opened()).chat()).forget(self.session)
            except MediaVaultError as error:
                self.complain("It was not forgotten", error)
                return
            await self._begin_anew()
