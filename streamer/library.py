"""`/api/media…`: what is known of the files, to read; pages go by keys, as everywhere."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

from aiohttp import web

from mediavault_tui.domain.library import Copy, Cursor, Facet, InventoryQuery, InventoryRow, SortKey
from mediavault_tui.domain.model import FileId, MediaFile
from mediavault_tui.errors import UsageError
from streamer.auth import allowed, keep_link, signed_in
from streamer.files import file_id
from streamer.state import state

_MOST = 500
_LIMIT = 100
_BITS = {SortKey.YEAR: 15, SortKey.SCORE: 15, SortKey.HEIGHT: 31, SortKey.SIZE: 63, SortKey.MODIFIED: 63}
"""How large the numbers are that an order goes by; titles are text."""
PARAMETERS = ("text", "inverse", "sort", "descending", "after", "limit", *(facet.value for facet in Facet))
"""What a query of `/api/media` may hold."""


async def one(request: web.Request) -> web.Response:
    """Tell all that is known of a file; to who has but a link to it, not where it lies."""
    file = file_id(request)
    caller = await allowed(request, file)
    found = await state(request).library.file(file)
    if found is None:
        raise web.HTTPNotFound(text="There is no such file")
    response = web.json_response(copy_json(found, whole=caller.link is None))
    keep_link(request, response, file)
    return response


async def many(request: web.Request) -> web.Response:
    """Give a page of the inventory, and what to ask for the next one."""
    await signed_in(request)
    query, after, limit = asked(request)
    rows = await state(request).library.page(query, after=after, limit=limit)
    following = encode(rows[-1].cursor) if len(rows) == limit else None
    return web.json_response({"files": [row_json(row) for row in rows], "next": following})


def asked(request: web.Request) -> tuple[InventoryQuery, Cursor | None, int]:
    """Read a query; UsageError names what is wrong with it."""
    given = request.query
    if unknown := sorted(set(given) - {*PARAMETERS, "t"}):
        raise UsageError(
            f"{unknown[0]!r} is nothing that can be asked for; there are {', '.join(PARAMETERS)}"
        )
    text = given.get("text", "")
    if len(text) > 200 or "\0" in text:
        raise UsageError("text is too long, or holds what no name can")
    try:
        sort = SortKey(given.get("sort", SortKey.TITLE.value))
    except ValueError as error:
        raise UsageError(f"sort is one of {', '.join(SortKey)}") from error
    facets = tuple((facet, given[facet.value]) for facet in Facet if facet.value in given)
    if any("\0" in value or len(value) > 4096 for _, value in facets):
        raise UsageError("a facet's value is too long, or holds what no name can")
    query = InventoryQuery(
        text=text,
        inverse=_flag(given.get("inverse", "no")),
        facets=facets,
        sort=sort,
        descending=_flag(given.get("descending", "no")),
    )
    limit = given.get("limit", str(_LIMIT))
    if not (limit.isascii() and limit.isdecimal() and len(limit) < 5 and 1 <= int(limit) <= _MOST):
        raise UsageError(f"limit is a number from 1 to {_MOST}")
    after = decode(given["after"], sort) if "after" in given else None
    return query, after, int(limit)


def encode(cursor: Cursor) -> str:
    """Return a cursor as a word for an address."""
    return base64.urlsafe_b64encode(json.dumps([cursor.value, cursor.id]).encode()).decode().rstrip("=")


def decode(word: str, sort: SortKey) -> Cursor:
    """Read `encode`'s word back. Raises: UsageError for any other."""
    try:
        value, id = json.loads(base64.urlsafe_b64decode(word + "=" * (-len(word) % 4)))
        if type(id) is int and abs(id) < 2**63:
            if sort in _BITS and type(value) is int and abs(value) < 2 ** _BITS[sort]:
                return Cursor(value, FileId(id))
            if sort not in _BITS and type(value) is str and "\0" not in value:
                value.encode()  # a lone surrogate is no text
                return Cursor(value, FileId(id))
    except (binascii.Error, ValueError, TypeError, RecursionError):
        pass
    raise UsageError("after is not what a page before gave as next")


def row_json(row: InventoryRow) -> dict[str, Any]:
    """Return a line of the inventory; sizes in bytes, times in seconds."""
    return {
        "id": row.id,
        "path": row.path,
        "title": row.title,
        "year": row.year,
        "season": row.season,
        "episodes": list(row.episodes),
        "kind": row.kind,
        "edition": row.edition,
        "tier": row.tier,
        "codec": row.codec,
        "hdr": list(row.hdr),
        "audio_languages": list(row.audio_languages),
        "subtitle_languages": list(row.subtitle_languages),
        "size": row.size,
        "duration": row.duration,
        "score": row.score,
        "state": row.state,
        "health": row.health,
        "stream": f"/api/media/stream/{row.id}",
    }


def copy_json(copy: Copy, *, whole: bool) -> dict[str, Any]:
    """Return a file with its tracks and score; `whole` with its path too."""
    file = copy.file
    identity, info = file.identity, file.info
    document: dict[str, Any] = {
        "id": file.id,
        "name": file.path.rpartition("/")[2],
        "size": file.size,
        "state": file.state,
        "health": file.health.health,
        "title": identity.title if identity else None,
        "year": identity.year if identity else None,
        "season": identity.season if identity else None,
        "episodes": list(identity.episodes) if identity else [],
        "edition": identity.edition if identity else None,
        "kind": identity.kind if identity else None,
        "score": {
            "total": copy.score.total,
            "parts": [{"name": p.name, "points": p.points, "why": p.why} for p in copy.score.parts],
        },
        "stream": f"/api/media/stream/{file.id}",
        "media": None,
    }
    if info is not None:
        document["media"] = {
            "container": info.container,
            "duration": info.duration,
            "bit_rate": info.bit_rate,
            "video": _slots(info.video) if info.video else None,
            "audio": [_slots(track) for track in info.audio],
            "subtitles": [_slots(track) for track in info.subtitles],
            "chapters": info.chapters,
        }
    return document | (_place(file) if whole else {})


def _place(file: MediaFile) -> dict[str, Any]:
    return {
        "path": file.path,
        "health_reason": file.health.reason,
        "protected": file.protected,
        "content_hash": file.content_hash.hex() if file.content_hash else None,
    }


def _slots(value: object) -> dict[str, Any]:
    names = type(value).__slots__  # type: ignore[attr-defined]  # a slotted dataclass has them
    return {name: getattr(value, name) for name in names}


def _flag(word: str) -> bool:
    flag = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}.get(word.lower())
    if flag is None:
        raise UsageError("inverse and descending are yes or no")
    return flag


def add_routes(app: web.Application) -> None:
    """Add `/api/media` and `/api/media/{file_id}`."""
    app.router.add_get("/api/media", many)
    app.router.add_get("/api/media/{file_id:[0-9]+}", one)
