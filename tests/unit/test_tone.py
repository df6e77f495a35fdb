"""HDR to SDR: known points of the standards, and what must hold of every colour."""

from __future__ import annotations

import numpy as np
import pytest

from mediavault_tui.domain.model import Hdr, VideoTrack
from mediavault_tui.domain.picture import Curve, curve_of
from mediavault_tui.domain.tone import cube, pq_light, pq_signal, sdr

GREYS = np.repeat(np.linspace(0, 1, 257)[:, None], 3, axis=1)


@pytest.mark.parametrize(
    ("signal", "light"), [(0.0, 0), (0.508, 100), (0.581, 203), (0.752, 1000), (1.0, 10_000)]
)
def test_pq_is_the_standard_s(signal: float, light: float) -> None:
    """ITU-R BT.2408, table 1, in cd/m²."""
    assert pq_light(np.array(signal)) == pytest.approx(light, rel=0.01)
    assert pq_signal(np.array(float(light))) == pytest.approx(signal, abs=0.001)


def test_paper_is_as_bright_in_pq_as_in_hlg() -> None:
    """BT.2408: 58 % of PQ and 75 % of HLG are the same white of 203 cd/m²."""
    pq, hlg = sdr(np.full((1, 3), 0.5807), "pq"), sdr(np.full((1, 3), 0.75), "hlg")
    assert pq == pytest.approx(hlg, abs=0.01)
    assert 0.85 < pq[0, 0] < 0.95


@pytest.mark.parametrize("curve", ["pq", "hlg"])
def test_brighter_is_never_darker_and_grey_stays_grey(curve: Curve) -> None:
    seen = sdr(GREYS, curve)
    assert (np.diff(seen, axis=0) >= -1e-9).all()
    assert np.ptp(seen, axis=1).max() < 1e-4
    assert seen[0] == pytest.approx(0, abs=1e-6)
    assert seen[-1] == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("curve", ["pq", "hlg"])
def test_every_signal_has_a_colour(curve: Curve) -> None:
    steps = np.linspace(0, 1, 9)
    colours = sdr(np.stack(np.meshgrid(steps, steps, steps), -1).reshape(-1, 3), curve)
    assert np.isfinite(colours).all()
    assert (colours.min(), colours.max()) == (pytest.approx(0), pytest.approx(1))


def test_a_cube_has_red_first_and_one_line_a_point() -> None:
    head, *points = cube("pq", 3).splitlines()
    assert (head, len(points)) == ("LUT_3D_SIZE 3", 27)
    red, green, blue = map(float, points[2].split())  # the second step, of red alone
    assert red > green
    assert red > blue


@pytest.mark.parametrize(
    ("kinds", "curve"),
    [
        ((), None),
        ((Hdr.HDR10,), "pq"),
        ((Hdr.HDR10, Hdr.HDR10_PLUS, Hdr.DOLBY_VISION), "pq"),
        ((Hdr.HLG, Hdr.DOLBY_VISION), "hlg"),
        ((Hdr.DOLBY_VISION,), None),
    ],
)
def test_what_lies_below_decides_the_curve(kinds: tuple[Hdr, ...], curve: Curve | None) -> None:
    assert curve_of(VideoTrack("hevc", 3840, 2160, hdr=kinds)) == curve
