"""What the pages and their films share: who converts, what is known of a film, how it is opened."""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

from mediavault_tui.domain.library import Copy
from mediavault_tui.domain.model import FileId, MediaInfo
from mediavault_tui.domain.picture import Curve
from mediavault_tui.domain.playback import Offer, offers
from mediavault_tui.errors import UsageError
from mediavault_tui.probe.tone import Tables
from mediavault_tui.probe.tools import find_tool
from mediavault_tui.sources.local.beneath import LocalStream
from streamer.conversions import Conversions
from streamer.files import file_of, opened
from streamer.recipes import Abilities, Toning, abilities
from streamer.state import state

_SILENCE = 60.0
"""Seconds that a viewer may take nothing before its conversion ends; the page begins anew where it was."""
_LINK = 12 * 3600
"""Seconds that our own ffmpeg may read a distant film; its link ends with it."""


@dataclass(slots=True)
class Theatre:
    """What the pages share."""

    conversions: Conversions
    shorts: asyncio.Semaphore
    """Posters, and subtitles beside a film, that are made at once."""
    readings: asyncio.Semaphore
    """Films that are read through for their subtitles at once: minutes each, for which no poster waits."""
    tables: Tables
    cores: int
    """Processors that there are for conversions."""
    silence: float = _SILENCE
    posters: OrderedDict[tuple[FileId, bytes], bytes] = field(default_factory=OrderedDict)
    """Pictures for pages that are about to play, drawn once; the ones drawn first go first."""
    ffmpeg: str = ""
    able: Abilities | None = None

    async def toning(self, curve: Curve | None) -> Toning | None:
        """Return how a picture is toned down; None for SDR, and for an ffmpeg that cannot."""
        assert self.able is not None
        for by in self.able.tones if curve is not None else ():
            if by != "table":
                return Toning(by)
            assert curve is not None
            if (table := await asyncio.to_thread(self.tables.path, curve)) is not None:
                return Toning("table", table)
        return None


THEATRE: web.AppKey[Theatre] = web.AppKey("theatre", Theatre)


async def theatre_of(request: web.Request) -> Theatre:
    """Return what the pages share, once ffmpeg has said what it can. Raises: ToolMissing."""
    theatre = request.app[THEATRE]
    if theatre.able is None:
        ffmpeg = await asyncio.to_thread(find_tool, "ffmpeg", state(request).settings.ffmpeg)
        theatre.ffmpeg, theatre.able = ffmpeg, await abilities(ffmpeg)
    return theatre


async def known(request: web.Request, file: FileId) -> tuple[Copy, MediaInfo]:
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


async def ways_of(request: web.Request, info: MediaInfo) -> tuple[Offer, ...]:
    """Return the ways in which a film can be given to a browser here."""
    able = (await theatre_of(request)).able
    assert able is not None
    return offers(info, undecodable=able.undecodable)


@dataclass(frozen=True, slots=True)
class Reel:
    """What ffmpeg opens, and what it is handed so that it can: descriptors, or variables that name no file.

    What lets it in stands in its environment, which nobody but its user may read. In its words
    everybody could: the list of processes shows them.
    """

    address: str
    fds: tuple[int, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)


@asynccontextmanager
async def reel_of(request: web.Request, file: FileId) -> AsyncIterator[Reel]:
    """Yield what ffmpeg opens: the very file that we have open, or our own stream of a distant one.

    Raises: SourceError.
    """
    sidecar = state(request)
    served = await file_of(request, file)
    async with opened(sidecar, served) as (reader, _):
        if isinstance(reader, LocalStream):
            yield Reel(f"file:/dev/fd/{reader.fileno()}", (reader.fileno(),))
            return
    assert request.transport is not None
    host, port = request.transport.get_extra_info("sockname")[:2]
    link = await sidecar.links.make(file, who="the watch page", seconds=_LINK)
    try:
        shown = f"[{host}]" if ":" in host else host
        # We are the proxy through which it asks for us: that is the one password it takes out of sight.
        proxy = f"http://ffmpeg:{link.token}@{shown}:{port}"
        stream = f"http://{shown}:{port}/api/media/stream/{file}"
        yield Reel(stream, variables={"http_proxy": proxy, "no_proxy": ""})
    finally:
        await sidecar.links.revoke(link.id)


def harmless(words: str | None) -> str:
    """Return ffmpeg's words without the address, which may hold a link."""
    return re.sub(r"(file|https?):\S+", "the film", words or "it holds nothing that could be shown")
