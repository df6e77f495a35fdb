"""The quick health check: is the file whole, and can its beginning, middle and end be decoded?

Three looks, each reading little: the sizes in the container's headers, the last packets
against the container's length, and a second of picture and sound at three places. A
missing decoder is never held against a file; neither is sound shorter than the picture.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mediavault_tui.domain.measures import clock
from mediavault_tui.domain.model import Health, HealthReport, MediaInfo
from mediavault_tui.errors import ProbeCrashed, ProbeError, ProbeTimeout
from mediavault_tui.probe.endings import cut_short
from mediavault_tui.probe.ffprobe import Prober, last_words
from mediavault_tui.probe.process import Finished

_TAIL = 10.0
"""Seconds before the end that are looked at for the last packets."""
_FAR_TAIL = 1.0
"""The same, where bytes are dear; only if that shows nothing, as much as above."""
_LITTLE = 64 * 1024 * 1024
"""Up to this size a file may be read through, however far it is."""
_LENGTH_KNOWN = frozenset(("matroska", "webm", "mp4", "mov", "flv", "asf"))
"""Containers that store their length; for others ffprobe computes it from what is there."""
_WINDOW = 1.0
"""Seconds decoded at each of the three places."""
_STREAMS = frozenset(("mpegts", "mpeg"))
"""Containers without an index: reading may begin between key frames, where errors are no fault."""
_STREAM_WINDOW = 3.0
_PICTURE = "V:0"
"""ffmpeg's name of the first picture that is no cover."""
_SOUND = "a:0"
_TOO_MANY_ERRORS = 69
"""ffmpeg's exit code when over two thirds of the packets could not be decoded."""
_NO_DECODER = re.compile(
    r"Decoder .*not found|Function not implemented|hardware accelerated|Decoding requested, but no decoder"
)


async def check(
    prober: Prober,
    path: bytes,
    info: MediaInfo,
    *,
    size: int | None = None,
    cut: Callable[[bytes], str | None] = cut_short,
    far: bool = False,
) -> HealthReport:
    """Judge one file that `prober.probe` has described; `size` in bytes sets the deadline.

    `cut` looks for a cut in the container's sizes, where the file is not on this machine. `far`: its
    bytes are dear, so the same places are looked at with as few of them as will do.

    Returns: HEALTHY, with a reason only if the picture could not be decoded here and the packets alone
        were judged, or nothing says how long it should be; BROKEN with the reason in one sentence.
    Raises: ProbeTimeout and ProbeCrashed, for which the caller quarantines the file;
        SourceMissing and SourceDenied if it cannot be opened any more.
    """
    if size is None:
        size = round(info.bit_rate * info.duration / 8)
    try:
        missing = await asyncio.to_thread(cut, path)
        if missing is None:
            missing = await _length(_Ends(prober, path, info.duration, size, far), info)
    except OSError as error:
        return _broken(f"it cannot be read ({error.strerror or error})")
    except (ProbeTimeout, ProbeCrashed):
        raise
    except ProbeError as error:
        return _broken(str(error))
    if missing is not None:
        return _broken(f"cut short: {missing}")
    report = await _decodes(prober, path, info, size, far)
    if info.duration <= 0 and report == HealthReport(Health.HEALTHY):
        return HealthReport(Health.HEALTHY, "it does not say how long it runs, so its end may be missing")
    return report


async def _length(look: _Ends, info: MediaInfo) -> str | None:
    """Compare the ends of picture and sound with the length that the container stores."""
    if info.container not in _LENGTH_KNOWN or info.duration <= 0:
        return None
    start, ends = await look.at_the_end()
    allowed = max(2.0, 0.02 * info.duration)
    if max(ends.values(), default=0.0) < info.duration - allowed and start > 0:
        # Perhaps only the seek failed: where does the content really end?
        if look.too_dear and not ends:
            return None  # the sizes of the container were looked at, and what can be decoded will be
        ends = ends if look.too_dear else await look.through()
    reached = max(ends.values(), default=0.0)
    if reached < info.duration - allowed:
        return f"it ends at {clock(reached)} of {clock(info.duration)}"
    picture = ends.get("video", reached if info.video is None else start)
    if info.video is not None and picture < info.duration - max(_TAIL, 0.05 * info.duration):
        return f"the picture stops at {clock(picture)} of {clock(info.duration)}"
    if info.audio and "audio" not in ends and start >= info.duration / 2:
        if look.too_dear:
            return None if await look.sound_in_the_middle() else "the sound stops in its first half"
        sound = (await look.through()).get("audio", 0.0)
        if sound < info.duration / 2:
            return f"the sound stops at {clock(sound)} of {clock(info.duration)}"
    return None


