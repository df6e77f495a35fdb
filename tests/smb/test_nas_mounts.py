"""A share that is mounted as well: proved to be the same, measured, read through while that is well.

There is no kernel's cifs here: the folder that smbd serves stands for the mount, and a list of mounts of
our own for the kernel's.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from mediavault_tui.cli.app import _Door, _folder
from mediavault_tui.cli.main import main
from mediavault_tui.cli.roots import folders
from mediavault_tui.domain.paths import Mount
from mediavault_tui.errors import SourceChanged, UsageError
from mediavault_tui.services.nas.shares import Nas
from mediavault_tui.services.scanning.scan import Scanner
from mediavault_tui.settings import Secret, from_env
from mediavault_tui.sources import waiting
from mediavault_tui.sources.local.source import LocalSource
from mediavault_tui.sources.mounted import ThroughMount, examine, fastest
from mediavault_tui.sources.smb.source import ShareAddress, SmbSource
from mediavault_tui.store.database import Connection, Database
from mediavault_tui.ui.app import MediaVaultApp
from mediavault_tui.ui.dialogs import Trouble
from tests.smb.hanging import Hanging
from tests.smb.nas_rig import PASSWORD, SHARE, Server, nas_on, scan, the_server, the_tree

__all__ = ["the_server", "the_tree"]  # fixtures

pytestmark = pytest.mark.needs("smbd", "pdbedit")

MB = 1_000_000


@pytest.fixture
def share(server: Server, tree: Path) -> Iterator[SmbSource]:
    for number in range(4):
        (tree / "videos").mkdir(exist_ok=True)
        (tree / f"videos/{number}.mkv").write_bytes(os.urandom(2 * MB))
    address = ShareAddress("127.0.0.1", SHARE, server.user, PASSWORD, port=server.port)
    with SmbSource("nas:2", address, patience_s=1.0) as source:
        yield source


def mount(tree: Path) -> Mount:
    return Mount(os.fsencode(tree), b"/" + SHARE.encode())


def test_the_same_share_is_proved_and_both_ways_are_measured(share: SmbSource, tree: Path) -> None:
    finding = examine(share, mount(tree))
    assert finding.same
    assert finding.by_mount > 0
    assert finding.by_smb > 0
    assert "MB/s over SMB: scans read " in finding.said


def test_another_folder_is_never_taken_for_the_share(share: SmbSource, tree: Path, tmp_path: Path) -> None:
    nothing = Mount(os.fsencode(tmp_path), b"/" + SHARE.encode())
    assert not examine(share, nothing).same
    (tmp_path / "videos").mkdir()
    for number in range(4):  # the same names, sizes and times, and one byte that differs
        twin = tmp_path / f"videos/{number}.mkv"
        film = tree / f"videos/{number}.mkv"
        content = bytearray(film.read_bytes())
        content[10] ^= 1
        twin.write_bytes(content)
        os.utime(twin, ns=(0, film.stat().st_mtime_ns))
    finding = examine(share, nothing)
    assert not finding.same
    assert "it is not this share" in finding.said
    assert fastest(share, [nothing]) is None


def test_bytes_come_through_the_mount_and_identity_from_the_server(share: SmbSource, tree: Path) -> None:
    through = ThroughMount(share, mount(tree))
    path = b"/volume1/videos/1.mkv"
    content = (tree / "videos/1.mkv").read_bytes()
    before = share.bytes_read
    with through.open(path) as reader:
        assert reader.stamp() == share.stat(path).stamp
        buffer = bytearray(len(content) + 5)
        assert reader.read_into(0, memoryview(buffer)) == len(content)
        assert buffer[: len(content)] == content
        assert share.bytes_read - before < 10_000
        assert through.bytes_read == len(content)
        before_it_grew = reader.stamp()
        with open(tree / "videos/1.mkv", "ab") as film:
            film.write(b"more")
        assert reader.stamp() != before_it_grew, "whoever compares stamps sees it"


def test_a_mount_that_shows_another_file_or_fails_is_left_for_smb(
    share: SmbSource, tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = b"/volume1/videos/1.mkv"
    content = (tree / "videos/1.mkv").read_bytes()
    (tmp_path / "videos").mkdir()
    (tmp_path / "videos/1.mkv").write_bytes(b"another")
    through = ThroughMount(share, mount(tmp_path))
    buffer = memoryview(bytearray(len(content)))
    with through.open(path) as reader:
        assert reader.read_into(0, buffer) == len(content)
    assert through.bytes_read == 0
    through = ThroughMount(share, mount(tree))
    with through.open(path) as reader:
        reader.read_into(0, buffer[:10])
        monkeypatch.setattr("mediavault_tui.sources.mounted.os.pread", _broken)
        assert reader.read_into(0, buffer) == len(content)
        assert bytes(buffer) == content
    assert through.failed
    assert through.bytes_read == 10


def _broken(*_arguments: object) -> bytes:
    raise OSError(5, "the mount is stale")


def test_a_mount_that_hangs_is_noticed_in_seconds_and_smb_reads_on(
    share: SmbSource,
    tree: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A real one: whoever asks it waits in the kernel."""
    path = b"/volume1/videos/1.mkv"
    content = (tree / "videos/1.mkv").read_bytes()
    buffer = memoryview(bytearray(len(content)))
    with Hanging(tree, tmp_path / "mounted") as hung:
        assert examine(share, mount(hung.at), deadline=5).same, "while it is well"
        through = ThroughMount(share, mount(hung.at), deadline=0.3)
        with through.open(path) as reader:
            assert reader.read_into(0, buffer[:10]) == through.bytes_read == 10
            hung.hang()
            begun = time.monotonic()
            assert reader.read_into(0, buffer) == len(content)
            assert bytes(buffer) == content
            assert through.failed
        with through.open(path) as reader:  # and nobody asks it again
            assert reader.read_into(0, buffer) == len(content)
        assert time.monotonic() - begun < 3
        finding = examine(share, mount(hung.at), deadline=0.3)
        assert (finding.same, "it does not answer" in finding.said) == (False, True)
        monkeypatch.setattr(waiting, "DEADLINE", 0.3)
        sentence = "what is mounted there hangs; mount it anew"
        with pytest.raises(UsageError, match=sentence):
            folders([str(hung.at / "videos")])
        for words in (["exact", str(hung.at / "videos")], ["exact", str(tree), str(hung.at)]):
            assert main(words) == 2
            assert sentence in capsys.readouterr().err


