"""A rehearsal in words: its headline, and each group that would be decided otherwise."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from textual.content import Content

from mediavault_tui.domain.rehearsal import Flip, Outcome, Rehearsal
from mediavault_tui.ui.format import PROOFS, VERDICTS, count, size, visible

_NAMED = 300
"""Flips shown one by one; beyond that their number is told."""

_NONE = "no group"


def headline(rehearsal: Rehearsal) -> str:
    """Return how many groups flip, and from what to what; `keyed` names the key in it."""
    if not rehearsal.flips:
        return f"No group flips: all {rehearsal.groups:,} are decided as they are now."
    kinds = Counter(_kind(flip) for flip in rehearsal.flips)
    many = ", ".join(f"{number:,} {kind}" for kind, number in kinds.most_common())
    verb = "flips" if len(rehearsal.flips) == 1 else "flip"
    return f"{count(len(rehearsal.flips), 'group')} {verb}: {many}. {_batch(rehearsal)}".rstrip()


def flips_text(rehearsal: Rehearsal, name_keys: Callable[[str], str] = str) -> Content:
    """Return the headline and each flip: the title, before and after, the new sentence."""
    blocks = [Content(name_keys(headline(rehearsal)))]
    blocks += [_flip(flip) for flip in rehearsal.flips[:_NAMED]]
    if len(rehearsal.flips) > _NAMED:
        blocks.append(Content(f"… and {count(len(rehearsal.flips) - _NAMED, 'more group', 'more groups')}"))
    return Content("\n\n").join(blocks)


def _batch(rehearsal: Rehearsal) -> str:
    more = rehearsal.sure_after - rehearsal.sure_before
    if not more:
        return ""
    return f"<duplicates.batch:A> would stage {abs(more):,} {'more' if more > 0 else 'fewer'}."


def _kind(flip: Flip) -> str:
    was, will = _word(flip.before), _word(flip.after)
    return f"{was} → {will}" if was != will else "keep another copy"


def _word(outcome: Outcome | None) -> str:
    return outcome.verdict.value if outcome else _NONE


def _flip(flip: Flip) -> Content:
    shown = flip.shown
    lines = [
        Content.assemble(
            (visible(shown.title), "bold $text-accent"),
            (f"  {PROOFS[shown.proof]}, {size(shown.reclaimable)}", "$foreground-muted"),
        ),
        Content.assemble(("  was ", "$foreground-muted"), _side(flip.before)),
        Content.assemble((" will ", "$foreground-muted"), _side(flip.after)),
    ]
    return Content("\n").join(lines)


def _side(outcome: Outcome | None) -> str:
    if outcome is None:
        return _NONE
    return f"{VERDICTS[outcome.verdict][0]}: {visible(outcome.sentence)}"
