"""`mediavault decide` and `mediavault links`, as a person or a script runs them."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from mediavault_tui.domain.model import FileId, MediaFile
from mediavault_tui.services.keys import signing_secret
from mediavault_tui.services.preview import PreviewLinks
from mediavault_tui.settings import from_env
from mediavault_tui.store.database import Connection, Database
from tests.db.shelf import Shelf
from tests.db.test_stage_commands import Commands
from tests.streamer.site import free_ports

NAMES = ("better.mkv", "\x1b[31m [x265].mkv", "third.mkv")


@pytest.fixture
def mediavault(database_url: str, tmp_path: Path) -> Commands:
    commands = Commands(database_url)
    commands._env["MEDIAVAULT_DATA_DIR"] = str(tmp_path / "data")
    return commands


async def stocked(conn: Connection, folder: Path, copies: int) -> tuple[list[MediaFile], int]:
    """Put copies of one film into the inventory, in one group; return them with its number."""
    shelf = Shelf(conn, folder / "library")
    files = [await shelf.add(name, name.encode() * 9000) for name in NAMES[:copies]]
    return files, await shelf.group(*files)


def listed(mediavault: Commands) -> list[dict[str, Any]]:
    groups: list[dict[str, Any]] = json.loads(mediavault.run("duplicates", "--json").stdout)
    return groups


@pytest.mark.parametrize("how", ["--both", "--differ"])
async def test_a_decision_empties_the_list_and_undo_fills_it(
    conn: Connection, tmp_path: Path, mediavault: Commands, how: str
) -> None:
    files, group = await stocked(conn, tmp_path, 2)
    ran = mediavault.run("decide", group, how)
    assert ran.returncode == 0, ran.stderr
    assert "`mediavault undo` takes it back" in ran.stdout
    assert "\x1b" not in ran.stdout
    assert listed(mediavault) == []
    assert "open again" in mediavault.run("undo").stdout
    assert [{file["id"] for file in each["files"]} for each in listed(mediavault)] == [
        {file.id for file in files}
    ]
    told = json.loads(mediavault.run("decide", listed(mediavault)[0]["id"], how, "--json").stdout)
    kind = {"--both": "keep_both", "--differ": "not_duplicate"}[how]
    assert (told["decision"], set(told["files"])) == (kind, {file.id for file in files})


async def test_of_three_copies_two_are_named_by_number_or_path(
    conn: Connection, tmp_path: Path, mediavault: Commands
) -> None:
    files, group = await stocked(conn, tmp_path, 3)
    which = mediavault.run("decide", group, "--differ")
    assert (which.returncode, "say which two are different works" in which.stderr) == (2, True)
    named = os.fsdecode(files[1].raw_path)
    assert mediavault.run("decide", group, "--differ", files[0].id, named).returncode == 0
    left = [{file["id"] for file in each["files"]} for each in listed(mediavault)]
    assert left
    assert all(not {files[0].id, files[1].id} <= group for group in left)


async def test_a_note_is_written_signed_replaced_and_removed(
    conn: Connection, tmp_path: Path, mediavault: Commands
) -> None:
    _, group = await stocked(conn, tmp_path, 2)
    assert "\x1b" not in mediavault.run("decide", group, "--note", "the \x1b[31m cut").stdout
    (each,) = listed(mediavault)
    assert each["note"].startswith("the \x1b[31m cut (")
    told = json.loads(mediavault.run("decide", group, "--note", "another", "--json").stdout)
    assert (told["note_before"], told["note"][:9]) == (each["note"], "another (")
    assert mediavault.run("decide", group, "--note", "").stdout == f"group {group} has no note now\n"


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["x", "--both"], 2, "'x' is no number of a group; `mediavault duplicates` lists them"),
        (["4711", "--both"], 2, "There is no group 4711"),
        (["GROUP", "--differ", "1"], 2, "--differ takes two files"),
        (["GROUP", "--differ", "4711", "4712"], 2, "has no file 4711"),
        (["GROUP", "--differ", "FILE", "FILE"], 2, "both words name the same one"),
        (["GROUP"], 2, "one of the arguments --both --differ --note is required"),
        (["GROUP", "--both", "--note", "x"], 2, "not allowed with"),
    ],
)
async def test_a_wrong_decision_gets_a_clear_sentence_and_changes_nothing(
    conn: Connection, tmp_path: Path, mediavault: Commands, words: list[str], code: int, sentence: str
) -> None:
    files, group = await stocked(conn, tmp_path, 2)
    meant = {"GROUP": group, "FILE": files[0].id}
    ran = mediavault.run("decide", *[meant.get(word, word) for word in words])
    assert (ran.returncode, sentence in ran.stderr) == (code, True), ran.stderr
    assert "Traceback" not in ran.stderr
    assert len(listed(mediavault)) == 1


async def test_read_only_decides_nothing(conn: Connection, tmp_path: Path, mediavault: Commands) -> None:
    _, group = await stocked(conn, tmp_path, 2)
    ran = mediavault.run("decide", group, "--both", MEDIAVAULT_READ_ONLY="yes")
    assert (ran.returncode, "MEDIAVAULT_READ_ONLY: nothing is changed" in ran.stderr) == (1, True)
    assert len(listed(mediavault)) == 1


async def test_links_are_listed_and_revoked(
    conn: Connection, database: Database, tmp_path: Path, mediavault: Commands
) -> None:
    files, _ = await stocked(conn, tmp_path, 2)
    assert mediavault.run("links").stdout == "0 links work\n"
    service = PreviewLinks(database, b"s" * 32, base_url="http://localhost")
    made = await service.make(FileId(files[1].id), who="a\x1b[31mnn")
    shown = mediavault.run("links").stdout
    assert (str(made.id) in shown, "\x1b" in shown, made.token in shown) == (True, False, False)
    (told,) = json.loads(mediavault.run("links", "--json").stdout)
    assert (told["id"], told["file"], told["path"]) == (str(made.id), files[1].id, files[1].path)
    wrong = mediavault.run("links", "--revoke", "")
    assert (wrong.returncode, "no link that works" in wrong.stderr) == (2, True)
    assert mediavault.run("links", "--revoke", str(made.id)[:8]).stdout.startswith("revoked: ")
    assert await service.live() == []
    again = mediavault.run("links", "--revoke", made.id)
    assert (again.returncode, "no link that works" in again.stderr) == (2, True)


async def test_a_link_made_here_opens_its_film_and_says_that_no_sidecar_answers(
    conn: Connection, database: Database, tmp_path: Path, mediavault: Commands
) -> None:
    a, b = (await stocked(conn, tmp_path, 2))[0]
    (nobody,) = free_ports(1)
    settings = from_env({"MEDIAVAULT_DATA_DIR": str(tmp_path / "data")})
    ran = mediavault.run("links", "--make", os.fsdecode(b.raw_path), "--json", STREAMER_PORT=str(nobody))
    assert (ran.returncode, ran.stderr) == (0, "")
    told = json.loads(ran.stdout)
    assert (told["files"], told["answering"]) == ([b.id], "no")
    assert told["page"].startswith(f"http://127.0.0.1:{nobody}/watch/{b.id}?t=")
    token = told["streams"][0].rpartition("?t=")[2]
    service = PreviewLinks(database, signing_secret(settings), base_url="")
    assert (await service.check(token, b.id)).file == b.id

    both = mediavault.run("links", "--make", str(a.id), str(b.id), STREAMER_PORT=str(nobody))
    assert f"/compare/{a.id}/{b.id}?t=" in both.stdout
    assert "\x1b" not in both.stdout
    assert "`mediavault serve` makes it work" in both.stderr
    assert len(await service.live()) == 3
    for words, sentence in (
        (["7777"], "no longer in the library"),
        (["/no/such.mkv"], "not in the inventory"),
        (["1", "2", "3"], "one file, or two to compare"),
    ):
        wrong = mediavault.run("links", "--make", *words)
        assert (wrong.returncode, sentence in wrong.stderr) == (2, True), wrong.stderr
