"""A connection that is made when it is needed and made anew when it drops, with one way to use it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from mediavault_tui.errors import SourceError, SourceOffline
from mediavault_tui.sources.smb import packets
from mediavault_tui.sources.smb.errors import offline, renamed
from mediavault_tui.sources.smb.handshake import sign_in
from mediavault_tui.sources.smb.values import ShareAddress
from mediavault_tui.sources.smb.wire import Dropped, Reply, Wire

Result = TypeVar("Result")

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.1, 2.0


class Link:
    """One share's connection, for all threads of a source.

    A drop is mended for up to `patience_s`; a server that was never reached, or that stayed away so
    long, is tried once at each call until it answers again.
    """

    def __init__(
        self, address: ShareAddress, *, deadline_s: float, patience_s: float, keep_alive_s: float
    ) -> None:
        self.address = address
        self.serial = 0
        """The volume's number; 0 before the first connection."""
        """How far the server's clock was ahead of ours at the last connection."""
        self.bytes = 0
        """Sent and received, over all connections."""
        self._deadline = deadline_s
        self._patience = patience_s
        self._keep_alive = keep_alive_s
        self._patient = False
        self._wire: Wire | None = None
        self._connecting = threading.Lock()
        self._counting = threading.Lock()
        self._tries = 0
        self._failure: Dropped | SourceError | None = None
        self._closed = threading.Event()
        self._keeper: threading.Thread | None = None

    def close(self) -> None:
        """Hang up; whoever waits, and every later call, gets SourceOffline."""
        self._closed.set()
        wire = self._wire
        if wire is not None:
            wire.close("the source was closed")

    @property
    def round_trip_s(self) -> float:
        """Return what one small question took when the connection was new; 0 without a connection."""
        return 0.0 if self._wire is None else self._wire.round_trip_s

    def flush(self) -> None:
        """Send what waits to go along with something else; where the connection is gone it went with it."""
        wire = self._wire
        if wire is not None and not wire.broken:
            with suppress(Dropped):
                wire.send(())

    def attempt(self, doing: str, path: bytes, act: Callable[[Wire], Result]) -> Result:
        """Return what `act` does with a connection; if that drops, mend it and act again, from the start.

        `act` must be such that doing it twice does no harm. Raises SourceOffline, with `doing` and
        `path`, when the server stays away; otherwise what `act` raises.
        """
        give_up: float | None = None
        pause = _FIRST_PAUSE_S
        while True:
            try:
                return act(self._connected())
            except Dropped as drop:
                if self._closed.is_set():
                    raise offline(doing, path, self.address, "the source was closed") from drop
                now = time.monotonic()
                give_up = give_up or now + self._patience
                if not self._patient or now + pause > give_up:
                    self._patient = False
                    raise offline(doing, path, self.address, str(drop)) from drop
            self._closed.wait(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_S)

    def _connected(self) -> Wire:
        """Return the connection, a new one if need be. Several threads make one attempt together."""
        wire = self._wire
        if wire is not None and not wire.broken:
            return wire
        tries = self._tries
        with self._connecting:
            if self._wire is not None and not self._wire.broken:
                return self._wire
            if self._tries != tries and self._failure is not None:
                raise self._failure
            if self._closed.is_set():
                raise Dropped("the source was closed")
            try:
                self._wire = self._connect()
            except (Dropped, SourceError) as error:
                self._failure = error
                raise
            finally:
                self._tries += 1
            self._failure = None
            self._patient = True
            return self._wire

    def _connect(self) -> Wire:
        sock, terms = sign_in(self.address, deadline_s=self._deadline)
        wire = Wire(sock, terms, deadline_s=self._deadline, on_bytes=self._count)
        started = time.monotonic()
        serial = self._serial_by(wire)
        wire.round_trip_s = time.monotonic() - started
        if self.serial not in (0, serial):
            wire.close()
            raise SourceOffline(
                f"share {self.address.share} on {self.address.server} has become another volume; "
                "nothing of it is believed: check what is mounted there, then start again"
            )
        self.serial = serial
        if self._keeper is None:
            self._keeper = threading.Thread(target=self._keep_alive_for_ever, name="smb echo", daemon=True)
            self._keeper.start()
        return wire

    def _serial_by(self, wire: Wire) -> int:
        created, asked, _ = wire.ask(
            packets.create(b"", access=packets.READ_ATTRIBUTES),
            packets.query_volume(packets.SAME_FILE, 1),
            packets.close(),
        )
        top = b"/" + self.address.share.encode()
        self.check(created, "look at", top)
        # A server that gives no number gets 1: one share is one volume then.
        return (packets.serial_of(asked.frame) if asked.status == 0 else 0) or 1

    def _count(self, count: int) -> None:
        with self._counting:
            self.bytes += count

    def _keep_alive_for_ever(self) -> None:
        """Say something now and then: servers hang up on those who do not, and a drop is noticed early."""
        while not self._closed.wait(self._keep_alive):
            wire = self._wire
            if wire is None or wire.broken or time.monotonic() - wire.used_at < self._keep_alive:
                continue
            try:
                wire.ask(packets.echo())
            except Dropped:
                continue  # it is broken now; the next call makes another

    def check(self, reply: Reply, doing: str, path: bytes, *fine: int) -> Reply:
        """Return `reply` if it is a success or `fine`; raises the SourceError otherwise."""
        if reply.status and reply.status not in fine:
            raise renamed(reply.status, doing, path, self.address)
        return reply
