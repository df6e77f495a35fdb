"""A small picture as plain pixels: what a decoder gives and a terminal draws."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mediavault_tui.domain.model import Hdr, VideoTrack

Curve = Literal["pq", "hlg"]
"""How an HDR picture's light is written."""


@dataclass(frozen=True, slots=True)
class Picture:
    """Rows of pixels from top to bottom, three bytes each (red, green, blue; sRGB-like bt709)."""

    width: int
    height: int
    rgb: bytes

    def __post_init__(self) -> None:
        if self.width < 1 or self.height < 1 or len(self.rgb) != 3 * self.width * self.height:
            raise ValueError(f"{len(self.rgb)} bytes are no picture of {self.width}×{self.height}")


def curve_of(video: VideoTrack | None) -> Curve | None:
    """Return the curve by which a picture has to be toned down for a plain screen; None for SDR.

    Dolby Vision alone says nothing: below it lies SDR (profile 8.2), or what only its players read (5).
    """
    kinds = video.hdr if video is not None else ()
    if Hdr.HLG in kinds:
        return "hlg"
    return "pq" if Hdr.HDR10 in kinds or Hdr.HDR10_PLUS in kinds else None


def moments(*seconds: float) -> tuple[float, ...]:
    """Return seconds at which films of these lengths can be looked at beside each other.

    The same ones for all, spread over the shortest; none without a known length. Source:
    openings and credits look alike in many films, so both ends are left out.
    """
    shortest = min((known for known in seconds if known > 0), default=0.0)
    return tuple(shortest * share for share in (0.1, 0.3, 0.5, 0.7, 0.9)) if shortest else ()
