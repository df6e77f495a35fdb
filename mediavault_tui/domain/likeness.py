"""Whether two identified files are one work; and what a person should be asked about it.

Source: docs/rules.md, sections 1, 3 and 4. What is said of a work as a whole (title, year,
ids, edition) is `same_work`; with its numbering (season, episodes, part) and its length it
is `same_title`.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

from mediavault_tui.domain.model import FileId, Identity, Kind, MediaFile, Work
from mediavault_tui.domain.titles import title_key

THRESHOLD = 85
"""Title likeness of one work, where no setting says otherwise."""

_SAMPLES = ((180.0, 15.0), (600.0, 90.0), (1800.0, 300.0), (float("inf"), 600.0))
"""Titles that run up to the first number of seconds have samples shorter than the second."""


@dataclass(frozen=True, slots=True)
class Identified:
    """What matching needs of a file; `key` is the title's key with its words sorted."""

    file: FileId
    identity: Identity
    key: str
    duration: float = 0.0
    """Seconds; 0 where it is not known."""
    work: Work | None = None


def identified(file: MediaFile) -> Identified | None:
    """Return what matching needs of `file`; None if it was never identified."""
    if file.identity is None:
        return None
    key = sorted_key(title_key(file.identity.title))
    return Identified(file.id, file.identity, key, file.info.duration if file.info else 0.0, file.work)


def sorted_key(key: str) -> str:
    """Return a title key with its words in order, so that word order does not count."""
    return " ".join(sorted(key.split()))


@dataclass(frozen=True, slots=True)
class Likeness:
    """Two files are one work; `strength` 0–100, `reason` a sentence."""

    strength: int
    reason: str


@dataclass(frozen=True, slots=True)
class Doubt:
    """What speaks against taking two names for one work; `ask`: only a person can say."""

    sentence: str
    ask: bool


def numbering(identity: Identity) -> Hashable:
    """Return what must be equal, and known, for two files to be one and the same title."""
    return (
        identity.season,
        identity.episodes,
        identity.air_date,
        identity.part,
        identity.three_d,
    )


def episodic(identity: Identity) -> bool:
    """Return whether the identity is of an episode, also one of a documentary series."""
    return identity.kind is Kind.EPISODE or identity.season is not None or bool(identity.episodes)


def complete(identity: Identity) -> bool:
    """Return whether the identity is complete enough to be equal to another's.

    An extra is never the work; an episode without a number is nothing in particular; a
    file of no known kind has only an explicit id to go by.
    """
    if identity.extra is not None:
        return False
    if episodic(identity):
        return bool(identity.episodes or identity.air_date)
    return identity.kind is not Kind.OTHER or explicit_ids(identity) != {}


def explicit_ids(identity: Identity) -> dict[str, int | str]:
    """Return the ids that the name itself gives, by the database that they are of."""
    ids = {"tmdb": identity.tmdb_id, "imdb": identity.imdb_id, "tvdb": identity.tvdb_id}
    return {name: value for name, value in ids.items() if value is not None}


def same_title(a: Identified, b: Identified, *, threshold: int = THRESHOLD) -> Likeness | None:
    """Return how alike two files are if they are one title; None if they are not."""
    one, other = a.identity, b.identity
    if not complete(one) or not complete(other) or numbering(one) != numbering(other):
        return None
    if is_sample(a.duration, b.duration):
        return None
    return same_work(a, b, threshold=threshold)


