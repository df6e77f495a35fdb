"""What may be typed in place of a title, and facets in words and as the database keeps them."""

from __future__ import annotations

import pytest

from mediavault_tui.domain.choosing import Typed, read, weigh
from mediavault_tui.domain.library import Facet, FacetCount
from mediavault_tui.domain.world import GENRES, Asked, Question, Title, TitleKind
from mediavault_tui.domain.worldfacets import WORLD, counted, tag_of, value_of

MOVIE, TV = TitleKind.MOVIE, TitleKind.TV


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("movie/603", Typed(keys=((MOVIE, 603),))),
        ("TV 1437", Typed(keys=((TV, 1437),))),
        ("https://www.themoviedb.org/tv/2316-the-office?language=de", Typed(keys=((TV, 2316),))),
        ("tmdb-603", Typed(keys=((MOVIE, 603), (TV, 603)))),
        ("tmdbid 603", Typed(keys=((MOVIE, 603), (TV, 603)))),
        ("tt0133093", Typed(external=("imdb_id", "tt0133093"))),
        ("https://www.imdb.com/title/tt0133093/", Typed(external=("imdb_id", "tt0133093"))),
        ("tvdb-81189", Typed(external=("tvdb_id", "81189"))),
        ("1917", Typed(words="1917")),
        ("300", Typed(words="300")),
        ("  Heat   1995 ", Typed(words="Heat", year=1995)),
        ("Heat (1995)", Typed(words="Heat", year=1995)),
        ("Blade Runner 2049", Typed(words="Blade Runner", year=2049)),
        ("movie 43", Typed(keys=((MOVIE, 43),))),
        ("butter", Typed(words="butter")),
    ],
)
def test_an_id_is_an_id_and_everything_else_is_words(text: str, meant: Typed) -> None:
    assert read(text, MOVIE) == meant


def test_a_title_of_another_name_is_weighed_by_what_else_fits() -> None:
    asked = Asked(Question(MOVIE, "Die fabelhafte Welt", 2001), duration=7320.0)
    right = weigh(asked, Title(MOVIE, 194, "Amélie", year=2001, runtime=7320, detailed=True))
    wrong = weigh(asked, Title(MOVIE, 1, "Amélie", year=1960, runtime=3000, detailed=True))
    assert right.evidence[0] == "another name"
    assert any("same year" in words for words in right.evidence)
    assert right.points > wrong.points


@pytest.mark.parametrize(
    ("facet", "value", "tag"),
    [
        (Facet.GENRE, "Science Fiction", "genre:878"),
        (Facet.DECADE, "1990s", "decade:1990"),
        (Facet.RATING, "9–10", "rating:9"),
        (Facet.ORIGINAL, "French", "original:fr"),
        (Facet.ORIGINAL, "Cantonese", "original:yue"),
        (Facet.COLLECTION, "The Matrix: Collection", "collection:The Matrix: Collection"),
    ],
)
def test_a_value_in_words_and_its_tag_are_one(facet: Facet, value: str, tag: str) -> None:
    assert tag_of(facet, value) == tag
    assert value_of(tag) == (facet, value)


def test_every_genre_has_a_name_of_its_own() -> None:
    assert len(set(GENRES.values())) == len(GENRES)


def test_decades_and_ratings_are_counted_in_order_the_rest_by_files_and_unknown_genres_left_out() -> None:
    tags = [("decade:1950", 9), ("decade:1990", 2), ("genre:18", 3), ("genre:35", 7), ("genre:4711", 99)]
    found = counted(tags, WORLD)
    assert found[Facet.DECADE] == [FacetCount("1990s", 2), FacetCount("1950s", 9)]
    assert found[Facet.GENRE] == [FacetCount("Comedy", 7), FacetCount("Drama", 3)]
    assert found[Facet.RATING] == []
