"""`mediavault web`: the terminal app in a browser, behind the login."""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
import sys
from typing import TYPE_CHECKING

from mediavault_tui.domain.origins import only_here
from mediavault_tui.errors import UsageError

if TYPE_CHECKING:
    from mediavault_tui.settings import Settings


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments."""
    parser.epilog = (
        "Exit code 2: its port is taken, or there are no accounts and it is to serve other machines."
    )
    parser.add_argument("--host", help="listen here; default MEDIAVAULT_WEB_HOST (127.0.0.1)")
    parser.add_argument("--port", type=int, help="on this port; default MEDIAVAULT_WEB_PORT (3007)")
    parser.add_argument("--read-only", action="store_true", help="look, but stage, restore and purge nothing")


def run(args: argparse.Namespace) -> int:
    """Serve until interrupted."""
    from mediavault_tui import logs
    from mediavault_tui.bootstrap import load_settings

    logs.to_stderr(logging.WARNING)
    settings = load_settings()
    if settings.keys:  # each visitor's app reads them too, but would say it to nobody
        from mediavault_tui.ui import keymap
        from mediavault_tui.ui.app import MediaVaultApp

        keymap.read(settings.keys, MediaVaultApp)
    host = args.host or settings.web_host
    port = args.port if args.port is not None else settings.web_port
    asyncio.run(_serve(settings, host, port, read_only=args.read_only or settings.read_only))
    return 0


async def _serve(settings: Settings, host: str, port: int, *, read_only: bool) -> None:
    from mediavault_tui.bootstrap import open_database
    from mediavault_tui.services.accounts import Accounts
    from mediavault_tui.services.keys import signing_secret
    from mediavault_tui.ui.web import WebFront

    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    secret = await asyncio.to_thread(signing_secret, settings)
    async with open_database(settings) as database:
        accounts = Accounts(database, secret)
        known = await accounts.exist()
        if not known and not only_here(host):
            raise UsageError(
                f"There are no accounts, so the app may be served to this machine only, not on {host}; "
                "run `mediavault users add NAME` first"
            )
        front = WebFront(
            accounts,
            command=[sys.executable, "-m", "mediavault_tui", "app", *(["--read-only"] if read_only else [])],
            host=host,
            port=port,
            public_url=settings.public_base_url,
            proxies=settings.streamer_trusted_proxies,
        )
        said = "for those with an account" if known else "for this machine only: there are no accounts"
        print(f"Serving the app on {front.public_url} (port {port}) {said}", flush=True)
        await front.run(stop)
