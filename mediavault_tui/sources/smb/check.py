"""Try a connection to a share step by step and say exactly which step fails: name, port, clock, user, share.

A library that fails says "cannot connect" for half of these; so the first three steps are our own:
the name is resolved, the port opened, and one SMB2 NEGOTIATE sent, whose answer holds the server's clock.
"""

from __future__ import annotations

import socket
import struct
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from smbprotocol.connection import Connection
from smbprotocol.exceptions import (
    AccessDenied,
    LogonFailure,
    SMBException,
    SMBResponseException,
)
from smbprotocol.session import Session
from smbprotocol.tree import TreeConnect

from mediavault_tui.domain.checks import Check
from mediavault_tui.domain.nas import KnownShare

_SECONDS = 5.0
"""For each step."""
_CLOCK = timedelta(minutes=5)
"""Beyond this difference servers refuse logins, and files seem to come from the future."""
_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
_DIALECTS = (0x0202, 0x0210, 0x0300, 0x0302, 0x0311)
_STATUS_BAD_NETWORK_NAME = 0xC00000CC
_REFUSALS = {
    0xC000006D: (
        "the user name or the password is wrong",
        "set them with `mediavault nas add`, or on the NAS",
    ),
    0xC000006E: ("the account has restrictions", "see the user's settings on the NAS"),
    0xC0000071: ("the password has expired", "change it on the NAS, then here"),
    0xC0000072: ("the account is disabled", "enable the user on the NAS"),
    0xC0000234: ("the account is locked, or this machine is blocked", "unblock it on the NAS (Auto Block)"),
    0xC0000193: ("the account has expired", "renew the user on the NAS"),
    0xC0000224: ("the password must be changed first", "change it on the NAS, then here"),
}


class _Failed(Exception):
    """The test ends here; the line is told."""


def run(share: KnownShare, password: str, told: Callable[[Check], None]) -> None:
    """Try name, port, protocol, clock, user and share; `told` gets a line for each. Blocks."""
    try:
        address = _name(share, told)
        _answer(address, told)
        _log_in(share, password, told)
    except _Failed:
        return


