"""What a library lacks, and what it has better elsewhere: missing episodes, better copies."""

from __future__ import annotations

from asyncpg import Record

from mediavault_tui.domain.lacks import BetterCopy, MissingEpisode
from mediavault_tui.domain.model import FileId, GroupId
from mediavault_tui.domain.verdict import Verdict
from mediavault_tui.store.database import Connection
from mediavault_tui.store.sqlfiles import sql

_BETTER = 1
"""Points from which a keeper is the better copy; equals are none."""

ROWS = {"episodes_missing": MissingEpisode, "copies_better": BetterCopy}


async def missing_episodes(
    conn: Connection, tmdb_id: int | None, *, limit: int, after: MissingEpisode | None = None
) -> list[MissingEpisode]:
    """Return the aired episodes that no file holds, of one show or of all, by show and number."""
    place = (after.title, after.tmdb_id, after.season, after.episode) if after else (None,) * 4
    rows = await conn.fetch(sql("episodes_missing"), tmdb_id, limit, *place)
    return [MissingEpisode(*row) for row in rows]


async def better_copies(conn: Connection, *, limit: int, after: BetterCopy | None = None) -> list[BetterCopy]:
    """Return the files of which a better copy lies elsewhere, most bytes to be won first."""
    place = (after.reclaimable, after.group, after.file) if after else (None,) * 3
    rows = await conn.fetch(sql("copies_better"), _BETTER, limit, *place)
    return [_better(row) for row in rows]


def _better(row: Record) -> BetterCopy:
    ids = {"group": GroupId(row["group"]), "file": FileId(row["file"]), "better": FileId(row["better"])}
    return BetterCopy(**{**dict(row), **ids, "verdict": Verdict(row["verdict"])})
