"""Whether the sidecar is well, and what it counts."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from aiohttp import web
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from mediavault_tui.domain.checks import Check
from mediavault_tui.domain.pathtext import display
from mediavault_tui.errors import Denied, MediaVaultError, SourceOffline
from mediavault_tui.probe.tools import find_tool
from mediavault_tui.sources.holding import is_folder
from mediavault_tui.store.streaming import answers, recent_roots
from streamer.auth import signed_in
from streamer.state import STATE, State, state
from streamer.who import from_this_machine

log = logging.getLogger("mediavault.streamer")

_PATIENCE = 3.0
"""Seconds after which a part that does not answer counts as ill."""
_BELIEVED = 1.0
"""Seconds that a verdict holds, however many ask."""
_FOLDERS = 16
"""Folders that are looked at at once."""


Timed = tuple[Check, float]
"""A part, and the seconds that its answer took."""


class Doctor:
    """Looks at the parts; one look at a time, which all who ask meanwhile share."""

    def __init__(self, sidecar: State) -> None:
        self._sidecar = sidecar
        self._lock = asyncio.Lock()
        self._seen: tuple[float, Sequence[Timed]] = (-1e9, ())
        self._pool = ThreadPoolExecutor(_FOLDERS, "look")
        self._looks: dict[bytes, asyncio.Future[bool]] = {}

    async def look(self) -> Sequence[Timed]:
        """Return a verdict that is at most a second old."""
        async with self._lock:
            if time.monotonic() - self._seen[0] > _BELIEVED:
                checks = await asyncio.gather(
                    _timed("database", self._database),
                    _timed("sources", self._sources),
                    _timed("ffmpeg", self._ffmpeg),
                )
                self._seen = (time.monotonic(), checks)
                for check, _ in checks:
                    if not check.ok:
                        log.warning("not ready: %s: %s", check.what, check.said)
            return self._seen[1]

    async def _database(self) -> str:
        async with self._sidecar.database.connection() as conn:
            await answers(conn)
        return "it answers"

    async def _sources(self) -> str:
        """Look at the folders of the last scans; one of them is enough to be of use.

        A mount that hangs keeps a thread for as long as it does. It is one, however often somebody
        asks, and not one of those that read films.
        """
        async with self._sidecar.database.connection() as conn:
            roots = [root for root in await recent_roots(conn) if root.startswith(b"/")]
        loop = asyncio.get_running_loop()
        for root in roots:
            if root not in self._looks or self._looks[root].done():
                self._looks[root] = loop.run_in_executor(self._pool, is_folder, root)
        looks = [self._looks[root] for root in roots]
        done = (await asyncio.wait(looks, timeout=_PATIENCE / 2))[0] if looks else set()
        there = sum(look.result() for look in done)
        if roots and not there:
            raise SourceOffline(f"none of {len(roots)} scanned folders is there: {display(roots[0])} …")
        return f"{there} of {len(roots)} scanned folders are there"

    def close(self) -> None:
        """Let its threads end, each when its look does."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _ffmpeg(self) -> str:
        return await asyncio.to_thread(find_tool, "ffmpeg", self._sidecar.settings.ffmpeg)


DOCTOR: web.AppKey[Doctor] = web.AppKey("doctor", Doctor)


async def _timed(name: str, look: Callable[[], Awaitable[str]]) -> Timed:
    began = time.perf_counter()
    try:
        async with asyncio.timeout(_PATIENCE):
            said = await look()
        ok = True
    except MediaVaultError as error:
        ok, said = False, str(error)
    except TimeoutError:
        ok, said = False, f"it did not answer within {_PATIENCE:g} s"
    return Check(name, ok, said), round(time.perf_counter() - began, 4)


async def live(_request: web.Request) -> web.Response:
    """Answer that the process is alive; asks nothing of anybody."""
    return web.json_response({"status": "live"}, headers={"Cache-Control": "no-store"})


async def ready(request: web.Request) -> web.Response:
    """Answer whether every part is well, each with its time: 503 if not.

    Why not is said to those who are logged in only: it may hold addresses and folders.
    """
    checks = await request.app[DOCTOR].look()
    try:
        await signed_in(request)
        told = True
    except MediaVaultError:
        told = False
    document = {
        "status": "ready" if all(check.ok for check, _ in checks) else "not ready",
        "checks": {
            check.what: {"ok": check.ok, "seconds": seconds} | ({"said": check.said} if told else {})
            for check, seconds in checks
        },
    }
    status = 200 if document["status"] == "ready" else 503
    return web.json_response(document, status=status, headers={"Cache-Control": "no-store"})


async def metrics(request: web.Request) -> web.Response:
    """Show the counters, in Prometheus's text, to programs of this machine and to those logged in."""
    if not from_this_machine(request):
        try:
            await signed_in(request)
        except Denied as error:
            raise Denied("The counters are for this machine and for those logged in; log in") from error
    body = generate_latest(state(request).metrics.registry)
    return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})


async def _ended(app: web.Application) -> None:
    app[DOCTOR].close()


def add_routes(app: web.Application) -> None:
    """Add `/health…` and `/metrics`."""
    app[DOCTOR] = Doctor(app[STATE])
    app.on_cleanup.append(_ended)
    app.router.add_get("/health", ready)
    app.router.add_get("/health/ready", ready)
    app.router.add_get("/health/live", live)
    app.router.add_get("/metrics", metrics)
