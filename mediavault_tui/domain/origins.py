"""Where a web request comes from, as far as its own words can be believed. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import urlsplit


@lru_cache(1024)
def loopback(address: str) -> bool:
    """Return whether an address is this machine's own."""
    return is_address(address) and ipaddress.ip_address(address).is_loopback


def only_here(host: str) -> bool:
    """Return whether what listens on `host` is reached from this machine alone."""
    return host == "localhost" or loopback(host)


def url_of(host: str, port: int) -> str:
    """Return the address of what listens here; what listens on every address has this machine's."""
    reached = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  # nothing is bound
    return f"http://[{reached}]:{port}" if ":" in reached else f"http://{reached}:{port}"


@lru_cache(1024)
def is_address(text: str) -> bool:
    """Return whether this is an IP address."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


@lru_cache(1024)
def among(address: str, networks: tuple[str, ...]) -> bool:
    """Return whether an address lies in one of the networks."""
    return is_address(address) and any(
        ipaddress.ip_address(address) in ipaddress.ip_network(network) for network in networks
    )


def this_machine(peer: str, host: str, headers: Mapping[str, str]) -> bool:
    """Return whether a program on this machine asks, directly and by this machine's name.

    What a proxy hands on, and a page that had its own name point here (DNS rebinding), is not that.
    """
    if "X-Forwarded-For" in headers or "Forwarded" in headers:
        return False
    return loopback(peer) and only_here(host)


def same_site(headers: Mapping[str, str], host: str, public_url: str | None) -> bool:
    """Return whether a page of ours asks, or no page at all: a browser names the page's origin.

    A page that sends no `Referer`, as ours, has the origin "null" when it posts a form, and so has a
    page of a stranger in a sandbox: then the browser's own word on where it is decides.
    `host`: the request's Host; `public_url`: PUBLIC_BASE_URL.
    """
    origin, said = headers.get("Origin"), headers.get("Sec-Fetch-Site")
    if origin is None:
        return said in (None, "same-origin", "none")
    if origin == "null":
        return said in ("same-origin", "none")
    ours = {f"http://{host}".lower(), f"https://{host}".lower()}
    if public_url:
        parts = urlsplit(public_url)
        ours.add(f"{parts.scheme}://{parts.netloc}".lower())
    return origin.lower() in ours


def client(peer: str, forwarded_for: str, trusted: tuple[str, ...]) -> str:
    """Return the client's address: what a trusted proxy says it is, else who is connected."""
    said = forwarded_for.rpartition(",")[2].strip()
    return said if among(peer, trusted) and is_address(said) else peer
