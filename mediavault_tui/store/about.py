"""What the database says of itself."""

from __future__ import annotations

from dataclasses import dataclass

from mediavault_tui.errors import DatabaseError
from mediavault_tui.store.database import Connection
from mediavault_tui.store.sqlfiles import sql


@dataclass(frozen=True, slots=True)
class About:
    """The server's version, pgvector's (None: it has none), and the database's size in bytes."""

    server: str
    vector: str | None
    bytes: int


ROWS = {"database_about": About}


async def about(conn: Connection) -> About:
    """Ask the server who it is."""
    row = await conn.fetchrow(sql("database_about"))
    if row is None:
        raise DatabaseError("The database does not say what it is")
    return About(*row)
