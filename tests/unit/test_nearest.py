"""The nearest titles to a slip of the hand."""

from __future__ import annotations

import pytest

from mediavault_tui.domain.nearest import nearest
from mediavault_tui.domain.search import fold

TITLES = ["Amélie", "Heat", "La Haine", "Matrix Reloaded", "Spirited Away", "The Matrix", "三体"]
FOLDED = [fold(title) for title in TITLES]


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("the matrx", "The Matrix"),
        ("mtrix reloaded", "Matrix Reloaded"),
        ("ameile", "Amélie"),
        ("spirted", "Spirited Away"),
        ("SPIRITED AWYA", "Spirited Away"),
        ("haet", "Heat"),
    ],
)
def test_a_slip_finds_the_title(typed: str, first: str) -> None:
    assert TITLES[nearest(typed, FOLDED)[0]] == first


@pytest.mark.parametrize("typed", ["", "x", "zzz", "quixotic", "\x1b[31m"])
def test_what_is_like_nothing_is_offered_nothing(typed: str) -> None:
    assert nearest(typed, FOLDED) == []


def test_among_many_the_best_come_once_each_whatever_their_place() -> None:
    many = [f"filler {n:06d}" for n in range(9000)]
    many[8500] = "blade runner"
    assert nearest("blade runer", many)[0] == 8500
    found = nearest("filler 00001", many)
    assert len(found) == len(set(found)) == 4
