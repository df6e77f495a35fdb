"""Each attack is refused, logged without secrets, and costs the others nothing."""

from __future__ import annotations

import asyncio
import logging
import os
from pathlib import Path

import pytest

from mediavault_tui.domain.model import MediaFile
from mediavault_tui.errors import SourceChanged, SourceError
from mediavault_tui.sources.local_beneath import open_beneath
from streamer import app as streamer_app
from streamer.logs import NoSecrets
from tests.db.shelf import Shelf
from tests.streamer.conftest import Serve, Sidecar, until


@pytest.fixture
async def film(shelf: Shelf) -> MediaFile:
    return await shelf.add("Heat.mkv", b"sixteen bytes...")


async def is_served(sidecar: Sidecar, film: MediaFile) -> bool:
    """Whether somebody else gets what they ask for, now."""
    async with asyncio.timeout(5):
        answer = await sidecar.http.get(f"/api/media/stream/{film.id}")
        return await answer.read() == b"sixteen bytes..."


@pytest.mark.parametrize(
    "path",
    [
        "/api/media/stream/../../../etc/passwd",
        "/api/media/stream/..%2f..%2fetc%2fpasswd",
        "/api/media/stream/%2e%2e/%2e%2e/etc/passwd",
        "/api/media/stream/1%00.mkv",
        "/api/media/stream/1/../../../etc/passwd",
        "/api/media/stream/-1",
        "/api/media/stream/1e3",
        "/api/media/stream/%D9%A1",
        "/api/media/stream/0x1",
        "//etc/passwd",
        "/static/../../etc/passwd",
    ],
)
async def test_no_address_leads_to_another_file(sidecar: Sidecar, film: MediaFile, path: str) -> None:
    reader, writer = await sidecar.raw(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    answer = await reader.read()
    assert answer.split()[1] in (b"400", b"404"), answer
    assert b"root:" not in answer
    writer.close()


async def test_a_folder_that_became_a_link_leads_nowhere(
    sidecar: Sidecar, shelf: Shelf, tmp_path: Path
) -> None:
    film = await shelf.add("Film/Heat.mkv", b"sixteen bytes...")
    outside = tmp_path / "outside"
    (shelf.root / "Film").rename(outside)
    (shelf.root / "Film").symlink_to(outside)
    answer = await sidecar.http.get(f"/api/media/stream/{film.id}")
    assert answer.status == 410
    assert "link" in (await answer.json())["error"] or "folder" in (await answer.json())["error"]


@pytest.mark.parametrize(
    "inside",
    [b"../secret", b"a/../../secret", b"./film", b"a//film", b"fi\0lm", b"", b"link", b"linked/film",
     b"folder", b"pipe", b"../library-not/film"],
)  # fmt: skip
def test_only_regular_files_below_the_root_are_opened(tmp_path: Path, inside: bytes) -> None:
    root = tmp_path / "library"
    (root / "folder").mkdir(parents=True)
    (tmp_path / "library-not").mkdir()
    (tmp_path / "library-not" / "film").write_bytes(b"x")
    (tmp_path / "secret").write_bytes(b"secret")
    (root / "film").write_bytes(b"film")
    (root / "link").symlink_to(tmp_path / "secret")
    (root / "linked").symlink_to(tmp_path / "library-not")
    os.mkfifo(root / "pipe")
    folder = os.fsencode(root)
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(SourceError):
        open_beneath(folder, folder + b"/" + inside)
    with pytest.raises(SourceChanged):
        open_beneath(folder, os.fsencode(tmp_path / "library-not" / "film"))
    assert len(os.listdir("/proc/self/fd")) == before
    with open_beneath(folder + b"/", folder + b"/film") as stream:
        buffer = memoryview(bytearray(10))
        assert stream.read_into(1, buffer) == 3
        assert bytes(buffer[:3]) == b"ilm"


def test_a_root_may_itself_be_reached_by_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "film").write_bytes(b"film")
    (tmp_path / "root").symlink_to(tmp_path / "real")
    root = os.fsencode(tmp_path / "root")
    with open_beneath(root, root + b"/film") as stream:
        assert stream.stamp().size == 4


