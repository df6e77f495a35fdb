"""A window of the day, perhaps across midnight: 23:00-06:00."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import time

_FORM = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)\s*[-–]\s*([01]?\d|2[0-3]):([0-5]\d)")


@dataclass(frozen=True, slots=True)
class Window:
    """From `begin` up to and without `end`, of the clock on the wall."""

    begin: time
    end: time

    @classmethod
    def read(cls, text: str) -> Window:
        """Read `23:00-06:00`. Raises: ValueError, also for a window of no length."""
        found = _FORM.fullmatch(text.strip())
        if found is None:
            raise ValueError(f"{text!r} is not of the form 23:00-06:00")
        hours = [int(number) for number in found.groups()]
        begin, end = time(hours[0], hours[1]), time(hours[2], hours[3])
        if begin == end:
            raise ValueError(f"{text!r} begins when it ends")
        return cls(begin, end)

    def open_at(self, now: time) -> bool:
        """Return whether `now` lies inside."""
        if self.begin < self.end:
            return self.begin <= now < self.end
        return now >= self.begin or now < self.end

    def __str__(self) -> str:
        return f"{self.begin:%H:%M}–{self.end:%H:%M}"
