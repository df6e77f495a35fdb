"""The fast path: names whose shape leaves no doubt, read by our own rules.

`regular` answers for them (and for names that hold no marker at all); None means that
the name is odd and that guessit should be asked. A test compares both on regular names.
Longer than the house's habit: one reader for each shape, and their order is the rule.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date

from mediavault_tui.domain.folders import Folders, read_folders, split_path
from mediavault_tui.domain.name_shapes import (
    ABSOLUTE,
    ANIME,
    ANIME_LOOSE,
    COMPACT,
    CROSS,
    DATE,
    EPISODE_WORD,
    GROUP,
    GROUPED_NUMBER,
    HALF,
    MARKING_SIGN,
    NUMBERED,
    ODD_ANYWAY,
    ODD_NUMBER,
    OF,
    PART_AT_END,
    PICTURE_WIDTHS,
    REC,
    SEASON_EPISODE,
    SEASON_ONLY,
    SHOW_SEASON,
    SPOKEN,
    WORD,
)
from mediavault_tui.domain.names import FIRST_YEAR, LAST_YEAR, MARKS
from mediavault_tui.domain.splitting import clean_title, split_film, split_show, stem_of, without_braces
from mediavault_tui.domain.tags import extra_of
from mediavault_tui.domain.titles import title_key

LONGEST_NAME = 400
"""Characters; no file system takes more, and patterns take more time than they are worth on such text."""
LONGEST_RANGE = 60
"""`S01E01-E24` is a range; a longer one is rather two numbers that only look like it."""
PLAIN_CONFIDENCE = 30
PLAIN_EVIDENCE = "the name as it stands"


@dataclass(frozen=True, slots=True)
class NameGuess:
    """What a name alone says, whoever read it; an empty title leaves it to the folder.

    `rest` is the text behind the title (edition, part, source …); `plain` says that the
    name held no marker and stands as it is.
    """

    title: str
    year: int | None = None
    country: str | None = None
    season: int | None = None
    episodes: tuple[int, ...] = ()
    air_date: date | None = None
    episodic: bool = False
    rest: str = ""
    extra: str | None = None
    plain: bool = False
    confidence: int = 0
    evidence: str = ""


def regular(path: str) -> NameGuess | None:
    """Read the name of a path, if it is regular; None: ask guessit.

    `path` is text relative to the parent of the scanned root; only its last folders count.
    Never raises, whatever the text.
    """
    folder, name = split_path(path)
    folders = read_folders(folder)
    if (title := plain_title(name, folders)) is not None:
        return _as_it_stands(title)
    return regular_name(name, folders)


def plain_title(name: str, folders: Folders) -> str | None:
    """Return the title of a name that says nothing else in folders that do not either; None: read it.

    The short way for the many names of a careless library; `regular_name` answers the same.
    """
    if not folders.silent:
        return None
    stem = stem_of(name)
    return clean_title(stem) if len(stem) <= LONGEST_NAME and _unmarked(stem) else None


def regular_name(name: str, folders: Folders) -> NameGuess | None:
    """Read a file's name in its folders; the parsers are tried from the surest to the vaguest."""
    stem = stem_of(name)
    if len(stem) > LONGEST_NAME:
        return _plain(stem)
    stem, extra = extra_of(without_braces(stem).strip())
    if HALF.search(stem):
        return _with_extra(_plain(_ungrouped(stem)), extra)
    for read in _EPISODE_READERS:
        if guess := read(stem, folders):
            return _with_extra(guess, extra)
    if ODD_ANYWAY.search(stem):
        return None
    guess = _film(stem, folders) or _part_film(stem, folders)
    if guess is not None and guess.year is not None:
        return _with_extra(guess, extra)
    if folders.episode_folder and (named := _episode(folders.episode_folder, folders)):
        # A scrambled or short name in a folder that is called as the release was.
        return _with_extra(replace(named, confidence=80, evidence=f"{named.evidence} of the folder"), extra)
    if ODD_NUMBER.search(stem) or (
        stem.startswith(("[", "【")) and (not guess or GROUPED_NUMBER.search(guess.title))
    ):
        return None
    return _with_extra(guess or _plain(stem), extra)


def _unmarked(stem: str) -> bool:
    """Whether no parser could find anything: words without marks and digits, and long numbers.

    A test holds it to the long way.
    """
    words = WORD.findall(stem.lower())
    return MARKS.isdisjoint(words) and MARKING_SIGN.search(stem) is None


def _with_extra(guess: NameGuess, extra: str | None) -> NameGuess:
    return guess if extra is None else replace(guess, extra=extra)


def _plain(stem: str) -> NameGuess:
    return _as_it_stands(clean_title(stem))


