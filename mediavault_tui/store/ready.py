"""Ready questions, and what else is told of a file or a group when it is explained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from mediavault_tui.domain.model import FileId, GroupId
from mediavault_tui.domain.verdict import Loss, Proof, Verdict
from mediavault_tui.store.database import Connection
from mediavault_tui.store.sqlfiles import sql

READY: Mapping[str, str] = MappingProxyType(
    {
        "stats": "What is in the library?",
        "storage_folder": "Which folders take the most room?",
        "storage_tier": "How much is 4K, 1080p, 720p …?",
        "storage_video_codec": "How much does each codec take?",
        "storage_decade": "How many files of each decade?",
        "largest": "Which files are the largest?",
        "sure": "Which duplicates are certain or clear?",
        "review": "Which duplicates must I look at myself?",
        "worst": "Which films are of the lowest quality?",
        "broken": "Which files are broken?",
        "foreign": "What has neither sound nor subtitles in your languages?",
        "newest": "What is new?",
        "holding": "What waits in the holding folder?",
    }
)
"""Questions that need no language model: the name of each and its words."""


def ready(name: str, *, languages: Sequence[str]) -> str:
    """Return the statement of a ready question for a user of these languages; KeyError if there is none.

    It is shown, and asked without arguments, so that what it asks for stands in it.
    """
    wanted = ", ".join("'" + language.replace("'", "''") + "'" for language in languages)
    return sql(f"ready_{name}").replace("$1", f"array[{wanted}]")


@dataclass(frozen=True, slots=True)
class Deed:
    """Something that was done with a file."""

    kind: str
    state: str
    source_path: str
    destination: str | None
    reason: str
    intended_at: datetime


@dataclass(frozen=True, slots=True)
class Membership:
    """What the rules say of a file in one of its open groups; no verdict where it is the copy to keep."""

    group: GroupId
    proof: Proof
    keeper: FileId
    verdict: Verdict | None
    reasons: tuple[str, ...]
    losses: tuple[Loss, ...]
    sentence: str


ROWS = {"asked_history_of": Deed}


async def groups_of(conn: Connection, file: FileId) -> list[GroupId]:
    """Return the open groups that a file is in, strongest proof first."""
    return [GroupId(row["id"]) for row in await conn.fetch(sql("asked_groups_of"), file)]


async def memberships(conn: Connection, files: Sequence[FileId]) -> dict[FileId, list[Membership]]:
    """Return the open groups of each of these files, strongest proof first; files in none are left out."""
    found: dict[FileId, list[Membership]] = {}
    for row in await conn.fetch(sql("asked_memberships"), list(files)):
        found.setdefault(FileId(row["file_id"]), []).append(
            Membership(
                group=GroupId(row["group_id"]),
                proof=Proof(row["proof"]),
                keeper=FileId(row["keeper_id"]),
                verdict=Verdict(row["verdict"]) if row["verdict"] else None,
                reasons=tuple(row["reasons"]),
                losses=tuple(Loss(what, value) for what, value in row["losses"] or ()),
                sentence=row["sentence"],
            )
        )
    return found


async def history_of(conn: Connection, file: FileId) -> list[Deed]:
    """Return what was done with a file, newest first."""
    return [Deed(**row) for row in await conn.fetch(sql("asked_history_of"), file)]
