"""The commands as a person runs them: accounts, sidecar, front end, doctor."""

from __future__ import annotations

import asyncio
import io
import json
import os
import socket
import stat
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, redirect_stdout
from pathlib import Path

import aiohttp
import pytest

from mediavault_tui.cli.main import parser
from mediavault_tui.domain.accounts import SESSION_COOKIE
from mediavault_tui.errors import ConfigError, MediaVaultError
from mediavault_tui.services import keys
from mediavault_tui.settings import Secret, Settings
from mediavault_tui.store.migrate import tables
from tests.db.shelf import Shelf
from tests.streamer.conftest import NAME, PASSWORD
from tests.streamer.site import ROOT, free_ports, process


@pytest.fixture
def env(database_url: str, tmp_path: Path) -> dict[str, str]:
    sidecar, front = free_ports(2)
    return {
        "PATH": os.environ["PATH"], "DATABASE_URL": database_url, "PYTHONPATH": str(ROOT),
        "MEDIAVAULT_DATA_DIR": str(tmp_path / "data"), "STREAMER_PORT": str(sidecar),
        "MEDIAVAULT_WEB_PORT": str(front), "HOME": str(tmp_path),
    }  # fmt: skip


async def run(env: dict[str, str], *words: str, said: str = "") -> tuple[int, str]:
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "mediavault_tui", *words, env=env, stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    out, _ = await child.communicate(said.encode())
    assert child.returncode is not None
    return child.returncode, out.decode()


async def quick(env: dict[str, str], *words: str, said: str = "") -> tuple[int, str]:
    """Run a command as `run` does, but in this process: the start of one costs a second."""

    def work() -> tuple[int, str]:
        with pytest.MonkeyPatch.context() as patch, io.StringIO() as out:
            for name in set(env) - {"PATH"}:
                patch.setenv(name, env[name])
            patch.setattr(sys, "stdin", io.StringIO(said))
            with redirect_stdout(out):
                args = parser(words[0]).parse_args(words)
                try:
                    return args.run(args), out.getvalue()
                except MediaVaultError as error:
                    return error.exit_code, str(error)

    return await asyncio.to_thread(work)


async def test_accounts_by_command(env: dict[str, str], tmp_path: Path) -> None:
    code, out = await run(env, "users", "add", NAME, "--password-stdin", said=f"{PASSWORD}\n")
    assert (code, out) == (0, f"{NAME} added as superuser\n")
    assert await quick(env, "users", "add", "ash", "--password-stdin", said=f"{PASSWORD}\n") == (
        0,
        "ash added\n",
    )
    code, out = await quick(env, "users", "add", "Ash", "--password-stdin", said=f"{PASSWORD}\n")
    assert code == 2
    assert "already" in out
    code, out = await quick(env, "users", "add", "bishop", "--password-stdin", said="short\n")
    assert code == 2
    code, out = await quick(env, "users", "add", "bishop", said="")
    assert (code, "--password-stdin" in out) == (2, True)
    assert (await quick(env, "users", "remove", "ash"))[0] == 0
    assert (await quick(env, "users", "remove", "ash"))[0] == 2
    code, out = await quick(env, "users", "list", "--json")
    assert [(user["name"], user["superuser"]) for user in json.loads(out)["users"]] == [(NAME, True)]
    assert PASSWORD not in out
    mode = stat.S_IMODE((tmp_path / "data" / "signing.key").stat().st_mode)
    assert mode == 0o600


