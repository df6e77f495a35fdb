"""Files that are open, or about to be, for several requests at once."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from dataclasses import dataclass, field

from mediavault_tui.domain.model import FileStamp
from mediavault_tui.sources.base import RangedReader


@dataclass(slots=True, eq=False)
class Held:
    """An open file that several requests share; it is closed a little after the last one."""

    holder: ExitStack
    reader: RangedReader
    stamp: FileStamp
    stale_at: float
    users: int = 0
    watched: bool = False
    """Whether somebody comes by to close it when it is used no more."""


@dataclass(slots=True, eq=False)
class Opening:
    """A file that is being opened, and how many wait for it: they are its users from its first moment.

    Were each counted when it is woken only, a machine that sleeps for a second in between would
    close the file under them.
    """

    waiting: int = 0
    task: asyncio.Task[Held] = field(init=False)
