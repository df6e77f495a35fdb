"""Which of several files is the best, and what decided.

Source: docs/rules.md, section 2: health before all, then the score, and within five
points the tie-breaks in their order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from mediavault_tui.domain.model import AudioTrack, Health, MediaFile, MediaInfo, ReleaseSource
from mediavault_tui.domain.quality import (
    DEFAULT,
    QualityPolicy,
    bits_per_pixel,
    main_audio,
    score_of,
    video_rate,
)
from mediavault_tui.domain.verdict import Score


@dataclass(frozen=True, slots=True)
class Ranked:
    """One place of a ranking. `criterion` is what put it before the next one; None for the last."""

    file: MediaFile
    score: Score
    criterion: str | None


def rank(files: Sequence[MediaFile], policy: QualityPolicy = DEFAULT) -> list[Ranked]:
    """Order `files`, best first; the order in which they are given does not matter.

    Each place goes to the file that is left when the criteria have, one after the other,
    dropped what is worse than the best remaining beyond the criterion's tolerance. (A
    plain sort cannot do it: "within 5 points" is not transitive.)
    """
    scores = {file.id: score_of(file, policy) for file in files}
    criteria = _criteria({id: value.total for id, value in scores.items()}, policy)
    remaining = sorted(files, key=lambda file: (file.raw_path, file.id))
    places: list[MediaFile] = []
    while remaining:
        best = _best(remaining, criteria)
        places.append(best)
        remaining.remove(best)
    deciding = [_difference(a, b, criteria) for a, b in pairwise(places)]
    return [
        Ranked(file, scores[file.id], criterion)
        for file, criterion in zip(places, [*deciding, None], strict=True)
    ]


@dataclass(frozen=True, slots=True)
class _Criterion:
    """`value`: more is better; what is at least `floor(best)` counts as equal to the best."""

    name: str
    value: Callable[[MediaFile], float]
    floor: Callable[[float], float]


def _exactly(best: float) -> float:
    return best


def _criteria(totals: Mapping[int, int], policy: QualityPolicy) -> tuple[_Criterion, ...]:
    """The order of docs/rules.md, section 2: health, score, then the tie-breaks."""
    return (
        _Criterion("health", _not_failed, _exactly),
        _Criterion("score", lambda file: totals[file.id], lambda best: best - policy.tie),
        _Criterion("source", _source_rank, _exactly),
        _Criterion(
            "bits per pixel",
            lambda file: _density(file, policy),
            lambda best: best * (1 - policy.density_tolerance),
        ),
        _Criterion("audio format", lambda file: _audio_rank(file.info), _exactly),
        _Criterion("container health", lambda file: file.health.health is Health.HEALTHY, _exactly),
        _Criterion("smaller file", lambda file: -file.size, _exactly),
    )


def _best(files: Sequence[MediaFile], criteria: Sequence[_Criterion]) -> MediaFile:
    left = files
    for criterion in criteria:
        values = [criterion.value(file) for file in left]
        floor = criterion.floor(max(values))
        left = [file for file, value in zip(left, values, strict=True) if value >= floor]
    return left[0]


def _difference(a: MediaFile, b: MediaFile, criteria: Sequence[_Criterion]) -> str | None:
    """Return the first criterion by which the two differ beyond its tolerance."""
    for criterion in criteria:
        values = criterion.value(a), criterion.value(b)
        if min(values) < criterion.floor(max(values)):
            return criterion.name
    return None


def failed(file: MediaFile) -> bool:
    """Return whether the file failed its health check: broken, or the prober gave up on it."""
    return file.health.health in (Health.BROKEN, Health.QUARANTINED)


def _not_failed(file: MediaFile) -> bool:
    return not failed(file)


_SOURCES = {source: -place for place, source in enumerate(ReleaseSource)}


def _source_rank(file: MediaFile) -> int:
    """Unknown sources stand between DVD and cam: nobody forgets to boast of a better one."""
    source = file.identity.release_source if file.identity else None
    if source is ReleaseSource.CAM:
        return -len(_SOURCES)
    return _SOURCES[source] if source else _SOURCES[ReleaseSource.DVD] - 1


def _density(file: MediaFile, policy: QualityPolicy) -> float:
    if file.info is None or file.info.video is None:
        return 0.0
    video = file.info.video
    return bits_per_pixel(video, video_rate(file.info)) / policy.efficiency.get(video.codec, 1.0)


_AUDIO_FORMATS = (
    ("mp3",),
    ("aac", "ac3"),
    ("dts",),
    ("eac3",),
    ("flac", "pcm", "alac"),
    ("dts-hd ma",),
    ("truehd",),
    ("atmos", "dts:x"),
)
"""Worst first; a format not named here is below them all."""


def _audio_rank(info: MediaInfo | None) -> int:
    """Return the rank of the best main track's format, 0 for an unknown one, -1 for silence."""
    return max((_format_rank(track) for track in main_audio(info)), default=-1) if info else -1


def _format_rank(track: AudioTrack) -> int:
    codec = track.codec.lower()
    said = f"{track.profile or ''} {track.title or ''}".lower()
    if "atmos" in said or "dts:x" in said:
        codec = "atmos"
    elif "dts-hd ma" in said or "dts-hd master" in said:
        codec = "dts-hd ma"
    elif codec == "dca":
        codec = "dts"
    elif codec.startswith("pcm"):
        codec = "pcm"
    for rank, names in enumerate(_AUDIO_FORMATS, 1):
        if codec in names:
            return rank
    return 0
