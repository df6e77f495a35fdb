"""A path for people: the text of raw bytes, harmless to show and to store.

PostgreSQL stores neither NUL nor lone surrogates and a terminal obeys escape
sequences, so the raw bytes are what opens a file and this text is what is shown.
"""

from __future__ import annotations

import unicodedata


def display(raw: bytes) -> str:
    r"""Return `raw` as text: UTF-8 where it is that, `\xNN` for each byte that is not.

    Control characters stay (a newline is part of the name); `ui.format` draws them.
    """
    return raw.decode("utf-8", "backslashreplace")


def comparable(text: str) -> str:
    """Return `text` in NFC and case-folded: the form in which names are compared."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())
