"""Values that many queries take or return in the same columns."""

from __future__ import annotations

from asyncpg import Record

from mediavault_tui.domain.model import FileStamp
from mediavault_tui.domain.pathtext import display


def file_stamp(row: Record) -> FileStamp:
    """Return what identifies a file's content, from the columns that `media_files` keeps it in."""
    return FileStamp(row["device"], row["inode"], row["size_bytes"], row["modified_ns"])


def path_text(raw: bytes) -> str:
    """Return the text of a path as a column takes it: PostgreSQL cannot hold NUL, and no path has one."""
    return display(raw).replace("\x00", "")
