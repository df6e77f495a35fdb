"""HDR films of known colours: an SDR picture as HDR10 and HLG hold it, by formulas of its own.

A broadcaster who puts SDR into HDR turns each screen colour into the light that it was and
writes that light down in BT.2020 (ITU-R BT.2087, BT.2408). Toned down it must come back.
"""

from __future__ import annotations

import math
import subprocess
from pathlib import Path

COLOURS = (
    (0, 0, 0),
    (40, 40, 40),
    (90, 90, 90),
    (150, 150, 150),
    (170, 60, 50),
    (60, 140, 70),
    (50, 80, 170),
    (165, 130, 110),
)
"""Screen colours of 8 bits below the knee of the tone curve: each has to come back as it was."""

SIDE = 32
"""Pixels of a patch."""

WHITE = 203.0

_TO_2020 = ((0.627404, 0.329283, 0.043313), (0.069097, 0.919540, 0.011362), (0.016391, 0.088013, 0.895595))


def light(colour: tuple[int, int, int]) -> tuple[float, ...]:
    """Return the light of a screen colour in BT.2020, in cd/m²."""
    linear = [WHITE * (part / 255) ** 2.4 for part in colour]
    return tuple(sum(share * part for share, part in zip(row, linear, strict=True)) for row in _TO_2020)


def pq(nits: float) -> float:
    """Return the PQ signal of a light."""
    power = (nits / 10000) ** 0.1593017578125
    return float(((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** 78.84375)


def hlg(rgb: tuple[float, ...]) -> tuple[float, ...]:
    """Return the HLG signals of a light on a screen of 1,000 cd/m²."""
    shown = [part / 1000 for part in rgb]
    luminance = 0.2627 * shown[0] + 0.6780 * shown[1] + 0.0593 * shown[2]
    scene = [part / luminance ** (1 / 6) if luminance else 0.0 for part in shown]
    return tuple(
        math.sqrt(3 * part) if part <= 1 / 12 else 0.17883277 * math.log(12 * part - 0.28466892) + 0.55991073
        for part in scene
    )


def make(ffmpeg: str, target: Path, curve: str, *, extra: tuple[float, ...] = ()) -> Path:
    """Write a film of two seconds with a patch of each colour side by side, without loss.

    `extra`: more patches, greys of so much light.
    """
    lights = [*map(light, COLOURS), *((nits,) * 3 for nits in extra)]
    signals = [hlg(rgb) if curve == "hlg" else tuple(map(pq, rgb)) for rgb in lights]
    width, height = SIDE * len(signals), SIDE
    planes: list[bytes] = []
    for part in range(3):
        row: list[int] = []
        for red, green, blue in signals:
            luma = 0.2627 * red + 0.6780 * green + 0.0593 * blue
            value = (
                64 + 876 * luma,
                512 + 896 * (blue - luma) / 1.8814,
                512 + 896 * (red - luma) / 1.4746,
            )[part]
            row += [round(value)] * SIDE
        planes.append(b"".join(v.to_bytes(2, "little") for v in row) * height)
    tags = f"setparams=color_primaries=bt2020:color_trc={'arib-std-b67' if curve == 'hlg' else 'smpte2084'}"
    raw = ["-f", "rawvideo", "-pix_fmt", "yuv444p10le", "-s", f"{width}x{height}", "-r", "24"]
    words = [ffmpeg, "-v", "error", "-y", *raw, "-i", "pipe:0"]
    words += ["-vf", f"{tags}:colorspace=bt2020nc:range=tv", "-c:v", "ffv1", "-g", "1", str(target)]
    subprocess.run(words, input=b"".join(planes) * 48, check=True)
    return target


def colours(rgb: bytes, width: int) -> list[tuple[int, ...]]:
    """Return the colour in the middle of each patch of a picture whose patches keep their places."""
    height = len(rgb) // 3 // width
    side = height
    found = []
    for left in range(0, width, side):
        at = 3 * ((height // 2) * width + left + side // 2)
        found.append(tuple(rgb[at : at + 3]))
    return found
