"""`/watch/{file_id}` and `/compare/{a}/{b}`: the pages, their scripts and styles, and all their routes."""

from __future__ import annotations

import asyncio
import os
from importlib.resources import files

from aiohttp import web
from prometheus_client import Gauge

from mediavault_tui.probe.tone import Tables
from streamer import auth, beside, pages, playing
from streamer.conversions import Conversions
from streamer.files import file_id
from streamer.state import STATE
from streamer.theatre import THEATRE, Theatre, known, ways_of

_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}


async def watch(request: web.Request) -> web.Response:
    """Send the page of one film."""
    file = file_id(request)
    caller = await auth.allowed(request, file)
    copy, info = await known(request, file)
    ways = await ways_of(request, info)
    shown = pages.Shown(copy, ways, request.app[THEATRE].cores, await beside.found(request, file))
    response = _html(pages.watch_page(shown, folder=caller.link is None))
    auth.keep_link(request, response, file, f"/watch/{file}")
    return response


async def compare(request: web.Request) -> web.Response:
    """Send the page of two films."""
    a, b = file_id(request, "a"), file_id(request, "b")
    shown = []
    for file in (a, b):
        await auth.allowed(request, file)
        copy, info = await known(request, file)
        ways = await ways_of(request, info)
        shown.append(pages.Shown(copy, ways, request.app[THEATRE].cores, await beside.found(request, file)))
    response = _html(pages.compare_page(*shown))
    for file in (a, b):
        auth.keep_link(request, response, file, f"/compare/{a}/{b}")
    return response


async def static(request: web.Request) -> web.Response:
    """Send a script or the styles of the pages: the same for everybody, so nobody is asked who they are."""
    name = request.match_info["name"]
    found = STATIC.get(name)
    if found is None:
        raise web.HTTPNotFound(text="There is no such file")
    kind = _TYPES[os.path.splitext(name)[1]]
    return web.Response(body=found, content_type=kind, charset="utf-8", headers={"Cache-Control": "no-cache"})


STATIC = {
    file.name: file.read_bytes()
    for file in files("streamer").joinpath("static").iterdir()
    if os.path.splitext(file.name)[1] in _TYPES
}
"""The scripts and styles by name, read once: a few kilobytes."""


def _html(page: str) -> web.Response:
    headers = {"Content-Security-Policy": pages.POLICY, "Cache-Control": "no-store"}
    return web.Response(text=page, content_type="text/html", headers=headers)


async def _ending(app: web.Application) -> None:
    app[THEATRE].conversions.end()


def add_routes(app: web.Application) -> None:
    """Add the pages, their scripts, and what they play."""
    most = max(2, os.cpu_count() or 2)
    tables = Tables(app[STATE].settings.data_dir / "tone")
    theatre = app[THEATRE] = Theatre(
        Conversions(most=most), asyncio.Semaphore(2), asyncio.Semaphore(2), tables, cores=os.cpu_count() or 2
    )
    app.on_shutdown.append(_ending)
    gauge = Gauge("mediavault_conversions", "Films being converted", registry=app[STATE].metrics.registry)
    gauge.set_function(lambda: len(theatre.conversions))
    one = "{file_id:[0-9]+}"
    app.router.add_get("/watch/static/{name:[a-z.]+}", static)
    app.router.add_get(f"/watch/{one}", watch)
    app.router.add_get("/compare/{a:[0-9]+}/{b:[0-9]+}", compare)
    app.router.add_get(f"/api/media/{one}/play", playing.play)
    app.router.add_get(f"/api/media/{one}/subtitles/{{place:[0-9]+}}.vtt", playing.subtitles)
    app.router.add_get(f"/api/media/{one}/poster.jpg", playing.poster)
