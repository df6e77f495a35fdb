"""What two names say together: from paths to the verdict, by corpus."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mediavault_tui.domain.decision import decide
from mediavault_tui.domain.leftover import leftover
from mediavault_tui.domain.likeness import identified, same_title
from mediavault_tui.domain.model import MediaFile
from mediavault_tui.domain.second_titles import second_titles
from mediavault_tui.domain.verdict import Proof
from mediavault_tui.probe.filename import identify_path
from tests.factories import a_file, an_info

DATA = Path(__file__).parent / "data"
CORPUS: list[dict[str, Any]] = yaml.safe_load((DATA / "two_names.yaml").read_text("utf-8"))
ONE_WORK: dict[str, list[str]] = yaml.safe_load((DATA / "one_work.yaml").read_text("utf-8"))
PAIRS = [(*pair, group["verdict"], group["why"]) for group in CORPUS for pair in group["pairs"]]


def copies(good: str, poor: str) -> tuple[MediaFile, MediaFile]:
    """Return a fine copy and a poor one with these names: 75 points apart and equally long."""
    return (
        a_file(f"/library/{good}", id=1, identity=identify_path(good), info=an_info(mbit=10)),
        a_file(
            f"/library/{poor}",
            id=2,
            identity=identify_path(poor),
            info=an_info(mbit=1, codec="mpeg4", width=720, height=480, audio_tracks=("en stereo",)),
        ),
    )


def said_of(good: str, poor: str) -> tuple[str, str]:
    """Return the verdict on two names ("apart": no group at all) and the words beside it."""
    files = copies(good, poor)
    known = [each for each in map(identified, files) if each is not None]
    if len(known) < 2 or same_title(known[0], known[1]) is None:
        return "apart", ""
    decision = decide(files, Proof.SAME_TITLE)
    return decision.verdict.value, " / ".join(decision.members[0].reasons)


@pytest.mark.parametrize(("one", "other", "verdict", "why"), PAIRS)
def test_two_names(one: str, other: str, verdict: str, why: str) -> None:
    for pair in ((one, other), (other, one)):
        found, words = said_of(*pair)
        assert found == verdict, f"{why}: {words}"


def test_the_corpus_has_enough_of_each_kind() -> None:
    kinds = [verdict for _, _, verdict, _ in PAIRS]
    assert kinds.count("review") >= 40
    assert kinds.count("clear") >= 40


@pytest.mark.parametrize(("seconds", "verdict"), [(7200, "clear"), (7150, "clear"), (7100, "recommended")])
def test_one_episode_title_is_enough_only_beside_an_equal_length(seconds: float, verdict: str) -> None:
    """Nobody says that the name without a title means the same episode, but its length may."""
    named, bare = copies("Firefly (2002) - S01E03 - Bushwhacked.mkv", "Firefly.2002.S01E03.480p.mkv")
    assert bare.info is not None
    bare = replace(bare, info=replace(bare.info, duration=seconds))
    decision = decide([named, bare], Proof.SAME_TITLE)
    assert decision.verdict == verdict
    if verdict == "recommended":
        said = (
            "only one name gives the episode's title, “Bushwhacked”, and their lengths differ by 1 min 40 s"
        )
        assert said in decision.members[0].reasons


@pytest.mark.parametrize(("seconds", "verdict"), [(7200, "clear"), (7150, "clear"), (7100, "recommended")])
def test_several_words_that_resemble_are_one_title_only_beside_an_equal_length(
    seconds: float, verdict: str
) -> None:
    one, other = copies("Show (2001) S01E01 Dark Contact.mkv", "Show (2001) S01E01 Dark Contract.avi")
    assert other.info is not None
    other = replace(other, info=replace(other.info, duration=seconds))
    decision = decide([one, other], Proof.SAME_TITLE)
    assert decision.verdict == verdict
    said = "the names give titles that only resemble: “Dark Contact” and “Dark Contract”"
    assert (said in decision.members[0].reasons) == (verdict == "recommended")


@pytest.mark.parametrize("names", ONE_WORK.values(), ids=ONE_WORK)
def test_names_of_one_work_never_look_like_two(names: list[str]) -> None:
    read = [(name, identify_path(name)) for name in names]
    left = [(name, identity, leftover(name, identity)) for name, identity in read]
    wrong = [
        f"{one}: {other}: {doubt.sentence}"
        for (one, identity, mine), (other, _, theirs) in permutations(left, 2)
        if (doubt := second_titles(mine, theirs, identity, one_id=False)) is not None
    ]
    assert wrong == []
    assert {said_of(names[0], other)[0] for other in names[1:]} == {"clear"}


PLACES = ("Film (2001)", "Film.2001", "Show (2001) - S01E03", "Show.2001.1x03", "Show.2001.S00E03")
PIECES = (
    *("Part {n}", "Part.{n}", "part{n}", "Pt {roman}", "Part {word}", "part {letter}", "Vol. {n}"),
    *("Volume {roman}", "CD{n}", "Disc {n}", "({n})", "[{n}]", "{n}of4", "{n} of 4", "Teil {n}", "- {n}"),
    *("Side {letter}", "Act {roman}", "Pilot ({n})", "Pilot, Part {word}", "Night {word}", "Round{n:02}"),
)
TAILS = ("", ".1080p.BluRay.x264-GRP", " [1080p] [x265]", " (480p DVD x265 AAC 2.0 Tigole)", ".PROPER.480p")
NUMBERS = {1: ("I", "One", "A"), 2: ("II", "Two", "B"), 3: ("III", "Three", "C"), 4: ("IV", "Four", "D")}


def piece(form: str, number: int) -> str:
    roman, word, letter = NUMBERS[number]
    return form.format(n=number, roman=roman, word=word, letter=letter)


@given(
    st.sampled_from(PLACES),
    st.sampled_from(PIECES),
    st.sampled_from(TAILS),
    st.sampled_from(TAILS),
    st.permutations(list(NUMBERS)),
    st.booleans(),
)
def test_two_pieces_are_never_clear(
    place: str, form: str, tail: str, other_tail: str, numbers: list[int], behind: bool
) -> None:
    """Whatever they are called by, and whether that stands before or behind the technical words."""
    one, other, *_ = (piece(form, number) for number in numbers)
    separator = " " if " " in place else "."
    names = [
        f"{place}{end}{separator}{text}.mkv" if behind else f"{place}{separator}{text}{end}.mkv"
        for text, end in ((one, tail), (other, other_tail))
    ]
    assert said_of(*names)[0] != "clear", names
