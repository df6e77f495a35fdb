"""What plays where: a file as it is, packed anew, with its sound or its picture converted.

A browser is offered several ways in turn, cheapest first, and takes the first whose `type`
it says it can play: what a computer's own chip decodes (HEVC, AV1) only the browser knows.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Literal

from mediavault_tui.domain.model import AudioTrack, MediaInfo, SubtitleTrack, VideoTrack
from mediavault_tui.domain.picture import curve_of


class Way(StrEnum):
    """How a browser gets a film, cheapest first."""

    DIRECT = "direct"
    """The file's own bytes."""
    PACKED = "packed"
    """The same picture and sound in another container."""
    SOUND = "sound"
    """The same picture; the sound converted."""
    PICTURE = "picture"
    """The picture converted, and the sound where need be."""


@dataclass(frozen=True, slots=True)
class Offer:
    """One way, and the media type by which a browser knows whether it can (RFC 6381)."""

    way: Way
    type: str
    picture: Literal["copy", "h264"] = "copy"
    sound: Literal["copy", "aac"] | None = "copy"
    """None: there is no sound."""


LARGEST = 1920
"""Pixels of width that a converted picture has at most."""

_WIDTHS = (LARGEST, 1280, 960, 640)
_ENOUGH_CORES = 4
"""Processors that convert HDR of Full HD as fast as it is watched."""

_H264 = "avc1.640029, mp4a.40.2"
_SOUNDS: Mapping[str, str] = MappingProxyType(
    {
        "aac": "mp4a.40.2",
        "mp3": "mp4a.6B",
        "opus": "opus",
        "flac": "flac",
        "vorbis": "vorbis",
        "ac3": "ac-3",
        "eac3": "ec-3",
    }
)
_DIRECT: Mapping[str, tuple[str, Collection[str], Collection[str]]] = MappingProxyType(
    {
        "mp4": ("video/mp4", {"h264", "hevc", "av1", "vp9"}, {"aac", "mp3", "opus", "flac", "ac3", "eac3"}),
        "mov": ("video/quicktime", {"h264", "hevc"}, {"aac", "mp3", "ac3", "eac3"}),
        "webm": ("video/webm", {"vp8", "vp9", "av1"}, {"opus", "vorbis"}),
    }
)
"""Containers that browsers open, with what they may hold there."""

_WITHOUT_TIMES = frozenset({"avi", "flv", "mpeg", "asf", "rm"})
"""Containers whose packets do not all say when they are shown: their pictures cannot be packed anew."""

_TEXTS = frozenset({"subrip", "srt", "ass", "ssa", "mov_text", "webvtt", "text"})


def offers(info: MediaInfo, *, undecodable: Collection[str] = ()) -> tuple[Offer, ...]:
    """Return every way to give a browser this film, cheapest first; none without a picture.

    `undecodable`: codecs that our ffmpeg cannot read, so that they cannot be converted.
    """
    video, sound = info.video, first_sound(info)
    if video is None:
        return ()
    found = []
    picture = _picture_type(video)
    if picture is not None and info.container in _DIRECT:
        kind, pictures, sounds = _DIRECT[info.container]
        if video.codec in pictures and (sound is None or sound.codec in sounds):
            names = [picture, *([_SOUNDS[sound.codec]] if sound else [])]
            found.append(Offer(Way.DIRECT, _type(kind, names), sound="copy" if sound else None))
    if picture is not None and video.codec != "vp8" and info.container not in _WITHOUT_TIMES:
        if sound is None or sound.codec == "aac":
            names = [picture, *(["mp4a.40.2"] if sound else [])]
            found.append(Offer(Way.PACKED, _type("video/mp4", names), sound="copy" if sound else None))
        elif sound.codec not in undecodable:
            found.append(Offer(Way.SOUND, _type("video/mp4", [picture, "mp4a.40.2"]), sound="aac"))
    if video.codec not in undecodable:
        heard: Literal["copy", "aac"] | None = "aac" if sound else None
        if sound is not None and _aac_that_copies(info, sound):
            heard = "copy"
        kind = _type("video/mp4", [_H264] if sound else ["avc1.640029"])
        if sound is None or sound.codec not in undecodable:
            found.append(Offer(Way.PICTURE, kind, picture="h264", sound=heard))
    return tuple(found)


def widths(video: VideoTrack, *, cores: int) -> tuple[int, ...]:
    """Return how wide a converted picture is made, largest first; the next where the machine is slow."""
    at_once = LARGEST if cores >= _ENOUGH_CORES or curve_of(video) is None else 1280
    smaller = [width for width in _WIDTHS if width < video.width and width <= at_once]
    return tuple(smaller) if video.width > at_once else (at_once, *smaller)


def is_text(track: SubtitleTrack) -> bool:
    """Return whether a subtitle track is text, which a browser can show."""
    return track.codec in _TEXTS


def first_sound(info: MediaInfo) -> AudioTrack | None:
    """Return the track that a player begins with."""
    return info.audio[first_sound_place(info)] if info.audio else None


def first_sound_place(info: MediaInfo) -> int:
    """Return its place among the sound tracks, from 0."""
    return next((place for place, track in enumerate(info.audio) if track.default), 0)


def _aac_that_copies(info: MediaInfo, sound: AudioTrack) -> bool:
    return sound.codec == "aac" and info.container not in _WITHOUT_TIMES


def _picture_type(video: VideoTrack) -> str | None:
    """Return the picture's part of the media type; None for what no browser decodes.

    Source: RFC 6381 and the codecs' own bindings. Level and tier are not kept by the
    inventory; browsers look at the profile, so a level that suits the size stands here.
    """
    large = video.width > 1920 or video.height > 1088
    deep = video.bit_depth > 8
    match video.codec:
        case "h264":
            return None if deep or _four_two_two(video) else f"avc1.6400{'33' if large else '29'}"
        case "hevc":
            if _four_two_two(video) or video.bit_depth > 10:
                return None
            return f"hvc1.{'2.4' if deep else '1.6'}.L{'153' if large else '120'}.B0"
        case "av1":
            return f"av01.0.{'12' if large else '08'}M.{'10' if deep else '08'}"
        case "vp9":
            return f"vp09.{'02' if deep else '00'}.{'51' if large else '41'}.{'10' if deep else '08'}"
        case "vp8":
            return "vp8"
    return None


def _four_two_two(video: VideoTrack) -> bool:
    profile = (video.profile or "").lower()
    return "4:2:2" in profile or "4:4:4" in profile or profile.startswith("rext")


def _type(kind: str, codecs: list[str]) -> str:
    return f'{kind}; codecs="{", ".join(codecs)}"'
