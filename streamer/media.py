"""The bytes of a file by range."""

from __future__ import annotations

import logging
import secrets
import time
from functools import lru_cache
from urllib.parse import quote

from aiohttp import web

from mediavault_tui.domain.byterange import Answer, Representation, answer, http_date, multipart, ranged
from mediavault_tui.domain.model import FileStamp
from mediavault_tui.domain.paths import LOCAL
from mediavault_tui.domain.representation import UNKNOWN_TYPE, content_type, disposition, etag
from mediavault_tui.domain.streaming import ServedFile
from mediavault_tui.errors import Refused, SourceError
from mediavault_tui.sources.base import RangedReader
from mediavault_tui.sources.local.beneath import LocalStream
from streamer import auth
from streamer.files import file_id, opened_file
from streamer.readahead import ReadAhead
from streamer.sending import Pipe
from streamer.state import SENT, state
from streamer.who import from_proxy

log = logging.getLogger("mediavault.streamer")


async def stream(request: web.Request) -> web.StreamResponse:
    """Send a file, or the parts of it that the request asks for (RFC 9110)."""
    file = file_id(request)
    await auth.allowed(request, file)
    async with opened_file(request, file) as (served, reader, stamp):
        what, head = _facts(served, stamp)
        if (inside := _inside_of_proxy(request, served)) is not None:
            response = web.Response(headers=head | {"X-Accel-Redirect": inside[0] + quote(inside[1])})
            for name in ("Accept-Ranges", "ETag", "Last-Modified"):
                del response.headers[name]  # the proxy has its own
            auth.keep_link(request, response, file)
            return response
        decided = answer(request.method, request.headers, what, now=int(time.time()))
        if decided.status in (412, 416):
            return _refusal(decided, what)
        answered = web.StreamResponse(status=decided.status, headers=head)
        auth.keep_link(request, answered, file)
        if decided.status == 304:
            del answered.headers["Content-Type"], answered.headers["Content-Disposition"]
            return answered
        message = _Message(decided, what, answered)
        if request.method != "HEAD":
            await _send(request, answered, message, reader, stamp, served.source)
        return answered


async def place(request: web.Request) -> web.Response:
    """Say where a proxy of ours finds the film of a link: it sends it itself, and asks again in a second.

    Answers 204 only where the proxy can say all that we would: the film lies in its folder, its type is
    that of its ending, and its name can stand in a header. 403: it should hand each request on to us.
    """
    file = file_id(request)
    if not from_proxy(request):
        raise web.HTTPNotFound
    await auth.by_link(request, file, request.query.get(auth.LINK_QUERY, ""))
    async with opened_file(request, file) as (served, _, stamp):
        inside = _inside_of_proxy(request, served)
        named = content_type(served.name, None)
        typed = named == content_type(served.name, served.container) != UNKNOWN_TYPE
        if inside is None or not typed or not _fits_in_a_header(inside[1]):
            raise Refused("Let us send this film")
        _, head = _facts(served, stamp)
        kept = {name: head[name] for name in ("Cache-Control", "Content-Disposition")}
        return web.Response(status=204, headers=kept | {"X-MediaVault-Film": inside[0] + inside[1].decode()})


def _inside_of_proxy(request: web.Request, served: ServedFile) -> tuple[str, bytes] | None:
    """Return the address under which a proxy of ours has the file, to send it itself: folder and the rest.

    Its configuration says which folder it has under which address (`X-Accel-Mapping: /films/=/_films/`).
    """
    folder, mark, inside = request.headers.get("X-Accel-Mapping", "").partition("=")
    raw_folder = folder.encode("utf-8", "surrogateescape")
    if not mark or not raw_folder.endswith(b"/") or not from_proxy(request) or served.source != LOCAL:
        return None
    if not served.raw_path.startswith(raw_folder):
        return None
    return inside, served.raw_path[len(raw_folder) :]


def _fits_in_a_header(path: bytes) -> bool:
    """Return whether nginx takes the path as it is: it would cut off what follows a question mark."""
    try:
        text = path.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return text.isprintable() and "?" not in text


