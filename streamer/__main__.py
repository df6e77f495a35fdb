"""`python -m streamer`: run the sidecar until it is told to stop. `mediavault serve` starts it."""

import argparse
import asyncio
import gc
import logging
import resource
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from aiohttp import web

from mediavault_tui import logs
from mediavault_tui.bootstrap import load_settings, open_database, open_nas
from mediavault_tui.domain.origins import only_here
from mediavault_tui.domain.paths import LOCAL
from mediavault_tui.domain.pathtext import harmless
from mediavault_tui.errors import MediaVaultError, UsageError
from mediavault_tui.services.keys import signing_secret
from mediavault_tui.services.nas.shares import Nas
from mediavault_tui.settings import Settings
from mediavault_tui.sources.base import Source
from streamer.app import make_app, make_runner
from streamer.logs import NoSecrets
from streamer.state import STATE


def main() -> int:
    """Serve; return the exit code: 0 stopped, 1 failed, 2 asked wrongly."""
    parser = argparse.ArgumentParser(prog="mediavault serve", description="Serve the library over HTTP.")
    parser.add_argument("--host", help="listen here; default STREAMER_HOST")
    parser.add_argument("--port", type=int, help="…on this port; default STREAMER_PORT")
    args = parser.parse_args()
    logs.to_stderr(logging.INFO)
    logging.getLogger("aiohttp.server").addFilter(NoSecrets())
    try:
        settings = load_settings()
        settings = replace(
            settings,
            streamer_host=args.host or settings.streamer_host,
            streamer_port=args.port if args.port is not None else settings.streamer_port,
        )
        asyncio.run(serve(settings))
    except MediaVaultError as error:
        print(f"mediavault: {harmless(str(error))}", file=sys.stderr)  # noqa: T201  # the command line's own word
        return error.exit_code
    return 0


async def serve(settings: Settings) -> None:
    """Serve until SIGINT or SIGTERM. Raises: MediaVaultError, also where it may not listen."""
    _open_many()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    secret = await asyncio.to_thread(signing_secret, settings)
    async with open_database(settings) as database, open_nas(database, settings) as nas:
        app = make_app(database=database, settings=settings, secret=secret, sources=sources_of(nas))
        accounts = await app[STATE].accounts.exist()
        if not accounts and not only_here(settings.streamer_host):
            raise UsageError(
                f"There are no accounts, so the sidecar may listen on this machine only, not on "
                f"{settings.streamer_host}; run `mediavault users add NAME` first"
            )
        runner = make_runner(app)
        await runner.setup()
        try:
            try:
                await web.TCPSite(runner, settings.streamer_host, settings.streamer_port).start()
            except OSError as error:
                raise UsageError(
                    f"Cannot listen on {settings.streamer_host} port {settings.streamer_port} "
                    f"({error.strerror}); choose another STREAMER_PORT"
                ) from error
            gc.collect()
            gc.freeze()  # what is there now stays; to look through it again and again would hold up everybody
            said = "for those with an account" if accounts else "for this machine only: there are no accounts"
            print(f"Serving {settings.base_url} {said}", flush=True)  # noqa: T201  # for the person who started it
            await stop.wait()
        finally:
            await runner.cleanup()


def sources_of(nas: Nas) -> dict[str, Callable[[], Source]]:
    """Return what makes the source of this machine and of every share that can be used.

    Nothing is contacted, and no password asked for, before somebody watches a film there. A share that
    is set up later is served after the next start.
    """
    usable = [LOCAL, *(share.source for share in nas.shares if not share.problem)]
    return {name: partial(nas.places.source, name) for name in usable}


def _open_many() -> None:
    """Allow as many open files as the system lets us: a stream needs three."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 65536 if most == resource.RLIM_INFINITY else most
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


if __name__ == "__main__":
    sys.exit(main())
