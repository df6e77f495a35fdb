"""Groups of copies, their members, and what a person decided about them.

Functions take the connection first; whatever belongs together belongs into the caller's
transaction. Long, because it has one short function for each query.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from asyncpg import Record

from mediavault_tui.domain.library import GroupQuery, GroupSummary, GroupTotals
from mediavault_tui.domain.model import FileId, GroupId
from mediavault_tui.domain.paths import place as placed
from mediavault_tui.domain.verdict import Decision, Edge, Group, Loss, MemberVerdict, Proof, Verdict
from mediavault_tui.store.database import Connection
from mediavault_tui.store.sqlfiles import sql

_LONG_KEY = 1000
"""Characters of a key beyond which its hash stands for it: an index row holds 2,700 bytes."""


@dataclass(frozen=True, slots=True)
class TitleEntry:
    """A title that present files have, with one of its years (0: unknown)."""

    title_key: str
    year: int
    episodic: bool


@dataclass(frozen=True, slots=True)
class Decided:
    """A group with its decision, as it is written; `scores` follow keeper and members."""

    group: Group
    decision: Decision
    reclaimable: int
    scores: tuple[int, ...]

    @property
    def key(self) -> str:
        """What the same files found again are known by."""
        members = ",".join(str(id) for id in sorted(self.group.members))
        if len(members) <= _LONG_KEY:
            return members
        return hashlib.blake2b(members.encode(), digest_size=20).hexdigest()


@dataclass(frozen=True, slots=True)
class Known:
    """A group that is in the database already."""

    id: GroupId
    proof: Proof
    key: str
    state: str
    members: frozenset[FileId]


@dataclass(frozen=True, slots=True)
class StoredGroup:
    """One group as it was decided; members that are not present any more are left out."""

    summary: GroupSummary
    state: str
    edges: tuple[Edge, ...]
    decision: Decision


@dataclass(frozen=True, slots=True)
class LastDecision:
    """A person's latest decision that stands."""

    kind: str
    decided_at: datetime


ROWS = {"title_entries": TitleEntry, "open_groups": GroupSummary, "decision_last": LastDecision}


async def lock(conn: Connection) -> None:
    """Wait until nobody else rebuilds groups; held to the end of the transaction."""
    await conn.execute(sql("groups_lock"))


async def tell(conn: Connection) -> None:
    """Notify, when the transaction commits, that groups changed."""
    await conn.execute(sql("groups_changed"))


async def exact_bundles(conn: Connection) -> list[list[FileId]]:
    """Return the present files of equal content, by content."""
    return [row["ids"] for row in await conn.fetch(sql("exact_bundles"))]


async def title_entries(conn: Connection) -> list[TitleEntry]:
    """Return every title of the present files, once for each of its years."""
    return [TitleEntry(*row) for row in await conn.fetch(sql("title_entries"))]


async def title_bundles(conn: Connection, alike: Sequence[tuple[TitleEntry, int]]) -> list[list[FileId]]:
    """Return sets of files that may be one title or parts of one; `alike` numbers sets of alike titles."""
    rows = await conn.fetch(
        sql("title_bundles"),
        [entry.title_key for entry, _ in alike],
        [entry.year for entry, _ in alike],
        [entry.episodic for entry, _ in alike],
        [number for _, number in alike],
    )
    return [row["ids"] for row in rows]


async def groups_among(conn: Connection, files: Sequence[FileId]) -> list[Known]:
    """Return the groups, in any state but gone, that some of `files` are in."""
    return [
        Known(GroupId(row["id"]), Proof(row["proof"]), row["key"], row["state"], frozenset(row["members"]))
        for row in await conn.fetch(sql("groups_among"), files)
    ]


async def rekey(conn: Connection, groups: Sequence[tuple[GroupId, str]]) -> None:
    """Let groups whose members changed be known by their new key; the key must be free."""
    await conn.execute(sql("groups_rekey"), [id for id, _ in groups], [key for _, key in groups])


async def taken_keys(conn: Connection, decided: Sequence[Decided]) -> dict[tuple[Proof, str], GroupId]:
    """Return which of these groups' keys are in the database, in whatever state."""
    rows = await conn.fetch(
        sql("group_keys"), [str(each.group.proof) for each in decided], [each.key for each in decided]
    )
    return {(Proof(row["proof"]), row["key"]): GroupId(row["id"]) for row in rows}


async def put(conn: Connection, decided: Sequence[Decided]) -> tuple[set[GroupId], set[GroupId]]:
    """Write groups and their members; return the ids of all and of those that changed."""
    changed = {GroupId(row["id"]) for row in await conn.fetch(sql("groups_put"), *_group_columns(decided))}
    ids = await taken_keys(conn, decided)
    rows = [(ids[each.group.proof, each.key], *member) for each in decided for member in _members(each)]
    columns = [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(8)]
    changed |= {GroupId(row["group_id"]) for row in await conn.fetch(sql("members_put"), *columns)}
    every = set(ids.values())
    dropped = await conn.fetch(sql("members_drop"), list(every), columns[0], columns[1])
    return every, changed | {GroupId(row["group_id"]) for row in dropped}


async def gone(
    conn: Connection, holding: set[GroupId], *, among: Sequence[GroupId] | None = None
) -> set[GroupId]:
    """Mark the open groups (all, or those of `among`) that do not hold any more; return their ids."""
    rows = await conn.fetch(sql("groups_gone"), list(holding), among)
    return {GroupId(row["id"]) for row in rows}


