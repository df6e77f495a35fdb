"""The app in a real browser, through the shipped nginx: behind the login, by its keys, wide and small."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from mediavault_tui.services.accounts import Accounts
from mediavault_tui.services.keys import signing_secret
from mediavault_tui.settings import Settings
from mediavault_tui.store.database import Database
from tests.db.shelf import Shelf
from tests.streamer.browser import Page
from tests.streamer.conftest import NAME, PASSWORD, QUICK, until
from tests.streamer.site import running_site

os.environ["PATH"] += os.pathsep + "/usr/sbin"  # where Debian has nginx

pytestmark = pytest.mark.needs("nginx", "chromium")


async def test_the_app_in_a_browser_through_nginx(
    page: Page, database: Database, database_url: str, shelf: Shelf, tmp_path: Path
) -> None:
    await shelf.add("Heat (1995)/Heat.1995.1080p.BluRay.x264.mkv", b"sixteen bytes...")
    async with running_site(
        tmp_path / "site", database_url=database_url, mount=tmp_path, serving="web"
    ) as site:
        secret = signing_secret(Settings(data_dir=site.logs / "data"))
        accounts = Accounts(database, secret, hasher=QUICK)
        await accounts.add(NAME, PASSWORD)
        await page.call("Security.setIgnoreCertificateErrors", ignore=True)  # it signs itself

        # nobody without a login: the page leads to it, the socket is refused
        await page.go(site.url)
        assert await page.run("location.pathname") == "/login"
        assert await page.run(_OPENED) == "refused"
        await page.run(f"void (document.querySelector('[name=name]').value = '{NAME}')")
        await page.run(f"void (document.querySelector('[name=password]').value = '{PASSWORD}')")
        await page.run("document.querySelector('form button').click()")
        await page.until("location.pathname === '/' && document.querySelector('.textual-terminal')")

        # the app draws itself, and its keys work
        await until(lambda: b"1995" in page.heard)
        wide = await page.run(_COLUMNS)
        await page.run("document.querySelector('.textual-terminal textarea').focus()")
        await page.picture(tmp_path / "wide.png")
        await page.press("2")
        await until(lambda: b"duplicates" in page.heard)

        lines = _lines(page.heard)
        page.heard = b""
        await page.size(560, 420)
        await until(lambda: 0 < _lines(page.heard) < lines)  # anew, for fewer lines and columns
        await page.run(_DRAWN)
        await page.picture(tmp_path / "small.png")
        assert await page.run(_COLUMNS) < wide

        # another site may not open the socket in the user's name; the user may
        assert await page.run(_OPENED) == "opened"
        await page.go("data:text/html,elsewhere")
        assert await page.run(_OPENED.replace("${location.host}", site.url[8:])) == "refused"

        # log-out, by the page to which the palette leads; what still runs elsewhere ends with the session
        await page.go(site.url)
        await page.until("document.body.classList.contains('-first-byte')")
        answer = await page.run("fetch('/logout', {method: 'POST'}).then((answer) => answer.url)")
        assert answer.endswith("/login")
        await page.until("document.body.classList.contains('-closed')")
        await page.go(site.url)
        assert await page.run("location.pathname") == "/login"


def _lines(heard: bytes) -> int:
    """Return on which line the keys, the last of all, were drawn last; how many fit is the font's affair."""
    drawn, found, _ = heard.rpartition(b"Menu")
    places = re.findall(rb"\x1b\[(\d+);1H", drawn)
    return int(places[-1]) if found else 0


_OPENED = """new Promise((resolve) => {
    const socket = new WebSocket(`wss://${location.host}/ws?width=80&height=24`);
    socket.onmessage = () => { socket.close(); resolve('opened'); };
    socket.onerror = () => resolve('refused');
})"""
_DRAWN = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))"
_COLUMNS = "document.querySelector('.xterm-screen').clientWidth"
