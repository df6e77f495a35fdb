"""Same-title candidates among generated titles with known truth: time, recall, precision.

    python -m bench.match [COUNT]        (1,000,000 unless told otherwise)

Each work (two films in three, else an episode of a show) has one to four names. A name is
the work's title changed as people and release groups change them: with or without its
article, accents lost, a word moved behind a comma or in other order, one or two typos, the
year there or not. Two names are one work exactly when they were made from one. The scorer
without blocking is run on every true pair, so its recall is exact and not a sample.
"""

from __future__ import annotations

import json
import random
import resource
import sys
import time
from dataclasses import dataclass

import numpy as np

from mediavault_tui.domain.candidates import alike_pairs
from mediavault_tui.domain.likeness import THRESHOLD, sorted_key, title_likeness
from mediavault_tui.domain.titles import title_key

_STARTS = (
    *"bcdfghjklmnprstvw",
    "bl",
    "br",
    "ch",
    "cl",
    "cr",
    "dr",
    "fl",
    "gr",
    "pl",
    "sh",
    "sl",
    "st",
    "th",
    "tr",
)
_MIDDLES = (*"aeiouéäö", "ai", "ea", "ee", "ie", "oo", "ou")
_ENDS = ["", "", "n", "r", "l", "s", "t", "nd", "st", "ck", "m", "ng"]


@dataclass(frozen=True, slots=True)
class Name:
    """One generated name and the number of the work that it is of."""

    work: int
    title: str
    year: int
    season: int
    episode: int


def vocabulary(chance: random.Random, size: int) -> list[str]:
    """Make words of one to three syllables, each once."""
    words: dict[str, None] = {}
    while len(words) < size:
        syllables = chance.choices((1, 2, 3), (2, 5, 3))[0]
        word = "".join(
            chance.choice(_STARTS) + chance.choice(_MIDDLES) + chance.choice(_ENDS) for _ in range(syllables)
        )
        words[word] = None
    return list(words)


def generate(count: int, *, seed: int = 20) -> list[Name]:
    """Make `count` names of about half as many works."""
    chance = random.Random(seed)
    words = vocabulary(chance, 40_000)
    # A few words are in thousands of titles, most in a handful (Zipf).
    weights = np.cumsum(1 / np.arange(10, len(words) + 10)).tolist()

    def new_title() -> str:
        length = chance.choices((1, 2, 3, 4, 5), (12, 32, 28, 18, 10))[0]
        title = " ".join(word.capitalize() for word in chance.choices(words, cum_weights=weights, k=length))
        if chance.random() < 0.05:
            title += f" {chance.randint(2, 9)}"
        return "The " + title if chance.random() < 0.25 else title

    shows = [(new_title(), chance.randint(1960, 2025)) for _ in range(max(count // 100, 1))]
    names: list[Name] = []
    work = 0
    while len(names) < count:
        if chance.random() < 0.67:
            title, year, season, episode = new_title(), chance.randint(1930, 2025), 0, 0
        else:
            title, year = chance.choice(shows)
            season, episode = chance.randint(1, 8), chance.randint(1, 22)
        for _ in range(chance.choices((1, 2, 3, 4), (40, 40, 13, 7))[0]):
            known = year if chance.random() < (0.9 if season == 0 else 0.3) else 0
            names.append(Name(work, vary(title, chance), known, season, episode))
        work += 1
    chance.shuffle(names)
    return names[:count]


def vary(title: str, chance: random.Random) -> str:
    """Write a title as somebody else would."""
    if title.startswith("The "):
        turn = chance.random()
        if turn < 0.25:
            title = title[4:]
        elif turn < 0.4:
            title = title[4:] + ", The"
    if chance.random() < 0.3:
        title = title.translate(str.maketrans("éäö", "eao"))
    if chance.random() < 0.08 and " " in title:
        words = title.split()
        chance.shuffle(words)
        title = " ".join(words)
    if chance.random() < 0.15:
        title = title.replace(" ", chance.choice((".", " - ", "_", ": ")))
    for _ in range(chance.choices((0, 1, 2), (80, 17, 3))[0]):
        title = mistype(title, chance)
    return title


def mistype(title: str, chance: random.Random) -> str:
    """Drop, double, replace or swap letters at one place."""
    if len(title) < 3:
        return title
    place = chance.randrange(len(title) - 1)
    letter = chance.choice("abcdefghijklmnopqrstuvwxyz")
    return chance.choice(
        (
            title[:place] + title[place + 1 :],
            title[:place] + title[place : place + 1] * 2 + title[place + 1 :],
            title[:place] + letter + title[place + 1 :],
            title[:place] + title[place + 1 : place + 2] + title[place : place + 1] + title[place + 2 :],
        )
    )


def years_agree(a: Name, b: Name) -> bool:
    """Return whether the years are equal or one is not known."""
    return a.year == b.year or not a.year or not b.year


def true_pairs(names: list[Name]) -> list[tuple[int, int]]:
    """Return the pairs of names of one work (whose years agree by construction)."""
    works: dict[int, list[int]] = {}
    for number, name in enumerate(names):
        works.setdefault(name.work, []).append(number)
    return [
        (a, b) for members in works.values() for place, a in enumerate(members) for b in members[place + 1 :]
    ]


def run(count: int) -> dict[str, float | int]:
    """Generate, match, compare with the truth."""
    names = generate(count)
    started, busy = time.perf_counter(), time.process_time()
    keys = [sorted_key(title_key(name.title)) for name in names]
    keyed = time.perf_counter()
    numbers: dict[tuple[str, int, int], int] = {}
    entry_of = [
        numbers.setdefault((key, name.season * 1000 + name.episode, name.year), len(numbers))
        for key, name in zip(keys, names, strict=True)
    ]
    entries = list(numbers)
    pairs = alike_pairs(
        [key for key, _, _ in entries],
        np.array([stratum for _, stratum, _ in entries], np.int64),
        np.array([year for _, _, year in entries], np.int64),
    )
    matched, busy = time.perf_counter(), time.process_time() - busy

    found = set((pairs.left * len(entries) + pairs.right).tolist())
    works_of: dict[int, set[int]] = {}
    for entry, name in zip(entry_of, names, strict=True):
        works_of.setdefault(entry, set()).add(name.work)
    truth = true_pairs(names)
    hit = unblocked = 0
    for a, b in truth:
        low, high = sorted((entry_of[a], entry_of[b]))
        hit += low == high or low * len(entries) + high in found
        unblocked += title_likeness(keys[a], keys[b], threshold=THRESHOLD) is not None
    mixed = sum(
        entries[a][1] != entries[b][1] for a, b in zip(pairs.left.tolist(), pairs.right.tolist(), strict=True)
    )
    right = sum(
        not works_of[a].isdisjoint(works_of[b])
        for a, b in zip(pairs.left.tolist(), pairs.right.tolist(), strict=True)
    )
    return {
        "titles": count,
        "keys_s": round(keyed - started, 2),
        "match_s": round(matched - keyed, 2),
        "total_s": round(matched - started, 2),
        "cpu_s": round(busy, 2),
        "pairs_compared": pairs.compared,
        "pairs_found": len(pairs),
        "true_pairs": len(truth),
        "recall": round(hit / len(truth), 4),
        "recall_unblocked": round(unblocked / len(truth), 4),
        "precision_of_unequal_keys": round(right / max(len(pairs), 1), 4),
        "mixed_episodes": mixed,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


if __name__ == "__main__":
    print(json.dumps(run(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000), indent=2))
