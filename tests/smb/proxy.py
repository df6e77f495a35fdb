"""A TCP proxy that is as bad as a network can be: slow, thin, silent, cut. It counts what passes.

Two threads for each direction of a connection, and no event loop: one takes what comes, into memory
that is used again, the other gives it when its time has come. So the line is the limit, not the proxy.
"""

from __future__ import annotations

import queue
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType

_PIECE = 262144
_MOST_WAITING = 1024
"""Pieces on their way in one direction: what a client does not take must not fill the memory."""
_RESET = struct.pack("ii", 1, 0)


class Proxy:
    """Stands in front of a port of this machine; everything may be changed while it runs.

    `delay_s`: for each direction, so a round trip takes twice that. `rate`: bytes a second to the
    client, 0 for no limit. `limit`: cut everything after so many bytes to the client, once.
    """

    def __init__(self, port: int, *, delay_s: float = 0.0, rate: float = 0.0) -> None:
        self.delay_s = delay_s
        self.rate = rate
        self.limit: int | None = None
        self.on_limit: Callable[[], None] | None = None
        """Called, in one of the proxy's threads, instead of cutting at the limit."""
        self.to_client = 0
        self.to_server = 0
        self.connections = 0
        self.heard: list[bytearray] | None = None
        """What clients say from now on, connection by connection, once this is a list."""
        self._target = port
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._flowing = threading.Event()
        self._flowing.set()
        self._ended = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]

    @property
    def passed(self) -> int:
        """Bytes of both directions."""
        return self.to_client + self.to_server

    def __enter__(self) -> Proxy:
        self._start(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended = True
        self._listener.shutdown(socket.SHUT_RDWR)
        self.cut()
        self._flowing.set()
        while self._threads:
            self._threads.pop().join()
        self._listener.close()

    def silence(self) -> None:
        """Pass nothing on any more, and close nothing."""
        self._flowing.clear()

    def resume(self) -> None:
        """Pass on again."""
        self._flowing.set()

    def cut(self) -> None:
        """Break every connection; new ones are taken."""
        with self._lock:
            for sock in self._open:
                _break(sock)

    def _start(self, run: Callable[..., None], *arguments: object) -> threading.Thread:
        thread = threading.Thread(target=run, args=arguments, name="proxy", daemon=True)
        self._threads.append(thread)
        thread.start()
        return thread

    def _accept(self) -> None:
        while not self._ended:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return  # the proxy ends
            self.connections += 1
            try:
                server = socket.create_connection(("127.0.0.1", self._target))
            except OSError:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                client.close()
                continue
            self._start(self._serve, client, server)

    def _serve(self, client: socket.socket, server: socket.socket) -> None:
        """Pass on in both directions until one of them ends; then both do."""
        both = (client, server)
        with self._lock:
            self._open.update(both)
            if self._ended:
                for sock in both:
                    _break(sock)
        for sock in both:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        pipes = [self._start(self._pipe, *ends) for ends in ((client, server, False), (server, client, True))]
        for pipe in pipes:
            pipe.join()
        with self._lock:
            self._open.difference_update(both)
        for sock in both:
            sock.close()

    def _pipe(self, source: socket.socket, sink: socket.socket, down: bool) -> None:
        """Pass on, each piece `delay_s` after it came, however many are on their way."""
        coming: queue.Queue[tuple[float, memoryview, int]] = queue.Queue(_MOST_WAITING)
        said = bytearray()
        if self.heard is not None and not down:
            self.heard.append(said)
        spare: queue.SimpleQueue[memoryview] = queue.SimpleQueue()
        taking = self._start(self._take, source, coming, spare)
        with suppress(OSError):
            while True:
                moment, memory, count = coming.get()
                if (wait := moment - time.monotonic()) > 0:
                    time.sleep(wait)
                self._flowing.wait()
                if not count:
                    break
                self._count(count, down)
                if self.heard is not None and not down:
                    said += memory[:count]
                sink.sendall(memory[:count])
                spare.put(memory)
                if down and self.rate:
                    time.sleep(count / self.rate)
        for sock in (source, sink):
            _break(sock)
        while taking.is_alive():  # it may wait for room
            with suppress(queue.Empty):
                coming.get(timeout=0.01)
        taking.join()

    def _take(
        self,
        source: socket.socket,
        coming: queue.Queue[tuple[float, memoryview, int]],
        spare: queue.SimpleQueue[memoryview],
    ) -> None:
        count = 1
        while count:
            try:
                memory = spare.get_nowait()
            except queue.Empty:
                memory = memoryview(bytearray(_PIECE))
            try:
                count = source.recv_into(memory)
            except OSError:
                count = 0
            coming.put((time.monotonic() + (self.delay_s if count else 0), memory, count))

    def _count(self, count: int, down: bool) -> None:
        if not down:
            with self._lock:
                self.to_server += count
            return
        if self.limit is not None and self.to_client + count > self.limit:
            self.limit = None
            (self.on_limit or self.cut)()
        with self._lock:
            self.to_client += count


def files_opened(said: bytes | bytearray) -> list[str]:
    """Return the names of the files, folders left out, that an SMB2 client asked to open for reading.

    `said`: all that it said on one connection, signed but not encrypted. Source: [MS-SMB2] 2.2.13.
    """
    names = []
    at = 0
    while at + 4 <= len(said):
        length = int.from_bytes(said[at : at + 4], "big")
        message, at = said[at + 4 : at + 4 + length], at + 4 + length
        while message[:4] == b"\xfeSMB":
            command, follows = struct.unpack_from("<12xH6xI", message)
            if command == 5:
                access, options, offset, count = struct.unpack_from("<88xI12xIHH", message)
                if access & 1 and not options & 1:
                    names.append(bytes(message[offset : offset + count]).decode("utf-16-le"))
            if not follows:
                break
            message = message[follows:]
    return names


def _break(sock: socket.socket) -> None:
    """Wake whoever waits for it; its number is given back only when nobody uses it any more."""
    with suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        sock.shutdown(socket.SHUT_RDWR)


def main(port: int, delay_s: float) -> None:
    """Stand before `port` until standard input ends; print the port that it takes."""
    with Proxy(port, delay_s=delay_s) as proxy:
        sys.stdout.write(f"{proxy.port}\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]))
