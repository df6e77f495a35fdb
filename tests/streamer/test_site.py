"""The shipped nginx configuration before the real sidecar: curl, ffprobe, and what stands in the logs."""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
import ssl
import time
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

import aiohttp
import pytest

from mediavault_tui.domain.model import MediaFile
from mediavault_tui.services.accounts import Accounts
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


MOUNT = "mount/"
"""Below it nginx has the films itself; what lies beside it the sidecar sends."""


@pytest.fixture
async def site(database_url: str, tmp_path: Path) -> AsyncIterator[Site]:
    """The site; it starts once, because that costs more than all that it is asked."""
    mount = tmp_path / "library" / MOUNT
    mount.mkdir(parents=True)
    async with running_site(tmp_path / "site", database_url=database_url, mount=mount) as running:
        yield running


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
    head = [
        part for part in headers.read_bytes().decode("latin-1").split("\r\n\r\n") if part.startswith("HTTP/")
    ][-1]
    lines = head.split("\r\n")
    found = dict(line.split(": ", 1) for line in lines[1:] if ": " in line)
    return int(lines[0].split()[1]), {name.lower(): value for name, value in found.items()}, body


async def test_the_site(
    site: Site, database: Database, shelf: Shelf, ffprobe: str, ffmpeg: str, tmp_path: Path
) -> None:
    """One long test, for starting a site costs more than asking it."""
    accounts, links = same(database, site)
    await accounts.add(NAME, PASSWORD)

    # HTTP becomes HTTPS
    _, out = await run(
        "curl", "-s", "-o", "/dev/null", "-w", "%{http_code} %{redirect_url}",
        "--resolve", f"{HOST}:{site.http}:127.0.0.1", f"http://{HOST}:{site.http}/watch/1",
    )  # fmt: skip
    assert out.decode() == f"301 https://{HOST}/watch/1"

    plain = await shelf.add(f"{MOUNT}Heat ümlaut 50%.MKV", CONTENT)
    strange = await shelf.add(f"{MOUNT}Heat & Co (1995)/Heat 50% #1?.mkv", CONTENT)
    elsewhere = await shelf.add("Heat & Co (1995)/Heat ümlaut 50% #1?.mkv", CONTENT)
    tokens = []
    for film in (plain, strange, elsewhere):
        made = await links.make(film.id, who=NAME)
        tokens.append(made.token)
        assert made.stream_url == f"{site.url}{address(film)}?t={made.token}"
        await is_sent_by_the_book(site, f"{address(film)}?t={made.token}", film)

    # an interrupted download is resumed to the same file
    part = tmp_path / "part.mkv"
    part.write_bytes(CONTENT[:1_000_000])
    await run(*site.curl("-C", "-", "-o", str(part), made.stream_url))
    assert part.read_bytes() == CONTENT

    # nobody without the link, nor by nginx's inner doors
    for inner in ("/_films/", "/_films/Heat%20%26%20Co%20(1995)/", "/_films/../x", "/_films/..%2fx", "/_film",
                  f"/_film/{plain.id}?t={tokens[0]}"):  # fmt: skip
        status, headers, _ = await curl(site, inner, "--path-as-is")
        assert status in (400, 404, 502), inner  # 502: outside of it, where no front end runs
        assert not [name for name in headers if name.startswith("x-mediavault")]
    mapping = f"X-Accel-Mapping: {tmp_path}/=/_films/"
    assert (await curl(site, f"{address(elsewhere)}?t={tokens[2]}", "-H", mapping))[2] == CONTENT
    assert (await curl(site, "/api/auth/me"))[0] == 401
    assert (await curl(site, "/metrics"))[0] == 404

    # well, and not logged
    status, headers, body = await curl(site, "/health")
    assert (status, json.loads(body)["status"]) == (200, "ready")
    assert "said" not in body.decode(), "strangers are not told where things are"

    # logging in, and the WebSocket with its cookie
    context = ssl.create_default_context(cafile=str(site.certificate))
    connector = aiohttp.TCPConnector(ssl=context, resolver=Here())
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
        # a login opens every film, and is kept nowhere
        assert await (await browser.get(address(plain))).read() == CONTENT

    tokens += await a_word_is_kept_for_a_moment_only(site, database, links, shelf)
    tokens += await players_read_and_seek(site, links, shelf, ffprobe, ffmpeg)

    logs = "".join(file.read_text("utf-8", "replace") for file in site.logs.glob("*.log"))
    assert address(plain) in logs
    assert not [token for token in tokens if token in logs]
    assert "?t=" not in logs
    assert "/health" not in logs
    assert PASSWORD not in logs
    kept = b"".join([file.read_bytes() for file in (site.logs / "kept").rglob("*") if file.is_file()])
    assert b"/_films/" in kept, "what nginx keeps is looked at"
    assert not [token for token in tokens if token[-11:].encode() in kept], "no whole link lies there"


def address(film: MediaFile) -> str:
    return f"/api/media/stream/{film.id}"


