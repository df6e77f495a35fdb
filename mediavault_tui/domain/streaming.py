"""What the sidecar serves: a file as it was scanned, a scan as it goes on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mediavault_tui.domain.library import ScanPhase
from mediavault_tui.domain.model import FileId, FileStamp, FileState, ScanId


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


@dataclass(frozen=True, slots=True)
class ScanMoment:
    """How far a scan is, as its last checkpoint says; `counts` as in `library.ScanCounts`."""

    id: ScanId
    phase: ScanPhase
    counts: Mapping[str, int]
