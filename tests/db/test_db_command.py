"""`mediavault db` as a person or a script runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import asyncpg

from mediavault_tui.cli.db import without_password

ROOT = Path(__file__).parents[2]


def db(*words: str, url: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command as a real process."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), **({"DATABASE_URL": url} if url else {})}
    command = [sys.executable, "-m", "mediavault_tui", "db", *words]
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=120)


def test_migrate_says_what_it_did_and_a_second_time_that_there_is_nothing_to_do(empty_url: str) -> None:
    first, second = db("migrate", url=empty_url), db("migrate", url=empty_url)
    assert first.stdout.startswith("0001_tables applied in "), first.stderr
    assert second.stdout == "the schema is up to date\n"


def test_status_counts_every_table(database_url: str) -> None:
    ran = db("status", "--json", url=database_url)
    document = json.loads(ran.stdout)
    assert document["tables"]["nas_config"] == 1
    assert document["migrations"][0]["name"] == "tables"
    assert document["migrations"][0]["applied_at"]


def test_status_of_an_empty_database_lists_what_waits(empty_url: str) -> None:
    ran = db("status", url=empty_url)
    assert ran.returncode == 0, ran.stderr
    assert "0001_tables" in ran.stdout
    assert "to be applied" in ran.stdout


def test_url_keeps_the_password_unless_it_is_asked_for(database_url: str) -> None:
    password = database_url.split("@")[0].rsplit(":", 1)[1]
    assert password not in db("url", url=database_url).stdout
    assert db("url", "--with-password", url=database_url).stdout.strip() == database_url


def test_without_a_setting_the_embedded_server_answers_and_is_stopped_again(tmp_path: Path) -> None:
    ran = db("migrate")
    assert ran.returncode == 0, ran.stderr
    home = tmp_path / "mediavault-data/postgres"
    assert (home / "pgdata/PG_VERSION").read_text() == "16\n"
    assert not (home / "pgdata/postmaster.pid").exists()


async def test_a_newer_database_is_one_sentence_and_exit_code_1(database_url: str) -> None:
    conn = await asyncpg.connect(database_url)
    await conn.execute("insert into schema_migrations values (9999, 'from_the_future', 'x')")
    await conn.close()
    ran = db("migrate", url=database_url)
    assert ran.returncode == 1
    assert ran.stderr.startswith("mediavault: The database has migration 9999_from_the_future")
    assert ran.stderr.count("\n") == 1


def test_a_database_that_is_down_is_one_sentence_without_its_password() -> None:
    ran = db("status", url="postgresql://me:s3cret@127.0.0.1:1/films")
    assert ran.returncode == 1
    assert "s3cret" not in ran.stderr
    assert ran.stderr.count("\n") == 1


def test_an_act_that_does_not_exist_is_exit_code_2() -> None:
    assert db("drop").returncode == 2


def test_an_address_without_a_password_stays_as_it_is() -> None:
    assert without_password("postgresql://me@db:5433/films") == "postgresql://me@db:5433/films"
    assert without_password("postgresql:///films?host=/run") == "postgresql:///films?host=/run"


def test_a_password_in_the_query_is_hidden_too() -> None:
    assert "s3cret" not in without_password("postgresql://db/films?user=me&password=s3cret")
