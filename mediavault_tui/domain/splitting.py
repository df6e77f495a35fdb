"""Where a title ends: the year, the first tag, the country behind it."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from mediavault_tui.domain.names import (
    BARE_COUNTRIES,
    CLOSING_WORDS,
    COUNTRIES,
    FIRST_YEAR,
    LAST_YEAR,
    NOT_BEFORE_US,
    TAG,
    TRAILING_TAGS,
    VIDEO_ENDINGS,
    YEAR_TITLES,
)
from mediavault_tui.domain.titles import title_key

_WORD = re.compile(r"[^\W_]+")
_YEAR = re.compile(r"(?<![^\W_])(?:18[89]|19[0-9]|20[0-3])[0-9](?![^\W_])")
_BRACKETED_YEAR = re.compile(r"[(\[{] *((?:18[89]|19[0-9]|20[0-3])[0-9])(?: *- *(?:\d{4})?)? *[)\]}]")
_YEAR_AND_MORE = re.compile(r"\(((?:18[89]|19[0-9]|20[0-3])[0-9])[ ,][^()]*\)")
_BRACES = re.compile(
    r"[{\[(] ?(?:(?:tmdb|imdb|tvdb|anidb)(?:id)?[-= ]|edition-)[^{}\[\]()]*[}\])]", re.IGNORECASE
)
_SITE = re.compile(
    r"\s*(?:\[\s*(?:www\.)?[\w-]+\.[a-z]{2,4}\s*\]|www\.[\w-]+\.[a-z]{2,6})[ ._-]*", re.IGNORECASE
)
_UNSHOWABLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff\ufffe\uffff]+"
)
_COUNTRY = re.compile(r"^(.*\S)[ ._-]*[(\[]([A-Za-z]{2,3})[)\]]$", re.DOTALL)
_BARE_COUNTRY = re.compile(r"^(.*[^\W_])[ ._-]+([A-Za-z]{2,3})$", re.DOTALL)
_TITLE_YEAR = re.compile(
    r"^(.*[^\W_].*?)[ ._-]*(?:[(\[]((?:19|20)\d\d)(?:-(?:\d{4})?)?[)\]]|(?<=[ ._-])((?:19|20)\d\d))$",
    re.DOTALL,
)
_COUNTRY_ENDS = frozenset(country[-2:] for country in BARE_COUNTRIES)
_ENDS_OF_YEARS = frozenset("0123456789)]")
_INITIALS = re.compile(r"(?:^|(?<=[._]))(?:(?:[A-Z]\.){2,}[A-Z]|(?<![._])[A-Z]\.[A-Z])(?:\.+|$)")
"""`S.W.A.T.` anywhere, two letters only at the beginning (`A.I.`, `L.A.`): elsewhere they are words."""
_DOT = "\x00"
"""Stands for a dot that stays; no file name can hold it."""
_EDGES = " \t\n._-–—,:;"


@dataclass(frozen=True, slots=True)
class Split:
    """A film's name cut where its title ends; `certain` when the year stood in brackets."""

    title: str
    year: int | None
    rest: str
    certain: bool = False


def stem_of(name: str) -> str:
    """Return a file's name without the ending of a video."""
    dot = name.rfind(".")
    if dot > 0 and name[dot:].lower() in VIDEO_ENDINGS:
        return name[:dot]
    return name


def without_braces(stem: str) -> str:
    """Return the stem without `{tmdb-…}`, `[imdbid-…]`, `{edition-…}` and a site's address."""
    if "-" in stem or "=" in stem:
        stem = _BRACES.sub("", stem)
    if "[" in stem or "www." in stem.lower():
        stem = _SITE.sub("", stem, count=1) or stem
    return stem


def clean_title(text: str) -> str:
    """Return words as a person writes them: one space between, in NFC, nothing unshowable."""
    if " " not in text.strip():
        text = _INITIALS.sub(_kept_together, text) if "." in text else text
        text = text.replace(".", " ").replace(_DOT, ".")
    text = text.replace("_", " ")
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    if not text.isprintable():
        text = _UNSHOWABLE.sub(" ", text)
    text = " ".join(text.split())
    if "]" in text or text.endswith("["):
        text = _without_half_brackets(text)
    trimmed = text.strip(_EDGES)
    if text.endswith(".") and (" " in trimmed or "." in trimmed):
        trimmed += "."  # "Monsters, Inc.", "S.W.A.T."
    if trimmed.count("(") > trimmed.count(")"):
        trimmed = trimmed.rstrip("( ") if trimmed.endswith("(") else trimmed
    if text.endswith("---"):
        return text.rstrip("- ") + "-" * (len(text) - len(text.rstrip("-")))  # "The B----"
    return trimmed.strip()


def _without_half_brackets(text: str) -> str:
    """Drop half a bracket: of `Odd [/red] Sky` the file is called `red] Sky` and its folder `Odd [`."""
    text = text.rstrip("[ ")
    before, closing, behind = text.partition("]")
    if not closing or "[" in before:
        return text
    return behind.strip() if _has_words(behind) else before + behind


def _kept_together(initials: re.Match[str]) -> str:
    return initials[0].rstrip(".").replace(".", _DOT) + _DOT + "."


