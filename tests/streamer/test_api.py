"""Health, counters, the library as JSON, the document of it all, and the WebSocket."""

from __future__ import annotations

import asyncio
import json
import re
import threading
from contextlib import suppress
from typing import Any

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediavault_tui.domain.library import Cursor, ScanCounts, ScanPhase, SortKey
from mediavault_tui.domain.model import FileId
from mediavault_tui.errors import UsageError
from mediavault_tui.services.accounts import Accounts
from mediavault_tui.services.preview import PreviewLinks
from mediavault_tui.settings import Settings
from mediavault_tui.store import scans
from mediavault_tui.store.database import Connection, Database
from streamer import live, openapi, sockets
from streamer.library import decode, encode
from streamer.sockets import HUB, Listener
from tests.db.rows import fill
from tests.db.shelf import Shelf
from tests.factories import a_file, insert_file
from tests.streamer.conftest import NAME, PASSWORD, Serve, Sidecar, until

Json = dict[str, Any]


async def get(sidecar: Sidecar, path: str, *, status: int = 200, **given: Any) -> Json:
    answer = await sidecar.http.get(path, **given)
    assert answer.status == status, await answer.text()
    document: Json = await answer.json()
    return document


async def test_it_is_ready(sidecar: Sidecar, shelf: Shelf, conn: Connection, ffmpeg: str) -> None:
    await scans.begin(conn, [str(shelf.root).encode(), b"/no/such/folder"])
    for path in ("/health", "/health/ready"):
        document = await get(sidecar, path)
        assert document["status"] == "ready"
        assert {name: check["ok"] for name, check in document["checks"].items()} == {
            "database": True, "sources": True, "ffmpeg": True,
        }  # fmt: skip
        assert all(0 <= check["seconds"] < 3 for check in document["checks"].values())
        assert document["checks"]["sources"]["said"] == "1 of 2 scanned folders are there"


