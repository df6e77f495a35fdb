"""Shares as a person sets them up: passwords sealed, a test that says what is wrong, the command."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mediavault_tui.domain.nas import KnownShare
from mediavault_tui.errors import ConfigError, SourceOffline, UsageError
from mediavault_tui.services.doctor.nas import shares
from mediavault_tui.services.nas.password_command import password_from
from mediavault_tui.services.nas.sealing import Sealer
from mediavault_tui.services.nas.shares import Nas
from mediavault_tui.settings import Secret, from_env
from mediavault_tui.sources.smb import check as smb_check
from mediavault_tui.sources.smb.source import ShareAddress
from mediavault_tui.store.database import Connection, Database
from tests import warm
from tests.smb.nas_rig import PASSWORD, Server, nas_on, the_server, the_tree

__all__ = ["the_server", "the_tree"]  # fixtures

needs_samba = pytest.mark.needs("smbd", "pdbedit")


async def test_the_example_row_is_known_and_never_contacted(database: Database, tmp_path: Path) -> None:
    nas = Nas(database, from_env({"MEDIAVAULT_DATA_DIR": str(tmp_path)}))
    await nas.load()
    (example,) = nas.shares
    assert (example.source, example.host, example.enabled) == ("nas:1", "10.27.10.11", False)
    assert nas.enabled == []
    with pytest.raises(SourceOffline, match="is not enabled"):
        nas.places.stat(b"nas:1/volume1/videos/x.mkv")
    assert nas.names.located(b"/volume1/videos") == b"/volume1/videos", "a disabled share takes no paths"
    nas.close()


async def test_a_password_is_sealed_and_shown_nowhere(
    database: Database, conn: Connection, tmp_path: Path
) -> None:
    nas = Nas(database, from_env({"MEDIAVAULT_DATA_DIR": str(tmp_path)}))
    share = await nas.add(host="nas.example", share="films", username="ruth", password=Secret(PASSWORD))
    stored = await conn.fetchval("select password_encrypted from nas_config where id = 2")
    assert PASSWORD.encode() not in stored
    assert PASSWORD not in repr(share) + repr(nas.shares) + repr(vars(nas))
    key = tmp_path / "nas.key"
    assert key.stat().st_mode & 0o777 == 0o600
    assert Sealer(tmp_path, None).open(stored) == Secret(PASSWORD)
    key.unlink()
    await nas.load()
    assert "enter it again" in nas.share("films").problem
    nas.close()


def test_either_key_opens_what_it_sealed(tmp_path: Path) -> None:
    by_file = Sealer(tmp_path, None).seal(Secret("one"))
    both = Sealer(tmp_path, Secret("jwt"))
    by_jwt = both.seal(Secret("two"))
    assert (both.open(by_file), both.open(by_jwt)) == (Secret("one"), Secret("two"))
    assert Sealer(tmp_path, None).open(by_jwt) is None
    (tmp_path / "nas.key").write_text("no key")
    with pytest.raises(ConfigError, match=r"nas\.key cannot be used"):
        Sealer(tmp_path, None).open(by_file)


async def test_the_environment_makes_a_share_without_a_row_or_takes_its_rows_number(
    database: Database, tmp_path: Path
) -> None:
    environ = {
        "MEDIAVAULT_DATA_DIR": str(tmp_path),
        "NAS_HOST": "nas.example",
        "NAS_SMB_SHARE": "volume1",
        "NAS_SMB_USERNAME": "ruth",
        "NAS_SMB_PASSWORD": PASSWORD,
        "NAS_SCAN_PATHS": "/volume1/videos,/volume1/docker",
        "NAS_STAGING_PATH": "/volume1/video/duplicates_before_purge",
    }
    nas = Nas(database, from_env(environ))
    await nas.load()
    assert nas.shares[0].source == "nas:0"
    assert nas.scan_folders() == [b"nas:0/volume1/videos", b"nas:0/volume1/docker"]
    assert nas.staging_of("nas:0") == b"nas:0/volume1/video/duplicates_before_purge"
    assert nas.staging_of("local") is None
    await nas.add(host="NAS.example", share="volume1", username="other", password=None)
    await nas.load()
    assert [share.source for share in nas.enabled] == ["nas:2"]
    assert nas.enabled[0].username == "ruth", "the environment wins"
    nas.close()
    for wrong, why in (
        ({"NAS_SMB_SHARE": ""}, "NAS_SMB_SHARE"),
        ({"NAS_STAGING_PATH": "/other/x"}, "not on the"),
    ):
        broken = Nas(database, from_env({**environ, **wrong}))
        with pytest.raises(ConfigError, match=why):
            await broken.load()


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"share": ""}, "one share"),
        ({"share": "a/b"}, "one share"),
        ({"scan_paths": ["/other/x"]}, "not on the share"),
        ({"staging_path": "/films/../x"}, "no folder"),
    ],
)
async def test_what_is_no_share_is_refused(
    database: Database, tmp_path: Path, wrong: dict[str, object], why: str
) -> None:
    nas = Nas(database, from_env({"MEDIAVAULT_DATA_DIR": str(tmp_path)}))
    asked = {"host": "nas", "share": "films", "username": "ruth", "password": Secret("x"), **wrong}
    with pytest.raises(UsageError, match=why):
        await nas.add(**asked)  # type: ignore[arg-type]


@needs_samba
async def test_a_connection_test_says_what_is_wrong(
    database: Database, server: Server, tree: Path, tmp_path: Path
) -> None:
    (tree / "videos").mkdir()
    async with nas_on(
        database,
        server,
        tmp_path,
        scan_paths=["/volume1/videos", "/volume1/nothing"],
        staging_path="/volume1/v/d",
    ) as nas:
        share = nas.share("2")
        checks = await nas.test(share)
        assert [(check.what, check.ok) for check in checks] == [
            ("name", True),
            ("port", True),
            ("protocol", True),
            ("clock", True),
            ("user", True),
            ("share", True),
            ("folder /volume1/videos", True),
            ("folder /volume1/nothing", False),
            ("holding folder /volume1/v/d", True),
        ]
        for change, what, said in (
            ({"password": Secret("wrong")}, "user", "the user name or the password is wrong"),
            ({"share": "nowhere"}, "share", "there is no share nowhere"),
            ({"host": "no-such-machine.invalid"}, "name", "nobody knows a machine called"),
            ({"port": _closed_port()}, "port", "nothing listens on port"),
        ):
            asked = {
                "host": "127.0.0.1",
                "share": "volume1",
                "port": server.port,
                "password": Secret(PASSWORD),
            }
            other = await nas.add(username=server.user, **{**asked, **change})  # type: ignore[arg-type]
            last = (await nas.test(other))[-1]
            assert (last.what, last.ok) == (what, False)
            assert said in last.said
            assert last.remedy
            assert PASSWORD not in repr(last)


def _closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def answering(answer: bytes) -> Iterator[int]:
    """A server that says one thing to whoever comes."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            try:
                with listener.accept()[0] as connection:
                    connection.recv(4096)
                    connection.sendall(answer)
            except OSError:
                return

        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        listener.close()
        thread.join(5)