class _Message:
    """The body of an answer as (text, part) in order, either of which may be lacking; and its head."""

    def __init__(self, decided: Answer, what: Representation, response: web.StreamResponse) -> None:
        self.tail = b""
        if len(decided.ranges) > 1:
            kind = response.headers["Content-Type"]
            boundary = secrets.token_hex(16)
            heads, self.tail, length = multipart(
                decided.ranges, what.size, content_type=kind, boundary=boundary
            )
            response.headers["Content-Type"] = f"multipart/byteranges; boundary={boundary}"
            self.parts = list(zip(heads, decided.ranges, strict=True))
        elif decided.ranges:
            length = decided.ranges[0].length
            response.headers["Content-Range"] = decided.ranges[0].content_range(what.size)
            self.parts = [(b"", decided.ranges[0])]
        else:
            length = what.size
            self.parts = [(b"", whole) for whole in ranged("bytes=0-", what.size).ranges]
        response.content_length = length


async def _send(
    request: web.Request,
    response: web.StreamResponse,
    message: _Message,
    reader: RangedReader,
    stamp: FileStamp,
    source: str,
) -> None:
    """Send head and body; an answer that cannot be finished ends with the connection, never padded."""
    sidecar = state(request)
    assert request.transport is not None
    request.transport.set_write_buffer_limits(0)  # `drain` then waits until the head is out
    with sidecar.metrics.streams.track_inprogress(), sidecar.sender.counted():
        pipe, whole = None, False
        try:
            writer = await response.prepare(request)
            assert writer is not None
            await writer.drain()
            pipe = Pipe(request)
            for head, part in message.parts:
                await pipe.put_all(head)
                if isinstance(reader, LocalStream):
                    await sidecar.sender.send(pipe, reader, part, stamp, sidecar.pools[source])
                else:
                    await ReadAhead(reader, part, stamp, sidecar.pools[source]).send(pipe)
            await pipe.put_all(message.tail)
            whole = True
        except SourceError as error:
            sidecar.metrics.broken.inc()
            log.warning("stream of file %s ended early: %s", request.match_info["file_id"], error)
        except ConnectionError:
            pass  # who went away is told nothing
        finally:
            if not whole:
                _hang_up(request, response)
            if pipe is not None:
                pipe.close()
                request[SENT] = pipe.sent
                sidecar.metrics.bytes_of(source).inc(pipe.sent)


def _hang_up(request: web.Request, response: web.StreamResponse) -> None:
    response.force_close()
    if request.transport is not None:
        request.transport.close()


@lru_cache(256)
def _facts(served: ServedFile, stamp: FileStamp) -> tuple[Representation, dict[str, str]]:
    """Return what conditions and ranges are held against, and the headers; a player asks over and over."""
    what = Representation(stamp.size, etag(served.source, stamp), stamp.modified_ns // 10**9)
    return what, {
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-cache",
        "Content-Disposition": disposition(served.name),
        "Content-Type": content_type(served.name, served.container),
        "Cross-Origin-Resource-Policy": "same-origin",
        "ETag": what.etag,
        "Last-Modified": http_date(what.modified),
    }


def _refusal(decided: Answer, what: Representation) -> web.Response:
    headers = {"Accept-Ranges": "bytes", "ETag": what.etag}
    sentence = "The file is not the one that you have; load it anew"
    if decided.status == 416:
        headers["Content-Range"] = f"bytes */{what.size}"
        sentence = f"None of these bytes can be sent; the file has {what.size}"
    return web.json_response({"error": sentence}, status=decided.status, headers=headers)


def add_routes(app: web.Application) -> None:
    """Add `/api/media/stream/{file_id}`, GET and HEAD, and what a proxy asks before it sends a film."""
    app.router.add_get("/api/media/stream/{file_id:[0-9]+}", stream)
    app.router.add_get("/_film/{file_id:[0-9]+}", place)