def _as_it_stands(title: str) -> NameGuess:
    return NameGuess(title, plain=True, confidence=PLAIN_CONFIDENCE, evidence=PLAIN_EVIDENCE)


def _episode(stem: str, folders: Folders) -> NameGuess | None:
    """`S01E02`, `1x02`, `Season 1 Episode 2`, with several episodes where they are."""
    found = SEASON_EPISODE.search(stem) or CROSS.search(stem)
    if found is None:
        found = SPOKEN.search(stem)
    elif found.re is CROSS and found[1] in PICTURE_WIDTHS:
        found = None
    if found is None:
        return None
    title, year, country = split_show(_ungrouped(stem[: found.start()]))
    numbers = episode_numbers(found[2], found[3])
    rest = stem[found.end() :]
    return NameGuess(
        title,
        year,
        country,
        int(found[1]),
        numbers,
        episodic=True,
        rest=rest,
        confidence=95,
        evidence=f"season and episode from “{found[0].strip(' ._-')}”",
    )


def episode_numbers(first: str, more: str) -> tuple[int, ...]:
    """Return the set of episodes in `01`, `01`+`E02`, `01`+`-E03` (a range), `01`+`-03`, sorted."""
    numbers = [int(first)]
    for sign, digits in re.findall(
        r"([-+&]?)[ ._]*(?:s\d{1,4}[ ._]?)?(?:(?<![x\d])\d{1,2}x|[ex]p?|_)*(\d{1,4})", more, re.IGNORECASE
    ):
        last = int(digits)
        if sign == "-" and 0 < last - numbers[-1] <= LONGEST_RANGE:
            numbers.extend(range(numbers[-1] + 1, last + 1))
        elif sign != "-" or last <= numbers[-1] + LONGEST_RANGE:
            numbers.append(last)
    return tuple(sorted(set(numbers)))


def _daily(stem: str, folders: Folders) -> NameGuess | None:
    """`Show.2015.03.04`, year first."""
    found = DATE.search(stem)
    if found is None or not 1 <= int(found[3]) <= 12 or not 1 <= int(found[4]) <= 31:
        return None
    try:
        day = date(int(found[1]), int(found[3]), int(found[4]))
    except ValueError:
        return None  # the 30th of February is no date
    title, year, country = split_show(_ungrouped(stem[: found.start()]))
    return NameGuess(
        title,
        year,
        country,
        air_date=day,
        episodic=True,
        rest=stem[found.end() :],
        confidence=85,
        evidence="air date in the name",
    )


def _anime(stem: str, folders: Folders) -> NameGuess | None:
    """`[Group] Title - 07 (1080p) [hash]` and `Title - 112 - Name`: absolute numbers."""
    if stem.startswith("["):
        if REC.match(stem):
            return None
        found = ANIME.match(stem) or ANIME_LOOSE.match(stem)
    else:
        found = ABSOLUTE.match(stem) if " - " in stem else None
    if found is None:
        return None
    first, last = int(found["first"]), int(found["last"] or 0)
    if FIRST_YEAR <= first <= LAST_YEAR or _dated(found["rest"]):
        return None
    season = None
    text = found["title"].strip(" _-")
    if titled := SHOW_SEASON.match(text.replace("_", " ")):
        text, season = titled[1], int(titled[2])
    title, year, country = split_show(text)
    episodes = tuple(range(first, last + 1)) if 0 < last - first <= LONGEST_RANGE else (first,)
    if season is None and folders.season and not stem.startswith("["):
        season = folders.season
    return NameGuess(
        title,
        year,
        country,
        season,
        episodes,
        episodic=True,
        rest=found["rest"],
        confidence=80,
        evidence="number within the season" if season else "absolute number of the episode",
    )


def _dated(rest: str) -> bool:
    """Whether a bracketed year follows: "Bond - 07 - Diamonds Are Forever (1971)" is a film."""
    split = split_film("x " + rest)
    return split is not None and split.certain


def _numbered(stem: str, folders: Folders) -> NameGuess | None:
    """`06 - Paradigm Shift`, `Episode 6`, `Show 106` inside a season's folder."""
    season = folders.season
    if folders.extra is not None or (season is None and (not folders.tv or folders.owner is None)):
        return None
    text = _ungrouped(stem)
    found = NUMBERED.match(text) or EPISODE_WORD.search(text)
    title, at = "", 0
    if found is None and folders.owner is not None:
        at = _end_of_title(text, folders.owner.title)
        found = NUMBERED.match(text, at) if at else None
        title = folders.owner.title if found else ""
    elif found is not None and found.start():
        title = clean_title(text[: found.start()])
    if found is None or (FIRST_YEAR <= int(found[1]) <= LAST_YEAR and split_film("x " + found[1])):
        return None
    number = int(found[1])
    if season is None and (len(found[1]) > 3 or number > 99 or split_film(text) is not None):
        return None  # without a season's folder only a small number is surely an episode's
    if season is not None and len(found[1]) >= 3 and number // 100 == season and number % 100:
        number %= 100
    return NameGuess(
        title,
        season=season,
        episodes=(number,),
        episodic=True,
        rest=text[found.end() :],
        confidence=80,
        evidence="number of the episode in its season's folder",
    )


