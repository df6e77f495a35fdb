"""A real sidecar for tests: in this process on a port of its own, over a real database."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from argon2 import PasswordHasher

from mediavault_tui.services.accounts import Accounts
from mediavault_tui.services.preview import PreviewLinks
from mediavault_tui.settings import Settings
from mediavault_tui.store.database import Database
from streamer.app import make_app
from streamer.state import STATE
from tests.db.shelf import Shelf

SECRET = b"a secret of the tests, forty-one letters!"
QUICK = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
PASSWORD = "correct horse battery"

Client = TestClient[web.Request, web.Application]
Serve = Callable[..., Awaitable[Client]]


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
    """Yield a function that starts the sidecar and returns a client of it."""
    async with AsyncExitStack() as stack:

        async def start(**given: Any) -> Client:
            settings = given.pop("settings", None) or Settings(data_dir=tmp_path / "data")
            app = make_app(database=database, settings=settings, secret=SECRET, accounts=accounts, **given)
            return await stack.enter_async_context(TestClient(TestServer(app, host="127.0.0.1")))

        yield start


@pytest.fixture
async def client(serve: Serve) -> Client:
    """Return a client of a sidecar with the local folders."""
    return await serve()


def state_of(client: Client) -> Any:
    """Return the parts of the sidecar that a client talks to."""
    return client.server.app[STATE]  # type: ignore[attr-defined]  # a TestServer has its application
