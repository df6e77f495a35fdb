"""Which copy of a group to keep, how sure that is, and the sentence that says why.

Source: docs/rules.md, section 4. Each member is judged against the keeper itself
(`domain.judging`); a group's verdict is the least sure of its members'.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet

from mediavault_tui.domain.judging import (
    Case,
    DecisionPolicy,
    Judgement,
    cut_short,
    foreign_film,
    full_length,
    judge,
)
from mediavault_tui.domain.labels import labels
from mediavault_tui.domain.losses import audio_languages, losses
from mediavault_tui.domain.model import FileId, MediaFile
from mediavault_tui.domain.quality import score_of
from mediavault_tui.domain.ranking import Ranked, failed, rank
from mediavault_tui.domain.standing import first_of_equals
from mediavault_tui.domain.verdict import Decision, MemberVerdict, Proof, Verdict

_SURENESS = (Verdict.CERTAIN, Verdict.CLEAR, Verdict.RECOMMENDED, Verdict.REVIEW)


def decide(
    files: Sequence[MediaFile],
    proof: Proof,
    policy: DecisionPolicy | None = None,
    *,
    changed: AbstractSet[FileId] = frozenset(),
    copies: Mapping[FileId, int] | None = None,
) -> Decision:
    """Recommend which of `files` to keep; their order does not matter.

    `changed`: files known to differ from what was scanned. `copies`: how many exact
    copies, decided in a group of their own, each of these stands for.
    Raises: ValueError for fewer than two files, or one twice.
    """
    if len({file.id for file in files}) != len(files) or len(files) < 2:
        raise ValueError(f"no group of copies: {[file.id for file in files]}")
    policy = policy or DecisionPolicy()
    if proof is Proof.EXACT:
        keeper, why = first_of_equals(files)
        return _decision(files, keeper, proof, policy, changed=changed, why=why)
    if proof is Proof.COVERAGE:
        return _decision(files, _whole(files), proof, policy, changed=changed)
    ranking = rank(files, policy.quality)
    keeper = _keeper(ranking, policy)
    tie = _tie(ranking, policy) if keeper is ranking[0].file else None
    return _decision(files, keeper, proof, policy, changed=changed, copies=copies, tie=tie)


def _keeper(ranking: Sequence[Ranked], policy: DecisionPolicy) -> MediaFile:
    """Return the best copy, unless a preferred language would be lost with the others.

    A foreign film with preferred subtitles is not a loss, so quality decides. A copy that
    fails its health check never wins by its language.
    """
    best = ranking[0].file
    if cut_short(best):
        # Half a film is not the better copy, however good its picture is.
        whole = [each for each in ranking if full_length(each.file) and not failed(each.file)]
        ranking = whole or ranking
        best = ranking[0].file
    if best.info is None or foreign_film(best.info, policy.languages, best.work):
        return best
    if audio_languages(best.info) & set(policy.languages):
        return best
    for language in policy.languages:
        for place in ranking:
            info = place.file.info
            if info is not None and language in audio_languages(info) and not failed(place.file):
                return place.file
    return best


def _tie(ranking: Sequence[Ranked], policy: DecisionPolicy) -> str | None:
    first, second = ranking[:2]
    if abs(first.score.total - second.score.total) > policy.quality.tie:
        return None
    return first.criterion if first.criterion not in (None, "score") else None


def _whole(files: Sequence[MediaFile]) -> MediaFile:
    """Return the file that holds the others' episodes or parts."""

    def breadth(file: MediaFile) -> tuple[int, bool, bytes]:
        identity = file.identity
        episodes = len(identity.episodes) if identity else 0
        return (-episodes, identity is not None and identity.part is not None, file.raw_path)

    return min(files, key=breadth)


def _decision(
    files: Sequence[MediaFile],
    keeper: MediaFile,
    proof: Proof,
    policy: DecisionPolicy,
    *,
    changed: AbstractSet[FileId],
    copies: Mapping[FileId, int] | None = None,
    tie: str | None = None,
    why: str = "",
) -> Decision:
    """Judge every other file against `keeper` and put the answers together."""
    names = labels(files)
    spoken = frozenset[str]().union(*(audio_languages(file.info) for file in files if file.info))
    totals = {file.id: score_of(file, policy.quality).total for file in files}
    others = sorted(
        (file for file in files if file.id != keeper.id),
        key=lambda file: (failed(file), -totals[file.id], file.raw_path),
    )
    judged: list[tuple[MemberVerdict, Judgement]] = []
    for file in others:
        lost = (
            losses(keeper.info, file.info) if keeper.info and file.info and proof is not Proof.EXACT else ()
        )
        gap = totals[keeper.id] - totals[file.id]
        case = Case(
            keeper,
            file,
            names[keeper.id],
            names[file.id],
            proof,
            gap,
            lost,
            spoken,
            policy,
            changed,
            tie,
            why,
        )
        answer = judge(case)
        reasons = (answer.sentence, *answer.cautions, *_twins(file, copies))
        judged.append((MemberVerdict(file.id, answer.verdict, reasons, lost, gap), answer))
    least = max(judged, key=lambda each: _SURENESS.index(each[1].verdict))[1]
    head = "" if len(judged) == 1 else f"{len(files)} files. "
    return Decision(
        keeper=keeper.id,
        verdict=least.verdict,
        rule=least.rule,
        sentence=head + least.sentence,
        members=tuple(member for member, _ in judged),
        tie_break=tie,
    )


def _twins(file: MediaFile, copies: Mapping[FileId, int] | None) -> tuple[str, ...]:
    count = copies.get(file.id, 0) if copies else 0
    if not count:
        return ()
    said = "an exact copy, which is" if count == 1 else f"{count} exact copies, which are"
    return (f"it has {said} decided in a group of exact copies",)