def _name(share: KnownShare, told: Callable[[Check], None]) -> tuple[str, int]:
    try:
        found = socket.getaddrinfo(share.host, share.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        told(
            Check(
                "name",
                False,
                f"nobody knows a machine called {share.host}",
                "write its address (such as 192.168.1.20) instead, or check the spelling",
            )
        )
        raise _Failed from error
    address = str(found[0][4][0])
    told(Check("name", True, share.host if address == share.host else f"{share.host} is {address}"))
    return address, share.port


def _answer(address: tuple[str, int], told: Callable[[Check], None]) -> None:
    """Open the port and negotiate; tells port, protocol and clock."""
    port = address[1]
    try:
        with socket.create_connection(address, _SECONDS) as wire:
            told(Check("port", True, f"port {port} is open"))
            when, dialect = _negotiate(wire)
    except ConnectionRefusedError as error:
        told(
            Check(
                "port",
                False,
                f"the machine is there, but nothing listens on port {port}",
                "turn on SMB on the NAS (Synology: Control Panel, File Services, SMB), or correct the port",
            )
        )
        raise _Failed from error
    except _NotSmb as error:
        told(
            Check(
                "protocol",
                False,
                f"port {port} answers, but not as an SMB 2 or 3 server ({error})",
                "correct the port, or allow SMB2 and SMB3 on the NAS",
            )
        )
        raise _Failed from error
    except OSError as error:
        told(
            Check(
                "port",
                False,
                f"no answer from port {port} within {_SECONDS:.0f} seconds ({error.strerror or error})",
                "is the NAS on, and its address right? does a firewall stand between?",
            )
        )
        raise _Failed from error
    told(Check("protocol", True, f"SMB {dialect}"))
    away = when - datetime.now(UTC)
    if abs(away) <= _CLOCK:
        told(Check("clock", True, f"{abs(away).total_seconds():.0f} seconds apart"))
    else:
        told(
            Check(
                "clock",
                False,
                f"the NAS's clock is {_span(abs(away))} {'ahead' if away > timedelta() else 'behind'}",
                "set both clocks by a time server (NTP); logins fail and new files look old otherwise",
            )
        )


class _NotSmb(Exception):
    """What answers is no SMB 2 server."""


def _negotiate(wire: socket.socket) -> tuple[datetime, str]:
    """Return the server's time and dialect. Source: [MS-SMB2] 2.2.3 and 2.2.4."""
    header = struct.pack("<4sHHIHHIIQIIQ16s", b"\xfeSMB", 64, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, bytes(16))
    dialects = struct.pack(f"<{len(_DIALECTS)}H", *_DIALECTS)
    offset = (64 + 36 + len(dialects) + 7) // 8 * 8
    body = (
        struct.pack("<HHHHI16sIHH", 36, len(_DIALECTS), 1, 0, 0, uuid.uuid4().bytes, offset, 1, 0) + dialects
    )
    # SMB 3.1.1 wants to hear of a hash (SHA-512) for its handshake, with some salt.
    integrity = struct.pack("<HHIHHH32s", 1, 38, 0, 1, 32, 1, uuid.uuid4().bytes * 2)
    packet = (header + body).ljust(offset, b"\0") + integrity
    wire.settimeout(_SECONDS)
    wire.sendall(struct.pack(">I", len(packet)) + packet)
    head = _exactly(wire, 4)
    length = struct.unpack(">I", head)[0]
    if head[0] != 0 or not 64 + 8 <= length < 1 << 20:
        raise _NotSmb("it speaks another language")
    answer = _exactly(wire, length)
    if answer[:4] != b"\xfeSMB":
        raise _NotSmb("it offers SMB 1 only" if answer[:4] == b"\xffSMB" else "it speaks another language")
    status = struct.unpack_from("<I", answer, 8)[0]
    if status:
        raise _NotSmb(f"it refuses, status {status:#x}")
    if length < 64 + 48:
        raise _NotSmb("its answer is cut short")
    dialect = struct.unpack_from("<H", answer, 64 + 4)[0]
    ticks = struct.unpack_from("<Q", answer, 64 + 40)[0]
    version = f"{dialect >> 8}.{dialect >> 4 & 15}" + (f".{dialect & 15}" if dialect & 15 else "")
    return _EPOCH + timedelta(microseconds=ticks / 10), version


def _exactly(wire: socket.socket, count: int) -> bytes:
    got = b""
    while len(got) < count:
        piece = wire.recv(count - len(got))
        if not piece:
            raise _NotSmb("it hung up")
        got += piece
    return got


def _log_in(share: KnownShare, password: str, told: Callable[[Check], None]) -> None:
    """Log in and connect to the share; tells user and share."""
    connection = Connection(uuid.uuid4(), share.host, share.port, require_signing=True)
    try:
        connection.connect(timeout=_SECONDS)
        session = Session(connection, share.username, password, require_encryption=share.encrypt)
        _user(session, share, told)
        _tree(session, share, told)
    except (SMBException, OSError, ValueError) as error:
        told(
            Check(
                "user", False, f"the server broke off ({_first(error)})", "try again; is the NAS very busy?"
            )
        )
        raise _Failed from error
    finally:
        try:
            connection.disconnect(close=False)
        except (SMBException, OSError):  # it was cut off: that is disconnected too
            return


def _user(session: Session, share: KnownShare, told: Callable[[Check], None]) -> None:
    try:
        session.connect()
    except LogonFailure as error:
        status = getattr(error, "status", 0xC000006D)
        said, remedy = _REFUSALS.get(status, _REFUSALS[0xC000006D])
        told(Check("user", False, f"{share.username or '(no user)'}: {said}", remedy))
        raise _Failed from error
    except SMBResponseException as error:
        said, remedy = _REFUSALS.get(error.status, (f"the server refuses ({error.status:#x})", "see its log"))
        told(Check("user", False, f"{share.username}: {said}", remedy))
        raise _Failed from error
    except SMBException as error:
        if "encryption" not in str(error).lower():
            raise
        told(
            Check(
                "user",
                False,
                "the server cannot encrypt",
                "set up the share without --encrypt, or update the NAS",
            )
        )
        raise _Failed from error
    told(Check("user", True, f"{share.username} is let in"))


def _tree(session: Session, share: KnownShare, told: Callable[[Check], None]) -> None:
    tree = TreeConnect(session, rf"\\{share.host}\{share.share}")
    try:
        tree.connect()
        tree.disconnect()
    except AccessDenied as error:
        told(
            Check(
                "share",
                False,
                f"{share.username} may not use the share {share.share}",
                "give the user read and write rights to it on the NAS",
            )
        )
        raise _Failed from error
    except SMBResponseException as error:
        missing = error.status == _STATUS_BAD_NETWORK_NAME
        said = f"there is no share {share.share}" if missing else f"the server refuses it ({error.status:#x})"
        told(Check("share", False, said, "correct the name; `smbclient -L` and the NAS list what there is"))
        raise _Failed from error
    told(Check("share", True, f"{share.share} is there"))


def _span(away: timedelta) -> str:
    minutes = int(away.total_seconds()) // 60
    return f"{minutes} minutes" if minutes < 180 else f"{minutes // 60} hours"


def _first(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
