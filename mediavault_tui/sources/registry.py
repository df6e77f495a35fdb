"""Which shares there are now, and the connections to those that somebody asked for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import TYPE_CHECKING

from mediavault_tui.errors import SourceOffline
from mediavault_tui.sources.share_holding import ShareSource

if TYPE_CHECKING:
    from mediavault_tui.sources.smb.source import ShareAddress

_PATIENCE = 5.0
"""Seconds that a person waits for a server that is away; a scan has more of its own (`sources.patient`)."""

Connect = Callable[[str, "ShareAddress"], ShareSource]
"""Make the source of a name and an address; nothing is contacted by it yet."""


def connect_smb(name: str, address: ShareAddress) -> ShareSource:
    """Return a source over SMB."""
    from mediavault_tui.sources.smb.source import SmbSource

    return SmbSource(name, address, patience_s=_PATIENCE)


class Registry:
    """Hands out one source for each share that is set up; safe from every thread."""

    def __init__(self, connect: Connect = connect_smb) -> None:
        self.connect = connect
        self.complete: Callable[[ShareAddress], ShareAddress] = lambda address: address
        """Adds to an address what is asked for only when somebody wants to connect: its password. Blocks."""
        self._addresses: Mapping[str, ShareAddress] = {}
        self._problems: Mapping[str, str] = {}
        self._sources: dict[str, ShareSource] = {}
        self._opening: dict[str, Future[ShareSource]] = {}
        """Sources that somebody is about to make; who else wants one waits for it."""
        self._lock = threading.Lock()

    def set(self, addresses: Mapping[str, ShareAddress], problems: Mapping[str, str]) -> None:
        """Take note of what is set up now; a share whose address changed is connected anew."""
        with self._lock:
            stale = [name for name in self._sources if self._addresses.get(name) != addresses.get(name)]
            closing = [self._sources.pop(name) for name in stale]
            for name in [name for name in self._opening if self._addresses.get(name) != addresses.get(name)]:
                del self._opening[name]
            self._addresses, self._problems = dict(addresses), dict(problems)
        for source in closing:
            source.close()

    def names(self) -> list[str]:
        """Return the sources that are set up and have nothing wrong that is known."""
        with self._lock:
            return list(self._addresses)

    def open(self, name: str) -> ShareSource:
        """Return the share's source. Blocks at its first use, until its password is there.

        Raises: SourceOffline with the reason if it cannot be used.
        """
        with self._lock:
            if (source := self._sources.get(name)) is not None:
                return source
            address = self._addresses.get(name)
            if address is None:
                why = self._problems.get(name, f"{name} is not set up here (any more)")
                raise SourceOffline(f"{why}; see `mediavault nas list`")
            if first := name not in self._opening:
                self._opening[name] = Future()
            opening = self._opening[name]
        if first:
            self._make(name, address, opening)
        return opening.result()

    def _make(self, name: str, address: ShareAddress, opening: Future[ShareSource]) -> None:
        """Make a source for all who wait; nobody who wants another share waits for its password."""
        try:
            source = self.connect(name, self.complete(address))
        except BaseException as error:  # noqa: BLE001 - raised again wherever it is waited for
            with self._lock:
                if self._opening.get(name) is opening:
                    del self._opening[name]
            opening.set_exception(error)
            return
        with self._lock:
            if current := self._opening.get(name) is opening:
                del self._opening[name]
                self._sources[name] = source
        if current:
            opening.set_result(source)
        else:
            source.close()
            opening.set_exception(SourceOffline(f"{name} was set up anew at this very moment; try again"))

    def close(self) -> None:
        """End every connection."""
        with self._lock:
            sources, self._sources = list(self._sources.values()), {}
        for source in sources:
            source.close()
