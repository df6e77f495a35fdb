"""The whole site for tests: the real nginx with the shipped configuration, in front of real processes.

Only ports, certificate, mount and log folder of `deploy/nginx/mediavault.conf` are replaced.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import socket
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.streamer.browser import HOST

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Site:
    """Where a running site is; `certificate` is what a client must trust."""

    https: int
    http: int
    sidecar: int
    certificate: Path
    logs: Path

    @property
    def url(self) -> str:
        return f"https://{HOST}:{self.https}"

    def curl(self, *words: str) -> list[str]:
        """A curl that knows the site's name and trusts its certificate."""
        where = f"{HOST}:{self.https}:127.0.0.1"
        return [
            "curl",
            "-sS",
            "--cacert",
            str(self.certificate),
            "--resolve",
            where,
            "--max-time",
            "30",
            *words,
        ]


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def make_certificate(folder: Path, *, name: str = "*.example.org") -> tuple[Path, Path]:
    """A certificate of one day that signs itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - timedelta(hours=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate, secret = folder / "site.crt", folder / "site.key"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return certificate, secret


def configuration(folder: Path, ports: Sequence[int], *, mount: Path, front: int | None = None) -> str:
    """The shipped configuration, at other ports, inside the frame that Debian's nginx.conf gives it."""
    https, http, sidecar = ports
    certificate, secret = make_certificate(folder)
    text = (ROOT / "deploy/nginx/mediavault.conf").read_text("utf-8")
    for old, new in (
        (r"listen \[::\]:(80|443)[^;]*;\n", ""),
        (r"listen 80;", f"listen 127.0.0.1:{http};"),
        (r"listen 443 ", f"listen 127.0.0.1:{https} "),
        (r"server_name [^;]*;", f"server_name {HOST};"),
        (r"127\.0\.0\.1:8007", f"127.0.0.1:{sidecar}"),
        (r"127\.0\.0\.1:3007", f"127.0.0.1:{front or 1}"),
        (r"/etc/nginx/ssl/[^;]*\.crt", str(certificate)),
        (r"/etc/nginx/ssl/[^;]*\.key", str(secret)),
        (r"/var/log/nginx/", f"{folder}/"),
        (r"/mnt/nas-media/", f"{mount}/"),
        (r"/run/mediavault-nginx", f"{folder}/kept"),
        (
            r"ssl_stapling (on|off);|ssl_stapling_verify on;",
            "",
        ),  # a certificate of one's own has no responder
    ):
        text, replaced = re.subn(old, new, text)
        assert replaced, f"{old} is not in the configuration any more"
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user root;\n" if os.getuid() == 0 else ""
    return (
        f"{user}daemon off;\nworker_processes 2;\npid {folder}/nginx.pid;\nerror_log {folder}/start.log;\n"
        f"events {{ worker_connections 2048; }}\n"
        f"http {{\nsendfile on;\ntypes {{ }}\ndefault_type application/octet-stream;\n{temporary}{text}\n}}\n"
    )


def _text(log: Path) -> str:
    return log.read_text("utf-8", "replace")


def _write(config: Path, text: Callable[[], str]) -> None:
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text(text())


@asynccontextmanager
async def process(
    *words: str, env: dict[str, str], ready: int, log: Path
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A program that listens on `ready`; it is ended with the block."""
    with open(log, "wb") as output:  # noqa: ASYNC230  # a test may wait for a disk
        child = await asyncio.create_subprocess_exec(*words, env=env, stdout=output, stderr=output)
    try:
        async with asyncio.timeout(30):
            while True:
                assert child.returncode is None, _text(log)
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", ready)
                except OSError:
                    await asyncio.sleep(0.05)
                else:
                    writer.close()
                    break
        yield child
    finally:
        if child.returncode is None:
            child.terminate()
            await asyncio.wait_for(child.wait(), 15)


@asynccontextmanager
async def running_site(
    folder: Path, *, database_url: str, mount: Path, serving: Literal["serve", "web"] = "serve"
) -> AsyncIterator[Site]:
    """Sidecar or front end, and nginx before it, as processes of their own."""
    https, http, sidecar, front = free_ports(4)
    config = folder / "nginx.conf"
    _write(config, lambda: configuration(folder, (https, http, sidecar), mount=mount, front=front))
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "DATABASE_URL": database_url,
        "MEDIAVAULT_DATA_DIR": str(folder / "data"),
        "PUBLIC_BASE_URL": f"https://{HOST}:{https}",
        "STREAMER_PORT": str(sidecar),
        "MEDIAVAULT_WEB_PORT": str(front),
        "PYTHONPATH": str(ROOT),
    }
    nginx = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin") or "nginx"
    words = (sys.executable, "-m", "mediavault_tui", serving)
    ready = {"serve": sidecar, "web": front}[serving]
    behind = process(*words, env=env, ready=ready, log=folder / f"{serving}.log")
    fronting = process(
        nginx, "-p", str(folder), "-c", str(config), "-e", str(folder / "start.log"),
        env=env, ready=https, log=folder / "nginx.out",
    )  # fmt: skip
    async with behind, fronting:
        yield Site(https, http, sidecar, folder / "site.crt", folder)
