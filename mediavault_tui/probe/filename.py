"""What a file's name says: our own rules first, guessit for what they leave.

guessit reads some sixty names a second and takes 0.3 s to import, so it is imported at
the first odd name and, for many of them, in worker processes.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from functools import lru_cache
from typing import Any

from mediavault_tui.domain.folders import read_folders, split_path
from mediavault_tui.domain.identity import identify_in
from mediavault_tui.domain.model import Identity, Kind, ReleaseSource
from mediavault_tui.domain.names import COUNTRIES, FIRST_YEAR, LAST_YEAR
from mediavault_tui.domain.regular_names import LONGEST_NAME, NameGuess, regular_name
from mediavault_tui.domain.splitting import clean_title, stem_of, without_braces
from mediavault_tui.domain.tags import extra_of

RULES = 2
"""Counted up whenever a rule changes what a name means: old cache rows are then asked anew."""

COMPONENTS = 4
"""Folders and file that decide; what lies further up is not looked at."""

PAYS_FOR_WORKERS = 150
"""Odd names from which on starting worker processes (0.6 s) is quicker than going on alone."""


def _version() -> str:
    from importlib.metadata import version

    return f"rules-{RULES}+guessit-{version('guessit')}"


PARSER: str = _version()
"""Rules and parser by version: part of the key of every cached answer."""


def identify_path(path: str) -> Identity:
    """Return which work a path's file is: a pure function of its last four components.

    `path` is text relative to the parent of the scanned root (`domain.paths.display`).
    Never raises, whatever the text.
    """
    path = shorten(path)
    folder, name = split_path(path)
    folders = read_folders(folder)
    return identify_in(name, regular_name(name, folders) or _ask_guessit(path), folders)


def identify_many(paths: Sequence[str], *, workers: int | None = None) -> list[Identity]:
    """Return the identity of each path, in order; each distinct name is parsed once.

    Odd names go to `workers` processes (default: one a core) when there are so many that
    their start is repaid; `workers=1` never leaves this process.
    """
    found: dict[str, Identity] = {}
    odd: list[str] = []
    seen: set[str] = set()
    keys = [shorten(path) for path in paths]
    for key in keys:
        if key in seen:
            continue
        seen.add(key)
        folder, name = split_path(key)
        folders = read_folders(folder)
        guess = regular_name(name, folders)
        if guess is None:
            odd.append(key)
        else:
            found[key] = identify_in(name, guess, folders)
    found.update(zip(odd, _identify_odd(odd, workers or os.cpu_count() or 1), strict=True))
    return [found[key] for key in keys]


def _identify_odd(paths: list[str], workers: int) -> list[Identity]:
    if workers < 2 or len(paths) < PAYS_FOR_WORKERS:
        return [identify_path(path) for path in paths]
    # Spawned, not forked: the caller may run threads and an event loop.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(workers, 1 + len(paths) // 50), mp_context=context) as pool:
        return list(pool.map(identify_path, paths, chunksize=25))


@lru_cache(maxsize=4096)
def _shorten_folder(folder: str) -> str:
    return "/".join(folder.split("/")[1 - COMPONENTS :])


def shorten(path: str) -> str:
    """Return the components that decide: two paths with equal ones have equal identities."""
    at = path.rfind("/")
    return path if at < 0 else f"{_shorten_folder(path[:at])}{path[at:]}"


def _ask_guessit(path: str) -> NameGuess:
    """Let guessit read the path; tags are read by our own rules from what its title leaves."""
    from guessit import guessit
    from guessit.api import GuessitException

    _, name = split_path(path)
    stem, extra = extra_of(without_braces(stem_of(name)).strip())
    try:
        said: dict[str, Any] = guessit("/".join(part[:LONGEST_NAME] for part in path.split("/")))
    except GuessitException:  # its own wrapper around any failure of a rule
        return NameGuess(
            clean_title(stem), plain=True, extra=extra, confidence=10, evidence="guessit failed on it"
        )
    return _from_guessit(said, stem, extra)


def _from_guessit(said: dict[str, Any], stem: str, extra: str | None) -> NameGuess:
    title = clean_title(str(_first(said.get("title")) or ""))
    if said.get("alternative_title") and not said.get("episode"):
        title = f"{title} {_first(said['alternative_title'])}"
    year = _first(said.get("year"))
    season, episodes = _first(said.get("season")), _all_numbers(said.get("episode"))
    dated = isinstance(season, int) and year in (None, season) and FIRST_YEAR <= season <= LAST_YEAR
    if dated and f"s{season}" not in stem.lower():
        season, year = None, season  # "Wallander.2012.E01": a year, no season
    day = said.get("date") if isinstance(said.get("date"), date) else None
    episodic = said.get("type") == "episode" and bool(episodes or day or season is not None)
    country = COUNTRIES.get(str(said["country"]).lower()) if said.get("country") and episodic else None
    sure = episodic or year is not None
    return NameGuess(
        title,
        year=year if isinstance(year, int) and FIRST_YEAR <= year <= LAST_YEAR else None,
        country=country,
        season=season if episodic and isinstance(season, int) and 0 <= season < 10_000 else None,
        episodes=episodes if episodic else (),
        air_date=day if episodic and not episodes else None,
        episodic=episodic,
        rest=_behind(title, stem),
        extra=extra,
        confidence=70 if sure else 40,
        evidence="read by guessit",
    )


def _first(value: Any) -> Any:
    return value[0] if isinstance(value, list) and value else value


def _all_numbers(value: Any) -> tuple[int, ...]:
    values = value if isinstance(value, list) else [value]
    return tuple(sorted({number for number in values if isinstance(number, int) and 0 <= number < 10_000}))


def _behind(title: str, stem: str) -> str:
    """Return the part of the stem behind the title's last word."""
    words = title.split()
    at = stem.lower().find(words[-1].lower()) if words else -1
    return stem[at + len(words[-1]) :] if at >= 0 else stem


def to_json(identity: Identity) -> dict[str, Any]:
    """Return the identity as JSON values: for the cache `name_guesses` and the command line."""
    return {
        "kind": identity.kind.value,
        "title": identity.title,
        "year": identity.year,
        "country": identity.country,
        "season": identity.season,
        "episodes": list(identity.episodes),
        "air_date": identity.air_date.isoformat() if identity.air_date else None,
        "edition": identity.edition,
        "part": identity.part,
        "three_d": identity.three_d,
        "extra": identity.extra,
        "ids": {
            name: value
            for name, value in (
                ("tmdb", identity.tmdb_id),
                ("imdb", identity.imdb_id),
                ("tvdb", identity.tvdb_id),
            )
            if value is not None
        },
        "release_source": identity.release_source.value if identity.release_source else None,
        "confidence": identity.confidence,
        "evidence": list(identity.evidence),
    }


def from_json(data: dict[str, Any]) -> Identity:
    """Read back what `to_json` made; a KeyError or ValueError means that it was something else."""
    ids = data["ids"]
    return Identity(
        kind=Kind(data["kind"]),
        title=data["title"],
        year=data["year"],
        country=data["country"],
        season=data["season"],
        episodes=tuple(data["episodes"]),
        air_date=date.fromisoformat(data["air_date"]) if data["air_date"] else None,
        edition=data["edition"],
        part=data["part"],
        three_d=data["three_d"],
        extra=data["extra"],
        tmdb_id=ids.get("tmdb"),
        imdb_id=ids.get("imdb"),
        tvdb_id=ids.get("tvdb"),
        release_source=ReleaseSource(data["release_source"]) if data["release_source"] else None,
        confidence=data["confidence"],
        evidence=tuple(data["evidence"]),
    )
