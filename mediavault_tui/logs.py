"""Lines of a log that nothing from outside can forge: names of files hold newlines and escape sequences."""

from __future__ import annotations

import logging
from types import TracebackType
from typing import TypeAlias

from mediavault_tui.domain.pathtext import harmless

_Raised: TypeAlias = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class OneLine(logging.Formatter):
    """Writes each record on one line of visible characters, and a traceback indented below it."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        """Return the line."""
        return harmless(super().formatMessage(record))

    def formatException(self, ei: _Raised) -> str:
        """Return the traceback; its lines cannot be taken for records."""
        return indented(super().formatException(ei))

    def formatStack(self, stack_info: str) -> str:
        """Return the stack in the same way."""
        return indented(super().formatStack(stack_info))


def to_stderr(level: int) -> None:
    """Write what this process has to say from `level` on to standard error."""
    handler = logging.StreamHandler()
    handler.setFormatter(OneLine("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(handlers=[handler], level=level)


def indented(text: str) -> str:
    """Return lines with nothing in them that a terminal would obey, two spaces before each."""
    return "\n".join([f"  {harmless(line)}" for line in text.split("\n")])