def same_work(a: Identified, b: Identified, *, threshold: int = THRESHOLD) -> Likeness | None:
    """Return how alike two files are if they belong to one work (or show), whatever their numbering.

    An explicit id decides: equal ones match whatever the titles, different ones never do. So
    does TMDb, where it surely knows both.
    """
    one, other = a.identity, b.identity
    if one.three_d != other.three_d or _differ(one.edition, other.edition):
        return None
    ids, others = explicit_ids(one), explicit_ids(other)
    shared = ids.keys() & others.keys()
    if any(ids[name] != others[name] for name in shared):
        return None
    if shared:
        name = min(shared)
        return _weakened(100, f"both names say {name} {ids[name]}", one, other)
    if a.work is not None and b.work is not None:
        if (a.work.kind, a.work.tmdb_id) != (b.work.kind, b.work.tmdb_id):
            return None
        said = f"TMDb knows both as {a.work.kind} {a.work.tmdb_id}"
        # Years and titles may differ between the names: the world has settled that.
        unsettled = doubt(one, other) if (one.edition is None) != (other.edition is None) else None
        return Likeness(80, f"{said}; {unsettled.sentence}") if unsettled else Likeness(98, said)
    if Kind.OTHER in (one.kind, other.kind) or {one.kind, other.kind} == {Kind.MOVIE, Kind.EPISODE}:
        return None
    if (one.year and other.year and one.year != other.year) or _differ(one.country, other.country):
        return None
    alike = title_likeness(a.key, b.key, threshold=threshold)
    if alike is None:
        return None
    said = f"the same title, “{one.title}”" if alike == 100 else f"titles are {alike} % alike"
    return _weakened(alike, said, one, other)


def title_likeness(a: str, b: str, *, threshold: int) -> int | None:
    """Return the likeness of two sorted keys, 0–100, or None below `threshold`.

    Their numbers must be the same ones: "Rocky 2" is 86 % of "Rocky 3" and another film.
    """
    if not a or not b:
        return None
    if a == b:
        return 100
    if numbers(a) != numbers(b):
        return None
    from rapidfuzz.fuzz import ratio

    alike = ratio(a, b, score_cutoff=threshold)
    return min(int(alike), 99) if alike else None


def numbers(key: str) -> list[str]:
    """Return the words of a sorted key that are numbers."""
    return [word for word in key.split() if word.isdigit()]


def is_sample(a: float, b: float) -> bool:
    """Return whether one of two lengths (seconds) is a sample's beside the other, the title's.

    It must also be less than half of it: a clip of ten seconds is no sample of its own copy.
    """
    short, title = sorted((a, b))
    if short <= 0 or short * 2 >= title:
        return False
    return short < next(limit for runs, limit in _SAMPLES if title <= runs)


def doubt(a: Identity, b: Identity) -> Doubt | None:
    """Return what a person should know, or be asked, before two names are taken for one work."""
    if (a.edition is None) != (b.edition is None):
        return Doubt(f"one is called “{a.edition or b.edition}”, the other names no edition", ask=True)
    ids, others = explicit_ids(a), explicit_ids(b)
    if any(ids[name] == others[name] for name in ids.keys() & others.keys()):
        return None
    if (a.country is None) != (b.country is None):
        return Doubt(f"one is the {a.country or b.country} version, the other does not say", ask=True)
    if episodic(a):
        if (a.year is None) != (b.year is None):
            return Doubt(f"only one name gives the show's year, {a.year or b.year}", ask=False)
        if a.year is None and a.country is None:
            return Doubt("neither name gives the show's year or country", ask=False)
    elif (a.year is None) != (b.year is None):
        return Doubt(f"only one name gives the year, {a.year or b.year}", ask=True)
    elif a.year is None:
        return Doubt("neither name gives the year", ask=False)
    if title_key(a.title) != title_key(b.title):
        return Doubt(f"the titles differ: “{a.title}” and “{b.title}”", ask=False)
    return None


def _differ(a: str | None, b: str | None) -> bool:
    """Return whether both are known and not the same."""
    return a is not None and b is not None and a.casefold() != b.casefold()


def _weakened(strength: int, said: str, a: Identity, b: Identity) -> Likeness:
    """Take from the strength what a doubt weighs, and say it."""
    doubtful = doubt(a, b)
    if doubtful is None:
        return Likeness(strength, said)
    return Likeness(max(strength - (20 if doubtful.ask else 10), 0), f"{said}; {doubtful.sentence}")
