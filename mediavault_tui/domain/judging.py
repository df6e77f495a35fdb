"""One copy against the keeper: rules 1–8 of docs/rules.md, section 4, in their order.

Each rule is a function that answers or passes on; the first answer stands. Beyond the
eight stand three that can only make an answer less sure: a file in a protected folder is
never staged, doubtful identities are for a person, and what is merely unknown (an
unlabelled language, a year in only one name) keeps a group out of every batch.
Longer than the habit: the rules stand in their order, side by side.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from mediavault_tui.domain import languages
from mediavault_tui.domain.cautions import cautions, perhaps_3d
from mediavault_tui.domain.labels import time_text
from mediavault_tui.domain.leftover import leftover
from mediavault_tui.domain.likeness import Doubt, doubt, episodic, explicit_ids
from mediavault_tui.domain.losses import (
    TIME_TOLERANCE,
    audio_languages,
    subtitle_languages,
    time_share,
    unlabelled_audio,
)
from mediavault_tui.domain.model import FileId, FileState, Health, MediaFile, MediaInfo, Work
from mediavault_tui.domain.quality import DEFAULT, QualityPolicy
from mediavault_tui.domain.ranking import failed
from mediavault_tui.domain.second_titles import second_titles
from mediavault_tui.domain.verdict import Loss, Proof, Verdict

OTHER_CUT = 0.10
"""A keeper longer by this share is perhaps another cut; the speed-up of PAL explains 0.04."""

ONE_LENGTH = 0.01
"""Episodes of which only one name gives the title are one by their length too, within this share."""


@dataclass(frozen=True, slots=True)
class DecisionPolicy:
    """What the user prefers; thresholds in points of the score."""

    languages: tuple[str, ...] = ("en",)
    """Languages to hear, as in `MediaInfo`; the first matters most."""
    review_threshold: int = 20
    clear_threshold: int = 50
    language_gap: int = 100
    """A preferred language outweighs no greater gap without a person."""
    quality: QualityPolicy = DEFAULT


@dataclass(frozen=True, slots=True)
class Case:
    """Two files of one group and what the rules need to know about the rest of it.

    `gap`: keeper's score minus member's. `spoken`: every labelled audio language of the
    group. `tie`: the criterion that chose the keeper among near-equals. `why`: the clause
    that chose it among exact copies.
    """

    keeper: MediaFile
    member: MediaFile
    keeper_name: str
    member_name: str
    proof: Proof
    gap: int
    losses: tuple[Loss, ...]
    spoken: AbstractSet[str]
    policy: DecisionPolicy
    changed: AbstractSet[FileId] = frozenset()
    tie: str | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Judgement:
    """A rule's answer; `cautions` are further sentences that made it less sure."""

    rule: str
    verdict: Verdict
    sentence: str
    cautions: tuple[str, ...] = ()


def judge(case: Case) -> Judgement:
    """Return the answer of the first rule that applies."""
    for rule in _RULES:
        answer = rule(case)
        if answer is not None:
            return answer
    return _gap(case)


def foreign_film(info: MediaInfo, wanted: tuple[str, ...], work: Work | None = None) -> bool:
    """Return whether this is a foreign film to be read: one language, not preferred, but such subtitles.

    Where TMDb gives the original language, nothing is guessed: a film is foreign if its
    original is, and this copy speaks it; a dub of a preferred original is none.
    """
    spoken = audio_languages(info)
    if work is not None and work.original_language:
        original = work.original_language
        return original not in wanted and original in spoken and bool(subtitle_languages(info) & set(wanted))
    return (
        len(spoken) == 1
        and not unlabelled_audio(info)
        and not spoken & set(wanted)
        and bool(subtitle_languages(info) & set(wanted))
    )


def _unsafe(case: Case) -> Judgement | None:
    """Rule 1: an unhealthy keeper, an unreadable member, a member changed since it was scanned."""
    for file, name in ((case.keeper, case.keeper_name), (case.member, case.member_name)):
        if file.id in case.changed or file.state is not FileState.PRESENT:
            return _review("changed", f"{name} is not as it was when it was scanned; scan again")
    if failed(case.keeper):
        reason = case.keeper.health.reason or case.keeper.health.health
        return _review("health", f"No copy is healthy: {case.keeper_name} fails its check ({reason})")
    if case.member.health.health is Health.QUARANTINED:
        return _review("unreadable", f"{case.member_name} cannot be read ({case.member.health.reason})")
    if case.proof is Proof.EXACT:
        return None
    for file, name in ((case.keeper, case.keeper_name), (case.member, case.member_name)):
        if file.info is None:
            return _review("unreadable", f"{name} has not said what it holds: probe it first")
    if case.keeper.health.health is Health.UNCHECKED:
        return _review("health", f"{case.keeper_name} has not been checked for damage yet")
    return None


def _protected(case: Case) -> Judgement | None:
    """A file in a protected folder is never staged, however bad it is."""
    if not case.member.protected:
        return None
    return _review("protected", f"{case.member_name} lies in a protected folder and is never staged")


