"""What ffprobe prints is read as it is meant: samples of real runs, and answers that lie."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediavault_tui.domain.model import AudioTrack, Hdr, SubtitleTrack
from mediavault_tui.errors import ProbeError
from mediavault_tui.probe.ffprobe import deadline, last_words
from mediavault_tui.probe.streams import first_frame_hdr, media_info

SAMPLES = Path(__file__).parent / "data" / "ffprobe"


def sample(name: str) -> Any:
    return json.loads((SAMPLES / f"{name}.json").read_text("utf-8"))


def video(**more: object) -> dict[str, object]:
    return {"codec_type": "video", "codec_name": "hevc", "width": 1920, "height": 800, **more}


def document(*streams: dict[str, object], **format_: object) -> dict[str, object]:
    return {"streams": list(streams), "format": {"format_name": "matroska,webm", "duration": "60", **format_}}


def test_a_4k_hdr10_film_with_two_languages_and_chapters() -> None:
    info = media_info(sample("hdr10-mkv"), size=12_378_438)
    assert info.video is not None
    assert (info.container, info.duration, info.bit_rate, info.chapters) == ("matroska", 24.041, 4_119_109, 4)
    assert (info.video.codec, info.video.width, info.video.height) == ("av1", 3840, 2160)
    assert (info.video.bit_depth, info.video.hdr, info.video.frame_rate) == (10, (Hdr.HDR10,), 24.0)
    assert info.audio[0] == AudioTrack("ac3", 6, "5.1(side)", "en", None, 384_000, default=True)
    assert [track.language for track in info.audio] == ["en", "de"]
    assert [track.language for track in info.subtitles] == ["en", "fr", "de"]


def test_the_cover_of_an_mp4_is_not_its_picture() -> None:
    info = media_info(sample("cover-m4v"), size=1)
    assert info.video is not None
    assert (info.container, info.video.codec, info.video.width) == ("mp4", "h264", 1280)
    assert info.audio[0].title is None, "SoundHandler is nobody's title"


def test_studio_sound_is_told_apart_by_its_profile() -> None:
    info = media_info(sample("studio-mkv"), size=1)
    assert [(t.codec, t.profile, t.channels) for t in info.audio] == [
        ("dts", "DTS", 6),
        ("truehd", None, 6),
        ("eac3", None, 6),
    ]
    assert [t.title for t in info.audio] == ["Main", None, "Director's commentary"]
    assert [t.commentary for t in info.audio] == [False, False, True]


def test_dolby_vision_is_known_by_its_record_with_the_profile() -> None:
    info = media_info(sample("dolby-vision-mp4"), size=1)
    assert info.video is not None
    assert info.video.hdr == (Hdr.HDR10, Hdr.DOLBY_VISION)
    assert info.video.dolby_vision_profile == 8


@pytest.mark.parametrize("tag", ["dvh1", "dvhe", "dav1"])
def test_dolby_vision_is_known_by_its_sample_entry_too(tag: str) -> None:
    info = media_info(document(video(codec_tag_string=tag)), size=1)
    assert info.video is not None
    assert (info.video.hdr, info.video.dolby_vision_profile) == ((Hdr.DOLBY_VISION,), None)


@pytest.mark.parametrize(
    ("transfer", "primaries", "hdr"),
    [
        ("smpte2084", "bt2020", (Hdr.HDR10,)),
        ("smpte2084", "bt709", ()),
        ("arib-std-b67", "bt2020", (Hdr.HLG,)),
        ("bt709", "bt709", ()),
        ("bt2020-10", "bt2020", ()),
    ],
)
def test_hdr_is_what_the_stream_signals(transfer: str, primaries: str, hdr: tuple[Hdr, ...]) -> None:
    info = media_info(document(video(color_transfer=transfer, color_primaries=primaries)), size=1)
    assert info.video is not None
    assert info.video.hdr == hdr


def test_the_first_frame_tells_hdr10_plus() -> None:
    plus = {"side_data_type": "HDR Dynamic Metadata SMPTE2094-40 (HDR10+)"}
    still = {"side_data_type": "Mastering display metadata"}
    assert first_frame_hdr({"frames": [{"side_data_list": [still, plus]}]}) == (Hdr.HDR10_PLUS,)
    assert first_frame_hdr({"frames": [{"side_data_list": [still]}]}) == ()
    assert first_frame_hdr({"frames": []}) == ()


@pytest.mark.parametrize(
    ("tags", "title"),
    [
        ({"title": "Main"}, "Main"),
        ({"TITLE": "Main"}, "Main"),
        ({"name": "Stereo mix", "handler_name": "SoundHandler"}, "Stereo mix"),
        ({"handler_name": "SoundHandler"}, None),
        ({"handler_name": "Core Media Audio"}, None),
        ({"handler_name": "Kommentar des Regisseurs"}, "Kommentar des Regisseurs"),
        ({}, None),
    ],
)
def test_the_title_is_what_a_person_wrote(tags: dict[str, str], title: str | None) -> None:
    info = media_info(document({"codec_type": "audio", "codec_name": "aac", "tags": tags}), size=1)
    assert info.audio[0].title == title
    assert info.audio[0].commentary == (title is not None and title.startswith("Kommentar"))


@pytest.mark.parametrize(
    ("title", "forced"),
    [
        ("Signs & Songs", True),
        ("Songs/Signs", True),
        ("English signs and songs", True),
        ("Signs", True),
        ("Signs only [Group]", True),
        ("S&S", True),
        ("Full Subtitles", False),
        ("Dialogue, Signs", False),
        ("Full with signs", False),
    ],
)
def test_a_track_of_signs_and_songs_holds_no_dialogue(title: str, forced: bool) -> None:
    subtitle = {
        "codec_type": "subtitle",
        "codec_name": "ass",
        "tags": {"language": "eng", "title": title},
    }
    (track,) = media_info(document(video(), subtitle), size=1).subtitles
    assert track.forced is forced


def test_subtitles_are_forced_or_sdh_by_flag_or_title() -> None:
    def text(title: str = "", **flags: int) -> dict[str, object]:
        return {
            "codec_type": "subtitle",
            "codec_name": "subrip",
            "disposition": flags,
            "tags": {"LANGUAGE": "ger", "title": title},
        }

    info = media_info(
        document(
            video(), text(forced=1), text("English (Forced)"), text(hearing_impaired=1), text("SDH"), text()
        ),
        size=1,
    )
    assert [(t.forced, t.hearing_impaired) for t in info.subtitles] == [
        (True, False),
        (True, False),
        (False, True),
        (False, True),
        (False, False),
    ]
    assert info.subtitles[4] == SubtitleTrack("subrip", "de")


def test_length_and_rate_fall_back_to_what_there_is() -> None:
    streams = [video(tags={"DURATION": "00:01:40.500000000"}), {"codec_type": "audio", "duration": "99.0"}]
    info = media_info({"streams": streams, "format": {"format_name": "matroska,webm"}}, size=1_005_000)
    assert (info.duration, info.bit_rate) == (100.5, 80_000)


def test_a_file_without_any_length_has_no_rate_either() -> None:
    info = media_info({"streams": [video()], "format": {"duration": "N/A"}}, size=1_000)
    assert (info.duration, info.bit_rate, info.container) == (0.0, 0, "unknown")


@pytest.mark.parametrize(
    ("average", "base", "rate"),
    [("24000/1001", "24/1", 23.976), ("0/0", "25/1", 25.0), ("0/0", "90000/1", 0.0), (None, None, 0.0)],
)
def test_frames_a_second(average: str | None, base: str | None, rate: float) -> None:
    info = media_info(document(video(avg_frame_rate=average, r_frame_rate=base)), size=1)
    assert info.video is not None
    assert info.video.frame_rate == rate


@pytest.mark.parametrize(
    ("pixels", "depth"),
    [("yuv420p", 8), ("yuv420p10le", 10), ("yuv422p12be", 12), ("p010le", 10), ("nv12", 8), (None, 8)],
)
def test_bit_depth_is_read_from_the_pixel_format(pixels: str | None, depth: int) -> None:
    info = media_info(document(video(pix_fmt=pixels)), size=1)
    assert info.video is not None
    assert info.video.bit_depth == depth


def test_the_film_is_the_default_picture_else_the_largest() -> None:
    small = video(width=640, height=360, codec_name="h264")
    large = video(width=1920, height=1080)
    chosen = media_info(document(small, large), size=1).video
    assert chosen is not None
    assert chosen.width == 1920
    chosen = media_info(document({**small, "disposition": {"default": 1}}, large), size=1).video
    assert chosen is not None
    assert chosen.width == 640
    cover = video(codec_name="mjpeg", width=4000, height=4000, disposition={"default": 1})
    chosen = media_info(document(cover, small), size=1).video
    assert chosen is not None
    assert chosen.codec == "h264", "a cover that forgot its flag is still a cover"


@pytest.mark.parametrize(
    ("names", "suffix", "tags", "container"),
    [
        ("matroska,webm", ".WebM", {}, "webm"),
        ("matroska,webm", ".mkv", {}, "matroska"),
        ("mov,mp4,m4a,3gp,3g2,mj2", ".mp4", {"major_brand": "isom"}, "mp4"),
        ("mov,mp4,m4a,3gp,3g2,mj2", ".mov", {"major_brand": "qt  "}, "mov"),
        ("mpegts", ".ts", {}, "mpegts"),
    ],
)
def test_the_container_has_one_name(names: str, suffix: str, tags: dict[str, str], container: str) -> None:
    found = media_info(document(video(), format_name=names, tags=tags), size=1, suffix=suffix)
    assert found.container == container


@pytest.mark.parametrize("format_name", ["image2", "png_pipe", "tty"])
def test_an_image_or_a_text_is_no_video(format_name: str) -> None:
    with pytest.raises(ProbeError, match="no video"):
        media_info(document(video(), format_name=format_name), size=1)


def test_a_file_of_subtitles_alone_is_no_video() -> None:
    with pytest.raises(ProbeError, match="neither picture nor sound"):
        media_info(document({"codec_type": "subtitle"}), size=1)


KEYS = [
    *["streams", "format", "chapters", "tags", "disposition", "codec_type", "codec_name", "width", "height"],
    *["duration", "side_data_list", "avg_frame_rate", "bit_rate", "pix_fmt"],
]
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(KEYS),
            inner | st.sampled_from(["video", "audio", "subtitle", "1/0", "nan", "inf", "-1"]),
            max_size=6,
        )
    ),
    max_leaves=30,
)


@given(st.dictionaries(st.sampled_from(["streams", "format", "chapters"]), JSON | st.lists(JSON, max_size=3)))
def test_no_answer_is_so_strange_that_it_crashes_the_reader(answer: dict[str, Any]) -> None:
    with contextlib.suppress(ProbeError):
        media_info(answer, size=1)


def test_the_reason_is_the_last_line_that_says_something() -> None:
    said = b"[mov,mp4,m4a @ 0x55d] moov atom not found\nfile:/x: Invalid data found when processing input\n"
    assert last_words(said) == "moov atom not found"
    assert last_words(b"file:/x: Invalid data found when processing input\n") == (
        "its content is damaged or of another kind"
    )
    assert last_words(b"") == "no reason given"
    assert last_words(b"\xff\xfe broken words") == "\ufffd\ufffd broken words"


def test_a_deadline_grows_with_the_file_up_to_two_minutes() -> None:
    assert deadline(0) == 20
    assert deadline(10 << 30) == 40
    assert deadline(1 << 50) == 120
