"""OMDb's daily batch: IMDb's ratings for the titles of the library, the most wanted first.

Each answer is kept at once, so a batch that stops, for whatever reason, goes on where it was.
"""

from __future__ import annotations

from dataclasses import dataclass

from mediavault_tui.errors import BudgetSpent
from mediavault_tui.metadata import omdb
from mediavault_tui.metadata.edge import Edge
from mediavault_tui.services.titles.metadata import Metadata
from mediavault_tui.store import metadata as store
from mediavault_tui.store import requests
from mediavault_tui.store.database import Database

FRESH_DAYS = 90
"""Days after which a rating is asked for anew."""


@dataclass(frozen=True, slots=True)
class BatchResult:
    """What a batch did; `stopped` is a sentence where the day's requests ended it."""

    asked: int
    unknown: int
    left: int
    stopped: str = ""


class RatingsBatch:
    """Works off what OMDb was not asked for yet."""

    def __init__(self, database: Database, edge: Edge, titles: Metadata) -> None:
        self._database = database
        self._edge = edge
        self._titles = titles

    async def run(self, *, budget: int) -> BatchResult:
        """Ask for at most `budget` titles. Raises: MetadataError if OMDb stays away.

        While another process is at it nothing is asked: both would ask the same.
        """
        async with self._database.connection() as conn, requests.only_batch(conn) as mine:
            if not mine:
                left = await store.omdb_left(conn, days=FRESH_DAYS)
                return BatchResult(0, 0, left, "Another process is asking OMDb just now; it goes on")
            return await self._run(budget)

    async def _run(self, budget: int) -> BatchResult:
        # An IMDb id is part of a title's details, which a search does not bring.
        await self._titles.fetch_details(limit=budget)
        async with self._database.connection() as conn:
            wanted = await store.omdb_wanted(conn, limit=budget, days=FRESH_DAYS)
        asked = unknown = 0
        stopped = ""
        for imdb_id in wanted:
            try:
                found = await omdb.ratings(self._edge, imdb_id)
            except BudgetSpent as error:
                stopped = str(error)
                break
            async with self._database.connection() as conn:
                await store.put_ratings(conn, found)
            asked += 1
            unknown += not found.known
        async with self._database.connection() as conn:
            left = await store.omdb_left(conn, days=FRESH_DAYS)
        return BatchResult(asked, unknown, left, stopped)
