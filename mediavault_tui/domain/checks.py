"""What an examination says: of an installation, of a connection, of a program. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Check:
    """One line: what was looked at, whether it is well, what was found, and what to do where it is not.

    What does not concern this installation is not `used`, and is no fault.
    """

    what: str
    ok: bool
    said: str
    remedy: str = ""
    used: bool = True