def negotiated(ticks: int) -> bytes:
    """An SMB 3.0 server's answer to NEGOTIATE with its clock at `ticks`."""
    header = struct.pack("<4sHHIHHIIQIIQ16s", b"\xfeSMB", 64, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, bytes(16))
    body = struct.pack("<HHHH16sIIIIQQ", 65, 1, 0x0300, 0, bytes(16), 0, 0, 0, 0, ticks, 0) + bytes(16)
    return struct.pack(">I", len(header + body)) + header + body


@pytest.mark.parametrize(
    ("answer", "what", "said"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n" + bytes(200), "protocol", "another language"),
        (struct.pack(">I", 80) + b"\xffSMB" + bytes(76), "protocol", "SMB 1 only"),
        (b"", "protocol", "hung up"),
        (negotiated(116_444_736_000_000_000), "clock", "hours behind"),
    ],
)
def test_other_servers_and_wrong_clocks_are_told(answer: bytes, what: str, said: str) -> None:
    with answering(answer) as port:
        checks: list[smb_check.Check] = []
        smb_check.run(KnownShare("nas:9", "x", "127.0.0.1", port, "films", "ruth"), PASSWORD, checks.append)
    (wrong,) = [check for check in checks if check.what == what]
    assert not wrong.ok
    assert said in wrong.said


