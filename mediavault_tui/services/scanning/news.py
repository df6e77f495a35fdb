"""Telling whoever looks at the library that a scan has found more of it."""

from __future__ import annotations

import time

from mediavault_tui.domain.library import ScanCounts
from mediavault_tui.errors import DatabaseError
from mediavault_tui.store import scans
from mediavault_tui.store.database import Database

_FIRST = 1.0
_LONGEST = 30.0
"""Seconds between two notices: each is followed by twice the pause of the one before, for what is read
anew grows with what was found, and a scan is not to wait for those who watch it."""


class News:
    """The notices of one scan; what it told last is not told again."""

    def __init__(self, database: Database, counts: ScanCounts) -> None:
        """`counts` is what there is at the scan's beginning, and no news."""
        self._database = database
        self._told = counts
        self._pause = _FIRST
        self._due = time.monotonic() + _FIRST

    async def tell(self, counts: ScanCounts) -> None:
        """Say that there is more, if there is and it is time."""
        if counts == self._told or time.monotonic() < self._due:
            return
        self._told = counts
        self._pause = min(2 * self._pause, _LONGEST)
        try:
            async with self._database.connection() as conn:
                await scans.tell(conn)
        except DatabaseError:
            pass  # the scan itself says what is wrong, and the next notice tells this one's news
        self._due = time.monotonic() + self._pause
