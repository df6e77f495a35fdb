"""One small frame of a film at an exact second, by PyAV in a child process or else by ffmpeg.

PyAV first: it decodes AV1, which the ffmpeg wheel does not. Both run as processes that
are killed at a deadline, so no file can hang the app. HDR is toned down by `tone`'s tables.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys

from mediavault_tui.domain.picture import Curve, Picture
from mediavault_tui.errors import ProbeCrashed, ProbeError, ProbeTimeout, ToolMissing
from mediavault_tui.probe import frame_child
from mediavault_tui.probe.bridge import BRIDGED
from mediavault_tui.probe.process import Finished, run
from mediavault_tui.probe.tone import Tables, lookup
from mediavault_tui.probe.tools import find_tool

_SECONDS = 45.0
"""Time for one frame; key frames of a 4K film may lie ten seconds apart, on a NAS that sleeps."""
_AT_ONCE = 2
_HEAD = re.compile(rb"P6\s(\d+)\s(\d+)\s255\s")


class Painter:
    """Decodes frames; at most two at once."""

    def __init__(self, *, ffmpeg: str | None, tables: Tables, seconds: float = _SECONDS) -> None:
        """`ffmpeg`: what the settings name, if anything; looked for only when it is needed."""
        self._tables = tables
        self._ffmpeg = ffmpeg
        self._seconds = seconds
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def frame(
        self, path: bytes, *, at: float, width: int, height: int, curve: Curve | None = None
    ) -> Picture:
        """Return the frame at `at` seconds, as large as fits into width × height square pixels.

        `path`: a file of this machine, or the address of a `probe.bridge.Bridge`. `curve`: of an HDR
        film, which is toned down by it.

        Raises: ProbeTimeout, ProbeCrashed, ProbeError if the file gives none; ToolMissing
            without PyAV and without ffmpeg.
        """
        wanted = _scaling(width, height)
        table = None
        if curve is not None:
            table = await asyncio.to_thread(self._tables.path, curve)
        async with self._turns:
            try:
                return _read(await self._by_pyav(path, at, wanted, table))
            except _NoDecoder:
                return _read(await self._by_ffmpeg(path, at, wanted, table))
            except ProbeTimeout:
                raise ProbeTimeout(f"No picture came within {self._seconds:.3g} seconds.") from None

    async def _by_pyav(self, path: bytes, at: float, wanted: str, table: str | None) -> Finished:
        module = frame_child.__name__
        command: list[str | bytes] = [sys.executable, "-P", "-m", module, path, f"{at:.3f}", wanted]
        command += [table] if table else []
        done = await run(command, seconds=self._seconds)
        if done.code == frame_child.NO_DECODER:
            raise _NoDecoder
        return done

    async def _by_ffmpeg(self, path: bytes, at: float, wanted: str, table: str | None) -> Finished:
        try:
            program = find_tool("ffmpeg", self._ffmpeg)
        except ToolMissing as error:
            raise ToolMissing(f"No frames without a decoder: {error}") from error
        begin: list[str | bytes] = [program, "-v", "error", "-nostdin", "-ss", f"{at:.3f}"]
        filters = ",".join([*(lookup(table, wanted) if table else [f"scale={wanted}"]), "format=rgb24"])
        end = ["-map", "V:0", "-frames:v", "1", "-vf", filters]
        return await run(
            [
                *begin,
                "-i",
                path if path.startswith(BRIDGED) else b"file:" + path,
                *end,
                "-f",
                "image2pipe",
                "-c:v",
                "ppm",
                "-",
            ],
            seconds=self._seconds,
        )


class _NoDecoder(Exception):
    """PyAV is not there, or cannot decode this."""


def _scaling(width: int, height: int) -> str:
    """Return the options of ffmpeg's scale filter: the shape is kept, pixels become square."""
    return f"w='max(1,trunc(min({width},{height}*dar)))':h='max(1,trunc(min({height},{width}/dar)))'"


def _read(done: Finished) -> Picture:
    """Return the PPM that a program wrote."""
    if (signal := done.crashed) is not None:
        raise ProbeCrashed(f"No picture: the decoder died of this file ({signal}).")
    head = _HEAD.match(done.stdout)
    if done.code != 0 or head is None:
        said = os.fsdecode(done.stderr).strip().splitlines()
        raise ProbeError(f"No picture: {said[-1] if said else 'it ends before that minute'}.")
    try:
        return Picture(int(head[1]), int(head[2]), done.stdout[head.end() :])
    except ValueError as error:
        raise ProbeError("No picture: the decoder gave only a part of it.") from error