@needs_samba
async def test_the_command_sets_up_tests_lists_scans_and_removes(
    database_url: str, server: Server, tree: Path, tmp_path: Path
) -> None:
    (tree / "videos/deep").mkdir(parents=True)
    (tree / "videos/deep/Heat (1995).mkv").write_bytes(b"heat")
    here = tmp_path / "here"
    here.mkdir()
    for name in ("Heat (1995).mkv", "Alien (1979).mkv"):
        (here / name).write_bytes(name.encode())
    environ = {**os.environ, "DATABASE_URL": database_url, "MEDIAVAULT_DATA_DIR": str(tmp_path)}

    def run(*words: str, stdin: str = "", code: int = 0) -> str:
        ran = warm.mediavault(words, environ, typed=stdin)
        assert ran.returncode == code, ran.stdout + ran.stderr
        assert PASSWORD not in ran.stdout + ran.stderr
        return ran.stdout + ran.stderr

    def all_of_it() -> None:
        address = f"smb://{server.user}@127.0.0.1:{server.port}/volume1"
        added = json.loads(
            run(
                "nas",
                "add",
                address,
                "--password-stdin",
                "--scan",
                "/volume1/videos",
                "--json",
                stdin=PASSWORD + "\n",
            )
        )
        assert (added["source"], added["problem"]) == ("nas:2", "")
        assert "share: volume1 is there" in run("nas", "test", "2")
        assert "nas:2/volume1/videos" in run("nas", "ls", "/volume1")
        assert json.loads(run("nas", "ls", "/volume1", "--json"))[0]["videos"] == 1
        assert json.loads(run("scan", "nas:", "--no-probe", "--json"))["counts"]["new"] == 1
        uri = f"smb://127.0.0.1:{server.port}/volume1/videos"
        counts = json.loads(run("scan", uri, "--no-probe", "--json"))["counts"]
        assert (counts["seen"], counts["new"]) == (1, 0)
        several = json.loads(run("scan", "nas:", str(here), "--no-probe", "--json"))
        assert [scan["counts"]["seen"] for scan in several["scans"]] == [2, 1]
        assert "is set up" in run("nas", "add", address, "--password-stdin", stdin="wrong\n")
        assert "the password is wrong" in run("nas", "test", "2", code=1)
        assert "left alone" in run("nas", "remove", "2")
        assert "is not enabled" in run("nas", "list")
        assert "no password belongs" in run("nas", "add", "smb://ruth:pw@nas/x", code=2)
        assert "no share volume1" in run("scan", "nas:/volume1", code=2)

    await asyncio.to_thread(all_of_it)


