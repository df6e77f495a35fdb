"""What the chat pane and its parts ask of the services layer, and all they may ask."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from mediavault_tui.domain.asking import Rows, View
from mediavault_tui.domain.chat import (
    Budget,
    ChatMessage,
    ChatSession,
    Choice,
    Event,
    Found,
    Readiness,
    SessionId,
)
from mediavault_tui.domain.library import Comparison, Copy
from mediavault_tui.domain.model import FileId, GroupId

if TYPE_CHECKING:
    from mediavault_tui.services.asking import FileExplained


class Conversation(Protocol):
    """The language model, and the sessions held with it and without."""

    def readiness(self) -> Readiness: ...

    async def prepare(self) -> None: ...

    async def agreed(self) -> bool: ...

    async def agree(self) -> None: ...

    async def budget(self) -> Budget: ...

    async def begin(self, question: str) -> SessionId: ...

    def ask(
        self, session: SessionId, question: str, *, choice: Choice = Choice.AUTO
    ) -> AsyncIterator[Event]: ...

    async def note(self, session: SessionId | None, line: str, found: Found) -> SessionId: ...

    async def sessions(self, words: str = "", *, limit: int = 100) -> Sequence[ChatSession]: ...

    async def messages(self, session: SessionId) -> Sequence[ChatMessage]: ...

    async def rename(self, session: SessionId, title: str) -> None: ...

    async def forget(self, session: SessionId) -> None: ...

    async def save(self, session: SessionId, title: str, folder: Path) -> Path: ...


class Answers(Protocol):
    """The library without a language model."""

    async def views(self) -> Sequence[View]: ...

    async def sql(self, statement: str) -> Rows: ...

    def questions(self) -> Mapping[str, str]: ...

    async def ready(self, name: str) -> tuple[str, Rows]: ...

    async def find(self, words: str) -> Rows: ...

    async def explain_file(self, file: FileId) -> FileExplained: ...

    async def explain_group(self, group: GroupId) -> Comparison: ...


class ChatServices(Protocol):
    """Both, and what a file is."""

    async def chat(self) -> Conversation: ...

    async def asking(self) -> Answers: ...

    async def details(self, file: FileId) -> Copy | None: ...
