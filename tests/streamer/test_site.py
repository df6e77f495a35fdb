"""The shipped nginx configuration in front of the real sidecar: curl, ffprobe, and what stands in the logs."""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
import shutil
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from mediavault_tui.domain.model import MediaFile
from mediavault_tui.services.accounts import Accounts
from mediavault_tui.services.demo import DemoLibrary
from mediavault_tui.services.keys import signing_secret
from mediavault_tui.services.preview import PreviewLinks
from mediavault_tui.settings import Settings
from mediavault_tui.store.database import Database
from tests.db.shelf import Shelf
from tests.streamer.conftest import NAME, PASSWORD, QUICK
from tests.streamer.site import HOST, Site, running_site

os.environ["PATH"] += os.pathsep + "/usr/sbin"  # where Debian has nginx

pytestmark = pytest.mark.needs("nginx", "curl")
SIZE = 5_000_011
CONTENT = random.Random(6).randbytes(SIZE)


@pytest.fixture(params=["on the mount", "elsewhere"])
async def site(request: pytest.FixtureRequest, database_url: str, tmp_path: Path) -> AsyncIterator[Site]:
    """The site; the library lies on the mount (nginx sends it) or elsewhere (the sidecar does)."""
    mount = tmp_path / ("library" if request.param == "on the mount" else "mnt")
    mount.mkdir(exist_ok=True)
    async with running_site(tmp_path / "site", database_url=database_url, mount=mount) as running:
        yield running


@pytest.fixture
async def film(shelf: Shelf) -> MediaFile:
    return await shelf.add("Heat & Co (1995)/Heat ümlaut 50% #1?.mkv", CONTENT)


def same(database: Database, site: Site) -> tuple[Accounts, PreviewLinks]:
    """Accounts and links as the running sidecar knows them."""
    secret = signing_secret(Settings(data_dir=site.logs / "data"))
    return Accounts(database, secret, hasher=QUICK), PreviewLinks(database, secret, base_url=site.url)


