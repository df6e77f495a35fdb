"""Find the groups of the inventory, decide them, and remember what a person said of them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

from mediavault_tui.domain.content import content_pair
from mediavault_tui.domain.judging import DecisionPolicy
from mediavault_tui.domain.library import (
    Comparison,
    Copy,
    GroupQuery,
    GroupSummary,
    GroupsWaiting,
    GroupTotals,
)
from mediavault_tui.domain.likeness import THRESHOLD, sorted_key
from mediavault_tui.domain.model import FileId, FileState, GroupId
from mediavault_tui.domain.quality import score_of
from mediavault_tui.errors import UsageError
from mediavault_tui.services.regroup import bundled, regroup
from mediavault_tui.services.rescore import rescore
from mediavault_tui.store import groups as store
from mediavault_tui.store.database import Connection, Database
from mediavault_tui.store.files import media_files

_BATCH = 4000
"""Files looked at together: some 15 MB of values."""

_ANY = GroupQuery()


@dataclass(frozen=True, slots=True)
class DedupeSummary:
    """What a rebuilding found: open groups, those that changed, and those that hold no longer."""

    groups: int
    changed: int
    gone: int
    files: int
    """Files that were looked at more closely, not all of the library."""


class Dedupe:
    """Groups of copies; every write is one transaction that tells the other programs."""

    def __init__(
        self, database: Database, policy: DecisionPolicy | None = None, *, threshold: int = THRESHOLD
    ) -> None:
        self._database = database
        self._policy = policy or DecisionPolicy()
        self._threshold = threshold

    async def refresh(self) -> DedupeSummary:
        """Find all groups anew; those found again keep their id, note and history.

        Only files that share a content, a title or an id with another are read; where the weights of the
        score have been changed, all that were probed are scored anew first.
        """
        async with self._database.transaction() as conn:
            await store.lock(conn)
            await rescore(conn, self._policy.quality)
            bundles = await store.exact_bundles(conn)
            bundles += await store.title_bundles(conn, await self._alike(conn))
            batches = bundled(bundles, at_most=_BATCH)
            holding, changed = await self._rebuild(conn, batches)
            gone = await store.gone(conn, holding)
            if changed or gone:
                await store.tell(conn)
        return DedupeSummary(len(holding), len(changed), len(gone), sum(map(len, batches)))

    async def groups(
        self, query: GroupQuery = _ANY, *, limit: int = 200, after: GroupSummary | None = None
    ) -> list[GroupSummary]:
        """Return a page of open groups, most reclaimable bytes first."""
        async with self._database.connection() as conn:
            return await store.open_groups(conn, query, limit=limit, after=after)

    async def group_totals(self, query: GroupQuery = _ANY) -> list[GroupTotals]:
        """Return how many open groups of each kind and verdict hold the query's words.

        Whatever kinds and verdicts the query asks for: who narrows wants to see what else there is.
        """
        async with self._database.connection() as conn:
            return await store.open_groups_totals(conn, query)

    async def waiting(self) -> GroupsWaiting:
        """Return how many groups wait for a decision, and how much they would free."""
        totals = await self.group_totals()
        return GroupsWaiting(sum(t.groups for t in totals), sum(t.reclaimable for t in totals))

    async def groups_below(self, paths: Sequence[bytes]) -> set[GroupId]:
        """Return the open groups with a member at or below one of these paths."""
        async with self._database.connection() as conn:
            return await store.groups_below(conn, paths)

    async def comparison(self, group: GroupId) -> Comparison:
        """Return a group with its copies, keeper first. Raises: UsageError for an unknown id."""
        async with self._database.connection() as conn:
            found = await _group(conn, group)
            decision = found.decision
            order = (decision.keeper, *(member.file for member in decision.members))
            files = await media_files(conn, order)
        copies = tuple(Copy(file, score_of(file, self._policy.quality)) for file in files)
        return Comparison(found.summary, copies, found.edges, decision)

    async def not_duplicate(self, group: GroupId, a: FileId, b: FileId, *, who: str) -> None:
        """Remember for ever, by content, that two members of a group are different works."""
        async with self._database.transaction() as conn:
            members = await self._members(conn, group)
            if a == b or not {a, b} <= set(members):
                raise UsageError(f"group {group} has no two such members: {a} and {b}")
            await self._set_apart(conn, group, members, [(a, b)], kind="not_duplicate", who=who)

    async def keep_both(self, group: GroupId, *, who: str) -> None:
        """Remember, by content, that every copy of a group is wanted."""
        async with self._database.transaction() as conn:
            members = await self._members(conn, group)
            await self._set_apart(
                conn, group, members, list(combinations(members, 2)), kind="keep_both", who=who
            )

    async def note(self, group: GroupId, text: str, *, who: str) -> None:
        """Write a note to a group, in place of the one before; `who` is shown with it."""
        signed = f"{text.strip()} ({who})" if text.strip() else ""
        async with self._database.transaction() as conn:
            if not await store.note(conn, group, signed):
                raise UsageError(f"There is no group {group}")
            await store.tell(conn)

    async def undo_last_decision(self, *, who: str) -> str | None:
        """Take back this person's last “not a duplicate” or “keep all”; None if there is none."""
        async with self._database.transaction() as conn:
            last = await store.last_decision(conn, who=who)
            if last is None:
                return None
            await store.forget(conn, last, who=who)
        summary = await self.refresh()
        said = "not a duplicate" if last.kind == "not_duplicate" else "keep all"
        back = "1 group is" if summary.changed == 1 else f"{summary.changed} groups are"
        return f"Undone: “{said}” of {last.decided_at:%Y-%m-%d %H:%M}; {back} open again"

    async def _alike(self, conn: Connection) -> list[tuple[store.TitleEntry, int]]:
        """Number the sets of titles that are alike though not equal."""
        entries = await store.title_entries(conn)
        return await asyncio.to_thread(alike_sets, entries, self._threshold)

    async def _members(self, conn: Connection, group: GroupId) -> list[FileId]:
        decision = (await _group(conn, group)).decision
        return sorted((decision.keeper, *(member.file for member in decision.members)))

    async def _set_apart(
        self,
        conn: Connection,
        group: GroupId,
        members: Sequence[FileId],
        pairs: Sequence[tuple[FileId, FileId]],
        *,
        kind: str,
        who: str,
    ) -> None:
        """Record the pairs, take the group off the list, and find its files' groups anew.

        Raises: UsageError for a copy in the holding folder: it could be purged although it is wanted.
        """
        await store.lock(conn)
        files = {file.id: file for file in await media_files(conn, members)}
        apart = [files[id] for pair in pairs for id in pair]
        if held := next((file for file in apart if file.state is FileState.STAGED), None):
            raise UsageError(f"{held.path} is in the holding folder: restore it first")
        if sum(file.state is FileState.PRESENT for file in files.values()) < 2:
            raise UsageError(
                f"only one copy of group {group} is in its place; if the other copy is in the holding folder:"
                " restore it first, else scan again"
            )
        await store.remember(conn, kind, [content_pair(files[a], files[b]) for a, b in pairs], who=who)
        if len(pairs) == len(members) * (len(members) - 1) // 2:
            await store.dismiss(conn, group)
        around = await _neighbourhood(conn, members)
        old = [known.id for known in await store.groups_among(conn, around)]
        holding, _ = await self._rebuild(conn, [around])
        await store.gone(conn, holding, among=old)
        await store.tell(conn)

    async def _rebuild(
        self, conn: Connection, batches: Iterable[Sequence[FileId]]
    ) -> tuple[set[GroupId], set[GroupId]]:
        """Write the groups of each batch; return the ids of all and of those that changed."""
        remembered = await store.decisions(conn)
        holding: set[GroupId] = set()
        changed: set[GroupId] = set()
        for batch in batches:
            files = await media_files(conn, batch)
            decided = await asyncio.to_thread(
                regroup, files, remembered, self._policy, threshold=self._threshold
            )
            await _keep_ids(conn, batch, decided)
            every, different = await store.put(conn, decided)
            holding |= every
            changed |= different
        return holding, changed


