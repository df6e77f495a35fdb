"""From an address to a signed-in connection: smbprotocol negotiates and signs in, then steps aside.

Its `Connection` starts a thread that receives, whose only limit is ten minutes of silence. Here it
is given a socket of our own, with a deadline, and each answer is received by the one who waits for it.
What comes after signing in is `smb.wire`'s, which takes over the socket.
"""

from __future__ import annotations

import queue
import socket
import struct
import threading
import time
import uuid
from contextlib import suppress
from typing import Any

from smbprotocol.connection import Ciphers, Connection, Dialects, SMB2TransformHeader
from smbprotocol.exceptions import SMBAuthenticationError, SMBException, SMBResponseException
from smbprotocol.header import Commands, NtStatus, Smb2Flags, SMB2HeaderResponse
from smbprotocol.session import Session
from smbprotocol.tree import TreeConnect

from mediavault_tui.errors import SourceDenied, SourceOffline
from mediavault_tui.sources.smb import crypt as smb_crypt
from mediavault_tui.sources.smb.errors import refused
from mediavault_tui.sources.smb.values import ShareAddress
from mediavault_tui.sources.smb.wire import Dropped, Terms

_LONGEST = 1024 * 1024


class _Channel:
    """A connected socket, in the shape that the library asks of its own transport."""

    def __init__(self, sock: socket.socket, deadline_s: float) -> None:
        self.sock = sock
        self.connected = True
        self._until = time.monotonic() + 2 * deadline_s

    def connect(self) -> None:
        """It is connected already."""

    def close(self) -> None:
        self.connected = False
        self.sock.close()

    def send(self, message: Any) -> None:
        """Send a message, which is bytes, or a structure of the library where it is encrypted."""
        data: bytes = message if isinstance(message, bytes) else message.pack()
        self._hurry()
        self.sock.sendall(len(data).to_bytes(4, "big") + data)

    def recv(self) -> bytes:
        """Return the next message; raises OSError, TimeoutError, Dropped."""
        length = int.from_bytes(self._exactly(4), "big")
        if length > _LONGEST:
            raise Dropped("what answers does not speak SMB; check the port")
        return self._exactly(length)

    def _exactly(self, length: int) -> bytes:
        data = b""
        while len(data) < length:
            self._hurry()
            part = self.sock.recv(length - len(data))
            if not part:
                raise Dropped("it closed the connection while signing in")
            data += part
        return data

    def _hurry(self) -> None:
        """All of signing in has two deadlines, one answer has one."""
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self.sock.settimeout(min(left, self.sock.gettimeout() or left))


class _Handshake(Connection):  # type: ignore[misc]  # the library has no types
    """The library's connection on our channel, without its receiving thread."""

    def __init__(self, channel: _Channel, host: str, port: int) -> None:
        self._channel = channel
        super().__init__(uuid.uuid4(), host, port, require_signing=True)

    @property
    def transport(self) -> _Channel:
        return self._channel

    @transport.setter
    def transport(self, _theirs: object) -> None:
        """Ours stays."""

    def _process_message_thread(self) -> None:
        """End the library's thread at once."""

    def receive(
        self, request: Any, wait: bool = True, timeout: float | None = None, resolve_symlinks: bool = True
    ) -> Any:
        """Receive the answer to `request`, the only one that is awaited."""
        while True:
            message = self.transport.recv()
            sealed = message[:4] == b"\xfdSMB"
            if sealed:
                outer = SMB2TransformHeader()
                outer.unpack(message)
                message = self._decrypt(outer)
            header = SMB2HeaderResponse()
            try:
                header.unpack(message)
            except (ValueError, struct.error) as error:
                raise Dropped("what answers does not speak SMB; check the port") from error
            status = header["status"].get_value()
            command = header["command"].get_value()
            message_id = header["message_id"].get_value()
            granted = header["credit_response"].get_value()
            self.sequence_window["high"] += granted or (0 if self.supports_multi_credit else 1)
            if command == Commands.SMB2_NEGOTIATE:
                self.preauth_integrity_hash_value.append(message)
            elif command == Commands.SMB2_SESSION_SETUP:
                if status == NtStatus.STATUS_MORE_PROCESSING_REQUIRED:
                    self.preauth_integrity_session_hash_value[message_id].append(message)
            elif not sealed:
                if status == 0 and not header["flags"].has_flag(Smb2Flags.SMB2_FLAGS_SIGNED):
                    raise SMBException("an answer is not signed")
                self.verify_signature(header, request.session_id)
            if status == NtStatus.STATUS_PENDING:
                continue
            self.outstanding_requests.pop(message_id, None)
            if status != NtStatus.STATUS_SUCCESS:
                raise SMBResponseException(header)
            return header


