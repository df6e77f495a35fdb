"""The terminal app in a browser: textual-serve, behind the same login as the sidecar.

Each visitor gets an app of their own, as a program of its own, and acts in their own name.
"""

from __future__ import annotations

import asyncio
import html
import logging
import math
import shlex
from contextvars import ContextVar
from email.utils import formatdate

from aiohttp import web
from aiohttp.typedefs import Handler
from textual_serve.server import Server

from mediavault_tui.domain import origins
from mediavault_tui.domain.accounts import SESSION_COOKIE
from mediavault_tui.errors import Denied, MediaVaultError, UsageError
from mediavault_tui.services.accounts import Accounts
from mediavault_tui.services.limits import Limiter

log = logging.getLogger("mediavault.web")

_AWAY = "The library does not answer at the moment; try again later"
"""What is said of an error of ours to whoever may have no login: it could name hosts and folders."""
_BODY = 16 * 1024
_VISITORS = 20
"""Apps at once: each is a program of some 100 MB."""
_LOOKED_AFTER = 2.0
"""Seconds between looks whether a visitor's session still holds."""
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    # textual-serve's page has its script and style inside it.
    "Content-Security-Policy": "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' "
    "'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; connect-src 'self' ws: wss:; "
    "frame-ancestors 'self'; base-uri 'none'; form-action 'self'",
}
_FRAME = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>MediaVault: {title}</title><style>
body {{ background: #14171b; color: #d5d9de; font: 16px system-ui, sans-serif; display: grid;
  place-items: center; min-height: 90vh; margin: 0 }}
