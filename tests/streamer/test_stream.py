"""The bytes that a player gets: the very ones of the file, by every kind of range, from every source."""

from __future__ import annotations

import asyncio
import logging
import os
import random
import re
from contextlib import suppress
from email.parser import BytesParser
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from mediavault_tui.domain.model import MediaFile
from mediavault_tui.sources.local.beneath import LocalStream
from mediavault_tui.sources.local.source import LocalReader, LocalSource
from mediavault_tui.store.database import Database
from streamer import files, readahead, sending
from tests.db.shelf import Shelf
from tests.streamer.conftest import Serve, Sidecar, until

SIZE = 3_000_017
CONTENT = random.Random(4).randbytes(SIZE)
NAS = "nas:1"


class Distant:
    """A source that is not of this machine: the same files, by the road that a NAS takes."""

    name = NAS
    _files = LocalSource()

    def open(self, path: bytes) -> LocalReader:
        return self._files.open(path)


async def a_film(shelf: Shelf, *, source: str = "local", name: str = "Heat (1995).mkv") -> MediaFile:
    """Put a film of SIZE bytes on the shelf."""
    film = await shelf.add(name, CONTENT)
    await shelf.conn.execute("update media_files set source = $1 where id = $2", source, film.id)
    return film


def address(film: MediaFile) -> str:
    return f"/api/media/stream/{film.id}"


@pytest.fixture(params=["local", NAS])
async def film(request: pytest.FixtureRequest, shelf: Shelf) -> MediaFile:
    return await a_film(shelf, source=request.param)


@pytest.fixture
async def player(serve: Serve) -> Sidecar:
    return await serve(sources={"local": LocalSource, NAS: Distant})


async def test_the_whole_file(player: Sidecar, film: MediaFile) -> None:
    answer = await player.http.get(address(film))
    assert answer.status == 200
    assert await answer.read() == CONTENT
    assert answer.headers["Content-Length"] == str(SIZE)
    assert answer.headers["Content-Type"] == "video/x-matroska"
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert re.fullmatch(r'"[0-9a-f]+"', answer.headers["ETag"])
    expected = "inline; filename=\"Heat (1995).mkv\"; filename*=UTF-8''Heat%20%281995%29.mkv"
    assert answer.headers["Content-Disposition"] == expected


async def test_the_head_is_that_of_the_answer(player: Sidecar, film: MediaFile) -> None:
    whole = await player.http.get(address(film))
    head = await player.http.head(address(film), headers={"Range": "bytes=0-9"})
    assert head.status == 200
    assert await head.read() == b""
    same = ("Content-Length", "ETag", "Last-Modified", "Content-Type", "Accept-Ranges", "Content-Disposition")
    assert {name: head.headers[name] for name in same} == {name: whole.headers[name] for name in same}


@pytest.mark.parametrize(
    ("header", "start", "stop"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=1000-", 1000, SIZE),
        ("bytes=-7", SIZE - 7, SIZE),
        ("bytes=2999999-99999999", 2_999_999, SIZE),
        ("bytes=131000-1200000", 131_000, 1_200_001),
    ],
)
async def test_a_range(player: Sidecar, film: MediaFile, header: str, start: int, stop: int) -> None:
    answer = await player.http.get(address(film), headers={"Range": header})
    assert answer.status == 206
    assert answer.headers["Content-Range"] == f"bytes {start}-{stop - 1}/{SIZE}"
    assert await answer.read() == CONTENT[start:stop]


async def test_several_ranges(player: Sidecar, film: MediaFile) -> None:
    asked = [(2_000_000, 2_500_000), (0, 10), (SIZE - 5, SIZE)]
    header = "bytes=2000000-2499999,0-9,-5"
    answer = await player.http.get(address(film), headers={"Range": header})
    body = await answer.read()
    assert answer.status == 206
    assert answer.headers["Content-Length"] == str(len(body))
    assert "Content-Range" not in answer.headers
    said = f"Content-Type: {answer.headers['Content-Type']}\r\n\r\n".encode()
    message = BytesParser().parsebytes(said + body)
    parts = message.get_payload()
    assert isinstance(parts, list)
    got = [(part["Content-Range"], part.get_content_type()) for part in parts]
    assert got == [(f"bytes {a}-{b - 1}/{SIZE}", "video/x-matroska") for a, b in asked]
    for a, b in asked:
        assert CONTENT[a:b] in body


