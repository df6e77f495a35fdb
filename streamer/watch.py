"""`/watch/{file_id}`, `/compare/{a}/{b}` and what their pages ask for: film, subtitles, poster.

Longer than most: six handlers share one way from a request to an open film.
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from importlib.resources import files

from aiohttp import web
from prometheus_client import Gauge

from mediavault_tui.domain.library import Copy
from mediavault_tui.domain.model import FileId, MediaInfo
from mediavault_tui.domain.playback import Offer, Way, first_sound_place, is_text, offers
from mediavault_tui.errors import ProbeError, UsageError
from mediavault_tui.probe.tools import find_tool
from mediavault_tui.sources.local_beneath import LocalStream
from streamer import auth, pages
from streamer.files import file_id, file_of, opened
from streamer.state import STATE, state
from streamer.transcode import (
    Abilities,
    Busy,
    Conversion,
    Conversions,
    Running,
    abilities,
    arguments,
    collected,
    still,
    subtitle_text,
)

log = logging.getLogger("mediavault.watch")

_SILENCE = 60.0
"""Seconds that a viewer may take nothing before its conversion ends; the page begins anew where it was."""
_SUBTITLES = 300.0
"""Seconds to read a film through for its subtitles."""
_PICTURE = 30.0
"""Seconds to draw a poster."""
_POSTERS = 64
_LINK = 12 * 3600
"""Seconds that our own ffmpeg may read a distant film; its link ends with it."""
_VIEWER = re.compile(r"[A-Za-z0-9-]{1,64}")
_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}


@dataclass(slots=True)
class Theatre:
    """What the pages share."""

    conversions: Conversions
    shorts: asyncio.Semaphore
    """Posters and subtitles that are made at once."""
    silence: float = _SILENCE
    posters: OrderedDict[tuple[FileId, bytes], bytes] = field(default_factory=OrderedDict)
    ffmpeg: str = ""
    able: Abilities | None = None


THEATRE: web.AppKey[Theatre] = web.AppKey("theatre", Theatre)


async def watch(request: web.Request) -> web.Response:
    """Send the page of one film."""
    file = file_id(request)
    caller = await auth.allowed(request, file)
    copy, info = await _known(request, file)
    ways = await _offers(request, info)
    response = _html(pages.watch_page(copy, ways, folder=caller.link is None))
    auth.keep_link(request, response, file, f"/watch/{file}")
    return response


async def compare(request: web.Request) -> web.Response:
    """Send the page of two films."""
    a, b = file_id(request, "a"), file_id(request, "b")
    copies, ways = [], []
    for file in (a, b):
        await auth.allowed(request, file)
        copy, info = await _known(request, file)
        copies.append(copy)
        ways.append(await _offers(request, info))
    response = _html(pages.compare_page(copies[0], copies[1], (ways[0], ways[1])))
    for file in (a, b):
        auth.keep_link(request, response, file, f"/compare/{a}/{b}")
    return response


async def play(request: web.Request) -> web.StreamResponse:
    """Send the film from `?start=` on in one of its `?way=`s, for as long as somebody reads it."""
    file = file_id(request)
    await auth.allowed(request, file)
    _, info = await _known(request, file)
    theatre = await _theatre(request)
    assert theatre.able is not None
    wanted = _conversion(request, info, await _offers(request, info))
    viewer = request.query.get("viewer", "")
    if not _VIEWER.fullmatch(viewer):
        raise UsageError("A film is converted for somebody: ?viewer= must be letters and digits")
    async with _address(request, file) as (address, fds):
        words = arguments(theatre.ffmpeg, address, wanted, theatre.able)
        try:
            async with theatre.conversions.started(words, viewer=f"{viewer} {file}", pass_fds=fds) as running:
                return await _sent(request, running, theatre.silence)
        except Busy:
            sentence = (
                "As many films as this machine can are being converted; close one, or try again in a minute"
            )
            raise web.HTTPServiceUnavailable(text=sentence, headers={"Retry-After": "10"}) from None


async def _sent(request: web.Request, running: Running, silence: float) -> web.StreamResponse:
    """Hand on what ffmpeg writes. A conversion that fails in its midst ends with the connection."""
    first = await running.read()
    if not first:
        raise ProbeError(f"The film cannot be converted: {_harmless(await running.failed())}")
    response = web.StreamResponse(
        headers={
            "Content-Type": "video/mp4",
            "Cache-Control": "no-store",
            "X-Accel-Buffering": "no",  # nginx would read ahead of the viewer, for ever
            "Cross-Origin-Resource-Policy": "same-origin",
        }
    )
    await response.prepare(request)
    try:
        part = first
        while part:
            async with asyncio.timeout(silence):
                await response.write(part)
            part = await running.read()
        failed = await running.failed()
    except (TimeoutError, ConnectionError):
        failed = ""
    if failed is not None and not running.superseded:
        if failed:
            log.warning(
                "conversion of file %s ended early: %s", request.match_info["file_id"], _harmless(failed)
            )
        response.force_close()
        if request.transport is not None:
            request.transport.abort()
        return response
    await response.write_eof()
    return response


async def subtitles(request: web.Request) -> web.Response:
    """Send one track of subtitles as WebVTT."""
    file, place = file_id(request), int(request.match_info["place"][:4])
    await auth.allowed(request, file)
    _, info = await _known(request, file)
    if place >= len(info.subtitles) or not is_text(info.subtitles[place]):
        raise web.HTTPNotFound(text="There are no such subtitles, or they are pictures")
    theatre = await _theatre(request)
    async with theatre.shorts, _address(request, file) as (address, fds):
        words = subtitle_text(theatre.ffmpeg, address, place)
        body = await collected(words, seconds=_SUBTITLES, pass_fds=fds)
    return web.Response(
        body=body,
        content_type="text/vtt",
        charset="utf-8",
        headers={"Cache-Control": "private, max-age=3600"},
    )


async def poster(request: web.Request) -> web.Response:
    """Send a picture from the film's first tenth as JPEG."""
    file = file_id(request)
    await auth.allowed(request, file)
    copy, info = await _known(request, file)
    theatre = await _theatre(request)
    assert theatre.able is not None
    stamp = copy.file.stamp
    key = (file, f"{stamp.size} {stamp.modified_ns}".encode())
    body = theatre.posters.get(key)
    if body is None:
        video = info.video
        if video is None or video.codec in theatre.able.undecodable:
            raise web.HTTPNotFound(text="This ffmpeg cannot draw a picture of it")
        async with theatre.shorts, _address(request, file) as (address, fds):
            hdr, at = bool(video.hdr), info.duration / 10
            words = still(theatre.ffmpeg, address, at=at, hdr=hdr, able=theatre.able)
            body = await collected(words, seconds=_PICTURE, pass_fds=fds)
        theatre.posters[key] = body
        while len(theatre.posters) > _POSTERS:
            theatre.posters.popitem(last=False)
    headers = {"Cache-Control": "private, max-age=3600", "Cross-Origin-Resource-Policy": "same-origin"}
    return web.Response(body=body, content_type="image/jpeg", headers=headers)


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


