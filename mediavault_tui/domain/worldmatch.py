"""Which of TMDb's titles a file is: candidates scored by named points, and how sure that is.

Points: the title (up to 60, over every name that is known), the year (+25 exact, +12 a year
off), running time and episodes (up to ±25), the country, popularity last (at most 2). The
best candidate is *sure* only with enough points **and** a margin to the second; whatever
is not asks a person. An explicit id in the path wins without a score.
Source: docs/metadata.md, "The match".
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mediavault_tui.domain.likeness import numbers, sorted_key
from mediavault_tui.domain.titles import title_key
from mediavault_tui.domain.world import Asked, Episode, Question, Title, TitleKind, named

SURE = 74
"""Points from which the best candidate may be taken without asking…"""
MARGIN = 10
"""…if it leads the second by as many."""
TOO_UNLIKE = 60
"""Percent of title likeness below which a candidate is none."""


@dataclass(frozen=True, slots=True)
class Scored:
    """A candidate with its points and the words for them."""

    title: Title
    points: int
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Placed:
    """The place of a file in its show, as TMDb numbers it; `evidence` where that was worked out."""

    season: int | None = None
    episodes: tuple[int, ...] = ()
    evidence: str = ""
    known: bool = True
    """False: the show has no such episode, or its episodes are not known."""


@dataclass(frozen=True, slots=True)
class Match:
    """What a file was found to be. `sure` False: a person chooses among `ranking`."""

    best: Title | None
    sure: bool
    confidence: int
    margin: int
    evidence: tuple[str, ...]
    ranking: tuple[Scored, ...] = ()
    place: Placed = Placed()


NOTHING = Match(None, sure=False, confidence=0, margin=0, evidence=("TMDb knows no such title",))


def match(asked: Asked, candidates: Iterable[Title]) -> Match:
    """Score the candidates for one file; the best is sure, or a person is to choose."""
    scored = (score(asked, candidate) for candidate in candidates)
    ranking = sorted(
        (each for each in scored if each is not None),
        key=lambda each: (-each.points, -each.title.popularity, each.title.tmdb_id),
    )
    if not ranking:
        return NOTHING
    first = ranking[0]
    margin = first.points - (ranking[1].points if len(ranking) > 1 else 0)
    confidence = max(0, min(100, first.points))
    sure = first.points >= SURE and margin >= MARGIN and not _doubtful(asked, first)
    evidence = first.evidence
    if len(ranking) > 1 and margin < MARGIN:
        evidence = (*evidence, f"hardly ahead of {named(ranking[1].title)}")
    return Match(
        first.title, sure, confidence, margin, evidence, tuple(ranking[:8]), place(asked, first.title)
    )


def chosen(asked: Asked, title: Title, why: str) -> Match:
    """Return the match of a file whose title is given: by an id in its path, or by a person."""
    return Match(title, sure=True, confidence=100, margin=100, evidence=(why,), place=place(asked, title))


def score(asked: Asked, title: Title) -> Scored | None:
    """Return the points of one candidate; None if its title is another."""
    question = asked.question
    alike, name = _title_likeness(question.title, title)
    if alike < TOO_UNLIKE:
        return None
    points = 60.0 * (alike / 100) ** 2
    said = [f"the same title, “{name}”" if alike == 100 else f"its title “{name}” is {alike} % alike"]
    for part, words in (
        _year(question, title),
        _country(question, title),
        _length(asked, title),
        _episodes(asked, title),
    ):
        points += part
        if words:
            said.append(words)
    points += min(2.0, math.log10(1 + max(title.popularity, 0)))
    return Scored(title, round(points), tuple(said))


_SEASON = re.compile(
    rb"(?:season|series|staffel|saison|temporada|stagione|s)[ ._-]*\d{1,3}"
    rb"|specials?|(?:part|cour)[ ._-]*\d+",
    re.IGNORECASE,
)


def show_folder(path: bytes) -> bytes:
    """Return the folder for which a choice holds: the film's own, or the show's above its seasons."""
    folder = path.rpartition(b"/")[0]
    above, _, name = folder.rpartition(b"/")
    return above if _SEASON.fullmatch(name) and above else folder


def place(asked: Asked, title: Title) -> Placed:
    """Return where in its show the file stands: by season, by date, or numbered through (anime)."""
    if title.kind is TitleKind.MOVIE:
        return Placed()
    if not title.episodes:
        return Placed(asked.season, asked.episodes, known=False)
    if asked.air_date is not None and not asked.episodes:
        aired = [e for e in title.episodes if e.air_date == asked.air_date]
        if len({e.season for e in aired}) == 1:
            return Placed(
                aired[0].season, tuple(sorted(e.number for e in aired)), f"aired on {asked.air_date}"
            )
        return Placed(None, (), known=False)
    if not asked.episodes:
        return Placed(asked.season, (), known=any(e.season == asked.season for e in title.episodes))
    if asked.season is not None:
        there = {e.number for e in title.episodes if e.season == asked.season}
        if there.issuperset(asked.episodes):
            return Placed(asked.season, asked.episodes)
        if asked.season == 0:
            return Placed(0, asked.episodes, known=False)
        # "S04E60" of a split or renumbered show: counted through all seasons.
        if asked.episodes[0] > max(there, default=0) and (
            through := _through(title.episodes, asked.episodes)
        ):
            season, episodes = through
            if season == asked.season:
                return Placed(season, episodes, "its episodes are numbered through all seasons")
        return Placed(asked.season, asked.episodes, known=False)
    through = _through(title.episodes, asked.episodes)
    if through is None:
        return Placed(None, asked.episodes, known=False)
    return Placed(*through, "numbered through all seasons")


def _through(episodes: Sequence[Episode], wanted: Sequence[int]) -> tuple[int, tuple[int, ...]] | None:
    """Turn absolute numbers into season and episodes; None if they are not all in one season."""
    regular = sorted({(e.season, e.number) for e in episodes if e.season > 0})
    if not regular or max(wanted) > len(regular) or min(wanted) < 1:
        return None
    if any(number > len(regular) for _, number in regular):
        return None  # the show itself is numbered through: a place in the list says nothing
    places = [regular[number - 1] for number in wanted]
    seasons = {season for season, _ in places}
    return (seasons.pop(), tuple(number for _, number in places)) if len(seasons) == 1 else None


def _title_likeness(wanted: str, title: Title) -> tuple[int, str]:
    """Return the best likeness, 0–100, over all names of a title, and that name."""
    from rapidfuzz.fuzz import ratio

    key = sorted_key(title_key(wanted))
    best, name = 0, title.title
    for candidate in dict.fromkeys((title.title, title.original_title, *(text for text, _ in title.names))):
        other = sorted_key(title_key(candidate)) if candidate else ""
        if not other:
            continue
        if other == key:
            return 100, candidate
        if numbers(other) != numbers(key):
            continue
        alike = min(int(ratio(key, other)), 99)
        if alike > best:
            best, name = alike, candidate
    return best, name


def _year(question: Question, title: Title) -> tuple[int, str]:
    if question.year is None:
        return 13, ""
    if title.year is None:
        return -5, "TMDb gives no year"
    apart = abs(question.year - title.year)
    if apart == 0:
        return 25, f"the same year, {title.year}"
    if apart == 1:
        return 12, f"a year off: {title.year}"
    if question.kind is TitleKind.TV and title.year < question.year:
        # The year in an episode's name may be that of its season.
        return -18, f"the show began in {title.year}, the name says {question.year}"
    return -40, f"another year: {title.year}, the name says {question.year}"


def _country(question: Question, title: Title) -> tuple[int, str]:
    if question.country is None or not title.countries:
        return 0, ""
    if question.country.upper() in title.countries:
        return 14, f"made in {question.country.upper()}"
    return -30, f"made in {title.countries[0]}, the name says {question.country.upper()}"


def _length(asked: Asked, title: Title) -> tuple[int, str]:
    """Compare a film's running time with the file's; parts and extras say nothing."""
    if title.kind is TitleKind.TV or not title.runtime or not asked.duration or asked.part or asked.extra:
        return 0, ""
    share = (asked.duration - title.runtime) / title.runtime
    minutes = f"{asked.duration / 60:.0f} of {title.runtime / 60:.0f} min"
    if abs(share) <= 0.05:
        return 12, f"runs as long ({minutes})"
    if abs(share) <= 0.12 or (asked.edition and 0 < share < 0.35):
        return 3, ""
    if share < -0.5 or (share < 0 and not asked.edition):
        return -8, f"the file is shorter ({minutes})"
    return -16, f"the file is longer ({minutes})"


def _episodes(asked: Asked, title: Title) -> tuple[int, str]:
    if title.kind is TitleKind.MOVIE or not title.episodes or not (asked.episodes or asked.air_date):
        return 0, ""
    where = place(asked, title)
    if where.known:
        numbered = "".join(f"E{number:02}" for number in where.episodes)
        text = f"S{where.season or 0:02}{numbered}"
        return 12, f"it has {text}" + (f" ({where.evidence})" if where.evidence else "")
    if asked.season == 0:
        return -3, "TMDb does not list that special"
    return -25, "it has no such episode"


def _doubtful(asked: Asked, first: Scored) -> bool:
    """Return whether something speaks so much against the best that points do not outweigh it."""
    title = first.title
    if asked.question.year is not None and title.year and abs(title.year - asked.question.year) > 1:
        return True
    if title.episodes and asked.episodes and asked.season != 0 and not place(asked, title).known:
        return True
    return bool(
        title.kind is TitleKind.MOVIE
        and title.runtime
        and asked.duration
        and not asked.part
        and not asked.edition
        and asked.question.year is None
        and abs(asked.duration - title.runtime) > 0.15 * title.runtime
    )
