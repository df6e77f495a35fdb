"""What two names say together: from paths to the verdict, by corpus."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from mediavault_tui.domain.decision import decide
from mediavault_tui.domain.likeness import identified, same_title
from mediavault_tui.domain.model import MediaFile
from mediavault_tui.domain.verdict import Proof
from mediavault_tui.probe.filename import identify_path
from tests.factories import a_file, an_info

CORPUS: list[dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parent / "data" / "two_names.yaml").read_text("utf-8")
)
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