def sign_in(address: ShareAddress, *, deadline_s: float) -> tuple[socket.socket, Terms]:
    """Connect, negotiate, sign in and connect to the share; return the socket and the terms.

    Raises: Dropped if the server cannot be reached or does not answer, which may pass;
        SourceDenied and SourceOffline for what will not: name, user, password, share, dialect.
    """
    sock = _connected(address, deadline_s)
    try:
        return sock, _signed_in(sock, address, deadline_s)
    except BaseException:
        sock.close()
        raise


def _connected(address: ShareAddress, deadline_s: float) -> socket.socket:
    sock: socket.socket | None = None
    problem: OSError | None = None
    for family, kind, protocol, _, place in _resolved(address, deadline_s):
        sock = socket.socket(family, kind, protocol)
        sock.settimeout(deadline_s)
        try:
            sock.connect(place)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            return sock
        except OSError as error:
            problem = error
            sock.close()
    if isinstance(problem, TimeoutError):
        raise Dropped(f"it does not answer within {deadline_s:g} s") from problem
    if isinstance(problem, ConnectionRefusedError):
        raise Dropped(f"nothing listens at port {address.port}; check the port and that SMB is enabled")
    why = problem.strerror if problem is not None and problem.strerror else "it cannot be reached"
    raise Dropped(why.lower())


def _resolved(address: ShareAddress, deadline_s: float) -> list[Any]:
    """Look the name up, but not for ever: the system's own limit is up to half a minute."""
    answers: queue.SimpleQueue[list[Any] | OSError] = queue.SimpleQueue()

    def look_up() -> None:
        try:
            answers.put(socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            answers.put(error if isinstance(error, OSError) else OSError(str(error)))

    threading.Thread(target=look_up, name=f"look up {address.host}", daemon=True).start()
    try:
        answer = answers.get(timeout=deadline_s)
    except queue.Empty:
        raise Dropped(f"the name {address.host} was not resolved within {deadline_s:g} s") from None
    if isinstance(answer, OSError):
        if getattr(answer, "errno", None) == socket.EAI_AGAIN:
            raise Dropped(f"the name {address.host} cannot be resolved now") from answer
        raise SourceOffline(
            f"cannot reach {address.server}: the name {address.host} does not resolve; "
            "check its spelling, or use the address in numbers"
        ) from answer
    return answer


def _signed_in(sock: socket.socket, address: ShareAddress, deadline_s: float) -> Terms:
    connection = _Handshake(_Channel(sock, deadline_s), address.host, address.port)
    session = Session(connection, address.username, address.password, require_encryption=address.encrypt)
    tree = TreeConnect(session, rf"\\{address.host}\{address.share}")
    try:
        connection.connect(timeout=deadline_s)
        session.connect()
        tree.connect()
    except TimeoutError as error:
        raise Dropped(f"it does not answer within {deadline_s:g} s while signing in") from error
    except OSError as error:
        raise Dropped((error.strerror or "the connection broke").lower()) from error
    except SMBResponseException as error:
        raise refused(error.status, address) from error
    except SMBAuthenticationError as error:
        raise SourceDenied(
            f"cannot sign in to share {address.share} on {address.server}: "
            f"user {address.username or '(none)'} cannot prove itself; correct user and password"
        ) from error
    except SMBException as error:
        raise SourceOffline(
            f"cannot sign in to share {address.share} on {address.server}: no terms were agreed upon "
            f"({_first_sentence(error)}); enable SMB 3 with signing there, and no guests"
        ) from error
    except (ValueError, KeyError, IndexError, struct.error) as error:  # the library's parser, at nonsense
        raise Dropped("what answers does not speak SMB; check the port") from error
    return _terms(connection, session, tree)


def _first_sentence(error: Exception) -> str:
    with suppress(IndexError):
        return str(error).splitlines()[0][:120]
    return type(error).__name__


def _terms(connection: Any, session: Any, tree: Any) -> Terms:
    dialect = connection.dialect
    sealed = bool(session.encrypt_data or tree.encrypt_data)
    algorithm = smb_crypt.HMAC_SHA256
    if dialect >= Dialects.SMB_3_1_1 and connection.signing_algorithm_id is not None:
        algorithm = connection.signing_algorithm_id
    elif dialect >= Dialects.SMB_3_0_0:
        algorithm = smb_crypt.AES_CMAC
    cipher = connection.cipher_id if dialect >= Dialects.SMB_3_1_1 else Ciphers.AES_128_CCM
    sealer = None
    if sealed:
        sealer = smb_crypt.Sealer(
            cipher, session=session.session_id, ours=session.encryption_key, theirs=session.decryption_key
        )
    multi = bool(connection.supports_multi_credit)
    most = 1024 * 1024 if multi else 65536
    window = connection.sequence_window
    return Terms(
        session=session.session_id,
        tree=tree.tree_connect_id,
        sign=None if sealed else smb_crypt.signer(algorithm, session.signing_key),
        sealer=sealer,
        multi_credit=multi,
        most_read=min(most, connection.max_read_size),
        most_write=min(most, connection.max_write_size),
        most_listed=min(most, connection.max_transact_size),
        message_id=window["low"],
        credits=window["high"] - window["low"],
    )