async def test_a_mount_that_hangs_costs_one_thread_however_often_it_is_looked_at(
    sidecar: Sidecar, shelf: Shelf, conn: Connection, ffmpeg: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await scans.begin(conn, [str(shelf.root).encode(), b"/hangs"])
    looked, goes_on = [], threading.Event()

    def looks(path: bytes) -> bool:
        looked.append(path)
        return path != b"/hangs" or goes_on.wait(60)

    monkeypatch.setattr(live, "is_folder", looks)
    monkeypatch.setattr(live, "_PATIENCE", 0.5)
    monkeypatch.setattr(live, "_BELIEVED", 0)
    for _ in range(3):
        document = await get(sidecar, "/health")
        assert document["checks"]["sources"]["said"] == "1 of 2 scanned folders are there"
    assert looked.count(b"/hangs") == 1
    goes_on.set()
    await until(lambda: all(look.done() for look in sidecar.app[live.DOCTOR]._looks.values()))
    document = await get(sidecar, "/health")
    assert document["checks"]["sources"]["said"] == "2 of 2 scanned folders are there"


async def test_it_is_not_ready_without_its_parts(serve: Serve, conn: Connection, database: Database) -> None:
    sidecar = await serve(settings=Settings(ffmpeg="/no/such/ffmpeg"))
    await scans.begin(conn, [b"/no/such/folder"])
    document = await get(sidecar, "/health", status=503)
    assert document["status"] == "not ready"
    assert {name: check["ok"] for name, check in document["checks"].items()} == {
        "database": True, "sources": False, "ffmpeg": False,
    }  # fmt: skip
    assert "MEDIAVAULT_FFMPEG" in document["checks"]["ffmpeg"]["said"]
    assert (await get(sidecar, "/health/live"))["status"] == "live"


async def test_strangers_are_told_whether_and_not_why(serve: Serve, accounts: Accounts) -> None:
    sidecar = await serve(settings=Settings(ffmpeg="/no/such/ffmpeg"))
    await accounts.register(NAME, PASSWORD)
    document = await get(sidecar, "/health", status=503)
    assert all(set(check) == {"ok", "seconds"} for check in document["checks"].values())


async def test_a_database_that_is_gone_is_said_quickly(serve: Serve, database: Database) -> None:
    sidecar = await serve()
    await database.close()
    document = await get(sidecar, "/health", status=503)
    assert document["checks"]["database"]["ok"] is False
    answer = await sidecar.http.get("/api/media/stream/1")
    assert answer.status == 503


async def test_the_counters(sidecar: Sidecar, shelf: Shelf, accounts: Accounts) -> None:
    film = await shelf.add("a.mkv", b"0123456789")
    await (await sidecar.http.get(f"/api/media/stream/{film.id}", headers={"Range": "bytes=2-5"})).read()
    await sidecar.http.get("/no/such/thing")
    await sidecar.http.request("BREW", "/health")
    text = await (await sidecar.http.get("/metrics")).text()
    assert 'mediavault_sent_bytes_total{source="local"} 4.0' in text
    stream = 'route="/api/media/stream/{file_id}"'
    assert f'mediavault_requests_total{{method="GET",{stream},status="206"}} 1.0' in text
    assert f"mediavault_first_byte_seconds_count{{{stream}}} 1.0" in text
    assert 'mediavault_requests_total{method="GET",route="none",status="404"} 1.0' in text
    assert "BREW" not in text
    assert str(shelf.root) not in text
    await accounts.register(NAME, PASSWORD)
    proxied = await sidecar.http.get("/metrics", headers={"X-Forwarded-For": "192.0.2.1"})
    assert proxied.status == 401


async def test_a_page_of_the_library_and_all_that_follow(sidecar: Sidecar, conn: Connection) -> None:
    await fill(conn, 230)
    for sort in SortKey:
        for descending in ("no", "yes"):
            seen: list[int] = []
            after: dict[str, str] = {}
            while True:
                parameters = {"sort": sort.value, "descending": descending, "limit": "100"} | after
                document = await get(sidecar, "/api/media", params=parameters)
                seen += [row["id"] for row in document["files"]]
                if document["next"] is None:
                    break
                after = {"after": document["next"]}
            there = await conn.fetch("select id from media_files where state <> 'purged'")
            assert sorted(seen) == sorted(row["id"] for row in there)


async def test_the_library_by_facet_and_words(sidecar: Sidecar, conn: Connection) -> None:
    await insert_file(conn, a_file())
    await conn.execute("update media_files set search = to_tsvector('simple', title)")
    document = await get(sidecar, "/api/media", params={"kind": "movie", "text": "hea"})
    (row,) = document["files"]
    assert (row["title"], row["year"], row["tier"], row["stream"]) == (
        "Heat", 1995, "1080p", f"/api/media/stream/{row['id']}",
    )  # fmt: skip
    assert (await get(sidecar, "/api/media", params={"kind": "episode"}))["files"] == []


@pytest.mark.parametrize(
    "query",
    ["sort=colour", "limit=0", "limit=501", "limit=x", "limit=٣", "descending=maybe", "after=x", "after=W10",
     "colour=red", "text=%00", "kind=%00", "after=WyJ4IiwxXQ&sort=year", "after=WzE4NDQ2NzQ0LDFd&sort=year"],
)  # fmt: skip
async def test_a_query_that_makes_no_sense_is_told_so(sidecar: Sidecar, query: str) -> None:
    document = await get(sidecar, f"/api/media?{query}", status=400)
    assert document["error"]


async def test_an_unknown_value_finds_nothing(sidecar: Sidecar) -> None:
    for query in ("kind=opera", "tier=8K", "folder=/etc", "language=xx", "codec='"):
        assert (await get(sidecar, f"/api/media?{query}"))["files"] == []


@given(
    st.sampled_from(SortKey),
    st.integers(-(2**15) + 1, 2**15 - 1) | st.text(max_size=20),
    st.integers(0, 2**60),
)
def test_a_cursor_is_read_as_it_is_written(sort: SortKey, value: int | str, id: int) -> None:
    try:
        got = decode(encode(Cursor(value, FileId(id))), sort)
    except UsageError:
        assert isinstance(value, str) != (sort is SortKey.TITLE) or "\0" in str(value)
    else:
        assert got == Cursor(value, FileId(id))


@given(st.text(max_size=80))
def test_no_word_whatever_is_a_broken_cursor(word: str) -> None:
    for sort in SortKey:
        with suppress(UsageError):
            decode(word, sort)


async def test_a_file_with_all_that_is_known(
    sidecar: Sidecar, conn: Connection, accounts: Accounts, links: PreviewLinks
) -> None:
    film = await insert_file(conn, a_file())
    document = await get(sidecar, f"/api/media/{film.id}")
    assert document["path"] == film.path
    assert document["media"]["video"]["codec"] == "h264"
    assert document["score"]["total"] == sum(part["points"] for part in document["score"]["parts"])
    await get(sidecar, "/api/media/999", status=404)
    await accounts.register(NAME, PASSWORD)
    sidecar.state.heard("users:1")  # the NOTIFY, which comes a moment later, has a test of its own
    await get(sidecar, f"/api/media/{film.id}", status=401)
    await get(sidecar, "/api/media", status=401)
    made = await links.make(film.id, who=NAME)
    by_link = await get(sidecar, f"/api/media/{film.id}?t={made.token}")
    assert set(document) - set(by_link) == {"path", "health_reason", "protected", "content_hash"}
    await get(sidecar, "/api/media", status=401)


async def test_the_document_names_every_route(sidecar: Sidecar, conn: Connection) -> None:
    document = await get(sidecar, "/api/openapi.json")
    routes = {
        (re.sub(r":[^}]*", "", route.resource.canonical), route.method.lower())
        for route in sidecar.app.router.routes()
        if route.resource is not None
    }
    api = {
        (path, method) for path, method in routes if path.startswith(("/api", "/health", "/metrics", "/ws"))
    }
    documented = {(path, method) for path, ways in document["paths"].items() for method in ways}
    assert {pair for pair in api if pair[1] != "head"} == {pair for pair in documented if pair[1] != "head"}
    assert documented <= api
    references = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(document)))
    assert references == set(document["components"]["schemas"])


