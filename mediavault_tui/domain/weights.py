"""The points of the quality score as a person writes them: `hdr=0,av1=15,surround=25`.

Light, for the settings read it at every start; `domain.quality.weighted` makes a policy of it.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from types import MappingProxyType

MOST = 200
"""Points of one part; the whole score has no more."""

TIERS: Mapping[str, str] = MappingProxyType(
    {"4k": "4K", **{name: name for name in ("1440p", "1080p", "720p", "576p", "480p", "low")}}
)
"""Resolutions, and the values of `domain.model.Tier` that they are."""
CODECS: Mapping[str, str] = MappingProxyType(
    {
        "av1": "av1", "hevc": "hevc", "vp9": "vp9", "h264": "h264", "mpeg4": "mpeg4", "divx3": "msmpeg4v3",
        "mpeg2": "mpeg2video", "vc1": "vc1",
    }
)  # fmt: skip
"""Video codecs, and ffprobe's names of them."""
PARTS: Mapping[str, str] = MappingProxyType(
    {
        "other-codec": "other_codec",
        "bit-rate": "bitrate",
        "surround": "surround",
        "stereo": "stereo",
        "mono": "mono",
        "more-audio": "more_audio",
        "subtitle": "subtitle",
        "hdr": "hdr",
    }
)
"""Every other part, and the field of `domain.quality.QualityPolicy` that it is."""
NAMES = (*TIERS, *CODECS, *PARTS)


def read_weights(raw: str) -> tuple[str, ...]:
    """Return `name=points` for each part that is weighed otherwise than usual. Raises: ValueError."""
    weights: dict[str, int] = {}
    for entry in filter(None, map(str.strip, raw.lower().split(","))):
        name, _, points = (part.strip() for part in entry.partition("="))
        if name not in NAMES:
            near = difflib.get_close_matches(name, NAMES, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(NAMES)}"
            raise ValueError(f"{name!r} is no part of the score; {hint}")
        if not (points.isascii() and points.isdigit()) or int(points) > MOST:
            raise ValueError(f"{entry!r} gives no points; write {name}=15, from 0 to {MOST}")
        if name in weights:
            raise ValueError(f"{name} is there twice")
        weights[name] = int(points)
    return tuple(f"{name}={points}" for name, points in weights.items())
