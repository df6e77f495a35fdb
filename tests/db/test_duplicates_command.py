"""`mediavault duplicates`, as a person and as a program read it."""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import PIPE

import pytest

from mediavault_tui.services.dedupe import Dedupe
from mediavault_tui.store.database import Connection, Database
from tests.factories import insert_file
from tests.specs import file_of


@pytest.fixture
async def library(conn: Connection, database: Database, monkeypatch: pytest.MonkeyPatch) -> int:
    """A library with one group, and the environment that leads to it; gives the group's number."""
    monkeypatch.setenv("DATABASE_URL", database.url)
    for number, spec in enumerate(
        ("1080p h264 10M at:/l/a/Heat.mkv", "480p mpeg4 1M at:/l/b/\x1b[31mHeat.avi"), 1
    ):
        await insert_file(conn, file_of(spec, id=number))
    dedupe = Dedupe(database)
    await dedupe.refresh()
    (group,) = await dedupe.groups()
    return group.id


async def duplicates(*words: str) -> tuple[int | None, str, str]:
    """Run the real command; return its exit code and what it printed and complained of."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "mediavault_tui", "duplicates", *words, stdout=PIPE, stderr=PIPE
    )
    out, complaints = await process.communicate()
    return process.returncode, out.decode(), complaints.decode()


async def test_a_group_is_listed_harmlessly(library: int) -> None:
    code, out, _ = await duplicates()
    assert code == 0
    assert f"{library}  Heat (1995)  [same_title, clear]" in out
    assert "keep" in out
    assert "\\x1b[31mHeat.avi" in out
    assert "\x1b" not in out
    assert "1 group," in out


async def test_json_holds_all_that_was_decided(library: int) -> None:
    code, out, _ = await duplicates("--json", "/l/a")
    assert code == 0
    (group,) = json.loads(out)
    assert (group["id"], group["verdict"], group["rule"]) == (library, "clear", "gap")
    assert [file["keep"] for file in group["files"]] == [True, False]
    best = group["files"][0]
    assert sum(part["points"] for part in best["score_parts"]) == best["score"]


async def test_why_shows_every_part_of_a_score(library: int) -> None:
    code, out, _ = await duplicates("--why", str(library))
    assert code == 0
    assert "+75  resolution: 1080p (1920×1080)" in out
    assert "rule: gap" in out


@pytest.mark.parametrize(
    "words", [["--kind", "exact"], ["--verdict", "certain,review"], ["/elsewhere"]], ids=" ".join
)
async def test_filters_leave_out_what_was_not_asked_for(library: int, words: list[str]) -> None:
    code, out, _ = await duplicates("--json", *words)
    assert code == 0
    assert json.loads(out) == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--kind", "similar"], "similar is none of"),
        (["--why", "4711"], "no group 4711"),
        (["--why", "1", "--kind", "exact"], "--why"),
    ],
)
async def test_a_wrong_question_is_one_sentence_and_exit_code_2(
    library: int, words: list[str], message: str
) -> None:
    code, out, complaints = await duplicates(*words)
    assert (code, out) == (2, "")
    assert message in complaints
    assert complaints.count("\n") == 1
