"""What plays where: the corpus, the words, and what must hold for any film."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from mediavault_tui.domain.forecast import Browser, Expectation, cautions, expected, forecast, summary
from mediavault_tui.domain.model import AudioTrack, Hdr, MediaInfo, SubtitleTrack, VideoTrack
from mediavault_tui.domain.playback import first_sound_place, offers

CORPUS: list[dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parent / "data" / "playback.yaml").read_text("utf-8")
)
BROWSERS = {"chrome": Browser.CHROMIUM, "firefox": Browser.FIREFOX, "safari": Browser.SAFARI}


def info_of(spec: str, **video: Any) -> MediaInfo:
    container, picture, sound = spec.split()
    codec, _, depth = picture.partition(":")
    track = VideoTrack(codec, 1920, 1080, bit_depth=int(depth or 8), **video)
    sounds = () if sound == "-" else (AudioTrack(sound, 6),)
    return MediaInfo(container, 7200.0, 8_000_000, track, sounds)


def said(expectation: Expectation) -> str:
    way = expectation.offer.way.value if expectation.offer else "none"
    return f"{expectation.perhaps.way}?{way}" if expectation.perhaps else way


@pytest.mark.parametrize("case", CORPUS, ids=lambda case: case["file"])
def test_what_plays_where(case: dict[str, Any]) -> None:
    info, without = info_of(case["file"]), case.get("without", ())
    assert [offer.way.value for offer in offers(info, undecodable=without)] == case["ways"]
    for name, browser in BROWSERS.items():
        assert said(expected(info, browser, undecodable=without)) == case[name], name


def test_every_type_is_one_that_a_browser_can_be_asked_for() -> None:
    for case in CORPUS:
        for offer in offers(info_of(case["file"])):
            assert offer.type.startswith(
                ("video/mp4; codecs=", "video/webm; codecs=", "video/quicktime; codecs=")
            )
            assert offer.type.count('"') == 2


def test_the_words_say_what_is_converted() -> None:
    assert summary(info_of("mp4 h264 aac")) == "Plays in mpv, VLC and the browser as it is."
    assert summary(info_of("matroska h264 dts")) == (
        "Plays in mpv and VLC; in a browser after conversion of the sound (DTS → AAC)."
    )
    assert summary(info_of("avi mpeg4 ac3")) == (
        "Plays in mpv and VLC; in a browser after conversion of the picture (MPEG-4 → H.264)"
        " and the sound (AC-3 → AAC)."
    )
    assert summary(MediaInfo("matroska", 10, 1000)) == "There is no picture in it."


def test_browsers_that_fare_alike_share_a_line() -> None:
    assert forecast(info_of("matroska h264 ac3")) == [
        ("mpv, VLC", "as it is"),
        ("Chrome, Edge, Firefox, Safari", "after conversion of the sound (AC-3 → AAC)"),
    ]
    lines = dict(forecast(info_of("matroska hevc aac")))
    assert lines["Safari"] == "packed as MP4, nothing is converted"
    assert "if the computer decodes HEVC, else after" in lines["Chrome, Edge, Firefox"]


def test_the_default_track_is_what_is_heard() -> None:
    sounds = (AudioTrack("dts", 6, language="fr"), AudioTrack("aac", 2, language="en", default=True))
    info = MediaInfo("matroska", 10, 1000, VideoTrack("h264", 1280, 720), sounds)
    assert first_sound_place(info) == 1
    assert offers(info)[0].way == "packed"


def test_what_will_look_different_is_said() -> None:
    drawn = SubtitleTrack("hdmv_pgs_subtitle", "de")
    hdr = info_of("matroska hevc:10 aac", hdr=(Hdr.HDR10,))
    info = MediaInfo(hdr.container, hdr.duration, hdr.bit_rate, hdr.video, hdr.audio, (drawn,))
    tone, subtitles = cautions(info)
    assert "HDR10" in tone
    assert "(de)" in subtitles
    [purple] = cautions(info_of("mp4 hevc:10 aac", hdr=(Hdr.DOLBY_VISION,), dolby_vision_profile=5))
    assert "profile 5" in purple
    assert cautions(info_of("mp4 h264 aac")) == []
