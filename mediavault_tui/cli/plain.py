"""Text for a plain terminal: names made harmless. It imports nothing."""

from __future__ import annotations


def harmless(text: str) -> str:
    r"""Return `text` with everything that a terminal would obey or hide as an escape (`\x1b`, `\n`)."""
    if text.isprintable():
        return text
    return "".join([c if c.isprintable() else c.encode("unicode_escape").decode() for c in text])
