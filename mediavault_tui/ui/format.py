"""Text from outside, made harmless and measured; sizes, times and counts in words.

Names of files are hostile data: they hold brackets, escape sequences, newlines and
right-to-left overrides. `visible` is the one way from such a name to the screen; what
it returns is always shown as plain text, never as markup.
"""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime, timedelta

from rich.cells import cell_len, chop_cells

from mediavault_tui.domain.library import InventoryRow
from mediavault_tui.domain.measures import clock as clock
from mediavault_tui.domain.measures import size as size
from mediavault_tui.domain.verdict import Proof, Verdict
from mediavault_tui.ui.columns import Cell

_NAMED = {
    0x061C: "ALM",
    0x00AD: "SHY",
    0x180E: "MVS",
    0x200B: "ZWSP",
    0x200D: "ZWJ",
    0x200E: "LRM",
    0x200F: "RLM",
    0x2028: "LS",
    0x2029: "PS",
    0x202A: "LRE",
    0x202B: "RLE",
    0x202C: "PDF",
    0x202D: "LRO",
    0x202E: "RLO",
    0x2060: "WJ",
    0x2066: "LRI",
    0x2067: "RLI",
    0x2068: "FSI",
    0x2069: "PDI",
    0xFEFF: "BOM",
}
"""Characters that are nothing to see but change what is seen, by their short names."""

_ZERO_WIDTH_NON_JOINER = "\u200c"
_VARIATION_SELECTORS = "\ufe0e\ufe0f"


def _shown(character: str) -> str:
    """Return what stands for one character that may not reach a terminal as it is."""
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    if 0x80 <= code < 0xA0:
        return f"\\x{code:02x}"
    if 0xD800 <= code <= 0xDFFF:
        return f"\\u{code:04x}"
    if character in _VARIATION_SELECTORS:
        return ""
    if code in _NAMED:
        return f"⟨{_NAMED[code]}⟩"
    # The non-joiner belongs to ordinary Persian words; it is empty and harmless.
    if unicodedata.category(character) in ("Cf", "Zl", "Zp") and character != _ZERO_WIDTH_NON_JOINER:
        return f"⟨U+{code:04X}⟩"
    return character


def visible(text: str) -> str:
    """Return `text` with nothing in it that a terminal obeys, hides or turns around.

    Control characters become symbols (␛ ␊), direction overrides and invisible
    characters their names in ⟨⟩; brackets and every printable script stay.
    """
    if not text.isprintable() or any(selector in text for selector in _VARIATION_SELECTORS):
        text = "".join(map(_shown, text))
    if text and unicodedata.combining(text[0]):
        # It would sit on the cell before it, which is not part of the name.
        text = "◌" + text
    return text


def crop(text: str, width: int) -> str:
    """Return at most `width` cells of visible `text`, with … where the end was cut."""
    if cell_len(text) <= width:
        return text
    if width <= 1:
        return "…"[:width]
    return _head(text, width - 1) + "…"


def middle(text: str, width: int) -> str:
    """Return at most `width` cells of visible `text`, its middle cut: both ends of a path matter."""
    if cell_len(text) <= width:
        return text
    if width <= 3:
        return crop(text, width)
    tail = (width - 1) * 3 // 5
    return _head(text, width - 1 - tail) + "…" + _tail(text, tail)


def ending(text: str, width: int) -> str:
    """Return at most `width` cells of visible `text`, its beginning cut: folders differ at their ends."""
    return text if cell_len(text) <= width else "…" + _tail(text, width - 1)


def fit(text: str, width: int, *, right: bool = False) -> str:
    """Return visible `text` cut or padded to exactly `width` cells."""
    text = crop(text, width)
    gap = " " * (width - cell_len(text))
    return gap + text if right else text + gap


def wrap(text: str, width: int) -> list[str]:
    """Break visible `text` into lines of at most `width` cells, at spaces where there are any."""
    lines: list[str] = []
    line = ""
    for word in text.split(" "):
        joined = f"{line} {word}" if line else word
        if cell_len(joined) <= width:
            line = joined
            continue
        if line:
            lines.append(line)
        pieces = chop_cells(word, max(width, 2)) if cell_len(word) > width else [word]
        lines.extend(pieces[:-1])
        line = pieces[-1] if pieces else ""
    return [*lines, line] if line or not lines else lines