form {{ display: grid; gap: .8rem; width: min(20rem, 90vw) }}
input, button {{ font: inherit; padding: .6rem; border: 1px solid #39424d; border-radius: 4px;
  background: #1a1e23; color: inherit }}
button {{ background: #7aa2c8; color: #14171b; cursor: pointer }}
:focus-visible {{ outline: 2px solid #e0a458 }}
p {{ color: #d9706a; margin: 0; min-height: 1.2em }}
a {{ color: #7aa2c8; text-align: center }}
</style></head><body><form method="post" action="{action}">
<h1>MediaVault</h1>
{fields}</form></body></html>
"""
_LOGIN = """<p role="alert">{said}</p>
<label>Name <input name="name" autocomplete="username" autofocus required></label>
<label>Password <input name="password" type="password" autocomplete="current-password" required></label>
<input type="hidden" name="next" value="{following}">
<button>Log in</button>"""
_LOGOUT = """<button autofocus>Log out</button>
<a href="/">Back to the library</a>"""

_who: ContextVar[str | None] = ContextVar("who", default=None)


class WebFront(Server):
    """textual-serve's server with a door in front of it."""

    def __init__(
        self,
        accounts: Accounts,
        *,
        command: list[str],
        host: str,
        port: int,
        public_url: str | None,
        proxies: tuple[str, ...],
    ) -> None:
        """`command`: what opens the app; `proxies`: STREAMER_TRUSTED_PROXIES."""
        self._words = shlex.join(command)
        super().__init__(self._words, host=host, port=port, title="MediaVault", public_url=public_url)
        self._accounts = accounts
        self._public_url = public_url
        self._proxies = proxies
        self._tries = Limiter(burst=10, every=6.0)
        self._visitors = 0

    @property
    def command(self) -> str:
        """The shell's line for this visitor's app: it acts in their name."""
        who = _who.get()
        return self._words if who is None else f"LOGNAME={shlex.quote(who)} {self._words}"

    @command.setter
    def command(self, words: str) -> None:
        self._words = words

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until `stop` is set. Raises: UsageError where it may not listen."""
        runner = web.AppRunner(
            await self._make_app(), handle_signals=False, handler_cancellation=True, access_log=None,
            keepalive_timeout=30.0, shutdown_timeout=5.0,
        )  # fmt: skip
        await runner.setup()
        try:
            try:
                await web.TCPSite(runner, self.host, self.port).start()
            except OSError as error:
                raise UsageError(
                    f"Cannot listen on {self.host} port {self.port} ({error.strerror}); "
                    "choose another MEDIAVAULT_WEB_PORT"
                ) from error
            await stop.wait()
        finally:
            await runner.cleanup()

    async def _make_app(self) -> web.Application:
        inner = await super()._make_app()
        inner.middlewares.append(self._door)
        inner.router.add_get("/login", self._login_page)
        inner.router.add_post("/login", self._login)
        inner.router.add_get("/logout", self._logout_page)
        inner.router.add_post("/logout", self._logout)
        inner.on_response_prepare.append(_guard)
        return inner

    async def on_startup(self, app: web.Application) -> None:
        """Say nothing: the command line does."""

    @web.middleware
    async def _door(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await (handler(request) if request.path == "/login" else self._inside(request, handler))
        except MediaVaultError as error:
            log.warning("%s %s: %s", request.method, request.rel_url.raw_path, error)
            raise web.HTTPServiceUnavailable(text=_AWAY) from error

    async def _inside(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer one who has a login. Raises: HTTPException for one who has none; MediaVaultError."""
        if not origins.same_site(request.headers, request.host, self._public_url):
            raise web.HTTPForbidden(text="Another site may not do this")
        try:
            who = await self._visitor(request)
        except Denied:
            if request.method == "GET" and request.path != "/ws":
                raise web.HTTPSeeOther(f"/login?next={request.rel_url.raw_path}") from None
            raise web.HTTPUnauthorized(text="Log in") from None
        token = _who.set(who)
        try:
            return await handler(request)
        finally:
            _who.reset(token)

    async def _visitor(self, request: web.Request) -> str | None:
        """Return the name of who visits; None while there are no accounts. Raises: Denied."""
        if (token := request.cookies.get(SESSION_COOKIE)) is not None:
            return (await self._accounts.who(token)).user.name
        here = origins.this_machine(request.remote or "", request.url.host or "", request.headers)
        if here and not await self._accounts.exist():
            return None
        raise Denied("Log in")

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        """Run an app for one visitor, unless there are too many already."""
        if self._visitors >= _VISITORS:
            raise web.HTTPServiceUnavailable(text="Too many visitors; try again later")
        self._visitors += 1
        running = asyncio.current_task()
        assert running is not None
        over = asyncio.ensure_future(self._logged_out(request.cookies.get(SESSION_COOKIE)))
        over.add_done_callback(lambda ended: ended.cancelled() or running.cancel())
        try:
            return await super().handle_websocket(request)  # which ends in good order when it is cancelled
        finally:
            running.uncancel()
            over.cancel()
            self._visitors -= 1

    async def _logged_out(self, token: str | None) -> None:
        """Wait until the session of `token` has ended, wherever that was done; for ever without one."""
        while True:
            await asyncio.sleep(_LOOKED_AFTER)
            try:
                if token is not None:
                    await self._accounts.who(token)
            except Denied:
                return
            except MediaVaultError as error:
                log.warning("a visitor's session cannot be looked after: %s", error)

    async def _login_page(self, request: web.Request) -> web.Response:
        return _page("", request.query.get("next", "/"))

    async def _login(self, request: web.Request) -> web.Response:
        if not origins.same_site(request.headers, request.host, self._public_url):
            raise web.HTTPForbidden(text="Another site may not do this")
        if (request.content_length or 0) > _BODY:
            raise web.HTTPRequestEntityTooLarge(_BODY, request.content_length or 0)
        form = {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
        following = form.get("next", "/")
        said = request.headers.get("X-Forwarded-For", "")
        address = origins.client(request.remote or "", said, self._proxies)
        if wait := self._tries.wait(address):
            return _page(f"Too many tries; wait {math.ceil(wait)} seconds", following, status=429)
        try:
            made = await self._accounts.login(
                form.get("name", ""),
                form.get("password", ""),
                client=request.headers.get("User-Agent", ""),
            )
        except Denied as error:
            return _page(str(error), following, status=401)
        except MediaVaultError as error:
            self._tries.give_back(address)  # it proved nothing
            log.warning("nobody can log in: %s", error)
            return _page(_AWAY, following, status=503)
        self._tries.give_back(address)
        safe = following if following.startswith("/") and following[1:2] not in ("/", "\\") else "/"
        response = web.Response(status=303, headers={"Location": safe if safe.isprintable() else "/"})
        response.headers["Set-Cookie"] = self._cookie(
            request, made.token, made.session.expires_at.timestamp()
        )
        return response

    async def _logout_page(self, _request: web.Request) -> web.Response:
        text = _FRAME.format(title="log out", action="/logout", fields=_LOGOUT)
        return web.Response(text=text, content_type="text/html")

    async def _logout(self, request: web.Request) -> web.Response:
        token = request.cookies.get(SESSION_COOKIE)
        if token is not None:
            known = await self._accounts.who(token)
            await self._accounts.end(known.user, known.session)
        response = web.Response(status=303, headers={"Location": "/login"})
        response.headers["Set-Cookie"] = self._cookie(request, "", 0)
        return response

    def _cookie(self, request: web.Request, value: str, ends: float) -> str:
        parts = [f"{SESSION_COOKIE}={value}", "Path=/", f"Expires={formatdate(ends, usegmt=True)}"]
        proxied = origins.among(request.remote or "", self._proxies)
        https = proxied and request.headers.get("X-Forwarded-Proto") == "https"
        return "; ".join([*parts, "HttpOnly", "SameSite=Strict", *(["Secure"] if https else [])])


async def _guard(_request: web.Request, response: web.StreamResponse) -> None:
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)


def _page(said: str, following: str, *, status: int = 200) -> web.Response:
    fields = _LOGIN.format(said=html.escape(said), following=html.escape(following))
    text = _FRAME.format(title="log in", action="/login", fields=fields)
    return web.Response(text=text, content_type="text/html", status=status)