def _end_of_title(text: str, title: str) -> int:
    """Return where the show's title and the separators behind it end in `text`; 0: it does not begin so."""
    words = re.findall(r"[^\W_]+", title)
    if not words:
        return 0
    found = re.match(r"[\W_]*" + r"[\W_]+".join(map(re.escape, words)) + r"[ ._-]+", text, re.IGNORECASE)
    return found.end() if found else 0


def _whole_season(stem: str, folders: Folders) -> NameGuess | None:
    """`Show.S01.1080p`: a season in one file."""
    found = SEASON_ONLY.search(stem)
    if found is None or re.search(
        r"[-–&+] ?s?\d|[^\W_]*\d ?(?:of|de) ?\d|episode|ep[ ._]?\d", stem[found.end() :], re.IGNORECASE
    ):
        return None
    title, year, country = split_show(_ungrouped(stem[: found.start()]))
    return NameGuess(
        title,
        year,
        country,
        int(found[1] or found[2] or found[3]),
        episodic=True,
        rest=stem[found.end() :],
        confidence=70,
        evidence="a season without an episode",
    )


def _one_of(stem: str, folders: Folders) -> NameGuess | None:
    """`Show.5of9.Title`: a short series that counts its episodes."""
    found = OF.search(stem)
    if found is None or not 1 <= int(found[1]) <= int(found[2]):
        return None
    before = stem[: found.start()].rstrip(" ._-([")
    if re.search(r"(?:cd|part|pt|disc|disk|dvd)$", before, re.IGNORECASE):
        return None  # a piece of a film: read with its tags
    title, year, country = split_show(_ungrouped(before))
    return NameGuess(
        title,
        year,
        country,
        folders.season,
        (int(found[1]),),
        episodic=True,
        rest=stem[found.end() :],
        confidence=75,
        evidence=f"episode from “{found[0]}”",
    )


def _compact(stem: str, folders: Folders) -> NameGuess | None:
    """`show.1502.hdtv-lol`: season and episode in one number, as television groups wrote it."""
    found = next(iter(reversed(list(COMPACT.finditer(stem)))), None)  # "the.100.109.hdtv": the last
    if (
        found is None
        or found[2] == "00"
        or FIRST_YEAR <= int(found[1] + found[2]) <= LAST_YEAR
        or not stem[: found.start()].strip(" ._-")
    ):
        return None
    title, year, country = split_show(stem[: found.start()])
    return NameGuess(
        title, year, country, int(found[1]), (int(found[2]),), episodic=True, rest=stem[found.end() :],
        confidence=70, evidence=f"season and episode from “{found[1]}{found[2]}”",
    )  # fmt: skip


def _film(stem: str, folders: Folders) -> NameGuess | None:
    """`Title (Year)`, `Title.Year.tags`, `Title.tags`."""
    text = stem if REC.match(stem) else _ungrouped(stem)
    split = split_film(text)
    if split is None:
        return None
    title = clean_title(split.title)
    if not title or not title_key(title):
        return None
    if split.year is None:
        confidence, evidence = 60, "title up to the first tag; no year"
    elif split.certain:
        confidence, evidence = 92, "title and year in brackets"
    else:
        confidence, evidence = 88, "title up to the year"
    return NameGuess(title, split.year, rest=split.rest, confidence=confidence, evidence=evidence)


def _part_film(stem: str, folders: Folders) -> NameGuess | None:
    """`Title - part2`, `Title cd1`: no other marker than the part."""
    found = PART_AT_END.match(stem)
    if found is None:
        return None
    return NameGuess(
        clean_title(found[1]),
        rest=" " + found[2],
        plain=True,
        confidence=PLAIN_CONFIDENCE,
        evidence=f"{PLAIN_EVIDENCE}, but for its part",
    )


def _ungrouped(text: str) -> str:
    """Cut leading `[Group]`s, if anything else is left for a title."""
    if not text.startswith(("[", "【")):
        return text
    return text[found.end() :] if (found := GROUP.match(text)) else text


_EPISODE_READERS: tuple[Callable[[str, Folders], NameGuess | None], ...] = (
    _episode,
    _anime,
    _one_of,
    _numbered,
    _daily,
    _compact,
    _whole_season,
)
"""From the surest to the vaguest."""
