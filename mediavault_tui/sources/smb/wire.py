"""One signed-in connection: many requests in flight, shared by threads, and never waited on for ever.

There is no receiving thread. Whoever waits first reads from the socket, for everybody, until its own
answer is there; then the next one does. The bytes of a READ go from the socket to where they belong.
A connection is given up as soon as it is silent for the deadline, while something is awaited: the
system's own limits are minutes, and a frozen server never closes. Longer than the habit: what the
threads share under one lock is easier to judge on one page.
"""

from __future__ import annotations

import errno
import hmac
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from mediavault_tui.sources.smb import packets
from mediavault_tui.sources.smb.crypt import Forged, Sealer, Sign
from mediavault_tui.sources.smb.packets import HEADER, Ask

_PENDING = 0x103
_LOST = {0xC0000203, 0xC000035C, 0xC00000C9, 0xC0000128, 0xC000020C, 0xC000020D}
"""Session deleted or expired, share taken away, handle closed, disconnected, reset: begin anew."""
_LONGEST = 16 * 1024 * 1024 + 65536
_WANTED_CREDITS = 512
_PATIENCE = 6
"""So many deadlines may one answer take from a server that does answer other things."""
_ZERO = bytes(16)


class Dropped(Exception):
    """The connection is of no use any more; the message says what happened to it."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What was agreed upon when signing in."""

    session: int
    tree: int
    sign: Sign | None
    sealer: Sealer | None
    multi_credit: bool
    most_read: int
    most_write: int
    most_listed: int
    message_id: int
    credits: int


class Reply:
    """The answer to come to one request."""

    __slots__ = ("count", "done", "frame", "into", "message_id", "status")

    def __init__(self, message_id: int, into: memoryview | None) -> None:
        self.message_id = message_id
        self.into = into
        self.count = 0
        """Bytes read `into`."""
        self.done = False
        self.status = _PENDING
        self.frame = memoryview(b"")
        """The whole answer, its header first; empty for a READ."""


