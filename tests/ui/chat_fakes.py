"""A library that answers questions, and a model that says what it was told to say."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from mediavault_tui.domain.asking import Rows, View, ViewColumn
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
    ProposedFile,
    Readiness,
    Said,
    SessionId,
    Used,
)
from mediavault_tui.domain.library import Comparison
from mediavault_tui.domain.model import FileId, GroupId
from mediavault_tui.errors import MediaVaultError, Refused
from mediavault_tui.services.asking import FileExplained

SQL = "select file_id, title, year, tier, size_bytes\nfrom v_files\nwhere year < 1990\norder by year"
FILMS = Rows(
    ("file_id", "title", "year", "tier", "size_bytes"),
    (
        (1, "Stalker", 1979, "4K", 28_400_000_000),
        (2, "The Thing", 1982, "1080p", 11_200_000_000),
        (3, "Ran [/b] [x265]", 1985, "1080p", 14_900_000_000),
        (4, "Акира 🎬", 1988, "720p", 4_100_000_000),
    ),
    seconds=0.03,
)
TIERS = Rows(
    ("tier", "files", "bytes"),
    (("1080p", 412, 4_100_000_000_000), ("4K", 61, 2_300_000_000_000), ("720p", 190, 640_000_000_000)),
    seconds=0.02,
)
GROUPS = Rows(("group_id", "title", "verdict"), ((1, "Heat (1995)", "clear"),))
ANSWER = """You have **four films** from before 1990:

- *Stalker* (1979) is the only one in 4K
- *Акира* is a small file; a better copy would be worth having

Nothing among them is a duplicate."""
CLEAR = ProposedFile(
    FileId(6),
    "/films/old/Heat.1995.DVDRip.avi",
    "Heat",
    1_400_000_000,
    GroupId(1),
    FileId(5),
    "/films/Heat (1995)/Heat (1995) 2160p.mkv",
    "clear",
    "4K beats 576p, and nothing would be lost",
)
REVIEW = ProposedFile(
    FileId(41),
    "/films/Amelie.2001.MULTI.1080p.mkv",
    "Amélie",
    9_000_000_000,
    GroupId(3),
    FileId(1),
    "/films/Amélie (2001)/Amélie.mkv",
    "review",
    "something would be lost",
    ("audio language: de",),
)
FORBIDDEN = ProposedFile(
    FileId(9),
    "/films/The Thing (1982).mkv",
    "The Thing",
    11_200_000_000,
    barred="It is in no group of duplicates: the last copy of a title is never staged",
)
PROPOSAL = Proposal(
    "Old rips of films that you have in better quality; the names say CAM and DVDRip.",
    (CLEAR, REVIEW, FORBIDDEN),
)


def answer(*, proposal: Proposal | None = None) -> list[Event]:
    """Return the events of a usual answer: a look-up, then words."""
    found = (
        [
            Calling("c2", "propose_staging", "putting a list together"),
            Found("c2", "propose_staging", proposal=proposal),
        ]
        if proposal
        else []
    )
    return [
        Calling("c1", "query", "asking the library", SQL),
        Found("c1", "query", sql=SQL, rows=FILMS),
        *found,
        *(Said(ANSWER[start : start + 9]) for start in range(0, len(ANSWER), 9)),
        Used("gpt-4o-mini", 1200, 80, Decimal("0.000228"), Budget(12_480, 500_000, Decimal("0.021"))),
        Ended("stop"),
    ]


class FakeConversation:
    """One session; `events` is what the next question is answered with."""

    def __init__(self) -> None:
        self.ready = Readiness(
            True, "eastus.api.example", {Choice.LARGE: "gpt-4o", Choice.MINI: "gpt-4o-mini"}
        )
        self.has_agreed = True
        self.events: list[Event | MediaVaultError] = list(answer())
        self.asked: list[tuple[str, Choice]] = []
        self.gate: asyncio.Event | None = None
        self.stopped = False
        self.kept = [
            ChatMessage("system", "instructions"),
            ChatMessage("user", "Which films are from before 1990?"),
            ChatMessage("tool", "{}", sql=SQL, rows_count=4),
            ChatMessage("assistant", ANSWER),
        ]
        self.forgotten: list[SessionId] = []
        self.noted: list[tuple[SessionId | None, str, Found]] = []
        self.titles: dict[SessionId, str] = {}

    def readiness(self) -> Readiness:
        return self.ready

    async def prepare(self) -> None: ...

    async def agreed(self) -> bool:
        return self.has_agreed

    async def agree(self) -> None:
        self.has_agreed = True

    async def budget(self) -> Budget:
        return Budget(11_200, 500_000, Decimal("0.02"))

    async def begin(self, question: str) -> SessionId:
        return SessionId(7)

    async def ask(
        self, session: SessionId, question: str, *, choice: Choice = Choice.AUTO
    ) -> AsyncGenerator[Event, None]:
        self.asked.append((question, choice))
        try:
            for event in self.events:
                if isinstance(event, MediaVaultError):
                    raise event
                if self.gate is not None and isinstance(event, Said):
                    await self.gate.wait()
                yield event
        except asyncio.CancelledError:
            self.stopped = True
            raise

    async def sessions(self, words: str = "", *, limit: int = 100) -> Sequence[ChatSession]:
        when = datetime(2026, 3, 14, 11, tzinfo=UTC)
        found = [
            ChatSession(
                SessionId(3), "Which films are from before 1990?", when, when, 2, 4200, Decimal("0.004")
            ),
            ChatSession(SessionId(2), "How much is 4K? [/b]", when, when, 1, 900, Decimal("0.001")),
        ]
        return [each for each in found if words.lower() in each.title.lower()]

    async def messages(self, session: SessionId) -> Sequence[ChatMessage]:
        return [] if session == 8 else self.kept  # in 8 nothing was asked of the model

    async def note(self, session: SessionId | None, line: str, found: Found) -> SessionId:
        self.noted.append((session, line, found))
        return session or SessionId(8)

    async def rename(self, session: SessionId, title: str) -> None:
        self.titles[session] = title

    async def forget(self, session: SessionId) -> None:
        self.forgotten.append(session)

    async def save(self, session: SessionId, title: str, folder: Path) -> Path:
        return folder / f"mediavault-chat-{session}.md"


class FakeAnswers:
    """Ready questions and statements with set answers."""

    def __init__(self, comparisons: Sequence[Comparison]) -> None:
        self.comparisons = comparisons
        self.statements: list[str] = []

    async def views(self) -> Sequence[View]:
        return [View("v_files", "Every file", (ViewColumn("file_id", "bigint", "number of the file"),))]

    async def sql(self, statement: str) -> Rows:
        self.statements.append(statement)
        if "delete" in statement:
            raise Refused("Only SELECT is allowed; this is DELETE")
        return GROUPS if "v_groups" in statement else FILMS

    def questions(self) -> Mapping[str, str]:
        return {
            "stats": "What is in the library?",
            "storage_tier": "How much is 4K, 1080p, 720p …?",
            "largest": "Which files are the largest?",
        }

    async def ready(self, name: str) -> tuple[str, Rows]:
        return f"select {name}", FILMS if name == "largest" else TIERS

    async def find(self, words: str) -> Rows:
        return Rows(FILMS.columns, tuple(row for row in FILMS.rows if words.lower() in str(row[1]).lower()))

    async def explain_file(self, file: FileId) -> FileExplained:
        copy = self.comparisons[0].copies[0]
        return FileExplained(copy, (self.comparisons[0],), ())

    async def explain_group(self, group: GroupId) -> Comparison:
        return next(each for each in self.comparisons if each.group.id == group)
