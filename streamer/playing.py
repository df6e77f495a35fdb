"""What the pages ask for: the film as it is converted, its subtitles, a picture of it."""

from __future__ import annotations

import asyncio
import logging
import re

from aiohttp import web

from mediavault_tui.domain.model import FileId, MediaInfo
from mediavault_tui.domain.picture import curve_of
from mediavault_tui.domain.playback import Offer, Way, first_sound_place, is_text, widths
from mediavault_tui.errors import ProbeError, SourceError, UsageError
from streamer import auth, beside
from streamer.conversions import Busy, Running, Superseded, collected
from streamer.files import file_id
from streamer.recipes import Conversion, arguments, still, subtitle_text
from streamer.theatre import Theatre, harmless, known, reel_of, theatre_of, ways_of

log = logging.getLogger("mediavault.watch")

_SUBTITLES = 300.0
"""Seconds to read a film through for its subtitles."""
_PICTURE = 30.0
"""Seconds to draw a poster."""
_POSTERS = 64
_VIEWER = re.compile(r"[A-Za-z0-9-]{1,64}")


async def play(request: web.Request) -> web.StreamResponse:
    """Send the film from `?start=` on in one of its `?way=`s, for as long as somebody reads it."""
    file = file_id(request)
    await auth.allowed(request, file)
    _, info = await known(request, file)
    theatre = await theatre_of(request)
    wanted = _conversion(request, info, await ways_of(request, info), theatre)
    toning = await theatre.toning(wanted.curve if wanted.picture == "h264" else None)
    viewer = request.query.get("viewer", "")
    if not _VIEWER.fullmatch(viewer):
        raise UsageError("A film is converted for somebody: ?viewer= must be letters and digits")
    async with reel_of(request, file) as reel:
        words = arguments(theatre.ffmpeg, reel.address, wanted, toning)
        try:
            async with theatre.conversions.started(
                words, viewer=f"{viewer} {file}", pass_fds=reel.fds, variables=reel.variables
            ) as running:
                return await _sent(request, running, theatre.silence)
        except Superseded:
            raise web.HTTPConflict(text="You have asked for another second of this film since") from None
        except Busy:
            sentence = (
                "As many films as this machine can are being converted; close one, or try again in a minute"
            )
            raise web.HTTPServiceUnavailable(text=sentence, headers={"Retry-After": "10"}) from None


async def _sent(request: web.Request, running: Running, silence: float) -> web.StreamResponse:
    """Hand on what ffmpeg writes. A conversion that fails in its midst ends with the connection."""
    first = await running.read()
    if not first:
        failed = await running.failed()
        if running.superseded:
            raise Superseded
        raise ProbeError(f"The film cannot be converted: {harmless(failed)}")
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
                "conversion of file %s ended early: %s", request.match_info["file_id"], harmless(failed)
            )
        response.force_close()
        if request.transport is not None:
            request.transport.abort()
        return response
    await response.write_eof()
    return response


async def subtitles(request: web.Request) -> web.Response:
    """Send one track of subtitles as WebVTT; those beside the film count on after those inside."""
    file, place = file_id(request), int(request.match_info["place"][:4])
    await auth.allowed(request, file)
    _, info = await known(request, file)
    theatre = await theatre_of(request)
    if place >= len(info.subtitles):
        body = await _beside(request, file, place - len(info.subtitles), theatre)
    elif not is_text(info.subtitles[place]):
        raise web.HTTPNotFound(text="These subtitles are pictures")
    else:
        async with theatre.readings, reel_of(request, file) as reel:
            words = subtitle_text(theatre.ffmpeg, reel.address, place)
            body = await collected(words, seconds=_SUBTITLES, pass_fds=reel.fds, variables=reel.variables)
    return web.Response(
        body=body,
        content_type="text/vtt",
        charset="utf-8",
        headers={"Cache-Control": f"private, max-age={3600 if place < len(info.subtitles) else 0}"},
    )


async def _beside(request: web.Request, file: FileId, place: int, theatre: Theatre) -> bytes:
    """Return subtitles that lie beside the film, as WebVTT. Raises: HTTPNotFound, ProbeError."""
    there = await beside.found(request, file)
    if place >= len(there):
        raise web.HTTPNotFound(text="There are no such subtitles")
    try:
        text = await beside.text_of(request, file, there[place])
    except SourceError as error:  # its words name the folder, which a link does not show
        log.warning("subtitles beside file %s: %s", file, error)
        raise web.HTTPNotFound(text="These subtitles cannot be read") from error
    with beside.as_file(text) as handle:
        words = subtitle_text(theatre.ffmpeg, f"file:/dev/fd/{handle}", 0, format=there[place].format)
        async with theatre.shorts:
            return await collected(words, seconds=_SUBTITLES, pass_fds=[handle])


async def poster(request: web.Request) -> web.Response:
    """Send a picture from the film's first tenth as JPEG."""
    file = file_id(request)
    await auth.allowed(request, file)
    copy, info = await known(request, file)
    theatre = await theatre_of(request)
    assert theatre.able is not None
    stamp = copy.file.stamp
    key = (file, f"{stamp.size} {stamp.modified_ns}".encode())
    body = theatre.posters.get(key)
    if body is None:
        video = info.video
        if video is None or video.codec in theatre.able.undecodable:
            raise web.HTTPNotFound(text="This ffmpeg cannot draw a picture of it")
        async with theatre.shorts, reel_of(request, file) as reel:
            body = theatre.posters.get(key)  # whoever waited before may have drawn it
            if body is None:
                toning = await theatre.toning(curve_of(video))
                words = still(theatre.ffmpeg, reel.address, at=info.duration / 10, toning=toning)
                body = await collected(words, seconds=_PICTURE, pass_fds=reel.fds, variables=reel.variables)
        theatre.posters[key] = body
        while len(theatre.posters) > _POSTERS:
            theatre.posters.popitem(last=False)
    headers = {"Cache-Control": "private, max-age=3600", "Cross-Origin-Resource-Policy": "same-origin"}
    return web.Response(body=body, content_type="image/jpeg", headers=headers)


def _conversion(
    request: web.Request, info: MediaInfo, ways: tuple[Offer, ...], theatre: Theatre
) -> Conversion:
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
        width = int(query.get("width", "0"))
    except ValueError:
        raise UsageError(
            "?start= is a number of seconds, ?audio= the place of a track, ?width= one of pixels"
        ) from None
    if not 0 <= start < 10**6 or (info.audio and not 0 <= audio < len(info.audio)):
        raise UsageError("There is no such second, or no such track")
    sound = offer.sound
    if info.audio and info.audio[audio].codec != "aac":
        sound = "aac"
    assert info.video is not None
    possible = widths(info.video, cores=theatre.cores)
    copied = offer.picture == "copy"
    return Conversion(
        start,
        offer.picture,
        sound,
        audio,
        hevc=copied and info.video.codec == "hevc",
        curve=curve_of(info.video),
        width=width if width in possible else possible[0],
    )