async def test_no_such_range(player: Sidecar, film: MediaFile) -> None:
    answer = await player.http.get(address(film), headers={"Range": f"bytes={SIZE}-"})
    assert answer.status == 416
    assert answer.headers["Content-Range"] == f"bytes */{SIZE}"
    assert answer.headers["Accept-Ranges"] == "bytes"


async def test_what_a_browser_has_already_is_not_sent(player: Sidecar, film: MediaFile) -> None:
    first = await player.http.head(address(film))
    again = await player.http.get(address(film), headers={"If-None-Match": first.headers["ETag"]})
    assert again.status == 304
    assert await again.read() == b""
    assert again.headers["ETag"] == first.headers["ETag"]
    assert "Content-Type" not in again.headers
    since = await player.http.get(
        address(film), headers={"If-Modified-Since": first.headers["Last-Modified"]}
    )
    assert since.status == 304
    other = await player.http.get(address(film), headers={"If-Match": '"other"'})
    assert other.status == 412


async def test_a_resumed_download_is_not_mixed_of_two_files(player: Sidecar, film: MediaFile) -> None:
    tag = (await player.http.head(address(film))).headers["ETag"]
    same = await player.http.get(address(film), headers={"Range": "bytes=5-", "If-Range": tag})
    assert same.status == 206
    other = await player.http.get(address(film), headers={"Range": "bytes=5-", "If-Range": '"old"'})
    assert other.status == 200
    assert await other.read() == CONTENT


async def test_one_connection_serves_many_requests(player: Sidecar, film: MediaFile) -> None:
    for start in range(0, 1000, 100):
        answer = await player.http.get(address(film), headers={"Range": f"bytes={start}-{start + 49}"})
        assert await answer.read() == CONTENT[start : start + 50]
    assert player.http.connector is not None
    assert len(player.http.connector._conns) == 1


async def test_an_empty_file(player: Sidecar, shelf: Shelf) -> None:
    film = await shelf.add("empty.mp4", b"")
    answer = await player.http.get(address(film))
    assert (answer.status, await answer.read(), answer.content_type) == (200, b"", "video/x-matroska")
    assert (await player.http.get(address(film), headers={"Range": "bytes=0-"})).status == 416


SOAK = hypothesis_settings().max_examples >= 10_000
EXAMPLES, RANGES = (40, 250) if SOAK else (8, 25)
"""Lists, and ranges in each: few long lists, for what Hypothesis does for one costs more than a range."""
ANY = st.tuples(st.integers(0, SIZE - 1), st.integers(0, SIZE - 1)).map(sorted)
SHORT = st.integers(0, SIZE - 1).flatmap(
    lambda first: st.tuples(st.just(first), st.integers(first, min(first + 5000, SIZE - 1)))
)
FORMS = st.sampled_from(["{first}-{last}", "{first}-{last}", "{first}-{last}", "{first}-", "-{left}"])
LISTS = st.lists(st.tuples(FORMS, SHORT | SHORT | ANY), min_size=RANGES, max_size=RANGES)


@given(LISTS)
@hypothesis_settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
async def test_random_ranges_are_the_files_bytes(
    player: Sidecar, film: MediaFile, asked: list[tuple[str, tuple[int, int]]]
) -> None:
    """Two hundred ranges here, each time others; `make soak` takes ten thousand."""
    await are_the_bytes(player, address(film), CONTENT, asked)


async def are_the_bytes(
    player: Sidecar, address: str, content: bytes, asked: list[tuple[str, tuple[int, int]]]
) -> None:
    """Ask for each range in the form that it has."""
    size = len(content)
    for form, (first, last) in asked:
        header = form.format(first=first, last=last, left=size - first)
        expected = content[first : last + 1] if "{last}" in form else content[first:]
        async with player.http.get(address, headers={"Range": f"bytes={header}"}) as answer:
            assert answer.status == 206
            assert await answer.read() == expected, header


