"""How good a file is, 0–200, by named parts that sum to the total.

Source: docs/rules.md, section 2. Running time and size are no quality.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from mediavault_tui.domain.model import (
    AudioTrack,
    MediaFile,
    MediaInfo,
    Tier,
    VideoTrack,
)
from mediavault_tui.domain.verdict import Score, ScorePart
from mediavault_tui.domain.weights import CODECS, PARTS, TIERS

MBIT = 1_000_000

_SIZES = (
    (3200, 1800, Tier.UHD),
    (2400, 1300, Tier.QHD),
    (1800, 1000, Tier.FHD),
    (1200, 680, Tier.HD),
    (640, 460, Tier.SD),
)
_PAL_HEIGHT = 540
"""Standard definition of this height and more is 576p: 720×576, and crops of it."""

CODEC_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "av1": "AV1",
        "hevc": "HEVC",
        "vp9": "VP9",
        "h264": "H.264",
        "mpeg4": "MPEG-4",
        "msmpeg4v3": "DivX 3",
        "mpeg2video": "MPEG-2",
        "vc1": "VC-1",
    }
)
"""ffprobe's codec names as people say them; any other is shown in capitals."""


def _frozen(**points: float) -> Callable[[], Mapping[str, float]]:
    return lambda: MappingProxyType(points)


@dataclass(frozen=True, slots=True)
class QualityPolicy:
    """Every weight of the score; the defaults are the table of docs/rules.md.

    Rates in bit/s. `efficiency` multiplies the ideal rate of H.264: a codec of 0.6
    needs six tenths of the bits for the same picture.
    """

    resolution: Mapping[Tier, int] = field(
        default_factory=lambda: MappingProxyType(
            {
                Tier.UHD: 100,
                Tier.QHD: 85,
                Tier.FHD: 75,
                Tier.HD: 50,
                Tier.PAL: 25,
                Tier.SD: 25,
                Tier.LOW: 10,
                Tier.UNKNOWN: 0,
            }
        )
    )
    codec: Mapping[str, float] = field(
        default_factory=_frozen(av1=22, hevc=20, vp9=18, h264=15, mpeg4=5, msmpeg4v3=5, mpeg2video=3, vc1=3)
    )
    other_codec: int = 5
    bitrate: int = 30
    ideal_rate: Mapping[Tier, int] = field(
        default_factory=lambda: MappingProxyType(
            {Tier.UHD: 25 * MBIT, Tier.QHD: 16 * MBIT, Tier.FHD: 10 * MBIT, Tier.HD: 5 * MBIT}
        )
    )
    lesser_rate: int = 2 * MBIT
    """The ideal of every tier that `ideal_rate` does not name."""
    efficiency: Mapping[str, float] = field(
        default_factory=_frozen(hevc=0.6, vp9=0.6, av1=0.5, mpeg2video=2.0)
    )
    surround: int = 15
    stereo: int = 10
    mono: int = 5
    more_audio: int = 3
    more_audio_limit: int = 10
    subtitle: int = 2
    subtitle_limit: int = 10
    hdr: int = 15
    limit: int = 200
    tie: int = 5
    """Scores that differ by no more than this are a tie."""
    density_tolerance: float = 0.05
    """Bits per pixel that differ by no more than this share are equal."""


DEFAULT = QualityPolicy()


def weighted(weights: Sequence[str]) -> QualityPolicy:
    """Return the usual policy with some parts weighed otherwise; `weights` as `read_weights` gives them."""
    points = {name: int(value) for name, _, value in (entry.partition("=") for entry in weights)}
    if not points:
        return DEFAULT
    sizes = {Tier(TIERS[name]): points[name] for name in TIERS if name in points}
    codecs = {CODECS[name]: float(points[name]) for name in CODECS if name in points}
    rest: dict[str, Any] = {PARTS[name]: points[name] for name in PARTS if name in points}
    return replace(
        DEFAULT,
        resolution=MappingProxyType({**DEFAULT.resolution, **sizes}),
        codec=MappingProxyType({**DEFAULT.codec, **codecs}),
        **rest,
    )


def weights_of(policy: QualityPolicy) -> tuple[str, ...]:
    """Return what a policy weighs otherwise than usual, as `weighted` takes it, always in one order."""
    own, usual = _points(policy), _points(DEFAULT)
    return tuple(f"{name}={points:g}" for name, points in own.items() if points != usual[name])


def _points(policy: QualityPolicy) -> dict[str, float]:
    return {
        **{name: policy.resolution[Tier(value)] for name, value in TIERS.items()},
        **{name: policy.codec[codec] for name, codec in CODECS.items()},
        **{name: getattr(policy, part) for name, part in PARTS.items()},
    }


