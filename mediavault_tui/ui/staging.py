"""The Inventory's question before files are staged: for each the copy that stays, the verdict, the loss."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from mediavault_tui.domain.verdict import Verdict
from mediavault_tui.ui import describe
from mediavault_tui.ui.format import VERDICTS, count, size

if TYPE_CHECKING:
    from mediavault_tui.domain.stage_terms import Going, StagePreview

_ALONG = "with the subtitles and pictures of its name"

_NAMED = 200
"""Files named one by one; beyond that their number is told."""


def question(preview: StagePreview) -> tuple[str, list[str]]:
    """Return the title and the lines that name exactly what would happen; what wants a look comes first."""
    going = sorted(preview.going, key=lambda one: (one.verdict.may_enter_a_batch, one.file.where))
    headed = len(going) > 1 or bool(preview.left)
    lines: list[str] = []
    for one in going[:_NAMED]:
        lines += _named(one, several=len(going) > 1, along="" if headed else f", {_ALONG}")
    if len(going) > _NAMED:
        lines.append(f"… and {count(len(going) - _NAMED, 'more file')}")
    if headed:
        lines = [_sum(preview), f"Each goes {_ALONG}.", describe.STAGED_THEN, "", *lines]
    else:
        lines += ["", describe.STAGED_THEN]
    return f"Stage {count(len(going), 'file')}?", [*lines, *(["", *left(preview)] if preview.left else [])]


def left(preview: StagePreview) -> list[str]:
    """Return which of the files that were asked for stay, and why."""
    more = len(preview.left) - _NAMED
    return [
        "These stay:",
        *(f"    {sentence}" for sentence in preview.left[:_NAMED]),
        *([f"    … and {count(more, 'more file')}"] if more > 0 else []),
    ]


def _sum(preview: StagePreview) -> str:
    verdicts = Counter(one.verdict for one in preview.going)
    parts = [f"{number:,} {VERDICTS[verdict][0]}" for verdict in Verdict if (number := verdicts[verdict])]
    if preview.left:
        parts.append(f"{len(preview.left):,} {'stays' if len(preview.left) == 1 else 'stay'}, named below")
    return " · ".join([size(preview.bytes), *parts])


def _named(one: Going, *, several: bool, along: str) -> list[str]:
    sure = several and one.verdict.may_enter_a_batch
    return [
        one.file.where,
        f"    {VERDICTS[one.verdict][0]} · {size(one.file.size)}{along}",
        *([] if sure else [f"    {one.reason}"]),
        *(f"    ▼ you lose {loss}" for loss in one.losses),
        f"    stays: {one.keeper.where}",
    ]
