"""What the inventory pane and the command line read; nothing here changes anything."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

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
from mediavault_tui.domain.pathtext import display
from mediavault_tui.domain.quality import DEFAULT, QualityPolicy, score_of
from mediavault_tui.domain.search import fold
from mediavault_tui.domain.worldfacets import WORLD
from mediavault_tui.errors import UsageError
from mediavault_tui.store import inventory
from mediavault_tui.store.database import Database
from mediavault_tui.store.files import bytes_of, files_at, media_file

_TITLES = 300_000
"""Distinct titles kept for the nearest ones: some 60 MB at most, and half a second to search."""
_COUNTS = 200
"""Filters whose facets stay counted."""
_Filter = tuple[str, bool, frozenset[tuple[Facet, str]]]


class Library:
    """The inventory in windows."""

    def __init__(self, database: Database, quality: QualityPolicy = DEFAULT) -> None:
        self._database = database
        self._quality = quality
        self._titles: tuple[list[str], list[str]] | None = None
        self._counts: dict[_Filter, dict[Facet, list[FacetCount]]] = {}

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

    async def bytes_of(self, files: Sequence[FileId]) -> int:
        """Return how many bytes these files have together; unknown ones have none."""
        async with self._database.connection() as conn:
            return await bytes_of(conn, files)

    async def facets_about(self, query: InventoryQuery) -> dict[Facet, list[FacetCount]]:
        """Return quick estimates of every facet's counts where very many files fit; else nothing."""
        if self._counted(query):
            return {}
        async with self._database.connection() as conn:
            return await inventory.facets_about(conn, query)

    async def facet_counts(self, facet: Facet, query: InventoryQuery) -> list[FacetCount]:
        """Return the values of a facet, most files first, under the rest of the query.

        Kept until the library changes: no order changes them, and of a million files it takes a second.
        """
        known = self._counted(query)
        if facet not in known:
            async with self._database.connection() as conn:
                known[facet] = await inventory.facet_counts(conn, facet, query)
        return known[facet]

    async def world_counts(self, query: InventoryQuery) -> dict[Facet, list[FacetCount]]:
        """Return the values of every facet that titles give, under the rest of the query."""
        known = self._counted(query)
        if not all(facet in known for facet in WORLD):
            async with self._database.connection() as conn:
                known |= await inventory.world_counts(conn, query)
        return {facet: known[facet] for facet in WORLD}

    def _counted(self, query: InventoryQuery) -> dict[Facet, list[FacetCount]]:
        key = (query.text, query.inverse, frozenset(query.facets))
        if key not in self._counts and len(self._counts) >= _COUNTS:
            self._counts.clear()
        return self._counts.setdefault(key, {})

    async def milestones(self, query: InventoryQuery, *, every: int = 1000) -> list[Cursor]:
        """Return the key of every so many rows: where to read from after a jump. Slow at a million rows."""
        async with self._database.connection() as conn:
            return await inventory.milestones(conn, query, every=every)

    async def file(self, id: FileId) -> Copy | None:
        """Return one file with its score by parts; None if the id is unknown."""
        async with self._database.connection() as conn:
            file = await media_file(conn, id)
        return Copy(file, score_of(file, self._quality)) if file else None

    async def file_named(self, path: bytes) -> FileId:
        """Return the file of a located path. Raises: UsageError if there is not exactly one."""
        async with self._database.connection() as conn:
            found = await files_at(conn, path)
        if len(found) != 1:
            many = "more than once" if found else "not"
            raise UsageError(f"{display(path)} is {many} in the inventory")
        return found[0]

    async def nearest(self, text: str) -> list[str]:
        """Return the few titles most like `text`, best first; the search runs in a thread."""
        from mediavault_tui.domain.nearest import nearest  # rapidfuzz: the first rows do not wait for it

        if self._titles is None:
            async with self._database.connection() as conn:
                titles = await inventory.titles(conn, most=_TITLES)
            self._titles = titles, await asyncio.to_thread(lambda: [fold(title) for title in titles])
        titles, folded = self._titles
        return [titles[place] for place in await asyncio.to_thread(nearest, text, folded)]

    def forget(self) -> None:
        """Read titles and counts anew when they are next asked for: the library has changed."""
        self._titles = None
        self._counts = {}
