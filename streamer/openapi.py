"""`/api/openapi.json`: every route, in OpenAPI's terms. A test holds it against the routes themselves.

Long, because it is one document.
"""

from __future__ import annotations

from typing import Any

from aiohttp import web

from mediavault_tui import __version__
from mediavault_tui.domain.library import Facet, SortKey

Json = dict[str, Any]

_FILE = {"name": "file_id", "in": "path", "required": True, "schema": {"type": "integer", "minimum": 0}}
_UUID = {"type": "string", "format": "uuid"}
_TIME = {"type": "string", "format": "date-time"}
_TEXT: Json = {"type": "string"}
_WHOLE: Json = {"type": "integer"}
_WHO: list[Json] = [{"bearer": []}, {"cookie": []}]
_WHO_OR_LINK = [*_WHO, {"link": []}]


def _object(**properties: Json) -> Json:
    return {"type": "object", "properties": properties}


def _list(of: Json) -> Json:
    return {"type": "array", "items": of}


def _json(schema: Json, description: str) -> Json:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _error(description: str) -> Json:
    return _json({"$ref": "#/components/schemas/Error"}, description)


def _query(name: str, schema: Json, description: str) -> Json:
    return {"name": name, "in": "query", "schema": schema, "description": description}


_UNKNOWN = {"401": _error("Who asks is not known: log in")}
_FLAG = {"type": "string", "enum": ["yes", "no"], "default": "no"}
_USER = _object(id=_WHOLE, name=_TEXT, superuser={"type": "boolean"})
_BYTES = {"*/*": {"schema": {"type": "string", "format": "binary"}}}
_CREDENTIALS: Json = {
    "required": True,
    "content": {
        "application/json": {
            "schema": _object(name=_TEXT, password={"type": "string", "minLength": 10})
            | {"required": ["name", "password"]}
        }
    },
}
_TRIES = {"429": _error("Too many tries: wait the seconds of Retry-After")}

_STREAM: Json = {
    "200": {"description": "The whole file", "content": _BYTES},
    "206": {"description": "The parts asked for (RFC 9110, sections 14 and 15.3.7)", "content": _BYTES},
    "304": {"description": "You have it already"},
    **_UNKNOWN,
    "404": _error("There is no such file"),
    "410": _error("It is gone, or not the file that was scanned"),
    "412": _error("It is not the file that you have"),
    "416": _error("None of these bytes can be sent; Content-Range says how many there are"),
    "503": _error("Its source is not connected, or refuses"),
}
_RANGES = [
    {"name": name, "in": "header", "schema": _TEXT}
    for name in ("Range", "If-Range", "If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since")
]
_HEALTH = _object(
    status={"type": "string", "enum": ["ready", "not ready"]},
    checks={
        "type": "object",
        "additionalProperties": _object(ok={"type": "boolean"}, seconds={"type": "number"}, said=_TEXT),
    },
)
_READY = {
    "get": {
        "summary": "Whether database, sources and ffmpeg are well, each with its time",
        "responses": {"200": _json(_HEALTH, "All are well"), "503": _json(_HEALTH, "One is not")},
    }
}
_SESSION = _object(id=_UUID, client=_TEXT, made_at=_TIME, expires_at=_TIME, this={"type": "boolean"})
_LINK = _object(id=_UUID, file=_WHOLE, path=_TEXT, made_by=_TEXT, made_at=_TIME, expires_at=_TIME)

