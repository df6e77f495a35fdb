"""Decisions: the corpus, and what must hold for any group."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import assume, given
from hypothesis import strategies as st

from mediavault_tui.domain.decision import decide
from mediavault_tui.domain.judging import DecisionPolicy
from mediavault_tui.domain.losses import audio_languages, losses
from mediavault_tui.domain.verdict import Proof, Verdict
from tests.specs import file_of, is_changed

CORPUS: list[dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parent / "data" / "decisions.yaml").read_text("utf-8")
)


def test_the_corpus_is_large_enough() -> None:
    assert len(CORPUS) >= 60


@pytest.mark.parametrize("case", CORPUS, ids=lambda case: " > ".join(case["files"]))
def test_decision(case: dict[str, Any]) -> None:
    files = [file_of(spec, id=number) for number, spec in enumerate(case["files"])]
    changed = frozenset(file.id for file, spec in zip(files, case["files"], strict=True) if is_changed(spec))
    policy = DecisionPolicy(
        languages=tuple(case.get("languages", ["en"])),
        review_threshold=case.get("review", 20),
        clear_threshold=case.get("clear", 50),
    )
    proof = Proof(case.get("proof", "same_title"))
    decision = decide(files, proof, policy, changed=changed)
    assert decide(files[::-1], proof, policy, changed=changed) == decision
    assert (decision.keeper, decision.verdict, decision.rule) == (0, case["verdict"], case["rule"]), (
        f"{case['why']}: {decision}"
    )
    assert case.get("says", "") in decision.sentence
    assert decision.tie_break == case.get("tie", decision.tie_break)
    if "lost" in case:
        assert [str(loss) for loss in decision.members[0].losses] == case["lost"]


def test_a_sentence_names_files_by_what_tells_them_apart_and_never_by_an_id() -> None:
    files = [file_of("1080p hevc 6M", id=4711), file_of("480p mpeg4 1M a:en/stereo", id=4712)]
    sentence = decide(files, Proof.SAME_TITLE).sentence
    assert "1080p HEVC 5.1 en" in sentence
    assert "480p MPEG-4 2.0 en" in sentence
    assert "471" not in sentence


def test_files_that_look_the_same_are_told_apart_by_their_size() -> None:
    files = [file_of("1080p h264 10M size:700", id=1), file_of("1080p h264 10M size:900", id=2)]
    assert "1080p H.264 5.1 en, 700 MB" in decide(files, Proof.SAME_TITLE).sentence


def test_exact_copies_decided_elsewhere_are_mentioned() -> None:
    files = [file_of("1080p h264 10M", id=1), file_of("480p mpeg4 1M", id=2)]
    decision = decide(files, Proof.SAME_TITLE, copies={files[1].id: 2})
    assert any("2 exact copies" in reason for reason in decision.members[0].reasons)


@pytest.mark.parametrize("count", [0, 1])
def test_fewer_than_two_files_are_no_group(count: int) -> None:
    with pytest.raises(ValueError, match="no group"):
        decide([file_of("1080p", id=1)][:count], Proof.SAME_TITLE)


def test_one_file_twice_is_no_group() -> None:
    with pytest.raises(ValueError, match="no group"):
        decide([file_of("1080p", id=1), file_of("720p", id=1)], Proof.SAME_TITLE)


SPEC = st.builds(
    " ".join,
    st.tuples(
        st.sampled_from(["4K", "1080p", "720p", "480p", "360p"]),
        st.sampled_from(["h264", "hevc", "av1", "mpeg4"]),
        st.floats(0.3, 30).map(lambda rate: f"{rate:.2f}M"),
        st.sampled_from(["a:en/5.1", "a:en/stereo", "a:fr/5.1", "a:de/stereo a:en/5.1", "a:?/5.1", "a:-"]),
        st.sampled_from(["", "", "s:en", "s:fr", "s:en,de"]),
        st.sampled_from(["", "", "HDR10", "ch:3", "bluray", "cam"]),
        st.sampled_from(["", "", "", "broken", "quarantined", "unchecked", "protected", "unprobed"]),
        st.sampled_from(["", "", "t:7000", "t:5000", "ed:IMAX", "year:-"]),
    ),
)
SPECS = st.lists(SPEC, min_size=2, max_size=6)
PROOFS = st.sampled_from([Proof.EXACT, Proof.SAME_TITLE, Proof.LOOKS_ALIKE, Proof.COVERAGE])


@given(SPECS, PROOFS)
def test_one_member_always_stays_and_every_other_has_a_verdict(specs: list[str], proof: Proof) -> None:
    files = [file_of(spec, id=number) for number, spec in enumerate(specs)]
    decision = decide(files, proof)
    judged = {member.file for member in decision.members}
    assert decision.keeper not in judged
    assert judged | {decision.keeper} == {file.id for file in files}
    assert all(member.reasons and member.reasons[0] for member in decision.members)


@given(SPECS, PROOFS, st.randoms())
def test_the_order_of_input_never_changes_the_answer(specs: list[str], proof: Proof, chance: Any) -> None:
    files = [file_of(spec, id=number) for number, spec in enumerate(specs)]
    shuffled = list(files)
    chance.shuffle(shuffled)
    assert decide(files, proof) == decide(shuffled, proof)


@given(SPECS, PROOFS)
def test_the_least_sure_member_gives_the_verdict_and_review_enters_no_batch(
    specs: list[str], proof: Proof
) -> None:
    decision = decide([file_of(spec, id=number) for number, spec in enumerate(specs)], proof)
    verdicts = [member.verdict for member in decision.members]
    if Verdict.REVIEW in verdicts:
        assert decision.verdict is Verdict.REVIEW
    if decision.verdict.may_enter_a_batch:
        assert all(verdict.may_enter_a_batch for verdict in verdicts)
    assert not Verdict.REVIEW.may_enter_a_batch
    assert not Verdict.RECOMMENDED.may_enter_a_batch


@given(SPECS)
def test_losing_the_only_english_track_is_never_clear(specs: list[str]) -> None:
    files = {file.id: file for file in (file_of(spec, id=number) for number, spec in enumerate(specs))}
    decision = decide(list(files.values()), Proof.SAME_TITLE)
    kept = files[decision.keeper].info
    for member in decision.members:
        staged = files[member.file].info
        if member.verdict.may_enter_a_batch:
            assert kept is not None
            assert staged is not None
            assert "en" in audio_languages(kept) or "en" not in audio_languages(staged)


@given(SPECS)
def test_nothing_is_lost_by_what_may_enter_a_batch(specs: list[str]) -> None:
    files = {file.id: file for file in (file_of(spec, id=number) for number, spec in enumerate(specs))}
    decision = decide(list(files.values()), Proof.SAME_TITLE)
    kept = files[decision.keeper].info
    for member in decision.members:
        staged = files[member.file].info
        if member.verdict.may_enter_a_batch:
            assert kept is not None
            assert staged is not None
            assert losses(kept, staged) == ()
            assert not files[member.file].protected


@given(SPECS)
def test_a_worse_copy_of_the_keeper_never_changes_the_keeper(specs: list[str]) -> None:
    files = [file_of(spec, id=number) for number, spec in enumerate(specs)]
    keeper = next(file for file in files if file.id == decide(files, Proof.SAME_TITLE).keeper)
    assume(keeper.info is not None)
    assert keeper.info is not None
    worse_info = replace(keeper.info, bit_rate=keeper.info.bit_rate // 2)
    stamp = keeper.stamp._replace(size=keeper.size + 1)
    worse = replace(
        keeper, id=type(keeper.id)(99), info=worse_info, stamp=stamp, raw_path=b"/zzz", path="/zzz"
    )
    assert decide([*files, worse], Proof.SAME_TITLE).keeper == keeper.id
