"""Equal bytes here and on a share, and on two shares: found, shown together, staged by the rules."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator
from datetime import time as at
from pathlib import Path

import pytest

from mediavault_tui.domain.library import GroupQuery, ScanPhase
from mediavault_tui.domain.model import GroupId
from mediavault_tui.domain.nightly import Window
from mediavault_tui.domain.verdict import Proof, Verdict
from mediavault_tui.probe.hashing import WHOLE
from mediavault_tui.services.dedupe import Dedupe
from mediavault_tui.services.nas.shares import Nas
from mediavault_tui.services.scanning.far import FarPolicy
from mediavault_tui.services.staging.stage import Stage
from mediavault_tui.settings import Secret
from mediavault_tui.store.database import Connection, Database
from tests.smb.nas_rig import PASSWORD, Server, nas_on, scan, the_server, the_tree

__all__ = ["the_server", "the_tree"]  # fixtures

pytestmark = pytest.mark.needs("smbd", "pdbedit")

MB = 1_000_000
FILM = bytes(range(256)) * 12_000


@pytest.fixture
async def nas(database: Database, server: Server, tree: Path, tmp_path: Path) -> AsyncIterator[Nas]:
    """Yield a NAS with the shares nas:2 (volume1) and nas:3 (second)."""
    async with nas_on(database, server, tmp_path / "data") as made:
        await made.add(
            host="127.0.0.1",
            port=server.port,
            share="second",
            username=server.user,
            password=Secret(PASSWORD),
        )
        yield made


def film(path: Path, content: bytes = FILM, *, age: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.utime(path, (1_600_000_000 + age, 1_600_000_000 + age))
    return path


def like(content: bytes) -> bytes:
    """Bytes of the same size that differ in the middle, where no sample looks."""
    middle = len(content) // 2
    return content[:middle] + b"!" + content[middle + 1 :]


def traces(*folders: Path) -> list[Path]:
    """Return what was left behind under a name of our own."""
    return [path for folder in folders for path in folder.rglob(".mediavault*")]


async def hashed(conn: Connection) -> dict[str, tuple[bool, bool]]:
    """Return by source and name whether the file was sampled, and whether it was read whole."""
    rows = await conn.fetch("select source, path, sample_hash, content_hash from media_files")
    return {
        f"{row['source']} {row['path'].rpartition('/')[2]}": (
            row["sample_hash"] is not None,
            row["content_hash"] is not None,
        )
        for row in rows
    }


async def the_groups(database: Database) -> list[set[str]]:
    """Return the members of the exact groups, as source and path."""
    dedupe = Dedupe(database)
    await dedupe.refresh()
    found = []
    for group in await dedupe.groups(GroupQuery(proofs=(Proof.EXACT,))):
        copies = (await dedupe.comparison(group.id)).copies
        found.append({f"{copy.file.source} {copy.file.path.rpartition('/')[2]}" for copy in copies})
    return found


@pytest.mark.parametrize("first", ["here", "there"])
async def test_a_copy_here_and_one_on_a_share_are_one_group(
    conn: Connection, database: Database, nas: Nas, tree: Path, tmp_path: Path, first: str
) -> None:
    film(tmp_path / "films/Heat (1995).mkv")
    film(tmp_path / "films/other.mkv", bytes(reversed(FILM)))
    film(tmp_path / "films/alone.mkv", FILM[:-1])
    film(tree / "videos/Heat.1995.mkv", age=60)
    film(tree / "videos/middle.mkv", like(FILM))
    film(tree / "videos/unlike.mkv", FILM + FILM)
    scans = [str(tmp_path / "films"), "nas:/volume1/videos"]
    for folder in scans if first == "here" else reversed(scans):
        last = await scan(database, nas, folder)
        assert (last.phase, last.counts.errors) == (ScanPhase.DONE, 0)
    assert await hashed(conn) == {
        "local Heat (1995).mkv": (True, True),
        "local other.mkv": (True, False),
        "local alone.mkv": (False, False),
        "nas:2 Heat.1995.mkv": (True, True),
        "nas:2 middle.mkv": (True, True),
        "nas:2 unlike.mkv": (False, False),
    }
    assert await the_groups(database) == [{"local Heat (1995).mkv", "nas:2 Heat.1995.mkv"}]
    for folder in scans:
        again = await scan(database, nas, folder)
        assert again.counts.bytes_read == 0, "an unchanged library was read again"


async def test_samples_that_were_taken_earlier_are_compared_too(
    database: Database, nas: Nas, tree: Path, tmp_path: Path
) -> None:
    """Each place had companions of its own: everything is sampled before the two are known together."""
    film(tree / "a.mkv")
    film(tree / "b.mkv", bytes(reversed(FILM)))
    await scan(database, nas)
    film(tmp_path / "films/c.mkv")
    film(tmp_path / "films/d.mkv", b"d" * len(FILM))
    last = await scan(database, nas, str(tmp_path / "films"))
    assert await the_groups(database) == [{"local c.mkv", "nas:2 a.mkv"}]
    assert last.counts.bytes_read == 2 * WHOLE + 2 * len(FILM), "samples of the share were taken anew"
    assert len(FILM) < last.counts.bytes_wire < 1.1 * len(FILM), "what was read of the share is counted"


async def test_two_shares_are_compared_and_the_budget_counts_both(
    database: Database, nas: Nas, server: Server, tree: Path
) -> None:
    for number in range(4):
        film(server.second / f"{number}.mkv", bytes([number]) * (4 * MB + number))
        film(tree / f"copy {number}.mkv", bytes([number]) * (4 * MB + number))
    await scan(database, nas, "nas:3/second")
    last = await scan(database, nas, "nas:/volume1", far=FarPolicy(budget=12 * MB, readers=1))
    assert "The budget" in last.message
    assert 12 * MB <= last.counts.bytes_wire < 17 * MB
    assert 0 < len(await the_groups(database)) < 4
    while (last := await scan(database, nas, "nas:/volume1", far=FarPolicy(budget=12 * MB))).message:
        pass
    assert len(await the_groups(database)) == 4


async def test_a_share_that_is_away_is_said_once_and_left_for_later(
    conn: Connection, database: Database, nas: Nas, server: Server, tree: Path, tmp_path: Path
) -> None:
    for number in range(3):
        film(tree / f"{number}.mkv", FILM + bytes(number))
        film(tmp_path / f"films/{number}.mkv", FILM + bytes(number))
    await scan(database, nas)
    server.kill()
    last = await scan(database, nas, str(tmp_path / "films"))
    errors = [row["message"] for row in await last_errors(conn)]
    assert (last.phase, last.counts.new, last.roots_failed) == (ScanPhase.DONE, 3, 0)
    assert len(errors) == 1
    assert "are compared with these by a later scan" in errors[0]
    assert await conn.fetchval("select count(*) from media_files where state = 'present'") == 6
    server.start()
    await scan(database, nas, str(tmp_path / "films"))
    assert len(await the_groups(database)) == 3


async def last_errors(conn: Connection) -> list[dict[str, str]]:
    found: list[dict[str, str]] = await conn.fetchval(
        "select errors from scan_history order by id desc limit 1"
    )
    return found


async def test_a_scan_of_this_machine_never_waits_for_the_night(
    database: Database, nas: Nas, tree: Path, tmp_path: Path
) -> None:
    film(tree / "a.mkv")
    film(tmp_path / "films/b.mkv")
    night = Window.read("23:00-06:00")
    await scan(database, nas, far=FarPolicy(window=night, now=lambda: at(12)))
    last = await scan(database, nas, str(tmp_path / "films"), far=FarPolicy(window=night, now=lambda: at(12)))
    assert last.message == "2 files are compared with those of a share at night"
    assert (last.counts.bytes_read, last.counts.bytes_wire) == (0, 0)
    await scan(database, nas, str(tmp_path / "films"), far=FarPolicy(window=night, now=lambda: at(23, 30)))
    assert await the_groups(database) == [{"local b.mkv", "nas:2 a.mkv"}]


async def test_the_rules_choose_the_copy_and_it_is_staged_at_its_own_place(
    conn: Connection, database: Database, nas: Nas, tree: Path, tmp_path: Path
) -> None:
    """One that lies on the share in a downloads folder, one that lies here in a folder named tmp."""
    there = film(tree / "videos/downloads/Heat.1995.mkv", age=60)
    film(tmp_path / "films/Heat (1995).mkv")
    film(tree / "videos/Alien (1979).mkv", FILM + b"alien")
    here = film(tmp_path / "films/Alien.mkv", FILM + b"alien")
    await scan(database, nas, "nas:/volume1/videos")
    await scan(database, nas, str(tmp_path / "films"))
    dedupe = Dedupe(database)
    await conn.execute("update media_files set health = 'healthy', probed_at = now()")
    await dedupe.refresh()
    groups = await dedupe.groups(GroupQuery(proofs=(Proof.EXACT,)))
    assert [group.verdict for group in groups] == [Verdict.CERTAIN] * 2
    wire = nas.places.source("nas:2").bytes_read  # type: ignore[attr-defined]
    stage = Stage(database, nas.places, staging_of=nas.staging_of)
    assert (await stage.stage_groups([group.id for group in groups], who="x")).refused == ()
    assert nas.places.source("nas:2").bytes_read - wire < 600_000  # type: ignore[attr-defined]
    (held,) = (tree / "videos/duplicates_before_purge").rglob("*.mkv")
    assert (held.name, held.read_bytes()) == (there.name, FILM)
    (held,) = (tmp_path / "films/duplicates_before_purge").rglob("*.mkv")
    assert held.name == here.name
    assert (await stage.undo(who="x")).refused == ()
    assert there.exists()
    assert here.exists()
    assert traces(tree, tmp_path / "films") == []


def marks_in(folder: Path) -> list[Path]:
    """Make marks: one of a program that was killed, a new one, one that is not empty, one of another name."""
    names = ["0123456789abcdef.mark", "00000000000000ff.mark", "fedcba9876543210.mark", "mine.mark"]
    made = [folder / f".mediavault-{name}" for name in names]
    for path in made:
        path.write_bytes(b"a person's" if path is made[2] else b"")
        if path is not made[1]:
            os.utime(path, (time.time() - 7200,) * 2)
    return made


async def test_a_share_and_a_mount_that_nobody_told_of_are_never_two_copies(
    conn: Connection, database: Database, nas: Nas, tree: Path
) -> None:
    """The folder that smbd serves stands for its mount: one file, found by two ways."""
    film(tree / "videos/Heat (1995).mkv")
    await scan(database, nas, "nas:/volume1/videos")
    await scan(database, nas, str(tree / "videos"))
    await conn.execute("update media_files set health = 'healthy', probed_at = now()")
    dedupe = Dedupe(database)
    await dedupe.refresh()
    (group,) = await dedupe.groups(GroupQuery(proofs=(Proof.EXACT,)))
    stage = Stage(database, nas.places, staging_of=nas.staging_of)
    for keeper in await conn.fetch("select id from media_files"):
        left = marks_in(tree / "videos")
        result = await stage.stage_group(GroupId(group.id), keeper["id"], who="x")
        assert result.done == ()
        assert not left[0].exists(), "what a killed program left is swept the next time"
        for other in left[1:]:
            assert other.exists(), "this one is new, or not ours"
            other.unlink()
        assert "are one file, seen here and on a share; set NAS_MOUNTS" in result.refused[0]
    assert (tree / "videos/Heat (1995).mkv").read_bytes() == FILM
    assert traces(tree) == []
