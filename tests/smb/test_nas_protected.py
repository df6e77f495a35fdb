"""A protected folder and the holding folder on a share, spelled in another case or with other accents."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path

import pytest

from mediavault_tui.bootstrap import renaming, scanner, stage
from mediavault_tui.domain.library import ScanPhase, ScanProgress
from mediavault_tui.domain.model import FileId
from mediavault_tui.domain.renaming import PRESETS
from mediavault_tui.domain.world import Title, TitleKind
from mediavault_tui.services.nas.shares import Nas
from mediavault_tui.settings import Settings, from_env
from mediavault_tui.store import metadata
from mediavault_tui.store.database import Connection, Database
from mediavault_tui.store.metadata import FoundMatch
from tests.smb.nas_rig import Server, the_server, the_tree
from tests.smb.test_nas_stage import Stand, environ

__all__ = ["the_server", "the_tree"]  # fixtures

pytestmark = pytest.mark.needs("smbd", "pdbedit")

DECOMPOSED = unicodedata.normalize("NFD", "gehütet")


async def scanned(database: Database, settings: Settings, nas: Nas, folder: str) -> ScanProgress:
    """Scan a folder of the share as the program does; return the last word."""
    last: ScanProgress | None = None
    root = Path(os.fsdecode(nas.names.located(folder.encode())))
    async for progress in scanner(database, settings, probe=False, match=False, nas=nas).scan([root]):
        last = progress
    assert last is not None
    return last


@pytest.mark.parametrize(
    ("protected", "folder", "as_scanned"),
    [
        ("nas:/volume1/videos/KEEP", "videos/keep", "nas:/volume1/videos"),
        ("nas:/volume1/videos/keep", "videos/keep", "nas:/volume1/VIDEOS"),
        (f"nas:/volume1/videos/{DECOMPOSED}", "videos/Gehütet", "nas:/volume1/videos"),
    ],
)
async def test_a_protected_folder_is_protected_in_every_spelling(
    conn: Connection,
    database: Database,
    server: Server,
    tree: Path,
    tmp_path: Path,
    protected: str,
    folder: str,
    as_scanned: str,
) -> None:
    (tree / folder).mkdir(parents=True)
    (tree / folder / "heat.mkv").write_bytes(b"kept" * 20_000)
    (tree / "videos/Heat.mkv").write_bytes(b"the better one" * 20_000)
    settings = from_env(environ(server, tmp_path, MEDIAVAULT_PROTECTED=protected))
    nas = Nas(database, settings)
    await nas.load()
    try:
        last = await scanned(database, settings, nas, as_scanned)
        assert last.counts.new == 2
        rows = {row["path"]: row for row in await conn.fetch("select path, id, protected from media_files")}
        (loser,) = [row for path, row in rows.items() if path.endswith("/heat.mkv")]
        (keeper,) = [row for path, row in rows.items() if path.endswith("/Heat.mkv")]
        assert (loser["protected"], keeper["protected"]) == (True, False)
        # The setting alone must do, for a file that was scanned before it was set.
        await conn.execute("update media_files set health = 'healthy', probed_at = now(), protected = false")
        stand = Stand(conn, database, server, environ(server, tmp_path))
        group = await stand.grouped(FileId(keeper["id"]), FileId(loser["id"]))
        result = await stage(database, settings, nas).stage_group(group, FileId(keeper["id"]), who="x")
        assert [why.endswith("heat.mkv is in a protected folder") for why in result.refused] == [True]
        heat = Title(TitleKind.MOVIE, 949, "Heat", year=1995)
        await metadata.put_titles(conn, [heat])
        match = FoundMatch(FileId(loser["id"]), "x", "sure", heat.key, confidence=100)
        await metadata.put_matches(conn, [match])
        (planned,) = [
            one
            for one in await renaming(database, settings, nas).preview(PRESETS["plex"])
            if one.file == loser["id"]
        ]
        assert "is in a protected folder" in planned.refused
        assert (tree / folder / "heat.mkv").exists()
    finally:
        nas.close()


@pytest.mark.parametrize("change", ["set", "unset", "moved"])
async def test_a_scan_never_enters_a_holding_folder_of_another_spelling_or_of_before(
    conn: Connection, database: Database, server: Server, tree: Path, tmp_path: Path, change: str
) -> None:
    stand = Stand(conn, database, server, environ(server, tmp_path, NAS_STAGING_PATH="/volume1/videos/held"))
    (tree / "videos/Held").mkdir(parents=True)  # somebody made it, and in another case
    await stand.set_up()
    try:
        await stand.to("staged")
        (held,) = (tree / "videos/Held/movies").rglob("film.mkv")
        now = {
            "set": {"NAS_STAGING_PATH": "/volume1/videos/held"},
            "unset": {},
            "moved": {"NAS_STAGING_PATH": "/volume1/other"},
        }[change]
        settings = from_env(environ(server, tmp_path, **now))
        nas = Nas(database, settings)
        await nas.load()
        try:
            last = await scanned(database, settings, nas, "nas:/volume1/videos")
        finally:
            nas.close()
        assert (last.phase, last.counts.seen, last.counts.missing) == (ScanPhase.DONE, 1, 0)
        assert held.exists()
        await stand.to("present")
    finally:
        stand.nas.close()
