"""What is one title, what is not, and which files make a group."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.fuzz import ratio

from mediavault_tui.domain.candidates import alike_pairs
from mediavault_tui.domain.likeness import Identified, identified, numbers, same_title, sorted_key
from mediavault_tui.domain.matching import Pair, coverage_groups, exact_groups, same_title_groups
from mediavault_tui.domain.model import FileId, Identity, Kind
from mediavault_tui.domain.titles import title_key
from mediavault_tui.domain.verdict import Group
from tests.factories import a_file

FILM = Identity(Kind.MOVIE, "Heat", 1995)
EPISODE = Identity(Kind.EPISODE, "Firefly", season=1, episodes=(3,))


def known(identity: Identity, id: int = 1, duration: float = 7200.0) -> Identified:
    return Identified(FileId(id), identity, sorted_key(title_key(identity.title)), duration)


def match(a: Identity, b: Identity) -> int | None:
    found = same_title(known(a, 1), known(b, 2))
    back = same_title(known(b, 2), known(a, 1))
    assert (found and found.strength) == (back and back.strength)
    return found.strength if found else None


SAME = [
    (FILM, FILM, 100),
    (FILM, replace(FILM, title="HEAT"), 100),
    (replace(FILM, title="The Matrix"), replace(FILM, title="Matrix, The"), 100),
    (replace(FILM, title="Amélie"), replace(FILM, title="Amelie"), 100),
    (replace(FILM, title="Fast & Furious"), replace(FILM, title="Fast and Furious"), 100),
    (replace(FILM, title="Léon The Professional"), replace(FILM, title="The Professional Leon"), 79),
    (replace(FILM, title="Interstellar"), replace(FILM, title="Intersteller"), 81),
    (replace(FILM, tmdb_id=949), replace(FILM, title="Hitze", year=1996, tmdb_id=949), 100),
    (FILM, replace(FILM, year=None), 80),
    (FILM, replace(FILM, edition="IMAX"), 80),
    (FILM, replace(FILM, kind=Kind.DOCUMENTARY), 100),
    (EPISODE, EPISODE, 90),
    (replace(EPISODE, year=2002), replace(EPISODE, year=2002), 100),
    (replace(EPISODE, country="US"), replace(EPISODE, country="US"), 100),
    (EPISODE, replace(EPISODE, year=2002), 90),
    (EPISODE, replace(EPISODE, country="US"), 80),
    (replace(EPISODE, season=0), replace(EPISODE, season=0), 90),
    (replace(EPISODE, episodes=(), season=None, air_date=date(2020, 1, 2)),) * 2 + (90,),
]
DIFFERENT = {
    "year": (FILM, replace(FILM, year=1996)),
    "ids": (replace(FILM, tmdb_id=1), replace(FILM, tmdb_id=2)),
    "one id equal, one not": (
        replace(FILM, tmdb_id=1, imdb_id="tt1"),
        replace(FILM, tmdb_id=1, imdb_id="tt2"),
    ),
    "title": (FILM, replace(FILM, title="Ronin")),
    "number in the title": (replace(FILM, title="Rocky 2"), replace(FILM, title="Rocky 3")),
    "roman number": (replace(FILM, title="Rocky II"), replace(FILM, title="Rocky III")),
    "edition": (replace(FILM, edition="Theatrical"), replace(FILM, edition="Extended")),
    "part": (replace(FILM, part=1), replace(FILM, part=2)),
    "part and whole": (FILM, replace(FILM, part=1)),
    "3D": (FILM, replace(FILM, three_d=True)),
    "extra": (FILM, replace(FILM, extra="trailer")),
    "two extras": (replace(FILM, extra="trailer"), replace(FILM, extra="trailer")),
    "film and episode": (replace(FILM, title="Fargo"), replace(EPISODE, title="Fargo", year=1995)),
    "season": (EPISODE, replace(EPISODE, season=2)),
    "episode": (EPISODE, replace(EPISODE, episodes=(4,))),
    "episode set": (EPISODE, replace(EPISODE, episodes=(3, 4))),
    "country": (replace(EPISODE, country="US"), replace(EPISODE, country="GB")),
    "show's year": (replace(EPISODE, year=1978), replace(EPISODE, year=2003)),
    "episode without a number": (replace(EPISODE, episodes=()), replace(EPISODE, episodes=())),
    "kind unknown": (replace(FILM, kind=Kind.OTHER), replace(FILM, kind=Kind.OTHER)),
    "no title": (replace(FILM, title=""), replace(FILM, title="")),
    "same id, other episode": (replace(EPISODE, tvdb_id=7), replace(EPISODE, tvdb_id=7, episodes=(4,))),
}


@pytest.mark.parametrize(("a", "b", "strength"), SAME)
def test_one_title(a: Identity, b: Identity, strength: int) -> None:
    found = match(a, b)
    assert found is not None
    assert abs(found - strength) <= 4 if strength in (79, 81) else found == strength


@pytest.mark.parametrize(("a", "b"), DIFFERENT.values(), ids=DIFFERENT)
def test_two_titles(a: Identity, b: Identity) -> None:
    assert match(a, b) is None


@pytest.mark.parametrize(
    ("short", "title", "sample"),
    [
        (14, 170, True),
        (16, 170, False),
        (80, 590, True),
        (95, 590, False),
        (290, 1700, True),
        (310, 1700, False),
        (590, 5400, True),
        (610, 5400, False),
        (10, 12, False),
        (0, 5400, False),
    ],
)
def test_a_sample_is_known_by_its_length(short: float, title: float, sample: bool) -> None:
    found = same_title(known(FILM, 1, short), known(FILM, 2, title))
    assert (found is None) == sample


def members(groups: list[Group]) -> list[tuple[int, ...]]:
    return [tuple(group.members) for group in groups]


def test_a_file_like_two_that_differ_is_in_two_groups() -> None:
    files = [
        known(replace(FILM, title="Dune", year=None), 1),
        known(replace(FILM, title="Dune", year=1984), 2),
        known(replace(FILM, title="Dune", year=2021), 3),
    ]
    assert members(same_title_groups(files)) == [(1, 2), (1, 3)]


def test_within_a_group_every_pair_has_its_reason() -> None:
    (group,) = same_title_groups([known(FILM, id) for id in (3, 1, 2)])
    assert {(edge.a, edge.b) for edge in group.edges} == {(1, 2), (1, 3), (2, 3)}
    assert group.title == "Heat (1995)"


def test_a_veto_splits_a_group_and_a_vetoed_pair_is_none() -> None:
    files = [known(FILM, id) for id in (1, 2, 3)]
    vetoes = {Pair((FileId(1), FileId(2)))}
    assert members(same_title_groups(files, vetoes=vetoes)) == [(1, 3), (2, 3)]
    assert same_title_groups(files[:2], vetoes=vetoes) == []


def test_many_titles_are_matched_by_blocks_as_by_pairs() -> None:
    chance = random.Random(7)
    titles = ["".join(chance.choices("abcdefgh", k=12)) for _ in range(450)]
    files = [known(replace(FILM, title=title), id) for id, title in enumerate(titles)]
    files.append(known(replace(FILM, title=titles[7][:-1] + "x"), 9999))
    assert (7, 9999) in members(same_title_groups(files))


def test_a_double_episode_covers_its_parts_and_is_no_duplicate_of_them() -> None:
    files = [
        known(replace(EPISODE, episodes=e), id) for id, e in ((1, (1,)), (2, (2,)), (3, (1, 2)), (4, (5,)))
    ]
    assert same_title_groups(files) == []
    assert members(coverage_groups(files)) == [(3, 1, 2)]


def test_the_parts_of_a_film_are_covered_by_the_whole() -> None:
    files = [known(FILM, 1), known(replace(FILM, part=2), 2), known(replace(FILM, part=1), 3)]
    assert same_title_groups(files) == []
    assert members(coverage_groups(files)) == [(1, 3, 2)]


def test_another_show_covers_nothing() -> None:
    files = [
        known(replace(EPISODE, episodes=(1, 2)), 1),
        known(replace(EPISODE, title="Farscape", episodes=(1,)), 2),
    ]
    assert coverage_groups(files) == []


def test_equal_bytes_make_a_group_but_two_names_of_one_file_do_not() -> None:
    one = a_file("/a.mkv", id=1, size=5, content_hash=b"x" * 16, inode=7)
    link = a_file("/b.mkv", id=2, size=5, content_hash=b"x" * 16, inode=7)
    copy = a_file("/c.mkv", id=3, size=5, content_hash=b"x" * 16, inode=8)
    other = a_file("/d.mkv", id=4, size=6, content_hash=b"x" * 16, inode=9)
    unread = a_file("/e.mkv", id=5, size=5, inode=10)
    assert exact_groups([one, link, unread, other]) == []
    assert members(exact_groups([copy, other, link, one])) == [(1, 3)]


@given(st.data())
def test_every_member_of_a_group_matches_every_other_and_order_is_nothing(data: Any) -> None:
    identities = data.draw(
        st.lists(
            st.builds(
                Identity,
                st.just(Kind.MOVIE),
                st.sampled_from(["Dune", "Dune Part Two", "Heat", "The Heat", "Heatt"]),
                st.sampled_from([None, 1984, 2021]),
                edition=st.sampled_from([None, None, "IMAX", "Extended"]),
                tmdb_id=st.sampled_from([None, None, None, 1, 2]),
            ),
            min_size=2,
            max_size=8,
        )
    )
    files = [known(identity, id) for id, identity in enumerate(identities)]
    by_id = {file.file: file for file in files}
    groups = same_title_groups(files)
    for group in groups:
        assert len(group.members) > 1
        for a, b in combinations(group.members, 2):
            assert same_title(by_id[a], by_id[b]) is not None
    shown = {pair for group in groups for pair in combinations(group.members, 2)}
    alike = {(a.file, b.file) for a, b in combinations(files, 2) if same_title(a, b) is not None}
    assert shown == alike
    assert same_title_groups(data.draw(st.permutations(files))) == groups


def test_candidates_find_what_comparing_each_with_each_finds() -> None:
    chance = random.Random(11)
    words = ["".join(chance.choices("abcdeghilmnorst", k=chance.randint(4, 9))) for _ in range(300)]
    keys, strata, years = [], [], []
    for _ in range(1500):
        title = " ".join(chance.choices(words, k=chance.randint(1, 4)))
        for place in (None, chance.randrange(len(title))):
            version = title if place is None else title[:place] + "z" + title[place + 1 :]
            entry = (sorted_key(version), chance.randint(1, 2), chance.choice([0, 1990, 1991]))
            if entry not in set(zip(keys[-9:], strata[-9:], years[-9:], strict=True)):
                keys.append(entry[0])
                strata.append(entry[1])
                years.append(entry[2])
    found = alike_pairs(keys, np.array(strata), np.array(years))
    pairs = set(zip(found.left.tolist(), found.right.tolist(), strict=True))
    true = {
        (a, b)
        for a, b in combinations(range(len(keys)), 2)
        if strata[a] == strata[b]
        and (years[a] == years[b] or not years[a] or not years[b])
        and abs(len(keys[a]) - len(keys[b])) < 8
        and numbers(keys[a]) == numbers(keys[b])
        and ratio(keys[a], keys[b], score_cutoff=85)
    }
    assert pairs <= true
    assert len(pairs) >= 0.97 * len(true)


def test_an_empty_title_is_refused_as_a_candidate() -> None:
    with pytest.raises(ValueError, match="empty"):
        alike_pairs(["a", ""], np.zeros(2, np.int64), np.zeros(2, np.int64))


def test_a_file_that_was_never_identified_is_left_out() -> None:
    assert identified(a_file(identity=None)) is None
