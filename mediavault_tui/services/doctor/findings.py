"""Looks over a whole installation: each finding is well or not, and says what to do.

Nothing is changed. What does not concern this installation (no PUBLIC_BASE_URL, no NAS) is
said to be so and is no fault. Longer than most, because each thing that is looked at has a
function of its own.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import shutil
import socket
import ssl
import stat
import subprocess
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from mediavault_tui.domain.checks import Check
from mediavault_tui.domain.origins import loopback, url_of
from mediavault_tui.domain.pathtext import display
from mediavault_tui.errors import MediaVaultError
from mediavault_tui.probe.tools import Tool, find_tool
from mediavault_tui.services.doctor import nas as doctor_nas
from mediavault_tui.services.doctor.machine import (
    PATIENCE,
    aside,
    certificate,
    clock,
    codecs,
    holding,
    ill,
    private,
    room,
    signing_key,
    well,
)
from mediavault_tui.settings import Settings
from mediavault_tui.store import doctor as store
from mediavault_tui.store.database import Database
from mediavault_tui.store.migrate import status, tables

_COUNTED = ("media_files", "duplicate_groups", "pending_deletions", "chat_sessions")
_SITES = Path("/etc/nginx/sites-enabled"), Path("/etc/nginx/conf.d")


async def examine(
    settings: Settings, database: Database | MediaVaultError, *, env_file: Path | None = None
) -> AsyncIterator[Check]:
    """Yield every finding; `database`: or why it could not be opened; `env_file`: where settings stand."""
    if env_file is not None:
        yield await asyncio.to_thread(private, ".env", env_file)
    if isinstance(database, MediaVaultError):
        yield ill("database", str(database), "see the sentence; `mediavault db status`")
        yield await doctor_nas.answers(settings)
    else:
        try:
            async for finding in _database(database):
                yield finding
            async for finding in _accounts(settings, database):
                yield finding
            async for finding in _folders(settings, database):
                yield finding
            async for finding in doctor_nas.shares(settings, database):
                yield finding
        except MediaVaultError as error:
            yield ill("database", str(error), "see the sentence; `mediavault db status`")
    for look in (_keys, _tools, codecs, _ports, _nginx, _web, _limits):
        for finding in await asyncio.to_thread(look, settings):
            yield finding


async def _database(database: Database) -> AsyncIterator[Check]:
    async with database.connection() as conn:
        yield well("database", f"PostgreSQL {await store.version(conn)} answers")
        yield clock(await store.clock(conn))
        there = await store.tables(conn)
    waiting = [m for m in await status(database.url) if m.applied_at is None]
    if waiting:
        yield ill("migrations", f"{len(waiting)} are to be applied", "run `mediavault db migrate`")
    else:
        yield well("migrations", "all are applied")
    wanted = tables()
    missing = [name for name in wanted if name not in there]
    if missing:
        yield ill("tables", f"missing: {', '.join(missing)}", "run `mediavault db migrate`")
        return
    yield well("tables", f"all {len(wanted)} are there")
    async with database.connection() as conn:
        nas = await store.nas_row(conn)
        counts = await store.counts(conn)
    if nas is None:
        yield ill("nas_config", "row 1 is missing", "restore it from sql/migrations/0001_tables.sql")
    else:
        yield well("nas_config", f"row 1 is {nas!r}")
    yield well("rows", ", ".join(f"{name} {counts[name]:,}" for name in _COUNTED))


async def _accounts(settings: Settings, database: Database) -> AsyncIterator[Check]:
    async with database.connection() as conn:
        accounts = await store.accounts(conn)
    public = settings.public_base_url is not None and not loopback(_host(settings) or "")
    if accounts:
        yield well("accounts", f"{accounts}")
    elif public:
        yield ill(
            "accounts", "there are none, so nobody gets in from outside", "run `mediavault users add NAME`"
        )
    else:
        yield aside("accounts", "there are none: only this machine is served")


async def _folders(settings: Settings, database: Database) -> AsyncIterator[Check]:
    async with database.connection() as conn:
        roots = [root for root in await store.roots(conn) if root.startswith(b"/")]
    if not roots:
        yield aside("folders", "nothing was scanned yet: `mediavault scan PATH`")
    for root in roots:
        yield await asyncio.to_thread(_folder, root)
    if settings.staging_path is not None:
        for finding in await asyncio.to_thread(holding, settings.staging_path, roots):
            yield finding


def _folder(root: bytes) -> Check:
    name = f"folder {display(root)}"
    try:
        if not stat.S_ISDIR(os.stat(root).st_mode):
            return ill(name, "it is no folder", "scan the folder that holds the films")
        with os.scandir(root) as entries:
            empty = next(entries, None) is None
    except OSError as error:
        return ill(name, f"{error.strerror}", "mount it, or correct its permissions; nothing was marked gone")
    if empty:
        return ill(name, "it is empty", "is its volume mounted? Nothing was marked gone")
    return well(name, "it is there and readable")


def _keys(settings: Settings) -> list[Check]:
    return [signing_key(settings), room("data", settings.data_dir)]


def _tools(settings: Settings) -> list[Check]:
    findings = []
    tools: tuple[tuple[Tool, str | None], ...] = (("ffmpeg", settings.ffmpeg), ("ffprobe", settings.ffprobe))
    for name, configured in tools:
        try:
            findings.append(well(name, find_tool(name, configured)))
        except MediaVaultError as error:
            findings.append(ill(name, str(error), f"install ffmpeg, or set MEDIAVAULT_{name.upper()}"))
    return findings


def _ports(settings: Settings) -> list[Check]:
    return [
        _port("sidecar", settings.streamer_host, settings.streamer_port, _is_sidecar),
        _port("front end", settings.web_host, settings.web_port, _is_front),
    ]


def _port(what: str, host: str, port: int, ours: Callable[[str], bool]) -> Check:
    name = f"port {port} ({what})"
    address = url_of(host, port)
    try:
        socket.create_connection((urlsplit(address).hostname, port), timeout=PATIENCE).close()
    except OSError:
        return aside(name, f"it is free; the {what} is not running")
    if ours(address):
        return well(name, "ours listens")
    return ill(name, "another program listens", "end it, or give ours another port (docs/configuration.md)")


def _is_sidecar(base: str) -> bool:
    answer = _get(f"{base}/health/live")
    try:
        return answer[0] == 200 and json.loads(answer[1]) == {"status": "live"}
    except ValueError:
        return False


def _is_front(base: str) -> bool:
    code, body = _get(f"{base}/login")
    return code == 200 and b"<title>MediaVault" in body


def _get(url: str) -> tuple[int, bytes]:
    """Return status and the beginning of the body; (0, the reason) if there is no answer."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(url, timeout=PATIENCE) as answer:
            return answer.status, answer.read(4096)
    except urllib.error.HTTPError as error:
        return error.code, error.read(4096)
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        if isinstance(reason, ssl.SSLCertVerificationError):
            return 0, f"its certificate is not good: {reason.verify_message}".encode()
        return 0, str(reason).encode()