async def run(*words: str) -> tuple[str, bytes]:
    """Run a program; return what it said to standard error and output. It must succeed."""
    child = await asyncio.create_subprocess_exec(
        *words, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await child.communicate()
    assert child.returncode == 0, err.decode()
    return err.decode(), out


async def curl(site: Site, path: str, *words: str) -> tuple[int, dict[str, str], bytes]:
    """Ask with curl; return status, headers and body."""
    headers = site.logs / "headers.txt"
    _, body = await run(*site.curl("-D", str(headers), *words, f"{site.url}{path}"))
    head = [part for part in headers.read_text("latin-1").split("\r\n\r\n") if part.startswith("HTTP/")][-1]
    lines = head.split("\r\n")
    found = dict(line.split(": ", 1) for line in lines[1:] if ": " in line)
    return int(lines[0].split()[1]), {name.lower(): value for name, value in found.items()}, body


async def test_the_site(site: Site, database: Database, film: MediaFile, tmp_path: Path) -> None:
    """One long test, for starting a site costs more than asking it."""
    accounts, links = same(database, site)
    await accounts.add(NAME, PASSWORD)
    made = await links.make(film.id, who=NAME)
    path = f"/api/media/stream/{film.id}"
    by_link = f"{path}?t={made.token}"
    assert made.stream_url == f"{site.url}{by_link}"

    # HTTP becomes HTTPS
    _, out = await run(
        "curl", "-s", "-o", "/dev/null", "-w", "%{http_code} %{redirect_url}",
        "--resolve", f"{HOST}:{site.http}:127.0.0.1", f"http://{HOST}:{site.http}/watch/1",
    )  # fmt: skip
    assert out.decode() == f"301 https://{HOST}/watch/1"

    # the whole file, its headers, over HTTP/2 and HTTP/1.1
    for version in ("--http2", "--http1.1"):
        status, headers, body = await curl(site, by_link, version)
        assert (status, body) == (200, CONTENT)
    assert headers["strict-transport-security"] == "max-age=63072000"
    assert headers["x-frame-options"] == "SAMEORIGIN"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["content-type"] == "video/x-matroska"
    assert headers["accept-ranges"] == "bytes"
    assert "%C3%BCmlaut%2050%25%20%231%3F.mkv" in headers["content-disposition"]
    assert "Secure" in headers["set-cookie"]
    assert "x-accel-redirect" not in headers
    tag = headers["etag"]
    assert not tag.startswith("W/")

    # every form of a range
    for asked, start, stop in (
        ("0-0", 0, 1), ("100-199", 100, 200), ("4000000-", 4_000_000, SIZE), ("-10", SIZE - 10, SIZE),
        ("0-", 0, SIZE),
    ):  # fmt: skip
        status, headers, body = await curl(site, by_link, "-r", asked)
        assert (status, headers["content-range"]) == (206, f"bytes {start}-{stop - 1}/{SIZE}")
        assert body == CONTENT[start:stop]
    status, headers, body = await curl(site, by_link, "-r", "0-9,100-109,-5")
    assert status == 206
    assert headers["content-type"].startswith("multipart/byteranges")
    for piece in (CONTENT[:10], CONTENT[100:110], CONTENT[-5:]):
        assert piece in body
    status, headers, _ = await curl(site, by_link, "-r", f"{SIZE}-")
    assert (status, headers["content-range"]) == (416, f"bytes */{SIZE}")
    for condition, expected in (
        (f"If-None-Match: {tag}", 304), ('If-None-Match: "x"', 200), ('If-Match: "x"', 412),
    ):  # fmt: skip
        assert (await curl(site, by_link, "-H", condition))[0] == expected
    assert (await curl(site, by_link, "-r", "5-", "-H", 'If-Range: "x"'))[0] == 200
    assert (await curl(site, by_link, "-r", "5-", "-H", f"If-Range: {tag}"))[0] == 206
    status, headers, body = await curl(site, by_link, "-I")
    assert (status, headers["content-length"]) == (200, str(SIZE))

    # an interrupted download is resumed to the same file
    part = tmp_path / "part.mkv"
    part.write_bytes(CONTENT[:1_000_000])
    await run(*site.curl("-C", "-", "-o", str(part), made.stream_url))
    assert part.read_bytes() == CONTENT

    # nobody without the link, nor by nginx's inner door
    assert (await curl(site, path))[0] == 401
    assert (await curl(site, "/api/auth/me"))[0] == 401
    for inner in ("/_films/", f"/_films/{film.path.rsplit('library/', 1)[-1].split('/')[0]}", "/_films/../x"):
        assert (await curl(site, inner, "--path-as-is"))[0] in (400, 404)
    mapping = f"X-Accel-Mapping: {tmp_path}/=/_films/"
    assert (await curl(site, by_link, "-H", mapping))[2] == CONTENT
    assert (await curl(site, "/metrics"))[0] == 404

    # well, and not logged
    status, headers, body = await curl(site, "/health")
    assert (status, json.loads(body)["status"]) == (200, "ready")
    assert "said" not in body.decode(), "strangers are not told where things are"

    # logging in, and the WebSocket with its cookie
    context = ssl.create_default_context(cafile=str(site.certificate))
    resolver = Here()
    connector = aiohttp.TCPConnector(ssl=context, resolver=resolver)
    async with aiohttp.ClientSession(site.url, connector=connector) as browser:
        answer = await browser.post("/api/auth/login", json={"name": NAME, "password": PASSWORD})
        assert answer.status == 200
        socket = await browser.ws_connect("/ws/", origin=site.url)
        async with database.connection() as conn:
            await conn.execute("select pg_notify('mediavault', 'groups:changed')")
        assert await socket.receive_json(timeout=10) == {"kind": "groups", "id": "changed"}
        await socket.close()
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await browser.ws_connect("/ws/", origin="https://evil.example")

    # revoked is revoked at once
    assert await links.revoke(made.id)
    for _ in range(50):
        if (await curl(site, by_link))[0] == 401:
            break
    assert (await curl(site, by_link))[0] == 401

    logs = "".join(file.read_text("utf-8", "replace") for file in site.logs.glob("*.log"))
    assert path in logs
    assert made.token not in logs
    assert "?t=" not in logs
    assert "/health" not in logs
    assert PASSWORD not in logs


class Here(aiohttp.abc.AbstractResolver):
    """Every name is this machine."""

    async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[aiohttp.abc.ResolveResult]:
        return [{"hostname": host, "host": "127.0.0.1", "port": port, "family": 2, "proto": 0, "flags": 0}]

    async def close(self) -> None:
        """Nothing is open."""


async def test_players_read_and_seek(
    site: Site, database: Database, shelf: Shelf, demo_library: DemoLibrary, ffprobe: str, ffmpeg: str
) -> None:
    """ffprobe and ffmpeg over HTTPS see what they see in the file itself, from the middle too."""
    found = max(demo_library.root.rglob("*.mkv"), key=lambda path: path.stat().st_size)
    path = shelf.root / "a film.mkv"
    shutil.copyfile(found, path)
    film = await shelf.enter(path)
    _, links = same(database, site)
    url = (await links.make(film.id, who=NAME)).stream_url.replace(HOST, "127.0.0.1")
    tls = ["-tls_verify", "0", "-headers", f"Host: {HOST}\r\n"]
    show = ["-v", "error", "-show_entries", "format=duration,size:stream=codec_name", "-of", "json"]
    _, far = await run(ffprobe, *tls, *show, url)
    _, near = await run(ffprobe, *show, str(path))
    assert json.loads(far)["streams"] == json.loads(near)["streams"]
    assert json.loads(far)["format"] == json.loads(near)["format"]
    middle = str(float(json.loads(near)["format"]["duration"]) / 2)
    frames = ["-frames:v", "3", "-an", "-f", "framemd5", "-"]
    _, far = await run(ffmpeg, "-v", "error", *tls, "-ss", middle, "-i", url, *frames)
    _, near = await run(ffmpeg, "-v", "error", "-ss", middle, "-i", str(path), *frames)
    assert far == near
    assert len(re.findall(rb"^0,", far, re.MULTILINE)) == 3
