"""`mediavault metadata` and `mediavault rename`, as a person types them."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from mediavault_tui.cli.main import main
from mediavault_tui.store.database import Database
from tests.db.shelf import Shelf
from tests.factories import an_identity
from tests.metadata.world_server import KEY, TOKEN, WorldServer


@pytest.fixture
def library(database_url: str, world: WorldServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    for name, value in (
        ("DATABASE_URL", database_url),
        ("TMDB_READ_ACCESS_TOKEN", TOKEN),
        ("TMDB_BASE_URL", world.url),
        ("OMDB_API_KEY", KEY),
        ("OMDB_BASE_URL", world.omdb_url),
    ):
        monkeypatch.setenv(name, value)

    async def fill() -> None:
        database = await Database.connect(database_url)
        async with database.connection() as conn:
            shelf = Shelf(conn, tmp_path / "library")
            await shelf.add("films/matrix.mkv", b"matrix", identity=an_identity("The Matrix", year=1999))
            await shelf.add("films/heat.mkv", b"heat", identity=an_identity("Heat", year=None))
        await database.close()

    asyncio.run(fill())
    return tmp_path / "library"


def ran(*words: str, capsys: pytest.CaptureFixture[str]) -> object:
    code = main([*words, "--json"])
    out = capsys.readouterr()
    assert code in (0, 1), out.err
    return json.loads(out.out)


def test_fetch_match_rate_rename_and_undo(library: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fetched = ran("metadata", "fetch", capsys=capsys)
    assert isinstance(fetched, dict)
    assert (fetched["titles"], fetched["sure"], fetched["unsure"]) == (2, 1, 1)
    waiting = ran("metadata", "match", capsys=capsys)
    assert isinstance(waiting, list)
    assert {each["title"] for each in waiting[0]["candidates"]} == {"movie/949", "movie/31865"}
    assert ran("metadata", "match", str(waiting[0]["file"]), "movie/949", capsys=capsys) == {"files": 1}
    assert ran("metadata", "match", capsys=capsys) == []
    undone = ran("metadata", "match", "--undo", capsys=capsys)
    assert isinstance(undone, dict)
    assert str(undone["undone"]).startswith("Undone: “Heat (1995)” for 1 file")
    assert ran("metadata", "match", "--undo", capsys=capsys) == {"undone": None}
    ran("metadata", "match", str(library / "films/heat.mkv"), "movie/949", capsys=capsys)
    assert ran("metadata", "better", capsys=capsys) == []
    rated = ran("metadata", "omdb", "--budget", "5", capsys=capsys)
    assert isinstance(rated, dict)
    assert (rated["asked"], rated["left"]) == (2, 0)
    status = ran("metadata", "status", capsys=capsys)
    assert isinstance(status, dict)
    assert (status["files_sure"], status["files_chosen"], status["rated"]) == (1, 1, 2)

    planned = ran("rename", "--dry-run", str(library), capsys=capsys)
    assert isinstance(planned, list)
    assert len(planned) == 2
    assert (library / "films/heat.mkv").exists()
    ran("rename", "--preset", "kodi", str(library), capsys=capsys)
    assert (library / "films/Heat (1995)/Heat (1995).mkv").read_bytes() == b"heat"
    assert (library / "films/The Matrix (1999)/The Matrix (1999).mkv").exists()
    ran("undo", capsys=capsys)
    assert (library / "films/heat.mkv").read_bytes() == b"heat"
    assert ran("metadata", "missing", capsys=capsys) == []


@pytest.mark.parametrize(
    "words",
    [
        ("metadata", "match", "1"),
        ("metadata", "match", "1", "film/949"),
        ("metadata", "match", "1", "--undo"),
        ("metadata", "match", "999", "movie/949"),
        ("metadata", "match", "/nowhere.mkv", "movie/949"),
        ("metadata", "omdb", "--budget", "0"),
        ("rename", "--pattern", "{titel}"),
        ("rename", "/nowhere"),
    ],
)
@pytest.mark.usefixtures("library")
def test_what_makes_no_sense_is_one_sentence(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(list(words)) == 2
    assert capsys.readouterr().err.startswith("mediavault: ")


@pytest.mark.parametrize("words", [("metadata", "fetch"), ("metadata", "omdb")])
@pytest.mark.usefixtures("library")
def test_without_a_key_it_says_where_to_get_one(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TMDB_READ_ACCESS_TOKEN")
    monkeypatch.delenv("OMDB_API_KEY")
    assert main(list(words)) == 2
    assert "get a" in capsys.readouterr().err
