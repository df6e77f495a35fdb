"""From files that are alike to groups in which each matches every other.

Source: docs/rules.md, section 3. A~B and A~C with B≁C gives two groups, so a file may
be in more than one. `vetoes` are pairs that a person called no duplicates.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import chain, combinations, product

from mediavault_tui.domain.likeness import (
    THRESHOLD,
    Identified,
    Likeness,
    complete,
    explicit_ids,
    numbering,
    same_title,
    same_work,
    title_likeness,
)
from mediavault_tui.domain.model import FileId, Identity, MediaFile
from mediavault_tui.domain.verdict import Edge, Group, Proof

Pair = frozenset[FileId]
"""Two different files."""

_MANY_KEYS = 400
"""Distinct titles of one stratum beyond which comparing each with each gives way to blocks."""


def exact_groups(files: Iterable[MediaFile], *, vetoes: AbstractSet[Pair] = frozenset()) -> list[Group]:
    """Group files of equal size and equal full content hash; two names of one file are one file."""
    contents: dict[tuple[int, bytes], dict[tuple[int, int], MediaFile]] = defaultdict(dict)
    for file in sorted(files, key=lambda file: file.id):
        if file.content_hash is not None:
            inode = (file.stamp.device, file.stamp.inode)
            contents[file.size, file.content_hash].setdefault(inode, file)
    groups: list[Group] = []
    for (size, digest), names in contents.items():
        reason = f"both are the same {size} bytes (xxh3 {digest.hex()[:8]}…)"
        titles = {
            file.id: title_text(file.identity) or file.path.rpartition("/")[2] for file in names.values()
        }
        edges = {
            Pair(pair): Edge(pair[0], pair[1], Proof.EXACT, 100, reason)
            for pair in combinations(sorted(titles), 2)
            if Pair(pair) not in vetoes
        }
        groups += _groups(Proof.EXACT, edges, titles)
    return sorted(groups, key=lambda group: group.members)


def same_title_groups(
    files: Sequence[Identified], *, threshold: int = THRESHOLD, vetoes: AbstractSet[Pair] = frozenset()
) -> list[Group]:
    """Group files that are one title by explicit id or by name; docs/rules.md, sections 1 and 3."""
    by_number = _strata((file for file in files if complete(file.identity)), numbering)
    edges: dict[Pair, Edge] = {}
    for stratum in by_number:
        for a, b in _alike(stratum, threshold):
            if Pair((a.file, b.file)) in vetoes:
                continue
            likeness = same_title(a, b, threshold=threshold)
            if likeness is not None:
                edges[Pair((a.file, b.file))] = _edge(a, b, Proof.SAME_TITLE, likeness)
    titles = {file.file: title_text(file.identity) for file in files}
    return sorted(_groups(Proof.SAME_TITLE, edges, titles), key=lambda group: group.members)


def coverage_groups(
    files: Sequence[Identified], *, threshold: int = THRESHOLD, vetoes: AbstractSet[Pair] = frozenset()
) -> list[Group]:
    """Group each file of several episodes (or a whole film) with the files of its parts.

    The whole comes first in `members`, then the parts in order; each edge is part to whole.
    """
    seasons = _strata(
        (file for file in files if complete(file.identity)),
        lambda identity: (identity.season, identity.air_date, identity.three_d),
    )
    held: dict[FileId, list[tuple[Identified, Likeness]]] = defaultdict(list)
    wholes: dict[FileId, Identified] = {}
    for season in seasons:
        for pair in _alike(season, threshold):
            for whole, part in (pair, pair[::-1]):
                if not _covers(whole.identity, part.identity) or Pair((whole.file, part.file)) in vetoes:
                    continue
                likeness = same_work(whole, part, threshold=threshold)
                if likeness is not None:
                    wholes[whole.file] = whole
                    held[whole.file].append((part, likeness))
    groups = [
        _coverage(wholes[id], sorted(parts, key=_place))
        for id, parts in held.items()
        if _worth_showing(wholes[id].identity, [part.identity for part, _ in parts])
    ]
    return sorted(groups, key=lambda group: group.members)


def _place(held: tuple[Identified, Likeness]) -> tuple[tuple[int, ...], int, FileId]:
    identity = held[0].identity
    return identity.episodes, identity.part or 0, held[0].file


def _coverage(whole: Identified, parts: Sequence[tuple[Identified, Likeness]]) -> Group:
    edges = tuple(_edge(part, whole, Proof.COVERAGE, likeness) for part, likeness in parts)
    members = (whole.file, *(part.file for part, _ in parts))
    return Group(Proof.COVERAGE, title_text(whole.identity), members, edges)


def _covers(whole: Identity, part: Identity) -> bool:
    """Return whether `whole` has all of `part` and more."""
    if whole.episodes != part.episodes:
        return whole.part == part.part and set(part.episodes) < set(whole.episodes) and bool(part.episodes)
    return whole.part is None and part.part is not None


def _worth_showing(whole: Identity, parts: Sequence[Identity]) -> bool:
    """A lone cd2 of a film says nothing; an episode that a double one holds does."""
    by_parts = {part.part for part in parts if part.part is not None and whole.part is None}
    return not by_parts or len(by_parts) > 1 or any(part.part is None for part in parts)


def _strata(files: Iterable[Identified], of: Callable[[Identity], Hashable]) -> list[list[Identified]]:
    """Split the files by what must be equal; only strata of two and more are of use."""
    strata: dict[Hashable, list[Identified]] = defaultdict(list)
    for file in files:
        strata[of(file.identity)].append(file)
    return [stratum for stratum in strata.values() if len(stratum) > 1]


def _alike(stratum: Sequence[Identified], threshold: int) -> Iterator[tuple[Identified, Identified]]:
    """Yield, once each, the pairs of a stratum that share a title, an alike title or an explicit id."""
    by_key: dict[str, list[Identified]] = defaultdict(list)
    by_id: dict[tuple[str, int | str], list[Identified]] = defaultdict(list)
    for file in stratum:
        by_key[file.key].append(file)
        for id in explicit_ids(file.identity).items():
            by_id[id].append(file)
        if file.work is not None:
            by_id[file.work.kind, file.work.tmdb_id].append(file)
    seen: set[Pair] = set()
    for a, b in chain(
        *(combinations(alike, 2) for alike in (*by_key.values(), *by_id.values())),
        *(product(by_key[one], by_key[other]) for one, other in _alike_keys(list(by_key), threshold)),
    ):
        if (pair := Pair((a.file, b.file))) not in seen:
            seen.add(pair)
            yield (a, b) if a.file < b.file else (b, a)


def _alike_keys(keys: Sequence[str], threshold: int) -> list[tuple[str, str]]:
    """Return the pairs of different titles that are alike; by blocks where they are many."""
    if len(keys) <= _MANY_KEYS:
        return [
            (a, b) for a, b in combinations(keys, 2) if title_likeness(a, b, threshold=threshold) is not None
        ]
    from mediavault_tui.domain.candidates import alike_titles

    return alike_titles([key for key in keys if key], threshold=threshold)


def _edge(a: Identified, b: Identified, proof: Proof, likeness: Likeness) -> Edge:
    return Edge(a.file, b.file, proof, likeness.strength, likeness.reason)


def _groups(proof: Proof, edges: Mapping[Pair, Edge], titles: Mapping[FileId, str]) -> Iterator[Group]:
    """Cover the edges with as few complete groups as a greedy look finds, strongest edge first.

    Within a group each file matches each; an edge is in at least one group.
    """
    near: dict[FileId, set[FileId]] = defaultdict(set)
    for edge in edges.values():
        near[edge.a].add(edge.b)
        near[edge.b].add(edge.a)
    open_edges = sorted(edges.values(), key=lambda edge: (-edge.strength, edge.a, edge.b))
    covered: set[Pair] = set()
    for edge in open_edges:
        if Pair((edge.a, edge.b)) in covered:
            continue
        members = [edge.a, edge.b]
        for other in sorted(near[edge.a] & near[edge.b]):
            if near[other].issuperset(members):
                members.append(other)
        members.sort()
        pairs = [Pair(pair) for pair in combinations(members, 2)]
        covered.update(pairs)
        yield Group(proof, titles[members[0]], tuple(members), tuple(edges[pair] for pair in pairs))


def title_text(identity: Identity | None) -> str:
    """Return a work's name for a person: "Heat (1995)", "Firefly S01E03", "Alien (1979) · IMAX"."""
    if identity is None or not identity.title:
        return ""
    words = [identity.title]
    if identity.year:
        words.append(f"({identity.year})")
    elif identity.country:
        words.append(f"({identity.country.upper()})")
    number = f"S{identity.season:02}" if identity.season is not None else ""
    number += "".join(f"E{episode:02}" for episode in identity.episodes)
    words.append(number or (identity.air_date.isoformat() if identity.air_date else ""))
    if identity.part is not None:
        words.append(f"part {identity.part}")
    if identity.edition:
        words.append(f"· {identity.edition}")
    return " ".join(word for word in words if word)
