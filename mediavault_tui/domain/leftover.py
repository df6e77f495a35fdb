"""What a name says behind its year or number, beyond the words of a release: mostly a second title.

"Firefly S01E03 Bushwhacked" and "Firefly S01E03 Our Mrs Reynolds" are one title by show and number, and
two works by what is left over: one counts as on the DVD, the other as it was aired. "Che (2008) Part I"
and "Part II" are two films. Tails that only say how a copy was made leave nothing over. What two such
answers mean together says `second_titles`. Source: docs/rules.md, section 4. Long, for each way of naming a
second title is read by a few lines of its own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from mediavault_tui.domain.folders import read_folders, split_path
from mediavault_tui.domain.likeness import episodic
from mediavault_tui.domain.model import Identity
from mediavault_tui.domain.name_shapes import SEASON_EPISODE
from mediavault_tui.domain.names import ANY_EDITION, DIRECTORS, EDITION_CLOSERS, TAG
from mediavault_tui.domain.regular_names import LONGEST_NAME, regular_name
from mediavault_tui.domain.release_words import (
    EXTRAS,
    LANGUAGE_CODES,
    LITTLE_WORDS,
    NUMBER_WORDS,
    ONE_WORD,
    ORDINALS,
    PIECES,
    RELEASE_NUMBERS,
    RELEASE_WORDS,
    ROMAN,
    SHOUTED,
    VERSIONS,
)
from mediavault_tui.domain.splitting import clean_title, stem_of, without_braces
from mediavault_tui.domain.tags import unmistakable
from mediavault_tui.domain.titles import title_key

_BRACKETS = re.compile(r"\[([^\[\]]*)\]|\(([^()]*)\)|\{([^{}]*)\}|【([^【】]*)】")
_BARE_NUMBER = re.compile(r" ?(\d{1,2}|[ivx]{1,4}|[a-d])(?: ?(?:of|/) ?\d{1,2})? ?", re.IGNORECASE)
_GROUP = re.compile(r"(?:^|(?<=[^\W_])|(?<=[\])}]))-([^\W_]*[^\W\d_][^\W_]*)\s*$")
_ABSOLUTE = re.compile(r"^[ ._]*-[ ._]*\d{2,4}(?=[ ._]+-)")
_LATE_PIECE = re.compile(
    rf"(?<![^\W_])(?:{'|'.join(sorted(PIECES - {'dvd'}))})[ ._-]?"
    rf"(\d{{1,2}}|[ivx]{{1,4}}|[a-d]|{'|'.join(NUMBER_WORDS)})(?![^\W_])"
    r"|(?<![^\W_])(\d{1,2}) ?of ?\d{1,2}(?![^\W_])",
    re.IGNORECASE,
)
_ORDINAL_PIECE = re.compile(
    rf"(?<![^\W_])(?:(\d{{1,2}})(?:st|nd|rd|th|ere?|eme|er|e|a|o)?|({'|'.join(ORDINALS)}))"
    r" (?:teil|part|parte|partie|partea|deel|czesc|часть|disc|disk)(?![^\W_])"
)
_RESOLUTION = re.compile(r"\d{3,4}[pi]|4k|\d{3,4}x\d{3,4}", re.IGNORECASE)
_LABEL = re.compile(r"[^\W\d_]{3,}(?:[-._'’][^\W\d_]+)*")
_SITE = re.compile(r"\.[a-z]{2,3}$", re.IGNORECASE)
_LAST_NUMBER = re.compile(
    rf"(?<![^\W_])(?:[dp]?(\d{{1,2}})|([ivx]{{2,4}}|{'|'.join(NUMBER_WORDS)}))\s*$", re.IGNORECASE
)
_DISC_FOLDER = re.compile(r"(?<![^\W_])(?:cd|dvd|disc|disk)[ ._-]?(\d{1,2}|[a-d])(?![^\W_])", re.IGNORECASE)
_DISC_SIZES = frozenset(["dvd5", "dvd9"])
_PART_FOLDER = re.compile(r"(?:part|pt)[ ._-]?(\d{1,2}|[a-d])", re.IGNORECASE)
_RAW_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_TOKEN = re.compile(r"\d+|[^\W\d_]+")
_SEGMENT = re.compile(r"\s[-–—]\s")

_NO_GROUPS_NAME = 3
"""Unknown words behind the tags that are too many for a group's name."""
_LONGEST = 60
"""Characters of a second title that are shown."""