def test_the_key_is_made_once(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    first = keys.signing_secret(settings)
    assert len(first) >= 32
    assert keys.signing_secret(settings) == first
    assert os.listdir(tmp_path / "data") == ["signing.key"]
    assert keys.derived(first, "session") != keys.derived(first, "link")
    given = Settings(data_dir=tmp_path / "data", jwt_secret_key=Secret("k" * 40))
    assert keys.signing_secret(given) == b"k" * 40
    with pytest.raises(ConfigError, match="JWT_SECRET_KEY"):
        keys.signing_secret(Settings(jwt_secret_key=Secret("too short")))
    (tmp_path / "data" / "signing.key").write_text("")
    with pytest.raises(ConfigError, match="remove it"):
        keys.signing_secret(settings)


@pytest.mark.parametrize("command", ["serve", "web"])
async def test_without_accounts_nothing_listens_to_the_world(env: dict[str, str], command: str) -> None:
    code, out = await run(env, command, "--host", "0.0.0.0")
    assert code == 2
    assert "mediavault users add" in out
    assert len(out.strip().splitlines()) == 1


async def test_a_port_that_is_taken_is_one_sentence(env: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", int(env["STREAMER_PORT"]))):
        code, out = await run(env, "serve")
    assert code == 2
    assert f"port {env['STREAMER_PORT']}" in out


@asynccontextmanager
async def front(env: dict[str, str], log: Path) -> AsyncIterator[aiohttp.ClientSession]:
    """The front end, and a browser without cookies."""
    port = int(env["MEDIAVAULT_WEB_PORT"])
    words = (sys.executable, "-m", "mediavault_tui", "web")
    async with (
        process(*words, env=env, ready=port, log=log),
        aiohttp.ClientSession(
            f"http://127.0.0.1:{port}", cookie_jar=aiohttp.CookieJar(unsafe=True)
        ) as browser,
    ):
        yield browser


async def test_the_app_in_a_browser_behind_the_login(env: dict[str, str], tmp_path: Path) -> None:
    await quick(env, "users", "add", NAME, "--password-stdin", said=f"{PASSWORD}\n")
    async with front(env, tmp_path / "web.log") as browser:
        away = await browser.get("/", allow_redirects=False)
        assert (away.status, away.headers["Location"]) == (303, "/login?next=/")
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await browser.ws_connect("/ws")
        assert refused.value.status == 401
        wrong = await browser.post("/login", data={"name": NAME, "password": "wrong password"})
        assert wrong.status == 401
        assert "do not fit" in await wrong.text()
        other = await browser.post(
            "/login", data={"name": NAME, "password": PASSWORD}, headers={"Origin": "https://evil.example"}
        )
        assert other.status == 403
        elsewhere = await browser.post(
            "/login",
            data={"name": NAME, "password": PASSWORD, "next": "//evil.example"},
            allow_redirects=False,
        )
        assert (elsewhere.status, elsewhere.headers["Location"]) == (303, "/")
        assert elsewhere.headers["Set-Cookie"].startswith(f"{SESSION_COOKIE}=")
        page = await browser.get("/")
        assert page.status == 200
        assert "default-src 'self'" in page.headers["Content-Security-Policy"]
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await browser.ws_connect("/ws", origin="https://evil.example")
        assert refused.value.status == 403
        app = await browser.ws_connect("/ws?width=100&height=30")
        screen = b""
        async with asyncio.timeout(60):
            async for message in app:
                if message.type is aiohttp.WSMsgType.BINARY:
                    screen += message.data
                if b"Inventory" in screen:
                    break
        assert b"Inventory" in screen, "the app itself draws its panes"
        await app.close()
        await browser.post("/logout", allow_redirects=False)
        assert (await browser.get("/", allow_redirects=False)).status == 303


async def test_the_doctor_finds_all_well_and_says_what_is_not(
    env: dict[str, str], shelf: Shelf, tmp_path: Path
) -> None:
    code, out = await quick(env, "doctor", "--json")
    found = {finding["what"]: finding for finding in json.loads(out)["findings"]}
    for name in ("database", "migrations", "tables", "nas_config", "rows", "ffmpeg", "ffprobe"):
        assert found[name]["ok"], found[name]
    assert found["rows"]["said"] == "media_files 0, duplicate_groups 0, pending_deletions 0, chat_sessions 0"
    assert found["nas_config"]["said"] == "row 1 is 'Synology NAS'"
    assert not found["HTTPS"]["used"]
    sidecar, web = f"port {env['STREAMER_PORT']} (sidecar)", f"port {env['MEDIAVAULT_WEB_PORT']} (front end)"
    assert "free" in found[sidecar]["said"]
    await shelf.conn.execute("delete from nas_config")
    await shelf.conn.execute(
        "insert into scan_history (roots, roots_raw) values ('{/no/films}', '{/no/films}')"
    )
    env = env | {
        "PUBLIC_BASE_URL": "https://mediavault.invalid", "NAS_HOST": "127.0.0.1", "JWT_SECRET_KEY": "short",
        "MEDIAVAULT_FFMPEG": "/no/ffmpeg",
    }  # fmt: skip
    with socket.create_server(("127.0.0.1", int(env["MEDIAVAULT_WEB_PORT"]))):
        code, out = await quick(env, "doctor", "--json")
    found = {finding["what"]: finding for finding in json.loads(out)["findings"]}
    assert code == 1
    for name in (
        "nas_config",
        "folder /no/films",
        "DNS",
        "HTTPS",
        "NAS",
        "signing key",
        "ffmpeg",
        web,
        "accounts",
    ):
        assert not found[name]["ok"], found[name]
        assert found[name]["remedy"]
    code, out = await run(env, "doctor")
    assert code == 1
    assert "failed    nas_config" in out
    assert "→" in out


async def test_the_doctor_without_a_database(env: dict[str, str]) -> None:
    env = env | {"DATABASE_URL": "postgresql://nobody:hush-hush@127.0.0.1:1/none"}
    code, out = await quick(env, "doctor")
    assert code == 1
    assert "cannot be reached" in out
    assert "hush-hush" not in out


async def test_the_doctor_knows_a_running_sidecar(env: dict[str, str], tmp_path: Path) -> None:
    port = int(env["STREAMER_PORT"])
    words = (sys.executable, "-m", "mediavault_tui", "serve")
    async with process(*words, env=env, ready=port, log=tmp_path / "serve.log"):
        _, out = await quick(env, "doctor")
    assert f"ok        port {port} (sidecar): ours listens" in out


async def test_the_doctors_tables_are_the_schemas(shelf: Shelf) -> None:
    rows = await shelf.conn.fetch(
        "select relname from pg_class where relkind = 'r' and relnamespace = current_schema()::regnamespace"
    )
    assert sorted(tables()) == sorted(row["relname"] for row in rows)
