"""What the library answers without a language model: statements, ready questions, explanations."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mediavault_tui.domain.asking import Rows, View
from mediavault_tui.domain.chat import Proposal
from mediavault_tui.domain.library import Comparison, Copy, InventoryQuery
from mediavault_tui.domain.model import FileId, GroupId
from mediavault_tui.errors import UsageError
from mediavault_tui.services.chat.proposing import proposed
from mediavault_tui.store import ready as told
from mediavault_tui.store.asking import Reader
from mediavault_tui.store.database import Database
from mediavault_tui.store.ready import READY, Deed, ready

if TYPE_CHECKING:
    from mediavault_tui.services.dedupe import Dedupe
    from mediavault_tui.services.library import Library

_FOUND = 50
_PROPOSED_AT_ONCE = 200
_TITLE_COLUMNS = (
    "file_id",
    "title",
    "year",
    "season",
    "episodes",
    "tier",
    "size_bytes",
    "score",
    "state",
    "path",
)


@dataclass(frozen=True, slots=True)
class FileExplained:
    """All that is known of a file: scores, groups, history."""

    copy: Copy
    groups: tuple[Comparison, ...]
    history: tuple[Deed, ...]


class Asking:
    """Questions that are answered from the database alone."""

    def __init__(
        self,
        database: Database,
        reader: Reader,
        library: Library,
        dedupe: Dedupe,
        *,
        languages: Sequence[str] = ("en",),
    ) -> None:
        """`languages`: those that the user wants to hear or read."""
        self._database = database
        self._reader = reader
        self._library = library
        self._dedupe = dedupe
        self._languages = languages
        self._views: tuple[View, ...] | None = None

    async def views(self) -> tuple[View, ...]:
        """Return the documented views; read once."""
        if self._views is None:
            self._views = await self._reader.views()
        return self._views

    async def sql(self, statement: str) -> Rows:
        """Return the rows of one SELECT over the documented views.

        Raises: Refused by the parser, DatabaseError by the database, each with its reason.
        """
        from mediavault_tui.assistant import sqlguard

        names = [view.name for view in await self.views()]
        bare = await asyncio.to_thread(sqlguard.checked, statement, names)
        return await self._reader.ask(bare, names=sqlguard.named_columns(bare))

    def questions(self) -> Mapping[str, str]:
        """Return the ready questions: the name of each and its words."""
        return READY

    async def ready(self, name: str) -> tuple[str, Rows]:
        """Return a ready question's statement and its rows. Raises: UsageError for a name that is none."""
        try:
            statement = ready(name, languages=self._languages)
        except KeyError:
            raise UsageError(f"There is no ready question {name}; there are {', '.join(READY)}") from None
        return statement, await self._reader.ask(statement)

    async def find(self, words: str) -> Rows:
        """Return the files whose title or path has these words."""
        page = await self._library.page(InventoryQuery(text=words), limit=_FOUND + 1)
        rows = tuple(
            (
                row.id,
                row.title,
                row.year,
                row.season,
                list(row.episodes),
                row.tier,
                row.size,
                row.score,
                row.state.value,
                row.path,
            )
            for row in page
        )
        cut = f"Only the first {_FOUND} are shown; there are more." if len(rows) > _FOUND else ""
        return Rows(_TITLE_COLUMNS, rows[:_FOUND], cut)

    async def explain_file(self, file: FileId) -> FileExplained:
        """Return all that is known of a file. Raises: UsageError for an unknown number."""
        copy = await self._library.file(file)
        if copy is None:
            raise UsageError(f"There is no file {file}")
        async with self._database.connection() as conn:
            groups = await told.groups_of(conn, file)
            history = await told.history_of(conn, file)
        comparisons = [await self._dedupe.comparison(group) for group in groups[:5]]
        return FileExplained(copy, tuple(comparisons), tuple(history))

    async def explain_group(self, group: GroupId) -> Comparison:
        """Return a group with everything that led to its verdict. Raises: UsageError."""
        return await self._dedupe.comparison(group)

    async def propose(self, files: Sequence[FileId], reason: str) -> Proposal:
        """Return these files as a list to look through, with what the rules say of each; nothing is done."""
        if not files:
            raise UsageError("A proposal names at least one file")
        if len(files) > _PROPOSED_AT_ONCE:
            raise UsageError(f"A proposal names at most {_PROPOSED_AT_ONCE} files")
        async with self._database.connection() as conn:
            return Proposal(reason, await proposed(conn, files))
