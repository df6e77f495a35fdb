"""A conversation: what is kept of it, what happens while an answer is on its way, what it costs.

Values only. Tokens are the model's own count; costs are US dollars.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Literal, NewType, TypeAlias

from mediavault_tui.domain.asking import Rows
from mediavault_tui.domain.model import FileId, GroupId
from mediavault_tui.domain.stage_terms import Terms
from mediavault_tui.domain.verdict import Verdict

SessionId = NewType("SessionId", int)
MessageId = NewType("MessageId", int)

Role: TypeAlias = Literal["system", "user", "assistant", "tool", "command", "found"]

SENT: frozenset[Role] = frozenset({"system", "user", "assistant", "tool"})
"""What the protocol knows; a command and what it found stay on this machine."""


class Choice(StrEnum):
    """Which model answers."""

    AUTO = "auto"
    """The cheaper one for plain look-ups, the other for the rest."""
    LARGE = "large"
    MINI = "mini"


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One call that the model asks for; `arguments` is JSON as it wrote it."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """One message as it is kept; what role `tool` says was sent as data, wrapped."""

    role: Role
    content: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None
    sql: str | None = None
    rows_digest: str | None = None
    rows_count: int | None = None
    model: str | None = None
    tokens_in: int = 0
    tokens_out: int = 0
    cost_usd: Decimal = Decimal(0)
    finish_reason: str | None = None
    created_at: datetime | None = None
    id: MessageId | None = None


@dataclass(frozen=True, slots=True)
class ChatSession:
    """One line of the list of sessions."""

    id: SessionId
    title: str
    created_at: datetime
    updated_at: datetime
    questions: int
    tokens: int
    cost_usd: Decimal


@dataclass(frozen=True, slots=True)
class ModelSpending:
    """What one model has used since some moment."""

    model: str
    tokens_in: int
    tokens_out: int
    cost_usd: Decimal


@dataclass(frozen=True, slots=True)
class Budget:
    """Tokens of one day: what is spent of how many, and what it cost."""

    spent: int
    limit: int
    cost_usd: Decimal = Decimal(0)

    @property
    def left(self) -> int:
        """Tokens that may still be used today."""
        return max(self.limit - self.spent, 0)


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether the language model can be asked; `hint` says what to set where it cannot."""

    ready: bool
    recipient: str = ""
    """Host that questions go to."""
    models: Mapping[Choice, str] = field(default_factory=dict)
    hint: str = ""


@dataclass(frozen=True, slots=True)
class ProposedFile:
    """One file of a proposal; `verdict` and `sentence` are the rules', `barred` why it may not be staged."""

    file: FileId
    path: str
    title: str
    size: int
    group: GroupId | None = None
    keeper: FileId | None = None
    keeper_path: str = ""
    verdict: str = ""
    sentence: str = ""
    losses: tuple[str, ...] = ()
    barred: str = ""

    @property
    def terms(self) -> Terms | None:
        """What a person agrees to who stages it; None for what may not be staged."""
        if self.keeper is None or not self.verdict:
            return None
        return Terms(self.file, self.keeper, Verdict(self.verdict))


@dataclass(frozen=True, slots=True)
class Proposal:
    """Files that the model proposes to stage, with its reason: nothing is done by it."""

    reason: str
    files: tuple[ProposedFile, ...]


# What happens while an answer is on its way -----------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Said:
    """A piece of the answer's text."""

    text: str


