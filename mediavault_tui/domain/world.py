"""What the world says of a work (TMDb, OMDb), and what is asked of it.

Times in seconds, languages as ISO 639-1, ratings 0–10. Nothing here was guessed from a name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from mediavault_tui.domain.model import Identity, Kind
from mediavault_tui.domain.titles import title_key

DOCUMENTARY = 99
"""TMDb's number of the genre, the same for films and for shows."""

GENRES: Mapping[int, str] = {
    12: "Adventure", 14: "Fantasy", 16: "Animation", 18: "Drama", 27: "Horror", 28: "Action",
    35: "Comedy", 36: "History", 37: "Western", 53: "Thriller", 80: "Crime", 99: "Documentary",
    878: "Science Fiction", 9648: "Mystery", 10402: "Music", 10749: "Romance", 10751: "Family",
    10752: "War", 10759: "Action & Adventure", 10762: "Kids", 10763: "News", 10764: "Reality",
    10765: "Sci-Fi & Fantasy", 10766: "Soap", 10767: "Talk",
    10768: "War & Politics", 10770: "TV Movie",
}  # fmt: skip
"""TMDb's genres by number."""


class TitleKind(StrEnum):
    """TMDb numbers films and shows apart: movie 603 is not tv 603."""

    MOVIE = "movie"
    TV = "tv"


def page_of(kind: str, tmdb_id: int) -> str:
    """Return TMDb's page for people; `kind`: movie or tv."""
    return f"https://www.themoviedb.org/{kind}/{tmdb_id}"


@dataclass(frozen=True, slots=True)
class Episode:
    """One episode of a show. Season 0 holds the specials."""

    season: int
    number: int
    name: str = ""
    air_date: date | None = None
    runtime: int = 0


@dataclass(frozen=True, slots=True)
class Title:
    """A film or a show as TMDb knows it.

    Known from a search only (`detailed` False), it has no running time, names, cast or episodes.
    """

    kind: TitleKind
    tmdb_id: int
    title: str
    original_title: str = ""
    original_language: str = ""
    year: int | None = None
    countries: tuple[str, ...] = ()
    runtime: int = 0
    """Seconds; 0: not known."""
    runtimes: tuple[int, ...] = ()
    """Seconds of every cut that translations give beside it."""
    genres: tuple[int, ...] = ()
    overview: str = ""
    rating: float = 0.0
    votes: int = 0
    popularity: float = 0.0
    poster: str = ""
    imdb_id: str | None = None
    tvdb_id: int | None = None
    collection: str = ""
    credits: tuple[str, ...] = ()
    """Director or creator first, then the cast in its order."""
    names: tuple[tuple[str, str], ...] = ()
    """Other titles with their language (or country); translations and alternative titles."""
    episodes: tuple[Episode, ...] = ()
    detailed: bool = False

    @property
    def documentary(self) -> bool:
        """Whether it is one by genre."""
        return DOCUMENTARY in self.genres

    @property
    def genre_names(self) -> tuple[str, ...]:
        """The genres in words."""
        return tuple(GENRES[genre] for genre in self.genres if genre in GENRES)

    @property
    def link(self) -> str:
        """TMDb's page for people."""
        return page_of(self.kind, self.tmdb_id)

    @property
    def key(self) -> tuple[TitleKind, int]:
        """What it is known by."""
        return self.kind, self.tmdb_id


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of TMDb, once for all files that ask the same."""

    kind: TitleKind
    title: str
    year: int | None = None
    country: str | None = None
    tmdb_id: int | None = None
    imdb_id: str | None = None
    tvdb_id: int | None = None

    @property
    def text(self) -> str:
        """The question in one line: the key under which answers and choices are kept."""
        if self.tmdb_id is not None:
            return f"{self.kind}|tmdb|{self.tmdb_id}"
        if self.imdb_id is not None:
            return f"{self.kind}|imdb|{self.imdb_id}"
        if self.tvdb_id is not None:
            return f"{self.kind}|tvdb|{self.tvdb_id}"
        return f"{self.kind}|{title_key(self.title)}|{self.year or ''}|{self.country or ''}"


@dataclass(frozen=True, slots=True)
class Asked:
    """One file's own part of a question: what tells the candidates apart."""

    question: Question
    duration: float = 0.0
    season: int | None = None
    episodes: tuple[int, ...] = ()
    air_date: date | None = None
    part: int | None = None
    edition: str | None = None
    extra: str | None = None


@dataclass(frozen=True, slots=True)
class Ratings:
    """What OMDb says of a title; `known` False: it has no such id."""

    imdb_id: str
    known: bool = True
    title: str = ""
    year: int | None = None
    runtime: int = 0
    rating: float | None = None
    votes: int | None = None
    metascore: int | None = None
    awards: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """A title with everything that a person is shown of it."""

    title: Title
    ratings: Ratings | None = None
    disagreements: tuple[str, ...] = field(default=())


def question_of(identity: Identity) -> Question | None:
    """Return what to ask for a file of that identity; None where there is nothing to go by."""
    if identity.extra is not None:
        return None
    episodic = identity.kind is Kind.EPISODE or identity.season is not None or bool(identity.episodes)
    kind = TitleKind.TV if episodic else TitleKind.MOVIE
    ids = (identity.tmdb_id, identity.imdb_id, identity.tvdb_id)
    if any(id is not None for id in ids):
        return Question(kind, identity.title, identity.year, identity.country, *ids)
    if identity.kind is Kind.OTHER or not title_key(identity.title):
        return None
    return Question(kind, identity.title, identity.year, identity.country)


def disagreements(title: Title, ratings: Ratings | None) -> tuple[str, ...]:
    """Return, a sentence each, in what OMDb contradicts TMDb: year, running time, rating."""
    if ratings is None or not ratings.known:
        return ()
    said = []
    if title.year and ratings.year and abs(title.year - ratings.year) > 1:
        said.append(f"TMDb says {title.year}, OMDb {ratings.year}")
    if title.runtime and ratings.runtime and abs(title.runtime - ratings.runtime) > 0.1 * title.runtime:
        said.append(f"TMDb says {title.runtime // 60} min, OMDb {ratings.runtime // 60} min")
    if ratings.rating is not None and title.votes >= 50 and abs(title.rating - ratings.rating) >= 1.5:
        said.append(f"TMDb rates it {title.rating:.1f}, IMDb {ratings.rating:.1f}")
    return tuple(said)


def named(title: Title) -> str:
    """Return a title for a sentence: “Aladdin (2019)”, “The Office (2005, US)”."""
    more = [str(title.year)] if title.year else []
    more += [title.countries[0]] if title.kind is TitleKind.TV and title.countries else []
    return f"{title.title} ({', '.join(more)})" if more else title.title
