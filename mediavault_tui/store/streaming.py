"""What the sidecar must know: where a file's bytes are, how far a scan is, whether all is well."""

from __future__ import annotations

from mediavault_tui.domain.library import ScanPhase
from mediavault_tui.domain.model import FileId, FileState, ScanId
from mediavault_tui.domain.streaming import ScanMoment, ServedFile
from mediavault_tui.store.database import Connection
from mediavault_tui.store.rows import file_stamp
from mediavault_tui.store.sqlfiles import sql


async def served_file(conn: Connection, id: FileId) -> ServedFile | None:
    """Return where a file's bytes are, whatever its state; None if the id is unknown."""
    row = await conn.fetchrow(sql("served_file"), id)
    if row is None:
        return None
    return ServedFile(
        id=FileId(row["id"]),
        source=row["source"],
        raw_path=row["path_raw"],
        folder=row["folder"],
        state=FileState(row["state"]),
        stamp=file_stamp(row),
        container=row["container"],
    )


async def scan_moment(conn: Connection, id: ScanId) -> ScanMoment | None:
    """Return how far a scan is; None if the id is unknown."""
    row = await conn.fetchrow(sql("scan_moment"), id)
    return ScanMoment(ScanId(row["id"]), ScanPhase(row["phase"]), row["counts"]) if row else None


async def recent_roots(conn: Connection, *, scans: int = 20) -> list[bytes]:
    """Return the folders of the last scans, newest first."""
    return [row["root"] for row in await conn.fetch(sql("recent_roots"), scans)]


async def answers(conn: Connection) -> None:
    """Prove that the database answers. Raises: DatabaseError through `Database.connection`."""
    await conn.fetchval(sql("answers"))
