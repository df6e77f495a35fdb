"""`mediavault ask` as a person runs it: a process, a database, a server that speaks like Azure."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.assistant.azure_server import KEY, AzureServer, Script, azure_server

EVIL = "select 1; drop table media_files"


@pytest.fixture
async def server() -> AsyncIterator[AzureServer]:
    async with azure_server() as server:
        yield server


async def ask(url: str, *words: str, server: AzureServer | None = None) -> tuple[int, str, str]:
    """Run the command; return its exit code, what it printed and what it complained of."""
    environ = os.environ | {"DATABASE_URL": url}
    if server is not None:
        environ |= {"AZURE_OPENAI_KEY": KEY, "AZURE_OPENAI_ENDPOINT": server.url}
    ran = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "mediavault_tui", "ask", *words),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
    )
    out, err = await ran.communicate()
    assert ran.returncode is not None
    assert KEY not in out.decode() + err.decode()
    return ran.returncode, out.decode(), err.decode()


async def test_a_question_is_answered_after_it_was_agreed_to(database_url: str, server: AzureServer) -> None:
    code, _, err = await ask(database_url, "How many films?", server=server)
    assert code == 1
    assert "with --agree" in err
    assert "What leaves this machine" in err
    assert server.requests == []
    sql = "select count(*) as films from v_files"
    server.will(Script(calls=[("query", {"sql": sql})]), Script("None yet."))
    code, out, err = await ask(database_url, "How many films?", "--agree", server=server)
    assert code == 0
    assert "films\n0\n(1 rows)\nNone yet." in out
    assert sql in err
    assert "tokens" in err
    server.will(Script(calls=[("query", {"sql": EVIL})]), Script("I may not."))
    code, out, _ = await ask(database_url, "--json", "Drop it", server=server)
    answer = json.loads(out)
    assert code == 0
    assert answer["answer"] == "I may not."
    assert answer["steps"][0]["error"].startswith("Exactly one statement")
    assert answer["tokens_in"] == 2400
    assert answer["finish_reason"] == "stop"


async def test_trouble_is_one_sentence_and_an_exit_code(database_url: str, server: AzureServer) -> None:
    server.will(Script(status=429, headers={"Retry-After": "60"}))
    code, _, err = await ask(database_url, "Hi", "--agree", server=server)
    assert code == 1
    assert err.strip().split("\n")[-1].startswith("mediavault: 127.0.0.1 is asked too much")


async def test_without_a_key_ready_questions_and_sql_work(database_url: str) -> None:
    code, _, err = await ask(database_url, "Hi")
    assert code == 1
    assert "AZURE_OPENAI_KEY" in err
    code, out, _ = await ask(database_url, "--ready")
    assert code == 0
    assert "storage_folder" in out
    code, out, _ = await ask(database_url, "--ready", "stats", "--json")
    assert json.loads(out)["columns"] == ["what", "files", "bytes"]
    code, _, err = await ask(database_url, "--sql", EVIL)
    assert code == 1
    assert "Exactly one statement" in err
    code, _, err = await ask(database_url, "--ready", "nonsense")
    assert code == 2
    code, _, err = await ask(database_url, "--sql", "select 1", "and words")
    assert code == 2
    assert "one thing" in err
