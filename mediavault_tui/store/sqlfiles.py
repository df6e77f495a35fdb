"""The queries of `sql/queries/*.sql`, by name; and where `sql/` is, checkout or wheel.

A query is `-- name: open_groups`, at least one comment line that says what it returns
and what `$1 …` are, then one statement. Names are unique over all files.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

_NAME = re.compile(r"^-- name: ([a-z][a-z0-9_]*)\s*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Query:
    """One statement; `origin` is file:line for a person who looks for it."""

    name: str
    doc: str
    sql: str
    origin: str


@cache
def sql_root() -> Path:
    """Return the folder that holds `migrations/` and `queries/`.

    In a wheel it lies inside the package, in a checkout beside it.
    """
    package = Path(__file__).resolve().parent.parent
    inside = package / "sql"
    return inside if inside.is_dir() else package.parent / "sql"


def parse(text: str, origin: str) -> list[Query]:
    """Split one file into its queries; a missing doc line or an empty statement is a ValueError."""
    return [_query(text, mark, end, origin) for mark, end in _marks(text)]


def _marks(text: str) -> list[tuple[re.Match[str], int]]:
    """Return where each query is named, and where it ends."""
    marks = list(_NAME.finditer(text))
    ends = [*(mark.start() for mark in marks[1:]), len(text)]
    return list(zip(marks, ends, strict=True))


def _query(text: str, mark: re.Match[str], end: int, origin: str) -> Query:
    lines = text[mark.end() : end].strip("\n").splitlines()
    doc = [line for line in lines if line.startswith("--")]
    sql = "\n".join(lines[len(doc) :]).strip().rstrip(";")
    where = f"{origin}:{text.count(chr(10), 0, mark.start()) + 1}"
    if not doc or not sql:
        raise ValueError(f"query {mark[1]} at {where} lacks its doc line or its statement")
    return Query(mark[1], "\n".join(d.lstrip("- ") for d in doc), sql, where)


@cache
def _files() -> Mapping[str, tuple[str, re.Match[str], int, str]]:
    """Return where every query stands, by name: the file's text, its name in it, its end, the file."""
    found: dict[str, tuple[str, re.Match[str], int, str]] = {}
    for file in sorted((sql_root() / "queries").glob("*.sql")):
        text = file.read_text("utf-8")
        for mark, end in _marks(text):
            if mark[1] in found:
                raise ValueError(f"query {mark[1]} stands in {found[mark[1]][-1]} and in {file.name}")
            found[mark[1]] = (text, mark, end, file.name)
    return MappingProxyType(found)


@cache
def _named(name: str) -> Query:
    return _query(*_files()[name])


def queries() -> Mapping[str, Query]:
    """Return every query by name."""
    return {name: _named(name) for name in _files()}


def sql(name: str) -> str:
    """Return the statement of that name, parsed when first asked for; a KeyError is a bug in the caller."""
    return _named(name).sql
