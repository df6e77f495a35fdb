"""What the library answers when it is asked: rows, charts of them, and what is told of the schema.

Values only. A cell is what JSON can hold; sizes stay bytes, times ISO 8601 text.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from mediavault_tui.domain.model import FileId, GroupId

Cell: TypeAlias = Any
"""Text, a number, a truth value, None, or a list of them."""

MOST_ROWS = 1000
MOST_BYTES = 1_000_000

_MOST_BARS = 14
_FILE_COLUMNS = ("file_id", "keeper_id")


@dataclass(frozen=True, slots=True)
class Rows:
    """The answer to one statement. `cut` is a sentence where there was more than is here, else empty."""

    columns: tuple[str, ...] = ()
    rows: tuple[tuple[Cell, ...], ...] = ()
    cut: str = ""
    seconds: float = 0.0

    def column(self, name: str) -> int | None:
        """Return the place of a column; None if there is none of that name."""
        return self.columns.index(name) if name in self.columns else None

    def file(self, row: Sequence[Cell]) -> FileId | None:
        """Return the file that a row is about, if it is about one."""
        return next((FileId(n) for name in _FILE_COLUMNS if (n := self._number(row, name)) is not None), None)

    def group(self, row: Sequence[Cell]) -> GroupId | None:
        """Return the group that a row is about, if it is about one."""
        number = self._number(row, "group_id")
        return None if number is None else GroupId(number)

    @property
    def digest(self) -> str:
        """SHA-256 of columns and rows, in hex."""
        return hashlib.sha256(self.as_json().encode()).hexdigest()

    def as_json(self) -> str:
        """Return columns and rows as one JSON document."""
        return json.dumps({"columns": self.columns, "rows": self.rows, "cut": self.cut}, ensure_ascii=False)

    def _number(self, row: Sequence[Cell], name: str) -> int | None:
        place = self.column(name)
        value = row[place] if place is not None else None
        return value if isinstance(value, int) and not isinstance(value, bool) else None


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: its label, its value, and its length as a part (0–1) of the longest."""

    label: str
    value: float
    part: float


def bars(rows: Rows) -> tuple[Bar, ...]:
    """Return the bars of numbers that are grouped by something; nothing where the rows are no such table.

    Rows are that when the first column has labels, each once, and another has numbers, none negative.
    Numbers of files and groups are names, not amounts.
    """
    if not 2 <= len(rows.rows) <= _MOST_BARS or not 2 <= len(rows.columns) <= 4:
        return ()
    if any(name.endswith("_id") for name in rows.columns):
        return ()
    numeric = [place for place in range(1, len(rows.columns)) if _amounts(rows, place)]
    labels = [str("–" if row[0] is None else row[0]) for row in rows.rows]
    if not numeric or len(set(labels)) != len(labels):
        return ()
    # Where files and their bytes are both told, it is the bytes that one wants to see.
    place = next((place for place in numeric if rows.columns[place].endswith("bytes")), numeric[0])
    values = [float(row[place] or 0) for row in rows.rows]
    most = max(values)
    if most <= 0:
        return ()
    return tuple(Bar(label, value, value / most) for label, value in zip(labels, values, strict=True))


def _amounts(rows: Rows, place: int) -> bool:
    cells = [row[place] for row in rows.rows]
    return all(
        cell is None or (isinstance(cell, (int, float)) and not isinstance(cell, bool) and cell >= 0)
        for cell in cells
    )


@dataclass(frozen=True, slots=True)
class ViewColumn:
    """A column of a view, with what the database itself says of it."""

    name: str
    type: str
    comment: str
    samples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class View:
    """A documented view."""

    name: str
    comment: str
    columns: tuple[ViewColumn, ...]


def schema_text(views: Sequence[View]) -> str:
    """Return the views as a language model is told them: a line for each column."""
    blocks = []
    for view in views:
        lines = [f"{view.name}: {view.comment}"]
        for column in view.columns:
            found = f" (here: {', '.join(column.samples)})" if column.samples else ""
            lines.append(f"  {column.name} {column.type}: {column.comment}{found}")
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)
