"""Every command takes every spelling of a share's path; frames of a film on a share."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from mediavault_tui.bootstrap import load_settings, open_vault
from mediavault_tui.cli.main import main
from mediavault_tui.errors import SourceError, UsageError
from mediavault_tui.probe.picture import Painter
from mediavault_tui.probe.tone import Tables
from mediavault_tui.services import pictures
from mediavault_tui.services.demo.library import FILMS
from mediavault_tui.services.demo.make import DemoLibrary
from mediavault_tui.services.pictures import Pictures
from mediavault_tui.store.database import Connection, Database
from mediavault_tui.store.files import media_file
from tests.smb.nas_rig import PASSWORD, SHARE, Server, nas_on, scan, the_server, the_tree

__all__ = ["the_server", "the_tree"]  # fixtures

pytestmark = pytest.mark.needs("smbd", "pdbedit")


@pytest.fixture
def site(
    database_url: str, server: Server, tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """Set a site up by the environment, and work in an empty folder; return the share's mount."""
    for name, content in {
        "videos/Heat (1995).mkv": b"heat" * 99,
        "videos/old/Heat.1995.mkv": b"heat" * 99,
    }.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_bytes(content)
    for variable, value in {
        "DATABASE_URL": database_url,
        "MEDIAVAULT_DATA_DIR": str(tmp_path / "data"),
        "NAS_HOST": "127.0.0.1",
        "NAS_SMB_PORT": str(server.port),
        "NAS_SMB_USERNAME": server.user,
        "NAS_SMB_PASSWORD": PASSWORD,
        "NAS_SMB_SHARE": SHARE,
        "NAS_MOUNTS": f"{tree}={SHARE}",
    }.items():
        monkeypatch.setenv(variable, value)
    monkeypatch.chdir(tmp_path)
    return tree


def spellings(server: Server, mount: Path, inside: str) -> list[str]:
    backwards = inside.replace("/", "\\")
    return [
        f"/{SHARE}/{inside}",
        f"nas:/{SHARE}/{inside}",
        f"smb://127.0.0.1:{server.port}/{SHARE}/{inside.replace(' ', '%20')}",
        f"\\\\127.0.0.1\\{SHARE}\\{backwards}",
        f"{mount}/{inside}",
    ]


def run(*words: str, code: int = 0) -> Any:
    """Run a command as `mediavault` does; return its JSON document."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        ended = main(list(words))
    assert ended == code, out.getvalue() + err.getvalue()
    return json.loads(out.getvalue()) if "--json" in words and code < 2 else err.getvalue()


def test_scan_duplicates_stage_and_exact_take_every_spelling(site: Path, server: Server) -> None:
    new = [
        run("scan", spelling, "--no-probe", "--json")["counts"]["new"]
        for spelling in spellings(server, site, "videos")
    ]
    assert new == [2, 0, 0, 0, 0], "one file, many names"
    for spelling in spellings(server, site, "videos"):
        (group,) = run("duplicates", spelling, "--json")
        assert {file["source"] for file in group["files"]} == {"nas:0"}
    assert run("duplicates", f"nas:/{SHARE}/elsewhere", "--json") == []
    for spelling in spellings(server, site, "videos/Heat (1995).mkv"):
        # refused, for nobody has looked at their health; but the copy to keep was understood
        (answer,) = run("stage", str(group["id"]), "--keep", spelling, "--dry-run", "--json", code=1)
        assert f"the copy to keep (/{SHARE}/videos/Heat (1995).mkv) is unchecked" in answer["refused"]
    for spelling in spellings(server, site, "videos"):
        report = run("exact", spelling, "--json")
        (equal,) = report["groups"]
        assert [Path(name).name for name in equal["files"]] == ["Heat (1995).mkv", "Heat.1995.mkv"]
    both = run("exact", f"nas:/{SHARE}/videos", f"smb://127.0.0.1/{SHARE}/videos/old", "--json")
    assert len(both["groups"][0]["files"]) == 2, "a folder inside another counts once"
    assert "no share" in run("exact", "nas:/nothing/videos", code=2)


def test_exact_relies_on_nothing_that_a_share_holds_for_a_purge(site: Path, server: Server) -> None:
    folder = server.tree / "videos/set aside/movies/2026-07-01"
    folder.mkdir(parents=True)
    some = next(path for path in (server.tree / "videos").rglob("*.mkv"))
    (folder / "held.mkv").write_bytes(some.read_bytes())
    (folder / "manifest.json").write_text(json.dumps({"version": 1, "files": [{"staged_hex": "61"}]}))
    for words in (["--videos"], []):
        report = run("exact", f"nas:/{SHARE}/videos", "--json", *words)
        assert report["left_out"] == 1
        assert not any("held.mkv" in str(group["files"]) for group in report["groups"])


def test_exact_compares_a_share_with_this_machine(site: Path, tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "here/copy.mkv").write_bytes(b"heat" * 99)
    report = run("exact", f"nas:/{SHARE}/videos", str(tmp_path / "here"), "--json")
    (equal,) = report["groups"]
    assert equal["files"] == [
        str(tmp_path / "here/copy.mkv"),
        f"nas:0/{SHARE}/videos/Heat (1995).mkv",
        f"nas:0/{SHARE}/videos/old/Heat.1995.mkv",
    ]


async def test_the_app_opens_on_every_spelling(site: Path, server: Server) -> None:
    async with open_vault(load_settings(), who="x") as vault:
        for spelling in spellings(server, site, "videos")[:4]:
            assert vault.located(spelling) == Path(f"nas:0/{SHARE}/videos")
        with pytest.raises(UsageError, match="not set up"):
            vault.located("smb://elsewhere/volume1/videos")
        with pytest.raises(UsageError, match="of no share that is set up"):
            vault.located("/nothing/of/that/name")


async def test_a_frame_of_a_film_on_a_share_is_that_of_the_film_and_costs_little(
    database: Database,
    conn: Connection,
    server: Server,
    tree: Path,
    tmp_path: Path,
    demo_library: DemoLibrary,
    ffmpeg: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    film = next(f for f in FILMS if f.path.endswith(".mkv") and not f.truncated)
    local = demo_library.folder / film.path
    shutil.copy(local, tree / "film.mkv")
    painter = Painter(ffmpeg=ffmpeg, tables=Tables(tmp_path / "tone"))
    at = {"at": 1.0, "width": 64, "height": 48}
    async with nas_on(database, server, tmp_path) as nas:
        await scan(database, nas, probe=False)
        file = await media_file(conn, await conn.fetchval("select id from media_files"))
        assert file is not None
        made = Pictures(painter, tmp_path / "frames", places=nas.places)
        picture = await made.frame(file, **at)  # type: ignore[arg-type]
        assert picture == await painter.frame(os.fsencode(local), **at)  # type: ignore[arg-type]
        await asyncio.to_thread(server.kill)
        assert await made.frame(file, **at) == picture, "what was seen once needs no server"  # type: ignore[arg-type]
        server.start()
        monkeypatch.setattr(pictures, "_MOST_FAR", 4096)
        with pytest.raises(SourceError, match="No picture: it would take more than 0 MB over the network"):
            await made.frame(file, at=0.5, width=64, height=48)
