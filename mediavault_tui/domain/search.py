"""Words to find a file by: what the inventory indexes, and what a person types.

Words are case-folded, without accents, split at everything that is no letter or digit.
Chinese and Japanese write no spaces: a run of their signs becomes its pairs of
neighbours, so that any part of it is found.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType

LONGEST = 64
"""Characters of a word that count: PostgreSQL takes lexemes of 2 KB, and one letter can unfold into 18."""

NOTHING_KNOWN: Mapping[str, Sequence[str]] = MappingProxyType({})
_WORD = re.compile(r"[^\W_]+")
_UNSPACED = re.compile(
    "[\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+"
)
_ACCENTS = re.compile("[\u0300-\u036f\u0591-\u05c7\u064b-\u065f]+")


def fold(text: str) -> str:
    """Return `text` case-folded and without accents; kana keep their voicing marks."""
    if text.isascii():
        return text.lower()
    unfolded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return unicodedata.normalize("NFC", _ACCENTS.sub("", unfolded))


def words(text: str) -> list[str]:
    """Return the words of `text` in order, with repetitions, as they are indexed."""
    folded = fold(text)
    if folded.isascii():
        all_words: list[str] = _WORD.findall(folded)
        return all_words if len(folded) <= LONGEST else [word[:LONGEST] for word in all_words]
    found: list[str] = []
    for word in _WORD.findall(folded):
        end = 0
        for run in _UNSPACED.finditer(word):
            found += [word[end : run.start()][:LONGEST], *_pairs(run[0]), run[0][-1]]
            end = run.end()
        found.append(word[end:][:LONGEST])
    return [word for word in found if word]


def indexed(path: str, title: str = "") -> str:
    """Return the distinct words of a path and a title as PostgreSQL reads a `tsvector`."""
    folder, _, file = path.rpartition("/")
    found = _of_folder(folder).union(words(file))
    if title not in path:
        found = found.union(words(title))
    return " ".join(found)


@lru_cache(maxsize=1024)
def _of_folder(folder: str) -> frozenset[str]:
    """The files of a folder come one after the other and share its words."""
    return frozenset(words(folder))


def prefix_terms(text: str) -> list[str]:
    """Return the words that a person typed, distinct and in order; `word:*` is a beginning.

    The words hold letters and digits only, so nothing in them can be an operator.
    """
    terms: list[str] = []
    for word in _WORD.findall(fold(text)):
        end = 0
        for run in _UNSPACED.finditer(word):
            terms.append(f"{word[end : run.start()][:LONGEST]}:*" if run.start() > end else "")
            terms += _pairs(run[0]) or [f"{run[0]}:*"]
            end = run.end()
        if end < len(word):
            terms.append(f"{word[end:][:LONGEST]}:*")
    return list(dict.fromkeys(term for term in terms if term))


def prefix_query(terms: Sequence[str], known: Mapping[str, Sequence[str]] = NOTHING_KNOWN) -> str:
    """Return terms as PostgreSQL reads a `tsquery`: every one must be there; empty without any.

    `known`: for beginnings (without `:*`) all the words there are that begin so; they find the
    same and are quicker to find.
    """
    return " & ".join(_one_of(known.get(term.removesuffix(":*"), ())) or term for term in terms)


def _one_of(alternatives: Sequence[str]) -> str:
    return f"({' | '.join(alternatives)})" if alternatives else ""


def _pairs(run: str) -> list[str]:
    return [run[at : at + 2] for at in range(len(run) - 1)]
