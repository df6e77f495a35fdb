"""The pool: values in and out, errors renamed, restarts survived."""

from __future__ import annotations

from mediavault_tui.store.database import Database


async def test_json_goes_in_and_comes_out_as_python_values(database: Database) -> None:
    async with database.connection() as conn:
        value = {"a": [1, None, "é"]}
        assert await conn.fetchval("select $1::jsonb", value) == value
