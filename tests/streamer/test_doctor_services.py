"""Each line of the doctor that asks a service: database, ports, nginx, the public address, a NAS."""

from __future__ import annotations

import http.server
import os
import resource
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from mediavault_tui.domain.checks import Check
from mediavault_tui.errors import DatabaseDown
from mediavault_tui.services.doctor import findings as doctor
from mediavault_tui.services.doctor import nas as doctor_nas
from mediavault_tui.settings import Settings
from mediavault_tui.store.database import Database
from tests.db.shelf import Shelf
from tests.streamer.site import configuration, free_ports

NGINX = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")


def judged(found: list[Check], what: str, ok: bool) -> None:
    """Assert that a line is there, and as it should be: what is red says what to do."""
    line = {check.what: check for check in found}[what]
    assert line.ok is ok, line
    assert bool(line.remedy) is not ok, line


LAST = "(select max(version) from schema_migrations)"
UNMIGRATED = f"delete from schema_migrations where version = {LAST}"
SCANNED = "insert into scan_history (roots, roots_raw) values (array['{0}'], array['{0}'::bytea])"


@pytest.mark.parametrize(
    ("what", "change", "ok"),
    [
        ("database", "", True),
        ("clock", "", True),
        ("migrations", "", True),
        ("migrations", UNMIGRATED, False),
        ("tables", "", True),
        ("tables", "drop table chat_messages cascade", False),
        ("nas_config", "", True),
        ("nas_config", "delete from nas_config", False),
        ("rows", "", True),
        ("accounts", "", False),
        ("accounts", "insert into users (username, password_hash) values ('ripley', 'x')", True),
        ("folder {0}/empty", SCANNED.format("{0}/empty"), False),  # is its volume mounted?
        ("folder {0}/films", SCANNED.format("{0}/films"), True),
        ("folder {0}/a film", SCANNED.format("{0}/a film"), False),
        ("folder /none", SCANNED.format("/none"), False),
    ],
)  # fmt: skip
async def test_a_line_about_the_database(
    shelf: Shelf, database: Database, tmp_path: Path, what: str, change: str, ok: bool
) -> None:
    (tmp_path / "films" / "Heat").mkdir(parents=True)
    (tmp_path / "empty").mkdir()
    (tmp_path / "a film").touch()
    if change:
        await shelf.conn.execute(change.format(tmp_path))
    found = [check async for check in doctor._database(database)]
    if what != "tables" or ok:
        public = Settings(public_base_url="https://films.example")
        found += [check async for check in doctor._accounts(public, database)]
        found += [check async for check in doctor._folders(public, database)]
    judged(found, what.format(tmp_path), ok)


async def test_without_a_database_the_rest_is_looked_at(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, nas_host="127.0.0.1", nas_port=1)
    found = [check async for check in doctor.examine(settings, DatabaseDown("it cannot be reached"))]
    judged(found, "database", False)
    judged(found, "NAS", False)
    judged(found, "room for data", True)
    with socket.create_server(("127.0.0.1", 0)) as server:
        settings = Settings(nas_host="127.0.0.1", nas_port=server.getsockname()[1])
        judged([await doctor_nas.answers(settings)], "NAS", True)


def test_each_program_must_be_found() -> None:
    for name in ("ffmpeg", "ffprobe"):
        judged(doctor._tools(Settings()), name, True)
        judged(doctor._tools(Settings(**{name: "/none"})), name, False)


def test_open_files(monkeypatch: pytest.MonkeyPatch) -> None:
    for most, ok in ((16384, True), (resource.RLIM_INFINITY, True), (1024, False)):
        monkeypatch.setattr(resource, "getrlimit", lambda _, most=most: (most, most))
        judged(doctor._limits(Settings()), "open files", ok)


class Answers(http.server.BaseHTTPRequestHandler):
    """A program that answers what it is told to."""

    status, body = 200, b""

    def do_GET(self) -> None:
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_said: object) -> None:
        """Nobody reads it."""


@contextmanager
def answering(status: int, body: bytes) -> Iterator[int]:
    """A server that gives everybody this answer; yield its port."""
    kind = type("Told", (Answers,), {"status": status, "body": body})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), kind) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield int(server.server_address[1])
        server.shutdown()


@pytest.mark.parametrize(
    ("body", "sidecar", "front"),
    [
        (b'{"status": "live"}', True, False),
        (b"<title>MediaVault: log in</title>", False, True),
        (b"<title>Another program", False, False),
        (None, True, True),
    ],
)
def test_a_port_is_free_or_ours(body: bytes | None, sidecar: bool, front: bool) -> None:
    with ExitStack() as stack:
        port = free_ports(1)[0] if body is None else stack.enter_context(answering(200, body))
        found = doctor._ports(Settings(streamer_port=port, web_port=port))
    judged(found, f"port {port} (sidecar)", sidecar)
    judged(found, f"port {port} (front end)", front)


@pytest.mark.parametrize(("status", "ok"), [(200, True), (503, False), (502, False), (404, False)])
def test_the_public_address_answers(status: int, ok: bool) -> None:
    with answering(status, b"") as port:
        found = doctor._web(Settings(public_base_url=f"http://localhost:{port}"))
    judged(found, "DNS", True)
    judged(found, "HTTPS", ok)
    judged(found, "routes", False)


def test_nobody_answers_at_the_public_address() -> None:
    judged(doctor._web(Settings(public_base_url=f"http://localhost:{free_ports(1)[0]}")), "HTTPS", False)
    judged(doctor._web(Settings(public_base_url="https://films.invalid")), "DNS", False)


@pytest.mark.needs("nginx")
@pytest.mark.parametrize(
    ("what", "spoil", "ok"),
    [
        ("nginx", lambda text: text, True),
        ("nginx", lambda text: text.replace("server_name", "server_mane"), False),
        ("nginx site", lambda text: text, True),
        ("nginx site", lambda text: text.replace("server_name", "# server"), False),
    ],
)
def test_a_line_about_nginx(
    what: str, spoil: Callable[[str], str], ok: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The shipped configuration, looked at by the real nginx."""
    sites = tmp_path / "sites-enabled"
    sites.mkdir()
    config = sites / "mediavault.conf"
    config.write_text(spoil(configuration(tmp_path, free_ports(3), mount=tmp_path)))
    bin = tmp_path / "bin"
    bin.mkdir()
    place = bin / "nginx"
    place.write_text(f'#!/bin/sh\nexec {NGINX} -p {tmp_path} -c {config} -e {tmp_path}/start.log "$@"\n')
    place.chmod(0o755)
    monkeypatch.setenv("PATH", str(bin))
    monkeypatch.setattr(doctor, "_SITES", (sites,))
    judged(doctor._nginx(Settings(public_base_url="https://mediavault.example.org")), what, ok)
