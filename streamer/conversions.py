"""Films converted while they are watched: every ffmpeg that runs, and what ends it.

One conversion is one answer: ffmpeg runs while its client reads, waits while it does not, and is
killed when the client leaves, seeks elsewhere or is silent for too long. Nothing is written to a
disk, so there is no cache to bound; should the sidecar itself be killed, ffmpeg dies of its
closed pipe. What ffmpeg is told to do stands in `recipes`.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from itertools import count

from mediavault_tui.errors import ProbeError, ToolMissing
from mediavault_tui.probe.process import last_words

_NOTHING: Mapping[str, str] = {}
CHUNK = 128 * 1024
"""Bytes handed on at once, at most."""


class Busy(Exception):
    """As many films as may be are being converted."""


class Superseded(Exception):
    """The same viewer has asked for another second of the film since."""


class Running:
    """One ffmpeg at work."""

    def __init__(self, child: asyncio.subprocess.Process) -> None:
        assert child.stdout is not None
        assert child.stderr is not None
        self._child = child
        self._out = child.stdout
        self._complaints = asyncio.ensure_future(last_words(child.stderr))
        self.superseded = False
        """Whether its viewer has asked for another second, so that nobody waits for the rest."""

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._child.pid

    async def read(self) -> bytes:
        """Return the next bytes; none at the end."""
        return await self._out.read(CHUNK)

    async def failed(self) -> str | None:
        """Wait for the end; return ffmpeg's last words if it was not a good one."""
        code = await self._child.wait()
        return None if code == 0 else (await self._complaints or f"code {code}")

    def kill(self) -> None:
        """End it; whoever reads sees the end."""
        with contextlib.suppress(ProcessLookupError):
            self._child.kill()

    async def gone(self) -> None:
        """Kill it and wait until it is reaped."""
        self.kill()
        await asyncio.shield(asyncio.gather(self._child.wait(), self._complaints, self._drained()))

    async def _drained(self) -> None:
        """Read what is left: asyncio does not see the end of a program whose full pipe nobody reads."""
        while await self._out.read(CHUNK):
            pass


class Conversions:
    """Every ffmpeg that runs for a viewer: so many at once, one for each viewer."""

    def __init__(self, *, most: int, queue: float = 5.0) -> None:
        """`queue`: seconds to wait for a place: the one that a seek has just left is free at once."""
        self._places = asyncio.Semaphore(most)
        self._queue = queue
        self._running: dict[str, Running] = {}
        self._turns = count()
        self._newest: dict[str, int] = {}
        """The last request of each viewer who waits or watches."""

    def __len__(self) -> int:
        return len(self._running)

    @asynccontextmanager
    async def started(
        self,
        words: Sequence[str],
        *,
        viewer: str,
        pass_fds: Sequence[int] = (),
        variables: Mapping[str, str] = _NOTHING,
    ) -> AsyncIterator[Running]:
        """Yield a running ffmpeg; it is gone when the block ends, however it ends.

        `viewer`: who watches; what ran for the same one before is ended. `variables`: of its environment.
        Raises: Busy; Superseded if the same one asks again before it runs;
            ToolMissing if ffmpeg cannot be started.
        """
        turn = self._newest[viewer] = next(self._turns)
        if (before := self._running.pop(viewer, None)) is not None:
            before.superseded = True
            before.kill()
        try:
            try:
                async with asyncio.timeout(self._queue):
                    await self._places.acquire()
            except TimeoutError:
                raise Busy from None
            try:
                self._check_newest(viewer, turn)
                running = await _start(words, pass_fds, variables)
                try:
                    self._check_newest(viewer, turn)
                    self._running[viewer] = running
                    yield running
                finally:
                    if self._running.get(viewer) is running:
                        del self._running[viewer]
                    await running.gone()
            finally:
                self._places.release()
        finally:
            if self._newest.get(viewer) == turn:
                del self._newest[viewer]

    def _check_newest(self, viewer: str, turn: int) -> None:
        """Raise Superseded if the viewer came again meanwhile, and found nothing of ours to end."""
        if self._newest.get(viewer, turn) != turn:
            raise Superseded

    def end(self) -> None:
        """Kill all of them."""
        for running in self._running.values():
            running.kill()


async def collected(
    words: Sequence[str],
    *,
    seconds: float,
    pass_fds: Sequence[int] = (),
    variables: Mapping[str, str] = _NOTHING,
) -> bytes:
    """Run a short ffmpeg to its end and return what it wrote.

    Raises: ProbeError if it fails, writes nothing or takes longer than `seconds`.
    """
    running = await _start(words, pass_fds, variables)
    try:
        async with asyncio.timeout(seconds):
            parts = [part async for part in _parts(running)]
            failed = await running.failed()
    except TimeoutError as error:
        raise ProbeError(f"ffmpeg did not end within {seconds:.3g} seconds") from error
    finally:
        await running.gone()
    if failed is not None or not parts:
        raise ProbeError(f"ffmpeg made nothing of it ({failed or 'no picture there'})")
    return b"".join(parts)


async def _parts(running: Running) -> AsyncIterator[bytes]:
    while part := await running.read():
        yield part


async def _start(words: Sequence[str], pass_fds: Sequence[int], variables: Mapping[str, str]) -> Running:
    try:
        child = await asyncio.create_subprocess_exec(
            *words,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            pass_fds=tuple(pass_fds),
            env={**os.environ, **variables},
            limit=2 * CHUNK,
        )
    except OSError as error:
        raise ToolMissing(f"{words[0]} cannot be started ({error.strerror or error})") from error
    return Running(child)
