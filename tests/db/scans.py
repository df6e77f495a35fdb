"""What the tests of scanning share: small trees, and scans run to their end."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from mediavault_tui.domain.library import ScanProgress
from mediavault_tui.services.scanning.control import ScanControl
from mediavault_tui.services.scanning.scan import Scanner
from mediavault_tui.sources.base import RangedReader
from mediavault_tui.sources.local.source import LocalSource
from mediavault_tui.store.database import Connection, Database


def write(path: Path, content: bytes = b"a film") -> Path:
    """Make a file and its folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


class CountingSource(LocalSource):
    """A local source that keeps the names of what was opened."""

    def __init__(self) -> None:
        self.opened: list[bytes] = []
        self.on_open: Callable[[bytes], None] = lambda _path: None

    def open(self, path: bytes) -> AbstractContextManager[RangedReader]:  # type: ignore[override]
        self.opened.append(path)
        self.on_open(path)
        return super().open(path)


async def scan(
    database: Database,
    *roots: Path,
    source: LocalSource | None = None,
    control: ScanControl | None = None,
    everything: bool = False,
    staging_path: Path | None = None,
    protected: Sequence[Path] = (),
    excluded: Sequence[Path] = (),
    excluded_names: Sequence[str] = (),
    readers: int = 2,
) -> ScanProgress:
    """Scan without probing and return the last word."""
    scanner = Scanner(
        database,
        source or LocalSource(),
        None,
        readers=readers,
        staging_path=staging_path,
        protected=protected,
        excluded=excluded,
        excluded_names=excluded_names,
    )
    last: ScanProgress | None = None
    async for progress in scanner.scan(roots, control=control, everything=everything):
        last = progress
    assert last is not None
    return last


async def states(conn: Connection) -> dict[str, str]:
    """Return the state of each file by its name."""
    rows = await conn.fetch("select path, state from media_files")
    return {os.path.basename(row["path"]): row["state"] for row in rows}
