"""The sidecar beside nginx that serves the same file itself: one stream, many viewers, many who pause.

    python -m bench.stream [--mib 1024] [--seconds 4] [--idle 500]

Real processes on loopback: `mediavault serve`, and nginx with the shipped configuration (ports, mount
and certificate replaced; TLS taken away on both sides but for the row that says so). All take turns
three times, and the best of each counts. Needs nginx and curl.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import re
import selectors
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from bench.database import own_database
from bench.smb import read
from mediavault_tui.domain.model import FileId
from mediavault_tui.services.keys import signing_secret
from mediavault_tui.services.preview import PreviewLinks
from mediavault_tui.settings import Settings
from mediavault_tui.store.database import Database
from tests.db.shelf import Shelf
from tests.smb.nas_rig import nas_on, scan
from tests.smb.server import Smbd
from tests.streamer.site import HOST, ROOT, configuration, free_ports, make_certificate, process

MIB = 1 << 20
VIEWERS = 64
ROUNDS = 3
STATIC = """{user}daemon off; worker_processes 2; pid {folder}/static.pid; error_log {folder}/static.log;
events {{ worker_connections 2048; }}
http {{ access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000;
  client_body_temp_path {folder}/s1; proxy_temp_path {folder}/s2; fastcgi_temp_path {folder}/s3;
  uwsgi_temp_path {folder}/s4; scgi_temp_path {folder}/s5;
  server {{ listen 127.0.0.1:{plain}; listen 127.0.0.1:{tls} ssl http2; ssl_certificate {folder}/site.crt;
    ssl_certificate_key {folder}/site.key; location / {{ root {library}; }} }} }}
