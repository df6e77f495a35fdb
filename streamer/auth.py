"""Who may look: a session, a link to one file, or anybody on this machine while there are no accounts.

Tokens come in the `Authorization` header, in HttpOnly cookies, or (links only) as `?t=` or as the
password for a proxy; they go into no log. A page that was opened by a link keeps it as a cookie for just that
file's paths (`keep_link`), so that its address bar and its players need no token.
"""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import formatdate
from functools import lru_cache, partial

from aiohttp import BasicAuth, hdrs, web

from mediavault_tui.domain.accounts import SESSION_COOKIE, LinkId, SessionId, User
from mediavault_tui.domain.model import FileId
from mediavault_tui.errors import Denied
from streamer.state import INSIDER, WHO, state
from streamer.who import from_this_machine, is_https

LINK_COOKIE = "mediavault_link_{}"
LINK_QUERY = "t"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks. With `link`, nothing but a link to this file let them in; without accounts `user` is None."""

    who: str
    user: User | None = None
    session: SessionId | None = None
    link: LinkId | None = None


async def signed_in(request: web.Request) -> Caller:
    """Return who asks, by session, or anybody on this machine while there are no accounts.

    Raises: Denied (401).
    """
    sidecar = state(request)
    token = session_token(request)
    if token is not None:
        session = sidecar.accounts.read(token)  # signature and end, every time
        known = await sidecar.sessions.get(session, lambda: sidecar.accounts.who(token))
        request[WHO], request[INSIDER] = known.user.name, True
        return Caller(known.user.name, known.user, known.session)
    if await sidecar.accounts_exist.get(None, sidecar.accounts.exist):
        raise Denied("You are not logged in; log in")
    if not from_this_machine(request):
        raise Denied("There are no accounts yet, so only this machine is served; run `mediavault users add`")
    request[INSIDER] = True
    return Caller("this machine")


async def allowed(request: web.Request, file: FileId) -> Caller:
    """Return who asks for this file: by a link to just it, else as `signed_in`.

    Raises: Denied (401).
    """
    offered = [*request.query.getall(LINK_QUERY, [])[:4], *_proxied(request)]
    cookie = request.cookies.get(LINK_COOKIE.format(file))
    for token in [*offered, *([cookie] if cookie else [])]:
        try:
            return await by_link(request, file, token)
        except Denied:
            continue
    try:
        return await signed_in(request)
    except Denied:
        if request.raw_path.startswith("http:") and not _proxied(request):
            raise web.HTTPProxyAuthenticationRequired(
                text="Log in", headers={hdrs.PROXY_AUTHENTICATE: 'Basic realm="film"'}
            ) from None
        if offered:
            raise Denied("This link does not open this file, or no more; ask for a new one") from None
        raise


async def by_link(request: web.Request, file: FileId, token: str) -> Caller:
    """Return whose link to this file the token is. Raises: Denied (401)."""
    sidecar = state(request)
    # The very same token for the very same file was checked a moment ago, or it is checked now.
    claims = sidecar.link_claims.known((token, file))
    if claims is None or sidecar.links.over(claims):
        sidecar.links.read(token, file)
    # Also when it is known: who plays on has it asked for anew before it is over, and never waits for that.
    claims = await sidecar.link_claims.get((token, file), partial(sidecar.links.check, token, file))
    request[WHO] = f"link of {claims.made_by}"
    return Caller(claims.made_by, link=claims.link)


def keep_link(request: web.Request, response: web.StreamResponse, file: FileId, *paths: str) -> None:
    """Let the answer's page go on without the token in its address, on these paths and the file's own.

    Call it before the response is prepared, with what `allowed` was asked; `paths` such as
    `/watch/7`. The page itself should then take `?t=` out of the address bar.
    """
    sidecar = state(request)
    for token in request.query.getall(LINK_QUERY, [])[:4]:
        if (claims := sidecar.link_claims.known((token, file))) is not None:
            ends = claims.expires_at.timestamp()
        else:
            try:
                _, ends = sidecar.links.read(token, file)
            except Denied:
                continue
        for path in (f"/api/media/stream/{file}", f"/api/media/{file}", *paths):
            set_cookie(response, request, LINK_COOKIE.format(file), token, path=path, ends=ends)


def _proxied(request: web.Request) -> list[str]:
    """Return the token of one who speaks to us as to a proxy: our own ffmpeg, see `theatre.reel_of`.

    It sends its password when it is asked for it (RFC 9110, 11.7), and keeps it out of its command line.
    """
    scheme, _, said = request.headers.get(hdrs.PROXY_AUTHORIZATION, "").partition(" ")
    if scheme.lower() != "basic":
        return []
    try:
        return [BasicAuth.decode(f"Basic {said}").password]
    except ValueError:
        return []


def session_token(request: web.Request) -> str | None:
    """Return the session's token: `Authorization: Bearer …`, else the cookie."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token:
        return token.strip()
    return request.cookies.get(SESSION_COOKIE)


def set_cookie(
    response: web.StreamResponse, request: web.Request, name: str, value: str, *, path: str, ends: float
) -> None:
    """Add a Set-Cookie; aiohttp's own way keeps one cookie a name, and a name has several paths here."""
    response.headers.add(hdrs.SET_COOKIE, _cookie(name, value, path, ends, is_https(request)))


@lru_cache(256)
def _cookie(name: str, value: str, path: str, ends: float, secure: bool) -> str:
    parts = [f"{name}={value}", f"Path={path}", f"Expires={formatdate(ends, usegmt=True)}"]
    return "; ".join([*parts, "HttpOnly", "SameSite=Strict", *(["Secure"] if secure else [])])
