"""Signatures and encryption of SMB2 messages, without copying what is signed.

Source: [MS-SMB2] 3.1.4.1 (signing), 3.1.4.3 (encrypting), 2.2.41 (the header of what is encrypted).
"""

from __future__ import annotations

import hashlib
import hmac
import os
from struct import Struct
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESCCM, AESGCM
from cryptography.hazmat.primitives.cmac import CMAC

HMAC_SHA256, AES_CMAC, AES_GMAC = 0, 1, 2
_CCM = (1, 3)
"""AES-128-CCM and AES-256-CCM; 2 and 4 are GCM."""
_COPIED = 65536
"""Up to so many bytes it is quicker to join the parts than to make a context that takes them one by one."""
TRANSFORM = Struct("<4s16s16sIHHQ")

Part = bytes | bytearray | memoryview


class Forged(Exception):
    """A message does not carry the signature it must have."""


class Sign(Protocol):
    """Return the 16 bytes that sign `parts`, read as one message whose signature is zero."""

    def __call__(self, message_id: int, answer: bool, /, *parts: Part) -> bytes: ...


def signer(algorithm: int, key: bytes) -> Sign:
    """Return how messages of a session are signed."""
    cipher = algorithms.AES(key)
    whole = AESGCM(key)

    def gmac(message_id: int, answer: bool, *parts: Part) -> bytes:
        nonce = message_id.to_bytes(8, "little") + (b"\1\0\0\0" if answer else b"\0\0\0\0")
        if sum(map(len, parts)) <= _COPIED:
            return whole.encrypt(nonce, b"", b"".join(parts))  # nothing encrypted: the tag alone
        encryptor = Cipher(cipher, modes.GCM(nonce)).encryptor()
        for part in parts:
            encryptor.authenticate_additional_data(part)
        encryptor.finalize()
        return encryptor.tag

    def cmac(_message_id: int, _answer: bool, *parts: Part) -> bytes:
        code = CMAC(cipher)
        for part in parts:
            code.update(part)  # type: ignore[arg-type]  # its stub knows bytes only; any buffer is taken
        return code.finalize()

    def sha256(_message_id: int, _answer: bool, *parts: Part) -> bytes:
        code = hmac.new(key, digestmod=hashlib.sha256)
        for part in parts:
            code.update(part)
        return code.digest()[:16]

    return {AES_GMAC: gmac, AES_CMAC: cmac, HMAC_SHA256: sha256}[algorithm]


class Sealer:
    """Encrypts and decrypts the messages of one session."""

    def __init__(self, cipher: int, *, session: int, ours: bytes, theirs: bytes) -> None:
        kind = AESCCM if cipher in _CCM else AESGCM
        self._nonce = 11 if cipher in _CCM else 12
        self._session = session
        self._ours = kind(ours)
        self._theirs = kind(theirs)

    def seal(self, message: bytes) -> bytes:
        """Return `message` encrypted, with its header."""
        nonce = os.urandom(self._nonce)
        header = TRANSFORM.pack(b"\xfdSMB", b"", nonce, len(message), 0, 1, self._session)
        sealed = self._ours.encrypt(nonce, message, header[20:])
        return header[:4] + sealed[-16:] + header[20:] + sealed[:-16]

    def unseal(self, header: bytes, sealed: bytearray) -> bytes:
        """Return what is in `sealed`, which ends with 16 spare bytes; raises Forged."""
        _, signature, nonce, _, _, _, session = TRANSFORM.unpack(header)
        if session != self._session:
            raise Forged("an answer belongs to another session")
        sealed[-16:] = signature
        try:
            return self._theirs.decrypt(nonce[: self._nonce], sealed, header[20:])
        except InvalidTag as error:
            raise Forged("an answer cannot be decrypted") from error
