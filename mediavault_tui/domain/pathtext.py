"""A path for people: the text of raw bytes, and how any text is made harmless to print.

PostgreSQL stores neither NUL nor lone surrogates, so the raw bytes are what opens a file
and their text is what is stored and told.
"""

from __future__ import annotations

import unicodedata


def display(raw: bytes) -> str:
    r"""Return `raw` as text: UTF-8 where it is that, `\xNN` for each byte that is not.

    Control characters stay (a newline is part of the name): before it is shown, printed or logged, the
    text goes through `harmless` or `ui.format.visible`.
    """
    return raw.decode("utf-8", "backslashreplace")


def harmless(text: str) -> str:
    r"""Return `text` with everything that a terminal would obey or hide as an escape (`\x1b`, `\n`)."""
    if text.isprintable():
        return text
    return "".join([c if c.isprintable() else c.encode("unicode_escape").decode() for c in text])


def comparable(text: str) -> str:
    """Return `text` in NFC and case-folded: the form in which names are compared."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())
