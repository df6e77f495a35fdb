"""Links to copies for people to watch, and a sidecar of the app's own where none runs."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import Sequence
from urllib.parse import urlsplit

from mediavault_tui.domain.accounts import LinkId, PreviewLink
from mediavault_tui.domain.forecast import cautions, forecast, summary
from mediavault_tui.domain.library import Copy
from mediavault_tui.domain.model import FileId
from mediavault_tui.domain.origins import only_here
from mediavault_tui.domain.watching import Answering, Preview, Watched
from mediavault_tui.errors import UsageError
from mediavault_tui.probe.process import last_words
from mediavault_tui.services.library import Library
from mediavault_tui.services.preview import MadeLink, PreviewLinks
from mediavault_tui.settings import Settings, environment

_ASKING = 3.0
"""Seconds for the sidecar to answer."""
_STARTING = 20.0
"""Seconds for one of our own to start."""

_ATTENDED = """\
import os, runpy, signal, sys, threading
def leave():
    while os.read(0, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
threading.Thread(target=leave, daemon=True).start()
sys.argv = ["mediavault serve"]
runpy.run_module("streamer", run_name="__main__")
"""
"""A sidecar that ends when its standard input does: with the app, however the app ends.

Its thread reads the descriptor itself: one that sits in `sys.stdin` aborts the interpreter at its end,
and the last words would be those of the abort.
"""


class Watching:
    """Makes links for one user of the app; starts and stops its own sidecar."""

    def __init__(self, links: PreviewLinks, library: Library, settings: Settings) -> None:
        self._links = links
        self._library = library
        self._settings = settings
        self._sidecar: asyncio.subprocess.Process | None = None

    async def preview(self, files: Sequence[FileId], *, who: str) -> Preview:
        """Make a link to each of one or two files. Raises: UsageError for what is gone; DatabaseError."""
        copies = [await self._copy(file) for file in files]
        made = [await self._links.make(file, who=who) for file in files]
        if len(made) == 1:
            page = made[0].url(f"/watch/{files[0]}")
        else:
            page = f"{made[0].url(f'/compare/{files[0]}/{files[1]}')}&t={made[1].token}"
        local = only_here(urlsplit(made[0].base_url).hostname or "")
        return Preview(
            copies=tuple(map(_watched, copies)),
            page=page,
            streams=tuple(link.stream_url for link in made),
            links=tuple(link.id for link in made),
            expires_at=made[0].expires_at,
            answering=await self._answering(made[0]),
            local=local,
            may_start=self._settings.public_base_url is None and only_here(self._settings.streamer_host),
            port=self._settings.streamer_port,
        )

    async def answering(self, preview: Preview) -> Answering:
        """Return whether the sidecar opens these links."""
        return await _ask(preview.streams[0])

    async def live(self) -> list[PreviewLink]:
        """Return the links that still work, newest first."""
        return await self._links.live()

    async def revoke(self, link: LinkId) -> bool:
        """Make a link useless at once."""
        return await self._links.revoke(link)

    async def start(self, preview: Preview) -> Answering:
        """Start a sidecar that lives as long as the app, and wait until it opens these links.

        Raises: UsageError with what it said if it does not start.
        """
        await self.close()
        child = self._sidecar = await asyncio.create_subprocess_exec(
            *[sys.executable, "-c", _ATTENDED],
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, **environment(self._settings)},  # the very library that the app has open
        )
        assert child.stderr is not None
        said = asyncio.ensure_future(last_words(child.stderr))
        ended = asyncio.ensure_future(child.wait())
        try:
            async with asyncio.timeout(_STARTING):
                while child.returncode is None:
                    if (answer := await _ask(preview.streams[0])) is Answering.YES:
                        return answer
                    await asyncio.wait([ended], timeout=0.2)
        except TimeoutError:
            await self.close()
        except BaseException:
            await self.close()
            raise
        words = (await said).removeprefix("mediavault: ") or "it does not answer"
        raise UsageError(f"The sidecar did not start ({words}); try `mediavault serve` in another terminal")

    async def close(self) -> None:
        """End the sidecar that we started, if any, and wait until it is gone."""
        child, self._sidecar = self._sidecar, None
        if child is None or child.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            child.terminate()
        try:
            await asyncio.wait_for(asyncio.shield(child.wait()), 8)
        except TimeoutError:
            child.kill()
            await child.wait()

    async def _copy(self, file: FileId) -> Copy:
        copy = await self._library.file(file)
        if copy is None:
            raise UsageError("The file is no longer in the library; scan again")
        return copy

    async def _answering(self, link: MadeLink) -> Answering:
        return await _ask(link.stream_url)


def _watched(copy: Copy) -> Watched:
    file, info = copy.file, copy.file.info
    if info is None:
        return Watched(file.id, file.path, 0.0, "It has not said what it holds; mpv and VLC may know.", ())
    return Watched(
        file.id, file.path, info.duration, summary(info), tuple(forecast(info)), tuple(cautions(info))
    )


async def _ask(stream: str) -> Answering:
    """Ask for the head of a film by its link: only our own sidecar on our own database knows it."""
    import httpx

    try:
        async with httpx.AsyncClient(timeout=_ASKING, trust_env=False) as http:
            answer = await http.head(stream)
    except httpx.HTTPError:
        return Answering.NO
    # A film that has gone meanwhile (410, 503) is no stranger's answer.
    return Answering.STRANGER if answer.status_code in (401, 403, 404) else Answering.YES