@pytest.mark.parametrize(
    "name", ["a\r\nSet-Cookie: x=y.mkv", 'a".mkv', "a\x1b[2J\n.mkv", "ä;b.mkv", b"\xff\xfe.mkv"]
)
async def test_no_name_of_a_file_becomes_a_header(sidecar: Sidecar, shelf: Shelf, name: str | bytes) -> None:
    film = await shelf.add(name, b"x")
    reader, writer = await sidecar.raw(
        f"GET /api/media/stream/{film.id} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    )
    head = (await reader.read()).partition(b"\r\n\r\n")[0].split(b"\r\n")
    assert head[0] == b"HTTP/1.1 200 OK"
    assert not [line for line in head if line.lower().startswith(b"set-cookie")]
    (said,) = [line for line in head if line.startswith(b"Content-Disposition")]
    assert said.isascii()
    assert b"\x1b" not in said
    writer.close()


async def test_ten_thousand_ranges_are_refused(sidecar: Sidecar, film: MediaFile) -> None:
    header = "bytes=" + ",".join(["0-0"] * 10_000)
    reader, writer = await sidecar.raw(
        f"GET /api/media/stream/{film.id} HTTP/1.1\r\nHost: localhost\r\nRange: {header}\r\n\r\n"
    )
    assert (await reader.readline()).split()[1] == b"400"  # longer than a header may be
    short = "bytes=" + ",".join(["0-0"] * 1000)
    answer = await sidecar.http.get(f"/api/media/stream/{film.id}", headers={"Range": short})
    assert answer.status == 416
    writer.close()


async def test_oversized_heads_and_bodies_are_refused(
    sidecar: Sidecar, film: MediaFile, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("aiohttp.server").addFilter(NoSecrets())
    for request in (
        "GET /" + "a" * 10_000 + "?t=hush-token HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: localhost\r\nCookie: hush-token" + "a" * 10_000 + "\r\n\r\n",
        "GET /?t=hush-token HTTP/1.1\r\nHost: localhost\r\n"
        + "".join(f"X-{n}: y\r\n" for n in range(200))
        + "\r\n",
        "GET /?t=hush-token HTTP/9.9\r\n\r\n",
        "hush-token\r\n\r\n",
    ):
        reader, writer = await sidecar.raw(request)
        assert (await reader.readline()).split()[1] == b"400"
        writer.close()
    answer = await sidecar.http.post(
        "/api/auth/login", data=b"x" * 100_000, headers={"Content-Type": "application/json"}
    )
    assert answer.status == 413
    deep = b"[" * 30_000 + b"]" * 30_000
    answer = await sidecar.http.post(
        "/api/auth/login", data=deep, headers={"Content-Type": "application/json"}
    )
    assert answer.status == 400
    assert "hush-token" not in caplog.text
    assert await is_served(sidecar, film)


async def test_slow_heads_hold_up_nobody_and_are_cut_off(
    serve: Serve, film: MediaFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streamer_app, "_PATIENCE", 1.0)
    sidecar = await serve()
    slow = [await sidecar.raw("GET / HTTP/1.1\r\nHost: loc") for _ in range(200)]
    assert await is_served(sidecar, film)
    for _, writer in slow[::10]:
        writer.write(b"a")  # a letter now and then does not keep it
    async with asyncio.timeout(10):
        assert await asyncio.gather(*(reader.read() for reader, _ in slow)) == [b""] * 200
    for _, writer in slow:
        writer.close()
    await until(lambda: sidecar.state.sender.active == 0)


async def test_a_stranger_sends_nobody_elsewhere(sidecar: Sidecar, film: MediaFile) -> None:
    """`X-Accel-Mapping` from a proxy that is none of ours has no effect."""
    object.__setattr__(sidecar.state.settings, "streamer_trusted_proxies", ("203.0.113.1/32",))
    answer = await sidecar.http.get(f"/api/media/stream/{film.id}", headers={"X-Accel-Mapping": "/=/_films/"})
    assert (answer.status, await answer.read()) == (200, b"sixteen bytes...")
    assert "X-Accel-Redirect" not in answer.headers


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "TRACE", "CONNECT", "BREW"])
async def test_a_film_can_only_be_read(sidecar: Sidecar, film: MediaFile, method: str) -> None:
    answer = await sidecar.http.request(method, f"/api/media/stream/{film.id}")
    assert answer.status in (400, 404, 405)
    assert await is_served(sidecar, film)
