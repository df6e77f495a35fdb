"""Scores that follow the weights: where a person has changed them, every probed file is scored anew."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from mediavault_tui.domain.model import FileId, MediaInfo
from mediavault_tui.domain.quality import QualityPolicy, score, weights_of
from mediavault_tui.store import files as store
from mediavault_tui.store.database import Connection

_LOT = 2000
"""Files scored and written together: some 10 MB of values."""


async def rescore(conn: Connection, policy: QualityPolicy) -> int:
    """Score the inventory by a policy's weights unless it was scored by them; return how many scores changed.

    Call it in a transaction: half an inventory scored otherwise than the rest would sort wrongly.
    """
    weights = ",".join(weights_of(policy))
    if await store.scored_by(conn) == weights:
        return 0
    changed = 0
    last = FileId(0)
    while lot := await store.probed(conn, after=last, limit=_LOT):
        last = lot[-1][0]
        scores = await asyncio.to_thread(_scores, lot, policy)
        changed += await store.set_scores(conn, [id for id, _ in lot], scores)
    await store.set_scored_by(conn, weights)
    return changed


def _scores(lot: Sequence[tuple[FileId, MediaInfo]], policy: QualityPolicy) -> list[int]:
    return [score(info, policy).total for _, info in lot]
