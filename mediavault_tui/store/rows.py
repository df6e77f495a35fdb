"""Values that many queries return in the same columns."""

from __future__ import annotations

from asyncpg import Record

from mediavault_tui.domain.model import FileStamp


def file_stamp(row: Record) -> FileStamp:
    """Return what identifies a file's content, from the columns that `media_files` keeps it in."""
    return FileStamp(row["device"], row["inode"], row["size_bytes"], row["modified_ns"])