PATHS: Json = {
    "/api/media/stream/{file_id}": {
        "get": {
            "summary": "The bytes of a file, by range",
            "parameters": [_FILE, *_RANGES],
            "security": _WHO_OR_LINK,
            "responses": _STREAM,
        },
        "head": {
            "summary": "The head of that answer",
            "parameters": [_FILE],
            "security": _WHO_OR_LINK,
            "responses": {code: _STREAM[code] for code in _STREAM if code not in ("206", "416")},
        },
    },
    "/api/media/{file_id}/play": {
        "get": {
            "summary": "The film as fragmented MP4 from a second on, converted while it is read",
            "parameters": [
                _FILE,
                _query(
                    "way", {"type": "string", "enum": ["packed", "sound", "picture"]}, "What is converted"
                ),
                _query(
                    "start", {"type": "number", "minimum": 0, "default": 0}, "Seconds; times are 10 s later"
                ),
                _query("audio", {"type": "integer", "minimum": 0}, "The place of the sound track"),
                _query("viewer", _TEXT, "Who watches: a new request ends the one before"),
            ],
            "security": _WHO_OR_LINK,
            "responses": {
                "200": {"description": "The film", "content": {"video/mp4": {}}},
                **_UNKNOWN,
                "404": _error("There is no such file, or no such way for it"),
                "409": _error("The same viewer has asked for another second since"),
                "503": _error("As many films as may be are being converted"),
            },
        }
    },
    "/api/media/{file_id}/subtitles/{place}.vtt": {
        "get": {
            "summary": "One track of subtitles as WebVTT",
            "parameters": [_FILE, {"name": "place", "in": "path", "required": True, "schema": _WHOLE}],
            "security": _WHO_OR_LINK,
            "responses": {
                "200": {"description": "The subtitles", "content": {"text/vtt": {}}},
                **_UNKNOWN,
                "404": _error("There are no such subtitles"),
            },
        }
    },
    "/api/media/{file_id}/poster.jpg": {
        "get": {
            "summary": "A picture from the film's first tenth",
            "parameters": [_FILE],
            "security": _WHO_OR_LINK,
            "responses": {
                "200": {"description": "The picture", "content": {"image/jpeg": {}}},
                **_UNKNOWN,
                "404": _error("There is no such file, or no picture can be drawn of it"),
            },
        }
    },
    "/api/media/{file_id}": {
        "get": {
            "summary": "All that is known of a file; its path only for those logged in",
            "parameters": [_FILE],
            "security": _WHO_OR_LINK,
            "responses": {
                "200": _json({"$ref": "#/components/schemas/File"}, "The file"),
                **_UNKNOWN,
                "404": _error("There is no such file"),
            },
        }
    },
    "/api/media": {
        "get": {
            "summary": "A page of the inventory",
            "parameters": [
                _query("text", _TEXT, "Words, each the beginning of a word of title or path"),
                _query("inverse", _FLAG, "What does not have the words"),
                _query("sort", {"type": "string", "enum": [*SortKey], "default": "title"}, "The order"),
                _query("descending", _FLAG, "From the end of the order"),
                _query("after", _TEXT, "What the page before gave as `next`"),
                _query("limit", {"type": "integer", "minimum": 1, "maximum": 500, "default": 100}, "Rows"),
                *(_query(facet.value, _TEXT, f"Only files of this {facet.value}") for facet in Facet),
            ],
            "security": _WHO,
            "responses": {
                "200": _json(
                    _object(
                        files=_list({"$ref": "#/components/schemas/Row"}), next={"type": ["string", "null"]}
                    ),
                    "The rows, and the key of the next page",
                ),
                "400": _error("The query makes no sense; the sentence says what of it"),
                **_UNKNOWN,
            },
        }
    },
    "/api/auth/register": {
        "post": {
            "summary": "Make the first account, a superuser; then registration is closed",
            "requestBody": _CREDENTIALS,
            "responses": {
                "201": _json(_USER, "The account"),
                "400": _error("Name or password will not do"),
                "403": _error("Registration is closed"),
                **_TRIES,
            },
        }
    },
    "/api/auth/login": {
        "post": {
            "summary": "Begin a session of 24 hours; its token comes as JSON and as a cookie",
            "requestBody": _CREDENTIALS,
            "responses": {
                "200": _json(_object(token=_TEXT, expires_at=_TIME, user=_USER), "The session"),
                "401": _error("Name and password do not fit"),
                **_TRIES,
            },
        }
    },
    "/api/auth/logout": {
        "post": {
            "summary": "End this session",
            "security": _WHO,
            "responses": {"204": {"description": "Ended"}, **_UNKNOWN},
        }
    },
    "/api/auth/me": {
        "get": {
            "summary": "Who asks",
            "security": _WHO,
            "responses": {"200": _json(_object(who=_TEXT, user=_USER), "You"), **_UNKNOWN},
        }
    },
    "/api/auth/check": {
        "get": {
            "summary": "For a proxy's auth_request",
            "security": _WHO,
            "responses": {"204": {"description": "Logged in"}, **_UNKNOWN},
        }
    },
    "/api/auth/sessions": {
        "get": {
            "summary": "Your sessions",
            "security": _WHO,
            "responses": {"200": _json(_object(sessions=_list(_SESSION)), "Newest first"), **_UNKNOWN},
        },
        "delete": {
            "summary": "End all your sessions but this one",
            "security": _WHO,
            "responses": {"204": {"description": "Ended"}, **_UNKNOWN},
        },
    },
    "/api/auth/sessions/{session_id}": {
        "delete": {
            "summary": "End one of your sessions",
            "parameters": [{"name": "session_id", "in": "path", "required": True, "schema": _UUID}],
            "security": _WHO,
            "responses": {"204": {"description": "Ended"}, **_UNKNOWN, "404": _error("You have none such")},
        }
    },
    "/api/links": {
        "get": {
            "summary": "The links that still work: yours, for a superuser all",
            "security": _WHO,
            "responses": {"200": _json(_object(links=_list(_LINK)), "Newest first"), **_UNKNOWN},
        },
        "post": {
            "summary": "Make a link to one file",
            "security": _WHO,
            "requestBody": {
                "required": True,
                "content": {
                    "application/json": {
                        "schema": _object(file=_WHOLE, seconds={"type": "integer", "default": 14400})
                        | {"required": ["file"]}
                    }
                },
            },
            "responses": {
                "201": _json(_object(id=_UUID, stream=_TEXT, expires_at=_TIME), "The link"),
                "400": _error("No such file, or no such time"),
                **_UNKNOWN,
            },
        },
    },
    "/api/links/{link_id}": {
        "delete": {
            "summary": "Make a link useless",
            "parameters": [{"name": "link_id", "in": "path", "required": True, "schema": _UUID}],
            "security": _WHO,
            "responses": {"204": {"description": "Done"}, **_UNKNOWN, "404": _error("There is none such")},
        }
    },
    "/api/openapi.json": {
        "get": {"summary": "This document", "responses": {"200": _json({"type": "object"}, "OpenAPI 3.1")}}
    },
    "/ws/": {
        "get": {
            "summary": "WebSocket: what changes in the library, one JSON object a message",
            "security": _WHO,
            "responses": {
                "101": {"description": "Messages with `kind` and `id`; for `scan` also `phase` and `counts`"},
                **_UNKNOWN,
                "403": _error("A page of another site asks"),
            },
        }
    },
    "/health": _READY,
    "/health/ready": _READY,
    "/health/live": {
        "get": {
            "summary": "Whether the process is alive",
            "responses": {"200": _json(_object(status=_TEXT), "It is")},
        }
    },
    "/metrics": {
        "get": {
            "summary": "Counters for Prometheus: to this machine, and to those logged in",
            "security": [{}, *_WHO],
            "responses": {"200": {"description": "Prometheus's text"}, **_UNKNOWN},
        }
    },
}
"""Every route of the API; pages for people (`/watch`, `/compare`) are no API."""

