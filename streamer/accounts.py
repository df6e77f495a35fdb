"""`/api/auth/…` and `/api/links…`: logging in and out, who is logged in, and links to single files."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from aiohttp import web

from mediavault_tui.domain.accounts import (
    LINK_SECONDS,
    SESSION_COOKIE,
    LinkId,
    PreviewLink,
    Session,
    SessionId,
    User,
)
from mediavault_tui.domain.model import FileId
from mediavault_tui.errors import Denied, Refused, UsageError
from mediavault_tui.services.limits import Limiter
from streamer.auth import Caller, set_cookie, signed_in
from streamer.state import state
from streamer.who import client_address, same_site

_LONGEST_LINK = 7 * 24 * 3600
_LINKS = 200
_PATIENCE = 30.0
"""Seconds in which a body must have come, whatever trickles in."""

TRIES: web.AppKey[Limiter] = web.AppKey("tries", Limiter)
"""Ten logins or registrations at once from one address, then one every six seconds."""


async def register(request: web.Request) -> web.Response:
    """Make the first account; afterwards registration is closed."""
    said = await _said(request, name=str, password=str)
    _take_a_try(request)
    user = await state(request).accounts.register(said["name"], said["password"])
    return web.json_response(user_json(user), status=201)


async def login(request: web.Request) -> web.Response:
    """Begin a session: its token in the answer, and as a cookie for a browser."""
    said = await _said(request, name=str, password=str)
    sidecar = state(request)
    address = _take_a_try(request)
    try:
        made = await sidecar.accounts.login(
            said["name"], said["password"], client=request.headers.get("User-Agent", "")
        )
    except Denied:
        sidecar.metrics.logins.labels("refused").inc()
        raise
    sidecar.metrics.logins.labels("accepted").inc()
    request.app[TRIES].give_back(address)
    response = web.json_response(
        {"token": made.token, "expires_at": _time(made.session.expires_at), "user": user_json(made.user)}
    )
    ends = made.session.expires_at.timestamp()
    set_cookie(response, request, SESSION_COOKIE, made.token, path="/", ends=ends)
    return response


async def logout(request: web.Request) -> web.Response:
    """End the session that asks."""
    caller = await _acting(request)
    if caller.user is not None and caller.session is not None:
        await state(request).accounts.end(caller.user, caller.session)
        state(request).heard(f"session:{caller.session}")
    response = web.Response(status=204)
    set_cookie(response, request, SESSION_COOKIE, "", path="/", ends=0)
    return response


async def me(request: web.Request) -> web.Response:
    """Say who asks."""
    caller = await signed_in(request)
    return web.json_response({"who": caller.who, "user": user_json(caller.user) if caller.user else None})


async def check(request: web.Request) -> web.Response:
    """Answer 204 to whoever is logged in: for a proxy's `auth_request`."""
    caller = await signed_in(request)
    return web.Response(status=204, headers={"X-MediaVault-User": _header(caller.who)})


async def sessions(request: web.Request) -> web.Response:
    """List the sessions of who asks."""
    caller = await signed_in(request)
    found = await state(request).accounts.sessions(caller.user) if caller.user else []
    return web.json_response({"sessions": [_session_json(s, caller.session) for s in found]})


async def end_session(request: web.Request) -> web.Response:
    """End one session of who asks."""
    caller = await _acting(request)
    session = SessionId(UUID(request.match_info["session_id"]))
    if caller.user is None or not await state(request).accounts.end(caller.user, session):
        raise web.HTTPNotFound(text="There is no such session")
    state(request).heard(f"session:{session}")
    return web.Response(status=204)


async def end_sessions(request: web.Request) -> web.Response:
    """End every session of who asks but this one."""
    caller = await _acting(request)
    if caller.user is not None:
        await state(request).accounts.end_all(caller.user, but=caller.session)
        state(request).heard(f"users:{caller.user.id}")
    return web.Response(status=204)


async def links(request: web.Request) -> web.Response:
    """List the links that still work: one's own, for a superuser all."""
    caller = await signed_in(request)
    found = await state(request).links.live(limit=_LINKS, made_by=_whose(caller))
    return web.json_response({"links": [_link_json(link) for link in found]})


