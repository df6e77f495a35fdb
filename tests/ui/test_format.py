"""Names from outside, made harmless and measured."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len

from mediavault_tui.ui.format import (
    changed,
    clock,
    crop,
    ending,
    episode,
    first_lines,
    fit,
    middle,
    size,
    visible,
    wrap,
)
from tests.ui.fakes import HOSTILE

ANY = st.text(st.characters(codec=None), max_size=60)
NASTY = st.text(
    st.sampled_from("a[]/\x00\x1b\x9b\n\u202e\u2066\u200d\ufe0f\u0301\u4e09\ud800\U000e0041 "), max_size=40
)


@given(ANY | NASTY)
@example("\x1b]52;c;aGk=\x07")
@example("\ud800")
def test_nothing_that_a_terminal_obeys_or_hides_is_left(text: str) -> None:
    for character in visible(text):
        assert unicodedata.category(character) not in ("Cc", "Cs", "Zl", "Zp"), repr(character)
        assert unicodedata.category(character) != "Cf" or character == "\u200c"
        assert unicodedata.bidirectional(character) not in (
            "RLO",
            "LRO",
            "RLE",
            "LRE",
            "RLI",
            "LRI",
            "FSI",
            "PDI",
        )


@given(ANY | NASTY)
def test_what_is_shown_stays_as_it_is(text: str) -> None:
    assert visible(visible(text)) == visible(text)


@given(ANY | NASTY, st.integers(0, 40))
def test_a_name_fits_exactly(text: str, width: int) -> None:
    assert cell_len(fit(visible(text), width)) == width
    assert cell_len(fit(visible(text), width, right=True)) == width


@given(ANY | NASTY, st.integers(0, 40))
def test_a_cut_name_is_never_wider(text: str, width: int) -> None:
    assert cell_len(crop(visible(text), width)) <= width
    assert cell_len(middle(visible(text), width)) <= width
    assert cell_len(ending(visible(text), width)) <= max(width, 1)


@given(ANY | NASTY, st.integers(2, 40))
def test_wrapped_lines_are_never_wider_and_lose_nothing(text: str, width: int) -> None:
    shown = visible(text)
    lines = wrap(shown, width)
    assert all(cell_len(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == shown.replace(" ", "")


@given(st.one_of(ANY, NASTY), st.integers(4, 40), st.integers(1, 4))
def test_first_lines_are_all_of_a_text_or_say_that_they_are_not(text: str, width: int, most: int) -> None:
    shown = visible(text)
    lines = first_lines(shown, width, most=most)
    assert len(lines) <= most
    assert all(cell_len(line) <= width for line in lines)
    assert lines == wrap(shown, width) or lines[-1].endswith("…")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Heat [x265] [/red].mkv", "Heat [x265] [/red].mkv"),
        ("a\nb", "a␊b"),
        ("\x1b[31m", "␛[31m"),
        ("\x7f\x9b", "␡\\x9b"),
        ("gpj.\u202evkm", "gpj.⟨RLO⟩vkm"),
        ("\u2066x\u2069", "⟨LRI⟩x⟨PDI⟩"),
        ("zero\u200bwidth", "zero⟨ZWSP⟩width"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("\u0301accent first", "◌\u0301accent first"),
        ("❤\ufe0f", "❤"),
        ("\udcff", "\\udcff"),
        ("\U000e0041", "⟨U+E0041⟩"),
    ],
)
def test_names_are_shown_as(name: str, shown: str) -> None:
    assert visible(name) == shown


def test_folders_of_one_library_are_told_apart_by_their_ends() -> None:
    assert ending("/volume1/films/Movies", 15) == "…1/films/Movies"
    assert ending("/films", 15) == "/films"


def test_the_middle_is_cut_so_that_both_ends_of_a_path_stay() -> None:
    cut = middle("/volume1/films/Heat (1995)/Heat.1995.2160p.mkv", 24)
    assert cut.startswith("/volume1")
    assert cut.endswith(".2160p.mkv")


def test_every_hostile_name_has_as_many_cells_as_are_measured() -> None:
    assert [cell_len(fit(visible(name), 30)) for name in HOSTILE] == [30] * len(HOSTILE)


@pytest.mark.parametrize(
    ("bytes", "words"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (5_400_000_000, "5.4 GB"),
        (123_456_789_012, "123 GB"),
        (999_960_000_000, "1.0 TB"),
    ],
)
def test_sizes_are_said_as(bytes: int, words: str) -> None:
    assert size(bytes) == words


def test_lengths_and_episodes_are_said_as_people_do() -> None:
    assert (clock(59.6), clock(5400), clock(0)) == ("1:00", "1:30:00", "0:00")
    assert (episode(1, (1, 2)), episode(None, (1071,)), episode(0, (3,))) == ("S01E01E02", "E1071", "S00E03")


@pytest.mark.parametrize(
    ("modified_ns", "day"),
    [(1_700_000_000_000_000_000, "2023-11-1"), (0, "19"), (2**62, "2116"), (-(2**63), ""), (10**30, "")],
)
def test_the_day_of_a_change_is_one_or_nothing(modified_ns: int, day: str) -> None:
    assert changed(modified_ns).startswith(day)
    assert len(changed(modified_ns)) in (0, 10)