async def _group(conn: Connection, id: GroupId) -> store.StoredGroup:
    found = await store.group(conn, id)
    if found is None:
        raise UsageError(f"There is no group {id}")
    return found


async def _neighbourhood(conn: Connection, files: Sequence[FileId]) -> list[FileId]:
    """Return the files of all groups that hang together with these files."""
    around = set(files)
    while True:
        wider = around.union(*(known.members for known in await store.groups_among(conn, sorted(around))))
        if wider == around:
            return sorted(around)
        around = wider


async def _keep_ids(conn: Connection, batch: Sequence[FileId], decided: Sequence[store.Decided]) -> None:
    """Let an open group whose members changed go on as the new group most like it."""
    taken = set(await store.taken_keys(conn, decided))
    fresh = [each for each in decided if (each.group.proof, each.key) not in taken]
    keys = {(each.group.proof, each.key) for each in decided}
    renamed: list[tuple[GroupId, str]] = []
    for known in await store.groups_among(conn, batch) if fresh else ():
        if known.state != "open" or (known.proof, known.key) in keys:
            continue
        heirs = [each for each in fresh if each.group.proof is known.proof]
        heir = max(heirs, key=lambda each: len(known.members.intersection(each.group.members)), default=None)
        if heir is not None and len(known.members.intersection(heir.group.members)) > 1:
            renamed.append((known.id, heir.key))
            fresh.remove(heir)
    if renamed:
        await store.rekey(conn, renamed)


def alike_sets(entries: Sequence[store.TitleEntry], threshold: int) -> list[tuple[store.TitleEntry, int]]:
    """Join alike titles of agreeing years into numbered sets; films and episodes apart.

    Only chances: whether two files are one work is looked at file by file.
    """
    import numpy as np

    from mediavault_tui.domain.candidates import alike_pairs

    numbers: dict[tuple[str, int, bool], int] = {}
    members: list[list[int]] = []
    for place, entry in enumerate(entries):
        key = (sorted_key(entry.title_key), entry.year, entry.episodic)
        number = numbers.setdefault(key, len(numbers))
        if number == len(members):
            members.append([])
        members[number].append(place)
    pairs = alike_pairs(
        [key for key, _, _ in numbers],
        np.array([episodic for _, _, episodic in numbers], np.int64),
        np.array([year for _, year, _ in numbers], np.int64),
        threshold=threshold,
    )
    joined = bundled(
        [
            *([FileId(a), FileId(b)] for a, b in zip(pairs.left.tolist(), pairs.right.tolist(), strict=True)),
            *([FileId(number)] for number, places in enumerate(members) if len(places) > 1),
        ],
        at_most=1,
    )
    return [
        (entries[place], number)
        for number, together in enumerate(joined)
        for each in together
        for place in members[each]
    ]