def _exact(case: Case) -> Judgement | None:
    """Rule 2: exact copies."""
    if case.proof is not Proof.EXACT:
        return None
    sentence = f"Same bytes; keep {case.keeper.where}: {case.why}"
    return Judgement("exact", Verdict.CERTAIN, sentence)


def _coverage(case: Case) -> Judgement | None:
    """One file holds the episodes or parts of others: shown, never recommended."""
    if case.proof is not Proof.COVERAGE:
        return None
    sentence = (
        f"{case.keeper_name} also holds what {case.member_name} holds; this is no duplicate, look yourself"
    )
    return _review("coverage", sentence)


def _identity(case: Case) -> Judgement | None:
    """Doubtful identities are for a person: what docs/rules.md, section 4, says beyond the eight."""
    doubtful = _doubt(case)
    if doubtful is not None and doubtful.ask:
        return _review("identity", f"Perhaps two works: {doubtful.sentence}")
    titles = _second_titles(case)
    if titles is not None and titles.ask:
        return _review("identity", f"Perhaps two works: {titles.sentence}")
    if case.keeper.info is not None and case.keeper.info.duration <= 0:
        said = f"{case.keeper_name} does not say how long it runs"
        return _review("identity", f"{said}: is it whole? Look at its end")
    if _shaped_apart(case):
        return _review("identity", f"Perhaps 3D: {_shape(case)}, two pictures in one")
    share = _time_share(case)
    if cut_short(case.keeper):
        return _review("identity", f"Cut short: {_of_runtime(case.keeper, case.keeper_name)}")
    if cut_short(case.member) and full_length(case.keeper):
        # The world's word alone: its list of cuts may lack the one that this copy is.
        said = f"Perhaps cut short: {_of_runtime(case.member, case.member_name)}"
        return _review("identity", f"{said}, and no known cut is so short; look at its end")
    if share < -OTHER_CUT:
        return _review(
            "identity",
            f"Perhaps another cut: {case.member_name} is {-share:.0%} shorter than {case.keeper_name}",
        )
    return None


def _language(case: Case) -> Judgement | None:
    """Rule 3: a preferred language that only the worse file has outweighs quality, up to a point."""
    wanted = set(case.policy.languages)
    keeper, member = case.keeper.info, case.member.info
    if keeper is None or member is None or case.gap >= 0:
        return None
    heard = audio_languages(keeper) & wanted
    if not heard or audio_languages(member) & wanted:
        return None
    language, better = _names(heard), f"{case.member_name} is {-case.gap} points better"
    if unlabelled_audio(member):
        return _review(
            "language",
            f"{case.keeper_name} has {language} audio; {case.member_name} does not say what it speaks",
        )
    if -case.gap > case.policy.language_gap:
        return _review(
            "language",
            f"Only {case.keeper_name} has {language} audio, but {better}",
        )
    return Judgement(
        "language",
        Verdict.RECOMMENDED,
        f"Keep {case.keeper_name}: only it has {language} audio ({better})",
    )


def _no_preferred(case: Case) -> Judgement | None:
    """Rule 4: no preferred language anywhere, and no foreign film with subtitles to be read."""
    keeper, member = case.keeper.info, case.member.info
    if keeper is None or member is None or not (keeper.audio or member.audio):
        return None
    work = case.keeper.work or case.member.work
    if case.spoken & set(case.policy.languages) or foreign_film(keeper, case.policy.languages, work):
        return None
    if not case.spoken:
        return _review("foreign", "No copy says which language it speaks: listen first")
    original = work.original_language if work is not None else None
    but = (
        f"; the original is in {languages.name(original)}" if original and original not in case.spoken else ""
    )
    return _review("foreign", f"The only copies are in {_names(case.spoken)}{but}")


def _lost(case: Case) -> Judgement | None:
    """Rule 5: anything else would be lost."""
    if not case.losses:
        return None
    lost = "; ".join(str(loss) for loss in case.losses)
    return _review("loss", f"Only {case.member_name} has {lost}")


def _close(case: Case) -> Judgement | None:
    """Rule 6: a small gap."""
    if case.gap >= case.policy.review_threshold:
        return None
    if case.gap < 0:
        damage = case.member.health.reason or "it fails its health check"
        return _review("health", f"{case.member_name} is {-case.gap} points better but damaged: {damage}")
    points = "point" if case.gap == 1 else "points"
    by = f"; {case.keeper_name} leads by {case.tie}" if case.tie else ""
    return _review("close", f"Too close to call: {case.gap} {points} between the two{by}")


def _gap(case: Case) -> Judgement:
    """Rules 7 and 8: the gap decides, unless something is merely unknown."""
    better = f"Keep {case.keeper_name}: {case.gap} points better than {case.member_name}"
    cautions = _cautions(case)
    clear = case.gap > case.policy.clear_threshold and not cautions
    return Judgement("gap", Verdict.CLEAR if clear else Verdict.RECOMMENDED, better, cautions)