def tamper(path: Path, how: str) -> None:
    """Make another file of it."""
    match how:
        case "longer":
            path.write_bytes(CONTENT + b"x")
        case "shorter":
            os.truncate(path, 100)
        case "rewritten":
            path.write_bytes(bytes(SIZE))
        case "replaced":
            path.rename(path.with_suffix(".old"))
            path.write_bytes(CONTENT)
        case "gone":
            path.unlink()
        case "a link":
            path.rename(path.parent / "elsewhere")
            path.symlink_to(path.parent / "elsewhere")


@pytest.mark.parametrize("how", ["longer", "shorter", "rewritten", "replaced", "gone", "a link"])
async def test_a_file_that_is_not_the_scanned_one_is_not_sent(
    player: Sidecar, film: MediaFile, how: str
) -> None:
    tamper(Path(film.path), how)
    answer = await player.http.get(address(film))
    assert answer.status == 410
    assert "again" in (await answer.json())["error"]
    assert "ETag" not in answer.headers


async def ask(player: Sidecar, film: MediaFile) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Ask for a film over a connection that takes little at a time."""
    return await player.raw(f"GET {address(film)} HTTP/1.1\r\nHost: localhost\r\n\r\n")


def fill(path: str | Path, letter: bytes | None) -> None:
    """Write 64 MiB over a file: of one letter, or of chance."""
    with open(path, "r+b") as file:
        for _ in range(64):
            file.write(os.urandom(1 << 20) if letter is None else letter * (1 << 20))


@pytest.fixture
async def big(shelf: Shelf, request: pytest.FixtureRequest) -> MediaFile:
    """A film that no socket's buffer swallows whole: 64 MiB."""
    path = shelf.write("big.mkv", b"")
    fill(path, None)
    film = await shelf.enter(path)
    await shelf.conn.execute("update media_files set source = $1 where id = $2", request.param, film.id)
    return film


both = pytest.mark.parametrize("big", ["local", NAS], indirect=True)


@both
@pytest.mark.parametrize("how", ["rewritten", "shorter"])
async def test_a_file_that_changes_under_a_stream_ends_it_and_no_wrong_byte_is_sent(
    player: Sidecar, big: MediaFile, how: str
) -> None:
    original = content_of(big)
    reader, writer = await ask(player, big)
    head = await reader.readuntil(b"\r\n\r\n")
    assert f"Content-Length: {big.size}".encode() in head
    got = await reader.readexactly(100_000)
    if how == "shorter":
        os.truncate(big.path, 1_000_000)
    else:
        fill(big.path, b"\0")
    async with asyncio.timeout(30):
        rest = await reader.read(-1)
    got += rest
    assert 100_000 <= len(got) < big.size, "it ended, and was not padded"
    assert original.startswith(got), "no byte of what it became"
    writer.close()
    assert player.state.metrics.registry.get_sample_value("mediavault_streams_broken_total") == 1


def content_of(film: MediaFile) -> bytes:
    return Path(film.path).read_bytes()


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def opened() -> set[str]:
    """The files that this process has open."""
    found = set()
    for number in os.listdir("/proc/self/fd"):
        with suppress(OSError):
            found.add(os.readlink(f"/proc/self/fd/{number}"))
    return found