async def _known(request: web.Request, file: FileId) -> tuple[Copy, MediaInfo]:
    """Return all that is known of a file.

    Raises: HTTPNotFound; SourceMissing; UsageError if it was never probed.
    """
    await file_of(request, file)
    copy = await state(request).library.file(file)
    if copy is None:
        raise web.HTTPNotFound(text="There is no such file")
    if copy.file.info is None:
        raise UsageError("The file has not said what it holds; scan again")
    return copy, copy.file.info


async def _theatre(request: web.Request) -> Theatre:
    """Return what the pages share, once ffmpeg has said what it can. Raises: ToolMissing."""
    theatre = request.app[THEATRE]
    if theatre.able is None:
        ffmpeg = await asyncio.to_thread(find_tool, "ffmpeg", state(request).settings.ffmpeg)
        theatre.ffmpeg, theatre.able = ffmpeg, await abilities(ffmpeg)
    return theatre


async def _offers(request: web.Request, info: MediaInfo) -> tuple[Offer, ...]:
    able = (await _theatre(request)).able
    assert able is not None
    return offers(info, undecodable=able.undecodable)


def _conversion(request: web.Request, info: MediaInfo, ways: tuple[Offer, ...]) -> Conversion:
    """Read what is asked for. Raises: UsageError, HTTPNotFound for a way that this film has not."""
    query = request.query
    offer = next(
        (offer for offer in ways if offer.way == query.get("way") and offer.way is not Way.DIRECT), None
    )
    if offer is None:
        raise web.HTTPNotFound(text="This film has no such way")
    try:
        start = float(query.get("start", "0"))
        audio = int(query.get("audio", first_sound_place(info)))
    except ValueError:
        raise UsageError("?start= is a number of seconds, ?audio= the place of a track") from None
    if not 0 <= start < 10**6 or (info.audio and not 0 <= audio < len(info.audio)):
        raise UsageError("There is no such second, or no such track")
    sound = offer.sound
    if info.audio and info.audio[audio].codec != "aac":
        sound = "aac"
    assert info.video is not None
    copied = offer.picture == "copy"
    return Conversion(
        start,
        offer.picture,
        sound,
        audio,
        hevc=copied and info.video.codec == "hevc",
        hdr=bool(info.video.hdr),
    )