async def test_the_app_says_in_a_panel_that_a_mount_hangs_and_opens_when_it_is_mounted_anew(
    tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = tmp_path / "library"
    (library / "videos").mkdir(parents=True)
    monkeypatch.setattr(waiting, "DEADLINE", 0.3)
    settings = from_env({"MEDIAVAULT_DATA_DIR": str(tmp_path / "data"), "DATABASE_URL": database_url})
    at = tmp_path / "mounted"
    with ExitStack() as mounts:
        hung = mounts.enter_context(Hanging(library, at))
        assert _folder(str(at / "videos")) == at / "videos", "while it is well"
        hung.hang()
        folder = _folder(str(at / "videos"))
        assert folder == at / "videos"
        door = _Door(settings, [folder])
        app = MediaVaultApp(door, libraries=[folder], read_only=True, log_dir=tmp_path)
        async with app.run_test() as pilot:
            async with asyncio.timeout(30):
                while not isinstance(panel := app.screen, Trouble):
                    await pilot.pause(0.01)
            assert "what is mounted there hangs; mount it anew" in panel.sentence
            mounts.close()
            (at / "videos").mkdir()
            await pilot.press("r")
            await app.opened()
            assert not isinstance(app.screen, Trouble)
        await door.close()


def test_a_file_that_differs_at_the_mount_meanwhile_is_not_believed(
    share: SmbSource, tree: Path, tmp_path: Path
) -> None:
    (tmp_path / "videos").mkdir()
    film = tree / "videos/1.mkv"
    twin = tmp_path / "videos/1.mkv"
    twin.write_bytes(film.read_bytes())
    os.utime(twin, ns=(0, film.stat().st_mtime_ns))
    with ThroughMount(share, mount(tmp_path)).open(b"/volume1/videos/1.mkv") as reader:
        with open(twin, "ab") as file:
            file.write(b"more")
        with pytest.raises(SourceChanged, match="changed while it was read"):
            reader.stamp()


@pytest.fixture
async def nas(database: Database, server: Server, tree: Path, tmp_path: Path) -> AsyncIterator[Nas]:
    """Yield a NAS whose share the list of mounts shows at the folder that smbd serves."""
    listed = tmp_path / "mountinfo"
    listed.write_text(f"36 25 0:31 / {tree} rw - cifs //127.0.0.1/volume1 rw\n")
    made = Nas(database, from_env({"MEDIAVAULT_DATA_DIR": str(tmp_path)}), mountinfo=listed)
    await made.load()
    await made.add(
        host="127.0.0.1", share=SHARE, port=server.port, username=server.user, password=Secret(PASSWORD)
    )
    yield made
    made.close()


async def test_a_mount_that_the_kernel_lists_is_tested_and_a_spelling_of_the_share(
    conn: Connection, database: Database, nas: Nas, tree: Path
) -> None:
    (tree / "videos").mkdir()
    (tree / "videos/Heat (1995).mkv").write_bytes(os.urandom(MB))
    line = (await nas.test(nas.share("2")))[-1]
    assert (line.what, line.ok) == (f"mount {tree}", True)
    assert "the same share" in line.said
    await scan(database, nas, str(tree / "videos"))
    await scan(database, nas, "nas:/volume1/videos")
    rows = await conn.fetch("select source, path from media_files")
    assert [tuple(row) for row in rows] == [("nas:2", "/volume1/videos/Heat (1995).mkv")]


async def test_a_mount_that_a_person_set_wrongly_is_said(
    database: Database, server: Server, tree: Path, tmp_path: Path
) -> None:
    (tree / "film.mkv").write_bytes(os.urandom(MB))
    (tmp_path / "elsewhere").mkdir()
    environ = {"NAS_MOUNTS": f"{tmp_path / 'elsewhere'}=volume1"}
    async with nas_on(database, server, tmp_path / "data", environ=environ) as nas:
        line = (await nas.test(nas.share("2")))[-1]
    assert not line.ok
    assert "it is not this share" in line.said
    assert "NAS_MOUNTS" in line.remedy


async def test_what_was_scanned_through_a_mount_before_is_one_file_again_when_its_share_is_scanned(
    conn: Connection, database: Database, nas: Nas, tree: Path, tmp_path: Path
) -> None:
    """As the sentence says that refuses to stage one of the two: set NAS_MOUNTS and scan again."""
    (tree / "videos").mkdir()
    (tree / "videos/Heat (1995).mkv").write_bytes(os.urandom(MB))
    (tmp_path / "films").mkdir()
    (tmp_path / "films/here.mkv").write_bytes(b"here")
    plain = Scanner(database, LocalSource(), None)
    for folder in (tree / "videos", tmp_path / "films"):
        async for _ in plain.scan([folder]):
            pass
    scanner = Scanner(database, nas.places, None, mounts_of=nas.mounts_of)
    progress = [each async for each in scanner.scan([Path("nas:2/volume1/videos")])]
    assert (progress[-1].counts.new, progress[-1].counts.hashed, progress[-1].counts.errors) == (1, 0, 0)
    rows = await conn.fetch("select source, state from media_files order by source, state")
    assert [tuple(row) for row in rows] == [("local", "missing"), ("local", "present"), ("nas:2", "present")]
