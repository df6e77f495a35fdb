"""Decide every group twice, by the rules as they are and by others, and write nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from mediavault_tui.domain.judging import DecisionPolicy
from mediavault_tui.domain.model import FileId, MediaFile
from mediavault_tui.domain.quality import weighted
from mediavault_tui.domain.rehearsal import Outcome, Rehearsal, rehearsal
from mediavault_tui.services.dedupe import alike_sets
from mediavault_tui.services.regroup import bundled, regroup
from mediavault_tui.settings import Settings
from mediavault_tui.store import groups as store
from mediavault_tui.store.database import Connection, Database
from mediavault_tui.store.files import media_files

_BATCH = 4000
"""Files looked at together: some 15 MB of values."""


def policy_of(settings: Settings) -> DecisionPolicy:
    """Return the rules that the user's languages, thresholds and weights make."""
    return DecisionPolicy(
        quality=weighted(settings.weights),
        languages=settings.languages,
        review_threshold=settings.review_threshold,
        clear_threshold=settings.clear_threshold,
    )


async def rehearse(database: Database, before: Settings, after: Settings) -> Rehearsal:
    """Return what `after` decides otherwise than `before`, over the files as they are known now.

    Groups that a person has dealt with are left out: no rule changes them any more.
    """
    was: list[Outcome] = []
    would: list[Outcome] = []
    async with database.connection() as conn:
        remembered = await store.decisions(conn)
        for batch in await _batches(conn, before, after):
            files = {file.id: file for file in await media_files(conn, batch)}
            known = await store.groups_among(conn, batch)
            settled = {(each.proof, each.key) for each in known if each.state != "open"}
            for settings, outcomes in ((before, was), (after, would)):
                decided = await asyncio.to_thread(
                    regroup,
                    files.values(),
                    remembered,
                    policy_of(settings),
                    threshold=settings.fuzzy_match_threshold,
                )
                open_ones = [each for each in decided if (each.group.proof, each.key) not in settled]
                outcomes += [_outcome(each, files) for each in open_ones]
    return rehearsal(was, would)


async def _batches(conn: Connection, before: Settings, after: Settings) -> Sequence[Sequence[FileId]]:
    """Return the files that belong together by the looser of the two likenesses."""
    threshold = min(before.fuzzy_match_threshold, after.fuzzy_match_threshold)
    alike = await asyncio.to_thread(alike_sets, await store.title_entries(conn), threshold)
    bundles = await store.exact_bundles(conn) + await store.title_bundles(conn, alike)
    return bundled(bundles, at_most=_BATCH)


def _outcome(each: store.Decided, files: Mapping[FileId, MediaFile]) -> Outcome:
    decision = each.decision
    return Outcome(
        each.group.proof,
        frozenset(each.group.members),
        each.group.title,
        decision.keeper,
        files[decision.keeper].path,
        decision.verdict,
        decision.sentence,
        each.reclaimable,
    )
