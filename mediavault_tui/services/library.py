"""What the inventory pane and the command line read; nothing here changes anything."""

from __future__ import annotations

from mediavault_tui.domain.library import (
    Copy,
    Cursor,
    Facet,
    FacetCount,
    InventoryQuery,
    InventoryRow,
    Totals,
)
from mediavault_tui.domain.model import FileId
from mediavault_tui.domain.quality import score_of
from mediavault_tui.store import inventory
from mediavault_tui.store.database import Database
from mediavault_tui.store.files import media_file


class Library:
    """The inventory in windows."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(
        self,
        query: InventoryQuery,
        *,
        after: Cursor | None = None,
        before: Cursor | None = None,
        from_end: bool = False,
        limit: int = 256,
    ) -> list[InventoryRow]:
        """Return up to `limit` rows in the query's order: after or before a cursor, or the last ones.

        Raises: DatabaseError.
        """
        async with self._database.connection() as conn:
            return await inventory.page(
                conn, query, after=after, before=before, from_end=from_end, limit=limit
            )

    async def totals(self, query: InventoryQuery) -> Totals:
        """Return how many files the query lets through, and their bytes; an estimate when they are many."""
        async with self._database.connection() as conn:
            return await inventory.totals(conn, query)

    async def facet_counts(self, facet: Facet, query: InventoryQuery) -> list[FacetCount]:
        """Return the values of a facet, most files first, under the rest of the query."""
        async with self._database.connection() as conn:
            return await inventory.facet_counts(conn, facet, query)

    async def milestones(self, query: InventoryQuery, *, every: int = 1000) -> list[Cursor]:
        """Return the key of every so many rows: where to read from after a jump. Slow at a million rows."""
        async with self._database.connection() as conn:
            return await inventory.milestones(conn, query, every=every)

    async def file(self, id: FileId) -> Copy | None:
        """Return one file with its score by parts; None if the id is unknown."""
        async with self._database.connection() as conn:
            file = await media_file(conn, id)
        return Copy(file, score_of(file)) if file else None
