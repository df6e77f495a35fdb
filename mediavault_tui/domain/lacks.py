"""What a library lacks, and what it has better elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from mediavault_tui.domain.model import FileId, GroupId
from mediavault_tui.domain.verdict import Verdict


@dataclass(frozen=True, slots=True)
class MissingEpisode:
    """An episode that aired and that no file holds."""

    title: str
    tmdb_id: int
    season: int
    episode: int
    name: str
    air_date: date | None


@dataclass(frozen=True, slots=True)
class BetterCopy:
    """A file of which a better copy lies in another folder or on another share.

    `gap`: points by which that one, the keeper of `group`, is ahead; `sentence`: what is recommended.
    """

    group: GroupId
    title: str
    reclaimable: int
    file: FileId
    path: str
    tier: str
    score: int
    better: FileId
    better_path: str
    better_tier: str
    better_score: int
    gap: int
    verdict: Verdict
    sentence: str
