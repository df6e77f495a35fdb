"""The demo library's ffmpeg command lines and small texts; pure functions of the table."""

from __future__ import annotations

import hashlib
import math
import zlib
from pathlib import Path

from mediavault_tui.domain.model import Hdr
from mediavault_tui.services.demo.library import (
    AGAIN,
    BESIDE,
    FILMS,
    Beside,
    Film,
    Picture,
    Sound,
    Text,
    What,
)

FRAME_RATE = 24
"""Of every demo picture, in frames a second."""

_LOOP = 12
"""Frames encoded of a picture, 4K apart; the film repeats them."""

_LOOP_4K = 6

_SOUND_SECONDS = 8
"""Seconds encoded of a track; the film repeats them too."""

_QUIET = ["-hide_banner", "-v", "error", "-nostdin", "-y"]
_ISO_639_2 = {"en": "eng", "fr": "fre", "de": "ger", "ja": "jpn"}
# MP4 packs only the terminological codes' letters, and that is what players expect of it.
_ISO_639_2_T = {**_ISO_639_2, "fr": "fra", "de": "deu"}
_FORMATS = {
    ".mkv": "matroska",
    ".mp4": "mp4",
    ".m4v": "mp4",
    ".webm": "webm",
    ".avi": "avi",
    ".ts": "mpegts",
}
_TRANSFER = {Hdr.HDR10: "smpte2084", Hdr.HLG: "arib-std-b67"}
_MASTERING = "mastering-display=G(0.265,0.69)B(0.15,0.06)R(0.68,0.32)WP(0.3127,0.329)L(1000,0.005)"
_TONES = {None: 180, "en": 220, "fr": 262, "de": 330, "ja": 392}
"""Hertz: a dub must not sound like the original."""

_WORDS = {
    "en": ("It is late.", "The lamp is still burning.", "Then someone is awake."),
    "fr": ("Il est tard.", "La lampe brûle encore.", "Alors quelqu'un veille."),
    "de": ("Es ist spät.", "Die Lampe brennt noch.", "Dann ist jemand wach."),
    "ja": ("もう遅い。", "明かりがまだ点いている。", "誰か起きているんだ。"),
}


def fingerprint() -> str:
    """Return what changes when the table does; kept in a demo library's marker."""
    return hashlib.sha256(repr((FILMS, AGAIN, BESIDE)).encode()).hexdigest()[:16]


def encode_picture(seed: str, picture: Picture, target: Path) -> list[str]:
    """Return the arguments that encode one loop of a title's picture, key frame first."""
    frames = str(_frames(picture))
    pixels = "yuv420p10le" if picture.hdr else "yuv420p"
    filters = f"scale={picture.width}:{picture.height}:flags=fast_bilinear,setsar=1,format={pixels}"
    if picture.hdr:
        filters += f",setparams=color_primaries=bt2020:color_trc={_TRANSFER[picture.hdr]}:colorspace=bt2020nc"
    return [
        *_QUIET,
        *["-f", "lavfi", "-i", _scene(seed), "-frames:v", frames],
        *["-vf", filters, "-g", frames, *_ENCODERS[picture.codec]],
        *(["-svtav1-params", _av1_parameters(picture)] if picture.codec == "av1" else []),
        *["-flags:v", "+bitexact", "-fflags", "+bitexact", str(target)],
    ]


def _frames(picture: Picture) -> int:
    return _LOOP_4K if picture.width >= 3840 else _LOOP