@dataclass(frozen=True, slots=True)
class _Ends:
    """Looks where picture and sound of one file end; `far` with as few bytes as will do."""

    prober: Prober
    path: bytes
    duration: float
    size: int
    far: bool

    @property
    def too_dear(self) -> bool:
        """Whether the file must not be read from one end to the other."""
        return self.far and self.size > _LITTLE

    async def at_the_end(self) -> tuple[float, dict[str, float]]:
        """Return from where on was looked, and the second at which the last packet of each kind ends."""
        start = max(self.duration - (_FAR_TAIL if self.far else _TAIL), 0.0)
        ends = await self._packets(f"{start:.3f}%")
        if self.far and (max(ends.values(), default=0.0) < start or "audio" not in ends):
            # Nothing was there: it may end a little earlier, or be entered a little earlier.
            start = max(self.duration - _TAIL, 0.0)
            ends = await self._packets(f"{start:.3f}%")
        return start, ends

    async def through(self) -> dict[str, float]:
        """Read all packets of the file."""
        return await self._packets(None)

    async def sound_in_the_middle(self) -> bool:
        """Return whether there is sound right after the middle."""
        ends = await self._packets(f"{self.duration / 2:.3f}%+{_TAIL:.0f}")
        return ends.get("audio", 0.0) >= self.duration / 2

    async def _packets(self, interval: str | None) -> dict[str, float]:
        """Return for each kind of track (video, audio, subtitle) the second at which its last packet ends."""
        options = {"read_intervals": interval} if interval else {}
        document = await self.prober.ask(
            self.path,
            size=self.size,
            show_entries="packet=codec_type,pts_time,dts_time,duration_time:format=start_time",
            **options,
        )
        begin = max(_seconds(document.get("format", {}), "start_time") or 0.0, 0.0)
        ends: dict[str, float] = {}
        for packet in document.get("packets", []):
            at = _seconds(packet, "pts_time")
            if at is None:
                at = _seconds(packet, "dts_time")
            if at is not None:
                kind = str(packet.get("codec_type"))
                end = at + (_seconds(packet, "duration_time") or 0.0) - begin
                ends[kind] = max(ends.get(kind, 0.0), end)
        return ends


async def _decodes(prober: Prober, path: bytes, info: MediaInfo, size: int, far: bool) -> HealthReport:
    """Decode at three places; each must give a picture, and one of them sound."""
    tracks = [(_PICTURE, info.video.codec)] if info.video else []
    tracks += [(_SOUND, info.audio[0].codec)] if info.audio else []
    tracks = [(track, codec) for track, codec in tracks if codec not in prober.undecodable]
    windows = _windows(info)
    if tracks:
        names = [track for track, _ in tracks]
        finished = await _decoded(prober, path, info, size, windows, names, far)
        if _lacks_decoder(finished) and await _find_undecodable(prober, path, size, tracks, windows[0]):
            return await _decodes(prober, path, info, size, far)
        if _PICTURE in names:
            reason = await _picture(prober, path, info, size, finished, windows, len(names))
            if reason is not None:
                return _broken(reason)
        sounds = range(len(names) - 1, len(windows) * len(names), len(names))
        if _SOUND in names and not any(_frames(finished)[number] for number in sounds):
            return _broken(f"no sound can be decoded ({last_words(finished.stderr)})")
    if info.video and info.video.codec in prober.undecodable:
        return HealthReport(
            Health.HEALTHY, f"judged by its packets: this ffmpeg has no decoder for {info.video.codec}"
        )
    return HealthReport(Health.HEALTHY)


async def _decoded(
    prober: Prober,
    path: bytes,
    info: MediaInfo,
    size: int,
    windows: list[tuple[float, float]],
    tracks: Sequence[str],
    far: bool,
) -> Finished:
    """Decode the windows; `far`, a few frames of each, if that gives any.

    Without an index errors between key frames are no fault, so there a few frames prove nothing. And one
    track without a frame, sound that ends early, keeps ffmpeg from telling of the others.
    """
    if far and info.container not in _STREAMS:
        finished = await prober.decode_a_little(path, windows, size=size, tracks=tracks)
        if _frames(finished):
            return finished
    return await prober.decode(path, windows, size=size, tracks=tracks)


async def _picture(
    prober: Prober,
    path: bytes,
    info: MediaInfo,
    size: int,
    finished: Finished,
    windows: list[tuple[float, float]],
    tracks: int,
) -> str | None:
    """Return at which window no picture can be decoded, or None.

    A window may rightly hold no frame (slides, a picture that ends before the sound):
    then the frames from the key frame before it count.
    """
    if finished.code == _TOO_MANY_ERRORS and info.container not in _STREAMS:
        return f"most of the picture cannot be decoded ({last_words(finished.stderr)})"
    frames = _frames(finished)
    for number, window in enumerate(windows):
        if not frames[number * tracks]:
            again = await prober.decode_from_key_frame(path, window, size=size)
            if not _frames(again)[0]:
                return f"no picture can be decoded at {clock(window[0])} ({last_words(again.stderr)})"
    return None


async def _find_undecodable(
    prober: Prober,
    path: bytes,
    size: int,
    tracks: list[tuple[str, str]],
    window: tuple[float, float],
) -> bool:
    """Try each track alone; remember the codecs without a decoder here; return whether there are any."""
    found = False
    for track, codec in tracks:
        finished = await prober.decode(path, [window], size=size, tracks=(track,))
        if not _frames(finished) and _lacks_decoder(finished):
            prober.undecodable.add(codec)
            found = True
    return found


def _lacks_decoder(finished: Finished) -> bool:
    return _NO_DECODER.search(finished.stderr.decode("utf-8", "replace")) is not None


def _windows(info: MediaInfo) -> list[tuple[float, float]]:
    """Return (start, length) of the beginning, middle and end; one window for a very short file.

    A stream without an index is entered anywhere, so its windows must reach a key frame.
    """
    length = info.duration
    window = _STREAM_WINDOW if info.container in _STREAMS else _WINDOW
    if length <= 4 * window:
        return [(0.0, max(length, window) + 1.0)]
    return [(0.0, window), (length / 2, window), (length - 1.5 * window, 1.5 * window)]


def _frames(finished: Finished) -> Counter[int]:
    """Count the frames of each output track in framecrc's lines."""
    lines = finished.stdout.splitlines()
    return Counter(int(line.partition(b",")[0]) for line in lines if line[:1].isdigit())


def _broken(reason: str) -> HealthReport:
    return HealthReport(Health.BROKEN, reason)


def _seconds(holder: Mapping[str, Any], key: str) -> float | None:
    try:
        return float(holder[key])
    except (KeyError, ValueError):
        return None
