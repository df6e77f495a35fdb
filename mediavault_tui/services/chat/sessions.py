"""Sessions of the chat: titled, listed, searched, resumed, written as Markdown, forgotten.

They hold what was said with the language model, and what was asked without it.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from mediavault_tui.domain.chat import ChatMessage, ChatSession, Found, SessionId, exported, title_of
from mediavault_tui.errors import UsageError
from mediavault_tui.store import chat as store
from mediavault_tui.store.database import Database


class Sessions:
    """What one person has asked so far."""

    def __init__(self, database: Database, *, who: str) -> None:
        self._database = database
        self._who = who

    async def sessions(self, words: str = "", *, limit: int = 100) -> list[ChatSession]:
        """Return this person's sessions, last used first; with `words` those that hold them."""
        async with self._database.connection() as conn:
            return await store.sessions(conn, who=self._who, words=words, limit=limit)

    async def messages(self, session: SessionId) -> list[ChatMessage]:
        """Return what was said and asked in a session."""
        async with self._database.connection() as conn:
            return await store.messages(conn, session, who=self._who)

    async def rename(self, session: SessionId, title: str) -> None:
        """Give a session another title."""
        async with self._database.transaction() as conn:
            await store.retitle(conn, session, self._redacted(title_of(title) or "untitled"), who=self._who)

    async def forget(self, session: SessionId) -> None:
        """Delete a session with all that was said in it. What it spent stays spent, and counted."""
        async with self._database.transaction() as conn:
            await store.delete(conn, session, who=self._who)

    async def export(self, session: SessionId, title: str) -> str:
        """Return a session as Markdown. Raises: UsageError for one that is not there."""
        messages = await self.messages(session)
        if not messages:
            raise UsageError(f"There is no session {session}")
        return exported(title, messages)

    async def save(self, session: SessionId, title: str, folder: Path) -> Path:
        """Write a session as Markdown into a folder, under a name that nothing has yet; return where.

        Raises: UsageError for a session that is not there, or a folder that cannot be written.
        """
        text = await self.export(session, title)
        try:
            return await asyncio.to_thread(_write_new, folder, f"mediavault-chat-{session}", text)
        except OSError as error:
            raise UsageError(
                f"{folder} cannot be written ({error.strerror}); choose another folder"
            ) from error

    async def note(self, session: SessionId | None, line: str, found: Found) -> SessionId:
        """Keep what was asked without the model and what came of it; without a session begin one.

        Nothing of it is sent, not with a later question either.
        Raises: UsageError for a session that was deleted meanwhile.
        """
        if session is None:
            session = await self._start(line)
        await self._keep(
            session,
            ChatMessage("command", self._redacted(line)),
            ChatMessage(
                "found",
                self._redacted(found.error or found.text),
                sql=found.sql and self._redacted(found.sql),
                rows_digest=found.rows.digest if found.rows else None,
                rows_count=len(found.rows.rows) if found.rows else None,
                finish_reason="error" if found.error else None,
            ),
        )
        return session

    async def _start(self, line: str) -> SessionId:
        async with self._database.transaction() as conn:
            return await store.start(conn, who=self._who, title=self._redacted(title_of(line)))

    async def _keep(self, session: SessionId, *messages: ChatMessage) -> None:
        async with self._database.transaction() as conn:
            kept = [await store.keep(conn, session, message) for message in messages]
        if None in kept:  # said outside the transaction: what the message used is counted all the same
            raise UsageError("This session was deleted meanwhile; begin a new one")

    def _redacted(self, text: str) -> str:
        return text


def _write_new(folder: Path, stem: str, text: str) -> Path:
    folder = folder.expanduser().absolute()
    for number in range(1, 1000):
        path = folder / (f"{stem}.md" if number == 1 else f"{stem} ({number}).md")
        try:
            # What was asked of a library is its owner's business.
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            continue
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        return path
    raise FileExistsError(17, "it is full of exports", str(folder))
