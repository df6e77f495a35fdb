"""What ffprobe's JSON says of a file, as `MediaInfo`; pure reading, no process.

Keys of tags are compared without case (Matroska upper-cases some) and every number may
be absent, "N/A" or nonsense: containers are written by many hands.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from mediavault_tui.domain.languages import normalise
from mediavault_tui.domain.model import AudioTrack, Hdr, MediaInfo, SubtitleTrack, VideoTrack
from mediavault_tui.errors import ProbeError

Json = Mapping[str, Any]

_STILL = frozenset(["mjpeg", "png", "bmp", "gif", "webp", "tiff"])
_IMAGE_FORMATS = re.compile(r"^(image2|tty|ico|gif|apng|.*_pipe)$")
_DEPTH = re.compile(r"(?:p|gray|gbrap?)(9|10|12|14|16)(?:le|be)$|^p0(10|12|16)(?:le|be)$")
_COMMENTARY = re.compile(r"\bcomment(ary|aries|aires?|s)\b|kommentar|comentario|コメンタリー", re.IGNORECASE)
_SDH = re.compile(
    r"\b(sdh|hoh|cc|closed captions?|hearing[ -]impaired|sourds|malentendants)\b|hörgeschädigt",
    re.IGNORECASE,
)
_FORCED = re.compile(
    r"\b(forced|forcés?|erzwungen|forzad[oa]s?|signs?\W{1,3}(?:and\W)?songs?|songs?\W{1,3}(?:and\W)?signs?|s&s)\b"
    r"|^\W*signs?\b(?!.*\b(?:dialog|full))",
    re.IGNORECASE,
)
"""Also the tracks of anime that hold only signs and songs, which are seldom flagged."""
_HANDLER = re.compile(
    r"handler|core media|iso media|mainconcept|l-smash|bento4|gpac|alias data"
    r"|^(audio|video|sound|subtitles?|text|mono|stereo|surround|und)$",
    re.IGNORECASE,
)
"""Handler names that a writer of MP4 put there, which are nobody's title."""
_FASTEST = 1000.0
"""Frames a second; more is a time base that was mistaken for a rate."""


def media_info(document: Json, *, size: int, suffix: str = "") -> MediaInfo:
    """Read the document of `-show_format -show_streams -show_chapters`.

    `size`: bytes, for the rate where the container does not say one. `suffix` (`.webm`)
    only tells apart containers that share a reader.
    Raises: ProbeError if there is neither picture nor sound in it, or just a still image.
    """
    format_ = _mapping(document.get("format"))
    streams = [_mapping(stream) for stream in _sequence(document.get("streams"))]
    main = main_video(streams)
    sounds = [stream for stream in streams if stream.get("codec_type") == "audio"]
    if main is None and not sounds:
        raise ProbeError("it holds neither picture nor sound")
    if _IMAGE_FORMATS.match(str(format_.get("format_name", ""))):
        raise ProbeError("it is an image or a text, no video")
    duration = _duration(format_, streams)
    return MediaInfo(
        container=_container(format_, suffix),
        duration=duration,
        bit_rate=_whole(format_.get("bit_rate")) or (round(size * 8 / duration) if duration else 0),
        video=_video(main) if main is not None else None,
        audio=tuple(_audio(stream) for stream in sounds),
        subtitles=tuple(_subtitle(stream) for stream in streams if stream.get("codec_type") == "subtitle"),
        chapters=len(_sequence(document.get("chapters"))),
    )


def main_video(streams: Sequence[Json]) -> Json | None:
    """Return the stream that is the film: no cover picture; the default one, else the largest."""
    pictures = [
        stream
        for stream in streams
        if stream.get("codec_type") == "video"
        and not _flag(stream, "attached_pic")
        and not _flag(stream, "timed_thumbnails")
    ]
    return min(
        pictures,
        key=lambda stream: (
            stream.get("codec_name") in _STILL,
            not _flag(stream, "default"),
            -(_whole(stream.get("width")) or 0) * (_whole(stream.get("height")) or 0),
        ),
        default=None,
    )


def first_frame_hdr(document: Json) -> tuple[Hdr, ...]:
    """Return what the first frame's side data adds: HDR10+, or Dolby Vision without a record.

    `document`: of `-show_frames -show_entries frame_side_data` for one frame.
    """
    kinds = [
        str(_mapping(data).get("side_data_type", ""))
        for frame in _sequence(document.get("frames"))
        for data in _sequence(_mapping(frame).get("side_data_list"))
    ]
    found = []
    if any("2094-40" in kind or "HDR10+" in kind for kind in kinds):
        found.append(Hdr.HDR10_PLUS)
    if any("Dolby Vision" in kind for kind in kinds):
        found.append(Hdr.DOLBY_VISION)
    return tuple(found)


def is_pq(stream: Json) -> bool:
    """Whether a stream is in SMPTE ST 2084, so that its frames may carry HDR10+."""
    return stream.get("color_transfer") == "smpte2084"


def _video(stream: Json) -> VideoTrack:
    hdr, dolby_vision_profile = _hdr(stream)
    return VideoTrack(
        codec=str(stream.get("codec_name") or "unknown"),
        width=_whole(stream.get("width")) or 0,
        height=_whole(stream.get("height")) or 0,
        frame_rate=_rate(stream.get("avg_frame_rate")) or _rate(stream.get("r_frame_rate")),
        bit_rate=_track_rate(stream),
        profile=_text(stream.get("profile")),
        bit_depth=_bit_depth(stream),
        hdr=hdr,
        dolby_vision_profile=dolby_vision_profile,
    )