@dataclass(frozen=True, slots=True)
class Calling:
    """A tool begins to work: `words` say at what."""

    call: str
    tool: str
    words: str
    sql: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A tool is done: rows, a text, or what went wrong."""

    call: str
    tool: str
    sql: str | None = None
    rows: Rows | None = None
    text: str = ""
    error: str = ""
    proposal: Proposal | None = None


@dataclass(frozen=True, slots=True)
class Used:
    """One request was counted."""

    model: str
    tokens_in: int
    tokens_out: int
    cost_usd: Decimal
    budget: Budget


@dataclass(frozen=True, slots=True)
class Ended:
    """The answer is over: `stop`, or why not whole, in a sentence."""

    reason: str
    sentence: str = ""


Event: TypeAlias = Said | Calling | Found | Used | Ended


# What it costs ----------------------------------------------------------------------------------------

PRICES: Mapping[str, tuple[Decimal, Decimal]] = MappingProxyType(
    {
        "gpt-4o-mini": (Decimal("0.15"), Decimal("0.60")),
        "gpt-4o": (Decimal("2.50"), Decimal("10.00")),
        "gpt-4.1-mini": (Decimal("0.40"), Decimal("1.60")),
        "gpt-4.1": (Decimal("2.00"), Decimal("8.00")),
    }
)
"""Dollars for a million tokens, in and out, as the vendor lists them; other models count nothing."""


def cost(model: str, tokens_in: int, tokens_out: int) -> Decimal:
    """Return the dollars of one request, to a millionth."""
    name = next((known for known in PRICES if model == known or model.startswith(f"{known}-20")), None)
    if name is None:
        return Decimal(0)
    price_in, price_out = PRICES[name]
    return ((price_in * tokens_in + price_out * tokens_out) / 1_000_000).quantize(Decimal("0.000001"))


_PLAIN = re.compile(
    r"^\W*(?:how (?:many|much|big|large|long|old)|which|what|list|show|find|is there|are there|do i have"
    r"|have i|where|count|when)\b",
    re.IGNORECASE,
)
_HARD = re.compile(
    r"\b(?:why|compare|explain|propose|suggest|recommend|should|stage|delete|remove|clean|best|better|worse|plan|"
    r"trade|versus|vs|and then|after that|analy[sz]e|summar)",
    re.IGNORECASE,
)


def tokens(letters: int) -> int:
    """Return about how many tokens a text of so many letters is, for an endpoint that does not count them.

    A little too many rather than too few.
    """
    return letters // 4 + 1


def is_plain(question: str) -> bool:
    """Return whether a question is a plain look-up, for which the cheaper model will do."""
    return len(question) <= 160 and bool(_PLAIN.search(question)) and not _HARD.search(question)


def title_of(question: str) -> str:
    """Return a session's title for its first question: its first words, on one line."""
    line = " ".join(question.split())
    return line if len(line) <= 60 else line[:59].rsplit(" ", 1)[0] + "…"


def exported(title: str, messages: Sequence[ChatMessage]) -> str:
    """Return a session as Markdown: questions, answers, the SQL behind them, what it cost."""
    lines = [f"# {_one_line(title)}", ""]
    for message in messages:
        if message.role in ("user", "command"):
            lines += [f"## {_one_line(message.content)}", ""]
        elif message.role == "assistant" and message.content:
            lines += [message.content, ""]
        elif message.role in ("tool", "found") and message.sql:
            rows = "" if message.rows_count is None else f"\n-- {message.rows_count} rows"
            lines += ["```sql", _unfenced(message.sql) + rows, "```", ""]
        elif message.role == "found" and message.rows_count is not None:
            lines += [f"{message.rows_count} rows", ""]
        if message.role == "found" and message.content:
            lines += ["```", _unfenced(message.content), "```", ""]
    tokens = sum(m.tokens_in + m.tokens_out for m in messages)
    dollars = sum((m.cost_usd for m in messages), Decimal(0))
    lines.append(f"_{tokens:,} tokens, ${dollars:.4f}_")
    return "\n".join(lines) + "\n"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _unfenced(text: str) -> str:
    return text.replace("```", "` ` `")


def tool_calls_json(calls: Sequence[ToolCall]) -> list[dict[str, Any]] | None:
    """Return calls as the protocol and the database have them."""
    return [
        {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
        for call in calls
    ] or None
