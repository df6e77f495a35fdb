# ruff: noqa: E501 -- the bodies of answers read best one a line
"""A local TMDb (below /3/) and OMDb (at /omdb/) that speak the services' HTTP, run in a thread of its own.

Paths, parameters, pagination, `status_code` 7, 34, 25, 401, 404, 429 with Retry-After, gzip, ETag
and 304. It writes down when each request arrived, and can be slow, cut answers, be away, or
make up films (`made_up`) so that a library of any size can ask.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import threading
import time
import zlib
from collections import Counter
from functools import lru_cache
from typing import Any

from aiohttp import web
from rapidfuzz.fuzz import ratio

from mediavault_tui.domain import titles
from tests.metadata.world_data import Film, Show, films, shows

title_key = lru_cache(maxsize=None)(titles.title_key)
"""Every search looks at every title."""
TOKEN = "a-token-of-the-test"
KEY = "a-key-of-the-test"
PAGE = 20


class WorldServer:
    """Use it as a context manager; `url` and `omdb_url` are what settings take."""

    def __init__(self, *, made_up: int = 0, limit: int | None = None, port: int = 0) -> None:
        self.films = {film.id: film for film in films()}
        self.shows = {show.id: show for show in shows()}
        for n in range(made_up):
            word = (
                hashlib.md5(str(n).encode())
                .hexdigest()[:8]
                .translate(str.maketrans("0123456789", "ghijklmnop"))
            )
            film = Film(
                2_000_000 + n,
                f"{word.title()} Story",
                1950 + n % 70,
                "en",
                80 + n % 60,
                [18],
                ["US"],
                5,
                f"{word.title()} Story",
                [],
            )
            self.films[film.id] = film
        self.limit = limit
        self.arrivals: list[tuple[float, str]] = []
        self.images: list[str] = []
        self.slow = 0.0
        self.fail_next: list[str] = []
        self.omdb_calls: Counter[str] = Counter()
        self._port = port
        self._thread: threading.Thread | None = None

    def __enter__(self) -> WorldServer:
        started = threading.Event()
        self._loop = asyncio.new_event_loop()

        def run() -> None:
            asyncio.set_event_loop(self._loop)
            self._loop.run_until_complete(self._start())
            started.set()
            self._loop.run_forever()

        self._thread = threading.Thread(target=run, daemon=True)
        self._thread.start()
        assert started.wait(20)
        return self

    def __exit__(self, *_exception: object) -> None:
        asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result(20)
        self._loop.call_soon_threadsafe(self._loop.stop)
        assert self._thread is not None
        self._thread.join(20)
        self._loop.close()

    async def _start(self) -> None:
        app = web.Application(middlewares=[self._guard])
        app.router.add_get("/3/search/{kind:movie|tv}", self._search)
        app.router.add_get("/3/movie/{id:\\d+}", self._movie)
        app.router.add_get("/3/tv/{id:\\d+}", self._tv)
        app.router.add_get("/3/tv/{id:\\d+}/season/{season:\\d+}", self._season)
        app.router.add_get("/3/find/{id}", self._find)
        app.router.add_get("/3/configuration", self._configuration)
        app.router.add_get("/omdb/", self._omdb)
        app.router.add_get("/img/{rest:.*}", self._image)
        self._runner = web.AppRunner(app, shutdown_timeout=0.2)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        self._port = self._runner.addresses[0][1]

    @property
    def port(self) -> int:
        return self._port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/3/"

    @property
    def image_url(self) -> str:
        return f"http://127.0.0.1:{self._port}/img/"

    @property
    def omdb_url(self) -> str:
        return f"http://127.0.0.1:{self._port}/omdb/"

    @property
    def asked(self) -> Counter[str]:
        """How often each TMDb question arrived."""
        return Counter(what for _, what in self.arrivals)

    def busiest(self, window: float = 10.0) -> int:
        """The most requests that arrived within any so many seconds."""
        times = sorted(at for at, _ in self.arrivals)
        most, first = 0, 0
        for last, at in enumerate(times):
            while at - times[first] > window:
                first += 1
            most = max(most, last - first + 1)
        return most

    @web.middleware
    async def _guard(self, request: web.Request, handler: Any) -> web.StreamResponse:
        if not request.path.startswith("/3/"):
            return await handler(request)
        self.arrivals.append((time.monotonic(), str(request.rel_url)))
        if self.slow:
            await asyncio.sleep(self.slow)
        trouble = self.fail_next.pop(0) if self.fail_next else ""
        if trouble == "429" or (self.limit and self._recent() > self.limit):
            headers = {"Retry-After": "1"}
            return _json(
                request,
                {
                    "success": False,
                    "status_code": 25,
                    "status_message": "Your request count is over the allowed limit.",
                },
                429,
                headers,
            )
        if trouble == "503":
            return web.Response(status=503, text="<html>away</html>")
        authorised = (
            request.headers.get("Authorization") == f"Bearer {TOKEN}" or request.query.get("api_key") == KEY
        )
        if not authorised:
            return _json(
                request,
                {
                    "success": False,
                    "status_code": 7,
                    "status_message": "Invalid API key: You must be granted a valid key.",
                },
                401,
            )
        if trouble == "cut":
            response = web.StreamResponse(
                headers={"Content-Length": "5000", "Content-Type": "application/json"}
            )
            await response.prepare(request)
            await response.write(b'{"page": 1, "resu')
            assert request.transport is not None
            request.transport.close()
            return response
        return await handler(request)

    def _recent(self) -> int:
        now = time.monotonic()
        return sum(1 for at, _ in self.arrivals if now - at <= 10)

    async def _search(self, request: web.Request) -> web.StreamResponse:
        query = title_key(request.query.get("query", ""))
        kind = request.match_info["kind"]
        held: list[Any] = list(self.films.values()) if kind == "movie" else list(self.shows.values())
        year = (
            request.query.get("year")
            or request.query.get("primary_release_year")
            or request.query.get("first_air_date_year")
        )
        hits = [each for each in held if _hit(query, each) and (not year or str(each.year) == year)]
        hits.sort(
            key=lambda each: (
                -max(ratio(query, title_key(n)) for n in (each.title, each.original)) // 20,
                -each.popularity,
            )
        )
        page = int(request.query.get("page", "1"))
        shown = hits[(page - 1) * PAGE : page * PAGE]
        return _json(
            request,
            {
                "page": page,
                "results": [_film_row(each) if kind == "movie" else _show_row(each) for each in shown],
                "total_pages": -(-len(hits) // PAGE),
                "total_results": len(hits),
            },
        )

    async def _movie(self, request: web.Request) -> web.StreamResponse:
        film = self.films.get(int(request.match_info["id"]))
        if film is None:
            return _missing(request)
        body: dict[str, Any] = _film_row(film)
        del body["genre_ids"]
        body |= {
            "genres": [{"id": g, "name": str(g)} for g in film.genres],
            "runtime": film.minutes,
            "imdb_id": film.imdb,
            "status": "Released",
            "belongs_to_collection": None,
            "origin_country": film.countries,
        }
        for part in request.query.get("append_to_response", "").split(","):
            if part == "alternative_titles":
                body[part] = {"titles": [{"iso_3166_1": "US", "title": o, "type": ""} for o in film.others]}
            elif part == "external_ids":
                body[part] = {"imdb_id": film.imdb, "wikidata_id": None}
            elif part == "credits":
                body[part] = {
                    "cast": [{"name": f"Player {film.id}-{n}", "order": n} for n in range(3)],
                    "crew": [{"name": f"Director {film.id}", "job": "Director"}],
                }
            elif part == "translations":
                body[part] = {
                    "translations": [
                        {
                            "iso_639_1": film.language,
                            "iso_3166_1": film.countries[0],
                            "name": "",
                            "english_name": "",
                            "data": {
                                "title": film.original,
                                "overview": "",
                                "homepage": "",
                                "tagline": "",
                                "runtime": film.minutes,
                            },
                        }
                    ]
                }
            elif part == "release_dates":
                body[part] = {"results": []}
        return _json(request, body)

    async def _tv(self, request: web.Request) -> web.StreamResponse:
        show = self.shows.get(int(request.match_info["id"]))
        if show is None:
            return _missing(request)
        body: dict[str, Any] = _show_row(show)
        del body["genre_ids"]
        body |= {
            "genres": [{"id": g, "name": str(g)} for g in show.genres],
            "episode_run_time": [45],
            "created_by": [{"name": f"Creator {show.id}"}],
            "seasons": [
                {"season_number": n, "episode_count": len(d), "id": n, "name": f"Season {n}"}
                for n, d in show.seasons.items()
            ],
            "number_of_seasons": len([n for n in show.seasons if n]),
        }
        for part in request.query.get("append_to_response", "").split(",")[:20]:
            if part == "alternative_titles":
                body[part] = {"results": [{"iso_3166_1": "US", "title": o, "type": ""} for o in show.others]}
            elif part == "external_ids":
                body[part] = {"imdb_id": show.imdb, "tvdb_id": show.tvdb}
            elif part == "credits":
                body[part] = {
                    "cast": [{"name": f"Player {show.id}-{n}", "order": n} for n in range(3)],
                    "crew": [],
                }
            elif part == "translations":
                body[part] = {
                    "translations": [
                        {
                            "iso_639_1": show.language,
                            "iso_3166_1": show.countries[0],
                            "name": "",
                            "english_name": "",
                            "data": {"name": show.original, "overview": "", "homepage": "", "tagline": ""},
                        }
                    ]
                }
            elif part.startswith("season/") and int(part[7:]) in show.seasons:
                body[part] = _season_body(show, int(part[7:]))
        return _json(request, body)

    async def _season(self, request: web.Request) -> web.StreamResponse:
        show = self.shows.get(int(request.match_info["id"]))
        number = int(request.match_info["season"])
        if show is None or number not in show.seasons:
            return _missing(request)
        return _json(request, _season_body(show, number))

    async def _find(self, request: web.Request) -> web.StreamResponse:
        id, source = request.match_info["id"], request.query.get("external_source")
        if source not in ("imdb_id", "tvdb_id"):
            return _json(
                request, {"success": False, "status_code": 5, "status_message": "Invalid parameters."}, 422
            )
        return _json(
            request,
            {
                "movie_results": [
                    _film_row(f) for f in self.films.values() if source == "imdb_id" and f.imdb == id
                ],
                "tv_results": [
                    _show_row(s)
                    for s in self.shows.values()
                    if (s.imdb if source == "imdb_id" else str(s.tvdb)) == id
                ],
                "person_results": [],
                "tv_episode_results": [],
                "tv_season_results": [],
            },
        )

    async def _configuration(self, request: web.Request) -> web.StreamResponse:
        base = f"http://127.0.0.1:{self._port}/img/"
        return _json(
            request,
            {
                "images": {
                    "base_url": base,
                    "secure_base_url": base,
                    "poster_sizes": ["w92", "w342", "original"],
                },
                "change_keys": [],
            },
        )

    async def _image(self, request: web.Request) -> web.StreamResponse:
        """A poster whose colour is its number's; 404 below 100, no picture at all for 666."""
        from io import BytesIO

        from PIL import Image

        size, _, name = request.match_info["rest"].partition("/")
        self.images.append(request.match_info["rest"])
        number = int(name.partition(".")[0])
        if number < 100 or size != "w342":
            return web.Response(status=404, text="<h1>File not Found</h1>")
        if number == 666:
            return web.Response(body=b"GIF89a, or so it says", content_type="image/jpeg")
        held = BytesIO()
        Image.new("RGB", (342, 513), (number % 256, 60, 200)).save(held, "JPEG")
        return web.Response(body=held.getvalue(), content_type="image/jpeg")

    async def _omdb(self, request: web.Request) -> web.StreamResponse:
        if request.query.get("apikey") != KEY:
            return _json(request, {"Response": "False", "Error": "Invalid API key!"}, 401)
        id = request.query.get("i", "")
        self.omdb_calls[id] += 1
        if sum(self.omdb_calls.values()) > 1000:
            return _json(request, {"Response": "False", "Error": "Request limit reached!"}, 401)
        every = [*self.films.values(), *self.shows.values()]
        found = next((each for each in every if each.imdb == id), None)
        if found is None:
            return _json(request, {"Response": "False", "Error": "Incorrect IMDb ID."})
        year = f"{found.year}" if isinstance(found, Film) else f"{found.year}–"
        runtime = f"{found.minutes} min" if isinstance(found, Film) else "N/A"
        return _json(
            request,
            {
                "Title": found.title,
                "Year": year,
                "Runtime": runtime,
                "imdbRating": "8.1",
                "imdbVotes": "1,234,567",
                "Metascore": "N/A",
                "Awards": "Won 1 Oscar.",
                "imdbID": id,
                "Type": "movie",
                "Response": "True",
            },
        )