async def open_groups(
    conn: Connection, query: GroupQuery, *, limit: int, after: GroupSummary | None = None
) -> list[GroupSummary]:
    """Return the next page of open groups, most reclaimable bytes first."""
    rows = await conn.fetch(
        sql("open_groups"),
        limit,
        after.reclaimable if after else None,
        after.id if after else None,
        query.text.lower().split(),
        [str(proof) for proof in query.proofs],
        [str(verdict) for verdict in query.verdicts],
        query.inverse,
    )
    return [_summary(row) for row in rows]


async def open_groups_totals(conn: Connection, query: GroupQuery) -> list[GroupTotals]:
    """Return the open groups that the words let through, counted by kind and verdict."""
    rows = await conn.fetch(sql("open_groups_totals"), query.text.lower().split(), query.inverse)
    return [
        GroupTotals(Proof(row["proof"]), Verdict(row["verdict"]), row["groups"], row["reclaimable"])
        for row in rows
    ]


async def groups_below(conn: Connection, paths: Sequence[bytes]) -> set[GroupId]:
    """Return the open groups that have a member at or below one of these located paths."""
    located = [placed(path) for path in paths]
    inside = [path.rstrip(b"/") for _, path in located]
    rows = await conn.fetch(sql("groups_below"), [source for source, _ in located], inside)
    return {GroupId(row["group_id"]) for row in rows}


async def group(conn: Connection, id: GroupId) -> StoredGroup | None:
    """Return one group, whatever its state; None if the id is unknown."""
    row = await conn.fetchrow(sql("group_by_id"), id)
    if row is None:
        return None
    members = tuple(
        MemberVerdict(
            FileId(member["file_id"]),
            Verdict(member["verdict"]),
            tuple(member["reasons"]),
            tuple(Loss(what, value) for what, value in member["losses"]),
            member["gap"],
        )
        for member in await conn.fetch(sql("group_members"), id)
        if member["verdict"] is not None
    )
    decision = Decision(
        FileId(row["keeper_id"]),
        Verdict(row["verdict"]),
        row["rule"],
        row["sentence"],
        members,
        row["tie_break"],
    )
    edges = tuple(
        Edge(FileId(a), FileId(b), Proof(proof), strength, reason)
        for a, b, proof, strength, reason in row["edges"]
    )
    return StoredGroup(_summary(row), row["state"], edges, decision)


async def dismiss(conn: Connection, id: GroupId) -> bool:
    """Take a group off the list because a person said so; False if there is no such group."""
    return await conn.fetchval(sql("group_dismiss"), id) is not None


async def note(conn: Connection, id: GroupId, text: str) -> bool:
    """Write a note to a group; False if there is no such group."""
    return await conn.fetchval(sql("group_note"), id, text) is not None


async def decisions(conn: Connection) -> list[tuple[bytes, bytes]]:
    """Return the pairs of contents that are never to be shown as duplicates."""
    return [(row["content_a"], row["content_b"]) for row in await conn.fetch(sql("decisions_live"))]


async def remember(conn: Connection, kind: str, pairs: Sequence[tuple[bytes, bytes]], *, who: str) -> None:
    """Record a decision about pairs of contents, the smaller of each first."""
    await conn.execute(sql("decisions_put"), kind, [a for a, _ in pairs], [b for _, b in pairs], who)


async def last_decision(conn: Connection, *, who: str) -> LastDecision | None:
    """Return a person's latest decision that stands."""
    row = await conn.fetchrow(sql("decision_last"), who)
    return LastDecision(*row) if row else None


async def forget(conn: Connection, decision: LastDecision, *, who: str) -> None:
    """Take back all pairs of one decision."""
    await conn.execute(sql("decision_undo"), who, decision.kind, decision.decided_at)


def _summary(row: Record) -> GroupSummary:
    return GroupSummary(
        id=GroupId(row["id"]),
        proof=Proof(row["proof"]),
        title=row["title"],
        files=row["files"],
        reclaimable=row["reclaimable"],
        verdict=Verdict(row["verdict"]),
        sentence=row["sentence"],
        note=row["note"],
    )


def _group_columns(decided: Sequence[Decided]) -> tuple[list[Any], ...]:
    """The parameters of `groups_put`; only edges that touch the keeper are kept: n of n²."""
    return (
        [str(each.group.proof) for each in decided],
        [each.key for each in decided],
        [each.group.title for each in decided],
        [str(each.decision.verdict) for each in decided],
        [each.decision.rule for each in decided],
        [each.decision.sentence for each in decided],
        [each.decision.tie_break for each in decided],
        [each.decision.keeper for each in decided],
        [each.reclaimable for each in decided],
        [
            json.dumps(
                [
                    (edge.a, edge.b, edge.proof, edge.strength, edge.reason)
                    for edge in each.group.edges
                    if each.decision.keeper in (edge.a, edge.b)
                ]
            )
            for each in decided
        ],
    )


def _members(each: Decided) -> list[tuple[Any, ...]]:
    """The rows of `members_put` without their group: the keeper first, then as decided."""
    decision = each.decision
    rows: list[tuple[Any, ...]] = [(decision.keeper, 0, None, "[]", "[]", 0, each.scores[0])]
    for place, (member, score) in enumerate(zip(decision.members, each.scores[1:], strict=True), 1):
        reasons = json.dumps(member.reasons)
        losses = json.dumps([(loss.what, loss.value) for loss in member.losses])
        rows.append((member.file, place, str(member.verdict), reasons, losses, member.gap, score))
    return rows
