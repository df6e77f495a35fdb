"""Titles as they are compared: one key for every way of writing the same words."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_APOSTROPHES = "'’‘ʼ`´"
_SPELLED_OUT = str.maketrans(
    {
        **dict.fromkeys(_APOSTROPHES),  # "Ocean's" and "Oceans" are one word
        "&": " and ",
        "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i",
    }
)  # fmt: skip
_ACCENTS = re.compile("[\u0300-\u036f\u064b-\u065f]+")
_NOT_WORDS = re.compile(r"[\W_]+")
_PLAIN = re.compile(r"[A-Za-z0-9]+(?: [A-Za-z0-9]+)*")
_LETTERS = re.compile(r"(?<!\S)[a-z](?: [a-z](?!\S))+")
_ARTICLE = re.compile(r"(?:the|an|a) (?=\S)")
_TRAILING_ARTICLE = re.compile(r"(.*\S), ?(the|an|a)\s*", re.IGNORECASE | re.DOTALL)
_ROMAN = {"ii": "2", "iii": "3", "iv": "4", "vi": "6", "vii": "7", "viii": "8", "ix": "9"}
_ROMAN_WORD = re.compile(r"(?<=\S )(?:viii|iii|vii|ii|iv|vi|ix)(?!\S)")


@lru_cache(maxsize=65536)
def title_key(title: str) -> str:
    """Return the form in which two spellings of one title are equal.

    NFKC, case-folded, accents stripped, `&` → and, apostrophes dropped, other punctuation
    → space, a leading (or trailing ", The") English article dropped, spaced letters joined
    ("S.W.A.T." = "SWAT"), Roman numerals after the first word in digits. Never empty for a
    title that shows anything: one made of signs alone stands as it is.
    """
    if _PLAIN.fullmatch(title):
        return _short_forms(title.lower())  # as most are: nothing below would change it
    if "," in title and (turned := _TRAILING_ARTICLE.fullmatch(title)):
        title = turned[1]
    key = title.lower() if title.isascii() else _unaccented(title)
    key = _NOT_WORDS.sub(" ", key.translate(_SPELLED_OUT)).strip()
    if not key:
        return " ".join(unicodedata.normalize("NFKC", title).casefold().split())
    return _short_forms(key)


def _short_forms(key: str) -> str:
    """Join letters, drop the article, write Roman numerals as digits."""
    # Letters before the article: "A.I." is no "I" with an article.
    key = _LETTERS.sub(lambda letters: letters[0].replace(" ", ""), key)
    if article := _ARTICLE.match(key):
        key = key[article.end() :]
    if " i" in key or " v" in key:
        key = _ROMAN_WORD.sub(lambda roman: _ROMAN[roman[0]], key)
    return key


def _unaccented(title: str) -> str:
    """Fold case and strip accents; kana keep their voicing marks, which are letters' parts."""
    folded = unicodedata.normalize("NFKC", title).casefold()
    return unicodedata.normalize("NFC", _ACCENTS.sub("", unicodedata.normalize("NFD", folded)))
