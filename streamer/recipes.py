"""What ffmpeg is told to do: the command lines that make a film, a picture of it or its subtitles playable.

Films become fragmented MP4, from any second on. Times are the film's own plus `OFFSET`, so that
none is below zero. HDR is toned down by a table of ours where ffmpeg can look up colours, else by
the filters that it has.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Literal

from mediavault_tui.domain.picture import Curve
from mediavault_tui.domain.playback import LARGEST
from mediavault_tui.probe.process import run
from mediavault_tui.probe.tone import lookup

OFFSET = 10
"""Seconds added to every time: what is decoded before a picture is shown begins before its time."""

_UNHURRIED = 1280
"""Pixels of width up to which a smaller picture was asked for because the machine is slow."""

_QUESTION = 20.0
"""Seconds for ffmpeg to say what it can."""

_PQ = "zscale=t=linear:npl=100,format=gbrpf32le,zscale=p=bt709,tonemap=hable,zscale=t=bt709:m=bt709:r=tv"
_BT709 = "out_color_matrix=bt709:out_range=tv"
_JPEG = "out_color_matrix=bt601:out_range=pc"
"""What every reader of JPEG takes its colours for (JFIF)."""


@dataclass(frozen=True, slots=True)
class Abilities:
    """What this ffmpeg can: builds differ in what they leave out."""

    undecodable: frozenset[str]
    tones: tuple[Literal["table", "scale", "zscale"], ...]
    """What turns HDR into SDR, best first."""


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
    tones: list[Literal["table", "scale", "zscale"]] = []
    if b" lut3d " in filters.stdout:
        tones.append("table")
    if b"out_transfer" in scale.stdout:
        tones.append("scale")
    if b" zscale " in filters.stdout:
        tones.append("zscale")
    return Abilities(frozenset("dts" if codec == "dca" else codec for codec in missing), tuple(tones))


@dataclass(frozen=True, slots=True)
class Toning:
    """How HDR is toned down. `table`: the file of colours, for an ffmpeg that looks them up."""

    by: Literal["table", "scale", "zscale"]
    table: str = ""


@dataclass(frozen=True, slots=True)
class Conversion:
    """What is made of a film. `start`: seconds; `audio`: the place among its sound tracks."""

    start: float
    picture: Literal["copy", "h264"]
    sound: Literal["copy", "aac"] | None
    audio: int = 0
    hevc: bool = False
    """The copied picture is HEVC, which MP4 has two names for and browsers know one of."""
    curve: Curve | None = None
    """The curve of HDR; None for SDR."""
    width: int = LARGEST
    """Pixels that a converted picture is wide at most: it is encoded in real time."""


def arguments(ffmpeg: str, address: str, wanted: Conversion, toning: Toning | None) -> list[str]:
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
        words += ["-vf", _filters(wanted, toning), *_encoder(wanted.width)]
    if wanted.sound == "copy":
        words += ["-c:a", "copy"]
    elif wanted.sound == "aac":
        words += ["-c:a", "aac", "-ac", "2", "-b:a", "160k", "-af", "aresample=async=1"]
    return [
        *words,
        *["-avoid_negative_ts", "disabled", "-output_ts_offset", str(OFFSET)],
        *["-max_muxing_queue_size", "4096"],
        *["-use_editlist", "0", "-frag_duration", "1000000"],
        *["-movflags", "+empty_moov+default_base_moof+frag_discont+frag_keyframe"],
        *["-f", "mp4", "pipe:1"],
    ]


def _encoder(width: int) -> list[str]:
    preset = "superfast" if width <= _UNHURRIED else "veryfast"
    return [
        *["-c:v", "libx264", "-preset", preset, "-crf", "21", "-maxrate", "10M", "-bufsize", "20M"],
        *["-profile:v", "high", "-pix_fmt", "yuv420p", "-force_key_frames", "expr:gte(t,n_forced*2)"],
    ]


def _filters(wanted: Conversion, toning: Toning | None) -> str:
    """Return the picture's filters: woven fields apart, square pixels, no larger than asked for, SDR."""
    return ",".join(["bwdif=deint=interlaced", *_shown(wanted.width, toning), "setsar=1", "format=yuv420p"])


def _shown(most: int, toning: Toning | None, *, out: str = "") -> list[str]:
    """Return the filters that make a picture `most` pixels wide at most, its pixels square, and SDR.

    Smaller first: what is not there need not be toned down. `out`: the colours to end in.
    """
    wide = "iw*if(gt(sar,0),sar,1)"
    size = f"w='min({most},2*trunc({wide}/2))':h='2*trunc(ih*min(1,{most}/({wide}))/2)'"
    match toning:
        case None:
            return [f"scale={size}" + (f":{out}" if out else "")]
        case Toning("table", table):
            return [*lookup(table, size), f"scale={out or _BT709}"]
        case Toning("scale"):
            return [f"scale={size}:out_transfer=bt709:out_primaries=bt709:{out or _BT709}"]
        case Toning():
            return [f"scale={size}", _PQ, *([f"scale={out}"] if out else [])]


def still(ffmpeg: str, address: str, *, at: float, toning: Toning | None, width: int = 1280) -> list[str]:
    """Return the command line that writes one picture of the film as JPEG."""
    filters = _shown(width, toning, out=_JPEG)
    return [
        *[ffmpeg, "-hide_banner", "-v", "error", "-nostdin", "-ss", f"{at:.3f}", "-i", address],
        *["-map", "0:V:0", "-frames:v", "1", "-vf", ",".join([*filters, "format=yuvj420p"])],
        *["-c:v", "mjpeg", "-q:v", "4", "-f", "image2pipe", "pipe:1"],
    ]


def subtitle_text(ffmpeg: str, address: str, place: int, *, format: str = "") -> list[str]:
    """Return the command line that writes one track of subtitles as WebVTT.

    `format`: of a file that is nothing but subtitles, in UTF-8, whose name ffmpeg does not see.
    """
    alone = ["-f", format] if format else []
    return [
        *[ffmpeg, "-hide_banner", "-v", "error", "-nostdin", *alone, "-i", address],
        *["-map", f"0:s:{place}", "-c:s", "webvtt", "-f", "webvtt", "pipe:1"],
    ]