async def make_link(request: web.Request) -> web.Response:
    """Make a link to one file."""
    caller = await _acting(request)
    said = await _said(request, file=int, seconds=(int, LINK_SECONDS))
    if not 1 <= said["seconds"] <= _LONGEST_LINK:
        raise UsageError(f"A link works for 1 to {_LONGEST_LINK} seconds; choose another time")
    if not 0 <= said["file"] < 2**63:
        raise UsageError("The library has no such file; scan again")
    made = await state(request).links.make(
        FileId(said["file"]), who=caller.who, user=caller.user, seconds=said["seconds"]
    )
    return web.json_response(
        {"id": str(made.id), "stream": made.stream_url, "expires_at": _time(made.expires_at)}, status=201
    )


async def end_link(request: web.Request) -> web.Response:
    """Make a link useless: one's own, for a superuser any."""
    caller = await _acting(request)
    link = LinkId(UUID(request.match_info["link_id"]))
    if not await state(request).links.revoke(link, made_by=_whose(caller)):
        raise web.HTTPNotFound(text="There is no such link")
    state(request).heard(f"link:{link}")
    return web.Response(status=204)


async def _acting(request: web.Request) -> Caller:
    """Return who asks for a change; a page of somebody else may not ask in their name."""
    if not same_site(request):
        raise Refused("Another site may not do this")
    return await signed_in(request)


async def _said(request: web.Request, **wanted: Any) -> dict[str, Any]:
    """Return the body's JSON values; `name=str` must be there, `name=(int, 7)` may be.

    Raises: UsageError; HTTPRequestTimeout; HTTPUnsupportedMediaType, so that no form of another
        site gets through.
    """
    if not same_site(request):
        raise Refused("Another site may not do this")
    if request.content_type != "application/json":
        raise web.HTTPUnsupportedMediaType(text="Send JSON, as application/json")
    try:
        async with asyncio.timeout(_PATIENCE):
            body = await request.json()
    except TimeoutError as error:
        raise web.HTTPRequestTimeout(text="The body did not come; ask again") from error
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError("The body is no JSON") from error
    if not isinstance(body, Mapping):
        raise UsageError("The body is no JSON object")
    found = {}
    for name, kind in wanted.items():
        kind, default = kind if isinstance(kind, tuple) else (kind, None)
        value = body.get(name, default)
        if type(value) is not kind:  # a truth value is no number here
            raise UsageError(f"{name} must be a {'text' if kind is str else 'whole number'}")
        found[name] = value
    return found


def _take_a_try(request: web.Request) -> str:
    address = client_address(request, state(request).settings)
    wait = request.app[TRIES].wait(address)
    if wait > 0:
        state(request).metrics.logins.labels("too many").inc()
        raise web.HTTPTooManyRequests(
            text="Too many tries; wait a little", headers={"Retry-After": str(math.ceil(wait))}
        )
    return address


def _whose(caller: Caller) -> str | None:
    return None if caller.user is None or caller.user.superuser else caller.who


def user_json(user: User) -> dict[str, Any]:
    """Return an account as it is shown."""
    return {"id": user.id, "name": user.name, "superuser": user.superuser}


def _session_json(session: Session, this: SessionId | None) -> dict[str, Any]:
    return {
        "id": str(session.id),
        "client": session.client,
        "made_at": _time(session.made_at),
        "expires_at": _time(session.expires_at),
        "this": session.id == this,
    }


def _link_json(link: PreviewLink) -> dict[str, Any]:
    return {
        "id": str(link.id),
        "file": link.file,
        "path": link.path,
        "made_by": link.made_by,
        "made_at": _time(link.made_at),
        "expires_at": _time(link.expires_at),
    }


def _time(moment: datetime) -> str:
    return moment.isoformat()


def _header(text: str) -> str:
    return text if text.isascii() and text.isprintable() else text.encode("unicode_escape").decode()


def add_routes(app: web.Application) -> None:
    """Add them."""
    app[TRIES] = Limiter(burst=10, every=6.0)
    one = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
    app.router.add_post("/api/auth/register", register)
    app.router.add_post("/api/auth/login", login)
    app.router.add_post("/api/auth/logout", logout)
    app.router.add_get("/api/auth/me", me)
    app.router.add_get("/api/auth/check", check)
    app.router.add_get("/api/auth/sessions", sessions)
    app.router.add_delete("/api/auth/sessions", end_sessions)
    app.router.add_delete(f"/api/auth/sessions/{{session_id:{one}}}", end_session)
    app.router.add_get("/api/links", links)
    app.router.add_post("/api/links", make_link)
    app.router.add_delete(f"/api/links/{{link_id:{one}}}", end_link)
