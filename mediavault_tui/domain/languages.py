"""One spelling for each language: ISO 639-1 where it has a code there, else 639-3.

Files are tagged with ISO 639-1, 639-2/B (`ger`), 639-2/T (`deu`), 639-3, BCP 47
(`pt-BR`), English or native names; two copies can only be compared in one of them.
"""

from __future__ import annotations

import unicodedata
from functools import cache

from mediavault_tui.domain.language_codes import (
    NOT_SAID,
    OTHER_CODES,
    WITH_THREE_LETTERS,
    WITH_TWO_LETTERS,
)


def normalise(code_or_name: str | None) -> str | None:
    """Return the code of a language given by any code or name, or None if it is not said.

    A well-formed code of three letters that is in no list here is returned as it is:
    639-3 knows thousands of languages. Anything else unknown is None.
    """
    if code_or_name is None:
        return None
    word = _plain(code_or_name)
    if word in NOT_SAID:
        return None
    codes, names, _ = _tables()
    if (found := codes.get(word) or names.get(word)) is not None:
        return found
    primary, *others = word.replace("_", "-").split("-")
    if others:
        return _tagged(primary, others)
    if len(word) == 3 and word.isascii() and word.isalpha() and not "qaa" <= word <= "qtz":
        return word
    # "English (SDH)", "Deutsch [forced]"
    named = word.partition("(")[0].partition("[")[0].strip()
    return names.get(named)


def name(code: str) -> str:
    """Return the English name for a code of `normalise`; an unknown one is its own name."""
    return _tables()[2].get(code, code)


def _tagged(primary: str, others: list[str]) -> str | None:
    """Read a BCP 47 tag; an extended language (zh-yue) says more than its primary one."""
    codes, _, _ = _tables()
    if primary in ("x", "i"):
        return None
    extended = others[0]
    if len(extended) == 3 and extended in codes:
        return codes[extended]
    return None if primary in NOT_SAID else codes.get(primary)


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())


@cache
def _tables() -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
    """Return code → code, name → code, and code → English name."""
    codes: dict[str, str] = {}
    names: dict[str, str] = {}
    english: dict[str, str] = {}
    rows = [line.split(" ", 3) for line in WITH_TWO_LETTERS.strip().splitlines()]
    rows += [[code, code, code, text] for code, text in _three_letters()]
    for code, bibliographic, terminological, text in rows:
        codes |= {code: code, bibliographic: code, terminological: code}
        spellings = text.split("/")
        english[code] = spellings[0]
        for spelling in spellings:
            names.setdefault(_plain(spelling), code)
    codes.pop("-", None)
    codes |= OTHER_CODES
    return codes, names, english


def _three_letters() -> list[tuple[str, str]]:
    rows = (line.partition(" ") for line in WITH_THREE_LETTERS.strip().splitlines())
    return [(code, text) for code, _, text in rows]
