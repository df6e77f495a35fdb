"""From files that may belong together to decided groups; no database here.

Exact copies come first: each set of them is one decision, and only one of them, the copy
to keep, stands for all in the groups of the same title, so that nobody is asked twice
about one content or led to keep a copy that another group recommends to stage.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from itertools import product

from mediavault_tui.domain.content import content_keys
from mediavault_tui.domain.decision import decide
from mediavault_tui.domain.judging import DecisionPolicy
from mediavault_tui.domain.likeness import identified
from mediavault_tui.domain.matching import (
    Pair,
    coverage_groups,
    exact_groups,
    same_title_groups,
    title_text,
)
from mediavault_tui.domain.model import FileId, MediaFile
from mediavault_tui.domain.quality import score_of
from mediavault_tui.domain.verdict import Decision, Group, Proof
from mediavault_tui.store.groups import Decided


def regroup(
    files: Iterable[MediaFile],
    remembered: Iterable[tuple[bytes, bytes]],
    policy: DecisionPolicy,
    *,
    threshold: int,
) -> list[Decided]:
    """Return every group among `files`, decided; `remembered`: contents that are no duplicates."""
    by_id = {file.id: file for file in _one_name_each(files)}
    vetoes = vetoed(by_id.values(), remembered)
    exact = [_decided(group, by_id, policy) for group in exact_groups(by_id.values(), vetoes=vetoes)]
    copies = {each.decision.keeper: len(each.group.members) - 1 for each in exact}
    twins = {id for each in exact for id in each.group.members if id != each.decision.keeper}
    named = [known for file in by_id.values() if file.id not in twins and (known := identified(file))]
    alike = same_title_groups(named, threshold=threshold, vetoes=vetoes)
    covered = coverage_groups(named, threshold=threshold, vetoes=vetoes)
    return exact + [_decided(group, by_id, policy, copies=copies) for group in (*alike, *covered)]


def vetoed(files: Iterable[MediaFile], remembered: Iterable[tuple[bytes, bytes]]) -> AbstractSet[Pair]:
    """Return the pairs of `files` whose contents a person once set apart."""
    holders: dict[bytes, list[FileId]] = defaultdict(list)
    for file in files:
        for key in content_keys(file):
            holders[key].append(file.id)
    return (
        {
            Pair((a, b))
            for one, other in remembered
            for a, b in product(holders[one], holders[other])
            if a != b
        }
        if holders
        else set()
    )


def bundled(bundles: Iterable[Sequence[FileId]], *, at_most: int) -> list[list[FileId]]:
    """Join bundles that share a file and pack what belongs together into batches.

    A batch has about `at_most` files; only what hangs together may make it larger.
    """
    leader: dict[FileId, FileId] = {}

    def find(id: FileId) -> FileId:
        while leader.setdefault(id, id) != id:
            leader[id] = leader[leader[id]]
            id = leader[id]
        return id

    for bundle in bundles:
        first = find(bundle[0])
        for other in bundle[1:]:
            leader[find(other)] = first
    together: dict[FileId, list[FileId]] = defaultdict(list)
    for id in sorted(leader):
        together[find(id)].append(id)
    batches: list[list[FileId]] = []
    for members in together.values():
        if not batches or len(batches[-1]) + len(members) > at_most:
            batches.append([])
        batches[-1] += members
    return batches


def _one_name_each(files: Iterable[MediaFile]) -> list[MediaFile]:
    """Drop further names of a file: a link is no copy. An inode of 0 is the lack of one."""
    seen: dict[tuple[int, int], MediaFile] = {}
    for file in sorted(files, key=lambda file: file.id):
        stamp = file.stamp
        seen.setdefault((stamp.device, stamp.inode) if stamp.inode else (-1, file.id), file)
    return list(seen.values())


def _decided(
    group: Group,
    by_id: Mapping[FileId, MediaFile],
    policy: DecisionPolicy,
    *,
    copies: Mapping[FileId, int] | None = None,
) -> Decided:
    decision = decide([by_id[id] for id in group.members], group.proof, policy, copies=copies)
    order = (decision.keeper, *(member.file for member in decision.members))
    scores = tuple(score_of(by_id[id], policy.quality).total for id in order)
    first = by_id[group.members[0]]
    if first.work is not None and first.work.title:
        group = replace(group, title=title_text(first.shown))
    return Decided(group, decision, _reclaimable(group.proof, decision, by_id), scores)


def _reclaimable(proof: Proof, decision: Decision, by_id: Mapping[FileId, MediaFile]) -> int:
    """Return the bytes that following the decision frees: none while other links hold them."""
    if proof is Proof.COVERAGE:
        return 0
    losers = (by_id[member.file] for member in decision.members)
    return sum(file.size for file in losers if file.link_count == 1 and not file.protected)
