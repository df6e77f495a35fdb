"""What will play where, said before anything runs: for each browser, in words for people."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from mediavault_tui.domain.model import AudioTrack, MediaInfo, VideoTrack
from mediavault_tui.domain.playback import Offer, Way, first_sound, is_text, offers
from mediavault_tui.domain.quality import codec_name


class Browser(StrEnum):
    """A family of browsers; the value is what people call it."""

    CHROMIUM = "Chrome, Edge"
    FIREFOX = "Firefox"
    SAFARI = "Safari"


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a browser will probably play, and instead of what if its computer can do more."""

    browser: Browser
    offer: Offer | None
    """None: nothing that we could make of it plays."""
    perhaps: Offer | None = None
    """A cheaper way that depends on the computer's own decoder."""


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