class Wire:
    """Sends requests and waits for answers, from any number of threads."""

    def __init__(
        self, sock: socket.socket, terms: Terms, *, deadline_s: float, on_bytes: Callable[[int], None]
    ) -> None:
        self.terms = terms
        self.used_at = time.monotonic()
        self.round_trip_s = 0.0
        """Of one small question, when the connection was new."""
        self._socket = sock
        self._deadline = deadline_s
        self._on_bytes = on_bytes
        self._sending = threading.Lock()
        self._changed = threading.Condition()
        self._reading = False
        self._broken: str | None = None
        self._awaited: dict[int, Reply] = {}
        self._later: list[Ask] = []
        self._next_id = terms.message_id
        self._credits = terms.credits
        self._head = bytearray(84)
        sock.settimeout(None)
        for option, seconds in ((socket.SO_RCVTIMEO, deadline_s / 2), (socket.SO_SNDTIMEO, deadline_s)):
            whole = int(seconds)
            value = struct.pack("@ll", whole, int((seconds - whole) * 1_000_000))
            sock.setsockopt(socket.SOL_SOCKET, option, value)

    @property
    def broken(self) -> bool:
        """Whether nothing can be sent or awaited any more."""
        return self._broken is not None

    def close(self, why: str = "the connection was closed") -> None:
        """Hang up; whoever waits gets Dropped."""
        self._break(why)

    def ask(self, *asks: Ask) -> list[Reply]:
        """Send requests, wait, and return their answers, whatever they say.

        More than one are related: each is about the file that the first one opens.
        """
        replies = self.send(asks)
        for reply in replies:
            self.wait(reply)
        return replies

    def send(self, asks: Sequence[Ask]) -> list[Reply]:
        """Send requests as one message, and what `later` left before them; see `ask`. Raises Dropped."""
        with self._sending:
            before, self._later = self._later, []
            groups = [*([ask] for ask in before), asks] if asks else [[ask] for ask in before]
            self._until(lambda: self._credits >= _needed(groups))
            messages: list[bytes] = []
            replies: list[Reply] = []
            with self._changed:
                for group in groups:
                    message, replies = self._packed(group)
                    messages += (len(message).to_bytes(4, "big"), message)
            self._transmit(b"".join(messages))
        return replies if asks else []

    def later(self, ask: Ask) -> None:
        """Send a request along with the next one: nobody waits for its answer, and it is worth no message."""
        with self._sending:
            self._later.append(ask)

    def _packed(self, asks: Sequence[Ask]) -> tuple[bytes, list[Reply]]:
        """Number, charge and sign requests; return them as one message, and the answers to come."""
        multi = self.terms.multi_credit
        charges = [(ask.payload - 1) // 65536 + 1 if multi else 0 for ask in asks]
        needed = sum(max(charge, 1) for charge in charges)
        self._credits -= needed
        want = max(_WANTED_CREDITS - self._credits, needed)
        last = len(asks) - 1
        parts, replies = [], []
        for number, (ask, charge) in enumerate(zip(asks, charges, strict=True)):
            at_last = number == last
            parts.append(self._message(ask, charge, want if at_last else charge, number > 0, at_last))
            reply = Reply(self._next_id, ask.into)
            self._awaited[self._next_id] = reply
            replies.append(reply)
            self._next_id += max(charge, 1)
        message = b"".join(parts)
        return (message if self.terms.sealer is None else self.terms.sealer.seal(message)), replies

    def _message(self, ask: Ask, charge: int, want: int, related: bool, last: bool) -> bytes:
        terms = self.terms
        flags = (packets.RELATED if related else 0) | (packets.SIGNED if terms.sign else 0)
        body = ask.body if last else ask.body + bytes(-len(ask.body) % 8)
        follows = 0 if last else 64 + len(body)
        header = HEADER.pack(
            b"\xfeSMB", 64, charge, 0, ask.command, min(max(want, 1), 8192), flags, follows,
            self._next_id, 0, terms.tree, terms.session, _ZERO,
        )  # fmt: skip
        if terms.sign is not None:
            header = header[:48] + terms.sign(self._next_id, False, header, body)
        return header + body

    def _transmit(self, message: bytes) -> None:
        try:
            self._socket.sendall(message)
        except OSError as error:
            self._break(_why(error, self._deadline))
            raise Dropped(self._broken) from error
        self._on_bytes(len(message))

    def wait(self, reply: Reply) -> Reply:
        """Wait until `reply` is there and return it. Raises Dropped."""
        if not reply.done:
            self._until(lambda: reply.done)
        if reply.status in _LOST:
            self._break(f"the server has ended the session (status 0x{reply.status:08X})")
            raise Dropped(self._broken)
        return reply

    def _until(self, ready: Callable[[], bool]) -> None:
        """Read, or let another thread read, until `ready()`. Raises Dropped."""
        limit = time.monotonic() + _PATIENCE * self._deadline
        while True:
            with self._changed:
                while not ready():
                    if self._broken is not None:
                        raise Dropped(self._broken)
                    if not self._reading:
                        self._reading = True
                        break
                    self._changed.wait(self._deadline)
                else:
                    return
            try:
                self._receive(limit)
            except BaseException as error:
                # Also for Ctrl-C: half an answer was read, and what follows it would be taken for one.
                self._break(str(error) if isinstance(error, Dropped) else "reading was interrupted")
                if isinstance(error, Forged | struct.error):
                    raise Dropped(f"an answer is not what it should be: {error}") from error
                raise
            finally:
                with self._changed:
                    self._reading = False
                    if self.broken:
                        self._socket.close()
                    self._changed.notify_all()

    def _break(self, why: str) -> None:
        with self._changed:
            if self._broken is None:
                self._broken = why
                with suppress(OSError):
                    self._socket.shutdown(socket.SHUT_RDWR)
                if not self._reading:  # else the reader does: its number may be another's by then
                    self._socket.close()
            self._changed.notify_all()

    def _fill(self, view: memoryview, limit: float) -> None:
        """Read exactly `view`. Raises Dropped at the end, at the deadline, and at `limit`."""
        total = len(view)
        silent = False
        while view:
            try:
                count = self._socket.recv_into(view, 0, socket.MSG_WAITALL)
            except BlockingIOError:
                if silent or time.monotonic() > limit:
                    raise Dropped(f"it has not answered for {self._deadline:g} s") from None
                silent = True
                self._knock()
                continue
            except OSError as error:
                raise Dropped(_why(error, self._deadline)) from error
            if count == 0:
                raise Dropped("the server closed the connection")
            if time.monotonic() > limit:
                raise Dropped(f"it has not answered within {_PATIENCE * self._deadline:g} s")
            silent = False
            view = view[count:]
        self._on_bytes(total)

    def _knock(self) -> None:
        """Ask whether it is there: a server whose disk is slow still says so."""
        if self._sending.acquire(blocking=False):
            try:
                with self._changed:
                    message, _ = self._packed([packets.echo()])
                self._transmit(len(message).to_bytes(4, "big") + message)
            finally:
                self._sending.release()

    def _receive(self, limit: float) -> None:
        """Read one message from the socket and give its answers to those who wait."""
        head = self._head
        view = memoryview(head)
        self._fill(view[:68], limit)
        length = int.from_bytes(head[:4], "big")
        if not 64 <= length <= _LONGEST:
            raise Dropped("what answers does not speak SMB")
        self.used_at = time.monotonic()
        if head[4:8] == b"\xfdSMB":
            if self.terms.sealer is None:
                raise Forged("it is encrypted, which was not agreed upon")
            sealed = bytearray(length - 52 + 16)
            sealed[:12] = head[56:68]
            self._fill(memoryview(sealed)[12:-16], limit)
            self._deliver(memoryview(self.terms.sealer.unseal(bytes(head[4:56]), sealed)), sealed=True)
            return
        if head[4:8] != b"\xfeSMB":
            raise Dropped("what answers does not speak SMB")
        if head[16] == packets.READ and length > 80 and self._receive_read(length, limit):
            return
        frame = bytearray(length)
        whole = memoryview(frame)
        whole[:64] = view[4:68]
        self._fill(whole[64:], limit)
        self._deliver(whole, sealed=False)

    def _receive_read(self, length: int, limit: float) -> bool:
        """Read the rest of a READ's answer straight to where it belongs; False if it is no plain one."""
        fields = HEADER.unpack_from(self._head, 4)
        status, follows, message_id = fields[3], fields[7], fields[8]
        reply = self._awaited.get(message_id)
        if self.terms.sign is None or status or follows or reply is None or reply.into is None:
            return False
        if length - 80 > len(reply.into):
            return False
        view = memoryview(self._head)
        self._fill(view[68:84], limit)
        _, offset, _, count, _, _ = packets.READ_ANSWER.unpack_from(self._head, 68)
        if offset != 80 or count != length - 80:
            raise Dropped("an answer is not what it should be: it is laid out in another way")
        data = reply.into[:count]
        self._fill(data, limit)
        self._verify(view[4:84], fields[6], message_id, data)
        reply.count = count
        self._finish(reply, fields[5], 0, memoryview(b""))
        return True

    def _deliver(self, frame: memoryview, *, sealed: bool) -> None:
        while True:
            fields = HEADER.unpack_from(frame)
            status, granted, flags, follows, message_id = (fields[n] for n in (3, 5, 6, 7, 8))
            one = frame[:follows] if follows else frame
            pending = status == _PENDING and flags & packets.ASYNC
            if not sealed and not pending and status not in _LOST and message_id != 2**64 - 1:
                self._verify(one, flags, message_id)
            reply = self._awaited.get(message_id)
            if pending or reply is None:
                with self._changed:
                    self._credits += granted
            else:
                if fields[4] == packets.READ and status == 0 and reply.into is not None:
                    _, offset, _, reply.count, _, _ = packets.READ_ANSWER.unpack_from(one, 64)
                    reply.into[: reply.count] = one[offset : offset + reply.count]
                self._finish(reply, granted, status, one)
            if not follows:
                return
            frame = frame[follows:]

    def _verify(self, one: memoryview, flags: int, message_id: int, *more: memoryview) -> None:
        """Raise Forged unless the message carries the right signature."""
        if self.terms.sign is None:
            raise Forged("it is not encrypted, which was agreed upon")
        if not flags & packets.SIGNED:
            raise Forged("it is not signed")
        right = self.terms.sign(message_id, True, one[:48], _ZERO, one[64:], *more)
        if not hmac.compare_digest(right, one[48:64]):
            raise Forged("its signature is wrong")

    def _finish(self, reply: Reply, granted: int, status: int, frame: memoryview) -> None:
        with self._changed:
            self._credits += granted
            del self._awaited[reply.message_id]
            reply.status = status
            reply.frame = frame
            reply.done = True


def _needed(groups: Iterable[Sequence[Ask]]) -> int:
    """Return the most credits that messages may cost."""
    return sum((ask.payload - 1) // 65536 + 1 for group in groups for ask in group)


def _why(error: OSError, deadline_s: float) -> str:
    if isinstance(error, BlockingIOError):
        return f"it has taken nothing for {deadline_s:g} s"
    if error.errno in (errno.EPIPE, errno.ECONNRESET, errno.EBADF):
        return "the server closed the connection"
    return (error.strerror or "the connection broke").lower()
