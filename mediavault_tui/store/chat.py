"""Sessions and messages of the chat, what was spent, and who has agreed to what leaves the machine."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from asyncpg import Record

from mediavault_tui.domain.chat import (
    ChatMessage,
    ChatSession,
    MessageId,
    ModelSpending,
    SessionId,
    ToolCall,
    tool_calls_json,
)
from mediavault_tui.store.database import Connection
from mediavault_tui.store.sqlfiles import sql


@dataclass(frozen=True, slots=True)
class _MessageRow:
    id: int
    role: str
    content: str
    tool_calls: Any
    tool_call_id: str | None
    sql: str | None
    rows_digest: str | None
    rows_count: int | None
    model: str | None
    tokens_in: int
    tokens_out: int
    cost_usd: Decimal
    finish_reason: str | None
    created_at: datetime


ROWS = {"chat_messages_of": _MessageRow, "chat_sessions_of": ChatSession, "chat_spent": ModelSpending}


async def start(conn: Connection, *, who: str, title: str) -> SessionId:
    """Begin a session."""
    return SessionId(await conn.fetchval(sql("chat_start"), who, _storable(title)))


async def retitle(conn: Connection, session: SessionId, title: str, *, who: str) -> None:
    """Give a session of that person another title."""
    await conn.execute(sql("chat_retitle"), session, _storable(title), who)


async def delete(conn: Connection, session: SessionId, *, who: str) -> None:
    """Forget a session of that person, with all its messages; what it spent stays counted."""
    await conn.execute(sql("chat_delete"), session, who)


async def keep(conn: Connection, session: SessionId, message: ChatMessage) -> MessageId | None:
    """Keep one message; None if the session was deleted meanwhile."""
    kept = await conn.fetchval(
        sql("chat_keep"),
        session,
        message.role,
        _storable(message.content),
        tool_calls_json(message.tool_calls),
        message.tool_call_id,
        message.sql and _storable(message.sql),
        message.rows_digest,
        message.rows_count,
        message.model,
        message.tokens_in,
        message.tokens_out,
        message.cost_usd,
        message.finish_reason,
    )
    return None if kept is None else MessageId(kept)


async def messages(conn: Connection, session: SessionId, *, who: str) -> list[ChatMessage]:
    """Return a session's messages in order; none for another person's."""
    return [_message(row) for row in await conn.fetch(sql("chat_messages_of"), session, who)]


async def sessions(conn: Connection, *, who: str, words: str = "", limit: int = 100) -> list[ChatSession]:
    """Return a person's sessions that hold the words, last used first."""
    rows = await conn.fetch(sql("chat_sessions_of"), who, _storable(words.strip()), limit)
    return [ChatSession(**row) for row in rows]


async def spent(conn: Connection, *, since: date) -> list[ModelSpending]:
    """Return what each model has used since a day (UTC), by everybody."""
    return [ModelSpending(**row) for row in await conn.fetch(sql("chat_spent"), since)]


async def agree(conn: Connection, *, who: str, recipient: str) -> None:
    """Remember that somebody has read what leaves the machine, and to whom."""
    await conn.execute(sql("chat_agree"), who, recipient)


async def agreed(conn: Connection, *, who: str, recipient: str) -> bool:
    """Return whether somebody has."""
    return bool(await conn.fetchval(sql("chat_agreed"), who, recipient))


def _message(row: Record) -> ChatMessage:
    calls = tuple(
        ToolCall(call["id"], call["function"]["name"], call["function"]["arguments"])
        for call in row["tool_calls"] or ()
    )
    return ChatMessage(**{**row, "tool_calls": calls})


def _storable(text: str) -> str:
    """Return text without what PostgreSQL's text cannot hold: NUL and lone surrogates."""
    return text.replace("\0", "␀").encode("utf-8", "replace").decode()