@dataclass(frozen=True, slots=True)
class Leftover:
    """What is left over of one name: `words` and `numbers` in their order, `text` as a person reads it.

    `perhaps`: a word that may be a group's name as well. `extra`: what kind of extra it says to be.
    `disc`: the number of the disc whose folder the file lies in. `behind`: words behind the resolution, and
    `labels`: those alone in brackets, that may name a group as well as a work.
    """

    words: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    text: str = ""
    perhaps: str = ""
    extra: str = ""
    disc: str = ""
    behind: tuple[str, ...] = ()
    labels: frozenset[str] = frozenset()

    @property
    def empty(self) -> bool:
        """Whether nothing was left over in the name itself."""
        return not self.words and not self.numbers


@lru_cache(maxsize=4096)
def leftover(path: str, identity: Identity) -> Leftover:
    """Return what is left over of the name of `path`, which was read as `identity`.

    Never raises, whatever the text. Cached, as a keeper is compared with many.
    """
    folder, name = split_path(path)
    episode = episodic(identity)
    rest = _rest(folder, name, identity)
    extra = found[0] if (found := EXTRAS.search(rest)) else ""
    labels = _labels(rest, name)
    rest, perhaps = _ungrouped(rest)
    rest = _unbracketed(rest)
    if not episode and _versions(path, identity, ()):
        rest = VERSIONS.sub(" ", rest)
    early, late = _parted(rest, episode=episode)
    words, numbers = _tokens(early, episode=episode, year=identity.year)
    shown = early
    behind: tuple[str, ...] = ()
    said = " ".join((extra, *_versions(path, identity, words if episode else ())))
    if not words and not numbers:
        shown = _behind_the_tags(late)
        words, numbers = _tokens(shown, episode=episode, year=identity.year)
        behind = () if words else _behind_a_resolution(late)
    if not numbers and (piece := _late_piece(late) or _dotted_piece(name)):
        numbers = (_number(piece),)
        shown = f"{shown} {piece}"
    text = clean_title(shown).strip("()[] ")[:_LONGEST]
    disc = "" if numbers else _disc(folder)
    said = " ".join(_TOKEN.findall(said.lower()))
    return Leftover(words, numbers, text, title_key(perhaps), said, disc, behind, labels)


def _rest(folder: str, name: str, identity: Identity) -> str:
    """Return the text behind the year or number, also of a name that our own rules cannot read."""
    stem = without_braces(stem_of(name)[:LONGEST_NAME]).strip()
    year = str(identity.year)
    if episodic(identity):
        if found := SEASON_EPISODE.search(stem):
            return stem[found.end() :]
    elif identity.year and stem.count(year) == 1:
        return stem.partition(year)[2]
    if (guess := regular_name(name, read_folders(folder))) is not None:
        return guess.rest
    last = identity.title.split()[-1:] or [""]
    at = stem.lower().find(last[0].lower()) if last[0] else -1
    rest = stem[at + len(last[0]) :] if at >= 0 else stem
    numbers = identity.episodes or ((identity.year,) if identity.year else ())
    number = next((each for each in re.finditer(r"\d{1,9}", rest) if int(each[0]) in numbers), None)
    return rest[number.end() :] if number else ""


