"""A file as it is served: where it is, what it was when it was scanned, what it is called."""

from __future__ import annotations

from dataclasses import dataclass

from mediavault_tui.domain.model import FileId, FileStamp, FileState


@dataclass(frozen=True, slots=True)
class ServedFile:
    """One file of the inventory, for a reader of its bytes.

    `folder`: the scanned root below which it must lie; a staged file's holding folder.
    `stamp` is what the scan saw: a file that differs is not the one that was asked for.
    """

    id: FileId
    source: str
    raw_path: bytes
    folder: bytes
    state: FileState
    stamp: FileStamp
    container: str | None

    @property
    def name(self) -> bytes:
        """The last part of its path."""
        return self.raw_path.rpartition(b"/")[2]
