"""Rankings: the corpus, and what must hold for any files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mediavault_tui.domain.ranking import rank
from tests.specs import file_of

CORPUS: list[dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parent / "data" / "rankings.yaml").read_text("utf-8")
)


def test_the_corpus_is_large_enough() -> None:
    assert len(CORPUS) >= 60


@pytest.mark.parametrize("case", CORPUS, ids=lambda case: " > ".join(case["order"]))
def test_ranking(case: dict[str, Any]) -> None:
    files = [file_of(spec, id=number) for number, spec in enumerate(case["order"])]
    for given_order in (files, files[::-1], files[1:] + files[:1]):
        places = rank(given_order)
        assert [place.file.id for place in places] == [file.id for file in files], case["why"]
        assert places[0].criterion == case["by"], case["why"]


SPECS = st.builds(
    " ".join,
    st.tuples(
        st.sampled_from(["4K", "1080p", "720p", "480p"]),
        st.sampled_from(["h264", "hevc", "av1", "mpeg4"]),
        st.floats(0.5, 30).map(lambda rate: f"{rate:.2f}M"),
        st.sampled_from(["a:en/5.1", "a:en/stereo/eac3", "a:en/5.1/truehd", "a:-"]),
        st.sampled_from(["", "web", "bluray", "dvd", "cam"]),
        st.sampled_from(["", "", "broken", "unchecked"]),
    ),
)
GROUPS = st.lists(SPECS, min_size=2, max_size=6)


@given(GROUPS, st.randoms())
def test_the_order_of_input_never_changes_a_ranking(specs: list[str], chance: Any) -> None:
    files = [file_of(spec, id=number) for number, spec in enumerate(specs)]
    shuffled = list(files)
    chance.shuffle(shuffled)
    assert rank(files) == rank(shuffled)


@given(GROUPS)
def test_a_damaged_file_never_ranks_above_a_healthy_one(specs: list[str]) -> None:
    files = [file_of(spec, id=number) for number, spec in enumerate(specs)]
    damaged = [place.file.health.health == "broken" for place in rank(files)]
    assert damaged == sorted(damaged)