def split_film(stem: str) -> Split | None:
    """Cut at the year, else at the first tag; None when there is neither.

    Of several years the last before the tags is the year of release (*Wonder Woman 1984*
    2020), a year that nothing precedes is the title (*1917*), and after an edition's words a
    year dates that edition.
    """
    tag = next((found for found in TAG.finditer(stem) if _has_words(stem[: found.start()])), None)
    if braced := _first_bracketed(stem):
        at = min(braced.start(), tag.start()) if tag else braced.start()
        title = _strip_tags(stem[:at])
        rest = stem[len(title) : braced.start()] + " " + stem[braced.end() :]
        return Split(title, int(braced[1]), rest, certain=True)
    years = [
        y
        for y in _YEAR.finditer(stem)
        if FIRST_YEAR <= int(y[0]) <= LAST_YEAR and _has_words(stem[: y.start()])
    ]
    before_tag = [y for y in years if tag is None or y.start() < tag.start()]
    if chosen := _release_year(stem, before_tag):
        if chosen.end() == len(stem) and title_key(stem) in YEAR_TITLES:
            return None
        title = _strip_tags(stem[: chosen.start()])
        return Split(title, int(chosen[0]), stem[len(title) : chosen.start()] + " " + stem[chosen.end() :])
    if tag is None:
        return None
    title = _strip_tags(stem[: tag.start()])
    late = next((int(y[0]) for y in years if y.start() < tag.end() + 30), None)
    return Split(title, late, stem[len(title) :])


def _first_bracketed(stem: str) -> re.Match[str] | None:
    if "(" not in stem and "[" not in stem and "{" not in stem:
        return None
    for pattern in (_BRACKETED_YEAR, _YEAR_AND_MORE):
        for found in pattern.finditer(stem):
            if _has_words(stem[: found.start()]) and int(found[1]) <= LAST_YEAR:
                return found
    return None


def _release_year(stem: str, years: list[re.Match[str]]) -> re.Match[str] | None:
    if not years:
        return None
    for earlier in years[:-1]:
        between = stem[earlier.end() : years[-1].start()]
        if between.strip(_EDGES + "()[]") and TRAILING_TAGS.fullmatch(" " + between.strip(_EDGES + "()[]")):
            return earlier
    return years[-1]


def _strip_tags(title: str) -> str:
    """Cut edition words and weak tags off the end, unless nothing but an article would be left."""
    title = title.rstrip(_EDGES + "([{")
    while _ends_in_tag(title) and (found := TRAILING_TAGS.search(title)):
        word = found[0].strip(_EDGES + "()[]")
        left = title[: found.start()].rstrip(_EDGES)
        if title_key(left) in ("", "the", "a", "an") or not _unlike_a_title(word, found[0]):
            break
        title = left
    return title


def _ends_in_tag(title: str) -> bool:
    """Whether the last word may belong to an edition or tag: spares the search on most titles."""
    words = _WORD.findall(title, max(0, len(title) - 24))
    return bool(words) and words[-1].lower() in CLOSING_WORDS


_NEVER_LAST = frozenset(
    [
        "remastered",
        "unrated",
        "uncensored",
        "extended",
        "theatrical",
        "despecialized",
        "imax",
        "repack",
        "proper",
    ]
)
"""Single words that close no film's title."""


def _unlike_a_title(word: str, as_found: str) -> bool:
    """Whether a trailing word can be cut off: several words, capitals, in brackets, or never a title's."""
    several = len(re.split(r"[ ._-]", word)) > 1
    capitals = word.isupper() and len(word) > 2
    return several or capitals or "(" in as_found or "[" in as_found or word.lower() in _NEVER_LAST


def _has_words(text: str) -> bool:
    """Whether a title could stand here: a letter or digit that is not inside leading brackets only."""
    return any(character.isalnum() for character in text)


def split_show(text: str) -> tuple[str, int | None, str | None]:
    """Return a show's title, year and country from what stands before its episode number."""
    year = country = None
    text = text.rstrip(_EDGES + "([")
    for _ in range(2):  # "The Office (US) (2005)" and "The Office (2005) (US)"
        if year is None and text[-1:] in _ENDS_OF_YEARS and (found := _TITLE_YEAR.match(text)):
            year = int(found[2] or found[3])
            if year > LAST_YEAR or (found[3] and title_key(text) in YEAR_TITLES):
                year = None
            else:
                text = found[1].rstrip(_EDGES)
        if country is None:
            text, country = split_country(text)
    return clean_title(text), year, country


def split_country(text: str) -> tuple[str, str | None]:
    """Cut `(US)`, `.US` or ` UK` off a show's title; "This Is Us" keeps its pronoun."""
    if text.endswith((")", "]")):
        if (found := _COUNTRY.match(text)) and (code := COUNTRIES.get(found[2].lower())):
            return found[1].rstrip(_EDGES), code
    elif text[-2:].upper() in _COUNTRY_ENDS and (found := _BARE_COUNTRY.match(text)):
        word, before = found[2], found[1]
        if word.upper() in BARE_COUNTRIES and (word.isupper() or text.islower()):
            last = re.split(r"[ ._-]", before)[-1].lower()
            if not (word.upper() == "US" and last in NOT_BEFORE_US):
                return before.rstrip(_EDGES), COUNTRIES[word.lower()]
    return text, None
