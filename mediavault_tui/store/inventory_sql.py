"""The statements behind one inventory query: which order, which conditions, which way to them.

Six sorts, two directions and six facets make more statements than a person would
write; they are the statements of `sql/queries/inventory.sql` with the column, the
direction and the conditions put in. Everything put in is written here; what a
person typed travels as a parameter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mediavault_tui.domain.library import Cursor, Facet, InventoryQuery, SortKey
from mediavault_tui.domain.model import FileId
from mediavault_tui.domain.search import prefix_query
from mediavault_tui.store.sqlfiles import sql

_COLUMNS = {
    SortKey.TITLE: "title_key",
    SortKey.YEAR: "year",
    SortKey.SIZE: "size_bytes",
    SortKey.SCORE: "score",
    SortKey.MODIFIED: "modified_ns",
    SortKey.HEIGHT: "height",
}
_INDEXED = {Facet.KIND: "kind", Facet.TIER: "tier", Facet.CODEC: "video_codec"}
"""Facets that have an index with every sort."""
_LAST_ID = FileId(2**63 - 1)
_LOWEST: dict[SortKey, str | int] = {
    SortKey.TITLE: "",
    SortKey.YEAR: -(2**15),
    SortKey.SIZE: -1,
    SortKey.SCORE: -(2**15),
    SortKey.MODIFIED: -(2**63),
    SortKey.HEIGHT: -(2**31),
}
_HIGHEST: dict[SortKey, str | int] = {
    SortKey.TITLE: "\U0010ffff" * 4,
    SortKey.YEAR: 2**15 - 1,
    SortKey.SIZE: 2**63 - 1,
    SortKey.SCORE: 2**15 - 1,
    SortKey.MODIFIED: 2**63 - 1,
    SortKey.HEIGHT: 2**31 - 1,
}


@dataclass(frozen=True, slots=True)
class Conditions:
    """What a query asks for, as SQL; `{}` stands for the number of each parameter in turn.

    `indexed`: equalities that the sorted indexes begin with. `others`: whatever else;
    `findable` says that an index leads to the rows that meet them.
    """

    indexed: str
    indexed_values: tuple[Any, ...]
    others: str
    other_values: tuple[Any, ...]
    findable: bool

    def put_into(self, statement: str, *, parameters: int) -> tuple[str, list[Any]]:
        """Return the statement with the conditions, and their values, numbered from there on."""
        indexed, others = self.indexed, self.others
        values = [*self.indexed_values, *self.other_values]
        for number in range(parameters + 1, parameters + 1 + len(values)):
            if "{}" in indexed:
                indexed = indexed.replace("{}", f"${number}", 1)
            else:
                others = others.replace("{}", f"${number}", 1)
        return statement.replace("/* more */", indexed).replace("/* fits */", others), values


def conditions(query: InventoryQuery, *, leave_out: Facet | None = None) -> Conditions:
    """Return what `query` asks for; `leave_out` is the facet whose values are being counted."""
    indexed, others = "", ""
    indexed_values: list[Any] = []
    other_values: list[Any] = []
    findable = False
    for facet, value in query.facets:
        if facet is leave_out:
            continue
        if facet in _INDEXED:
            indexed += f" and f.{_INDEXED[facet]} = {{}}"
            indexed_values.append(value)
            continue
        findable = True
        if facet is Facet.LANGUAGE:
            others += " and f.audio_languages @> array[{}::text]"
            other_values.append(value)
        elif facet is Facet.STATE:
            others += " and f.state = {}"
            other_values.append(value)
            findable = value != "present"
        else:
            low, high = below_text(value)
            others += " and f.path_raw >= {} and f.path_raw < {}"
            other_values += [low, high]
    if words := prefix_query(query.text):
        others += " and not (f.search @@ {}::tsquery)" if query.inverse else " and f.search @@ {}::tsquery"
        other_values.append(words)
        findable = findable or not query.inverse
    return Conditions(indexed, tuple(indexed_values), others, tuple(other_values), findable)


def below_text(folder: str) -> tuple[bytes, bytes]:
    r"""Return the range of raw paths below a folder that is given as its text (`domain.paths.display`)."""
    raw = folder.rstrip("/").encode("utf-8", "surrogateescape")
    return raw + b"/", raw + b"0"


def ordered(name: str, sort: SortKey, *, descending: bool) -> str:
    """Return the named statement in that order."""
    statement = sql(name).replace("f.title_key", f"f.{_COLUMNS[sort]}")
    if descending:
        statement = statement.replace(" asc", " desc").replace(") > ($1, $2)", ") < ($1, $2)")
    return statement


def start(sort: SortKey, cursor: Cursor | None, *, descending: bool) -> tuple[str | int, int]:
    """Return the key after which the rows come; before all rows without a cursor."""
    if cursor is not None:
        return cursor.value, cursor.id
    return (_HIGHEST[sort], _LAST_ID) if descending else (_LOWEST[sort], 0)