def _cautions(case: Case) -> tuple[str, ...]:
    said = []
    doubtful = _doubt(case)
    if doubtful is not None:
        said.append(doubtful.sentence)
    titles = _second_titles(case)
    if titles is not None:
        said.append(titles.sentence)
    if case.keeper.info is not None and case.member.info is not None:
        said += cautions(case.keeper.info, case.member.info, case.keeper_name, case.member_name)
    return tuple(said)


def _doubt(case: Case) -> Doubt | None:
    if case.keeper.identity is None or case.member.identity is None:
        return None
    found = doubt(case.keeper.identity, case.member.identity)
    work = case.keeper.work
    if work is None or case.member.work is None:
        return found
    one, other = case.keeper.identity.edition, case.member.identity.edition
    if (one is None) == (other is None):
        return None  # title, year and country: TMDb has settled them
    if not work.runtime or found is None:
        return found
    if abs(_time_share(case)) <= TIME_TOLERANCE and _as_released(case.keeper):
        return Doubt(f"one is called “{one or other}”, but both run as long as TMDb says", ask=False)
    return Doubt(
        f"one is called “{one or other}”; TMDb gives the film {time_text(work.runtime)}:"
        f" {_of_runtime(case.keeper, case.keeper_name)}, {_of_runtime(case.member, case.member_name)}",
        ask=True,
    )


def _second_titles(case: Case) -> Doubt | None:
    """What the names say behind year and number; TMDb, which settles the show, knows nothing of that."""
    one, other = case.keeper.identity, case.member.identity
    if one is None or other is None:
        return None
    mine, theirs = leftover(case.keeper.path, one), leftover(case.member.path, other)
    one_id = bool(explicit_ids(one).items() & explicit_ids(other).items())
    one_length = abs(_time_share(case)) <= ONE_LENGTH
    found = second_titles(mine, theirs, one, one_id=one_id, one_length=one_length)
    if found is None and episodic(one) and mine.empty != theirs.empty and not one_length:
        apart = time_text(abs(_length(case.keeper) - _length(case.member)))
        title = f"only one name gives the episode's title, “{mine.text or theirs.text}”"
        return Doubt(f"{title}, and their lengths differ by {apart}", ask=False)
    return found


def _length(file: MediaFile) -> float:
    return file.info.duration if file.info else 0.0


def _shaped_apart(case: Case) -> bool:
    keeper, member = case.keeper.info, case.member.info
    return keeper is not None and member is not None and perhaps_3d(keeper) != perhaps_3d(member)


def _shape(case: Case) -> str:
    odd, name = (
        (case.keeper, case.keeper_name)
        if case.keeper.info is not None and perhaps_3d(case.keeper.info)
        else (case.member, case.member_name)
    )
    video = odd.info.video if odd.info else None
    return f"{name} is {video.width}×{video.height}" if video else name


def cut_short(file: MediaFile) -> bool:
    """Return whether a film's file is much shorter than every cut that is known, and is no edition or part.

    TMDb may give the running time of a longer cut, so the shortest that anybody gives is what counts. A
    suspicion: it keeps a copy from being the keeper and asks a person; it never recommends a deletion. A file
    whose own packets end early fails its health check instead (`domain.ranking.failed`).
    """
    if file.work is None or not file.work.runtimes or file.info is None or file.identity is None:
        return False
    odd = file.identity.edition is not None or file.identity.part is not None
    return not odd and 0 < file.info.duration < (1 - OTHER_CUT) * file.work.runtimes[0]


def full_length(file: MediaFile) -> bool:
    """Return whether a film's file runs as long as some cut that is known."""
    if file.work is None or file.info is None:
        return False
    return any(_runs(file.info.duration, length) for length in file.work.runtimes)


def _as_released(file: MediaFile) -> bool:
    return file.work is not None and file.info is not None and _runs(file.info.duration, file.work.runtime)


def _runs(duration: float, length: float) -> bool:
    """Within the speed-up of PAL and some credits of what is known."""
    return length > 0 and abs(duration - length) <= 0.06 * length


def _of_runtime(file: MediaFile, name: str) -> str:
    runs = _length(file)
    known = " or ".join(map(time_text, file.work.runtimes)) if file.work else ""
    return f"{name} runs {time_text(runs)}{f' of {known}' if known else ''}"


def _time_share(case: Case) -> float:
    if case.keeper.info is None or case.member.info is None:
        return 0.0
    return time_share(case.keeper.info, case.member.info)


def _names(codes: AbstractSet[str]) -> str:
    return " and ".join(sorted(languages.name(code) for code in codes))


def _review(rule: str, sentence: str) -> Judgement:
    return Judgement(rule, Verdict.REVIEW, sentence)


_RULES = (_unsafe, _protected, _exact, _coverage, _identity, _language, _no_preferred, _lost, _close)