def _versions(path: str, identity: Identity, words: tuple[str, ...]) -> list[str]:
    """Return which other versions the name, or its release's folder, says to be outside its titles."""
    folder, name = split_path(path)
    own = folder.rpartition("/")[2]
    texts = [stem_of(name)[:LONGEST_NAME]]
    if identity.year and str(identity.year) in own:
        texts.append(own[:LONGEST_NAME])
    titles = f" {title_key(identity.title)} | {' '.join(words)} "
    return sorted(
        {
            title_key(f"{found['whose']} version" if found["whose"] else str(found.lastgroup))
            for text in texts
            for found in VERSIONS.finditer(text)
            if f" {title_key(found[0])} " not in titles
        }
    )


def _labels(rest: str, name: str) -> frozenset[str]:
    """Return the words that stand alone in brackets and are no release's, site's or edition's."""
    inside = [next(text for text in found.groups() if text is not None) for found in _BRACKETS.finditer(rest)]
    inside += re.findall(r"\{([^{}]*)\}", stem_of(name)[:LONGEST_NAME])
    return frozenset(
        title_key(text)
        for text in map(str.strip, inside)
        if _LABEL.fullmatch(text)
        and not _SITE.search(text)
        and not TAG.search(text)
        and not ANY_EDITION.search(text)
        and not VERSIONS.fullmatch(text)
        and not RELEASE_WORDS.issuperset(_RAW_WORD.findall(text.lower()))
    )


def _behind_a_resolution(late: str) -> tuple[str, ...]:
    """Return the words behind a resolution, the only technical word; in capitals they are a group's."""
    if not all(_RESOLUTION.fullmatch(tag[0]) for tag in TAG.finditer(late)):
        return ()
    raw = _RAW_WORD.findall(TAG.sub(" ", late))
    if not raw or any(_of_release(word) or word.isupper() for word in raw):
        return ()
    return _tokens(" ".join(raw), episode=False, year=None)[0]


def _unbracketed(rest: str) -> str:
    """Take brackets of technical words, groups and sites away; open the others. "(1)" is a part's number."""

    def opened(found: re.Match[str]) -> str:
        inside = next(text for text in found.groups() if text is not None)
        if number := _BARE_NUMBER.fullmatch(inside):
            return f" part {number[1]} "
        words = _RAW_WORD.findall(RELEASE_NUMBERS.sub(" ", inside).lower())
        if TAG.search(inside) or RELEASE_WORDS.issuperset(words):
            return " "
        tag = found[0][0] in "[【{" and " " not in inside.strip() and not _piece(inside)
        return " " if tag else f" {inside} "

    return _BRACKETS.sub(opened, _ABSOLUTE.sub(" ", rest))


def _parted(rest: str, *, episode: bool) -> tuple[str, str]:
    """Return what stands before the first technical word, editions taken away, and what from there on."""
    if not EDITION_CLOSERS.isdisjoint(map(str.lower, _RAW_WORD.findall(rest))):
        for found in reversed(list(ANY_EDITION.finditer(rest))):
            if not episode or unmistakable(found, rest):
                rest = f"{rest[: found.start()]} {rest[found.end() :]}"
    if not episode and "DC" in rest:
        rest = DIRECTORS.sub(" ", rest)
    tag = TAG.search(rest)
    return (rest, "") if tag is None else (rest[: tag.start()], rest[tag.start() :])


def _ungrouped(text: str) -> tuple[str, str]:
    """Cut `-GRP` off a name's end; a word in title case is rather a title's."""
    found = _GROUP.search(text)
    if found is None or _LATE_PIECE.fullmatch(found[1]) or (found[1].istitle() and found[1].isalpha()):
        return text, ""
    if any(tag.end() == len(text.rstrip()) for tag in TAG.finditer(text)):
        return text, ""  # WEB-DL
    if sum(map(str.isupper, found[1])) > 1 and found[1][0].isupper() and re.search(r"[a-z]{3}", found[1]):
        return text, ""  # OurMrsReynolds
    return text[: found.start()], found[1]


def _late_piece(late: str) -> str | None:
    """Return the number of a piece that stands behind the technical words: "Part 2", "D2", "- 2"."""
    if piece := _piece(late):
        return piece
    found = _LAST_NUMBER.search(TAG.sub(" ", RELEASE_NUMBERS.sub(" ", late)))
    return found[1] or found[2] if found else None


