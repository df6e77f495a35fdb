"""A file of a share for programs that only know addresses: a web server on loopback, for one file.

ffprobe and ffmpeg seek; a pipe cannot, and a copy of the film would cost its every byte. So while
one file is probed a server answers ranges of it on 127.0.0.1, under a path that nobody can guess,
and keeps the blocks it has read: five questions about a film read its head and its tail once.

The server works in threads of its own and needs no event loop: a job with plain inputs.
"""

from __future__ import annotations

import re
import secrets
import socket
import threading
from collections import OrderedDict
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from mediavault_tui.domain.pathtext import display
from mediavault_tui.errors import SourceError
from mediavault_tui.probe.hashing import Reader, changed

_BLOCK = 128 * 1024
"""Bytes read from the source at a time: a probe asks for little here and little there."""
_KEPT = 192
"""Blocks kept: 24 MiB a file."""
_UNSENT = 64 * 1024
"""Bytes that may wait in the connection: what the program never asks for is read in vain."""


BRIDGED = b"http://127.0.0.1:"
"""How a bridge's address begins, and no path of a file, which is absolute."""

_RANGE = re.compile(r"bytes=([0-9]+)-([0-9]*)")
"""What ffmpeg asks for; anything else gets the whole file, as RFC 9110 (14.2) permits."""


class Bridge:
    """The server of one open file; `with` starts and ends it.

    `address` is what a program is given; `error` is the first thing that went wrong with the
    source. A program then says that the file is damaged, which is not so.
    """

    def __init__(self, reader: Reader, *, name: str = "file", most: int = 0) -> None:
        """`most`: bytes that may be read of the file, 0 for as many as are asked for."""
        self._reader = reader
        self._most = most
        self._size = reader.stamp().size
        self._blocks: OrderedDict[int, bytes] = OrderedDict()
        self._lock = threading.Lock()
        self._reading = threading.Lock()
        self._path = f"/{secrets.token_urlsafe(24)}/{name}"
        self._open: set[socket.socket] = set()
        self.error: SourceError | None = None
        self.bytes_read = 0

    def __enter__(self) -> Bridge:
        self._server = _Server(self)
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}{self._path}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._server.shutdown()
        with self._lock:
            for connection in self._open:
                with suppress(OSError):  # the program has closed it
                    connection.shutdown(socket.SHUT_RDWR)
        self._server.server_close()
        self._thread.join()

    def check(self) -> None:
        """Raise what went wrong with the source, if anything did."""
        if self.error is not None:
            raise self.error

    def read(self, offset: int, count: int) -> bytes:
        """Return bytes at a position, fewer only at the end; raises SourceError."""
        found = []
        stop = min(offset + count, self._size)
        while offset < stop:
            number, skip = divmod(offset, _BLOCK)
            piece = self._block(number)[skip : skip + stop - offset]
            if not piece:
                break
            found.append(piece)
            offset += len(piece)
        return b"".join(found)

    def _block(self, number: int) -> bytes:
        with self._reading:  # one at a time: a program that seeks has left its last connection
            if (known := self._blocks.get(number)) is not None:
                self._blocks.move_to_end(number)
                return known
            buffer = memoryview(bytearray(min(_BLOCK, self._size - number * _BLOCK)))
            try:
                self._within(len(buffer))
                got = self._reader.read_into(number * _BLOCK, buffer)
                self._whole(got, len(buffer))
            except SourceError as error:
                self.error = self.error or error
                raise
            except Exception as error:
                # A bug of a source must not pass for a damaged file either.
                self.error = self.error or SourceError(f"cannot read {display(self._reader.path)}: {error!r}")
                raise
            self.bytes_read += got
            self._blocks[number] = block = bytes(buffer[:got])
            while len(self._blocks) > _KEPT:
                self._blocks.popitem(last=False)
            return block

    def _within(self, more: int) -> None:
        if self._most and self.bytes_read + more > self._most:
            raise SourceError(f"it would take more than {self._most // 1_000_000} MB over the network")

    def _whole(self, got: int, wanted: int) -> None:
        """A file that has become shorter is no damaged one: it is to be looked at again."""
        if got != wanted:
            raise changed(self._reader.path)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = True

    def __init__(self, bridge: Bridge) -> None:
        self.bridge = bridge
        super().__init__(("127.0.0.1", 0), _Handler)

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _UNSENT)
        with self.bridge._lock:
            self.bridge._open.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        with self.bridge._lock:
            self.bridge._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A program that goes away in the middle is how every probe ends; nothing is printed."""


class _Handler(BaseHTTPRequestHandler):
    """Answers one connection: GET and HEAD of the one path, with ranges."""

    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        self._answer(body=True)

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def _answer(self, *, body: bool) -> None:
        bridge = self.server.bridge
        if not secrets.compare_digest(self.path.encode(), bridge._path.encode()):
            self.send_error(404)
            return
        size = bridge._size
        asked = _RANGE.fullmatch(self.headers.get("Range", ""))
        start = int(asked[1]) if asked else 0
        stop = min(int(asked[2]) + 1, size) if asked and asked[2] else size
        if asked and start >= stop:
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{size}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(206 if asked else 200)
        if asked:
            self.send_header("Content-Range", f"bytes {start}-{stop - 1}/{size}")
        # ffmpeg asks for a close and, unless the answer says so too, goes on as if none had come.
        self.send_header("Connection", "close")
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Length", str(stop - start))
        self.end_headers()
        if body:
            self._send(start, stop)

    def _send(self, offset: int, stop: int) -> None:
        while offset < stop:
            try:
                piece = self.server.bridge.read(offset, min(_UNSENT, stop - offset))
            except SourceError:
                piece = b""
            if not piece:
                self.close_connection = True  # fewer bytes than promised: the program sees a failure
                return
            self.wfile.write(piece)
            offset += len(piece)

    def log_message(self, format: str, *args: Any) -> None:
        """Addresses hold the key to a file; none is written anywhere."""
