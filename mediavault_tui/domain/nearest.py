"""The titles nearest to what was typed, for a slip of the hand or letters left out."""

from __future__ import annotations

import heapq
from collections.abc import Sequence

from rapidfuzz import fuzz, process

from mediavault_tui.domain.search import fold

_LIKE = 65.0
"""Likeness from which a title is offered, 0–100; `mtrx` and `matrix` have 80, unrelated words under 60."""
_AT_A_TIME = 4096
"""Titles compared before other threads may run: rapidfuzz holds Python's lock for one call."""
_PARTLY = 0.9
"""What likeness with only a part of a title is worth: the whole title comes first."""


def nearest(text: str, folded: Sequence[str], *, most: int = 4) -> list[int]:
    """Return the places of the titles most like `text`, best first; `folded`: titles after `search.fold`."""
    wanted = fold(text).strip()
    if len(wanted) < 3:
        return []
    found: list[tuple[float, int]] = []
    for start in range(0, len(folded), _AT_A_TIME):
        some = folded[start : start + _AT_A_TIME]
        for scorer, worth in ((fuzz.ratio, 1.0), (fuzz.partial_ratio, _PARTLY)):
            hits = process.extract(wanted, some, scorer=scorer, limit=most, score_cutoff=_LIKE / worth)
            # A title shorter than what was typed is no part of it, but the other way round.
            found += [
                (-score * worth, start + place)
                for title, score, place in hits
                if worth == 1.0 or len(title) >= len(wanted)
            ]
        found = heapq.nsmallest(2 * most, found)
    return list(dict.fromkeys(place for _, place in sorted(found)))[:most]
