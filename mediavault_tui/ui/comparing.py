"""Two copies side by side as lines of text: every attribute aligned, better and worse by sign and tone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from mediavault_tui.domain.library import Comparison, Copy, GroupSummary
from mediavault_tui.domain.losses import losses
from mediavault_tui.domain.model import FileId, Health
from mediavault_tui.domain.verdict import Loss, Proof, Verdict
from mediavault_tui.ui import describe
from mediavault_tui.ui.columns import Tone
from mediavault_tui.ui.format import PROOFS, VERDICTS, clock, count, fit, middle, rate, size, visible, wrap

Span = tuple[str, Tone | str]
"""Text and its tone; `side` and `side-chosen` are the tones of the two heads."""

Line = tuple[Span, ...]

_LABEL = 11
_SHORT = {"video codec": "codec", "more audio tracks": "more audio"}
"""Names of score parts that the column has no room for."""
_SIGN = 2


@dataclass(frozen=True, slots=True)
class Attribute:
    """One aligned row: what each side has, and the sign and tone of each."""

    name: str
    left: str
    right: str
    left_mark: Span = (" ", "plain")
    right_mark: Span = (" ", "plain")
    path: bool = False


_BETTER: Span = ("▲", "good")
_WORSE: Span = ("▼", "bad")
_EQUAL: Span = ("=", "muted")
_OTHER: Span = ("≠", "muted")


@dataclass(frozen=True, slots=True)
class Pair:
    """Copy A beside another one of its group, and which of the two is chosen to be kept."""

    comparison: Comparison
    other: int
    right_chosen: bool

    @property
    def copies(self) -> tuple[Copy, Copy]:
        """The left copy and the right one."""
        return self.comparison.copies[0], self.comparison.copies[self.other]

    @property
    def chosen(self) -> Copy:
        """The copy on the side marked ▶."""
        return self.copies[self.right_chosen]


@dataclass(frozen=True, slots=True)
class Aim:
    """What a key meant when it was pressed: a group, and what was chosen in it.

    `steps`: how often the next copy was put beside the first. `comparison`: the copies that were on the
    screen; None while they were on their way.
    """

    group: GroupSummary
    steps: int = 0
    right_chosen: bool = False
    comparison: Comparison | None = None

    @property
    def pair(self) -> Pair | None:
        """The two copies that were meant, where they are known."""
        return self.pair_of(self.comparison) if self.comparison is not None else None

    def pair_of(self, comparison: Comparison) -> Pair:
        """Return the two copies that are meant among those of a comparison."""
        others = max(len(comparison.copies) - 1, 1)
        return Pair(comparison, 1 + self.steps % others, self.right_chosen)


def same_copies(one: Comparison, other: Comparison) -> bool:
    """Return whether two readings of a group show the same files in the same order."""
    return [copy.file.id for copy in one.copies] == [copy.file.id for copy in other.copies]


def letter(place: int) -> str:
    """Return the name of a copy: A for the first (the one recommended), B …"""
    return chr(ord("A") + place) if place < 26 else str(place + 1)


def to_come(group: GroupSummary, width: int) -> list[Line]:
    """Return what is known of a group before its copies are here."""
    return list(_decision(group, group.sentence, width))


def compare(pair: Pair, *, width: int) -> list[Line]:
    """Return the lines of copy A beside another one. `width`: cells."""
    comparison, other = pair.comparison, pair.other
    if len(comparison.copies) < 2:
        return [(("Only one copy is left; there is nothing to compare.", "muted"),)]
    left, right = pair.copies
    cell = max((width - _LABEL - 2 * _SIGN - 2) // 2, 8)
    lines = [*_decision(comparison.group, comparison.decision.sentence, width)]
    if comparison.group.proof is not Proof.COVERAGE:
        lines += _lost(left, right, other, pair.right_chosen, width)
    lines += [(), _heads(comparison, other, pair.right_chosen, cell)]
    for attribute in (*_attributes(left, right), *_parts(left, right), *_more(left, right)):
        lines += _rows(attribute, cell)
    lines += _evidence(comparison, left.file.id, right.file.id, width)
    return lines


def _decision(group: GroupSummary, sentence: str, width: int) -> Iterator[Line]:
    verdict, tone = VERDICTS[group.verdict]
    yield (verdict, tone), (f"   {PROOFS[group.proof]}", "muted")
    for line in wrap(visible(sentence), width):
        yield ((line, "strong"),)
    if group.note:
        for line in wrap("✎ " + visible(group.note), width):
            yield ((line, "accent"),)


def _heads(comparison: Comparison, other: int, right_chosen: bool, cell: int) -> Line:
    pair = f"{other} of {len(comparison.copies) - 1}" if len(comparison.copies) > 2 else ""
    copies = comparison.group.proof is not Proof.COVERAGE  # which alone may be staged

    def head(place: int, chosen: bool) -> Span:
        file = comparison.copies[place].file.id
        advice = _advice(comparison) if copies and file == comparison.decision.keeper else ""
        room = cell + _SIGN
        for keep in ("keep this", "keep") if chosen and copies else ("",):
            words = " · ".join(part for part in (letter(place), keep, advice) if part)
            if len(words) + 2 <= room:
                break
        return fit(f"{'▶' if chosen else ' '} {words}", room), "side-chosen" if chosen else "side"

    return (fit(pair, _LABEL), "muted"), head(0, not right_chosen), ("  ", "plain"), head(other, right_chosen)


def _advice(comparison: Comparison) -> str:
    """Return what the first copy is: of a group that wants a look nothing is recommended."""
    return "best" if comparison.decision.verdict is Verdict.REVIEW else "recommended"


def _attributes(left: Copy, right: Copy) -> Iterator[Attribute]:
    (left_folder, left_name), (right_folder, right_name) = (
        describe.folder_and_name(copy.file.where) for copy in (left, right)
    )
    yield Attribute("name", visible(left_name), visible(right_name), path=True)
    yield Attribute("folder", visible(left_folder), visible(right_folder), path=True)
    yield _ranked("score", left.score.total, right.score.total, "of 200", "of 200")


def _parts(left: Copy, right: Copy) -> Iterator[Attribute]:
    """Yield the parts of the two scores, each with its points and its reason."""
    lefts = {part.name: part for part in left.score.parts}
    rights = {part.name: part for part in right.score.parts}
    for name in dict.fromkeys([*lefts, *rights]):
        a, b = lefts.get(name), rights.get(name)
        yield _ranked(
            _SHORT.get(name, visible(name)),
            a.points if a else 0,
            b.points if b else 0,
            a.why if a else "",
            b.why if b else "",
        )


def _ranked(name: str, left: int, right: int, left_text: str, right_text: str) -> Attribute:
    marks = (_EQUAL, _EQUAL) if left == right else (_BETTER, _WORSE) if left > right else (_WORSE, _BETTER)
    return Attribute(
        name, f"{left:>4}  {visible(left_text)}", f"{right:>4}  {visible(right_text)}", marks[0], marks[1]
    )


def _more(left: Copy, right: Copy) -> Iterator[Attribute]:
    """Yield what no score counts but a person may want to know."""
    yield _health(left, right)
    a, b = left.file, right.file
    yield _same("size", size(a.size), size(b.size))
    if a.info is not None and b.info is not None:
        yield _same("duration", clock(a.info.duration), clock(b.info.duration))
        yield _same("video", describe.picture(a), describe.picture(b))
        yield _same("bit rate", rate(a.info.bit_rate), rate(b.info.bit_rate))
        for place, (one, two) in enumerate(zip_longest(a.info.audio, b.info.audio)):
            texts = [describe.audio(track) if track else "–" for track in (one, two)]
            yield _same("audio" if place == 0 else "", *texts)
        subtitles = [", ".join(map(describe.subtitle, info.subtitles)) or "–" for info in (a.info, b.info)]
        yield _same("subtitles", *subtitles)
        yield _same("chapters", str(a.info.chapters or "–"), str(b.info.chapters or "–"))
        yield _same("container", a.info.container, b.info.container)
    if a.shown is not None and b.shown is not None:
        yield _same("title", describe.identity(a.shown), describe.identity(b.shown))
        sources = [known.release_source or "–" for known in (a.shown, b.shown)]
        yield _same("source", *sources)
    if a.protected or b.protected:
        yield _same("protected", *("yes, never staged" if file.protected else "no" for file in (a, b)))
    if a.link_count > 1 or b.link_count > 1:
        yield _same("hard links", str(a.link_count), str(b.link_count))


def _same(name: str, left: str, right: str) -> Attribute:
    mark = _EQUAL if left == right else _OTHER
    return Attribute(name, visible(left), visible(right), mark, mark)


def _health(left: Copy, right: Copy) -> Attribute:
    def text(copy: Copy) -> str:
        report = copy.file.health
        return f"{report.health.value}: {report.reason}" if report.reason else report.health.value

    def mark(copy: Copy, beside: Copy) -> Span:
        if copy.file.health.health is beside.file.health.health:
            return _EQUAL
        if copy.file.health.health is Health.HEALTHY:
            return _BETTER
        return _WORSE if beside.file.health.health is Health.HEALTHY else _OTHER

    return Attribute(
        "health", visible(text(left)), visible(text(right)), mark(left, right), mark(right, left)
    )


def _rows(attribute: Attribute, cell: int) -> Iterator[Line]:
    """Break one attribute into as many lines as its longer side needs."""
    sides = [_broken(text, cell, path=attribute.path) for text in (attribute.left, attribute.right)]
    marks = (attribute.left_mark, attribute.right_mark)
    for place, (left, right) in enumerate(zip_longest(*sides, fillvalue="")):
        signs = [mark[0] if place == 0 else " " for mark in marks]
        yield (
            (fit(attribute.name if place == 0 else "", _LABEL - 1) + " ", "muted"),
            *_side(left, signs[0], marks[0][1], cell),
            ("  ", "plain"),
            *_side(right, signs[1], marks[1][1], cell),
        )


def _broken(text: str, cell: int, *, path: bool) -> list[str]:
    """Return one side of an attribute in lines; a path too long for two loses its middle."""
    if path and len(text) > 2 * cell:
        return [middle(text, cell)]
    # A score's reason hangs under itself, not under its points.
    scored = text[:4].strip().lstrip("+-").isdigit() and text[4:6] == "  "
    return _hang(text, cell, " " * 6) if scored else wrap(text, cell)


def _hang(text: str, cell: int, indent: str) -> list[str]:
    first, *rest = wrap(text[len(indent) :], max(cell - len(indent), 4))
    return [text[: len(indent)] + first, *(indent + line for line in rest)]


def _side(text: str, sign: str, tone: Tone | str, cell: int) -> tuple[Span, Span]:
    shown = tone if tone in ("good", "bad") else "plain"
    return (fit(sign, _SIGN), tone), (fit(text, cell), shown)


def _lost(left: Copy, right: Copy, other: int, right_chosen: bool, width: int) -> Iterator[Line]:
    """Yield what is lost if the side that is not chosen goes; what the rules say, not a guess."""
    keep, stage = (right, left) if right_chosen else (left, right)
    gone = letter(0 if right_chosen else other)
    if keep.file.info is None or stage.file.info is None:
        yield ((f"If {gone} goes  ", "muted"), ("? what is lost is unknown: not both were probed", "warn"))
        return
    found = ", ".join(visible(str(loss)) for loss in losses(keep.file.info, stage.file.info))
    if not found:
        yield ((f"If {gone} goes  ", "muted"), ("✓ nothing is lost", "good"))
        return
    first, *rest = wrap(f"▼ you lose {found}", max(width - 13, 8))
    yield ((f"If {gone} goes  ", "muted"), (first, "bad"))
    for line in rest:
        yield ((" " * 13 + line, "bad"),)


def _evidence(comparison: Comparison, left: FileId, right: FileId, width: int) -> Iterator[Line]:
    yield ()
    yield (("Why they belong together", "head"),)
    for edge in comparison.edges:
        if {edge.a, edge.b} == {left, right}:
            yield from _bullet(f"{edge.strength} %  {PROOFS[edge.proof]}: {edge.reason}", width)
    decision = comparison.decision
    reasons = [each for member in decision.members if member.file in (left, right) for each in member.reasons]
    if decision.tie_break:
        reasons.append(f"a tie, decided by {decision.tie_break}")
    if reasons:
        yield ()
        yield (("Why this verdict", "head"),)
    for reason in reasons:
        yield from _bullet(reason, width)


def _bullet(text: str, width: int) -> Iterator[Line]:
    first, *rest = wrap(visible(text), max(width - 4, 4))
    yield (("  · ", "muted"), (first, "plain"))
    for line in rest:
        yield (("    " + line, "plain"),)


def named(pair: Pair) -> str:
    """Return both copies of a pair by name; by the whole path where their names are the same."""
    paths = [visible(copy.file.where) for copy in pair.copies]
    names = [describe.folder_and_name(path)[1] for path in paths]
    a, b = names if names[0] != names[1] else paths
    return f"“{a}” and “{b}”"


def losers(copies: Sequence[Copy], keeper: FileId) -> list[Copy]:
    """Return the copies that go when `keeper` stays."""
    return [copy for copy in copies if copy.file.id != keeper]


def confirmation(
    comparison: Comparison, keeper: FileId, beside: Mapping[FileId, Sequence[Loss]] | None = None
) -> tuple[str, list[str]]:
    """Return the question before the other copies go: what stays, what moves, what is lost.

    `beside`: what only the subtitles have that lie beside those copies.
    """
    kept = next(copy for copy in comparison.copies if copy.file.id == keeper)
    gone = losers(comparison.copies, keeper)
    lines = ["stays", f"    {kept.file.where}", "", "is moved" if len(gone) == 1 else "are moved"]
    for copy in gone:
        lines += [
            f"    {copy.file.where}",
            f"    {size(copy.file.size)}, with the subtitles and pictures of its name",
        ]
        if kept.file.info is not None and copy.file.info is not None:
            lines += [f"    ▼ you lose {loss}" for loss in losses(kept.file.info, copy.file.info)]
        lines += [
            f"    ▼ you lose {loss} (a file beside it)" for loss in (beside or {}).get(copy.file.id, ())
        ]
    if keeper != comparison.decision.keeper:
        best = _advice(comparison) == "best"
        lines += ["", f"This is not the {'best copy' if best else 'copy that is recommended'}."]
    lines += ["", describe.STAGED_THEN]
    title = f"Keep {letter(comparison.copies.index(kept))} and stage {count(len(gone), 'copy', 'copies')}?"
    return title, lines
