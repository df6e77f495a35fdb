"""HDR toned down to SDR: which screen colour stands for which signal of an HDR film.

The light of PQ or HLG is worked out, dimmed where it is brighter than a screen by the
standard's curve, and carried from BT.2020 to BT.709; a colour that BT.709 has not loses
as much saturation as it must and keeps its hue and luminance. What an SDR master held comes
back as it was up to seven tenths of its signal; above, highlights share what is left.

Light is in cd/m². numpy is imported here, so import this module only where there is work.
"""

from __future__ import annotations

from typing import Final, assert_never

import numpy as np
from numpy.typing import NDArray

from mediavault_tui.domain.picture import Curve

Floats = NDArray[np.float64]

_WHITE: Final = 203.0
"""A white sheet of paper in HDR, which SDR's full signal stands for. Source: ITU-R BT.2408, 2.2."""
_PEAK: Final = 1000.0
"""The brightest that films are mastered at, mostly; what is brighter is shown as bright as that."""
_SCREEN: Final = 2.4
"""The exponent of an SDR screen. Source: ITU-R BT.1886."""

_M1, _M2 = 2610 / 16384, 2523 / 4096 * 128
_C1, _C2, _C3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
_HLG = (0.17883277, 0.28466892, 0.55991073)

_LUMA_2020 = np.array([0.2627, 0.6780, 0.0593])
_LUMA_709 = np.array([0.2126, 0.7152, 0.0722])
_TO_709 = np.array(
    [[1.660491, -0.587641, -0.072850], [-0.124550, 1.132900, -0.008349], [-0.018151, -0.100579, 1.118730]]
)
"""Linear BT.2020 to linear BT.709. Source: ITU-R BT.2087, 4."""


def sdr(signal: Floats, curve: Curve) -> Floats:
    """Return the BT.709 signal that stands for each BT.2020 one; red, green, blue from 0 to 1 both."""
    match curve:
        case "pq":
            light = pq_light(signal)
        case "hlg":
            light = _hlg_light(signal)
        case _:
            assert_never(curve)
    rgb = _within(light @ _TO_709.T)
    brightest = rgb.max(-1, keepdims=True)
    # By the brightest of the three, so that a colour keeps its hue and saturation as it dims.
    dimmed = rgb * (_dim(brightest) / np.maximum(brightest, 1e-9))
    return np.asarray(np.clip(dimmed / _WHITE, 0, 1) ** (1 / _SCREEN), dtype=np.float64)


def pq_light(signal: Floats) -> Floats:
    """Return the light that a PQ signal stands for. Source: SMPTE ST 2084 (ITU-R BT.2100, table 4)."""
    root = np.clip(signal, 0, 1) ** (1 / _M2)
    return np.asarray(10_000 * (np.maximum(root - _C1, 0) / (_C2 - _C3 * root)) ** (1 / _M1))


def pq_signal(light: Floats) -> Floats:
    """Return the PQ signal that stands for a light."""
    power = np.clip(light / 10_000, 0, 1) ** _M1
    return np.asarray(((_C1 + _C2 * power) / (1 + _C3 * power)) ** _M2)


def _hlg_light(signal: Floats) -> Floats:
    """Return the light of a 1,000 cd/m² screen for an HLG signal. Source: ITU-R BT.2100, table 5."""
    a, b, c = _HLG
    scene = np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - c) / a) + b) / 12)
    luminance = np.maximum(scene @ _LUMA_2020, 1e-9)[..., None]
    return np.asarray(_PEAK * scene * luminance**0.2)


def _dim(light: Floats) -> Floats:
    """Return light as it fits under SDR's white: unchanged below a knee, then ever less.

    Source: ITU-R BT.2390, 5.4.1, from a peak of 1,000 to one of 203 cd/m².
    """
    top = pq_signal(np.array(_PEAK))
    asked = np.minimum(pq_signal(light) / top, 1)
    white = pq_signal(np.array(_WHITE)) / top
    knee = 1.5 * white - 0.5
    t = np.clip((asked - knee) / (1 - knee), 0, 1)
    bent = (
        (2 * t**3 - 3 * t**2 + 1) * knee + (t**3 - 2 * t**2 + t) * (1 - knee) + (3 * t**2 - 2 * t**3) * white
    )
    return pq_light(np.where(asked < knee, asked, bent) * top)


def _within(rgb: Floats) -> Floats:
    """Return linear colours with as little saturation taken away as leaves none of them below zero."""
    grey = (rgb @ _LUMA_709)[..., None]
    least = rgb.min(-1, keepdims=True)
    keep = np.where(least < 0, grey / np.maximum(grey - least, 1e-9), 1)
    return np.asarray(np.maximum(grey + (rgb - grey) * keep, 0))


def cube(curve: Curve, size: int) -> str:
    """Return the whole of `sdr` as the text of a .cube file with `size` points a side, red quickest."""
    steps = np.linspace(0, 1, size)
    blue, green, red = np.meshgrid(steps, steps, steps, indexing="ij")
    colours = sdr(np.stack([red, green, blue], -1).reshape(-1, 3), curve)
    lines = [f"{red:.5f} {green:.5f} {blue:.5f}" for red, green, blue in colours.tolist()]
    return "\n".join([f"LUT_3D_SIZE {size}", *lines, ""])
