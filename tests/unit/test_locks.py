"""The advisory locks: every number that stands in a statement is in the table, and means one thing."""

from __future__ import annotations

import re
from pathlib import Path

from mediavault_tui.store import locks
from mediavault_tui.store.locks import Lock
from mediavault_tui.store.sqlfiles import queries

_NUMBER = re.compile(r"x'(?P<high>[0-9a-f]+)'::bigint << (?P<by>\d+)|(?<![$\w^.])(?P<plain>\d{3,})\b")
STORE = Path(locks.__file__).parent


def in_statements() -> dict[Lock, set[str]]:
    """Return the locks that statements name by number, each with those statements."""
    found: dict[Lock, set[str]] = {}
    for query in queries().values():
        for line in query.sql.splitlines():
            if "advisory" in line or "classid" in line:
                for number in _NUMBER.finditer(line):
                    value = int(number["plain"] or int(number["high"], 16) << int(number["by"]))
                    found.setdefault(Lock(value), set()).add(query.name)
    return found


def test_every_lock_is_in_the_table_and_everything_in_the_table_is_a_lock() -> None:
    code = "".join(path.read_text("utf-8") for path in STORE.glob("*.py"))
    in_code = {lock for lock in Lock if f"Lock.{lock.name}" in code}
    assert set(Lock) == in_code | set(in_statements())
    assert not in_code & set(in_statements()), "each number stands in one place"
    calls = [line for line in code.splitlines() if "advisory" in line and "select" in line]
    assert calls == [], "statements stand in sql/queries"


def test_a_statement_without_a_number_takes_it_from_the_table() -> None:
    named = set().union(*in_statements().values())
    for query in queries().values():
        if re.search(r"(?<!')pg_(try_)?advisory", query.sql) and query.name not in named:
            assert re.search(r"advisory\w*\(\$1\b", query.sql), query.name


def test_no_lock_is_another_act() -> None:
    assert [lock for lock in Lock if Lock.ACTS <= lock < Lock.ACTS + 2**40] == [Lock.ACTS]


def test_what_is_half_a_lock_fits_into_half() -> None:
    assert all(lock < 2**31 for lock in (Lock.SCANS, Lock.INDEXES))
