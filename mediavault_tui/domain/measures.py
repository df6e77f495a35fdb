"""Bytes and lengths as people say them, the same everywhere. It imports nothing: `exact` starts quickly."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


def size(count: float) -> str:
    """Return bytes as people say them, in powers of 1000 as disks are sold: "4.2 GB"."""
    if count < 1000:
        return f"{count:.0f} B"
    value = float(count)
    for unit in ("kB", "MB", "GB", "TB"):
        value /= 1000
        if value < 999.95:
            return f"{value:.1f} {unit}" if value < 99.95 else f"{value:.0f} {unit}"
    return f"{value / 1000:.1f} PB"


def clock(seconds: float) -> str:
    """Return a length as h:mm:ss, or m:ss below an hour."""
    hours, rest = divmod(max(round(seconds), 0), 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"


def day(moment: datetime) -> str:
    """Return the day of a moment where the person is."""
    return f"{moment.astimezone():%Y-%m-%d}"
