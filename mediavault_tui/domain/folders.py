"""What the folders of a path say: library, show, season, film, extras, disc, ids."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache

from mediavault_tui.domain.names import (
    DISC_FOLDERS,
    DOCUMENTARY_FOLDERS,
    EXTRA_FOLDERS,
    HOLDING_FOLDERS,
    MOVIE_FOLDERS,
    OTHER_FOLDERS,
    TV_FOLDERS,
    S,
)
from mediavault_tui.domain.pathtext import comparable
from mediavault_tui.domain.splitting import clean_title, split_film, split_show, without_braces
from mediavault_tui.domain.tags import braced_editions

LONGEST_FOLDER = 400
"""Characters of a folder's name that are looked at; no file system takes more."""
DEPTH = 3
"""Folders above a file that may say what it is."""

_SEASON_WORD = (
    r"season|series|saison|staffel|stagione|temporada|seizoen|sæson|säsong|sezon|kausi|book|volume"
    r"|сезон|시즌"
)
_SEASON = re.compile(
    rf"(?:{_SEASON_WORD}|s){S}*(\d{{1,4}})(?:{S}*[(\[].*)?|(\d{{1,2}}){S}*сезон|第(\d{{1,2}})[季期]", re.I
)
_SPECIALS = re.compile(r"specials?|ova|ovas|season 0+", re.IGNORECASE)
_PACK = re.compile(
    rf"(.*[^\W_].*?){S}+[(\[]?"
    rf"(?:(?:season|series|saison|staffel|stagione|temporada|сезон){S}*(\d{{1,3}})|s(\d{{1,2}}))(?![^\W_]).*",
    re.IGNORECASE | re.DOTALL,
)
_PACK_SIGN = re.compile(
    r"(?<![^\W_])s\d|season|series|saison|staffel|stagione|temporada|сезон", re.IGNORECASE
)
_ONE_EPISODE = re.compile(r"(?<![^\W_])s\d{1,4}e\d{1,4}(?![^\W_])", re.IGNORECASE)
_IDS = re.compile(
    r"[{\[(] ?(?:(tmdb)(?:id)?[-= ](\d{1,9})|(imdb)(?:id)?[-= ](tt\d{5,10})|(tvdb)(?:id)?[-= ](\d{1,9}))"
    r" ?[}\])]",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Ids:
    """Explicit ids that somebody wrote into a name."""

    tmdb: int | None = None
    imdb: str | None = None
    tvdb: int | None = None

    def __bool__(self) -> bool:
        return self.tmdb is not None or self.imdb is not None or self.tvdb is not None

    def over(self, other: Ids) -> Ids:
        """Return these, filled up from `other` (a folder further away)."""
        return Ids(
            self.tmdb if self.tmdb is not None else other.tmdb,
            self.imdb if self.imdb is not None else other.imdb,
            self.tvdb if self.tvdb is not None else other.tvdb,
        )


NO_IDS = Ids()


@dataclass(frozen=True, slots=True)
class Owner:
    """The folder that names a work: a film's, or a show's."""

    title: str
    year: int | None = None
    country: str | None = None
    release: bool = False
    """It is named as one film is: with a year, or with tags."""
    pack: bool = False
    """It is named as one season of a show is ("Dark.S01.1080p")."""


@dataclass(frozen=True, slots=True)
class Folders:
    """What the folders of one path say together; made once for each folder."""

    owner: Owner | None = None
    season: int | None = None
    extra: str | None = None
    disc: bool = False
    tv: bool = False
    documentaries: bool = False
    other: bool = False
    ids: Ids = NO_IDS
    editions: tuple[str, ...] = field(default=())
    owner_tags: str = ""
    """What stands behind the title in the owner's name."""
    episode_folder: str = ""
    """The file's own folder, where it is called as one episode is ("Zoo.S02E05.1080p")."""
    nearest: str = ""
    """The folder that the file lies in, as it is called."""
    silent: bool = True
    """Nothing here can change what a name without any marker says."""


def split_path(path: str) -> tuple[str, str]:
    """Return folder and name, whichever separator was used."""
    at = path.rfind("/")
    if at < 0 and len(path) > 2 and (path[1] == ":" or path.startswith("\\\\")):
        path = path.replace("\\", "/")  # C:\Films\… and \\nas\films\…; elsewhere it is a letter of the name
        at = path.rfind("/")
    return (path[:at], path[at + 1 :]) if at >= 0 else ("", path)


def read_ids(name: str) -> Ids:
    """Return the explicit ids in one name."""
    if "-" not in name and "=" not in name:
        return NO_IDS
    tmdb = imdb = tvdb = None
    for found in _IDS.finditer(name):
        if found[1]:
            tmdb = int(found[2])
        elif found[3]:
            imdb = found[4].lower()
        else:
            tvdb = int(found[6])
    return Ids(tmdb, imdb, tvdb)


@lru_cache(maxsize=8192)
def read_folders(folder: str) -> Folders:
    """Read the folders of a path, nearest first. Pure; cached, as folders hold many files."""
    names = [part[:LONGEST_FOLDER] for part in folder.split("/") if part not in ("", ".", "..")][-DEPTH:]
    keys = [" ".join(comparable(name).split()) for name in names]
    season: int | None = None
    extra: str | None = None
    owner: Owner | None = None
    tags = ""
    disc = False
    ids = NO_IDS
    editions: list[str] = []
    for index in range(len(names) - 1, -1, -1):
        name, key = names[index], keys[index]
        if key in DISC_FOLDERS:
            disc = True
            continue
        if extra is None and owner is None and key in EXTRA_FOLDERS and _belongs(keys, index):
            extra = EXTRA_FOLDERS[key]
            continue
        ids = ids.over(read_ids(name))
        editions += braced_editions(name)
        if owner is not None:
            continue
        if season is None and (number := _season_number(key)) is not None and (index > 0 or number > 0):
            season = number
        elif not _says_nothing(key):
            owner, tags, pack_season = _read_owner(name)
            season = season if season is not None else pack_season
    seen = set(keys)
    tv = not seen.isdisjoint(TV_FOLDERS)
    documentaries = not seen.isdisjoint(DOCUMENTARY_FOLDERS)
    other = not seen.isdisjoint(OTHER_FOLDERS)
    nearest = names[-1] if names else ""
    episode_folder = nearest if _ONE_EPISODE.search(nearest) else ""
    if not episode_folder and extra is not None and len(names) > 1 and _ONE_EPISODE.search(names[-2]):
        episode_folder = names[-2]  # Zoo.S02E05.1080p/Sample/
    spoken = (
        episode_folder
        or season is not None
        or extra
        or disc
        or tv
        or documentaries
        or other
        or ids
        or editions
    )
    return Folders(
        owner=owner,
        season=season,
        extra=extra,
        disc=disc,
        tv=tv,
        documentaries=documentaries,
        other=other,
        ids=ids,
        editions=tuple(editions),
        owner_tags=tags,
        episode_folder=episode_folder,
        nearest=nearest,
        silent=not spoken and (owner is None or not owner.release),
    )


def _belongs(keys: list[str], index: int) -> bool:
    """Whether a folder called "other" or "shorts" lies in a work's folder, not in the library's."""
    return index > 0 and not _says_nothing(keys[index - 1])


def _says_nothing(key: str) -> bool:
    return (
        key in HOLDING_FOLDERS or key in MOVIE_FOLDERS or key in TV_FOLDERS
        or key in DOCUMENTARY_FOLDERS or key in OTHER_FOLDERS or len(key) == 1
    )  # fmt: skip


def _season_number(key: str) -> int | None:
    if _SPECIALS.fullmatch(key):
        return 0
    found = _SEASON.fullmatch(key)
    return int(found[1] or found[2] or found[3]) if found else None


def _read_owner(name: str) -> tuple[Owner, str, int | None]:
    """Read one folder's name as a film's, a show's or a season pack's."""
    plain = without_braces(name)
    if _PACK_SIGN.search(plain) and (pack := _PACK.fullmatch(plain)):
        title, year, country = split_show(pack[1])
        return Owner(title, year, country, pack=True), "", int(pack[2] or pack[3])
    title, country_year, country = split_show(plain)
    if country is not None:
        return Owner(title, country_year, country), "", None
    if split := split_film(plain):
        film = clean_title(split.title)
        show, country = _with_country(film)
        return (
            Owner(show, split.year, country, release=split.year is not None or bool(split.rest.strip())),
            split.rest,
            None,
        )
    return Owner(clean_title(plain)), "", None


def _with_country(title: str) -> tuple[str, str | None]:
    text, _, country = split_show(title) if title.endswith((")", "]")) else (title, None, None)
    return text, country