@needs_samba
async def test_a_password_may_come_from_a_command_and_shows_nowhere(
    database: Database, server: Server, tree: Path, tmp_path: Path
) -> None:
    (tree / "Heat (1995).mkv").write_bytes(b"heat")
    asked = tmp_path / "asked"
    keeper = tmp_path / "keeper"
    keeper.write_text(f"#!/bin/sh\necho \"$@\" >> '{asked}'\necho noise >&2\nprintf '%s\\n' '{PASSWORD}'\n")
    keeper.chmod(0o700)
    environ = {"NAS_PASSWORD_COMMAND": f"'{keeper}' show 'nas/{{user}} at {{host}}; echo' {{share}}"}
    async with nas_on(database, server, tmp_path / "data", password=None, environ=environ) as nas:
        assert not asked.exists(), "asked before anybody wanted to connect"
        assert all(check.ok for check in await nas.test(nas.share("2")))
        assert (await nas.folders(b"nas:2/volume1")) == []
        assert (await nas.room("nas:2")).total > 0
    assert asked.read_text().splitlines() == [f"show nas/{server.user} at 127.0.0.1; echo volume1"] * 2
    for body, said in (("exit 3", "ended with 3"), (":", "printed nothing"), ("sleep 60", "0.2 s")):
        keeper.write_text(f"#!/bin/sh\n{body}\n")
        address = ShareAddress("127.0.0.1", "volume1", "ruth", "", port=server.port)
        with pytest.raises(SourceOffline, match=said):
            await asyncio.to_thread(
                password_from, [str(keeper)], address, seconds=0.2 if "sleep" in body else 5
            )
    environ = {"NAS_PASSWORD_COMMAND": "/no/such/program"}
    async with nas_on(database, server, tmp_path / "data", password=None, environ=environ) as nas:
        (line,) = await nas.test(nas.share("2"))
    assert (line.what, line.ok) == ("password", False)
    assert "/no/such/program cannot be started" in line.said


@needs_samba
@pytest.mark.parametrize(
    ("line", "other", "ok"),
    [
        ("folder /volume1/videos", {}, True),
        ("holding folder /volume1/held", {}, True),
        ("folder /volume1/none", {"NAS_SCAN_PATHS": "/volume1/none"}, False),
        ("share", {}, True),
        ("share", {"NAS_SMB_SHARE": "none", "NAS_SCAN_PATHS": "", "NAS_STAGING_PATH": ""}, False),
        ("user", {}, True),
        ("user", {"NAS_SMB_PASSWORD": "wrong"}, False),
        ("protocol", {}, True),
        ("clock", {}, True),
        ("port", {}, True),
        ("port", {"NAS_SMB_PORT": "1"}, False),
        ("name", {}, True),
        ("name", {"NAS_HOST": "nas.invalid"}, False),
        ("", {"NAS_SMB_USERNAME": ""}, False),
    ],
)
async def test_the_doctor_looks_at_a_nas(
    database: Database, server: Server, tree: Path, tmp_path: Path, line: str, other: dict[str, str], ok: bool
) -> None:
    """Each line well, or with its remedy; and nothing is made on the NAS."""
    (tree / "videos").mkdir()
    environ = {
        "MEDIAVAULT_DATA_DIR": str(tmp_path), "NAS_HOST": "127.0.0.1", "NAS_SMB_PORT": str(server.port),
        "NAS_SMB_SHARE": "volume1", "NAS_SMB_USERNAME": server.user, "NAS_SMB_PASSWORD": PASSWORD,
        "NAS_SCAN_PATHS": "/volume1/videos", "NAS_STAGING_PATH": "/volume1/held",
    } | other  # fmt: skip
    found = {c.what: c async for c in shares(from_env(environ), database)}
    name = f"NAS {environ['NAS_HOST']}"
    check = found[f"{name}: {line}" if line else name]
    assert (check.ok, bool(check.remedy)) == (ok, not ok), check
    assert all(other.ok for other in found.values()) is ok
    assert os.listdir(tree) == ["videos"]
    assert PASSWORD not in str(found)


async def test_the_doctor_says_half_of_a_nas(database: Database, tmp_path: Path) -> None:
    for environ, ok in (({"NAS_HOST": "127.0.0.1"}, False), ({}, True)):
        settings = from_env({"MEDIAVAULT_DATA_DIR": str(tmp_path), **environ})
        (check,) = [check async for check in shares(settings, database)]
        assert (check.what, check.ok, bool(check.remedy)) == ("NAS", ok, not ok)
