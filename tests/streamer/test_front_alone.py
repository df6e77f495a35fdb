"""The app's door in a browser while the database is away: a sentence, and nothing of where things are."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

import asyncpg
import pytest
from aiohttp import ClientConnectionError, ClientSession, CookieJar

from mediavault_tui.services.accounts import Accounts
from mediavault_tui.store.database import Database
from mediavault_tui.ui.web import WebFront
from tests.conftest import with_database
from tests.streamer.conftest import NAME, PASSWORD
from tests.streamer.site import free_ports


async def _logged_in(http: ClientSession, form: dict[str, str]) -> bool:
    """Return whether the front opens its door; False while it does not listen yet."""
    try:
        async with http.post("/login", data=form, allow_redirects=False) as answer:
            return answer.status == 303
    except ClientConnectionError:
        return False


@pytest.mark.parametrize(("method", "path"), [("GET", "/"), ("POST", "/login"), ("POST", "/logout")])
async def test_without_the_database_the_door_says_so_and_not_where_it_is(
    database: Database, database_url: str, pg_url: str, accounts: Accounts, method: str, path: str
) -> None:
    await accounts.add(NAME, PASSWORD)
    (port,) = free_ports(1)
    front = WebFront(
        accounts, command=["true"], host="127.0.0.1", port=port, public_url=None, proxies=()
    )  # fmt: skip
    stop = asyncio.Event()
    running = asyncio.ensure_future(front.run(stop))
    form = {"name": NAME, "password": PASSWORD}
    try:
        async with ClientSession(f"http://127.0.0.1:{port}", cookie_jar=CookieJar(unsafe=True)) as http:
            async with asyncio.timeout(30):
                while not await _logged_in(http, form):  # noqa: ASYNC110  # a port that opens has no event
                    await asyncio.sleep(0.01)
            name = urlsplit(database_url).path[1:]
            other = await asyncpg.connect(with_database(pg_url, "postgres"))
            await other.execute(f"alter database {name} with allow_connections false")
            await other.execute(
                "select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = $1", name
            )
            await other.close()
            async with http.request(method, path, data=form, allow_redirects=False) as answer:
                text = await answer.text()
    finally:
        stop.set()
        await running
    assert answer.status == 503
    assert "try again" in text
    assert name not in text
