"""What stands behind a title: edition, part, 3D, source; and what kind of extra a name is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

from mediavault_tui.domain.model import ReleaseSource
from mediavault_tui.domain.names import (
    ANY_EDITION,
    CUT_OR_EDITION,
    DIRECTORS,
    DISC_SIZE,
    DOCUMENTARY_TAGS,
    EDITION_CLOSERS,
    EDITIONS,
    EXTRA_NAMES,
    EXTRA_SUFFIX,
    LOOSE_PART,
    NAMED_PART,
    SAMPLE_PREFIX,
    SHORT_EDITIONS,
    SOURCES,
    TAG,
    THREE_D,
)

_WORD = re.compile(r"[^\W_]+")
_EDITION_BRACE = re.compile(r"\{edition-([^{}]{1,100})\}", re.IGNORECASE)
_PART_WORDS = ("cd", "dvd", "disc", "disk", "part", "pt")
_AMBIGUOUS_EXTRAS = frozenset(["scene", "clip", "short", "other", "extra", "interview"])


@dataclass(frozen=True, slots=True)
class Tags:
    """The words behind a title, understood."""

    edition: str | None = None
    part: int | None = None
    three_d: bool = False
    source: ReleaseSource | None = None
    documentary: bool = False


NO_TAGS = Tags()


def read_tags(rest: str, *, episode: bool) -> Tags:
    """Read the text behind the title (and year, or episode number).

    In an episode it begins with the episode's own title, so that only what is said
    unmistakably counts there: "Extended Cut", "EXTENDED" before another tag, but not
    "The Special" and not "Halloween, Part 1".
    """
    if not rest or rest.isspace():
        return NO_TAGS
    words = _WORD.findall(rest.lower())
    marks = {*words, *(first + second for first, second in pairwise(words))}
    return Tags(
        edition=_edition(rest, marks, episode=episode),
        part=_part(rest, episode=episode) if any(word.startswith(_PART_WORDS) for word in words) else None,
        three_d=not THREE_D.isdisjoint(marks),
        source=next((source for names, source in SOURCES if not names.isdisjoint(marks)), None),
        documentary=not episode and not DOCUMENTARY_TAGS.isdisjoint(marks),
    )


def braced_editions(name: str) -> list[str]:
    """Return what `{edition-…}` says, in our words where we have them."""
    return [_named_edition(found) for found in _EDITION_BRACE.findall(name)]


def join_editions(names: list[str]) -> str | None:
    """Return several editions as one value that does not depend on their order."""
    return " + ".join(sorted(set(names))) if names else None


def _named_edition(text: str) -> str:
    words = " ".join(text.replace("_", " ").split())
    known = [name for pattern, name in EDITIONS if pattern.search(words)]
    return join_editions(known) or SHORT_EDITIONS.get(words.lower()) or words


def _edition(rest: str, marks: set[str], *, episode: bool) -> str | None:
    if EDITION_CLOSERS.isdisjoint(marks) or not ANY_EDITION.search(rest):
        return "Director's Cut" if not episode and DIRECTORS.search(rest) else None
    names = []
    for pattern, name in EDITIONS:
        found = pattern.search(rest)
        if found and (not episode or unmistakable(found, rest)):
            names.append(name)
    return join_editions(names)


def unmistakable(found: re.Match[str], rest: str) -> bool:
    """Return whether it is an edition even among the words of an episode's title."""
    if found[0].lower().startswith("final"):
        return False  # a favourite title of episodes
    if CUT_OR_EDITION.search(found[0]):
        return True
    following = TAG.search(rest, found.end())
    return following is not None and not rest[found.end() : following.start()].strip(" ._-()[]")


def _part(rest: str, *, episode: bool) -> int | None:
    found = LOOSE_PART.search(" " + rest)
    if found and not DISC_SIZE.fullmatch(found[0]):
        return part_number(found[1])
    named = NAMED_PART.search(" " + rest)
    if named is None or (episode and not _file_part(named, " " + rest)):
        return None
    return part_number(named[1])


def _file_part(named: re.Match[str], rest: str) -> bool:
    """Whether `part1` is a piece of the episode's file, not of its title ("The End, Part 1")."""
    before = rest[: named.start()]
    glued = len(named[0]) == len("part1")
    return glued and (not before.strip(" ._-") or rest[named.start() - 1] in "-._")


def part_number(text: str) -> int:
    """Return 1–9 for a digit, 1–4 for a–d."""
    return int(text) if text.isdigit() else "abcd".index(text.lower()) + 1


def extra_of(stem: str) -> tuple[str, str | None]:
    """Return the stem without the word that makes it an extra, and that word's kind.

    A name written with dashes alone ("the-big-short") has no such suffix.
    """
    found = EXTRA_SUFFIX.search(stem)
    if found is None:
        prefix = SAMPLE_PREFIX.match(stem)
        return (stem[prefix.end() :], "sample") if prefix else (stem, None)
    word = (found["any"] or found["dash"]).lower()
    before = stem[: found.start()]
    if word in _AMBIGUOUS_EXTRAS and not re.search(r"[ ._()]", before):
        return stem, None
    if found["any"] and before and stem[found.start()] == " " and before.rstrip()[-1:] != "-":
        return stem, None  # "The Sample": only `-`, `.` and `_` make a suffix
    return before, EXTRA_NAMES.get(word, word)
