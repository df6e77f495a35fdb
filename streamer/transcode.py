"""Films made playable while they are watched: ffmpeg writes fragmented MP4, from any second on.

One conversion is one answer: ffmpeg runs while its client reads, waits while it does not, and is
killed when the client leaves, seeks elsewhere or is silent for too long. Nothing is written to a
disk, so there is no cache to bound; should the sidecar itself be killed, ffmpeg dies of its
closed pipe. Times are the film's own plus `OFFSET`, so that none is below zero.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Literal

from mediavault_tui.errors import ProbeError, ToolMissing
from mediavault_tui.probe.process import run

OFFSET = 10
"""Seconds added to every time: what is decoded before a picture is shown begins before its time."""

CHUNK = 128 * 1024
"""Bytes handed on at once, at most."""

_LARGEST = 1920
"""Pixels of width; a larger picture is made smaller, for it is encoded in real time."""

_QUESTION = 20.0
"""Seconds for ffmpeg to say what it can."""

_PQ = "zscale=t=linear:npl=100,format=gbrpf32le,zscale=p=bt709,tonemap=hable,zscale=t=bt709:m=bt709:r=tv"
_BT709 = "out_transfer=bt709:out_primaries=bt709:out_color_matrix=bt709:out_range=tv"


@dataclass(frozen=True, slots=True)
class Abilities:
    """What this ffmpeg can: builds differ in what they leave out."""

    undecodable: frozenset[str]
    tone: Literal["scale", "zscale"] | None
    """The filter that turns HDR into SDR."""


async def abilities(ffmpeg: str) -> Abilities:
    """Ask ffmpeg what it can. Raises: ToolMissing, ProbeTimeout."""
    decoders, scale, filters = await asyncio.gather(
        run([ffmpeg, "-hide_banner", "-decoders"], seconds=_QUESTION),
        run([ffmpeg, "-hide_banner", "-h", "filter=scale"], seconds=_QUESTION),
        run([ffmpeg, "-hide_banner", "-filters"], seconds=_QUESTION),
    )
    known = {line.split()[1] for line in decoders.stdout.decode().splitlines() if len(line.split()) > 1}
    # The decoder named av1 only drives hardware.
    missing = set() if known & {"libdav1d", "libaom-av1", "libgav1"} else {"av1"}
    missing |= {codec for codec in ("hevc", "vc1", "dca", "truehd") if codec not in known}
    tone: Literal["scale", "zscale"] | None = None
    if b"out_transfer" in scale.stdout:
        tone = "scale"
    elif b" zscale " in filters.stdout:
        tone = "zscale"
    return Abilities(frozenset("dts" if codec == "dca" else codec for codec in missing), tone)


@dataclass(frozen=True, slots=True)
class Conversion:
    """What is made of a film. `start`: seconds; `audio`: the place among its sound tracks."""

    start: float
    picture: Literal["copy", "h264"]
    sound: Literal["copy", "aac"] | None
    audio: int = 0
    hevc: bool = False
    """The copied picture is HEVC, which MP4 has two names for and browsers know one of."""
    hdr: bool = False


def arguments(ffmpeg: str, address: str, wanted: Conversion, able: Abilities) -> list[str]:
    """Return the command line that writes the film from `start` on to standard output.

    `address`: what ffmpeg opens, e.g. `file:/dev/fd/9` or an http one.
    """
    words = [ffmpeg, "-hide_banner", "-v", "error", "-nostdin"]
    if wanted.start > 0:
        words += ["-ss", f"{wanted.start:.3f}"]
    words += ["-copyts", "-start_at_zero", "-i", address, "-map", "0:V:0"]
    if wanted.sound is not None:
        words += ["-map", f"0:a:{wanted.audio}"]
    words += ["-map_metadata", "-1", "-map_chapters", "-1"]
    if wanted.picture == "copy":
        words += ["-c:v", "copy", *(["-tag:v", "hvc1"] if wanted.hevc else [])]
    else:
        words += ["-vf", _filters(wanted, able), *_ENCODER]
    if wanted.sound == "copy":
        words += ["-c:a", "copy"]
    elif wanted.sound == "aac":
        words += ["-c:a", "aac", "-ac", "2", "-b:a", "160k", "-af", "aresample=async=1"]
    return [
        *words,
        *[
            "-avoid_negative_ts",
            "disabled",
            "-output_ts_offset",
            str(OFFSET),
            "-max_muxing_queue_size",
            "4096",
        ],
        *["-use_editlist", "0", "-frag_duration", "1000000"],
        *["-movflags", "+empty_moov+default_base_moof+frag_discont+frag_keyframe"],
        *["-f", "mp4", "pipe:1"],
    ]


_ENCODER = [
    *["-c:v", "libx264", "-preset", "veryfast", "-crf", "21", "-maxrate", "10M", "-bufsize", "20M"],
    *["-profile:v", "high", "-pix_fmt", "yuv420p", "-force_key_frames", "expr:gte(t,n_forced*2)"],
]


def _filters(wanted: Conversion, able: Abilities) -> str:
    """Return the picture's filters: woven fields apart, square pixels, no larger than Full HD, SDR."""
    wide = "iw*if(gt(sar,0),sar,1)"
    size = f"w='min({_LARGEST},2*trunc({wide}/2))':h='2*trunc(ih*min(1,{_LARGEST}/({wide}))/2)'"
    tone = able.tone if wanted.hdr else None
    scale = f"scale={size}" + (f":{_BT709}" if tone == "scale" else "")
    return ",".join(
        ["bwdif=deint=interlaced", scale, "setsar=1", *([_PQ] if tone == "zscale" else []), "format=yuv420p"]
    )