async def is_sent_by_the_book(site: Site, by_link: str, film: MediaFile) -> None:
    """A film with CONTENT in it: whole, by every form of a range, on conditions, and to nobody else."""
    for version in ("--http2", "--http1.1"):
        status, headers, body = await curl(site, by_link, version)
        assert (status, body) == (200, CONTENT)
    assert headers["strict-transport-security"] == "max-age=63072000"
    assert headers["x-frame-options"] == "SAMEORIGIN"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["content-type"] == "video/x-matroska"
    assert headers["accept-ranges"] == "bytes"
    assert headers["cache-control"] == "private, no-cache"
    assert quote(Path(film.path).name) in headers["content-disposition"]
    assert "Secure" in headers.get("set-cookie", "Secure")
    assert not [name for name in headers if name.startswith(("x-accel", "x-mediavault"))]
    tag = headers["etag"]
    assert not tag.startswith("W/")
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
    path, _, token = by_link.partition("?t=")
    other = by_link.replace(token, ("B" if token[0] == "A" else "A") + token[1:])
    for wrong in (path, other, f"{by_link}A", f"/api/media/stream/{film.id + 1000}?t={token}"):
        status, headers, body = await curl(site, wrong)
        assert (status, list(json.loads(body))) == (401, ["error"]), wrong


async def a_word_is_kept_for_a_moment_only(
    site: Site, database: Database, links: PreviewLinks, shelf: Shelf
) -> list[str]:
    """nginx asks once for many ranges; what is moved, changed or revoked is so within two seconds."""
    films = [await shelf.add(f"{MOUNT}{name}.mkv", CONTENT) for name in ("asked", "moved", "changed")]
    made = [await links.make(film.id, who=NAME) for film in films]
    asked, moved, changed = (f"{address(f)}?t={m.token}" for f, m in zip(films, made, strict=True))

    log = site.logs / "serve.log"
    took = time.monotonic()
    await run(*site.curl("-r", "5-9", *[word for _ in range(40) for word in ("-o", "/dev/null")],
                         *[f"{site.url}{asked}"] * 40))  # fmt: skip
    took = time.monotonic() - took
    assert 1 <= log.read_text().count(f"/_film/{films[0].id} ") <= 2 + took, "not for each of them"

    assert (await curl(site, moved, "-r", "5-9"))[2] == CONTENT[5:10]
    group = await shelf.group(films[0], films[1])
    await shelf.stage(database).stage_group(group, films[0].id, who=NAME)
    assert not os.path.exists(films[1].path)  # noqa: ASYNC240  # a test may wait for a disk
    await within_two_seconds(site, moved, 206)  # it plays from its holding folder

    _, headers, _ = await curl(site, changed, "-I")
    await asyncio.to_thread(Path(films[2].path).write_bytes, CONTENT[::-1] + b"x")
    resumed = ("-r", "5-9", "-H", f"If-Range: {headers['etag']}")
    status, _, body = await curl(site, changed, *resumed)
    assert status == 410 or (status, body) == (200, CONTENT[::-1] + b"x"), "never a part of the other one"
    await within_two_seconds(site, changed, 410)

    assert (await curl(site, asked, "-r", "5-9"))[0] == 206
    assert await links.revoke(made[0].id)
    await within_two_seconds(site, asked, 401)
    return [link.token for link in made]


async def within_two_seconds(site: Site, path: str, expected: int) -> None:
    """The promise; a request that was sent after them decides, on a machine that is shared."""
    until = time.monotonic() + 2
    while True:
        late = time.monotonic() > until
        status, _, _ = await curl(site, path, "-r", "5-9")
        if status == expected:
            return
        assert not late, f"still {status}"


class Here(aiohttp.abc.AbstractResolver):
    """Every name is this machine."""

    async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[aiohttp.abc.ResolveResult]:
        return [{"hostname": host, "host": "127.0.0.1", "port": port, "family": 2, "proto": 0, "flags": 0}]

    async def close(self) -> None:
        """Nothing is open."""


async def players_read_and_seek(
    site: Site, links: PreviewLinks, shelf: Shelf, ffprobe: str, ffmpeg: str
) -> list[str]:
    """ffprobe and ffmpeg over HTTPS see what they see in the file itself, from the middle too."""
    path = shelf.write("a film.mkv", b"")
    await run(
        ffmpeg, "-y", "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=60",
        "-c:v", "mpeg4", "-q:v", "2", str(path),
    )  # fmt: skip
    tokens = []
    show = ["-v", "error", "-show_entries", "format=duration,size:stream=codec_name", "-of", "json"]
    _, near = await run(ffprobe, *show, str(path))
    middle = str(float(json.loads(near)["format"]["duration"]) / 2)
    frames = ["-frames:v", "3", "-an", "-f", "framemd5", "-"]
    _, seen = await run(ffmpeg, "-v", "error", "-ss", middle, "-i", str(path), *frames)
    assert len(re.findall(rb"^0,", seen, re.MULTILINE)) == 3
    for name in ("a film.mkv", f"{MOUNT}a film.mkv"):
        film = await shelf.add(name, path.read_bytes())
        made = await links.make(film.id, who=NAME)
        tokens.append(made.token)
        url = made.stream_url.replace(HOST, "127.0.0.1")
        tls = ["-tls_verify", "0", "-headers", f"Host: {HOST}\r\n"]
        _, far = await run(ffprobe, *tls, *show, url)
        assert json.loads(far)["streams"] == json.loads(near)["streams"]
        assert json.loads(far)["format"] == json.loads(near)["format"]
        _, far = await run(ffmpeg, "-v", "error", *tls, "-ss", middle, "-i", url, *frames)
        assert far == seen
    return tokens
