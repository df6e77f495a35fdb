"""What must stay indexed: every query that a fetch or a rename makes for each title, request or file."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mediavault_tui.store.database import Connection
from mediavault_tui.store.sqlfiles import sql

GUARDED: dict[str, tuple[Any, ...]] = {
    "request_take": ("tmdb", "movie/1", 40, 10.0, 30.0),
    "request_wait": ("tmdb", 10.0),
    "requests_within": ("omdb", 86_400.0),
    "request_end": (1, 200),
    "answer_get": ("movie/1",),
    "answer_hold": ("movie/1", 20.0),
    "titles_by_key": (["movie"], [949]),
    "match_of_file": (1,),
    "matches_waiting": (200, None, None),
    "omdb_get": ("tt0113277",),
    "files_below": (b"/lib/x", b"/lib/x/", b"/lib/x0", "local"),
    "files_related": ([1, 2], True),
    "title_shared": ([1, 2],),
    "folder_claims": (b"/lib/x/", b"/lib/x0", "local", b"/lib/x/", b"/lib/x0"),
}
"""Each with values; no more rows than these ask for may be read."""


def scans(plan: dict[str, Any]) -> list[str]:
    """Return the tables that a plan reads from their first row to their last."""
    own = [plan["Relation Name"]] if plan["Node Type"] == "Seq Scan" else []
    return own + [name for part in plan.get("Plans", ()) for name in scans(part)]


@pytest.mark.parametrize("name", GUARDED)
async def test_no_table_is_read_whole(conn: Connection, name: str) -> None:
    assert await tables_read_whole(conn, name, *GUARDED[name]) == []


async def test_a_count_of_everything_is_noticed(conn: Connection) -> None:
    assert await tables_read_whole(conn, "titles_tally") != []


async def tables_read_whole(conn: Connection, name: str, *values: Any) -> list[str]:
    """An empty table is cheapest to read whole: so it is asked what there is beside that."""
    async with conn.transaction():
        await conn.execute("set local enable_seqscan = off")
        rows = await conn.fetchval(f"explain (format json) {sql(name)}", *values)
    return scans((json.loads(rows) if isinstance(rows, str) else rows)[0]["Plan"])
