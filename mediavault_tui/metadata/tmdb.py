"""TMDb's API, version 3: which paths to ask, and what its answers say.

`Asking` is a path with its parameters: the cache's key and the request's form. Readers
take the JSON body as it came; a body that is no such thing is a ServiceRefused.
Source: developer.themoviedb.org/reference.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from mediavault_tui.domain.titles import title_key
from mediavault_tui.domain.world import Episode, Title, TitleKind
from mediavault_tui.errors import ServiceRefused

LANGUAGE = "en-US"
_APPEND = ("alternative_titles", "translations", "external_ids", "credits")
_SEASONS = tuple(f"season/{number}" for number in range(16))
"""TMDb appends at most twenty; seasons that do not exist are left out of the answer."""
_CAST = 8


@dataclass(frozen=True, slots=True)
class Asking:
    """One request: path and parameters, without any key."""

    path: str
    params: tuple[tuple[str, str], ...] = ()
    key: str = ""
    """The key where spellings of one question are to have one answer."""

    @property
    def text(self) -> str:
        """The key under which the answer is kept."""
        return self.key or "tmdb:" + self.path + "?" + "&".join(
            f"{name}={value}" for name, value in self.params
        )


def search(kind: TitleKind, title: str, *, year: int | None = None, page: int = 1) -> Asking:
    """Ask for titles by name; `year` is the film's release or the show's first season."""
    params = [("query", title), ("language", LANGUAGE), ("include_adult", "false"), ("page", str(page))]
    if year is not None:
        params.append(("year" if kind is TitleKind.MOVIE else "first_air_date_year", str(year)))
    key = f"tmdb:search/{kind}|{title_key(title)}|{year or ''}|{page}"
    return Asking(f"search/{kind}", tuple(params), key)


def details(kind: TitleKind, tmdb_id: int) -> Asking:
    """Ask for everything about one title at once; for a show its first sixteen seasons too."""
    appended = (*_APPEND, "release_dates") if kind is TitleKind.MOVIE else (*_APPEND, *_SEASONS)
    return Asking(f"{kind}/{tmdb_id}", (("language", LANGUAGE), ("append_to_response", ",".join(appended))))


def season(tmdb_id: int, number: int) -> Asking:
    """Ask for one season with all its episodes."""
    return Asking(f"tv/{tmdb_id}/season/{number}", (("language", LANGUAGE),))


def find(source: str, id: str) -> Asking:
    """Ask which title has that id of another database; `source`: imdb_id or tvdb_id."""
    return Asking(f"find/{id}", (("external_source", source), ("language", LANGUAGE)))


def configuration() -> Asking:
    """Ask where pictures lie and in which sizes."""
    return Asking("configuration")


def read_search(kind: TitleKind, body: Any) -> tuple[list[Title], int]:
    """Return the titles of one page of results and the number of pages."""
    results = _list(body, "results")
    return [_title(kind, each) for each in results if isinstance(each, dict)], int(
        body.get("total_pages") or 0
    )


def read_find(kind: TitleKind, body: Any) -> list[Title]:
    """Return the titles found by an id of another database: of the kind asked for, else of the other."""
    by_kind = {
        found: [_title(found, each) for each in _list(body, name)]
        for found, name in ((TitleKind.MOVIE, "movie_results"), (TitleKind.TV, "tv_results"))
    }
    other = TitleKind.TV if kind is TitleKind.MOVIE else TitleKind.MOVIE
    if by_kind[kind] or by_kind[other]:
        return by_kind[kind] or by_kind[other]
    # The id of an episode leads to its show, of which no more than the number is told.
    shows = {each.get("show_id") for each in _list(body, "tv_episode_results")}
    return [Title(TitleKind.TV, id, f"show {id}") for id in shows if isinstance(id, int)]


def read_details(kind: TitleKind, body: Any) -> Title:
    """Return one title with all its names, people and episodes."""
    if not isinstance(body, dict) or not isinstance(body.get("id"), int):
        raise ServiceRefused(f"TMDb's answer about a {kind} is none")
    plain = _title(kind, body)
    ids = {**body, **_dict(body, "external_ids")}
    runtimes = [m for m in [body.get("runtime"), *(body.get("episode_run_time") or ())] if isinstance(m, int)]
    collection = _dict(body, "belongs_to_collection")
    return Title(
        kind=kind,
        tmdb_id=plain.tmdb_id,
        title=plain.title,
        original_title=plain.original_title,
        original_language=plain.original_language,
        year=plain.year,
        countries=plain.countries,
        runtime=60 * next((minutes for minutes in runtimes if minutes > 0), 0),
        runtimes=tuple(dict.fromkeys(_cuts(body))) if kind is TitleKind.MOVIE else (),
        genres=tuple(int(each["id"]) for each in _list(body, "genres", needed=False)),
        overview=plain.overview,
        rating=plain.rating,
        votes=plain.votes,
        popularity=plain.popularity,
        poster=plain.poster,
        imdb_id=str(ids["imdb_id"]) if ids.get("imdb_id") else None,
        tvdb_id=ids["tvdb_id"] if isinstance(ids.get("tvdb_id"), int) else None,
        collection=str(collection.get("name") or ""),
        credits=tuple(_credits(body)),
        names=tuple(dict.fromkeys(_names(body))),
        episodes=tuple(_appended(body)),
        detailed=True,
    )


def missing_seasons(body: Mapping[str, Any]) -> list[int]:
    """Return the seasons that a show's answer names without their episodes: the seventeenth and on."""
    named = {each.get("season_number") for each in _list(body, "seasons", needed=False)}
    return sorted(n for n in named if isinstance(n, int) and f"season/{n}" not in body)