@asynccontextmanager
async def _address(request: web.Request, file: FileId) -> AsyncIterator[tuple[str, tuple[int, ...]]]:
    """Yield what ffmpeg opens: the very file that we have open, or our own stream of a distant one.

    Raises: SourceError.
    """
    sidecar = state(request)
    served = await file_of(request, file)
    async with opened(sidecar, served) as (reader, _):
        if isinstance(reader, LocalStream):
            yield f"file:/dev/fd/{reader.fileno()}", (reader.fileno(),)
            return
    assert request.transport is not None
    host, port = request.transport.get_extra_info("sockname")[:2]
    link = await sidecar.links.make(file, who="the watch page", seconds=_LINK)
    try:
        shown = f"[{host}]" if ":" in host else host
        yield f"http://{shown}:{port}/api/media/stream/{file}?t={link.token}", ()
    finally:
        await sidecar.links.revoke(link.id)


def _harmless(words: str | None) -> str:
    """Return ffmpeg's words without the address, which may hold a link."""
    return re.sub(r"(file|https?):\S+", "the film", words or "it holds nothing that could be shown")


def _html(page: str) -> web.Response:
    headers = {"Content-Security-Policy": pages.POLICY, "Cache-Control": "no-store"}
    return web.Response(text=page, content_type="text/html", headers=headers)


async def _ending(app: web.Application) -> None:
    app[THEATRE].conversions.end()


def add_routes(app: web.Application) -> None:
    """Add the pages, their scripts, and what they play."""
    most = max(2, os.cpu_count() or 2)
    theatre = app[THEATRE] = Theatre(Conversions(most=most), asyncio.Semaphore(2))
    app.on_shutdown.append(_ending)
    gauge = Gauge("mediavault_conversions", "Films being converted", registry=app[STATE].metrics.registry)
    gauge.set_function(lambda: len(theatre.conversions))
    one = "{file_id:[0-9]+}"
    app.router.add_get("/watch/static/{name:[a-z.]+}", static)
    app.router.add_get(f"/watch/{one}", watch)
    app.router.add_get("/compare/{a:[0-9]+}/{b:[0-9]+}", compare)
    app.router.add_get(f"/api/media/{one}/play", play)
    app.router.add_get(f"/api/media/{one}/subtitles/{{place:[0-9]+}}.vtt", subtitles)
    app.router.add_get(f"/api/media/{one}/poster.jpg", poster)
