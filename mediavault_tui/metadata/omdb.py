"""OMDb: IMDb's ratings by IMDb id. Its answers are strings, and "N/A" is nothing.

OMDb says 200 with `{"Response": "False", "Error": …}` for an unknown id, and 401 for a
wrong key or a day's limit that is used up. Source: omdbapi.com.
"""

from __future__ import annotations

import re
from typing import Any

from mediavault_tui.domain.world import Ratings
from mediavault_tui.errors import BudgetSpent, ServiceRefused
from mediavault_tui.metadata.edge import Edge

_LIMIT = re.compile(r"limit", re.IGNORECASE)


async def ratings(edge: Edge, imdb_id: str) -> Ratings:
    """Ask for one title. Raises: BudgetSpent when OMDb itself says that the day is over."""
    try:
        answer = await edge.get("", {"i": imdb_id, "plot": "short", "r": "json"})
    except ServiceRefused as error:
        if _LIMIT.search(str(error)):
            raise BudgetSpent("OMDb says that today's requests are used up; go on tomorrow") from error
        raise
    return read(imdb_id, answer.body)


def read(imdb_id: str, body: Any) -> Ratings:
    """Return what an answer says; an unknown id is an answer too."""
    if not isinstance(body, dict):
        raise ServiceRefused("OMDb's answer is none")
    if body.get("Response") != "True":
        if _LIMIT.search(str(body.get("Error"))):
            raise BudgetSpent("OMDb says that today's requests are used up; go on tomorrow")
        return Ratings(imdb_id, known=False)
    rating = _number(body.get("imdbRating"))
    return Ratings(
        imdb_id=imdb_id,
        title=str(body.get("Title") or ""),
        year=_whole(body.get("Year")),
        runtime=60 * (_whole(body.get("Runtime")) or 0),
        rating=rating if rating is not None and 0 <= rating <= 10 else None,
        votes=_whole(body.get("imdbVotes")),
        metascore=_whole(body.get("Metascore")),
        awards="" if body.get("Awards") in (None, "N/A") else str(body["Awards"]),
    )


def _whole(text: Any) -> int | None:
    """Read "1999", "1999–2003", "136 min", "2,103,456"."""
    found = re.match(r"\d[\d,]*", str(text or ""))
    return int(found[0].replace(",", "")) if found else None


def _number(text: Any) -> float | None:
    try:
        return float(str(text))
    except ValueError:
        return None
