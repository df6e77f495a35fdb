"""A real sidecar for tests: in this process, on a port of its own, over a real database."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, CookieJar, web
from argon2 import PasswordHasher

from mediavault_tui.services.accounts import Accounts
from mediavault_tui.services.preview import PreviewLinks
from mediavault_tui.settings import Settings
from mediavault_tui.store.database import Database
from streamer.app import make_app, make_runner
from streamer.state import STATE, State
from tests.db.shelf import Shelf
from tests.streamer.browser import Page, chromium, new_page

SECRET = b"a secret of the tests, forty-one letters!"
QUICK = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
NAME, PASSWORD = "ripley", "correct horse battery"


@dataclass(frozen=True, slots=True)
class Sidecar:
    """A running sidecar and a client that talks to it as a program on this machine does."""

    app: web.Application
    port: int
    http: ClientSession

    @property
    def state(self) -> State:
        """Its parts."""
        return self.app[STATE]

    async def raw(
        self, text: str | bytes, *, window: int = 4096
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Send bytes over a bare connection that takes little at a time."""
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", self.port))
        reader, writer = await asyncio.open_connection(sock=sock, limit=window)
        writer.write(text if isinstance(text, bytes) else text.encode())
        return reader, writer


Serve = Callable[..., Awaitable[Sidecar]]


@pytest.fixture
async def shelf(database: Database, tmp_path: Path) -> AsyncIterator[Shelf]:
    """Yield a library folder with its inventory."""
    async with database.connection() as conn:
        yield Shelf(conn, tmp_path / "library")


@pytest.fixture
def accounts(database: Database) -> Accounts:
    """Return accounts whose passwords cost little."""
    return Accounts(database, SECRET, hasher=QUICK)


@pytest.fixture
def links(database: Database) -> PreviewLinks:
    """Return the links of the sidecar under test."""
    return PreviewLinks(database, SECRET, base_url="http://127.0.0.1")


@pytest.fixture
async def serve(database: Database, accounts: Accounts, tmp_path: Path) -> AsyncIterator[Serve]:
    """Yield a function that starts a sidecar; all are stopped at the end."""
    async with AsyncExitStack() as stack:

        async def start(**given: Any) -> Sidecar:
            settings = given.pop("settings", None) or Settings(data_dir=tmp_path / "data")
            app = make_app(database=database, settings=settings, secret=SECRET, accounts=accounts, **given)
            runner = make_runner(app)
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            port: int = runner.addresses[0][1]
            http = await stack.enter_async_context(
                ClientSession(f"http://127.0.0.1:{port}", cookie_jar=CookieJar(unsafe=True))
            )
            return Sidecar(app, port, http)

        yield start


@pytest.fixture
async def sidecar(serve: Serve) -> Sidecar:
    """Return a sidecar with the local folders."""
    return await serve()


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Yield the port of a real Chromium; one for each worker."""
    with chromium(tmp_path_factory.mktemp("chromium") / "profile") as port:
        yield port


@pytest.fixture
async def page(browser: int) -> AsyncIterator[Page]:
    """Yield a tab of it, with no cookie in its jar."""
    async with new_page(browser) as page:
        yield page


async def until(condition: Callable[[], object]) -> None:
    """Wait, half a minute at most, for something that tells nobody when it happens."""
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110  # descriptors and counters have no event
            await asyncio.sleep(0.01)