def read_season(body: Any) -> list[Episode]:
    """Return the episodes of one season."""
    return [
        Episode(
            season=int(each.get("season_number", body.get("season_number", 0))),
            number=int(each["episode_number"]),
            name=str(each.get("name") or ""),
            air_date=_date(each.get("air_date")),
            runtime=60 * int(each.get("runtime") or 0),
        )
        for each in _list(body, "episodes")
        if isinstance(each.get("episode_number"), int)
    ]


def _title(kind: TitleKind, body: Mapping[str, Any]) -> Title:
    movie = kind is TitleKind.MOVIE
    first = _date(body.get("release_date" if movie else "first_air_date"))
    try:
        return Title(
            kind=kind,
            tmdb_id=int(body["id"]),
            title=str(body["title" if movie else "name"]),
            original_title=str(body.get("original_title" if movie else "original_name") or ""),
            original_language=_language(str(body.get("original_language") or "")),
            year=first.year if first else None,
            countries=tuple(str(code) for code in body.get("origin_country") or ()),
            genres=tuple(int(id) for id in body.get("genre_ids") or ()),
            overview=str(body.get("overview") or ""),
            rating=round(float(body.get("vote_average") or 0), 2),
            votes=int(body.get("vote_count") or 0),
            popularity=float(body.get("popularity") or 0),
            poster=str(body.get("poster_path") or ""),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ServiceRefused(f"TMDb's answer about a {kind} is none ({type(error).__name__})") from error


def _names(body: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    held = _dict(body, "alternative_titles")
    for each in held.get("titles") or held.get("results") or ():
        if each.get("title"):
            yield str(each["title"]), str(each.get("iso_3166_1") or "")
    for each in _dict(body, "translations").get("translations") or ():
        data = each.get("data") or {}
        name = data.get("title") or data.get("name")
        if name:
            yield str(name), _language(str(each.get("iso_639_1") or ""))


def _cuts(body: Mapping[str, Any]) -> Iterable[int]:
    """Yield the seconds that translations give: another country's cut, where it is not the first one's."""
    for each in _dict(body, "translations").get("translations") or ():
        minutes = (each.get("data") or {}).get("runtime")
        if isinstance(minutes, int) and minutes > 0:
            yield 60 * minutes


def _credits(body: Mapping[str, Any]) -> Iterable[str]:
    held = _dict(body, "credits")
    for each in body.get("created_by") or ():
        yield str(each.get("name"))
    for each in held.get("crew") or ():
        if each.get("job") == "Director":
            yield str(each.get("name"))
    cast = sorted(held.get("cast") or (), key=lambda each: each.get("order", 999))
    yield from (str(each.get("name")) for each in cast[:_CAST])


def _appended(body: Mapping[str, Any]) -> Iterable[Episode]:
    for name, held in body.items():
        if name.startswith("season/") and isinstance(held, dict):
            yield from read_season(held)


def _language(code: str) -> str:
    """TMDb says xx for no language and cn for Cantonese."""
    return {"xx": "", "cn": "yue"}.get(code, code)


def _date(text: Any) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except (TypeError, ValueError):
        return None


def _list(body: Any, name: str, *, needed: bool = True) -> list[Any]:
    held = body.get(name) if isinstance(body, dict) else None
    if isinstance(held, list):
        return held
    if needed and not (isinstance(body, dict) and name in ("tv_episode_results",)):
        raise ServiceRefused(f"TMDb's answer has no {name}")
    return []


def _dict(body: Mapping[str, Any], name: str) -> dict[str, Any]:
    held = body.get(name)
    return held if isinstance(held, dict) else {}