"""


@dataclass(frozen=True, slots=True)
class Rate:
    """Requests a second, and the 50th and 99th percentile of the first byte in ms."""

    requests: float
    middle: float
    late: float


def one_stream(port: int, path: str, *, tls: Path | None = None) -> float:
    """Return MB/s for the whole file."""
    url = f"http://127.0.0.1:{port}{path}"
    words = ["curl", "-s", "-o", "/dev/null", "-w", "%{speed_download} %{http_code}"]
    if tls is not None:
        url = f"https://{HOST}:{port}{path}"
        words += ["--cacert", str(tls), "--resolve", f"{HOST}:{port}:127.0.0.1"]
    speed, code = subprocess.run([*words, url], capture_output=True, text=True, check=True).stdout.split()
    assert code == "200", code
    return float(speed) / 1e6


def viewers(port: int, paths: Sequence[str], size: int, seconds: float) -> Rate:
    """Let a viewer for each path read random ranges of 1 MiB; each asks when the one before has come."""
    chance, selector, buffer = random.Random(1), selectors.DefaultSelector(), bytearray(MIB)
    asked: dict[socket.socket, tuple[float, bytes, int | None]] = {}
    path_of: dict[socket.socket, str] = {}
    firsts: list[float] = []

    def ask(client: socket.socket) -> None:
        start = chance.randrange(0, size - MIB)
        asked[client] = (time.perf_counter(), b"", None)
        line, bounds = f"GET {path_of[client]} HTTP/1.1", f"bytes={start}-{start + MIB - 1}"
        client.send(f"{line}\r\nHost: {HOST}\r\nRange: {bounds}\r\n\r\n".encode())

    for path in paths:
        client = socket.create_connection(("127.0.0.1", port))
        path_of[client] = path
        selector.register(client, selectors.EVENT_READ)
        ask(client)
    began, done = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        for key, _ in selector.select(1):
            client = key.fileobj
            assert isinstance(client, socket.socket)
            count = client.recv_into(buffer)
            assert count, "the server closed a connection"
            since, head, left = asked[client]
            if left is None:
                if not head:
                    firsts.append(time.perf_counter() - since)
                head += bytes(buffer[:count])
                end = head.find(b"\r\n\r\n")
                if end < 0:
                    asked[client] = (since, head, None)
                    continue
                assert head.startswith(b"HTTP/1.1 206"), head[:100]
                left, count = MIB, len(head) - end - 4
            left -= count
            asked[client] = (since, head, left)
            if left == 0:
                done += 1
                ask(client)
    took = time.perf_counter() - began
    for client in asked:
        client.close()
    firsts.sort()
    return Rate(done / took, firsts[len(firsts) // 2] * 1e3, firsts[int(len(firsts) * 0.99)] * 1e3)


def memory(pid: int) -> float:
    """Return the resident MB of a process."""
    text = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+)", text)
    assert found is not None
    return int(found[1]) / 1000


def idle(pid: int, port: int, path: str, count: int) -> tuple[float, float, float]:
    """Return the sidecar's MB before, with `count` readers that pause, and a new request's ms meanwhile."""
    before = memory(pid)
    clients = []
    for _ in range(count):
        client = socket.create_connection(("127.0.0.1", port))
        client.send(f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
        assert client.recv(4096).startswith(b"HTTP/1.1 200")
        clients.append(client)
    time.sleep(2)  # what the sidecar still does for them is done by then
    began = time.perf_counter()
    one = socket.create_connection(("127.0.0.1", port))
    one.send(f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\nRange: bytes=0-99\r\n\r\n".encode())
    assert one.recv(4096).startswith(b"HTTP/1.1 206")
    took = (time.perf_counter() - began) * 1e3
    during = memory(pid)
    for client in [one, *clients]:
        client.close()
    return before, during, took


def unlimited() -> None:
    """Let this process and its children open as many files as they may."""
    import resource

    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


async def bench(mib: int, seconds: float, idlers: int) -> None:
    """Start everything, measure, and print the table."""
    nginx = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if nginx is None or shutil.which("curl") is None:
        sys.exit("nginx and curl are needed: apt-get install nginx curl")
    unlimited()
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = await stack.enter_async_context(own_database())
        database = await Database.connect(url)
        stack.push_async_callback(database.close)
        library = folder / "library"
        async with database.connection() as conn:
            shelf = Shelf(conn, library)
            path = shelf.write("film.mkv", b"")
            fill(path, mib)
            film = await shelf.enter(path)
        data = folder / "data"
        links = PreviewLinks(database, signing_secret(Settings(data_dir=data)), base_url="")
        made = [await links.make(film.id, who=f"viewer {number}") for number in range(VIEWERS)]
        streams = [link.url(f"/api/media/stream/{film.id}") for link in made]
        far = await on_a_share(stack, folder, database, data, links, mib // 4)
        sidecar, plain, tls, mount, mount_tls, proxy = free_ports(6)
        env = {
            "PATH": os.environ["PATH"], "DATABASE_URL": url, "MEDIAVAULT_DATA_DIR": str(data),
            "STREAMER_PORT": str(sidecar), "PYTHONPATH": str(ROOT), "PUBLIC_BASE_URL": f"https://{HOST}",
        }  # fmt: skip
        serve = (sys.executable, "-m", "streamer")
        ran = await stack.enter_async_context(
            process(*serve, env=env, ready=sidecar, log=folder / "sidecar.log")
        )
        make_certificate(folder)
        user = "user root; " if os.getuid() == 0 else ""
        configs = {
            plain: STATIC.format(user=user, folder=folder, plain=plain, tls=tls, library=library),
            mount: without_tls(configuration(folder, (mount, free_ports(1)[0], sidecar), mount=library)),
            mount_tls: configuration(folder, (mount_tls, free_ports(1)[0], sidecar), mount=library),
            proxy: without_tls(
                configuration(folder, (proxy, free_ports(1)[0], sidecar), mount=folder / "no-mount")
            ),
        }
        make_certificate(folder)  # the last one is the one that all have
        for port, text in configs.items():
            config = folder / f"{port}.conf"
            await asyncio.to_thread(
                config.write_text, text.replace("nginx.pid", f"{port}.pid").replace("/kept", f"/kept-{port}")
            )
            words = (nginx, "-p", str(folder), "-c", str(config), "-e", str(folder / f"{port}.err"))
            await stack.enter_async_context(process(*words, env=env, ready=port, log=folder / f"{port}.out"))
        await asyncio.to_thread(
            measure, film.size, seconds, idlers, ran.pid, streams, folder / "site.crt",
            ports=(sidecar, plain, tls, mount, mount_tls, proxy),
        )  # fmt: skip
        if far is not None:
            await asyncio.to_thread(measure_far, sidecar, *far)


async def on_a_share(
    stack: AsyncExitStack, folder: Path, database: Database, data: Path, links: PreviewLinks, mib: int
) -> tuple[Smbd, str] | None:
    """Start an smbd with a film on its share, known to the inventory; return it and the film's address."""
    if shutil.which("smbd") is None:
        return None
    server = stack.enter_context(Smbd(folder / "smbd"))
    fill(server.share / "film.mkv", mib)
    async with nas_on(database, server, data) as nas:  # kept in the database, where the sidecar finds it
        await scan(database, nas, probe=False)
    async with database.connection() as conn:
        number = await conn.fetchval("select id from media_files where source = 'nas:2'")
    return server, (await links.make(FileId(number), who="bench")).url(f"/api/media/stream/{number}")


