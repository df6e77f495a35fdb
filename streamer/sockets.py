"""`/ws/`: what changes in the library, as it changes, for those who are logged in.

Each message is a JSON object with `kind` and `id`, as the database's notices say them:
`staged`, `restored`, `approved`, `purged`, `renamed`, `groups`, `titles`, `files`, `all`; `scan` has
`phase` and `counts` besides.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections import deque
from collections.abc import AsyncIterator

from aiohttp import WSCloseCode, WSMsgType, web

from mediavault_tui.domain.model import ScanId
from mediavault_tui.errors import DatabaseError, Denied, Refused
from mediavault_tui.store.streaming import scan_moment
from streamer.auth import signed_in
from streamer.state import STATE, WHO, State, state
from streamer.who import same_site

log = logging.getLogger("mediavault.streamer")

_HEARTBEAT = 25.0
"""Seconds between pings; who does not answer is gone. A proxy's time-out is longer."""
_BEHIND = 64
"""Messages that wait for a slow reader; then one says that all may have changed."""
_LONGEST = 1024
"""Bytes of a message from a client, which has nothing to say."""
_MOST = 200
"""Sockets at once."""
_ENDED = 4401
"""The close code that says: log in again."""
_PRIVATE = ("users", "session", "link")


class Listener:
    """One open socket's messages that wait to be sent."""

    def __init__(self) -> None:
        self._waiting: deque[str] = deque()
        self._some = asyncio.Event()

    def tell(self, message: str) -> None:
        """Queue a message; one that waits already is not repeated."""
        if message in self._waiting:
            return
        if len(self._waiting) >= _BEHIND:
            self._waiting.clear()
            message = json.dumps({"kind": "all", "id": "0"})
        self._waiting.append(message)
        self._some.set()

    def wake(self) -> None:
        """Let the socket look whether it may still be open."""
        self._some.set()

    async def messages(self) -> list[str]:
        """Wait for messages, or to be woken."""
        await self._some.wait()
        self._some.clear()
        found = list(self._waiting)
        self._waiting.clear()
        return found


class Hub:
    """Everybody who listens, and what they are told."""

    def __init__(self, sidecar: State) -> None:
        self._sidecar = sidecar
        self.listeners: set[Listener] = set()
        self._scans: set[int] = set()
        self._asking: asyncio.Task[None] | None = None

    def heard(self, notice: str) -> None:
        """Pass on a notice of the channel `mediavault`; who may look is nobody else's business."""
        self._sidecar.heard(notice)
        kind, _, id = notice.partition(":")
        if kind in (*_PRIVATE, "all"):
            for listener in self.listeners:
                listener.wake()
        if kind not in _PRIVATE:
            self.tell({"kind": kind, "id": id})

    def heard_scan(self, notice: str) -> None:
        """Look how far a scan is, and pass that on; several notices make one look."""
        if not notice.isdecimal():  # after a reconnection
            return
        self._scans.add(int(notice))
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask())

    def tell(self, message: dict[str, object]) -> None:
        """Tell everybody."""
        text = json.dumps(message)
        for listener in self.listeners:
            listener.tell(text)

    async def _ask(self) -> None:
        while self._scans:
            scan = self._scans.pop()
            try:
                async with self._sidecar.database.connection() as conn:
                    moment = await scan_moment(conn, ScanId(scan))
            except DatabaseError:
                continue  # the next notice asks again
            if moment is not None:
                self.tell(
                    {"kind": "scan", "id": str(scan), "phase": moment.phase, "counts": dict(moment.counts)}
                )
            if moment is None or moment.phase in ("done", "cancelled", "failed"):
                self._sidecar.files.forget()


HUB: web.AppKey[Hub] = web.AppKey("hub", Hub)


async def sockets(request: web.Request) -> web.WebSocketResponse:
    """Talk to one client until it leaves or its session ends.

    Raises: Refused (403) for a page of another site; Denied (401).
    """
    if not same_site(request):
        raise Refused("Another site may not listen")
    await signed_in(request)
    hub = request.app[HUB]
    if len(hub.listeners) >= _MOST:
        raise web.HTTPServiceUnavailable(text="Too many listen already; try again later")
    socket = web.WebSocketResponse(heartbeat=_HEARTBEAT, max_msg_size=_LONGEST, compress=False)
    await socket.prepare(request)
    listener = Listener()
    hub.listeners.add(listener)
    state(request).metrics.sockets.inc()
    reading = asyncio.create_task(_read(socket))
    talking = asyncio.create_task(_talk(request, socket, listener))
    try:
        await asyncio.wait([reading, talking], return_when=asyncio.FIRST_COMPLETED)
        if talking.done() and (bug := talking.exception()) is not None:
            log.error("a socket of %s was told no more", request.get(WHO, "-"), exc_info=bug)
            await socket.close(code=WSCloseCode.INTERNAL_ERROR)  # who is told nothing must know it
    finally:
        hub.listeners.discard(listener)
        state(request).metrics.sockets.dec()
        reading.cancel()
        talking.cancel()
        await asyncio.gather(reading, talking, return_exceptions=True)
    return socket


async def _read(socket: web.WebSocketResponse) -> None:
    """Read until the client leaves: it has nothing to say."""
    async for message in socket:
        if message.type is WSMsgType.ERROR:
            break


async def _talk(request: web.Request, socket: web.WebSocketResponse, listener: Listener) -> None:
    try:
        while True:
            try:
                async with asyncio.timeout(_HEARTBEAT):
                    messages = await listener.messages()
            except TimeoutError:
                messages = []
            try:
                await signed_in(request)  # its session may have ended
            except Denied:
                await socket.close(code=_ENDED, message=b"log in again")
                return
            except DatabaseError:
                pass  # nobody can say; the session's own end is checked when it can
            for text in messages:
                await socket.send_str(text)
    except ConnectionError:
        return  # the reader notices too


async def listening(app: web.Application) -> AsyncIterator[None]:
    """Listen to the database while the sidecar runs; at the end, say goodbye to everybody."""
    hub = app[HUB]
    database = app[STATE].database
    async with (
        database.listen("mediavault", hub.heard),
        database.listen("mediavault_scans", hub.heard_scan),
    ):
        yield


def add_routes(app: web.Application) -> None:
    """Add `/ws/`."""
    app[HUB] = Hub(app[STATE])
    app.cleanup_ctx.append(listening)
    app.router.add_get("/ws/", sockets)
