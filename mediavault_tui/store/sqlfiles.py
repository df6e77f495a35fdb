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
    queries = []
    marks = list(_NAME.finditer(text))
    for mark, following in zip(marks, [*marks[1:], None], strict=True):
        body = text[mark.end() : following.start() if following else len(text)].strip("\n")
        lines = body.splitlines()
        doc = [line for line in lines if line.startswith("--")]
        sql = "\n".join(lines[len(doc) :]).strip().rstrip(";")
        where = f"{origin}:{text.count(chr(10), 0, mark.start()) + 1}"
        if not doc or not sql:
            raise ValueError(f"query {mark[1]} at {where} lacks its doc line or its statement")
        queries.append(Query(mark[1], "\n".join(d.lstrip("- ") for d in doc), sql, where))
    return queries


@cache
def queries() -> Mapping[str, Query]:
    """Return every query by name, read once."""
    found: dict[str, Query] = {}
    for file in sorted((sql_root() / "queries").glob("*.sql")):
        for query in parse(file.read_text("utf-8"), file.name):
            if query.name in found:
                raise ValueError(f"{query.name} stands at {found[query.name].origin} and {query.origin}")
            found[query.name] = query
    return MappingProxyType(found)


def sql(name: str) -> str:
    """Return the statement of that name; a KeyError is a bug in the caller."""
    return queries()[name].sql
