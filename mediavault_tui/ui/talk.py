"""The conversation on the screen: it follows what arrives, unless the person reads further up."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from mediavault_tui.domain.chat import (
    Budget,
    Calling,
    ChatMessage,
    Ended,
    Event,
    Found,
    Said,
    Used,
)
from mediavault_tui.ui.format import count
from mediavault_tui.ui.keyed import keyed
from mediavault_tui.ui.turn import Answer, Note, Question, Step


class Talk(VerticalScroll, can_focus=False):
    """Questions, look-ups with their rows, answers; a welcome while there are none."""

    def __init__(self) -> None:
        super().__init__(id="talk")
        self._following = True

    def compose(self) -> ComposeResult:
        yield Static(id="welcome")

    def on_mount(self) -> None:
        self.watch(self, "virtual_size", self._grown, init=False)

    def _grown(self) -> None:
        if self._following:
            self.scroll_end(animate=False, force=True)

    def turn_pages(self, pages: int) -> None:
        """Scroll; at the end it follows what arrives again."""
        self.scroll_relative(y=pages * max(self.size.height - 2, 1), animate=False)
        self._following = self.scroll_target_y >= self.max_scroll_y

    def welcome(self, words: Content) -> None:
        """Set what an empty session shows."""
        self.query_one("#welcome", Static).update(words)

    async def clear(self) -> None:
        """Take everything away but the welcome."""
        await self.remove_children("Question, Note, Answer, Step")
        self.query_one("#welcome").display = True

    async def asked(self, words: str) -> None:
        """Show what the person asked."""
        self.query_one("#welcome").display = False
        await self.mount(Question(words))
        self._following = True

    async def note(self, lines: Sequence[str], *, bad: bool = False) -> None:
        """Show lines that the program itself says."""
        await self.mount(Note(lines, bad=bad))

    async def step(self, words: str, sql: str | None = None) -> Step:
        """Show that something is looked up, and return where its rows go."""
        step = Step(words, sql)
        await self.mount(step)
        return step

    def last_steps(self) -> list[Step]:
        """Return the steps, the latest first."""
        return [*self.query(Step)][::-1]

    def leave_off(self) -> None:
        """Say of what was still being looked up that it was stopped."""
        for step in self.query(Step):
            if step.waiting:
                step.stopped()

    async def answer(self, events: AsyncIterator[Event], counted: Callable[[Budget], None]) -> None:
        """Show an answer as it arrives; `counted` is told what is spent of the day's tokens."""
        answer = await self._blank()
        steps: dict[str, Step] = {}
        try:
            async for event in events:
                match event:
                    case Said(text):
                        await answer.say(text)
                    case Calling(call, _, words, sql):
                        if answer.source:
                            await answer.end()
                            answer = await self._blank()
                        steps[call] = Step(words, sql)
                        await self.mount(steps[call], before=answer)
                    case Found() as found:
                        await show_found(steps[found.call], found)
                    case Used(budget=budget):
                        counted(budget)
                    case Ended(sentence=sentence) if sentence:
                        await self.note([sentence], bad=True)
        finally:
            await answer.end()
            if not answer.source:
                await answer.remove()

    async def _blank(self) -> Answer:
        """Lay an answer ready, so that its first word has nothing to wait for."""
        answer = Answer()
        await self.mount(answer)
        return answer

    async def retell(self, messages: Sequence[ChatMessage]) -> None:
        """Show an earlier session; its rows are asked for anew where the person wants them."""
        for message in messages:
            if message.role in ("user", "command"):
                await self.asked(message.content)
            elif message.role == "assistant" and message.content:
                await self.mount(Answer(message.content))
            elif message.role in ("tool", "found"):
                await self._retell_found(message)

    async def _retell_found(self, message: ChatMessage) -> None:
        rows = "" if message.rows_count is None else f"{count(message.rows_count, 'row')} then"
        if message.sql:
            step = await self.step("asked the library", message.sql)
            again = keyed(self.app, "<step.edit:e> asks again")
            step.words = "✓ asked the library" + (f" · {rows}; {again}" if rows else "")
        elif message.role == "found" and rows:
            await self.note([f"{rows}; ask again to see them"])
        if message.role == "found" and message.content:
            await self.note(message.content.split("\n"), bad=message.finish_reason == "error")


async def show_found(step: Step, found: Found) -> None:
    """Show in a step what its look-up brought."""
    if found.error:
        await step.failed(found.error, sql=found.sql)
    elif found.proposal is not None:
        step.proposed(found.proposal)
    elif found.rows is not None:
        await step.found(found.rows, sql=found.sql)
    else:
        step.done()