def _nginx(settings: Settings) -> list[Check]:
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    host = _host(settings)
    if program is None:
        return [aside("nginx", "it is not on this machine")]
    findings = []
    try:
        ran = subprocess.run([program, "-t"], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return [ill("nginx", f"`nginx -t` does not run ({error})", "reinstall nginx")]
    if ran.returncode == 0:
        findings.append(well("nginx", "its configuration is valid"))
    else:
        lines = [line for line in ran.stderr.splitlines() if "[emerg]" in line] or ran.stderr.splitlines()[
            -1:
        ]
        denied = "Permission denied" in ran.stderr
        remedy = "run `mediavault doctor` as root to test it" if denied else "correct it and run `nginx -t`"
        findings.append(ill("nginx", " ".join(lines) or "its configuration is not valid", remedy))
    if host is None:
        return [*findings, aside("nginx site", "PUBLIC_BASE_URL is not set")]
    sites = [site for folder in _SITES if folder.is_dir() for site in sorted(folder.iterdir())]
    enabled = [site for site in sites if _names(site, host)]
    if enabled:
        findings.append(well("nginx site", f"{enabled[0]} serves {host}"))
    else:
        findings.append(
            ill("nginx site", f"no enabled site serves {host}", "enable deploy/nginx/mediavault.conf")
        )
    return findings


def _names(site: Path, host: str) -> bool:
    try:
        lines = site.read_text("utf-8", "replace").splitlines()
    except OSError:
        return False
    return any(host in line.split() or f"{host};" in line.split() for line in lines if "server_name" in line)


def _web(settings: Settings) -> list[Check]:
    host = _host(settings)
    if host is None or settings.public_base_url is None:
        return [aside("DNS", "PUBLIC_BASE_URL is not set"), aside("HTTPS", "PUBLIC_BASE_URL is not set")]
    findings = []
    try:
        found = sorted({str(entry[4][0]) for entry in socket.getaddrinfo(host, None)})
        findings.append(well("DNS", f"{host} is {', '.join(found)}"))
    except OSError as error:
        return [
            ill("DNS", f"{host}: {error.strerror}", "add the record, or correct PUBLIC_BASE_URL"),
            ill("HTTPS", "not tried without DNS", "first DNS"),
        ]
    parts = urlsplit(settings.public_base_url)
    if parts.scheme == "https":
        findings.append(certificate(host, parts.port or 443))
    findings.append(_routes(settings.public_base_url))
    code, body = _get(f"{settings.public_base_url}/health")
    if code == 200:
        findings.append(well("HTTPS", f"{settings.public_base_url} answers, and is ready"))
    elif code == 503:
        findings.append(
            ill("HTTPS", f"{settings.public_base_url} is not ready", "see the other lines, and its log")
        )
    elif code == 502:
        findings.append(ill("HTTPS", "nginx answers, the sidecar does not", "start `mediavault serve`"))
    else:
        said = f"status {code}" if code else body.decode("utf-8", "replace")
        findings.append(ill("HTTPS", f"{settings.public_base_url}: {said}", "see docs/deploy.md, nginx"))
    return findings


def _routes(base: str) -> Check:
    """Say whether the public address leads to both programs, on the paths of each."""
    wanted: tuple[tuple[str, tuple[int, ...], bytes], ...] = (
        ("/login", (200,), b"<title>MediaVault"),
        ("/ws", (401, 403), b""),  # the app's socket; 301: the configuration knows /ws/ alone
        ("/api/auth/me", (200, 401), b"{"),
        ("/watch/static/watch.js", (200,), b""),
    )
    lost = []
    for path, codes, holds in wanted:
        code, body = _get(f"{base}{path}")
        if code not in codes or holds not in body:
            lost.append(path)
    if lost:
        remedy = "compare the site with deploy/nginx/mediavault.conf; start `mediavault serve` and `web`"
        return ill("routes", f"{base} does not lead to {', '.join(lost)}", remedy)
    return well("routes", "the app, its socket, the API and the pages answer")


def _limits(_settings: Settings) -> list[Check]:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most != resource.RLIM_INFINITY and most < 4096:
        return [ill("open files", f"at most {most}", "ulimit -n 16384, or LimitNOFILE in the unit")]
    return [well("open files", f"at most {most}")]


def _host(settings: Settings) -> str | None:
    return urlsplit(settings.public_base_url).hostname if settings.public_base_url else None


def worst(findings: Sequence[Check]) -> int:
    """Return the exit code: 1 if anything is ill."""
    return int(not all(finding.ok for finding in findings))
