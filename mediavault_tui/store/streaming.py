"""What the sidecar must know of a file to serve its bytes."""

from __future__ import annotations

from mediavault_tui.domain.model import FileId, FileStamp, FileState
from mediavault_tui.domain.streaming import ServedFile
from mediavault_tui.store.database import Connection
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
        stamp=FileStamp(row["device"], row["inode"], row["size_bytes"], row["modified_ns"]),
        container=row["container"],
    )
