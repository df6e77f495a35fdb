"""The gate before every request: so many in any so many seconds, over all processes.

What is behind it (PostgreSQL) is the caller's; this package knows only what it promises.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Allowance:
    """At most `requests` of `service` in any `window` seconds; None of them lives beyond `deadline`.

    `waits`: whether a request waits for its turn (TMDb) or is refused for today (OMDb).
    """

    service: str
    requests: int
    window: float
    deadline: float = 30.0
    waits: bool = True


TMDB = Allowance("tmdb", 40, 10.0)
"""40 requests in any ten seconds: about what TMDb allows one address."""

OMDB = Allowance("omdb", 1000, 86_400.0, waits=False)
"""1,000 requests in any 24 hours, which no way of counting days can exceed."""


class Gate(Protocol):
    """Admits requests, and learns how they ended."""

    async def admit(self, allowance: Allowance, what: str) -> int:
        """Wait for a turn; return its number. Raises: BudgetSpent where nothing waits."""
        ...

    async def leave(self, turn: int, status: int) -> None:
        """The request is over (status 0: no answer came); from now on its window runs out."""
        ...

    async def pause(self, allowance: Allowance, seconds: float) -> None:
        """Admit nobody, in any process, for so long: the service said so."""
        ...