def tier(width: int, height: int) -> Tier:
    """Return the picture size as people say it, by its longer or shorter side, whichever says more.

    By sides, not by width and height: a telephone's upright 1080×1920 is no 4K.
    """
    if width <= 0 or height <= 0:
        return Tier.UNKNOWN
    longer, shorter = max(width, height), min(width, height)
    for long, short, name in _SIZES:
        if longer >= long or shorter >= short:
            return Tier.PAL if name is Tier.SD and shorter >= _PAL_HEIGHT else name
    return Tier.LOW


def video_rate(info: MediaInfo) -> int:
    """Return the picture's bit/s: as the track says, else the file's without its known audio rates."""
    if info.video is not None and info.video.bit_rate:
        return info.video.bit_rate
    return max(info.bit_rate - sum(track.bit_rate or 0 for track in info.audio), 0)


def main_audio(info: MediaInfo) -> tuple[AudioTrack, ...]:
    """Return the tracks that are no commentary; all of them where every one claims to be."""
    return tuple(track for track in info.audio if not track.commentary) or info.audio


def score(info: MediaInfo, policy: QualityPolicy = DEFAULT) -> Score:
    """Score one probed file; the parts always sum to the total, a cut at the limit is one of them."""
    parts = [*_picture(info, policy), *_sound(info, policy), _subtitles(info, policy), _hdr(info, policy)]
    total = sum(part.points for part in parts)
    if total > policy.limit:
        parts.append(ScorePart("limit", policy.limit - total, f"no file has more than {policy.limit}"))
    return Score(min(total, policy.limit), tuple(parts))


def score_of(file: MediaFile, policy: QualityPolicy = DEFAULT) -> Score:
    """Score a file of the inventory; one that was never probed has 0 and says so."""
    if file.info is None:
        return Score(0, (ScorePart("not probed", 0, file.health.reason or "nothing is known of it yet"),))
    return score(file.info, policy)


def codec_name(codec: str) -> str:
    """Return a codec as people say it: "HEVC", "H.264"."""
    return CODEC_NAMES.get(codec, codec.upper())


def _picture(info: MediaInfo, policy: QualityPolicy) -> tuple[ScorePart, ScorePart, ScorePart]:
    video = info.video
    if video is None:
        return (
            ScorePart("resolution", 0, "no picture"),
            ScorePart("video codec", 0, "no picture"),
            ScorePart("bitrate", 0, "no picture"),
        )
    size = tier(video.width, video.height)
    ideal = policy.ideal_rate.get(size, policy.lesser_rate) * policy.efficiency.get(video.codec, 1.0)
    rate = video_rate(info)
    name = codec_name(video.codec)
    return (
        ScorePart("resolution", policy.resolution[size], f"{size} ({video.width}×{video.height})"),
        ScorePart("video codec", round(policy.codec.get(video.codec, policy.other_codec)), name),
        ScorePart(
            "bitrate",
            round(policy.bitrate * min(1.0, rate / ideal)),
            f"{rate / MBIT:.1f} of an ideal {ideal / MBIT:.1f} Mb/s for {size} {name}",
        ),
    )


def _sound(info: MediaInfo, policy: QualityPolicy) -> tuple[ScorePart, ScorePart]:
    tracks = main_audio(info)
    channels = max((track.channels for track in tracks), default=0)
    if not tracks:
        best = ScorePart("audio", 0, "no sound")
    elif channels >= 6:
        best = ScorePart("audio", policy.surround, f"best track has {channels} channels")
    elif channels >= 2:
        best = ScorePart("audio", policy.stereo, f"best track has {channels} channels")
    else:
        best = ScorePart("audio", policy.mono, "best track is mono")
    # Commentaries do not count, also where a file has nothing else.
    more = max(sum(not track.commentary for track in info.audio) - 1, 0)
    points = min(more * policy.more_audio, policy.more_audio_limit)
    return best, ScorePart("more audio tracks", points, f"{more} beyond the first")


def _subtitles(info: MediaInfo, policy: QualityPolicy) -> ScorePart:
    """An unlabelled subtitle is one more language, all of them together."""
    languages = sorted({track.language or "unlabelled" for track in info.subtitles})
    points = min(len(languages) * policy.subtitle, policy.subtitle_limit)
    return ScorePart("subtitles", points, ", ".join(languages) or "none")


def _hdr(info: MediaInfo, policy: QualityPolicy) -> ScorePart:
    kinds = info.video.hdr if info.video else ()
    return ScorePart("HDR", policy.hdr if kinds else 0, " + ".join(kinds) or "none")


def bits_per_pixel(video: VideoTrack, rate: float) -> float:
    """Return the bits spent on each pixel of each frame; 0 where the track does not say its frame rate."""
    pixels = video.width * video.height * video.frame_rate
    return rate / pixels if pixels > 0 else 0.0
