r"""Rows in PostgreSQL's text form for COPY, made where the values are: in any process.

One row is one line of bytes: fields separated by tabs, `\N` for null, backslashes before
what would end a field. It goes through pipes between processes as it goes to the server.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_ESCAPED = re.compile(r"[\\\t\n\r\x08\f\v]")
_ESCAPES = str.maketrans(
    {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\b": "\\b", "\f": "\\f", "\v": "\\v"}
)
_IN_ARRAY = str.maketrans({"\\": "\\\\", '"': '\\"'})


def text(value: str | None) -> str:
    """Return a text as a field; NUL cannot be stored and a file name cannot hold it."""
    if value is None:
        return "\\N"
    return value.translate(_ESCAPES) if _ESCAPED.search(value) else value


def number(value: int | None) -> str:
    """Return a number as a field."""
    return "\\N" if value is None else str(value)


def raw(value: bytes | None) -> str:
    """Return bytes as a field of type bytea."""
    return "\\N" if value is None else "\\\\x" + value.hex()


def flag(value: bool) -> str:
    """Return a truth value as a field."""
    return "t" if value else "f"


def numbers(values: Iterable[int]) -> str:
    """Return an integer array as a field."""
    return "{" + ",".join(map(str, values)) + "}"


def texts(values: Iterable[str]) -> str:
    """Return a text array as a field."""
    quoted = ",".join(f'"{value.translate(_IN_ARRAY)}"' for value in values)
    return text("{" + quoted + "}")


def raws(values: Iterable[bytes]) -> str:
    """Return an array of bytes as a field."""
    return text("{" + ",".join(f'"\\\\x{value.hex()}"' for value in values) + "}")