@both
async def test_a_client_that_goes_away_frees_everything_and_is_written_down(
    player: Sidecar, big: MediaFile, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    sidecar = player.state
    await (await player.http.head(address(big))).read()
    before = descriptors()
    clients = [await ask(player, big) for _ in range(5)]
    for reader, _ in clients:
        await reader.readexactly(1000)
    assert sidecar.sender.active == 5
    for _, writer in clients:
        writer.transport.abort()
    await until(lambda: sidecar.sender.active == 0)
    await until(lambda: descriptors() <= before)
    # Whichever is heard first, that it takes no more or that it has gone.
    await until(lambda: len(re.findall(rf"GET {address(big)} (?:200|499) \d+ bytes", caplog.text)) == 5)


@pytest.mark.parametrize("source", ["local", NAS])
async def test_whatever_breaks_in_its_midst_no_other_byte_follows(
    player: Sidecar, shelf: Shelf, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also a bug of ours: an error's page among a film's bytes would be taken for the film."""
    film = await a_film(shelf, source=source)
    read = {"local": LocalStream.read_now, NAS: LocalReader.read_into}[source]

    def breaks(self: object, offset: int, buffer: memoryview) -> object:
        if offset > 1_000_000:
            raise RuntimeError("a bug")
        return read(self, offset, buffer)  # type: ignore[arg-type]  # what it was taken from

    kind = {"local": LocalStream, NAS: LocalReader}[source]
    monkeypatch.setattr(kind, read.__name__, breaks)
    reader, writer = await ask(player, film)
    await reader.readuntil(b"\r\n\r\n")
    async with asyncio.timeout(30):
        got = await reader.read(-1)
    assert 1_000_000 < len(got) < SIZE
    assert CONTENT.startswith(got)
    writer.close()


async def test_a_file_is_not_closed_under_those_who_wait_for_it(
    player: Sidecar, film: MediaFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine that slept for a second between opening a file and using it: no stream ends early."""
    monkeypatch.setattr(files, "HELD_FOR", -1.0)
    for _ in range(10):
        answers = await asyncio.gather(*(player.http.get(address(film)) for _ in range(5)))
        for answer in answers:
            assert await answer.read() == CONTENT
    await until(lambda: not player.state.held and film.path not in opened())


@both
async def test_a_slow_client_holds_up_nobody(player: Sidecar, big: MediaFile, shelf: Shelf) -> None:
    slow = [await ask(player, big) for _ in range(20)]
    for reader, _ in slow:
        await reader.readexactly(1000)
    other = await a_film(shelf)
    async with asyncio.timeout(30):
        answer = await player.http.get(address(other))
        assert await answer.read() == CONTENT
    for _, writer in slow:
        writer.transport.abort()


@both
async def test_who_takes_nothing_for_too_long_is_given_up(
    player: Sidecar, big: MediaFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "STALLED", 0.2)
    monkeypatch.setattr(readahead, "PATIENCE", 0.1)
    _, writer = await ask(player, big)
    await until(lambda: player.state.sender.active == 1)
    await until(lambda: player.state.sender.active == 0)
    writer.close()


async def test_a_distant_file_waits_in_no_memory_for_a_client_that_pauses(
    player: Sidecar, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Blocks that were fetched ahead are dropped, and fetched again when the client goes on."""
    monkeypatch.setattr(readahead, "PATIENCE", 0.05)
    dropped = []
    drop = readahead.ReadAhead._drop

    async def watched(self: readahead.ReadAhead, offset: int) -> None:
        await drop(self, offset)
        dropped.append(offset)

    monkeypatch.setattr(readahead.ReadAhead, "_drop", watched)
    content = random.Random(5).randbytes(16 << 20)
    film = await shelf.add("paused.mkv", content)
    await shelf.conn.execute("update media_files set source = $1 where id = $2", NAS, film.id)
    reader, writer = await ask(player, film)
    await reader.readuntil(b"\r\n\r\n")
    await until(lambda: dropped)
    assert 0 < dropped[0] < len(content)
    assert await reader.readexactly(len(content)) == content
    writer.close()


async def test_an_unknown_file(player: Sidecar) -> None:
    for id in ("999999", "0", "9" * 18, "9" * 400):
        answer = await player.http.get(f"/api/media/stream/{id}")
        assert answer.status == 404


async def test_a_file_that_is_missing(player: Sidecar, shelf: Shelf) -> None:
    film = await a_film(shelf)
    await shelf.conn.execute(
        "update media_files set state = 'missing', missing_since = now() where id = $1", film.id
    )
    answer = await player.http.get(address(film))
    assert answer.status == 410
    assert "missing" in (await answer.json())["error"]


async def test_a_staged_file_plays_from_its_holding_folder(
    player: Sidecar, shelf: Shelf, database: Database
) -> None:
    keeper, worse = await shelf.add("a.mkv", b"the better one"), await shelf.add("b.mkv", b"the worse one")
    await (await player.http.get(address(worse))).read()
    group = await shelf.group(keeper, worse)
    await shelf.stage(database).stage_group(group, keeper.id, who="ripley")
    assert await shelf.state(worse.id) == "staged"
    answer = await player.http.get(address(worse))
    assert (answer.status, await answer.read()) == (200, b"the worse one")


async def test_a_source_that_is_not_connected(player: Sidecar, shelf: Shelf) -> None:
    film = await a_film(shelf, source="nas:7")
    answer = await player.http.get(address(film))
    assert answer.status == 503
    assert "nas:7" in (await answer.json())["error"]
