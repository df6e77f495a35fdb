"""Sizes in words, for a plain terminal. It imports nothing."""

from __future__ import annotations

_UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB")


def amount(count: int) -> str:
    """Return so many bytes in the largest unit that leaves at least one: 1.5 GiB, 12 bytes."""
    size = float(count)
    for unit in _UNITS:
        if size < 1024 or unit == _UNITS[-1]:
            break
        size /= 1024
    return f"{count} {'byte' if count == 1 else 'bytes'}" if unit == "bytes" else f"{size:.1f} {unit}"
