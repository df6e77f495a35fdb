"""Which of a million titles are alike, without comparing each with each.

Two titles are compared when they share a block: the first letters, the last letters or
one of their two rarest words, together with the stratum (season, episodes, part …) and
the year. A title without a year is compared with those of every year. Before the real
scorer runs, a bound on the edit distance from lengths and letter counts drops what
cannot reach the threshold; it never drops what can.

numpy and rapidfuzz are imported here, so import this module only where there is work.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.fuzz import ratio
from rapidfuzz.process import cpdist

from mediavault_tui.domain.likeness import THRESHOLD, numbers

Ints = NDArray[np.int64]
Hashes = NDArray[np.uint64]

_REACH = 3000
"""How far apart two titles of one block may stand; only blocks beyond it are not compared whole."""

_CHUNK = 1_000_000
"""Pairs scored at once: bounds the memory, some 100 bytes a pair."""

_DATED, _UNDATED = 3, 4
"""Letters that two titles share at an end to be compared: of one year, and of any."""

_LETTERS = 26
_OTHER_CLASS = 36


@dataclass(frozen=True, slots=True)
class AlikePairs:
    """Parallel arrays: titles `left[n]` < `right[n]` are `likeness[n]` (threshold–100) alike."""

    left: Ints
    right: Ints
    likeness: NDArray[np.uint8]
    compared: int = 0
    """Pairs that the scorer itself looked at."""

    def __len__(self) -> int:
        return len(self.left)


def alike_pairs(
    keys: Sequence[str], strata: Ints, years: Ints, *, threshold: int = THRESHOLD, workers: int = 2
) -> AlikePairs:
    """Return every pair of one stratum whose years agree and whose titles are alike.

    `keys`: title keys with their words sorted (`likeness.sorted_key`), each combination of
    key, stratum and year once. `years`: 0 where unknown, which agrees with every year.
    `workers`: threads of the scorer. Raises: ValueError for an empty key.
    """
    if len(keys) < 2:
        nothing = np.empty(0, np.int64)
        return AlikePairs(nothing, nothing, np.empty(0, np.uint8))
    if not all(keys):
        raise ValueError("an empty title is like no other")
    table = _Table(keys, strata.astype(np.int64), years.astype(np.int64), threshold)
    codes = [
        table.plausible(blocking) for blocking in _blockings(keys, table.points, table.starts, table.lengths)
    ]
    pairs = np.sort(np.concatenate(codes))
    pairs = pairs[np.diff(pairs, prepend=-1) != 0]
    return _score(keys, pairs, len(keys), threshold=threshold, workers=workers)


def alike_titles(
    keys: Sequence[str], *, threshold: int = THRESHOLD, workers: int = 2
) -> list[tuple[str, str]]:
    """Return the pairs of different titles that are alike, whatever their year or number."""
    nothing = np.zeros(len(keys), np.int64)
    pairs = alike_pairs(keys, nothing, nothing, threshold=threshold, workers=workers)
    return [(keys[a], keys[b]) for a, b in zip(pairs.left.tolist(), pairs.right.tolist(), strict=True)]


@dataclass(frozen=True, slots=True)
class _Blocking:
    """Records (numbers of titles) and what each is blocked by among titles of its own year, and of any."""

    records: Ints
    dated: Hashes
    undated: Hashes


class _Table:
    """The titles as columns, and the cheap test that most pairs fail."""

    def __init__(self, keys: Sequence[str], strata: Ints, years: Ints, threshold: int) -> None:
        self.years = years
        self.strata = strata
        self.lengths = np.fromiter(map(len, keys), np.int64, len(keys))
        self.points = np.frombuffer("".join(keys).encode("utf-32-le", "surrogatepass"), np.uint32)
        self.starts = np.concatenate(([0], np.cumsum(self.lengths)[:-1]))
        self.letters = _letter_bits(self.points, self.lengths)
        # An indel ratio of t allows (1 - t) × (both lengths) insertions and deletions.
        self.allowance = self.lengths.astype(np.float32) * np.float32(1 - threshold / 100) + np.float32(1e-3)

    def plausible(self, blocking: _Blocking) -> Ints:
        """Return codes (left × count + right) of the pairs of one blocking that may be alike."""
        records, strata = blocking.records, self.strata[blocking.records].astype(np.uint64)
        years = self.years[records]
        dated = np.flatnonzero(years)
        blocks = _mix(_mix(blocking.dated, strata), years.astype(np.uint64))
        found = list(self._walk(records[dated], blocks[dated]))
        if len(dated) < len(records):
            found += self._walk(records, _mix(blocking.undated, strata), undated_only=True)
        return np.concatenate(found) if found else np.empty(0, np.int64)

    def _walk(self, records: Ints, blocks: Hashes, *, undated_only: bool = False) -> Iterator[Ints]:
        """Compare each record with the 1st, 2nd, 3rd … one after it in its block.

        With `undated_only`, the records without a year stand first in their block and only
        they look ahead.
        """
        if len(records) < 2:
            return
        order = (
            np.lexsort((records, self.years[records] != 0, blocks))
            if undated_only
            else np.argsort(blocks, kind="stable")
        )
        records, blocks = records[order], blocks[order]
        ends = np.searchsorted(blocks, blocks, side="right")
        ahead = np.minimum(ends - np.arange(len(blocks)) - 1, _REACH)
        if undated_only:
            ahead[self.years[records] != 0] = 0
        letters, allowance, lengths = self.letters[records], self.allowance[records], self.lengths[records]
        active = np.flatnonzero(ahead > 0)
        step = 1
        while len(active):
            other = active + step
            allowed = allowance[active] + allowance[other]
            near = np.bitwise_count(letters[active] ^ letters[other]) <= allowed
            near &= np.abs(lengths[active] - lengths[other]) <= allowed
            one, two = records[active[near]], records[other[near]]
            if len(one):
                yield self._codes(one, two)
            step += 1
            active = active[ahead[active] >= step]

    def _codes(self, a: Ints, b: Ints) -> Ints:
        """Drop what only a collision of block hashes brought together; put the smaller first."""
        real = (self.strata[a] == self.strata[b]) & (a != b)
        real &= (self.years[a] == self.years[b]) | (self.years[a] == 0) | (self.years[b] == 0)
        a, b = a[real], b[real]
        return np.minimum(a, b) * len(self.lengths) + np.maximum(a, b)


def _letter_bits(points: NDArray[np.uint32], lengths: Ints) -> Hashes:
    """Return for each title 64 bits of which at most one changes with each inserted or deleted letter.

    Two bits for each of a–z (once, twice or more), one for each digit, two for all the rest.
    """
    classes = np.full(len(points), _OTHER_CLASS, np.uint8)
    letter = (points >= ord("a")) & (points <= ord("z"))
    classes[letter] = points[letter] - ord("a")
    digit = (points >= ord("0")) & (points <= ord("9"))
    classes[digit] = points[digit] - ord("0") + _LETTERS
    owner = np.repeat(np.arange(len(lengths)), lengths)
    bits = np.zeros(len(lengths), np.uint64)
    bit = 0
    for number in range(_OTHER_CLASS + 1):
        counts = np.bincount(owner[classes == number], minlength=len(lengths))
        for least in (1,) if _LETTERS <= number < _OTHER_CLASS else (1, 2):
            bits |= (counts >= least).astype(np.uint64) << np.uint64(bit)
            bit += 1
    return bits


def _blockings(
    keys: Sequence[str], points: NDArray[np.uint32], starts: Ints, lengths: Ints
) -> Iterator[_Blocking]:
    """Yield the blockings by first letters, last letters and rarest words.

    Letters alone must stand for more where no year helps to keep blocks small.
    """
    everyone, last = np.arange(len(keys)), starts + lengths - 1

    def head(letters: int) -> Hashes:
        return _letters(points, [np.minimum(starts + n, last) for n in range(letters)])

    def tail(letters: int) -> Hashes:
        return _letters(points, [np.maximum(last - n, starts) for n in range(letters)])

    yield _Blocking(everyone, head(_DATED), head(_UNDATED))
    yield _Blocking(everyone, tail(_DATED), tail(_UNDATED))
    owners, words = _rare_words(keys)
    yield _Blocking(owners, words, words)


def _letters(points: NDArray[np.uint32], places: Sequence[Ints]) -> Hashes:
    hashed = np.zeros(len(places[0]), np.uint64)
    for place in places:
        hashed = _mix(hashed, points[place].astype(np.uint64))
    return hashed


def _rare_words(keys: Sequence[str]) -> tuple[Ints, Hashes]:
    """Give each title its two rarest words; a title of one word has letters to be found by."""
    split = [key.split() for key in keys]
    known: dict[str, int] = {}
    words = np.fromiter((known.setdefault(w, len(known)) for w in chain.from_iterable(split)), np.int64)
    owners = np.repeat(np.arange(len(keys)), np.fromiter(map(len, split), np.int64, len(keys)))
    order = np.lexsort((words, np.bincount(words)[words], owners))
    words, owners = words[order], owners[order]
    third = np.zeros(len(owners), np.bool_)
    third[2:] = owners[2:] == owners[:-2]
    return owners[~third], words[~third].astype(np.uint64)


def _mix(a: Hashes, b: Hashes) -> Hashes:
    """Combine two hashes; a collision costs a comparison, never a wrong answer."""
    mixed: Hashes = (a ^ (a >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9) + b * np.uint64(
        0x9E3779B97F4A7C15
    )
    return mixed ^ (mixed >> np.uint64(32))


def _score(keys: Sequence[str], pairs: Ints, count: int, *, threshold: int, workers: int) -> AlikePairs:
    """Run the real scorer over the pairs; titles whose numbers differ are never alike."""
    titles = np.array(keys, dtype=object)
    lefts, rights, scores = [np.empty(0, np.int64)], [np.empty(0, np.int64)], [np.empty(0, np.uint8)]
    for start in range(0, len(pairs), _CHUNK):
        left, right = np.divmod(pairs[start : start + _CHUNK], count)
        alike = cpdist(
            titles[left].tolist(),
            titles[right].tolist(),
            scorer=ratio,
            score_cutoff=threshold,
            dtype=np.float32,
            workers=workers,
        )
        good = np.flatnonzero(alike > 0)
        same_numbers = map(_same_numbers, titles[left[good]].tolist(), titles[right[good]].tolist())
        good = good[np.fromiter(same_numbers, np.bool_, len(good))]
        lefts.append(left[good])
        rights.append(right[good])
        scores.append(alike[good].astype(np.uint8))
    return AlikePairs(np.concatenate(lefts), np.concatenate(rights), np.concatenate(scores), len(pairs))


def _same_numbers(a: str, b: str) -> bool:
    return numbers(a) == numbers(b)