def first_lines(text: str, width: int, *, most: int) -> list[str]:
    """Return visible `text` in at most so many lines, with … where its end was cut."""
    lines = wrap(text, width)
    if len(lines) <= most:
        return lines
    return [*lines[: most - 1], crop(f"{lines[most - 1]} {lines[most]}", width)]


def _head(text: str, width: int) -> str:
    """Return the longest beginning of `text` that takes at most `width` cells."""
    if text.isascii():
        return text[:width]
    end = min(len(text), width)
    while end > 0 and cell_len(text[:end]) > width:
        end -= 1
    # A mark that belongs to the last letter comes along; it takes no cell.
    while end < len(text) and cell_len(text[: end + 1]) <= width:
        end += 1
    return text[:end]


def _tail(text: str, width: int) -> str:
    """Return the longest end of `text` that takes at most `width` cells and starts with no mark."""
    if text.isascii():
        return text[len(text) - width :]
    start = max(0, len(text) - width)
    while start > 0 and cell_len(text[start - 1 :]) <= width:
        start -= 1
    while start < len(text) and (cell_len(text[start:]) > width or unicodedata.combining(text[start])):
        start += 1
    return text[start:]


def rate(bits: int) -> str:
    """Return bit/s as people say them: "8.1 Mb/s"."""
    if bits < 1_000_000:
        return f"{bits / 1000:.0f} kb/s"
    return f"{bits / 1e6:.1f} Mb/s"


def changed(modified_ns: int) -> str:
    """Return the day of a file's last change, where the person is; empty for a time that is no date."""
    try:
        return f"{datetime.fromtimestamp(modified_ns / 1e9, UTC).astimezone():%Y-%m-%d}"
    except (OverflowError, OSError, ValueError):
        return ""


def held(since: datetime, now: datetime) -> str:
    """Return how long ago `since` was, coarsely: "today", "1 day", "12 days"."""
    days = max((now - since) // timedelta(days=1), 0)
    if days == 0:
        return "today"
    return "1 day" if days == 1 else f"{days} days"


def soon(day: datetime, now: datetime) -> str:
    """Return a day to come in five letters: "12-29"; the year, "2028", where it is a year or more away."""
    return f"{day.astimezone():%m-%d}" if day - now < timedelta(days=365) else f"{day.astimezone():%Y}"


def count(number: int, one: str, many: str = "") -> str:
    """Return a number with its noun: "1 file", "1,204 files"."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def episode(season: int | None, episodes: tuple[int, ...]) -> str:
    """Return "S01E03", "S01E01E02", "E1071" for absolute numbers; empty for none."""
    numbers = "".join(f"E{number:02}" for number in episodes)
    return numbers if season is None else f"S{season:02}{numbers}"


def what(row: InventoryRow) -> str:
    """Return the title of a row as text to show; the file's name where no title is known."""
    title = row.title or row.path.rpartition("/")[2]
    return visible(f"{title} · {row.edition}" if row.edition else title)


def when(row: InventoryRow) -> str:
    """Return the year or the season and episodes of a row."""
    if row.season is not None or row.episodes:
        return episode(row.season, row.episodes)
    return str(row.year or "")


PROOFS = {
    Proof.EXACT: "same bytes",
    Proof.SAME_TITLE: "same title",
    Proof.LOOKS_ALIKE: "looks alike",
    Proof.COVERAGE: "covers",
}
"""Each proof in two words."""

VERDICTS: dict[Verdict, Cell] = {
    Verdict.CERTAIN: ("✔ certain", "good"),
    Verdict.CLEAR: ("✓ clear", "good"),
    Verdict.RECOMMENDED: ("~ recommended", "accent"),
    Verdict.REVIEW: ("? review", "warn"),
}
"""Each verdict with its sign and its tone; the sign alone is enough without colour."""