def _hit(query: str, each: Any) -> bool:
    for name in (each.title, each.original, *each.others):
        key = title_key(name)
        if key == query or query in key or ratio(key, query) >= 88:
            return True
    return False


def _film_row(film: Film) -> dict[str, Any]:
    return {
        "adult": False, "backdrop_path": None, "genre_ids": film.genres, "id": film.id, "original_language": film.language,
        "original_title": film.original, "overview": "", "popularity": film.popularity, "poster_path": f"/{film.id}.jpg",
        "release_date": f"{film.year}-06-15", "title": film.title, "video": False, "vote_average": 7.654, "vote_count": 1000,
    }  # fmt: skip


def _show_row(show: Show) -> dict[str, Any]:
    return {
        "adult": False, "backdrop_path": None, "genre_ids": show.genres, "id": show.id, "origin_country": show.countries,
        "original_language": show.language, "original_name": show.original, "overview": "", "popularity": show.popularity,
        "poster_path": f"/{show.id}.jpg", "first_air_date": f"{show.year}-01-06", "name": show.title,
        "vote_average": 8.1, "vote_count": 900,
    }  # fmt: skip


def _season_body(show: Show, number: int) -> dict[str, Any]:
    return {"_id": "x", "season_number": number, "name": f"Season {number}", "id": number, "episodes": [
        {"air_date": day.isoformat(), "episode_number": n, "season_number": number, "name": f"Episode {n}", "runtime": 45, "id": n}
        for n, day in enumerate(show.seasons[number], 1)
    ]}  # fmt: skip


def _missing(request: web.Request) -> web.StreamResponse:
    return _json(
        request,
        {
            "success": False,
            "status_code": 34,
            "status_message": "The resource you requested could not be found.",
        },
        404,
    )


def _json(
    request: web.Request, body: Any, status: int = 200, headers: dict[str, str] | None = None
) -> web.StreamResponse:
    text = json.dumps(body).encode()
    etag = f'W/"{hashlib.md5(text).hexdigest()}"'
    headers = {**(headers or {}), "Content-Type": "application/json;charset=utf-8"}
    if status == 200:
        headers["ETag"] = etag
        if request.headers.get("If-None-Match") == etag:
            return web.Response(status=304, headers=headers)
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        packer = zlib.compressobj(wbits=31)
        text = packer.compress(text) + packer.flush()
        headers["Content-Encoding"] = "gzip"
    return web.Response(status=status, body=text, headers=headers)
