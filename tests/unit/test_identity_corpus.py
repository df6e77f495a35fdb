"""The corpora: what a person says that each name is."""

from __future__ import annotations

from typing import Any

import pytest
from guessit import guessit

from mediavault_tui.domain.identity import title_key
from mediavault_tui.domain.model import Identity, Kind
from mediavault_tui.probe.filename import identify_path
from tests.unit.name_corpus import Case, differences, read

CASES = list(read("names.yaml"))
HELD_OUT = list(read("names_heldout.yaml"))
ASKED_OF_BOTH = ("title", "year", "season", "episodes", "kind", "air_date")
"""What plain guessit can be compared by; it has other words for editions and extras."""


@pytest.mark.parametrize("case", CASES, ids=lambda case: ascii(case.path))
def test_the_name_is_what_a_person_says(case: Case) -> None:
    identity = identify_path(case.path)
    assert differences(case, identity) == [], f"{case.why}; evidence: {identity.evidence}"


def test_the_corpora_are_large_enough_and_apart() -> None:
    assert len(CASES) >= 300
    assert len(HELD_OUT) >= 120
    assert not {case.path for case in CASES} & {case.path for case in HELD_OUT}


def test_every_answer_has_evidence_and_a_confidence() -> None:
    for case in CASES:
        identity = identify_path(case.path)
        assert identity.evidence, case.path
        assert 0 < identity.confidence <= 100, case.path


def test_held_out_names_are_read_no_worse_than_by_guessit_alone() -> None:
    ours = sum(not differences(case, identify_path(case.path), ASKED_OF_BOTH) for case in HELD_OUT)
    theirs = sum(not differences(case, plain_guessit(case.path), ASKED_OF_BOTH) for case in HELD_OUT)
    assert ours >= theirs, f"{ours} against guessit's {theirs} of {len(HELD_OUT)}"
    assert ours >= 0.95 * len(HELD_OUT)


def plain_guessit(path: str) -> Identity:
    """Return guessit's answer as it is, in our words; a documentary's folder is granted to it."""
    said: dict[str, Any] = guessit(path)
    titles = said.get("title", "")
    number = said.get("episode", ())
    return Identity(
        Kind.DOCUMENTARY if "documentar" in path.lower() else Kind(said["type"]),
        title_key(titles[0] if isinstance(titles, list) else str(titles)),
        year=said.get("year"),
        season=said.get("season"),
        episodes=tuple(sorted(number)) if isinstance(number, list) else (number,) if number != () else (),
        air_date=said.get("date"),
    )