def _dotted_piece(name: str) -> str | None:
    """Return the number in "[Part.2]", which has the shape of a site's address and is cut off as one."""
    dotted = re.findall(r"\[([^\[\] ]*\.[^\[\] ]*)\]", stem_of(name)[:LONGEST_NAME])
    return next(filter(None, map(_piece, dotted)), None)


def _piece(text: str) -> str | None:
    """Return the number of "Part 2", "2 of 3", "2. Teil" or "Seconda Parte"."""
    if found := _LATE_PIECE.search(text):
        return found[1] or found[2]
    found = _ORDINAL_PIECE.search(title_key(text))
    return found[1] or ORDINALS[found[2]] if found else None


def _behind_the_tags(late: str) -> str:
    """Return what stands behind the technical words and can be no group's name."""
    for segment in _SEGMENT.split(late)[1:]:
        if TAG.search(segment) is None and _tokens(segment, episode=False, year=None)[0]:
            return segment
    text = TAG.sub(" ", RELEASE_NUMBERS.sub(" ", late))
    return text if len(_tokens(text, episode=False, year=None)[0]) >= _NO_GROUPS_NAME else ""


def _tokens(text: str, *, episode: bool, year: int | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the words and the numbers that are no release's; an episode's title keeps those inside it."""
    raw = _RAW_WORD.findall(RELEASE_NUMBERS.sub(" ", text))
    if episode:
        kept = list(raw)
        while kept and _of_release(kept[-1]):
            kept.pop()
        # "The French" is a title: nothing but an article would be left of it.
        raw = raw if kept and LITTLE_WORDS.issuperset(word.lower() for word in kept) else kept
        while raw and _of_release(raw[0]) and not raw[0].islower() and not raw[0].istitle():
            raw = raw[1:]  # "REPACK" before the title
    else:
        raw = [word for word in raw if not _of_release(word)]
    tokens = _TOKEN.findall(title_key(" ".join(raw))) if raw else []
    words: list[str] = []
    numbers: list[str] = []
    for place, token in enumerate(tokens):
        if (number := _numeral(tokens, place)) is not None:
            numbers.append(number)
        elif token not in LITTLE_WORDS:
            words.append(ONE_WORD.get(token, token))
    if year is not None and str(year) in numbers:
        numbers.remove(str(year))
    if numbers:
        words = [word for word in words if word not in PIECES]
    return tuple(words), tuple(numbers)


def _of_release(word: str) -> bool:
    key = word.lower()
    if key in SHOUTED:
        return not word.islower() and not word.istitle()
    return key in RELEASE_WORDS or (len(word) == 2 and word.isupper() and key in LANGUAGE_CODES)


def _numeral(tokens: list[str], place: int) -> str | None:
    """Return the number that a token is; a single letter is one behind "part" and at the end."""
    token = tokens[place]
    behind = place > 0 and tokens[place - 1] in PIECES
    if len(token) == 1 and token.isalpha() and token.isascii():
        return _number(token) if behind or place == len(tokens) - 1 else None
    if token in ORDINALS and tokens[place + 1 : place + 2] and tokens[place + 1] in PIECES:
        return ORDINALS[token]
    if token.isdecimal() or token in NUMBER_WORDS or token in ROMAN:
        return _number(token)
    return None


def _number(token: str) -> str:
    """Return one spelling of "2", "02", "II", "two" and "b"."""
    key = token.lower()
    if key.isdecimal():
        return key.lstrip("0") or "0"
    return NUMBER_WORDS.get(key) or ROMAN.get(key) or key


def _disc(folder: str) -> str:
    """Return the number of the disc or part that the file's own folder is called after."""
    name = folder.rpartition("/")[2]
    found = _DISC_FOLDER.search(name)
    if found is not None and found[0].lower() in _DISC_SIZES:
        found = None
    found = found or _PART_FOLDER.fullmatch(name.strip())
    return _number(found[1]) if found else ""
