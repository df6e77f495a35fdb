"""A conversion lives as long as its viewer reads: nothing is left of it afterwards, however it ends."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from aiohttp import ClientSession

from mediavault_tui.domain.model import MediaFile
from mediavault_tui.probe.ffprobe import Prober
from mediavault_tui.services.accounts import Accounts
from mediavault_tui.services.preview import PreviewLinks
from streamer.conversions import Busy, Conversions
from streamer.recipes import OFFSET
from streamer.theatre import THEATRE
from streamer.watch import STATIC
from tests.db.shelf import Shelf
from tests.streamer import films
from tests.streamer.conftest import NAME, PASSWORD, Serve, Sidecar, until
from tests.streamer.test_stream import NAS, Distant

ENDLESS = [
    "-hide_banner",
    "-v",
    "error",
    "-nostdin",
    "-f",
    "lavfi",
    "-i",
    "testsrc2",
    "-f",
    "rawvideo",
    "pipe:1",
]


def children(program: str) -> list[int]:
    """Return the processes of this one that run `program`, the dead that nobody reaped included."""
    found = []
    for entry in os.listdir("/proc"):
        try:
            status = Path(f"/proc/{entry}/stat").read_text()
            name = Path(f"/proc/{entry}/comm").read_text().strip()
        except (OSError, ValueError):
            continue
        if (
            status.rpartition(")")[2].split()[1] == str(os.getpid())
            and name == os.path.basename(program)[:15]
        ):
            found.append(int(entry))
    return found


@pytest.fixture
async def film(shelf: Shelf, ffmpeg: str, ffprobe: str, session_folder: Path) -> MediaFile:
    made = await asyncio.to_thread(films.make, ffmpeg, session_folder / "reel", "mpeg4-ac3.avi")
    return await films.film(shelf, made, Prober(ffprobe=ffprobe, ffmpeg=ffmpeg, workers=1))


def address(film: MediaFile, viewer: str = "me", start: float = 0) -> str:
    return f"/api/media/{film.id}/play?way=picture&start={start}&viewer={viewer}"


async def test_a_viewer_who_leaves_leaves_no_process_and_a_line(
    sidecar: Sidecar, film: MediaFile, ffmpeg: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    reader, writer = await sidecar.raw(f"GET {address(film)} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    assert (await reader.readline()).startswith(b"HTTP/1.1 200")
    assert len(children(ffmpeg)) == 1
    writer.transport.abort()
    await until(lambda: not children(ffmpeg))
    await until(lambda: f"GET /api/media/{film.id}/play 499" in caplog.text)
    assert len(sidecar.app[THEATRE].conversions) == 0
    assert "viewer=me" not in caplog.text


async def test_a_viewer_who_takes_nothing_is_given_up(sidecar: Sidecar, film: MediaFile, ffmpeg: str) -> None:
    sidecar.app[THEATRE].silence = 0.3
    reader, writer = await sidecar.raw(f"GET {address(film)} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    await reader.readline()
    await until(lambda: not children(ffmpeg))
    writer.close()


async def test_a_stopping_sidecar_takes_its_conversions_along(
    serve: Serve, film: MediaFile, ffmpeg: str
) -> None:
    sidecar = await serve()
    reader, writer = await sidecar.raw(f"GET {address(film)} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    await reader.readline()
    await sidecar.app.shutdown()
    await until(lambda: not children(ffmpeg))
    writer.close()


async def test_a_jump_ends_the_conversion_before(sidecar: Sidecar, film: MediaFile, ffmpeg: str) -> None:
    reader, writer = await sidecar.raw(f"GET {address(film)} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    await reader.readline()
    [first] = children(ffmpeg)
    answer = await sidecar.http.get(address(film, start=12))
    assert (await answer.content.readexactly(8))[4:] == b"ftyp"
    await until(lambda: first not in children(ffmpeg))
    answer.close()
    writer.close()
    await until(lambda: not children(ffmpeg))


async def test_one_too_many_is_told_so(sidecar: Sidecar, film: MediaFile, ffmpeg: str) -> None:
    sidecar.app[THEATRE].conversions = Conversions(most=1, queue=0.05)
    reader, writer = await sidecar.raw(f"GET {address(film)} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    await reader.readline()
    answer = await sidecar.http.get(address(film, viewer="another"))
    assert answer.status == 503
    assert answer.headers["Retry-After"] == "10"
    assert "being converted" in (await answer.json())["error"]
    writer.transport.abort()
    await until(lambda: not children(ffmpeg))
    answer = await sidecar.http.get(address(film, viewer="another"))
    assert answer.status == 200
    answer.close()


@pytest.mark.parametrize(
    "query",
    [
        "way=picture&start=-1&viewer=me",
        "way=picture&start=nan&viewer=me",
        "way=picture&start=x&viewer=me",
        "way=picture&audio=7&viewer=me",
        "way=picture",
        "way=picture&viewer=a%20b",
    ],
)
async def test_nonsense_is_refused(sidecar: Sidecar, film: MediaFile, query: str) -> None:
    answer = await sidecar.http.get(f"/api/media/{film.id}/play?{query}")
    assert answer.status == 400


async def test_a_way_that_a_film_has_not_is_not_found(sidecar: Sidecar, film: MediaFile) -> None:
    for way in ("direct", "packed", "sound", "", "x"):
        assert (await sidecar.http.get(f"/api/media/{film.id}/play?way={way}&viewer=me")).status == 404


async def test_a_film_that_ffmpeg_cannot_read_says_so(
    sidecar: Sidecar, film: MediaFile, shelf: Shelf
) -> None:
    Path(os.fsdecode(film.raw_path)).write_bytes(bytes(film.size))  # noqa: ASYNC240  # a small file
    os.utime(film.raw_path, ns=(film.stamp.modified_ns, film.stamp.modified_ns))
    answer = await sidecar.http.get(address(film))
    assert answer.status == 500
    said = (await answer.json())["error"]
    assert said.startswith("The film cannot be converted")
    assert "/dev/fd" not in said


async def test_as_many_as_may_be_run(ffmpeg: str) -> None:
    conversions = Conversions(most=1, queue=0.01)
    words: Sequence[str] = [ffmpeg, *ENDLESS]
    async with conversions.started(words, viewer="a") as running:
        assert await running.read()
        with pytest.raises(Busy):
            async with conversions.started(words, viewer="b"):
                pass
    assert children(ffmpeg) == []
    async with conversions.started(words, viewer="b") as running:
        assert await running.read()


@pytest.mark.parametrize("most", [1, 2])
async def test_of_two_jumps_that_waited_for_a_place_only_the_later_runs(
    sidecar: Sidecar, film: MediaFile, ffmpeg: str, most: int
) -> None:
    """Both came when nothing ran for their viewer, so that neither had anything to end."""
    conversions = sidecar.app[THEATRE].conversions = Conversions(most=most, queue=60)
    async with AsyncExitStack() as others:
        for name in "ab"[:most]:
            await others.enter_async_context(conversions.started([ffmpeg, *ENDLESS], viewer=name))
        jumps = []
        for start in (4, 12):
            jumps.append(asyncio.create_task(sidecar.http.get(address(film, start=start))))
            await until(lambda: len(conversions._places._waiters or ()) == len(jumps))
    earlier, later = await asyncio.gather(*jumps)
    assert earlier.status == 409
    assert "another second" in (await earlier.json())["error"]
    assert (later.status, len(conversions), len(children(ffmpeg))) == (200, 1, 1)
    later.close()
    await until(lambda: not children(ffmpeg))


def test_the_script_and_the_server_agree_on_the_offset() -> None:
    assert f"const OFFSET = {OFFSET};".encode() in STATIC["player.js"]


async def test_who_reads_the_list_of_processes_cannot_open_the_film(
    serve: Serve, film: MediaFile, shelf: Shelf, ffmpeg: str, accounts: Accounts, links: PreviewLinks
) -> None:
    """Of a share ffmpeg reads our own stream: what lets it in is nothing that a stranger can read."""
    await accounts.add(NAME, PASSWORD)
    await shelf.conn.execute("update media_files set source = $1 where id = $2", NAS, film.id)
    sidecar = await serve(sources={NAS: Distant})
    mine = (await links.make(film.id, who=NAME)).token
    reader, writer = await sidecar.raw(f"GET {address(film)}&t={mine} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    assert (await reader.readline()).startswith(b"HTTP/1.1 200")
    [pid] = children(ffmpeg)
    words = await asyncio.to_thread(Path(f"/proc/{pid}/cmdline").read_bytes)
    opened = [word for word in words.decode().split("\0") if word.startswith("http")]
    assert len(opened) == 1
    async with ClientSession() as stranger, stranger.get(opened[0]) as answer:
        assert answer.status == 401
    writer.close()
    await until(lambda: not children(ffmpeg))
    async with asyncio.timeout(30):
        while len(await links.live()) > 1:  # noqa: ASYNC110  # ffmpeg's own link ends a little after it
            await asyncio.sleep(0.01)
