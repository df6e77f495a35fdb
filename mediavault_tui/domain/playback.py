"""What plays where: a file as it is, packed anew, with its sound or its picture converted.

A browser is offered several ways in turn, cheapest first, and takes the first whose `type`
it says it can play: what a computer's own chip decodes (HEVC, AV1) only the browser knows.
`expected` is the forecast for people, made before anything runs. Longer than most: the tables
of what browsers can stand beside the rules that read them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Literal

from mediavault_tui.domain.model import AudioTrack, MediaInfo, SubtitleTrack, VideoTrack
from mediavault_tui.domain.picture import curve_of
from mediavault_tui.domain.quality import codec_name


class Browser(StrEnum):
    """A family of browsers; the value is what people call it."""

    CHROMIUM = "Chrome, Edge"
    FIREFOX = "Firefox"
    SAFARI = "Safari"


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


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a browser will probably play, and instead of what if its computer can do more."""

    browser: Browser
    offer: Offer | None
    """None: nothing that we could make of it plays."""
    perhaps: Offer | None = None
    """A cheaper way that depends on the computer's own decoder."""


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

_SURE: Mapping[Browser, Collection[str]] = MappingProxyType(
    {
        Browser.CHROMIUM: {"h264", "vp8", "vp9", "av1"},
        Browser.FIREFOX: {"h264", "vp8", "vp9", "av1"},
        Browser.SAFARI: {"h264", "hevc", "vp8", "vp9"},
    }
)
"""Codecs that play whatever the computer. Source: the browsers' own compatibility tables, 2026."""

_PERHAPS: Mapping[Browser, Collection[str]] = MappingProxyType(
    {Browser.CHROMIUM: {"hevc"}, Browser.FIREFOX: {"hevc"}, Browser.SAFARI: {"av1"}}
)
"""Codecs that play where the computer has a decoder of its own."""

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


def expected(info: MediaInfo, browser: Browser, *, undecodable: Collection[str] = ()) -> Expectation:
    """Forecast what a browser will be given."""
    perhaps = None
    for offer in offers(info, undecodable=undecodable):
        certain = _plays(info, offer, browser)
        if certain:
            return Expectation(browser, offer, perhaps)
        if certain is None and perhaps is None:
            perhaps = offer
    return Expectation(browser, None, perhaps)


def forecast(info: MediaInfo, *, undecodable: Collection[str] = ()) -> list[tuple[str, str]]:
    """Return who plays the file and how, as words: ("Chrome, Edge, Firefox", "after …")."""
    lines: list[tuple[list[str], str]] = [(["mpv, VLC"], "as it is")]
    for browser in Browser:
        words = _words(info, expected(info, browser, undecodable=undecodable))
        same = next((who for who, said in lines[1:] if said == words), None)
        if same is None:
            lines.append(([browser.value], words))
        else:
            same.append(browser.value)
    return [(", ".join(who), words) for who, words in lines]


def summary(info: MediaInfo, *, undecodable: Collection[str] = ()) -> str:
    """Return one sentence: "Plays in mpv and VLC; in a browser after conversion of the sound (…)." """
    if info.video is None:
        return "There is no picture in it."
    words = _words(info, expected(info, Browser.CHROMIUM, undecodable=undecodable))
    if words == "as it is":
        return "Plays in mpv, VLC and the browser as it is."
    return f"Plays in mpv and VLC; in a browser {words}."


def cautions(info: MediaInfo) -> list[str]:
    """Return what will look different in a browser, sentence by sentence."""
    found = []
    video = info.video
    if video is not None and video.dolby_vision_profile == 5:
        found.append(
            "Dolby Vision profile 5: only a Dolby Vision player shows its colours; expect green and purple."
        )
    elif video is not None and video.hdr:
        found.append(f"{'+'.join(video.hdr)}: where the picture is converted, it is toned down to SDR.")
    drawn = [track for track in info.subtitles if not is_text(track)]
    if drawn:
        languages = ", ".join(sorted({track.language or "?" for track in drawn}))
        found.append(f"Subtitles that are pictures ({languages}) show in mpv and VLC only.")
    return found


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


def _plays(info: MediaInfo, offer: Offer, browser: Browser) -> bool | None:
    """Return whether it does; None: where the computer helps."""
    if offer.picture == "h264":
        return True
    assert info.video is not None
    if offer.way is Way.DIRECT:
        sound = first_sound(info)
        dolby = sound is not None and sound.codec in ("ac3", "eac3")
        if (dolby or info.container == "mov") and browser is not Browser.SAFARI:
            return False
    if info.video.codec in _SURE[browser]:
        return True
    return None if info.video.codec in _PERHAPS[browser] else False


def _words(info: MediaInfo, expectation: Expectation) -> str:
    if expectation.offer is None:
        return "not: nothing here can convert it"
    words = _way(info, expectation.offer)
    if expectation.perhaps is None:
        return words
    assert info.video is not None
    name = codec_name(info.video.codec)
    return f"{_way(info, expectation.perhaps)} if the computer decodes {name}, else {words}"


def _way(info: MediaInfo, offer: Offer) -> str:
    video, sound = info.video, first_sound(info)
    assert video is not None
    heard = f"the sound ({sound_name(sound)} → AAC)" if sound is not None and offer.sound == "aac" else ""
    match offer.way:
        case Way.DIRECT:
            return "as it is"
        case Way.PACKED:
            return "packed as MP4, nothing is converted"
        case Way.SOUND:
            return f"after conversion of {heard}"
        case Way.PICTURE:
            seen = f"the picture ({picture_name(video)} → H.264)"
            return f"after conversion of {seen}{f' and {heard}' if heard else ''}"


def picture_name(video: VideoTrack) -> str:
    """Return a picture's codec as people say it, with what browsers stumble over."""
    name = codec_name(video.codec)
    if video.codec == "h264" and video.bit_depth > 8:
        return f"{name} of {video.bit_depth} bits"
    return f"{name} {'+'.join(video.hdr)}" if video.hdr else name


_SOUND_NAMES = {
    "ac3": "AC-3",
    "eac3": "E-AC-3",
    "dts": "DTS",
    "truehd": "TrueHD",
    "mlp": "MLP",
    "opus": "Opus",
    "vorbis": "Vorbis",
    "wmav2": "WMA",
    "wmapro": "WMA Pro",
}


def sound_name(sound: AudioTrack) -> str:
    """Return a sound codec as people say it."""
    if sound.codec.startswith("pcm_"):
        return "PCM"
    return _SOUND_NAMES.get(sound.codec, sound.codec.upper())


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
