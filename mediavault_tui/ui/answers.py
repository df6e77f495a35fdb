"""Rows of an answer as a table, a chart or lines: how each cell looks, and what of it is a number to draw."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual.content import Content

from mediavault_tui.domain.asking import Cell, Rows, bars
from mediavault_tui.domain.library import Comparison
from mediavault_tui.ui.columns import Cell as Shown
from mediavault_tui.ui.columns import Column
from mediavault_tui.ui.format import clock, fit, middle, rate, size, visible

if TYPE_CHECKING:
    from mediavault_tui.services.asking import FileExplained

_WIDEST = 44
_TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:")


@dataclass(frozen=True, slots=True)
class Line:
    """One row of an answer with its place in it."""

    place: int
    cells: tuple[Cell, ...]


def text(name: str, value: Cell) -> str:
    """Return a cell as people read it: bytes as GB, bit/s as Mb/s, seconds as h:mm:ss."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, float)):
        return _number(name, value)
    if isinstance(value, list):
        return visible(" ".join("–" if part is None else str(part) for part in value))
    if isinstance(value, str) and _TIME.match(value):
        return value[:16].replace("T", " ")
    return visible(str(value))


def _number(name: str, value: float) -> str:
    if name == "bytes" or name.endswith("_bytes"):
        return size(round(value)) if value >= 0 else f"−{size(round(-value))}"
    if name == "bit_rate":
        return rate(round(value))
    if name.endswith(("duration_s", "seconds")):
        return clock(value)
    if isinstance(value, int):
        plain = name.endswith("_id") or name in ("year", "decade", "season", "height", "width")
        return str(value) if plain else f"{value:,}"
    return f"{value:,.2f}".rstrip("0").rstrip(".")


def columns(rows: Rows) -> list[Column[Line]]:
    """Return the columns of a table: as wide as what is in them, the longest taking what is left."""
    widths = _widths(rows)
    longest = max(range(len(widths)), key=lambda place: widths[place], default=0)
    made = []
    for place, name in enumerate(rows.columns):
        width = 0 if place == longest else min(widths[place], _WIDEST)

        def cell(line: Line, place: int = place, name: str = name) -> Shown:
            value = line.cells[place]
            return text(name, value), "muted" if value is None or name.endswith("_id") else "plain"

        number = all(isinstance(row[place], (int, float, type(None))) for row in rows.rows)
        # A number of a file can be spared before its title can.
        spare = 0 if place == longest else 90 if name.endswith("_id") else place + 1
        right = number and width > 0 and not name.endswith("_id")
        made.append(Column(f"{place}", visible(name), width, cell, right=right, spare=spare))
    return made


def _widths(rows: Rows) -> list[int]:
    """Return the cells that each column would like: its head, and what is in its first rows."""
    shown = [[text(name, row[place]) for row in rows.rows[:200]] for place, name in enumerate(rows.columns)]
    return [
        max([cell_len(visible(name)), *map(cell_len, cells)])
        for name, cells in zip(rows.columns, shown, strict=True)
    ]


def width_of(rows: Rows) -> int:
    """Return the cells that a table would like to have."""
    widths = _widths(rows)
    longest = max(widths, default=0)
    return longest + sum(min(width, _WIDEST) for width in widths) - min(longest, _WIDEST) + len(widths)


def chart(rows: Rows, width: int) -> Content:
    """Return the bars of numbers grouped by something; empty where the rows are no such table."""
    found = bars(rows)
    if not found:
        return Content("")
    place = next(
        place
        for place in range(1, len(rows.columns))
        if [float(row[place] or 0) for row in rows.rows] == [bar.value for bar in found]
    )
    name = rows.columns[place]
    labels = [visible(bar.label) for bar in found]
    values = [text(name, rows.rows[n][place]) for n in range(len(found))]
    beside = min(max(map(cell_len, labels)), max(width // 3, 8))
    behind = max(map(cell_len, values))
    room = max(width - beside - behind - 3, 5)
    lines = []
    for bar, label, value in zip(found, labels, values, strict=True):
        eighths = round(bar.part * room * 8)
        drawn = "█" * (eighths // 8) + ("", "▏", "▎", "▍", "▌", "▋", "▊", "▉")[eighths % 8]
        lines.append(
            Content.assemble(
                (fit(middle(label, beside), beside, right=True), "$foreground-muted"),
                " ",
                (drawn or "▏", "$accent"),
                " ",
                (value, "$foreground"),
            )
        )
    return Content("\n").join([Content.styled(visible(name), "$foreground-muted"), *lines])


def group_lines(each: Comparison) -> list[str]:
    """Return why a group was judged as it was."""
    verdicts = {member.file: member for member in each.decision.members}
    lines = [
        f"{each.group.title}: {each.decision.verdict.value}, by the rule “{each.decision.rule}”",
        each.decision.sentence,
    ]
    if each.decision.tie_break:
        lines.append(f"A tie, broken by {each.decision.tie_break}.")
    for copy in each.copies:
        member = verdicts.get(copy.file.id)
        mark = "keep" if member is None else member.verdict.value
        lines += ["", f"{mark} · {copy.score.total} points · {size(copy.file.size)} · {copy.file.where}"]
        lines.append(
            "  " + ", ".join(f"{part.name} {part.points:+}" for part in copy.score.parts if part.points)
        )
        if member:
            lines += [f"  {reason}" for reason in member.reasons]
            lines += [f"  would be lost: {loss}" for loss in member.losses]
    lines.append("")
    lines += [f"{edge.reason} ({edge.strength} %)" for edge in each.edges]
    return lines


def file_lines(explained: FileExplained) -> list[str]:
    """Return what is known of a file and why."""
    file, score = explained.copy.file, explained.copy.score
    lines = [file.where, f"{size(file.size)} · {file.state.value} · {file.health.health.value}"]
    if file.health.reason:
        lines.append(file.health.reason)
    lines += ["", f"{score.total} points of 200:"]
    lines += [f"  {part.points:+4} {part.name}: {part.why}" for part in score.parts]
    if file.identity is not None:
        lines += ["", f"Its name says, to {file.identity.confidence} %: " + "; ".join(file.identity.evidence)]
    for group in explained.groups:
        lines += ["", *group_lines(group)]
    if explained.history:
        lines += ["", "What was done with it:"]
    for deed in explained.history:
        to = f" → {deed.destination}" if deed.destination else ""
        lines.append(
            f"  {deed.intended_at:%Y-%m-%d %H:%M} {deed.kind} ({deed.state}): {deed.source_path}{to}"
        )
    return lines


def harmless(markdown: str) -> str:
    """Return Markdown of a model without anything that a terminal obeys; line ends stay."""
    return "".join(c if c == "\n" or c.isprintable() else visible(c) for c in markdown)


def told(rows: Rows) -> Sequence[str]:
    """Return what is said of a table beside it."""
    number = len(rows.rows)
    return [
        f"{number:,} {'row' if number == 1 else 'rows'}",
        f"{rows.seconds:.2f} s" if rows.seconds else "",
        rows.cut,
    ]