def _hdr(stream: Json) -> tuple[tuple[Hdr, ...], int | None]:
    """Return the kinds that the stream itself signals, and Dolby Vision's profile."""
    found = []
    if is_pq(stream) and stream.get("color_primaries") == "bt2020":
        found.append(Hdr.HDR10)
    if stream.get("color_transfer") == "arib-std-b67":
        found.append(Hdr.HLG)
    profile = None
    for data in map(_mapping, _sequence(stream.get("side_data_list"))):
        if data.get("side_data_type") == "DOVI configuration record":
            found.append(Hdr.DOLBY_VISION)
            profile = _whole(data.get("dv_profile"))
    if Hdr.DOLBY_VISION not in found and stream.get("codec_tag_string") in ("dvh1", "dvhe", "dav1", "dva1"):
        found.append(Hdr.DOLBY_VISION)
    return tuple(found), profile


def _audio(stream: Json) -> AudioTrack:
    title = _title(stream)
    return AudioTrack(
        codec=str(stream.get("codec_name") or "unknown"),
        channels=_whole(stream.get("channels")) or 0,
        layout=_text(stream.get("channel_layout")),
        language=normalise(_tag(stream, "language")),
        profile=_text(stream.get("profile")),
        bit_rate=_track_rate(stream),
        title=title,
        commentary=_flag(stream, "comment") or bool(title and _COMMENTARY.search(title)),
        default=_flag(stream, "default"),
    )


def _subtitle(stream: Json) -> SubtitleTrack:
    title = _title(stream)
    return SubtitleTrack(
        codec=str(stream.get("codec_name") or "unknown"),
        language=normalise(_tag(stream, "language")),
        forced=_flag(stream, "forced") or bool(title and _FORCED.search(title)),
        hearing_impaired=_flag(stream, "hearing_impaired") or bool(title and _SDH.search(title)),
        title=title,
    )


def _container(format_: Json, suffix: str) -> str:
    """Return one name where ffprobe lists all that its reader knows ("mov,mp4,m4a,…")."""
    names = str(format_.get("format_name") or "unknown").split(",")
    if "matroska" in names:
        return "webm" if suffix.lower() == ".webm" else "matroska"
    if "mp4" in names:
        return "mov" if str(_tag(format_, "major_brand") or "").startswith("qt") else "mp4"
    return names[0]


def _duration(format_: Json, streams: Sequence[Json]) -> float:
    """Return seconds; the longest stream where the container itself does not say."""
    whole = _number(format_.get("duration"))
    if whole > 0:
        return whole
    lengths = [max(_number(s.get("duration")), _clock(_tag(s, "duration"))) for s in streams]
    return max(lengths, default=0.0)


def _bit_depth(stream: Json) -> int:
    if found := _DEPTH.search(str(stream.get("pix_fmt") or "")):
        return int(found[1] or found[2])
    raw = _whole(stream.get("bits_per_raw_sample"))
    return raw if raw and 8 <= raw <= 16 and not stream.get("pix_fmt") else 8


def _track_rate(stream: Json) -> int | None:
    """Return bit/s of one track: its own, else mkvmerge's statistics."""
    for value in (stream.get("bit_rate"), _tag(stream, "bps"), _tag(stream, "bps-eng")):
        if rate := _whole(value):
            return rate
    return None


def _title(stream: Json) -> str | None:
    """Return the track's title; an MP4's handler name only where a person wrote it."""
    for key in ("title", "name"):
        if title := _text(_tag(stream, key)):
            return title
    handler = _text(_tag(stream, "handler_name"))
    return handler if handler and not _HANDLER.search(handler) else None


def _tag(holder: Json, key: str) -> str | None:
    for name, value in _mapping(holder.get("tags")).items():
        if name.casefold() == key:
            return str(value)
    return None


def _flag(stream: Json, name: str) -> bool:
    return bool(_whole(_mapping(stream.get("disposition")).get(name)))


def _text(value: object) -> str | None:
    text = str(value).strip() if value is not None else ""
    return text if text and text.casefold() != "unknown" else None


def _number(value: object) -> float:
    """Return a finite number of at least 0; 0 for anything else."""
    try:
        number = float(str(value))
    except ValueError:
        return 0.0
    return number if math.isfinite(number) and number > 0 else 0.0


def _whole(value: object) -> int | None:
    number = _number(value)
    return int(number) if number else None


def _rate(value: object) -> float:
    """Read `24000/1001`; 0 where there is none or it cannot be one."""
    above, _, below = str(value).partition("/")
    denominator = _number(below or "1")
    rate = _number(above) / denominator if denominator else 0.0
    return round(rate, 3) if rate <= _FASTEST else 0.0


def _clock(value: str | None) -> float:
    """Read Matroska's `00:00:24.041000000`."""
    parts = (value or "").split(":")
    if len(parts) != 3:
        return 0.0
    hours, minutes, seconds = map(_number, parts)
    return hours * 3600 + minutes * 60 + seconds


def _mapping(value: object) -> Json:
    return value if isinstance(value, Mapping) else {}


def _sequence(value: object) -> Sequence[Any]:
    return value if isinstance(value, list) else ()
