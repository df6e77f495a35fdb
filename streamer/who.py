"""Where a request comes from, as far as that can be believed."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from aiohttp import web

from mediavault_tui.settings import Settings
from streamer.state import state


def client_address(request: web.BaseRequest, settings: Settings) -> str:
    """Return the client's address: what a proxy of ours says it is, else who is connected."""
    peer = request.remote or ""
    if from_proxy(request, settings):
        said = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
        if is_address(said):
            return said
    return peer


def from_proxy(request: web.BaseRequest, settings: Settings) -> bool:
    """Return whether one of STREAMER_TRUSTED_PROXIES is connected."""
    try:
        peer = ipaddress.ip_address(request.remote or "")
    except ValueError:
        return False
    return any(peer in ipaddress.ip_network(network) for network in settings.streamer_trusted_proxies)


def is_https(request: web.Request) -> bool:
    """Return whether the client speaks TLS, to us or to a proxy of ours."""
    if request.scheme == "https":
        return True
    return (
        from_proxy(request, state(request).settings) and request.headers.get("X-Forwarded-Proto") == "https"
    )


def from_this_machine(request: web.Request) -> bool:
    """Return whether a program on this machine asks, directly and by this machine's name.

    What a proxy hands on, and a page that had its own name point here (DNS rebinding), is not that.
    """
    if "X-Forwarded-For" in request.headers or "Forwarded" in request.headers:
        return False
    host = request.url.host or ""
    return loopback(request.remote or "") and (host == "localhost" or loopback(host))


def same_site(request: web.Request) -> bool:
    """Return whether a page of ours asks, or no page at all: a browser names the page's origin."""
    origin = request.headers.get("Origin")
    if origin is None:
        return request.headers.get("Sec-Fetch-Site") in (None, "same-origin", "none")
    public = state(request).settings.public_base_url
    ours = {f"{scheme}://{request.host}".lower() for scheme in ("http", "https")}
    if public:
        parts = urlsplit(public)
        ours.add(f"{parts.scheme}://{parts.netloc}".lower())
    return origin.lower() in ours


def loopback(address: str) -> bool:
    """Return whether an address is this machine's own."""
    return is_address(address) and ipaddress.ip_address(address).is_loopback


def is_address(text: str) -> bool:
    """Return whether this is an IP address."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
