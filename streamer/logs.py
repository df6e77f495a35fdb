"""What is written down of a request: when, who, what, how much; never a token, a cookie or a query."""

from __future__ import annotations

import logging

from aiohttp import web
from aiohttp.abc import AbstractAccessLogger

from streamer.state import ADDRESS, SENT, WHO

access = logging.getLogger("mediavault.access")


_LINE = "%s %r %s %s %d %d bytes %.3f s"


class AccessLog(AbstractAccessLogger):
    """One line for each answer; health checks, which come every few seconds, have none."""

    @property
    def enabled(self) -> bool:
        """Return whether anybody reads it."""
        return access.isEnabledFor(logging.INFO)

    def log(self, request: web.BaseRequest, response: web.StreamResponse, time: float) -> None:
        """Write the line of an answer."""
        body = 0 if request.method == "HEAD" or not response.prepared else response.body_length
        write(request, response.status, request.get(SENT, body), time)


def write(request: web.BaseRequest, status: int, size: int, seconds: float) -> None:
    """Write the path as it came, still percent-encoded, without its query."""
    path = request.rel_url.raw_path
    if path.startswith("/health") or not access.isEnabledFor(logging.INFO):
        return
    said = (
        request.get(ADDRESS, request.remote) or "-",
        request.get(WHO, "-"),
        request.method,
        path,
        status,
        size,
        seconds,
    )
    # `access.info` would look through the stack for the line that calls it, which is always this one.
    access.handle(logging.LogRecord(access.name, logging.INFO, __file__, 0, _LINE, said, None))


class NoSecrets(logging.Filter):
    """Keeps aiohttp's own complaints short: its tracebacks quote requests, and requests hold tokens."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Replace an exception by its kind, unless it is a bug of ours."""
        kind = record.exc_info[0] if record.exc_info else None
        if kind is not None and kind.__module__.startswith("aiohttp."):
            record.msg = f"{record.getMessage()}: {kind.__name__}"
            record.args = None
            record.exc_info = record.exc_text = None
        return True
