"""What a person is shown who chooses a title, and what may be typed in place of one.

Nothing here guesses: candidates carry the points and words of `domain.worldmatch`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from mediavault_tui.domain.model import FileId
from mediavault_tui.domain.world import Asked, Title, TitleKind
from mediavault_tui.domain.worldmatch import Scored, score

Key = tuple[TitleKind, int]


@dataclass(frozen=True, slots=True)
class Asking:
    """One line of the queue: files of one name in one show's or film's folder (raw).

    `everywhere`: files of that name in all folders. `file` stands for them all.
    """

    asked_as: str
    folder: bytes
    file: FileId
    files: int
    everywhere: int
    questions: int
    """Files that the whole question has: with `asked_as`, where the queue goes on."""


@dataclass(frozen=True, slots=True)
class Puzzle:
    """One file, what it was found to be, and what it may be; a choice settles `files` like it."""

    file: FileId
    path: str
    folder: str
    asked: Asked
    state: str
    """'sure', 'chosen', 'ask', 'none', or '' where nobody asked yet."""
    title: Key | None
    evidence: tuple[str, ...]
    files: int
    everywhere: int
    candidates: tuple[Scored, ...] = ()


@dataclass(frozen=True, slots=True)
class Typed:
    """What was typed: titles by id, or words with perhaps a year."""

    keys: tuple[Key, ...] = ()
    external: tuple[str, str] | None = None
    """TMDb's name of another database, and the id there."""
    words: str = ""
    year: int | None = None


_PAGE = re.compile(r"themoviedb\.org/(movie|tv)/(\d+)")
_KEY = re.compile(r"(movie|tv)\s*[/ -]\s*(\d{1,8})")
_NUMBER = re.compile(r"(?:tmdb(?:id)?)[-: ]?(\d{1,8})")
_IMDB = re.compile(r"(?:^|[^a-z])(tt\d{7,10})\b")
_TVDB = re.compile(r"tvdb(?:id)?[-: ]?(\d{1,8})")
_YEAR = re.compile(r"(.+?)[ (]+((?:18|19|20)\d\d)\)?")


def read(text: str, kind: TitleKind) -> Typed:
    """Read an id (movie/603, tmdb-603, tt0133093, tvdb-81189, a page's address) or words.

    A bare number is words: 1917 and 300 are films. `kind`: what a number alone means.
    """
    plain = " ".join(text.lower().split())
    if found := _PAGE.search(plain) or _KEY.fullmatch(plain):
        return Typed(keys=((TitleKind(found[1]), int(found[2])),))
    if found := _NUMBER.fullmatch(plain):
        other = TitleKind.TV if kind is TitleKind.MOVIE else TitleKind.MOVIE
        return Typed(keys=((kind, int(found[1])), (other, int(found[1]))))
    if found := _IMDB.search(plain):
        return Typed(external=("imdb_id", found[1]))
    if found := _TVDB.fullmatch(plain):
        return Typed(external=("tvdb_id", found[1]))
    words = " ".join(text.split())
    if dated := _YEAR.fullmatch(words):
        return Typed(words=dated[1], year=int(dated[2]))
    return Typed(words=words)


def weigh(asked: Asked, title: Title) -> Scored:
    """Score a title for a file whatever its name: what a person searched for has another one."""
    found = score(asked, title)
    if found is not None:
        return found
    named = replace(asked, question=replace(asked.question, title=title.title))
    rest = score(named, title)
    words = rest.evidence[1:] if rest is not None else ()
    return Scored(title, max(rest.points - 60, 0) if rest is not None else 0, ("another name", *words))