def measure_far(sidecar: int, server: Smbd, path: str) -> None:
    """Print how quickly a film on a share comes through the sidecar, beside the source read directly."""
    size = (server.share / "film.mkv").stat().st_size
    through = direct = 0.0
    for _ in range(ROUNDS):
        through = max(through, one_stream(sidecar, path))
        began = time.perf_counter()
        assert read(server, "/film.mkv", server.port) == size
        direct = max(direct, size / (time.perf_counter() - began) / 1e6)
    print(
        f"| one stream, film on a share (SMB), through the sidecar | {through:,.0f} beside "
        f"{direct:,.0f} MB/s read directly | {through / direct:.2f} |"
    )


def measure(
    size: int,
    seconds: float,
    idlers: int,
    pid: int,
    each: Sequence[str],
    certificate: Path,
    *,
    ports: tuple[int, int, int, int, int, int],
) -> None:
    """Measure and print."""
    sidecar, plain, tls, mount, mount_tls, proxy = ports
    own, stream = "/film.mkv", each[0]
    one_stream(plain, own)  # into the page cache
    streams: dict[str, tuple[int, str, Path | None, str]] = {
        "": (plain, own, None, ""),
        " ": (tls, own, certificate, ""),
        "one stream, sidecar directly": (sidecar, stream, None, ""),
        "one stream, through nginx, film on a mount (X-Accel)": (mount, stream, None, ""),
        "one stream, through nginx, film elsewhere (proxied)": (proxy, stream, None, ""),
        "one stream, TLS, film on a mount (X-Accel)": (mount_tls, stream, certificate, " "),
    }
    crowds = {
        "": (plain, [own] * VIEWERS),
        "64 viewers, sidecar directly": (sidecar, each),
        "64 viewers, through nginx, film on a mount (X-Accel)": (mount, each),
        "64 viewers, through nginx, film elsewhere (proxied)": (proxy, each),
    }
    began = memory(pid)
    speeds = dict.fromkeys(streams, 0.0)
    rates: dict[str, Rate] = {}
    for _ in range(ROUNDS):
        for what, (port, path, trusted, _) in streams.items():
            speeds[what] = max(speeds[what], one_stream(port, path, tls=trusted))
    grown = memory(pid) - began
    for _ in range(ROUNDS):
        for what, (port, paths) in crowds.items():
            seen = viewers(port, paths, size, seconds)
            if what not in rates or seen.requests > rates[what].requests:
                rates[what] = seen
    print("| what | beside nginx serving the file itself | ratio |\n|---|---|---|")
    for what, (*_, beside) in streams.items():
        if what.strip():
            got, base = speeds[what], speeds[beside]
            print(f"| {what} | {got:,.0f} beside {base:,.0f} MB/s | {got / base:.2f} |")
    print(f"| memory that the sidecar's streams added | {grown:.1f} MB | |")
    alone = rates.pop("")
    for what, rate in rates.items():
        print(
            f"| {what} | {rate.requests:,.0f} beside {alone.requests:,.0f} ranges/s; first byte p99 "
            f"{rate.late:.0f} beside {alone.late:.0f} ms | {rate.requests / alone.requests:.2f}; "
            f"p99 × {rate.late / alone.late:.1f} |"
        )
    before, during, took = idle(pid, sidecar, stream, idlers)
    print(
        f"| {idlers} streams that pause | the sidecar has {during:.0f} MB (before {before:.0f}); "
        f"a new request is answered in {took:.1f} ms | |"
    )


def fill(path: Path, mib: int) -> None:
    """Make a file of chance."""
    with open(path, "wb") as file:
        for _ in range(mib):
            file.write(os.urandom(MIB))


def without_tls(text: str) -> str:
    """Take TLS out of a configuration: it costs both sides the same, and hides what is measured."""
    return re.sub(r" ssl http2;", ";", re.sub(r"\n\s*ssl_[^\n]*", "", text))


def main() -> None:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(description="Measure the sidecar beside nginx.")
    parser.add_argument("--mib", type=int, default=1024)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--idle", type=int, default=500)
    args = parser.parse_args()
    asyncio.run(bench(args.mib, args.seconds, args.idle))


if __name__ == "__main__":
    main()
