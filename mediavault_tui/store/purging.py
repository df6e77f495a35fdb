"""From when staged files may be purged; the database's clock says whether that is now."""

from __future__ import annotations

from collections.abc import Sequence

from mediavault_tui.domain.library import StagedState
from mediavault_tui.domain.model import StagedId
from mediavault_tui.domain.purging import Due
from mediavault_tui.store.database import Connection
from mediavault_tui.store.sqlfiles import sql


async def due(
    conn: Connection, states: Sequence[StagedState], *, days: int, only: Sequence[StagedId] | None
) -> tuple[Due, ...]:
    """Return the files (of `only`) in one of `states`, the oldest first; each is held for `days`."""
    names = [state.value for state in states]
    rows = await conn.fetch(sql("staged_due"), days, None if only is None else list(only), names)
    return tuple(Due(StagedId(row["id"]), row["original"], row["due_at"], row["due"]) for row in rows)
