"""How often somebody may try: a bucket for each address, which refills as time goes by."""

from __future__ import annotations

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable

_REMEMBERED = 10_000
"""Addresses; the ones not seen for longest are forgotten first."""


class Limiter:
    """Lets `burst` tries through at once, and then one every `every` seconds."""

    def __init__(self, *, burst: int, every: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._burst = burst
        self._every = every
        self._clock = clock
        self._full_at: OrderedDict[str, float] = OrderedDict()

    def wait(self, address: str) -> float:
        """Take a try for `address`; return 0, or the seconds after which there is one again."""
        key, now = neighbourhood(address), self._clock()
        full_at = max(self._full_at.pop(key, now), now) + self._every
        wait = full_at - now - self._burst * self._every
        if wait > 0:
            full_at -= self._every  # a refused try costs nothing
        self._full_at[key] = full_at
        while len(self._full_at) > _REMEMBERED:
            self._full_at.popitem(last=False)
        return max(wait, 0.0)

    def give_back(self, address: str) -> None:
        """Return a try that proved honest."""
        key = neighbourhood(address)
        if key in self._full_at:
            self._full_at[key] -= self._every


def neighbourhood(address: str) -> str:
    """Return what counts as one address: in IPv6 a /64, all of which one household has."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