_TRACK = {"type": "object", "additionalProperties": True}
_ROW = {
    "id": _WHOLE, "path": _TEXT, "title": _TEXT, "year": {"type": ["integer", "null"]},
    "season": {"type": ["integer", "null"]}, "episodes": _list(_WHOLE), "kind": {"type": ["string", "null"]},
    "edition": {"type": ["string", "null"]}, "tier": _TEXT, "codec": {"type": ["string", "null"]},
    "hdr": _list(_TEXT), "audio_languages": _list(_TEXT), "subtitle_languages": _list(_TEXT),
    "size": _WHOLE | {"description": "bytes"}, "duration": {"type": ["number", "null"], "description": "s"},
    "score": {"type": ["integer", "null"]}, "state": _TEXT, "health": _TEXT, "stream": _TEXT,
}  # fmt: skip
_FILE_FIELDS = {
    "id": _WHOLE, "name": _TEXT, "size": _WHOLE, "state": _TEXT, "health": _TEXT,
    "title": {"type": ["string", "null"]}, "year": {"type": ["integer", "null"]},
    "season": {"type": ["integer", "null"]}, "episodes": _list(_WHOLE),
    "edition": {"type": ["string", "null"]}, "kind": {"type": ["string", "null"]},
    "score": _object(total=_WHOLE, parts=_list(_object(name=_TEXT, points=_WHOLE, why=_TEXT))),
    "stream": _TEXT,
    "media": {"type": ["object", "null"], "properties": {
        "container": _TEXT, "duration": {"type": "number"}, "bit_rate": _WHOLE, "video": _TRACK,
        "audio": _list(_TRACK), "subtitles": _list(_TRACK), "chapters": _WHOLE,
    }},
    "path": _TEXT, "health_reason": _TEXT, "protected": {"type": "boolean"},
    "content_hash": {"type": ["string", "null"]},
}  # fmt: skip


def document() -> Json:
    """Return the whole document."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "MediaVault sidecar",
            "version": __version__,
            "description": "Reads a film library: files by byte range, and what is known of them.",
        },
        "paths": PATHS,
        "components": {
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                "cookie": {"type": "apiKey", "in": "cookie", "name": "mediavault_session"},
                "link": {"type": "apiKey", "in": "query", "name": "t"},
            },
            "schemas": {
                "Error": _object(error=_TEXT) | {"required": ["error"]},
                "Row": _object(**_ROW) | {"required": list(_ROW)},
                "File": _object(**_FILE_FIELDS) | {"required": ["id", "name", "size", "stream", "media"]},
            },
        },
    }


async def openapi(_request: web.Request) -> web.Response:
    """Show the document; it holds nothing secret."""
    return web.json_response(document())


def add_routes(app: web.Application) -> None:
    """Add `/api/openapi.json`."""
    app.router.add_get("/api/openapi.json", openapi)
