"""What waits for a person, what people chose, and the way back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mediavault_tui.domain.choosing import Key
from mediavault_tui.domain.model import FileId
from mediavault_tui.domain.world import TitleKind
from mediavault_tui.store.database import Connection
from mediavault_tui.store.metadata import FileToMatch, clean, file_to_match
from mediavault_tui.store.scans import below
from mediavault_tui.store.sqlfiles import sql

BY_A_PERSON = ("chosen by a person", "a person said: none of them")
"""What marks a match as a choice: of a title, of none."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A title that a person must choose."""

    asked_as: str
    files: int
    example: str
    file_id: FileId
    why: str
    candidates: Any


@dataclass(frozen=True, slots=True)
class WaitingFile:
    """One file behind such a title."""

    asked_as: str
    file_id: FileId
    path_raw: bytes


@dataclass(frozen=True, slots=True)
class Choice:
    """What a person chose: for one title below one folder (raw; empty: everywhere)."""

    asked_as: str
    folder: bytes
    title: Key | None


@dataclass(frozen=True, slots=True)
class LastChoice:
    """A choice that may be undone; `title` is empty for "none of them"."""

    id: int
    asked_as: str
    folder_raw: bytes
    title: str
    year: int


ROWS = {"matches_waiting": Waiting, "matches_waiting_files": WaitingFile, "choice_last": LastChoice}


async def waiting(conn: Connection, *, limit: int, after: tuple[int, str] | None = None) -> list[Waiting]:
    """Return what a person must choose, most files first; `after`: files and question of the last before."""
    rows = await conn.fetch(sql("matches_waiting"), limit, *(after or (None, None)))
    return [Waiting(*row) for row in rows]


async def waiting_files(conn: Connection, asked_as: Sequence[str]) -> list[WaitingFile]:
    """Return the files behind some titles that wait, the surest of each first."""
    return [WaitingFile(*row) for row in await conn.fetch(sql("matches_waiting_files"), list(asked_as))]


async def asking(conn: Connection) -> int:
    """Return how many titles wait for a person."""
    return int(await conn.fetchval(sql("matches_asking")))


async def files_of_question(conn: Connection, asked_as: str, file: FileId) -> list[FileToMatch]:
    """Return the files that one title was asked for, and `file` itself."""
    rows = await conn.fetch(sql("matches_of_question"), clean(asked_as), file)
    return [found for row in rows if (found := file_to_match(row)) is not None]


async def choices(conn: Connection) -> list[Choice]:
    """Return every choice that counts."""
    return [
        Choice(r["asked_as"], r["folder_raw"], (TitleKind(r["kind"]), r["tmdb_id"]) if r["kind"] else None)
        for r in await conn.fetch(sql("choices_all"))
    ]


async def put_choice(conn: Connection, choice: Choice, files: Sequence[FileId], *, who: str) -> None:
    """Remember a choice, and how the files were matched that it settles."""
    kind, id = choice.title if choice.title else (None, None)
    await conn.execute(
        sql("choice_put"),
        clean(choice.asked_as),
        choice.folder,
        kind.value if kind else None,
        id,
        who,
        list(files),
    )


async def last_choice(conn: Connection, *, who: str) -> LastChoice | None:
    """Return the last choice of a person that was not undone."""
    row = await conn.fetchrow(sql("choice_last"), who)
    return LastChoice(*row) if row is not None else None


async def undo_choice(conn: Connection, choice: LastChoice) -> int | None:
    """Let a choice count no longer and its files be what they were; None if it did not count."""
    if await conn.fetchval(sql("choice_undo"), choice.id) is None:
        return None
    first, last = below(choice.folder_raw) if choice.folder_raw else (b"", b"")
    forgotten = await conn.fetch(sql("choice_forget"), choice.id, list(BY_A_PERSON), first, last)
    restored = await conn.fetch(sql("choice_restore"), choice.id)
    return len(forgotten) + len(restored)
