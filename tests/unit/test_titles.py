"""One key for every spelling of a title."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediavault_tui.domain.titles import title_key

SAME = [
    ("The Matrix", "matrix"),
    ("Matrix, The", "The Matrix"),
    ("WALL·E", "Wall-E"),
    ("S.W.A.T.", "SWAT"),
    ("Ocean's Eleven", "Oceans Eleven"),
    ("Schindler’s List", "Schindlers.List"),
    ("Lock, Stock & Two", "Lock Stock and Two"),
    ("Amélie", "AMELIE"),
    ("Straße", "STRASSE"),
    ("Rocky II", "Rocky 2"),
    ("ﬁlm", "film"),
    ("Æon Flux", "Aeon Flux"),
    ("Œuvre", "oeuvre"),
    ("Ёлки", "Елки"),
]
DIFFERENT = [
    ("Rocky II", "Rocky III"),
    ("Alien", "Aliens"),
    ("ハハ", "パパ"),
    ("Malcolm X", "Malcolm 10"),
    ("映画", "電影"),
    ("!!!", "???"),
]


@pytest.mark.parametrize(("a", "b"), SAME)
def test_two_spellings_of_one_title_have_one_key(a: str, b: str) -> None:
    assert title_key(a) == title_key(b)


@pytest.mark.parametrize(("a", "b"), DIFFERENT)
def test_different_titles_keep_different_keys(a: str, b: str) -> None:
    assert title_key(a) != title_key(b)


def test_a_title_that_is_only_an_article_stays() -> None:
    assert title_key("The") == "the"
    assert title_key("A") == "a"


@given(st.text())
def test_any_text_has_a_key_and_one_that_shows_anything_has_no_empty_one(text: str) -> None:
    assert bool(title_key(text)) or not "".join(unicodedata.normalize("NFKC", text).split())


@given(st.text(alphabet=st.characters(codec="utf-8", categories=["L", "N", "P", "Zs"])))
def test_composed_and_decomposed_spellings_have_one_key(text: str) -> None:
    assert title_key(unicodedata.normalize("NFC", text)) == title_key(unicodedata.normalize("NFD", text))
