"""Each attack is refused, logged without secrets, and costs the others nothing."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import random
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest

from mediavault_tui.domain.model import MediaFile
from mediavault_tui.errors import SourceChanged, SourceError
from mediavault_tui.services.accounts import Accounts
from mediavault_tui.services.preview import PreviewLinks
from mediavault_tui.sources.local.beneath import open_beneath
from streamer import accounts as accounts_api
from streamer import app as streamer_app
from streamer.logs import NoSecrets
from tests.db.shelf import Shelf
from tests.streamer.conftest import NAME, PASSWORD, Serve, Sidecar, until


@pytest.fixture
async def film(shelf: Shelf) -> MediaFile:
    return await shelf.add("Heat.mkv", b"sixteen bytes...")


async def is_served(sidecar: Sidecar, film: MediaFile) -> bool:
    """Whether somebody else gets what they ask for, now."""
    async with asyncio.timeout(30):
        answer = await sidecar.http.get(f"/api/media/stream/{film.id}")
        return await answer.read() == b"sixteen bytes..."


ADDRESSES = (
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
)


async def test_no_address_leads_to_another_file(sidecar: Sidecar, film: MediaFile) -> None:
    for path in ADDRESSES:
        reader, writer = await sidecar.raw(
            f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        )
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


NAMES = ("a\r\nSet-Cookie: x=y.mkv", "a\x1b[2J\n.mkv", b"\xff\xfe.mkv", 'a".mkv', "ä;b.mkv")
HARMLESS = NAMES[3:]
"""These nginx can have as they are."""


async def test_no_name_of_a_file_becomes_a_header(
    sidecar: Sidecar, shelf: Shelf, links: PreviewLinks
) -> None:
    for name in NAMES:
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
        made = await links.make(film.id, who=NAME)
        asked = await sidecar.http.get(f"/_film/{film.id}?t={made.token}", headers=mapped(shelf))
        if name in HARMLESS:
            assert (asked.status, asked.headers["X-MediaVault-Film"]) == (204, f"/_films/{name!s}")
        else:
            assert asked.status == 403, "nginx asks us for this film itself"
            assert "X-MediaVault-Film" not in asked.headers


def mapped(shelf: Shelf) -> dict[str, str]:
    return {"X-Accel-Mapping": f"{shelf.root}/=/_films/", "X-Forwarded-For": "192.0.2.7"}


async def test_a_proxy_is_told_where_a_film_is_for_a_good_link_alone(
    sidecar: Sidecar, shelf: Shelf, film: MediaFile, links: PreviewLinks, accounts: Accounts
) -> None:
    """What it is told it may keep, so no login and no cookie of who asks may decide it."""
    await accounts.register(NAME, PASSWORD)
    token = (await accounts.login(NAME, PASSWORD)).token
    made, other = await links.make(film.id, who=NAME), await shelf.add("Ronin.mkv", b"other bytes")
    wrong = await links.make(other.id, who=NAME)
    headers = mapped(shelf) | {
        "Authorization": f"Bearer {token}",
        "Cookie": f"mediavault_link_{film.id}={made.token}",
    }
    for query in (
        "",
        "?t=",
        f"?t={token}",
        f"?t={wrong.token}",
        f"?t={made.token[:-1]}{'B' if made.token[-1] == 'A' else 'A'}",
    ):
        answer = await sidecar.http.get(f"/_film/{film.id}{query}", headers=headers)
        assert answer.status == 401, query
    asked = f"/_film/{film.id}?t={made.token}"
    answer = await sidecar.http.get(asked, headers=mapped(shelf))
    assert answer.headers["X-MediaVault-Film"] == "/_films/Heat.mkv"
    assert "Set-Cookie" not in answer.headers
    odd = await shelf.add("Heat.avi", b"x")  # its container is said to be Matroska's: nginx would not know
    made = await links.make(odd.id, who=NAME)
    assert (await sidecar.http.get(f"/_film/{odd.id}?t={made.token}", headers=mapped(shelf))).status == 403
    object.__setattr__(sidecar.state.settings, "streamer_trusted_proxies", ("203.0.113.1/32",))
    assert (await sidecar.http.get(asked, headers=mapped(shelf))).status == 404


def tampered(gone: Path, changed: Path, link: Path) -> None:
    gone.unlink()
    changed.write_bytes(b"something else")
    link.rename(link.with_name("old"))
    link.symlink_to(link.with_name("old"))


async def test_whoever_has_but_a_link_reads_no_path_in_an_error(
    sidecar: Sidecar, shelf: Shelf, links: PreviewLinks, accounts: Accounts
) -> None:
    await accounts.register(NAME, PASSWORD)
    login = {"Authorization": f"Bearer {(await accounts.login(NAME, PASSWORD)).token}"}
    films = {what: await shelf.add(f"Secret {what}.mkv", b"x") for what in ("gone", "changed", "link", "nas")}
    tampered(*(Path(films[what].path) for what in ("gone", "changed", "link")))
    await shelf.conn.execute("update media_files set source = 'nas:7' where id = $1", films["nas"].id)
    for what, film in films.items():
        made = await links.make(film.id, who=NAME)
        place = f"/api/media/stream/{film.id}"
        known = (await (await sidecar.http.get(place, headers=login)).json())["error"]
        assert "nas:7" in known if what == "nas" else film.path in known, "a login is told where to look"
        answer = await sidecar.http.get(f"{place}?t={made.token}")
        said = (await answer.json())["error"]
        assert answer.status == (503 if what == "nas" else 410)
        assert not [word for word in (str(shelf.root), "Secret", "nas:7") if word in said], said


async def test_ten_thousand_ranges_are_refused(sidecar: Sidecar, film: MediaFile) -> None:
    header = "bytes=" + ",".join(["0-0"] * 10_000)
    reader, writer = await sidecar.raw(
        f"GET /api/media/stream/{film.id} HTTP/1.1\r\nHost: localhost\r\nRange: {header}\r\n\r\n"
    )
    assert (await reader.readline()).split()[1] == b"400"  # longer than a header may be
    # Too many, though but one holds a byte; and few, but over each other.
    for asked, status in (
        (["0-0"] + ["99-99"] * 15, 206),
        (["0-0"] + ["99-99"] * 16, 416),
        (["0-"] * 3, 416),
    ):
        headers = {"Range": "bytes=" + ",".join(asked)}
        assert (await sidecar.http.get(f"/api/media/stream/{film.id}", headers=headers)).status == status
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
    async with asyncio.timeout(30):
        assert await asyncio.gather(*(reader.read() for reader, _ in slow)) == [b""] * 200
    for _, writer in slow:
        writer.close()
    await until(lambda: sidecar.state.sender.active == 0)


async def test_a_slow_body_is_cut_off(
    sidecar: Sidecar, film: MediaFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accounts_api, "_PATIENCE", 0.3)
    head = (
        "POST /api/auth/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
        "Content-Length: 99\r\n\r\n"
    )
    slow = [await sidecar.raw(head) for _ in range(20)]
    assert await is_served(sidecar, film)
    for _, writer in slow:
        writer.write(b"{")
    async with asyncio.timeout(30):
        answers = await asyncio.gather(*(reader.read() for reader, _ in slow))
    assert {answer.split()[1] for answer in answers} == {b"408"}
    for _, writer in slow:
        writer.close()


async def test_a_viewer_goes_on_whatever_others_try(
    serve: Serve, shelf: Shelf, accounts: Accounts, links: PreviewLinks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of it at once, over and over, while one reads a film: every byte is right, no answer is late.

    Late by what the attacks cost this process, in seconds of a processor: whatever else the machine does.
    """
    monkeypatch.setattr(streamer_app, "_PATIENCE", 1.0)
    sidecar = await serve()
    content = os.urandom(2_000_000)
    film = await shelf.add("Heat.mkv", content)
    await accounts.register(NAME, PASSWORD)
    made = await links.make(film.id, who=NAME)
    address = f"/api/media/stream/{film.id}"
    whole = ",".join(["0-"] * 16)
    wrong = json.dumps({"name": NAME, "password": "wrong password"})
    heads = {
        "ten thousand ranges": (f"GET {address}?t={made.token} HTTP/1.1\r\nHost: a\r\nRange: bytes="
                                + "0-0," * 10_000 + "\r\n\r\n", b"400"),
        "ranges over each other": ((f"GET {address}?t={made.token} HTTP/1.1\r\nHost: a\r\n"
                                   f"Range: bytes={whole}\r\n\r\n"), b"416"),
        "a long line": ("GET /" + "a" * 10_000 + " HTTP/1.1\r\nHost: a\r\n\r\n", b"400"),
        "many headers": ("GET / HTTP/1.1\r\n" + "X: y\r\n" * 200 + "\r\n", b"400"),
        "a forged link": (f"GET {address}?t={'A' * 64} HTTP/1.1\r\nHost: a\r\n\r\n", b"401"),
        "a large body": (("POST /api/auth/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
                         f"Content-Length: 100000\r\n\r\n{'x' * 100_000}"), b"413"),
        "a wrong password": (("POST /api/auth/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
                             f"Content-Length: {len(wrong)}\r\n\r\n{wrong}"), b"401 429"),
        "a socket of another site": (("GET /ws/ HTTP/1.1\r\nHost: a\r\nOrigin: https://evil.example\r\n"
                                     "Connection: Upgrade\r\nUpgrade: websocket\r\n"
                                     "Sec-WebSocket-Version: 13\r\n"
                                     "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"), b"403"),
    }  # fmt: skip
    refused: Counter[str] = Counter()

    async def attack(what: str) -> None:
        text, statuses = heads[what]
        while True:
            reader, writer = await sidecar.raw(text)
            with suppress(ConnectionError):  # hung up on while it still talked
                assert (await reader.readline()).split()[1] in statuses.split(), what
            writer.close()
            refused[what] += 1

    slow = [await sidecar.raw("GET / HTTP/1.1\r\nHost: loc") for _ in range(100)]
    attackers = [asyncio.ensure_future(attack(what)) for what in heads]
    late = 0.0
    while min(refused[what] for what in heads) < 3:
        start = random.randrange(len(content) - 65_536)
        began = time.process_time()
        bounds = {"Range": f"bytes={start}-{start + 65_535}"}
        answer = await sidecar.http.get(f"{address}?t={made.token}", headers=bounds)
        assert await answer.read() == content[start : start + 65_536]
        late = max(late, time.process_time() - began)
        assert not [one for one in attackers if one.done()], [one for one in attackers if one.done()]
    for one in attackers:
        one.cancel()
    await asyncio.gather(*attackers, return_exceptions=True)
    assert late < 1
    assert await asyncio.gather(*(reader.read() for reader, _ in slow)) == [b""] * 100
    for _, writer in slow:
        writer.close()


async def test_a_stranger_sends_nobody_elsewhere(sidecar: Sidecar, film: MediaFile) -> None:
    """`X-Accel-Mapping` from a proxy that is none of ours has no effect."""
    object.__setattr__(sidecar.state.settings, "streamer_trusted_proxies", ("203.0.113.1/32",))
    answer = await sidecar.http.get(f"/api/media/stream/{film.id}", headers={"X-Accel-Mapping": "/=/_films/"})
    assert (answer.status, await answer.read()) == (200, b"sixteen bytes...")
    assert "X-Accel-Redirect" not in answer.headers


async def test_a_film_can_only_be_read(sidecar: Sidecar, film: MediaFile) -> None:
    for method in ("POST", "PUT", "DELETE", "TRACE", "CONNECT", "BREW"):
        answer = await sidecar.http.request(method, f"/api/media/stream/{film.id}")
        assert answer.status in (400, 404, 405), method
    assert await is_served(sidecar, film)
