"""Ask ffprobe what a file is: in bounded numbers, each within a deadline, never an orphan.

ffmpeg-python builds the command lines; its own `probe` has no time-out and leaves its
process behind, so the programs run through `probe.process`.
"""

from __future__ import annotations

import asyncio
import copy
import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import ffmpeg

from mediavault_tui.domain.model import Hdr, MediaInfo
from mediavault_tui.domain.pathtext import display
from mediavault_tui.errors import (
    ProbeCrashed,
    ProbeError,
    ProbeTimeout,
    SourceDenied,
    SourceMissing,
)
from mediavault_tui.probe import streams
from mediavault_tui.probe.process import Finished, run

_GIB = 1 << 30
_UNREAD = 65536
"""Bytes that may wait in a program's connection to a bridge; the system's own measure grows to megabytes."""
_A_FEW = 5
"""Frames of picture and sound that prove a film far away to be decodable."""
_PLACE = "the file"
"""Stands for the path while ffmpeg-python builds: it cannot hash a name that is not UTF-8."""
_SPEAKER = re.compile(r"^(?:\[[^\]]*\] )+")
"""`[mov,mp4,m4a @ 0x55…] ` before a message."""
_NOTHING_SAID = ("Invalid data found when processing input", "Error opening input", "Conversion failed!")


def deadline(size: int) -> float:
    """Return the seconds that one question about a file of `size` bytes may take.

    Generous, because a NAS may have to spin up; a healthy file answers in milliseconds.
    """
    return min(20.0 + 2.0 * size / _GIB, 120.0)


