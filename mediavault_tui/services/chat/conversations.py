"""The conversation: a question goes out, tools are called, the answer comes in, everything is kept.

An answer is an async generator of events. It ends after a bounded number of requests and calls; a failed
query is tried once more with the database's error; closing the generator stops the answer and keeps what
was heard of it. A little longer than the house's habit: one turn is best read from top to bottom.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from mediavault_tui.domain.asking import schema_text
from mediavault_tui.domain.chat import (
    Budget,
    Calling,
    ChatMessage,
    Choice,
    Ended,
    Event,
    Found,
    Readiness,
    Said,
    SessionId,
    ToolCall,
    Used,
    cost,
    is_plain,
    tokens,
)
from mediavault_tui.errors import AssistantBusy, AssistantDenied, MediaVaultError, Refused, UsageError
from mediavault_tui.services.chat import tools as chat_tools
from mediavault_tui.services.chat.memory import as_sent, remembered
from mediavault_tui.services.chat.sessions import Sessions
from mediavault_tui.store import chat as store
from mediavault_tui.store.database import Database

if TYPE_CHECKING:
    from mediavault_tui.assistant.azure import Model
    from mediavault_tui.services.asking import Asking

MOST_REQUESTS = 6
MOST_CALLS = 12
LONGEST_QUESTION = 4000

HINT = (
    "Set AZURE_OPENAI_KEY and AZURE_OPENAI_ENDPOINT (or OPENAI_BASE_URL for any compatible endpoint)"
    " in .env, then start again"
)
NOTICE = (
    "What leaves this machine when you ask in words: your question and what was said before in the session;"
    " the names and meanings of the views' columns, with the codecs, languages and the like that occur;"
    " and what the answer needs: titles, paths, sizes, scores and notes of the rows found, at most 40 rows"
    " a look-up. Never: passwords, keys, users, other sessions, or the films themselves."
)
"""Told before the first question, and agreed to."""


@dataclass(slots=True)
class _Turn:
    """One question on its way to its answer."""

    session: SessionId
    model: str
    calls: int = 0
    failures: int = 0
    left: int = 1
    """Tokens of the day that are left."""


class Chat(Sessions):
    """Sessions of one person, and the language model that they may be held with."""

    def __init__(
        self,
        database: Database,
        asking: Asking,
        model: Model | None,
        *,
        who: str,
        tokens_per_day: int,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        super().__init__(database, who=who)
        self._asking = asking
        self._model = model
        self._limit = tokens_per_day
        self._now = now

    def readiness(self) -> Readiness:
        """Return whether there is a model to ask, or what to set."""
        if self._model is None:
            return Readiness(False, hint=HINT)
        endpoint = self._model.endpoint
        return Readiness(True, endpoint.host, endpoint.models)

    async def prepare(self) -> None:
        """Load what the first question needs; it is large, and nobody should wait for it then."""
        if self._model is not None:
            await self._model.prepare()

    async def agreed(self) -> bool:
        """Return whether this person has read what leaves the machine, and to whom."""
        async with self._database.connection() as conn:
            return await store.agreed(conn, who=self._who, recipient=self._recipient())

    async def agree(self) -> None:
        """Remember that they have."""
        async with self._database.connection() as conn:
            await store.agree(conn, who=self._who, recipient=self._recipient())

    async def budget(self) -> Budget:
        """Return the tokens that were spent today (UTC), by everybody on this database."""
        async with self._database.connection() as conn:
            spent = await store.spent(conn, since=self._now().astimezone(UTC).date())
        tokens = sum(each.tokens_in + each.tokens_out for each in spent)
        return Budget(tokens, self._limit, sum((each.cost_usd for each in spent), Decimal(0)))

    async def begin(self, question: str) -> SessionId:
        """Begin a session that is called after its first question."""
        if self._model is None:
            raise AssistantDenied(HINT)
        return await self._start(question)

    async def ask(
        self, session: SessionId, question: str, *, choice: Choice = Choice.AUTO
    ) -> AsyncGenerator[Event, None]:
        """Answer a question; yield what happens as it happens, last of all an `Ended`.

        Raises: Refused, UsageError, AssistantError, DatabaseError. Whatever was said is kept.
        """
        model = await self._may_ask(question)
        question = self._redacted(question)
        prompt = await self._prompt()
        history = await self.messages(session)
        if not any(m.role == "system" and m.content == prompt for m in history):
            await self._keep(session, ChatMessage("system", prompt))
        await self._keep(session, ChatMessage("user", question))
        messages: list[Mapping[str, Any]] = [{"role": "system", "content": prompt}, *remembered(history)]
        messages.append({"role": "user", "content": question})
        if choice is Choice.AUTO:
            choice = Choice.MINI if is_plain(question) else Choice.LARGE
        turn = _Turn(session, model.endpoint.models[choice])
        for request in range(MOST_REQUESTS):
            may_call = request < MOST_REQUESTS - 1 and turn.calls < MOST_CALLS and turn.failures < 2
            kept: list[ChatMessage] = []
            async with aclosing(self._request(model, turn, messages, kept, may_call=may_call)) as events:
                async for event in events:
                    yield event
            answer = kept[0]
            messages.append(as_sent(answer))
            if not answer.tool_calls:
                yield _ended(answer)
                return
            async with aclosing(self._call(turn, answer.tool_calls, messages)) as events:
                async for event in events:
                    yield event
            if turn.left == 0:
                yield Ended("budget", "The day's tokens are spent; what was found so far is shown.")
                return
        yield Ended("length", "The model wanted to ask on and on; it was stopped. Ask for less at once.")

    async def _may_ask(self, question: str) -> Model:
        if self._model is None:
            raise AssistantDenied(HINT)
        if not question.strip():
            raise UsageError("Ask something")
        if len(question) > LONGEST_QUESTION:
            raise UsageError(f"A question has at most {LONGEST_QUESTION:,} characters")
        if not await self.agreed():
            raise Refused(f"Nothing was sent: agree first to what leaves the machine. {NOTICE}")
        budget = await self.budget()
        if budget.left == 0:
            raise AssistantBusy(
                f"Today's {budget.limit:,} tokens are spent; tomorrow (UTC) there are more,"
                " or raise AZURE_OPENAI_MAX_TOKENS_PER_DAY"
            )
        return self._model

    async def _prompt(self) -> str:
        from mediavault_tui.assistant.prompt import system_prompt

        return system_prompt(schema_text(await self._asking.views()), self._now().date())

    async def _request(
        self,
        model: Model,
        turn: _Turn,
        messages: Sequence[Mapping[str, Any]],
        kept: list[ChatMessage],
        *,
        may_call: bool,
    ) -> AsyncGenerator[Event, None]:
        """Send the conversation once; put the answer that was kept into `kept`."""
        from mediavault_tui.assistant.azure import Text, Whole
        from mediavault_tui.assistant.tools import TOOLS

        said: list[str] = []
        whole: Whole | None = None
        reason = "stopped"
        try:
            tools = TOOLS if may_call else ()
            async with aclosing(model.stream(messages, tools=tools, model=turn.model)) as pieces:
                async for piece in pieces:
                    if isinstance(piece, Text):
                        said.append(piece.text)
                        yield Said(piece.text)
                    else:
                        whole = piece
        except MediaVaultError:
            reason = "error"
            raise
        finally:
            # Also when the person stops it or the connection breaks: what was heard and used is kept.
            if whole is None and (said or reason == "stopped"):
                sent = sum(len(str(message.get("content") or "")) for message in messages)
                await asyncio.shield(
                    self._keep(
                        turn.session,
                        self._answer(turn, said, reason, tokens(sent), tokens(len("".join(said)))),
                    )
                )
        if whole is None:
            raise AssistantBusy("The model gave no answer; ask again")
        calls = whole.tool_calls if may_call else ()
        answer = replace(
            self._answer(turn, said, whole.finish_reason, whole.tokens_in, whole.tokens_out), tool_calls=calls
        )
        await self._keep(turn.session, answer)
        kept.append(answer)
        budget = await self.budget()
        turn.left = budget.left
        yield Used(turn.model, whole.tokens_in, whole.tokens_out, answer.cost_usd, budget)

    async def _call(
        self, turn: _Turn, calls: Sequence[ToolCall], messages: list[Mapping[str, Any]]
    ) -> AsyncGenerator[Event, None]:
        """Carry out the calls of one answer, one after the other; each result goes back as data."""
        for call in calls:
            turn.calls += 1
            yield Calling(call.id, call.name, chat_tools.words_for(call), chat_tools.sql_of(call))
            if turn.calls > MOST_CALLS:
                found = Found(call.id, call.name, error="Too many calls for one question; answer now")
            else:
                found = await chat_tools.run(self._asking, call)
            if found.error and found.tool == "query":
                turn.failures += 1
                again = (
                    "correct it and try once more"
                    if turn.failures == 1
                    else "say what could not be found out"
                )
                told = chat_tools.for_the_model(replace(found, error=f"{found.error}; {again}"))
            else:
                told = chat_tools.for_the_model(found)
            told = self._redacted(told)
            await self._keep(
                turn.session,
                ChatMessage(
                    "tool",
                    told,
                    tool_call_id=call.id,
                    sql=found.sql,
                    rows_digest=found.rows.digest if found.rows else None,
                    rows_count=len(found.rows.rows) if found.rows else None,
                ),
            )
            messages.append({"role": "tool", "tool_call_id": call.id, "content": told})
            yield found

    def _answer(
        self, turn: _Turn, said: Sequence[str], reason: str, tokens_in: int, tokens_out: int
    ) -> ChatMessage:
        return ChatMessage(
            "assistant",
            self._redacted("".join(said)),
            model=turn.model,
            tokens_in=tokens_in,
            tokens_out=tokens_out,
            cost_usd=cost(turn.model, tokens_in, tokens_out),
            finish_reason=reason,
        )

    def _recipient(self) -> str:
        return self._model.endpoint.host if self._model else "nobody"

    def _redacted(self, text: str) -> str:
        return self._model.redacted(text) if self._model else text


def _ended(answer: ChatMessage) -> Ended:
    match answer.finish_reason:
        case "length":
            return Ended("length", "The answer was too long and was cut.")
        case "content_filter":
            return Ended(
                "content_filter", "The endpoint's content filter cut the answer; ask in other words."
            )
        case _:
            empty = "" if answer.content else "The model had nothing to say; ask in other words."
            return Ended(answer.finish_reason or "stop", empty)
