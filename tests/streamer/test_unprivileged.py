"""Sidecar and front end as their services run: as nobody, on a read-only system, with one folder to fill."""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import aiohttp
import pytest

from mediavault_tui.probe.ffprobe import Prober
from tests.conftest import LACKING
from tests.db.shelf import Shelf
from tests.streamer import films
from tests.streamer.site import ROOT, free_ports, process

NOBODY = 65534
_DATABASE = "/tmp/database"  # inside a namespace of its own
_DATA = "/tmp/data"
_AWAY = "unshare --mount --propagation private sh -ec"
_NOBODY = f"--reuid={NOBODY} --regid={NOBODY} --clear-groups"
_DROP = f"setpriv {_NOBODY} --no-new-privs --inh-caps=-all --bounding-set=-all"


@pytest.fixture(scope="module", autouse=True)
def may_make_such_a_place() -> None:
    """Skip, loudly, where this user may not make mounts of its own."""
    try:
        words = [*shlex.split(_AWAY), f"mount -o remount,ro,bind / && {_DROP} true"]
        ran = subprocess.run(words, capture_output=True, text=True, check=False)
        problem = ran.stderr.strip() if ran.returncode else ""
    except OSError as error:
        problem = str(error)
    if problem:
        pytest.skip(f"{LACKING}only root can make a read-only system for a process ({problem})")


@pytest.fixture
def env(database_url: str) -> dict[str, str]:
    sidecar, front = free_ports(2)
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "HOME": "/nonexistent",
        "DATABASE_URL": re.sub(r"host=[^&]+", f"host={_DATABASE}", database_url),
        "MEDIAVAULT_DATA_DIR": _DATA,
        "MEDIAVAULT_CACHE_DIR": f"{_DATA}/cache",
        "STREAMER_PORT": str(sidecar),
        "MEDIAVAULT_WEB_PORT": str(front),
    }


def as_nobody(*words: str, database_url: str, library: Path) -> list[str]:
    """Return the words that run a program there; it sees what it needs, where nobody may go too."""
    found = re.search(r"host=([^&]+)", database_url)
    assert found is not None
    shown = [Path(sys.base_prefix), ROOT, library]
    closed = {Path("/tmp"), *(folder for path in shown for folder in _closed_to_others(path))}
    covered = [folder for folder in closed if not closed.intersection(folder.parents)]
    script = ["cd /", "mount -t tmpfs -o mode=755 held /mnt", "touch /mnt/socket"]
    script += [f"mount --bind {shlex.quote(found[1])}/.s.PGSQL.5432 /mnt/socket"]
    for number, path in enumerate(shown):
        script += [f"mkdir /mnt/{number}", f"mount --bind {shlex.quote(str(path))} /mnt/{number}"]
    script += [f"mount -t tmpfs -o mode=1777 cover {shlex.quote(str(path))}" for path in covered]
    for number, path in enumerate(shown):
        place = shlex.quote(str(path))
        script += [f"mkdir -p {place}", f"mount --bind /mnt/{number} {place}"]
        script += [f"mount -o remount,ro,bind {place}"]
    script += [f"mkdir -m 755 {_DATABASE}", f"touch {_DATABASE}/.s.PGSQL.5432"]
    script += [f"mount --bind /mnt/socket {_DATABASE}/.s.PGSQL.5432"]
    script += [f"mkdir -m 700 {_DATA}", f"chown {NOBODY}:{NOBODY} {_DATA}", "mount -o remount,ro,bind /"]
    script += [f"exec {_DROP} {shlex.join(words)}"]
    return [*shlex.split(_AWAY), "\n".join(script)]


def _closed_to_others(path: Path) -> Sequence[Path]:
    """Return the first folder on the way to `path` that nobody may enter; something else is put over it."""
    above = [*reversed(path.parents), path]
    return [folder for folder in above if not folder.stat().st_mode & 0o001][:1]


def check_place(child: asyncio.subprocess.Process) -> None:
    """Assert that it is nobody, without any right more, and that its system is read-only."""
    status = Path(f"/proc/{child.pid}/status").read_text()
    assert re.search(rf"^Uid:(\t{NOBODY}){{4}}$", status, re.MULTILINE)
    assert re.search(r"^CapEff:\t0+$", status, re.MULTILINE)
    for place in ("/", f"{ROOT}/"):
        assert os.statvfs(f"/proc/{child.pid}/root{place}").f_flag & os.ST_RDONLY


async def test_the_sidecar_sends_and_converts_a_film(
    shelf: Shelf, env: dict[str, str], database_url: str, ffmpeg: str, ffprobe: str,
    session_folder: Path, tmp_path: Path,
) -> None:  # fmt: skip
    made = await asyncio.to_thread(films.make, ffmpeg, session_folder / "reel", "mpeg4-ac3.avi")
    film = await films.film(shelf, made, Prober(ffprobe=ffprobe, ffmpeg=ffmpeg, workers=1))
    words = as_nobody(
        sys.executable, "-m", "mediavault_tui", "serve", database_url=database_url, library=shelf.root
    )
    port = int(env["STREAMER_PORT"])
    async with (
        process(*words, env=env, ready=port, log=tmp_path / "serve.log") as child,
        aiohttp.ClientSession(f"http://127.0.0.1:{port}") as http,
    ):
        check_place(child)
        async with http.get("/health") as answer:
            assert answer.status == 200, await answer.text()
        async with http.get(f"/api/media/stream/{film.id}") as answer:
            assert await answer.read() == made.read_bytes()
        async with http.get(f"/api/media/{film.id}/play?way=picture&viewer=me") as answer:
            assert answer.status == 200, await answer.text()
            assert (await answer.content.readexactly(8))[4:] == b"ftyp"
        async with http.get(f"/api/media/{film.id}/poster.jpg") as answer:
            assert (await answer.read())[:3] == b"\xff\xd8\xff"


async def test_the_front_end_opens_the_app(
    shelf: Shelf, env: dict[str, str], database_url: str, tmp_path: Path
) -> None:
    await shelf.add("Heat (1995).mkv", b"sixteen bytes...")
    words = as_nobody(
        sys.executable, "-m", "mediavault_tui", "web", database_url=database_url, library=shelf.root
    )
    port = int(env["MEDIAVAULT_WEB_PORT"])
    async with (
        process(*words, env=env, ready=port, log=tmp_path / "web.log") as child,
        aiohttp.ClientSession(f"http://127.0.0.1:{port}") as http,
    ):
        check_place(child)
        app = await http.ws_connect("/ws?width=100&height=30")
        screen = b""
        async with asyncio.timeout(60):
            while b"Heat" not in screen:
                screen += (await app.receive()).data
        await app.close()