_ENCODERS = {
    "h264": ["-c:v", "libx264", "-preset", "ultrafast", "-crf", "31"],
    "hevc": [
        *["-c:v", "libx265", "-preset", "ultrafast", "-crf", "26"],
        *["-x265-params", "log-level=none:bframes=0:scenecut=0:info=0", "-tag:v", "hvc1"],
    ],
    "av1": ["-c:v", "libsvtav1", "-preset", "12", "-crf", "30"],
    "vp9": [
        *["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "1M"],
        *["-auto-alt-ref", "0", "-lag-in-frames", "0"],
    ],
    "mpeg4": ["-c:v", "mpeg4", "-q:v", "16"],
}


def _av1_parameters(picture: Picture) -> str:
    """Low delay, so that no hidden frame refers past the loop; HDR10 carries its static metadata."""
    low_delay = "pred-struct=1"
    if picture.hdr is Hdr.HDR10:
        return f"{low_delay}:{_MASTERING}:content-light=1000,400"
    return low_delay


def _scene(seed: str) -> str:
    """Return a small moving picture that differs from title to title."""
    number = zlib.crc32(seed.encode())
    size = f"s=320x180:r={FRAME_RATE}"
    match number % 3:
        case 0:
            return f"gradients={size}:seed={number % 99991}:n=5:speed=0.05"
        case 1:
            x, y = -0.7436 + number % 97 / 4000, -0.1318 + number % 89 / 4000
            return f"mandelbrot={size}:start_x={x:.6f}:start_y={y:.6f}:start_scale=0.2:maxiter=400"
        case _:
            return f"testsrc2={size},hue=h={number % 360}"


def encode_sound(sound: Sound, target: Path) -> list[str]:
    """Return the arguments that encode one loop of a track."""
    tone = _TONES[sound.language] + (55 if sound.commentary else 0)
    codec = {
        "aac": ["aac", "-b:a", "96k", "-aac_coder", "fast"],
        "ac3": ["ac3", "-b:a", "384k"],
        "flac": ["flac"],
        "mp3": ["libmp3lame", "-b:a", "128k"],
        "opus": ["libopus", "-b:a", "64k"],
    }[sound.codec]
    return [
        *_QUIET,
        *["-f", "lavfi", "-i", f"sine=frequency={tone}:sample_rate=48000:duration={_SOUND_SECONDS}"],
        *["-ac", str(sound.channels), "-c:a", *codec],
        *["-flags:a", "+bitexact", "-fflags", "+bitexact", str(target)],
    ]


def mux(film: Film, picture: Path, sounds: list[Path], scratch: Path, target: Path) -> list[str]:
    """Return the arguments that put a film together, copying every picture and sound.

    Writes the small texts that it needs (subtitles, chapters) into `scratch`.
    """
    again = math.ceil(film.seconds * FRAME_RATE / _frames(film.picture)) - 1
    inputs = ["-stream_loop", str(again), "-i", str(picture)]
    again = math.ceil(film.seconds / _SOUND_SECONDS) - 1
    for path in sounds:
        inputs += ["-stream_loop", str(again), "-i", str(path)]
    for text in film.texts:
        source = scratch / f"{target.stem}.{text.language}.srt"
        source.write_text(subtitles(text.language), "utf-8")
        inputs += ["-i", str(source)]
    maps = [word for n in range(1 + len(sounds) + len(film.texts)) for word in ("-map", str(n))]
    if film.cover:
        inputs += ["-f", "lavfi", "-i", f"{_scene(film.seed)},trim=end_frame=1,scale=160:240,format=yuvj420p"]
        maps += ["-map", str(1 + len(sounds) + len(film.texts))]
        maps += ["-c:v:1", "mjpeg", "-disposition:v:1", "attached_pic"]
    chapters = len(sounds) + len(film.texts) + 1 + film.cover
    if film.chapters:
        listing = scratch / f"{target.stem}.ffmetadata"
        listing.write_text(_chapters(film), "utf-8")
        inputs += ["-f", "ffmetadata", "-i", str(listing)]
    return [
        *_QUIET,
        *inputs,
        *maps,
        *["-map_metadata", "-1", "-map_chapters", str(chapters) if film.chapters else "-1"],
        *["-c:v:0", "copy", "-c:a", "copy", *_tags(film, target.suffix)],
        *["-t", str(film.seconds), "-fflags", "+bitexact"],
        *["-f", _FORMATS[target.suffix], str(target)],
    ]


def _tags(film: Film, suffix: str) -> list[str]:
    """Return codecs of subtitles, languages, titles and dispositions of every track."""
    codes = _ISO_639_2_T if _FORMATS[suffix] == "mp4" else _ISO_639_2
    words: list[str] = []
    for n, sound in enumerate(film.sounds):
        flags = [flag for flag, on in (("default", n == 0), ("comment", sound.commentary)) if on]
        words += [f"-disposition:a:{n}", "+".join(flags) or "0"]
        if sound.language:
            words += [f"-metadata:s:a:{n}", f"language={codes[sound.language]}"]
        if sound.title:
            words += [f"-metadata:s:a:{n}", f"title={sound.title}"]
    for n, text in enumerate(film.texts):
        words += [f"-c:s:{n}", text.codec, f"-disposition:s:{n}", _flags(text)]
        words += [f"-metadata:s:s:{n}", f"language={codes[text.language]}"]
    if suffix == ".avi":
        # AVI counts frames: without a rate the copied time base would become one.
        words += ["-tag:v", "XVID", "-r", str(FRAME_RATE)]
    return words


def _flags(text: Text) -> str:
    flags = [f for f, on in (("forced", text.forced), ("hearing_impaired", text.hearing_impaired)) if on]
    return "+".join(flags) or "0"


def _chapters(film: Film) -> str:
    length = film.seconds * 1000 // film.chapters
    return ";FFMETADATA1\n" + "".join(
        f"[CHAPTER]\nTIMEBASE=1/1000\nSTART={n * length}\nEND={(n + 1) * length}\ntitle=Reel {n + 1}\n"
        for n in range(film.chapters)
    )


def subtitles(language: str) -> str:
    """Return a short SubRip file in that language."""
    return "".join(
        f"{n}\n00:00:{4 * n - 3:02},000 --> 00:00:{4 * n:02},000\n{line}\n\n"
        for n, line in enumerate(_WORDS[language], 1)
    )


def artwork(path: str, target: Path) -> list[str]:
    """Return the arguments that draw one JPEG, upright for a poster."""
    shape = "200:300" if path.endswith("-poster.jpg") else "320:180"
    scene = f"{_scene(path)},scale={shape},format=yuvj420p"
    return [
        *_QUIET,
        "-f",
        "lavfi",
        "-i",
        scene,
        "-frames:v",
        "1",
        "-update",
        "1",
        "-f",
        "image2",
        str(target),
    ]


def text(entry: Beside) -> str:
    """Return the content of a file beside the films that is plain text."""
    match entry.what:
        case What.SUBTITLE:
            return subtitles("en")
        case What.NFO:
            title = Path(entry.path).stem
            return f'<?xml version="1.0" encoding="UTF-8"?>\n<movie><title>{title}</title></movie>\n'
        case What.SOURCE_CODE:
            return (
                "// TypeScript, not a transport stream: a NAS that holds projects is full of these.\n"
                "export interface Channel {\n  readonly id: number;\n  readonly name: string;\n}\n\n"
                "export function byName(channels: readonly Channel[]): Map<string, Channel> {\n"
                "  return new Map(channels.map((channel) => [channel.name, channel]));\n}\n"
            )
        case What.ARTWORK:
            raise ValueError(f"{entry.path} is drawn, not written")
