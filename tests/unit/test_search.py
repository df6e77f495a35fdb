"""The words that a file is found by."""

from __future__ import annotations

import pytest

from mediavault_tui.domain.search import LONGEST, indexed, prefix_query, prefix_terms, words


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("The.Lost-City_(2022) [x265]", ["the", "lost", "city", "2022", "x265"]),
        ("Amélie Ünïcödé ÅNGSTRÖM", ["amelie", "unicode", "angstrom"]),
        ("STRASSE Straße", ["strasse", "strasse"]),
        ("Кино Ёлки", ["кино", "елки"]),
        ("映画館", ["映画", "画館", "館"]),
        ("がっこう", ["がっ", "っこ", "こう", "う"]),
        ("映画 Star", ["映画", "画", "star"]),
        ("한국어", ["한국어"]),
        ("\n\t -- '':*&|!", []),
    ],
)
def test_words_are_folded_and_cut(text: str, found: list[str]) -> None:
    assert words(text) == found


def test_decomposed_and_composed_letters_are_the_same_word() -> None:
    assert words("e\u0301te\u0301") == words("été")


def test_a_word_is_never_longer_than_postgresql_takes() -> None:
    assert all(len(word.encode()) <= 2046 for word in words("\ufdfa" * 500))
    assert words("a" * 5000) == ["a" * LONGEST]


def test_each_word_of_path_and_title_is_indexed_once() -> None:
    assert sorted(indexed("Films/Heat (1995)/Heat.mkv", "Heat 2").split()) == [
        "1995",
        "2",
        "films",
        "heat",
        "mkv",
    ]


@pytest.mark.parametrize(
    ("typed", "query"),
    [
        ("star wa", "star:* & wa:*"),
        ("Amél", "amel:*"),
        ("映", "映:*"),
        ("映画館", "映画 & 画館"),
        ("x':* | !y & (", "x:* & y:*"),
        ("  ", ""),
    ],
)
def test_what_is_typed_is_the_beginning_of_words(typed: str, query: str) -> None:
    assert prefix_query(prefix_terms(typed)) == query


def test_the_words_of_a_beginning_stand_for_it() -> None:
    known = {"kin": ["kin", "king"], "dance": []}
    assert prefix_query(prefix_terms("Kin dance"), known) == "(kin | king) & dance:*"
