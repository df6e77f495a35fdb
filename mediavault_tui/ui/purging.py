"""Pending's words about a purge: what goes, what is held for longer, and what that frees."""

from __future__ import annotations

from textual.content import Content

from mediavault_tui.domain.measures import day
from mediavault_tui.domain.purging import (
    RETENTION,
    Purgeable,
    PurgeForecast,
    cautions,
    held_sentence,
)
from mediavault_tui.ui import describe
from mediavault_tui.ui.format import count, size

_NAMED = 200
"""Files named one by one before a purge; beyond that their number is told."""


def looking(what: Purgeable) -> Content:
    """Return in one line that the files are being looked at."""
    return describe.line([f"{count(what.files, 'file')} to be purged", "looking what that frees…"])


def line(forecast: PurgeForecast) -> Content:
    """Return in one line what a purge would do."""
    waiting = forecast.what.waiting
    approved = forecast.files + (waiting.files if waiting else 0)
    parts = [f"{count(approved, 'file')} approved"]
    if not forecast.files:
        parts.append("nothing would be purged")
    elif approved > forecast.files:
        parts.append(f"purging {forecast.files:,} frees {_at_most(forecast)}")
    else:
        parts.append(f"purging frees {_at_most(forecast)}")
    parts += [f"{source} does not answer" for source, _ in forecast.unreachable]
    if waiting:
        several = day(waiting.first) != day(waiting.last)
        parts.append(f"{waiting.files:,} held{', the first' if several else ''} until {day(waiting.first)}")
    return describe.line(parts)


def question(forecast: PurgeForecast, *, marked: int = 0) -> tuple[str, list[str]]:
    """Return the title and the lines: what a purge would delete, free and leave.

    `marked`: of so many files, which a person has marked; 0: of all.
    """
    waiting, names, stay = forecast.what.waiting, forecast.what.names, len(forecast.what.refused)
    freed = _at_most(forecast)
    more = [f"… and {count(forecast.files - _NAMED, 'more file')}"] if forecast.files > _NAMED else []
    of_them = f" of the {marked:,} marked files" if marked > 1 else ""
    going = f"{forecast.files:,}{of_them}" if of_them else count(forecast.files, "file")
    why = "is not approved and stays" if stay == 1 else "are not approved and stay"
    stays = f"{count(stay, 'marked file')} {why}."
    return "Purge what is marked?" if marked else "Purge what is approved?", [
        f"{going} will be deleted for good.",
        *([stays] if stay else []),
        f"{freed[0].upper()}{freed[1:]} are freed. This cannot be undone.",
        *cautions(forecast),
        *([held_sentence(waiting)] if waiting else []),
        "",
        *names[:_NAMED],
        *more,
    ]


def _at_most(forecast: PurgeForecast) -> str:
    return ("at most " if forecast.bins else "") + size(forecast.bytes)


def nothing_due(what: Purgeable, *, marked: int = 0) -> str:
    """Return why nothing can be purged now (of so many marked files), and what to do; for `keyed`."""
    if what.waiting is None and marked:
        return (
            "Nothing that is marked is approved. Approve it with <pending.approve:a>,"
            " or take the marks away with <pane.back:esc> to purge what else is."
        )
    if what.waiting is None:
        return "Nothing is approved. Approve what may go with <pending.approve:a>, then purge."
    how = f"`mediavault purge --early` deletes without waiting, and {RETENTION}=0 lets nothing wait."
    return f"{held_sentence(what.waiting)} {how}"
