"""Text for a plain terminal: names made harmless, sizes in words. It imports nothing."""

from __future__ import annotations

_UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB")


def harmless(text: str) -> str:
    r"""Return `text` with everything that a terminal would obey or hide as an escape (`\x1b`, `\n`)."""
    if text.isprintable():
        return text
    return "".join([c if c.isprintable() else c.encode("unicode_escape").decode() for c in text])


def amount(count: int) -> str:
    """Return so many bytes in the largest unit that leaves at least one: 1.5 GiB, 12 bytes."""
    size = float(count)
    for unit in _UNITS:
        if size < 1024 or unit == _UNITS[-1]:
            break
        size /= 1024
    return f"{count} {'byte' if count == 1 else 'bytes'}" if unit == "bytes" else f"{size:.1f} {unit}"
