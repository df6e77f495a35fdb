"""The shares that were set up: rows of `nas_config`. Passwords pass through encrypted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from mediavault_tui.store.database import Connection
from mediavault_tui.store.sqlfiles import sql


@dataclass(frozen=True, slots=True)
class NasRow:
    """One share as it is stored."""

    id: int
    name: str
    host: str
    port: int
    share: str
    username: str
    password_encrypted: bytes | None = field(repr=False)
    scan_paths: Sequence[str]
    staging_path: str
    encrypt: bool
    enabled: bool


ROWS = {"nas_list": NasRow}


async def rows(conn: Connection) -> list[NasRow]:
    """Return every share, disabled ones too."""
    return [NasRow(**row) for row in await conn.fetch(sql("nas_list"))]


async def put(conn: Connection, row: NasRow) -> int:
    """Write a share (its id is given here) and enable it; without a password the old one stays."""
    return int(
        await conn.fetchval(
            sql("nas_put"),
            row.name,
            row.host,
            row.port,
            row.share,
            row.username,
            row.password_encrypted,
            list(row.scan_paths),
            row.staging_path,
            row.encrypt,
        )
    )


async def disable(conn: Connection, id: int) -> bool:
    """Disable a share and forget its password; False for an unknown id."""
    return await conn.fetchval(sql("nas_disable"), id) is not None
