"""Which act of a person is the newest that can be taken back."""

from __future__ import annotations

from enum import StrEnum

from mediavault_tui.store.database import Connection
from mediavault_tui.store.sqlfiles import sql


class Newest(StrEnum):
    """The kinds of acts, each of which its own service takes back."""

    FILES = "files"
    DECISION = "decision"
    CHOICE = "choice"


async def newest(conn: Connection, who: str) -> Newest | None:
    """Return the kind of a person's newest act that still has an effect."""
    files = await conn.fetch(sql("last_act"), who)
    kinds = {
        Newest.FILES: max((row["at"] for row in files), default=None),
        Newest.DECISION: await conn.fetchval(sql("decision_last_at"), who),
        Newest.CHOICE: await conn.fetchval(sql("choice_last_at"), who),
    }
    done = {kind: at for kind, at in kinds.items() if at is not None}
    return max(done, key=lambda kind: done[kind], default=None)
