"""Every query of `sql/queries/` compiles against the real schema and says what it takes and gives."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from mediavault_tui import store
from mediavault_tui.store.database import Connection, connect_once
from mediavault_tui.store.sqlfiles import Query, parse, queries
from tests.db.own import own_database

TEMPORARY = {name for name, query in queries().items() if query.sql.startswith("create temporary table")}
"""Queries that make the tables which others fill and merge."""


def rows() -> dict[str, type]:
    """Return query → dataclass of every store module's `ROWS`: whose columns are its fields."""
    found: dict[str, type] = {}
    for module in pkgutil.iter_modules(store.__path__, "mediavault_tui.store."):
        found |= getattr(importlib.import_module(module.name), "ROWS", {})
    return found


async def _nothing(conn: Connection) -> None:
    """Leave the database as the migrations made it."""


@pytest.fixture(scope="module")
def migrated(pg_url: str, template: str) -> Iterator[str]:
    with own_database(pg_url, template, "queries", _nothing) as url:
        yield url


@pytest.fixture
async def conn(migrated: str) -> AsyncIterator[Connection]:
    """Yield a connection of the test's own; what it makes is temporary and goes with it."""
    connection = await connect_once(migrated)
    yield connection
    await connection.close()


@pytest.mark.parametrize("name", queries())
async def test_query_compiles(name: str, conn: Connection) -> None:
    if queries()[name].sql.startswith("analyze"):  # nothing to prepare: it is run
        await conn.execute(queries()[name].sql)
        return
    for making in TEMPORARY - {name}:
        await conn.execute(queries()[making].sql)
    statement = await conn.prepare(queries()[name].sql)
    if name in rows():
        assert [a.name for a in statement.get_attributes()] == [f.name for f in fields(rows()[name])]


@pytest.mark.parametrize("name", queries())
def test_the_doc_line_explains_every_parameter(name: str) -> None:
    query = queries()[name]
    last = max((int(n) for n in re.findall(r"\$(\d+)", query.sql)), default=0)
    explained = [int(n) for n in re.findall(r"\$(\d+)", query.doc)]
    assert max(explained, default=0) == last, f"{query.origin}: {query.doc}"


@pytest.mark.parametrize("name", queries())
def test_a_query_names_its_columns_and_turns_pages_by_keys(name: str) -> None:
    statement = re.sub(r"--.*", "", queries()[name].sql.lower())
    assert not re.search(r"select\s+(\w+\.)?\*", statement), queries()[name].origin
    assert not re.search(r"\boffset\b", statement), queries()[name].origin


def test_every_query_is_called_by_the_store() -> None:
    """By its name, or by a name that is put together from a beginning: `f"facet_{facet}"`."""
    code = "".join(file.read_text("utf-8") for file in Path(store.__path__[0]).glob("*.py"))
    beginnings = tuple(re.findall(r'f"([a-z][a-z_]*_)\{', code))
    unused = [name for name in queries() if f'"{name}"' not in code and not name.startswith(beginnings)]
    assert unused == []


def test_a_query_without_a_doc_line_is_refused() -> None:
    with pytest.raises(ValueError, match=r"query lonely at x\.sql:1 lacks its doc line"):
        parse("-- name: lonely\nselect 1;\n", "x.sql")


def test_a_query_without_a_statement_is_refused() -> None:
    with pytest.raises(ValueError, match=r"query hollow at x\.sql:4"):
        parse("-- name: one\n-- One.\nselect 1;\n-- name: hollow\n-- Nothing.\n", "x.sql")


def test_a_file_of_queries_is_split_at_the_names() -> None:
    first = "-- name: one\n-- The first.\n-- $1 a number.\nselect $1::int;\n\n"
    second = "-- name: two\n-- The second.\nselect 2\n"
    assert parse(first + second, "x.sql") == [
        Query("one", "The first.\n$1 a number.", "select $1::int", "x.sql:1"),
        Query("two", "The second.", "select 2", "x.sql:6"),
    ]
