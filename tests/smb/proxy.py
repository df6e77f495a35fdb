"""A TCP proxy that is as bad as a network can be: slow, thin, silent, cut. It counts what passes."""

from __future__ import annotations

import asyncio
import socket
import sys
import threading
from collections.abc import Callable
from types import TracebackType

_PIECE = 262144


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
        """Called, in the proxy's thread, instead of cutting at the limit."""
        self.to_client = 0
        self.to_server = 0
        self.connections = 0
        self._target = port
        self._loop = asyncio.new_event_loop()
        self._open: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._run, name="proxy", daemon=True)

    def __enter__(self) -> Proxy:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._call(self._stop)
        self._thread.join()

    def silence(self) -> None:
        """Pass nothing on any more, and close nothing."""
        self._call(self._flowing.clear)

    def resume(self) -> None:
        """Pass on again."""
        self._call(self._flowing.set)

    def cut(self) -> None:
        """Break every connection; new ones are taken."""
        self._call(self._cut)

    def _call(self, function: Callable[[], None]) -> None:
        done = threading.Event()

        def run() -> None:
            function()
            done.set()

        self._loop.call_soon_threadsafe(run)
        done.wait(5)

    def _cut(self) -> None:
        for writer in self._open:
            writer.transport.abort()
        self._open.clear()

    def _stop(self) -> None:
        self._cut()
        self._loop.stop()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, sock=self._listener))
        self._loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._open.add(writer)
        try:
            there, to_there = await asyncio.open_connection("127.0.0.1", self._target, limit=4 * 1024 * 1024)
        except OSError:
            writer.transport.abort()
            return
        self._open.add(to_there)
        pipes = [self._pipe(reader, to_there, False), self._pipe(there, writer, True)]
        tasks = {asyncio.ensure_future(pipe) for pipe in pipes}
        self._tasks |= tasks
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            return  # the proxy stops; the stream's own callback would report it as an error
        finally:
            for task in tasks:
                task.cancel()
            self._tasks -= tasks
            for each in (writer, to_there):
                self._open.discard(each)
                each.transport.abort()

    async def _pipe(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, down: bool) -> None:
        """Pass on, each piece `delay_s` after it came, however many are on their way."""
        queue: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(maxsize=1024)

        async def take() -> None:
            while data := await reader.read(_PIECE):
                await queue.put((self._loop.time() + self.delay_s, data))
            await queue.put((self._loop.time(), b""))

        taking = asyncio.ensure_future(take())
        try:
            while True:
                moment, data = await queue.get()
                if (wait := moment - self._loop.time()) > 0:
                    await asyncio.sleep(wait)
                await self._flowing.wait()
                if not data:
                    return
                if down and self.limit is not None and self.to_client + len(data) > self.limit:
                    self.limit = None
                    (self.on_limit or self._cut)()
                writer.write(data)
                if down:
                    self.to_client += len(data)
                    if self.rate:
                        await asyncio.sleep(len(data) / self.rate)
                else:
                    self.to_server += len(data)
                await writer.drain()
        except (OSError, ConnectionError):
            return
        finally:
            taking.cancel()


def main(port: int, delay_s: float) -> None:
    """Stand before `port` until standard input ends; print the port that it takes."""
    with Proxy(port, delay_s=delay_s) as proxy:
        sys.stdout.write(f"{proxy.port}\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]))