def still(
    ffmpeg: str, address: str, *, at: float, hdr: bool, able: Abilities, width: int = 1280
) -> list[str]:
    """Return the command line that writes one picture of the film as JPEG."""
    scale = f"scale='min({width},iw*if(gt(sar,0),sar,1))':-2"
    tone = able.tone if hdr else None
    filters = [scale + (f":{_BT709}" if tone == "scale" else ""), *([_PQ] if tone == "zscale" else [])]
    return [
        *[ffmpeg, "-hide_banner", "-v", "error", "-nostdin", "-ss", f"{at:.3f}", "-i", address],
        *["-map", "0:V:0", "-frames:v", "1", "-vf", ",".join([*filters, "format=yuvj420p"])],
        *["-c:v", "mjpeg", "-q:v", "4", "-f", "image2pipe", "pipe:1"],
    ]


def subtitle_text(ffmpeg: str, address: str, place: int) -> list[str]:
    """Return the command line that writes one track of subtitles as WebVTT."""
    return [
        *[ffmpeg, "-hide_banner", "-v", "error", "-nostdin", "-i", address],
        *["-map", f"0:s:{place}", "-c:s", "webvtt", "-f", "webvtt", "pipe:1"],
    ]


class Busy(Exception):
    """As many films as may be are being converted."""


class Running:
    """One ffmpeg at work."""

    def __init__(self, child: asyncio.subprocess.Process) -> None:
        assert child.stdout is not None
        assert child.stderr is not None
        self._child = child
        self._out = child.stdout
        self._complaints = asyncio.ensure_future(_last_words(child.stderr))
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

    def __len__(self) -> int:
        return len(self._running)

    @asynccontextmanager
    async def started(
        self, words: Sequence[str], *, viewer: str, pass_fds: Sequence[int] = ()
    ) -> AsyncIterator[Running]:
        """Yield a running ffmpeg; it is gone when the block ends, however it ends.

        `viewer`: who watches; what ran for the same one before is ended.
        Raises: Busy; ToolMissing if ffmpeg cannot be started.
        """
        if (before := self._running.pop(viewer, None)) is not None:
            before.superseded = True
            before.kill()
        try:
            async with asyncio.timeout(self._queue):
                await self._places.acquire()
        except TimeoutError:
            raise Busy from None
        try:
            running = await _start(words, pass_fds)
            self._running[viewer] = running
            try:
                yield running
            finally:
                if self._running.get(viewer) is running:
                    del self._running[viewer]
                await running.gone()
        finally:
            self._places.release()

    def end(self) -> None:
        """Kill all of them."""
        for running in self._running.values():
            running.kill()


async def collected(words: Sequence[str], *, seconds: float, pass_fds: Sequence[int] = ()) -> bytes:
    """Run a short ffmpeg to its end and return what it wrote.

    Raises: ProbeError if it fails, writes nothing or takes longer than `seconds`.
    """
    running = await _start(words, pass_fds)
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


async def _start(words: Sequence[str], pass_fds: Sequence[int]) -> Running:
    try:
        child = await asyncio.create_subprocess_exec(
            *words,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            pass_fds=tuple(pass_fds),
            limit=2 * CHUNK,
        )
    except OSError as error:
        raise ToolMissing(f"{words[0]} cannot be started ({error.strerror or error})") from error
    return Running(child)


async def _last_words(pipe: asyncio.StreamReader) -> str:
    """Read all that a program complains of and return the end of it."""
    kept = b""
    while part := await pipe.read(4096):
        kept = (kept + part)[-2000:]
    lines = kept.decode("utf-8", "replace").strip().splitlines()
    return lines[-1][:300] if lines else ""
