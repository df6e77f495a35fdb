"""`mediavault files`: the inventory from a shell, in the windows that the pane has."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mediavault_tui.cli.main import main
from mediavault_tui.domain.library import InventoryQuery, SortKey
from mediavault_tui.services.library import Library
from mediavault_tui.store.database import Connection, Database
from tests.db.own import own_database
from tests.db.rows import fill
from tests.db.shelf import Shelf
from tests.db.test_stage_commands import Commands


@pytest.fixture(scope="module")
def filled(pg_url: str, template: str) -> Iterator[str]:
    with own_database(pg_url, template, "files", lambda conn: fill(conn, 300)) as url:
        yield url


def walked(mediavault: Commands, *words: str) -> list[dict[str, Any]]:
    """Return every row, window by window, as a script would ask for them."""
    rows: list[dict[str, Any]] = []
    after: list[str] = []
    while True:
        told = json.loads(mediavault.run("files", "--json", "--limit", "97", *words, *after).stdout)
        rows += told["rows"]
        if told["next"] is None:
            assert (told["files"], told["exact"]) == (len(rows), True)
            return rows
        assert len(told["rows"]) == 97
        after = ["--after", told["next"]]


@pytest.mark.parametrize(
    ("words", "query"),
    [
        ([], InventoryQuery()),
        (["--sort", "modified", "--reverse"], InventoryQuery(sort=SortKey.MODIFIED, descending=True)),
    ],
)
async def test_windows_put_together_are_the_whole_inventory(
    filled: str, words: list[str], query: InventoryQuery
) -> None:
    database = await Database.connect(filled)
    try:
        rows = await Library(database).page(query, limit=1000)
    finally:
        await database.close()
    told = walked(Commands(filled), *words)
    assert len(told) > 200
    assert [row["id"] for row in told] == [row.id for row in rows]
    assert told[0]["size_bytes"] == rows[0].size


def test_words_and_facets_narrow_it(filled: str) -> None:
    mediavault = Commands(filled)
    everything = walked(mediavault)
    assert [row["id"] for row in walked(mediavault, "--kind", "movie", "--tier", "1080p")] == [
        row["id"] for row in everything if (row["kind"], row["tier"]) == ("movie", "1080p")
    ]
    french = walked(mediavault, "--language", "French")
    assert french
    assert {row["id"] for row in french} == {r["id"] for r in everything if "fr" in r["audio_languages"]}
    with_night = {row["id"] for row in walked(mediavault, "night")}
    assert with_night == {r["id"] for r in everything if "night" in r["title"].lower().split()}
    assert {row["id"] for row in walked(mediavault, "!night")} == {
        row["id"] for row in everything
    } - with_night
    below = walked(mediavault, "--folder", "/lib/movie/")
    assert {row["id"] for row in below} == {
        r["id"] for r in everything if r["path"].startswith("/lib/movie/")
    }


def test_a_window_says_how_to_go_on(filled: str) -> None:
    mediavault = Commands(filled)
    shown = mediavault.run("files", "--limit", "5").stdout.splitlines()
    assert len(shown) == 6
    assert shown[-1].startswith("5 of 297 files (")
    after = mediavault.run("files", "--limit", "5", "--after", shown[-1].partition("--after ")[2].strip("'`"))
    assert len(after.stdout.splitlines()) == 6
    assert not {line.split()[0] for line in shown[:5]} & {
        line.split()[0] for line in after.stdout.splitlines()[:5]
    }


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--after", "heat"], "is no place to go on from"),
        (["--after", "7:heat", "--sort", "size"], "is no place to go on from"),
        (["--limit", "0"], "--limit takes a number of files, 1 or more"),
        (["--genre", "Dramma"], "no genre is called 'Dramma'"),
        (["--decade", "nineties"], "a decade is a year such as 1990"),
    ],
)
def test_what_makes_no_sense_is_one_sentence(filled: str, words: list[str], sentence: str) -> None:
    ran = Commands(filled).run("files", *words)
    assert (ran.returncode, sentence in ran.stderr) == (2, True), ran.stderr
    assert len(ran.stderr.strip().splitlines()) == 1


def test_a_value_that_there_is_not_is_answered_with_those_that_there_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for option in ("--kind", "--sort", "--tier", "--state"):
        with pytest.raises(SystemExit) as left:
            main(["files", option, "x"])
        said = capsys.readouterr().err
        assert left.value.code == 2
        assert "<" not in said
        assert {"--kind": "documentary", "--sort": "modified", "--tier": "4K", "--state": "missing"}[
            option
        ] in said.partition("invalid choice")[2]


async def test_a_file_of_a_share_says_where_it_is(conn: Connection, database_url: str) -> None:
    await conn.execute(
        "insert into media_files (source, path_raw, path, root_raw, device, inode, size_bytes, modified_ns,"
        " last_scan_id) values ('nas:2', '/volume1/x.mkv', '/volume1/x.mkv', '/volume1', 1, 1, 1, 1, 1)"
    )
    mediavault = Commands(database_url)
    (row,) = walked(mediavault)
    assert (row["source"], row["path"]) == ("nas:2", "/volume1/x.mkv")
    assert "nas:2/volume1/x.mkv" in mediavault.run("files").stdout


async def test_no_name_commands_the_terminal(conn: Connection, database_url: str, tmp_path: Path) -> None:
    file = await Shelf(conn, tmp_path / "library").add("\x1b[31m.mkv", b"a film" * 900)
    shown = Commands(database_url).run("files").stdout
    assert str(file.id) in shown
    assert "\x1b" not in shown
