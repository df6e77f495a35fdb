"""Puts the sidecar together: its parts, its routes, and what holds for every answer."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from mediavault_tui.domain.paths import LOCAL
from mediavault_tui.domain.quality import weighted
from mediavault_tui.errors import (
    DatabaseDown,
    Denied,
    MediaVaultError,
    Refused,
    SourceChanged,
    SourceDenied,
    SourceError,
    SourceMissing,
    SourceOffline,
    UsageError,
)
from mediavault_tui.services.accounts import Accounts
from mediavault_tui.services.library import Library
from mediavault_tui.services.preview import PreviewLinks
from mediavault_tui.settings import Settings
from mediavault_tui.sources.base import Source
from mediavault_tui.sources.local.source import LocalSource
from mediavault_tui.store.database import Database
from streamer import accounts as accounts_api
from streamer import library, live, media, openapi, sockets, watch
from streamer.logs import AccessLog, access, write
from streamer.metrics import Metrics
from streamer.sending import Sender
from streamer.state import ADDRESS, BEGAN, INSIDER, SENT, STATE, State, state
from streamer.who import client_address

log = logging.getLogger("mediavault.streamer")

_LEFT = 499
"""What is written down of a client that left; nginx's own number."""
_BODY = 64 * 1024
"""Bytes of a request's body: names and passwords are short."""
_PATIENCE = 30.0
"""Seconds that a connection may be silent; a proxy's own must be shorter."""
_READERS = 16
"""Threads that read from one source."""
_STATUS: tuple[tuple[type[MediaVaultError], int], ...] = (
    (Denied, 401),
    (Refused, 403),
    (UsageError, 400),
    (SourceOffline, 503),
    (SourceDenied, 503),
    (SourceError, 410),
    (DatabaseDown, 503),
)
_KEPT = ("Allow", "Retry-After", "Proxy-Authenticate")
"""Headers of a refusal that tell a client how to go on."""
_HARMLESS = (Denied, Refused, UsageError)
_OUTSIDE: tuple[tuple[type[MediaVaultError], str], ...] = (
    (SourceOffline, "The film's disk or server is not connected; try again later"),
    (SourceDenied, "The film may not be read by the server; tell whoever gave you the link"),
    (SourceChanged, "The film is not the one that was scanned; its owner must scan again"),
    (SourceMissing, "The film is missing, or was moved; its owner must scan again"),
    (MediaVaultError, "That cannot be answered at the moment; try again later"),
)
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'self'",
}


def make_app(
    *,
    database: Database,
    settings: Settings,
    secret: bytes,
    sources: Mapping[str, Callable[[], Source]] | None = None,
    accounts: Accounts | None = None,
) -> web.Application:
    """Return the sidecar over an open, migrated database.

    `secret`: `services.keys.signing_secret`. `sources`: what makes each source, by the name in
    `media_files.source`; the local folders unless told otherwise.
    """
    app = web.Application(middlewares=[sentences], client_max_size=_BODY)
    sources = sources if sources is not None else {LOCAL: LocalSource}
    app[STATE] = State(
        database=database,
        settings=settings,
        accounts=accounts or Accounts(database, secret),
        links=PreviewLinks(database, secret, base_url=settings.base_url),
        library=Library(database, weighted(settings.weights)),
        sources=sources,
        pools={name: ThreadPoolExecutor(_READERS, f"read {name}") for name in sources},
        sender=Sender(),
        metrics=Metrics(),
    )
    app.on_response_prepare.append(_guard)
    app.cleanup_ctx.append(_reading)
    for module in (media, library, accounts_api, live, sockets, watch, openapi):
        module.add_routes(app)
    return app


def make_runner(app: web.Application) -> web.AppRunner:
    """Return what runs the sidecar: its limits hold for every connection.

    A handler whose client goes away is cancelled at once. A connection that does not finish
    its request's head within `_PATIENCE` seconds is closed.
    """
    return web.AppRunner(
        app,
        handle_signals=False,
        handler_cancellation=True,
        keepalive_timeout=_PATIENCE,
        lingering_time=1.0,
        max_line_size=4096,
        max_field_size=8190,
        max_headers=64,
        access_log_class=AccessLog,
        access_log=access,
        shutdown_timeout=5.0,
    )


@web.middleware
async def sentences(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Make our errors answers, a status and one sentence as JSON; and count every answer."""
    sidecar = state(request)
    began = time.perf_counter()
    request[ADDRESS] = client_address(request, sidecar.settings)
    request[BEGAN] = began
    method = request.method if request.method in hdrs.METH_ALL else "other"
    try:
        response = await handler(request)
    except MediaVaultError as error:
        status = next((status for kind, status in _STATUS if isinstance(error, kind)), 500)
        if status >= 500:
            log.warning("%s %s: %s", request.method, request.rel_url.raw_path, error)
        response = web.json_response({"error": _told(request, error)}, status=status)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        kept = {name: error.headers[name] for name in _KEPT if name in error.headers}
        sentence = error.text or error.reason
        response = web.json_response({"error": sentence}, status=error.status, headers=kept)
    except asyncio.CancelledError:
        # aiohttp says nothing of those who leave before the end, as each player does that jumps.
        write(request, _LEFT, request.get(SENT, 0), time.perf_counter() - began)
        sidecar.metrics.answered(_route(request), method, str(_LEFT)).inc()
        raise
    sidecar.metrics.answered(_route(request), method, str(response.status)).inc()
    return response


def _told(request: web.Request, error: MediaVaultError) -> str:
    """Return what is said of an error: whoever has but a link reads neither paths nor addresses."""
    if request.get(INSIDER) or isinstance(error, _HARMLESS):
        return str(error)
    return next((sentence for kind, sentence in _OUTSIDE if isinstance(error, kind)), _OUTSIDE[-1][1])


def _route(request: web.Request) -> str:
    """Return the pattern that a request's path fits: a label that has few values."""
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else "none"


async def _guard(request: web.Request, response: web.StreamResponse) -> None:
    if (began := request.get(BEGAN)) is not None:
        state(request).metrics.first_bytes(_route(request)).observe(time.perf_counter() - began)
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)


async def _reading(app: web.Application) -> AsyncIterator[None]:
    """Let the threads end, each when its read does."""
    yield
    for pool in app[STATE].pools.values():
        pool.shutdown(wait=False, cancel_futures=True)
