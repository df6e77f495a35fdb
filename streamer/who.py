"""Where a request comes from, as far as that can be believed."""

from __future__ import annotations

from aiohttp import web

from mediavault_tui.domain import origins
from mediavault_tui.settings import Settings
from streamer.state import state


def client_address(request: web.BaseRequest, settings: Settings) -> str:
    """Return the client's address: what a proxy of ours says it is, else who is connected."""
    said = request.headers.get("X-Forwarded-For", "")
    return origins.client(request.remote or "", said, settings.streamer_trusted_proxies)


def from_proxy(request: web.Request) -> bool:
    """Return whether one of STREAMER_TRUSTED_PROXIES is connected."""
    return origins.among(request.remote or "", state(request).settings.streamer_trusted_proxies)


def is_https(request: web.Request) -> bool:
    """Return whether the client speaks TLS, to us or to a proxy of ours."""
    if request.scheme == "https":
        return True
    return from_proxy(request) and request.headers.get("X-Forwarded-Proto") == "https"


def from_this_machine(request: web.Request) -> bool:
    """Return whether a program on this machine asks, directly and by this machine's name."""
    return origins.this_machine(request.remote or "", request.url.host or "", request.headers)


def same_site(request: web.Request) -> bool:
    """Return whether a page of ours asks, or no page at all."""
    return origins.same_site(request.headers, request.host, state(request).settings.public_base_url)
