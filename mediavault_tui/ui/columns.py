"""Columns of a list: what each shows, and which of them a given width has room for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

Row = TypeVar("Row")

Tone = Literal["plain", "muted", "strong", "accent", "good", "warn", "bad"]
"""How a cell stands out; each has a theme colour, and none says what the text does not."""

Cell = tuple[str, Tone]
"""Visible text (see `ui.format.visible`) and its tone."""

_FLEXIBLE_MINIMUM = 20
_GAP = 1


@dataclass(frozen=True, slots=True)
class Column(Generic[Row]):
    """One column. `width` in cells, 0 for the one that takes what is left.

    `spare`: 0 is always shown; among the others the highest goes first when room is short.
    """

    key: str
    title: str
    width: int
    cell: Callable[[Row], Cell]
    right: bool = False
    spare: int = 0


def lay_out(columns: Sequence[Column[Row]], width: int, *, keep: str = "") -> list[tuple[Column[Row], int]]:
    """Return the columns that fit into `width` cells with the width of each, one cell between two.

    `keep`: the key of one that is not spared, as the list is sorted by it.
    """
    shown = list(columns)

    def needed() -> int:
        return sum(c.width or _FLEXIBLE_MINIMUM for c in shown) + _GAP * (len(shown) - 1)

    while needed() > width:
        least = max(shown, key=lambda column: column.spare if column.key != keep else 0)
        if least.spare == 0 or least.key == keep:
            break
        shown.remove(least)
    left = width - sum(c.width for c in shown) - _GAP * (len(shown) - 1)
    return [(column, column.width or max(left, 1)) for column in shown]
