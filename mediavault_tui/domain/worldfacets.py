"""What the inventory is narrowed by once titles are known: a facet's value in words, and its tag.

A tag is how the database keeps it (`title_tags` of migration 8): "genre:18", "decade:1990",
"rating:8", "original:fr", "collection:…". A value is what a person reads and chooses.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from mediavault_tui.domain import languages
from mediavault_tui.domain.library import Facet, FacetCount
from mediavault_tui.domain.world import GENRES

_TAGS: Mapping[Facet, str] = {
    Facet.GENRE: "genre",
    Facet.DECADE: "decade",
    Facet.ORIGINAL: "original",
    Facet.RATING: "rating",
    Facet.COLLECTION: "collection",
}
_NUMBERS = {name: number for number, name in GENRES.items()}
_MOST_VALUES = 100
"""Of collections there may be thousands: the ones with the fewest files are left to the filter."""

WORLD = tuple(_TAGS)
"""The facets that are known from the titles."""


def tag_of(facet: Facet, value: str) -> str:
    """Return the tag of a value; of an unknown value one that no title has."""
    match facet:
        case Facet.GENRE:
            held = str(_NUMBERS.get(value, value))
        case Facet.DECADE:
            held = value.removesuffix("s")
        case Facet.RATING:
            held = value.partition("–")[0]
        case Facet.ORIGINAL:
            held = languages.normalise(value) or value
        case _:
            held = value
    return f"{_TAGS[facet]}:{held}"


def years_of(decade: str) -> tuple[int, int] | None:
    """Return the first and the last year of a decade in words; None for other words."""
    first = decade.removesuffix("s")
    return (int(first), int(first) + 9) if first.isascii() and first.isdigit() and len(first) <= 4 else None


def value_of(tag: str) -> tuple[Facet, str] | None:
    """Return the facet and the value of a tag in words; None for a genre without a name."""
    name, _, held = tag.partition(":")
    facet = next(facet for facet, prefix in _TAGS.items() if prefix == name)
    match facet:
        case Facet.GENRE:
            return (facet, GENRES[int(held)]) if int(held) in GENRES else None
        case Facet.DECADE:
            return facet, f"{held}s"
        case Facet.RATING:
            return facet, f"{held}–{int(held) + 1}"
        case Facet.ORIGINAL:
            return facet, languages.name(held)
        case _:
            return facet, held


def counted(tags: Iterable[tuple[str, int]], wanted: Iterable[Facet]) -> dict[Facet, list[FacetCount]]:
    """Sort counts of tags into the facets wanted: decades and ratings in order, the others by their files."""
    found: dict[Facet, list[FacetCount]] = {facet: [] for facet in wanted}
    for tag, files in tags:
        named = value_of(tag)
        if named is not None and named[0] in found:
            found[named[0]].append(FacetCount(named[1], files))
    for facet, counts in found.items():
        if facet in (Facet.DECADE, Facet.RATING):
            counts.sort(key=lambda each: each.value, reverse=True)
        else:
            counts.sort(key=lambda each: (-each.files, each.value))
    return {facet: counts[:_MOST_VALUES] for facet, counts in found.items()}
