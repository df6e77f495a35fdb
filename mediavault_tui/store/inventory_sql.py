"""The statements behind one inventory query: which order, which conditions, which way to them.

Six sorts, two directions and eleven facets make more statements than a person would
write; they are the statements of `sql/queries/inventory.sql` with the column, the
direction and the conditions put in. Everything put in is written here; what a
person typed travels as a parameter.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from mediavault_tui.domain.library import Cursor, Facet, InventoryQuery, SortKey
from mediavault_tui.domain.model import FileId, FileState
from mediavault_tui.domain.pathtext import display
from mediavault_tui.domain.worldfacets import WORLD, tag_of, years_of
from mediavault_tui.store.scans import below
from mediavault_tui.store.sqlfiles import sql

SORT_COLUMNS = {
    SortKey.TITLE: "title_key",
    SortKey.YEAR: "year",
    SortKey.SIZE: "size_bytes",
    SortKey.SCORE: "score",
    SortKey.MODIFIED: "modified_ns",
    SortKey.HEIGHT: "height",
}
"""The column that each order goes by."""
_NO_TIER = "?"
_INDEXED = {
    Facet.KIND: "f.kind = {}",
    Facet.TIER: f"f.tier <> '{_NO_TIER}' and f.tier = {{}}",
    Facet.CODEC: "f.video_codec = {}",
}
"""Facets that have an index with every sort, each condition as its indexes say it."""
_UNNAMED_BYTE = re.compile(r"\\x([0-9a-f]{2})")
_TRIED = 6
r"""Spots of a folder's text that may be a byte or the signs `\xNN`: so many are tried in every mixture."""
_DIRECTION = re.compile(r" (?:asc|desc)\b")
_TURNED = {" asc": " desc", " desc": " asc"}
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
    `findable` says that an index leads to the rows that meet them, `marked` that it does so
    without a look at other rows' entries (words, languages, tags, rare states).
    """

    indexed: str
    indexed_values: tuple[Any, ...]
    others: str
    other_values: tuple[Any, ...]
    findable: bool
    marked: bool

    def indexed_only(self) -> Conditions:
        """Return what the sorted indexes hold of it."""
        return replace(self, others="", other_values=(), findable=False, marked=False)

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


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder by its raw bytes; `mark` (column `folder`) if it lies directly below a scanned root."""

    raw: bytes
    mark: int | None


def conditions(
    query: InventoryQuery, *, folder: Folder | None, words: str, leave_out: Facet | None = None
) -> Conditions:
    """Return what `query` asks for, with its folder and its words (a `tsquery`) as looked up.

    `leave_out`: the facet whose values are being counted.
    """
    indexed, others = "", ""
    indexed_values: list[Any] = []
    other_values: list[Any] = []
    findable = marked = False
    world = [(f, value) for f, value in query.facets if f in WORLD and f is not leave_out]
    for facet, value in query.facets:
        if facet is leave_out or facet in WORLD:
            continue
        if facet is Facet.TIER and value == _NO_TIER:
            others += f" and f.tier = '{_NO_TIER}'"
            findable = marked = True
        elif facet in _INDEXED:
            indexed += f" and {_INDEXED[facet]}"
            indexed_values.append(value)
        elif facet is Facet.LANGUAGE:
            others += " and f.audio_languages @> array[{}::text]"
            other_values.append(value)
            findable = marked = True
        elif facet is Facet.STATE:
            # As a constant, so that the planner sees the index of the rare states.
            others += f" and f.state = '{FileState(value)}'"
            marked = marked or value != FileState.PRESENT
            findable = findable or marked
        elif folder is not None and folder.mark is not None:
            indexed += " and f.folder = {}"
            indexed_values.append(folder.mark)
        elif folder is not None:
            others += " and f.path_raw >= {} and f.path_raw < {}"
            other_values += below(folder.raw)
            findable = True
    if words:
        others += " and not (f.search @@ {}::tsquery)" if query.inverse else " and f.search @@ {}::tsquery"
        other_values.append(words)
        marked = marked or not query.inverse
        findable = findable or marked
    if world:
        others += " and f.tags @> {}::text[]"
        other_values.append([tag_of(facet, value) for facet, value in world])
        # By year both indexes hold tagged files only, which to the planner is the same said twice.
        findable, marked = True, query.sort is not SortKey.YEAR
        if query.sort is SortKey.YEAR:
            indexed += " and f.tags is not null"
            if (decade := together(query)) is not None and leave_out is None:
                indexed += f" and f.year between {decade[0]} and {decade[1]}"
    return Conditions(indexed, tuple(indexed_values), others, tuple(other_values), findable, marked)


def raw_forms(folder: str) -> list[bytes]:
    r"""Return the raw paths that a folder's text (`domain.paths.display`) may stand for, likely ones first.

    A byte that is no UTF-8 is shown as `\xNN`, and so are those four signs in a name.
    """
    parts = _UNNAMED_BYTE.split(folder.rstrip("/"))
    plain = [part.encode("utf-8", "surrogateescape") for part in parts[::2]]
    codes = parts[1::2]
    forms = [[bytes.fromhex(code), f"\\x{code}".encode()] for code in codes]
    choices = product(*forms) if len(forms) <= _TRIED else zip(*forms, strict=True)
    meant = [plain[0] + b"".join(map(bytes.__add__, choice, plain[1:])) for choice in choices]
    return [raw for raw in meant[:-1] if display(raw) == folder.rstrip("/")] + meant[-1:]


def ordered(name: str, sort: SortKey, *, descending: bool) -> str:
    """Return the named statement in that order."""
    statement = sql(name).replace("f.title_key", f"f.{SORT_COLUMNS[sort]}")
    if descending:
        statement = _DIRECTION.sub(lambda said: _TURNED[said[0]], statement)
        statement = statement.replace(") > ($1, $2)", ") < ($1, $2)")
    return statement


def start(query: InventoryQuery, cursor: Cursor | None, *, descending: bool) -> tuple[str | int, int]:
    """Return the key after which the rows come; before all rows without a cursor."""
    if cursor is not None:
        return cursor.value, cursor.id
    first, last = together(query) or (_LOWEST[query.sort], _HIGHEST[query.sort])
    return (last, _LAST_ID) if descending else (first, 0)


def end(query: InventoryQuery, *, descending: bool) -> tuple[str | int, int]:
    """Return a key after all rows."""
    return (_LOWEST[query.sort], 0) if descending else (_HIGHEST[query.sort], _LAST_ID)


def stretch(
    key: tuple[str | int, int], far: tuple[str | int, int], *, descending: bool
) -> tuple[str | int, int, str | int, int, int]:
    """Return what `inventory_stretch` takes for the rows after `key`, up to and with `far`.

    Lowest value and id, highest value, highest id under the lowest value, highest id under the highest.
    """
    (low, low_id), (high, high_id) = (
        (far, (key[0], key[1] - 1)) if descending else ((key[0], key[1] + 1), far)
    )
    return (low, low_id, high, high_id, -1) if low == high else (low, low_id, high, _LAST_ID, high_id)


def together(query: InventoryQuery) -> tuple[int, int] | None:
    """Return the first and the last year where a decade is ordered by year: its files lie together.

    The year that is shown is the title's, from which the decade is.
    """
    decade = dict(query.facets).get(Facet.DECADE) if query.sort is SortKey.YEAR else None
    return years_of(decade) if decade is not None else None
