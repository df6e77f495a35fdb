"""What a running scan knows of itself: counts, errors, and how fast the present phase goes."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from mediavault_tui.domain.library import ScanCounts, ScanError, ScanPhase, ScanProgress
from mediavault_tui.domain.model import ScanId
from mediavault_tui.errors import SourceError, SourceOffline
from mediavault_tui.services.scanning.control import ScanControl

KEPT_ERRORS = 1000
"""Errors kept in words; beyond that they are counted only."""
_RATE_OVER = 10.0
"""Seconds over which the rate is taken."""


class Meter:
    """The state of one scan, written by its phases and read by whoever shows it.

    Threads may add to it: each number has one writer at a time.
    """

    def __init__(self, scan: ScanId, control: ScanControl) -> None:
        self.scan = scan
        self.control = control
        self.phase = ScanPhase.WALKING
        self.counts = ScanCounts()
        self.errors: list[ScanError] = []
        self.current = ""
        self.message = ""
        self.roots_failed = 0
        self._unreachable = False
        self._files = self._total_files = self._bytes = self._total_bytes = 0
        self._marks: list[tuple[float, int, int]] = []

    def begin(self, phase: ScanPhase, *, files: int = 0, bytes: int = 0) -> None:
        """Enter a phase that will handle so many files and bytes (0: not known)."""
        self.phase = phase
        self.current = ""
        self._files = self._bytes = 0
        self._total_files, self._total_bytes = files, bytes
        self._marks = [(self._now(), 0, 0)]

    def advance(self, *, files: int = 0, bytes: int = 0, current: str = "") -> None:
        """Note work of the present phase."""
        self._files += files
        self._bytes += bytes
        self.current = current or self.current

    def count(self, **more: int) -> None:
        """Add to the counts by name."""
        changes: dict[str, Any] = {name: getattr(self.counts, name) + n for name, n in more.items()}
        self.counts = replace(self.counts, **changes)

    def error(self, path: str, message: str) -> None:
        """Keep one readable error; the count stays exact beyond those kept."""
        self.count(errors=1)
        if len(self.errors) < KEPT_ERRORS:
            self.errors.append(ScanError(path, message))

    def unreachable(self, path: str, error: SourceError) -> None:
        """Keep the error of a file; where a whole server is away, once for all of its files."""
        if not isinstance(error, SourceOffline):
            self.error(path, str(error))
        elif not self._unreachable:
            self._unreachable = True
            self.error(path, f"{error}; what was not read is read by the next scan")

    def wire(self) -> tuple[int, int]:
        """Return the bytes that came over a network so far, and the most that may (0: no limit)."""
        return 0, 0

    def tally(self) -> ScanCounts:
        """Return the counts as they are written down and shown."""
        read = self.wire()[0]
        return replace(self.counts, bytes_wire=read) if read else self.counts

    def snapshot(self) -> ScanProgress:
        """Return this moment; rate and ETA come from the last ten seconds of this phase."""
        now = self._now()
        self._marks.append((now, self._files, self._bytes))
        while len(self._marks) > 2 and now - self._marks[1][0] > _RATE_OVER:
            del self._marks[0]
        since, files, bytes_ = self._marks[0]
        seconds = max(now - since, 1e-6)
        rate = (self._bytes - bytes_) / seconds
        running = self.phase not in (ScanPhase.DONE, ScanPhase.CANCELLED, ScanPhase.FAILED)
        return ScanProgress(
            scan=self.scan,
            phase=ScanPhase.PAUSED if running and self.control.paused else self.phase,
            counts=self.tally(),
            current=self.current,
            done_files=self._files,
            total_files=self._total_files,
            done_bytes=self._bytes,
            total_bytes=self._total_bytes,
            rate=rate,
            eta=self._eta(rate, (self._files - files) / seconds) if running else None,
            message=self.message,
            roots_failed=self.roots_failed,
            budget=self.wire()[1],
        )

    def _eta(self, bytes_a_second: float, files_a_second: float) -> float | None:
        if self._total_bytes and bytes_a_second > 0:
            return max(self._total_bytes - self._bytes, 0) / bytes_a_second
        if self._total_files and files_a_second > 0:
            return max(self._total_files - self._files, 0) / files_a_second
        return None

    def _now(self) -> float:
        return time.monotonic() - self.control.paused_for
