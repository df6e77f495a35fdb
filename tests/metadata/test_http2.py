"""HTTP/2 where it is offered: the real nginx, with TLS, in front of the local TMDb."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from mediavault_tui.domain.world import TitleKind
from mediavault_tui.metadata import tmdb
from mediavault_tui.metadata.edge import Edge
from mediavault_tui.metadata.gate import TMDB
from mediavault_tui.services.titles.world_gate import Answers, DatabaseGate
from mediavault_tui.store.database import Database
from tests.metadata.world_server import TOKEN, WorldServer
from tests.streamer.site import HOST, free_ports, make_certificate

pytestmark = pytest.mark.needs("nginx", "curl")

_CONFIG = """
daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log; {user}
events {{ worker_connections 256; }}
http {{
  client_body_temp_path {folder}/t; proxy_temp_path {folder}/t; fastcgi_temp_path {folder}/t;
  uwsgi_temp_path {folder}/t; scgi_temp_path {folder}/t;
  log_format asked '$server_protocol $connection $status';
  access_log {folder}/access.log asked;
  keepalive_requests {requests};
  server {{
    listen 127.0.0.1:{port} ssl{http2};
    ssl_certificate {certificate}; ssl_certificate_key {secret};
    location / {{ proxy_pass http://127.0.0.1:{behind}; }}
  }}
}}
"""


class Front:
    """An nginx before the local TMDb."""

    def __init__(self, folder: Path, port: int, certificate: Path) -> None:
        self._log = folder / "access.log"
        self.port = port
        self.url = f"https://{HOST}:{port}/3/"
        self.certificate = certificate

    @property
    def trust(self) -> ssl.SSLContext:
        """What a client must trust, for whatever name it asks."""
        context = ssl.create_default_context(cafile=str(self.certificate))
        context.check_hostname = False  # it is asked by its address
        return context

    @property
    def asked(self) -> list[tuple[str, str, str]]:
        """Protocol, connection and status of each request so far."""
        lines = self._log.read_text().splitlines()
        return [tuple(line.split()) for line in lines]  # type: ignore[misc]  # three words each, by the format


@asynccontextmanager
async def front(
    folder: Path, world: WorldServer, *, requests: int = 1000, http2: bool = True
) -> AsyncIterator[Front]:
    (port,) = free_ports(1)
    certificate, secret = make_certificate(folder)
    config = folder / "nginx.conf"
    config.write_text(
        _CONFIG.format(
            folder=folder, port=port, certificate=certificate, secret=secret, behind=world.port,
            requests=requests, http2=" http2" if http2 else "", user="",
        )
    )  # fmt: skip
    process = await asyncio.create_subprocess_exec(
        shutil.which("nginx") or "nginx", "-c", str(config), stderr=asyncio.subprocess.DEVNULL
    )
    try:
        async with asyncio.timeout(20):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                except OSError:
                    assert process.returncode is None, (folder / "error.log").read_text()
                    await asyncio.sleep(0.02)  # it tells nobody when it listens
                else:
                    writer.close()
                    break
        yield Front(folder, port, certificate)
    finally:
        process.terminate()
        await process.wait()


def edge(database: Database, front: Front, **more: int) -> Edge:
    return Edge(
        "TMDb", f"https://127.0.0.1:{front.port}/3/", DatabaseGate(database), TMDB,
        headers={"Authorization": f"Bearer {TOKEN}"}, patience=20, first_pause=0.05, timeout=5,
        verify=front.trust, **more,
    )  # fmt: skip


async def test_questions_share_one_connection_where_http_2_is_offered(
    database: Database, world: WorldServer, tmp_path: Path
) -> None:
    async with front(tmp_path, world) as nginx, edge(database, nginx) as client:
        answers = Answers(database, client)
        ids = [603, 604, 605, 550, 949, 812, 9323, 807, 78, 11]
        bodies = await asyncio.gather(*(answers.get(tmdb.details(TitleKind.MOVIE, id)) for id in ids))
        assert [body["id"] for body in bodies] == ids
        assert {protocol for protocol, _, _ in nginx.asked} == {"HTTP/2.0"}
        assert len({connection for _, connection, _ in nginx.asked}) == 1
        say = [
            "curl",
            "-sS",
            "--cacert",
            str(nginx.certificate),
            "--resolve",
            f"{HOST}:{nginx.port}:127.0.0.1",
        ]
        said = await asyncio.to_thread(
            subprocess.run,
            [*say, "--http2", "-o", "/dev/null", "-w", "%{http_version}", f"{nginx.url}configuration"],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert said.stdout == "2"


async def test_a_server_that_says_goodbye_every_few_requests_is_asked_no_question_twice(
    database: Database, world: WorldServer, tmp_path: Path
) -> None:
    """GOAWAY, which httpcore answers by dropping what is on its way: no connection may live that long."""
    async with front(tmp_path, world, requests=10) as nginx, edge(database, nginx, share=8) as client:
        answers = Answers(database, client)
        ids = sorted(world.films)[:30]
        for start in range(0, len(ids), 6):
            bodies = await asyncio.gather(
                *(answers.get(tmdb.details(TitleKind.MOVIE, id)) for id in ids[start : start + 6])
            )
            assert [body["id"] for body in bodies] == ids[start : start + 6]
        assert len({connection for _, connection, _ in nginx.asked}) == 4
    assert all(count == 1 for count in world.asked.values())


async def test_without_http_2_it_is_asked_as_ever(
    database: Database, world: WorldServer, tmp_path: Path
) -> None:
    async with front(tmp_path, world, http2=False) as nginx, edge(database, nginx) as client:
        assert (await client.get("movie/603", {})).body["title"] == "The Matrix"
        assert [(protocol, status) for protocol, _, status in nginx.asked] == [("HTTP/1.1", "200")]
