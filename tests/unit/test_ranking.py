"""Rankings: the corpus, and what must hold for any files."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mediavault_tui.domain.quality import DEFAULT, score_of, weighted, weights_of
from mediavault_tui.domain.ranking import rank
from mediavault_tui.domain.weights import NAMES, read_weights
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


def test_weights_change_the_parts_they_name_and_no_other() -> None:
    file = file_of("4K av1 25M a:en/5.1 s:en HDR10", id=1)
    usual = {part.name: part.points for part in score_of(file).parts}
    policy = weighted(read_weights("hdr=0, 4K=60,av1=200, surround = 3"))
    changed = {part.name: part.points for part in score_of(file, policy).parts}
    wanted = {"HDR": 0, "resolution": 60, "video codec": 200, "audio": 3}
    assert {name: changed[name] for name in wanted} == wanted
    assert {name for name in usual if changed[name] != usual[name]} == set(wanted)


def test_weights_as_usual_are_the_usual_policy() -> None:
    assert weighted(()) is DEFAULT
    assert weights_of(weighted(read_weights("hdr=15,4k=100"))) == ()
    every = tuple(f"{name}={number}" for number, name in enumerate(NAMES, 101))
    assert weights_of(weighted(every)) == every


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        ("hrd=3", "did you mean hdr?"),
        ("hdr", "write hdr=15"),
        ("hdr=much", "write hdr=15"),
        ("hdr=-1", "write hdr=15"),
        ("hdr=201", "from 0 to 200"),
        ("hdr=1,hdr=2", "hdr is there twice"),
        ("nothing at all=1", "there are 4k, "),
    ],
)
def test_weights_that_are_none_are_told_with_what_to_write(raw: str, why: str) -> None:
    with pytest.raises(ValueError, match=re.escape(why)):
        read_weights(raw)
