"""The schema's history: in order, once, never edited, never older than the database."""

from __future__ import annotations

import asyncio
from pathlib import Path

import asyncpg
import pytest

from mediavault_tui.errors import DatabaseDown, DatabaseError, SchemaMismatch
from mediavault_tui.store import migrate as subject
from mediavault_tui.store.migrate import Migration, migrate, migrations, status, table_counts
from mediavault_tui.store.sqlfiles import sql_root


async def test_an_empty_database_gets_every_migration_in_order(empty_url: str) -> None:
    applied = await migrate(empty_url)
    assert [a.version for a in applied] == list(range(1, len(migrations()) + 1))


async def test_a_second_run_does_nothing(empty_url: str) -> None:
    await migrate(empty_url)
    assert await migrate(empty_url) == []


async def test_three_programs_that_start_at_once_apply_each_migration_once(empty_url: str) -> None:
    runs = await asyncio.gather(migrate(empty_url), migrate(empty_url), migrate(empty_url))
    assert sorted(len(run) for run in runs) == [0, 0, len(migrations())]


async def test_the_tables_are_the_twelve_that_the_product_names(database_url: str) -> None:
    tables = {t.table for t in await table_counts(database_url)}
    assert tables >= {
        "users", "sessions", "nas_config", "duplicate_groups", "media_files", "duplicate_members",
        "pending_deletions", "scan_history", "user_decisions", "archive_operations", "chat_sessions",
        "chat_messages",
    }  # fmt: skip


async def test_the_example_nas_is_there_and_disabled(conn: asyncpg.Connection[asyncpg.Record]) -> None:
    row = await conn.fetchrow("select id, name, host, enabled from nas_config")
    assert row is not None
    assert tuple(row) == (1, "Synology NAS", "10.27.10.11", False)


def test_every_index_has_a_reason_beside_it() -> None:
    """An index without a comment above it (or above its neighbours) serves no known query."""
    for file in sorted((sql_root() / "migrations").glob("*.sql")):
        for block in file.read_text("utf-8").split("\n\n"):
            if "create index" in block or "create unique index" in block:
                assert "--" in block, f"{file.name}: {block}"


async def test_a_database_that_knows_more_is_left_alone(empty_url: str) -> None:
    await migrate(empty_url)
    await _execute(empty_url, "insert into schema_migrations values (9999, 'from_the_future', 'x')")
    with pytest.raises(SchemaMismatch, match=r"9999_from_the_future.*install a newer MediaVault"):
        await migrate(empty_url)


async def test_an_edited_migration_is_refused(empty_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    await migrate(empty_url)
    first, *others = migrations()
    edited = [Migration(first.version, first.name, first.sql + "\n-- one more word\n"), *others]
    monkeypatch.setattr(subject, "migrations", lambda: edited)
    with pytest.raises(SchemaMismatch, match="0001_tables is not the text that made this database"):
        await migrate(empty_url)


async def test_a_migration_that_fails_leaves_nothing_of_itself(
    empty_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    two = [
        Migration(1, "good", "create table kept (id int)"),
        Migration(2, "bad", "create table lost (id int); select 1 / 0"),
    ]
    monkeypatch.setattr(subject, "migrations", lambda: two)
    with pytest.raises(DatabaseError, match=r"0002_bad failed and was undone: division by zero"):
        await migrate(empty_url)
    assert {t.table for t in await table_counts(empty_url)} == {"kept", "schema_migrations"}
    assert [s.applied_at is not None for s in await status(empty_url)] == [True, False]


async def test_status_of_an_empty_database_changes_nothing(empty_url: str) -> None:
    assert all(s.applied_at is None for s in await status(empty_url))
    assert await table_counts(empty_url) == []


async def test_an_address_that_is_none_is_one_sentence_without_the_password() -> None:
    with pytest.raises(DatabaseDown) as caught:
        await migrate("postgresql://me:s3cret@host:notaport/db")
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    "names", [["0001_a.sql", "0003_b.sql"], ["0002_a.sql"], ["0001_a.sql", "0001_b.sql"], ["1_a.sql"]]
)
def test_a_gap_a_repetition_or_another_name_is_refused(
    names: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "migrations").mkdir()
    for name in names:
        (tmp_path / "migrations" / name).write_text("select 1;")
    monkeypatch.setattr(subject, "sql_root", lambda: tmp_path)
    with pytest.raises(ValueError, match="migration"):
        migrations()


def test_the_text_of_a_file_is_the_same_with_either_line_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sums = []
    for end in (b"\n", b"\r\n"):
        folder = tmp_path / repr(end) / "migrations"
        folder.mkdir(parents=True)
        (folder / "0001_a.sql").write_bytes(b"select 1;" + end)
        monkeypatch.setattr(subject, "sql_root", lambda folder=folder: folder.parent)
        sums.append(migrations()[0].checksum)
    assert sums[0] == sums[1]


async def _execute(url: str, statement: str) -> None:
    conn = await asyncpg.connect(url)
    await conn.execute(statement)
    await conn.close()