class Prober:
    """Runs ffprobe (and ffmpeg, for the health check); at most `workers` processes at once."""

    def __init__(
        self, *, ffprobe: str, ffmpeg: str, workers: int, deadline: Callable[[int], float] = deadline
    ) -> None:
        self._ffprobe = ffprobe
        self._ffmpeg = ffmpeg
        self._turns = asyncio.Semaphore(max(1, workers))
        self._deadline = deadline
        self.undecodable: set[str] = set()
        """Video codecs that this ffmpeg turned out to have no decoder for (`probe.health`)."""
        self._given: bytes | None = None

    def at(self, address: str) -> Prober:
        """Return this prober for one file that is read at `address` (`probe.bridge`).

        Turns and what is known of decoders are shared; a path is then only a name.
        """
        other = copy.copy(self)
        other._given = os.fsencode(address)
        return other

    @property
    def _reading(self) -> dict[str, Any]:
        """Options of an input that keep what is sent and never looked at small, behind a bridge."""
        return {} if self._given is None else {"recv_buffer_size": _UNREAD}

    def _address(self, path: bytes) -> bytes:
        return _address(path) if self._given is None else self._given

    async def probe(self, path: bytes, *, size: int) -> MediaInfo:
        """Return what the file says of itself; one process, a second one only for PQ pictures.

        Raises: ProbeTimeout after the deadline; ProbeCrashed if ffprobe died of a signal
            (both: quarantine the file); ProbeError if it is no readable video;
            SourceMissing or SourceDenied if it cannot be opened at all.
        """
        document = await self.ask(path, size=size, show_format=None, show_streams=None, show_chapters=None)
        try:
            info = streams.media_info(document, size=size, suffix=os.path.splitext(os.fsdecode(path))[1])
        except ProbeError as error:
            raise ProbeError(f"{display(path)} is no video: {error}") from None
        main = streams.main_video(document.get("streams", []))
        if info.video is not None and main is not None and streams.is_pq(main):
            more = await self._first_frame(path, size, int(main["index"]))
            kinds = {*info.video.hdr, *more}
            video = replace(info.video, hdr=tuple(kind for kind in Hdr if kind in kinds))
            info = replace(info, video=video)
        return info

    async def _first_frame(self, path: bytes, size: int, index: int) -> tuple[Hdr, ...]:
        """Look for dynamic metadata in one frame; without a decoder there is none to be seen."""
        try:
            document = await self.ask(
                path,
                size=size,
                select_streams=index,
                read_intervals="%+#1",
                show_frames=None,
                show_entries="frame=pts:frame_side_data",
            )
        except (ProbeTimeout, ProbeCrashed):
            raise
        except ProbeError:
            return ()
        return streams.first_frame_hdr(document)

    async def ask(self, path: bytes, *, size: int, **options: object) -> Mapping[str, Any]:
        """Run ffprobe with these options and return its JSON; raises as `probe` does."""
        options = {**self._reading, **options}
        whole = ffmpeg.input(_PLACE, v="error", of="json", **options).output("-").compile(cmd=self._ffprobe)
        finished = await self.run([*whole[:-2], self._address(path)], path, size=size)
        if finished.code != 0:
            if self._given is None:
                await asyncio.to_thread(_look, path)
            raise ProbeError(f"{display(path)} is no readable video: {last_words(finished.stderr)}")
        try:
            document = json.loads(finished.stdout.decode("utf-8", "replace"))
        except ValueError as error:
            raise ProbeError(f"{display(path)}: ffprobe's answer is no JSON ({error})") from error
        if not isinstance(document, dict):
            raise ProbeError(f"{display(path)}: ffprobe's answer is no JSON object")
        return document

    async def decode(
        self, path: bytes, windows: Sequence[tuple[float, float]], *, size: int, tracks: Sequence[str]
    ) -> Finished:
        """Decode `tracks` (`V:0`, `a:0`) in windows (start, length in s); one line a frame on stdout.

        The lines are framecrc's: the number of the track (window by window) and a comma first.
        """
        inputs = [_window(start, length, **self._reading) for start, length in windows]
        return await self._frames(path, [window[track] for window in inputs for track in tracks], size)

    async def decode_from_key_frame(self, path: bytes, window: tuple[float, float], *, size: int) -> Finished:
        """Decode the picture from the key frame before a window on, where any file has one."""
        picture = _window(*window, noaccurate_seek=None, **self._reading)["V:0"]
        # Times before the window are negative, and negative frames would be dropped again.
        return await self._frames(path, [picture.filter("setpts", "PTS-STARTPTS")], size)

    async def decode_a_little(
        self, path: bytes, windows: Sequence[tuple[float, float]], *, size: int, tracks: Sequence[str]
    ) -> Finished:
        """Do what `decode` does, but only a few frames, from the key frame before each window on.

        For a file that is far away: what lies between that frame and the window is not read.
        """
        inputs = [_window(start, length, noaccurate_seek=None, **self._reading) for start, length in windows]
        pieces = [
            window[track].filter("asetpts" if track.startswith("a") else "setpts", "PTS-STARTPTS")
            for window in inputs
            for track in tracks
        ]
        return await self._frames(path, pieces, size, **{"frames:v": _A_FEW, "frames:a": _A_FEW})

    async def _frames(self, path: bytes, pieces: list[Any], size: int, **limits: int) -> Finished:
        # wrapped_avframe hands the decoded picture on without copying it: half the time.
        whole = (
            ffmpeg.output(*pieces, "-", f="framecrc", **{"c:v": "wrapped_avframe"}, **limits)
            .global_args("-v", "error", "-nostdin")
            .compile(cmd=self._ffmpeg)
        )
        return await self.run(
            [self._address(path) if word == _PLACE else word for word in whole], path, size=size
        )

    async def run(self, arguments: list[str | bytes], path: bytes, *, size: int) -> Finished:
        """Run one program about `path` when there is a free turn; raises ProbeTimeout, ProbeCrashed."""
        async with self._turns:
            try:
                finished = await run(arguments, seconds=self._deadline(size))
            except ProbeTimeout as error:
                raise ProbeTimeout(f"{display(path)} gives {error}") from error
        if finished.crashed:
            name = os.path.basename(os.fsdecode(arguments[0]))
            raise ProbeCrashed(f"{display(path)} makes {name} crash ({finished.crashed})")
        return finished


def _window(start: float, length: float, **options: object) -> Any:
    return ffmpeg.input(_PLACE, threads=1, ss=f"{start:.3f}", t=f"{length:.3f}", **options)


def last_words(stderr: bytes) -> str:
    """Return the last line that says something, without the speaker's name and address."""
    lines = [_SPEAKER.sub("", line).strip() for line in stderr.decode("utf-8", "replace").splitlines()]
    lines = [line for line in lines if line]
    telling = [line for line in lines if not any(phrase in line for phrase in _NOTHING_SAID)]
    if telling:
        return telling[-1]
    return "its content is damaged or of another kind" if lines else "no reason given"


def _address(path: bytes) -> bytes:
    """`file:` keeps a name that begins with `-` from being an option, and one with `:` from being a URL."""
    return b"file:" + path


def _look(path: bytes) -> None:
    """Raise the plain reason if the file cannot be opened at all."""
    try:
        os.close(os.open(path, os.O_RDONLY | os.O_NONBLOCK))
    except FileNotFoundError as error:
        raise SourceMissing(f"{display(path)} is not there any more") from error
    except PermissionError as error:
        raise SourceDenied(f"{display(path)} may not be read") from error
    except OSError as error:
        raise ProbeError(f"{display(path)} cannot be read ({error.strerror})") from error
