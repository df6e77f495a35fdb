"""Each line of the doctor that looks at the machine: green where it should be, else red with a remedy."""

from __future__ import annotations

import http.server
import os
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mediavault_tui.domain.checks import Check
from mediavault_tui.services.doctor import findings as doctor
from mediavault_tui.services.doctor import machine as doctor_machine
from mediavault_tui.settings import Secret, Settings
from tests.streamer.site import make_certificate

STRONG = "kP3v9Zr7Lq1mX5sB8tYwE2uA6cD0fGhJ"


def a_file(folder: Path, mode: int) -> Path:
    place = folder / ".env"
    place.write_text("JWT_SECRET_KEY=x")
    place.chmod(mode)
    return place


def a_key(folder: Path, mode: int) -> Settings:
    place = folder / "signing.key"
    place.write_text(STRONG)
    place.chmod(mode)
    return Settings(data_dir=folder)


def an_ffmpeg(folder: Path, lacks: str) -> Settings:
    """The real one, which keeps one thing to itself."""
    real = doctor_machine.find_tool("ffmpeg", None)
    place = folder / "ffmpeg"
    place.write_text(f"#!/bin/sh\n{real} \"$@\" | grep -v ' {lacks} '\n")
    place.chmod(0o755)
    return Settings(ffmpeg=str(place))


def key(text: str) -> Callable[[Path], Check]:
    return lambda _: doctor_machine.signing_key(Settings(jwt_secret_key=Secret(text)))


def without_room(folder: Path) -> Check:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(doctor_machine, "ROOM", 10**18)
        return doctor_machine.room("data", folder)


def on_another_disk(folder: Path) -> Check:
    assert os.stat("/proc").st_dev != folder.stat().st_dev
    return doctor_machine.holding(folder / "new", [os.fsencode(folder), b"/proc"])[0]


LINES: tuple[tuple[str, Callable[[Path], Check], bool], ...] = (
    ("room", lambda folder: doctor_machine.room("data", folder / "not yet" / "there"), True),
    ("no room", without_room, False),
    ("holding", lambda folder: doctor_machine.holding(folder / "new", [os.fsencode(folder)])[0], True),
    ("holding elsewhere", on_another_disk, False),
    ("holding read-only", lambda _: doctor_machine.holding(Path("/etc/passwd/new"), [])[0], False),
    ("key", key(STRONG), True),
    ("key too short", key("short"), False),
    ("key guessed", key("abc" * 20), False),
    ("key file", lambda folder: doctor_machine.signing_key(a_key(folder, 0o600)), True),
    ("key file of all", lambda folder: doctor_machine.signing_key(a_key(folder, 0o644)), False),
    ("no key file", lambda folder: doctor_machine.signing_key(Settings(data_dir=folder)), True),
    (".env of a group", lambda folder: doctor_machine.private(".env", a_file(folder, 0o640)), True),
    (".env of all", lambda folder: doctor_machine.private(".env", a_file(folder, 0o644)), False),
    ("codecs", lambda _: doctor_machine.codecs(Settings())[0], True),
    ("no x264", lambda folder: doctor_machine.codecs(an_ffmpeg(folder, "libx264"))[0], False),
    (
        "HDR",
        lambda _: doctor_machine.codecs(Settings(ffmpeg=doctor_machine.find_tool("ffmpeg", None)))[-1],
        True,
    ),
    ("no HDR", lambda folder: doctor_machine.codecs(an_ffmpeg(folder, "lut3d\\|zscale"))[-1], False),
    ("clock", lambda _: doctor_machine.clock(time.time() + 1), True),
    ("clock ahead", lambda _: doctor_machine.clock(time.time() + 60), False),
    ("clock behind", lambda _: doctor_machine.clock(time.time() - 60), False),
    ("no server", lambda _: doctor_machine.certificate("127.0.0.1", 1), False),
    ("no routes", lambda _: doctor._routes("http://127.0.0.1:1"), False),
)


@pytest.mark.parametrize(("look", "ok"), [line[1:] for line in LINES], ids=[line[0] for line in LINES])
def test_a_line(look: Callable[[Path], Check], ok: bool, tmp_path: Path) -> None:
    found = look(tmp_path)
    assert found.ok is ok, found
    assert bool(found.remedy) is not ok, "what is red says what to do"
    assert STRONG not in str(found)


class Answers(http.server.BaseHTTPRequestHandler):
    """What the two programs answer behind nginx, or some of it."""

    lacks: tuple[str, ...] = ()
    KNOWN = {
        "/login": (200, b"<title>MediaVault: log in</title>"), "/ws": (401, b"Log in"),
        "/api/auth/me": (401, b'{"error": ""}'), "/watch/static/watch.js": (200, b"//"),
    }  # fmt: skip

    def do_GET(self) -> None:
        code, body = (404, b"") if self.path in self.lacks else self.KNOWN.get(self.path, (404, b""))
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_said: object) -> None:
        """Nobody reads it."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[http.server.ThreadingHTTPServer]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


def test_every_route_must_lead_somewhere(
    server: http.server.ThreadingHTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = f"http://127.0.0.1:{server.server_address[1]}"
    assert doctor._routes(base).ok
    for path in Answers.KNOWN:
        monkeypatch.setattr(Answers, "lacks", (path,))
        found = doctor._routes(base)
        assert not found.ok
        assert path in found.said


def test_a_certificate_that_ends_soon_is_red(
    server: http.server.ThreadingHTTPServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, secret = make_certificate(tmp_path, name="localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, secret)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    port = int(server.server_address[1])
    refused = doctor_machine.certificate("localhost", port)
    assert not refused.ok
    assert "not good" in refused.said, "it signs itself"
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    ending = doctor_machine.certificate("localhost", port)
    assert not ending.ok, "in a day"
    assert "renew" in ending.remedy
    monkeypatch.setattr(doctor_machine, "RENEWAL", 3600)
    assert doctor_machine.certificate("localhost", port).ok
