"""The groups that files are staged from: what may go, which copy stays, and how sure the rules are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mediavault_tui.domain.model import FileId, GroupId
from mediavault_tui.domain.stage_terms import Standing
from mediavault_tui.domain.verdict import Proof, Verdict
from mediavault_tui.store.database import Connection
from mediavault_tui.store.sqlfiles import sql


@dataclass(frozen=True, slots=True)
class Pairing:
    """Why a file may be staged: the group, the copy to keep, and the words.

    `verdict` is the rules', None where another copy than theirs is kept.
    """

    file: FileId
    keeper: FileId
    group: GroupId
    proof: Proof
    verdict: Verdict | None
    reason: str


@dataclass(frozen=True, slots=True)
class StagingGroup:
    """A group as staging needs it: what is recommended, and who is in it."""

    id: GroupId
    state: str
    proof: Proof
    verdict: Verdict
    keeper: FileId
    sentence: str
    title: str
    members: tuple[FileId, ...]
    verdicts: Mapping[FileId, Verdict]
    """Of each but the one that is recommended."""
    present: frozenset[FileId]
    """Those of them that lie where the inventory has them."""


async def pairings(
    conn: Connection, files: Sequence[FileId], *, keepers: Sequence[FileId | None]
) -> dict[FileId, Pairing]:
    """Return for each file the open group in which it may be staged; exact before alike.

    `keepers`: for each who must be in that group too; None: the group's own recommendation. A file
    that has no such group, or is the copy to keep, is left out.
    """
    rows = await conn.fetch(sql("group_of_files"), list(files), list(keepers))
    return {
        FileId(row["file_id"]): Pairing(
            file=FileId(row["file_id"]),
            keeper=FileId(row["keeper_id"]),
            group=GroupId(row["group_id"]),
            proof=Proof(row["proof"]),
            verdict=Verdict(row["verdict"]) if row["verdict"] else None,
            reason="; ".join(row["reasons"]) or row["sentence"],
        )
        for row in rows
    }


async def staging_groups(conn: Connection, ids: Sequence[GroupId]) -> list[StagingGroup]:
    """Return groups with their members, in the order of `ids`; unknown ones are left out."""
    return [
        StagingGroup(
            id=GroupId(row["id"]),
            state=row["state"],
            proof=Proof(row["proof"]),
            verdict=Verdict(row["verdict"]),
            keeper=FileId(row["keeper_id"]),
            sentence=row["sentence"],
            title=row["title"],
            members=tuple(FileId(member) for member in row["members"]),
            verdicts={
                FileId(member): Verdict(verdict)
                for member, verdict in zip(row["members"], row["verdicts"], strict=True)
                if verdict
            },
            present=frozenset(FileId(member) for member in row["present"]),
        )
        for row in await conn.fetch(sql("groups_for_staging"), list(ids))
    ]


async def standings(
    conn: Connection, asked: Sequence[tuple[GroupId, FileId]]
) -> dict[tuple[GroupId, FileId], Standing]:
    """Return what the rules say now of files in their groups; what is in no open group is left out."""
    rows = await conn.fetch(
        sql("staging_standings"), [group for group, _ in asked], [file for _, file in asked]
    )
    return {
        (GroupId(row["group_id"]), FileId(row["file_id"])): Standing(
            FileId(row["keeper_id"]), Verdict(row["verdict"]) if row["verdict"] else None
        )
        for row in rows
    }


async def groups_of_verdicts(conn: Connection, verdicts: Sequence[Verdict]) -> list[GroupId]:
    """Return the open groups that a batch of these verdicts takes, most bytes first.

    Only certain and clear ones, whatever was asked for: no other may enter a batch.
    """
    rows = await conn.fetch(sql("groups_of_verdicts"), [verdict.value for verdict in verdicts])
    return [GroupId(row["id"]) for row in rows]