async def test_answers_have_the_documents_fields(sidecar: Sidecar, conn: Connection) -> None:
    film = await insert_file(conn, a_file())
    schemas = openapi.document()["components"]["schemas"]
    (row,) = (await get(sidecar, "/api/media"))["files"]
    assert set(row) == set(schemas["Row"]["properties"])
    assert set(await get(sidecar, f"/api/media/{film.id}")) == set(schemas["File"]["properties"])


async def listen(sidecar: Sidecar, **given: Any) -> aiohttp.ClientWebSocketResponse:
    return await sidecar.http.ws_connect("/ws/", **given)


async def told(socket: aiohttp.ClientWebSocketResponse) -> Json:
    document: Json = await socket.receive_json(timeout=10)
    return document


async def test_what_changes_is_told(sidecar: Sidecar, shelf: Shelf, database: Database) -> None:
    socket = await listen(sidecar)
    keeper, worse = await shelf.add("a.mkv", b"the better one"), await shelf.add("b.mkv", b"the worse one")
    result = await shelf.stage(database).stage_group(
        await shelf.group(keeper, worse), keeper.id, who="ripley"
    )
    messages = [await told(socket)]
    while messages[-1]["kind"] != "staged":
        messages.append(await told(socket))
    assert messages[-1] == {"kind": "staged", "id": str(result.done[0])}
    await socket.close()
    await until(lambda: not sidecar.app[HUB].listeners)


async def test_how_far_a_scan_is_is_told(sidecar: Sidecar, conn: Connection) -> None:
    socket = await listen(sidecar)
    scan = await scans.begin(conn, [b"/films"])
    assert (await told(socket))["phase"] == "walking"
    await scans.save(conn, scan, ScanPhase.PROBING, ScanCounts(seen=7, probed=3), [])
    message = await told(socket)
    assert (message["kind"], message["id"], message["phase"]) == ("scan", str(scan), "probing")
    assert (message["counts"]["seen"], message["counts"]["probed"]) == (7, 3)
    await scans.end(conn, scan, ScanPhase.DONE, ScanCounts(seen=7), [])
    assert (await told(socket))["phase"] == "done"


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Origin": "null"}])
async def test_a_page_of_another_site_hears_nothing(sidecar: Sidecar, headers: dict[str, str]) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await listen(sidecar, headers=headers)
    assert refused.value.status == 403


async def test_a_stranger_hears_nothing_and_a_user_until_the_session_ends(
    sidecar: Sidecar, accounts: Accounts
) -> None:
    user = await accounts.register(NAME, PASSWORD)
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await listen(sidecar)
    assert refused.value.status == 401
    token = (await accounts.login(NAME, PASSWORD)).token
    socket = await listen(sidecar, headers={"Authorization": f"Bearer {token}"})
    await accounts.end_all(user)
    message = await socket.receive(timeout=10)
    assert (message.type, message.data) == (aiohttp.WSMsgType.CLOSE, 4401)


async def test_who_reads_slowly_is_told_that_all_changed() -> None:
    listener = Listener()
    for number in range(100):
        listener.tell(str(number))
        listener.tell(str(number))
    messages = await listener.messages()
    assert messages[0] == '{"kind": "all", "id": "0"}'
    assert messages[1:] == [str(number) for number in range(64, 100)]
    listener.wake()
    assert await asyncio.wait_for(listener.messages(), 1) == []


async def test_one_socket_too_many_is_told_so_until_another_leaves(sidecar: Sidecar) -> None:
    address, many = f"http://127.0.0.1:{sidecar.port}", aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(address, connector=many) as http:
        sockets = [await http.ws_connect("/ws/") for _ in range(200)]
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await http.ws_connect("/ws/")
        assert refused.value.status == 503
        await sockets.pop().close()
        await until(lambda: len(sidecar.app[HUB].listeners) < 200)
        sockets.append(await http.ws_connect("/ws/"))
    await until(lambda: not sidecar.app[HUB].listeners)


async def test_a_long_message_of_a_client_ends_its_socket(sidecar: Sidecar) -> None:
    socket = await listen(sidecar)
    await socket.send_str("x" * 5000)
    message = await socket.receive(timeout=10)
    assert message.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)
    await until(lambda: not sidecar.app[HUB].listeners)


async def test_a_socket_that_hears_no_more_is_closed(
    sidecar: Sidecar, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Also by a bug of ours: who listens must not believe that nothing happens."""
    socket = await listen(sidecar)
    await until(lambda: sidecar.app[HUB].listeners)

    async def breaks(_request: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(sockets, "signed_in", breaks)
    sidecar.app[HUB].tell({"kind": "staged", "id": "1"})
    async with asyncio.timeout(10):
        assert (await socket.receive()).type is aiohttp.WSMsgType.CLOSE
    assert socket.close_code == aiohttp.WSCloseCode.INTERNAL_ERROR
    await until(lambda: "a bug" in caplog.text)
