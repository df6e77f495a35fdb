"""A share on a real smbd, from the browser of folders to undo, in a real terminal by keyboard alone."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from mediavault_tui.services.demo.make import DemoLibrary
from tests.e2e.terminal import running
from tests.e2e.test_triage import FILM, command_and_environment, contents
from tests.smb.conftest import samba
from tests.smb.nas_rig import PASSWORD, SHARE, Server, the_server, the_tree

__all__ = ["samba", "the_server", "the_tree"]  # fixtures

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.needs("smbd", "pdbedit")]

COPY = "videos/downloads/Nosferatu.1922.mkv"


def test_a_share_is_walked_scanned_and_staged_on_and_all_of_it_undone(
    demo_library: DemoLibrary, server: Server, tree: Path, tmp_path: Path, database_url: str
) -> None:
    film = next(path for path in (demo_library.folder / FILM).iterdir() if path.suffix == ".mkv")
    for name in ("videos/Nosferatu (1922)/Nosferatu (1922).mkv", COPY, "music videos/Another (1999).mkv"):
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(film, tree / name)
    before = contents(tree)
    command, environ = command_and_environment(tmp_path, "app")
    environ |= {
        "DATABASE_URL": database_url,
        "NAS_HOST": "127.0.0.1",
        "NAS_SMB_PORT": str(server.port),
        "NAS_SMB_USERNAME": server.user,
        "NAS_SMB_PASSWORD": PASSWORD,
        "NAS_SMB_SHARE": SHARE,
    }
    with running(command, folder=tmp_path, environ=environ) as terminal:
        terminal.shows("Inventory", "Menu")
        terminal.press("4")
        terminal.shows("Scanner")
        while "this machine" not in terminal.screen:
            terminal.press("BSpace")  # further ones do nothing at the top
            terminal.shows("Scanner")
        terminal.shows("this machine", SHARE, "TB free")
        terminal.press("Down", "Enter")
        terminal.shows("music videos/", f"127.0.0.1 › {SHARE}", without=["this machine"])
        terminal.press("Down", "Space", "S")
        terminal.shows("2 files scanned")
        terminal.press("2")
        terminal.shows("certain", "Nosferatu (1922)", without=["Another"])
        terminal.press("Enter")
        terminal.shows("k Keep", "▶ A · keep · recommended", "Nosferatu.1922.mkv")
        terminal.press("k")
        terminal.shows("is moved", f"nas:0/{SHARE}/{COPY}", "nothing is deleted")
        terminal.press("y")
        terminal.shows("1 file staged")
        assert not (tree / COPY).exists()
        assert list((tree / "videos/duplicates_before_purge").rglob(Path(COPY).name))
        terminal.press("u")
        terminal.shows("moved back")
        assert {name: contents(tree).get(name) for name in before} == before
        terminal.press("q")
        terminal.shows("exit code 0")
