"""Passwords at rest: Fernet, with a key that is never in the database.

The key comes from JWT_SECRET_KEY where it is set (two containers then share it), else from a file
of its own, mode 0600, in the data folder. What either key sealed can be opened while it is there.
The ciphers are imported when a password is sealed or opened: most programs start without one.
"""

from __future__ import annotations

import base64
from pathlib import Path
from typing import TYPE_CHECKING

from mediavault_tui.errors import ConfigError
from mediavault_tui.services.key_files import write_once
from mediavault_tui.settings import Secret

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

_KEY_FILE = "nas.key"
_PURPOSE = b"mediavault nas_config password"


class Sealer:
    """Seals and opens short secrets."""

    def __init__(self, data_dir: Path, jwt_secret: Secret | None) -> None:
        self._file = data_dir / _KEY_FILE
        self._jwt_secret = jwt_secret

    def seal(self, secret: Secret) -> bytes:
        """Return `secret` encrypted; makes the key at its first use. Raises: ConfigError."""
        from cryptography.fernet import MultiFernet

        return MultiFernet(self._keys(make=True)).encrypt(secret.reveal().encode())

    def open(self, sealed: bytes) -> Secret | None:
        """Return what was sealed; None if no key that is here opens it."""
        from cryptography.fernet import InvalidToken, MultiFernet

        keys = self._keys(make=False)
        if not keys:
            return None
        try:
            return Secret(MultiFernet(keys).decrypt(bytes(sealed)).decode())
        except (InvalidToken, UnicodeDecodeError):
            return None

    def _keys(self, *, make: bool) -> list[Fernet]:
        from cryptography.fernet import Fernet
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF

        keys = []
        if self._jwt_secret is not None:
            derived = HKDF(SHA256(), 32, None, _PURPOSE).derive(self._jwt_secret.reveal().encode())
            keys.append(Fernet(base64.urlsafe_b64encode(derived)))
        try:
            if make and not keys and not self._file.exists():
                self._file.parent.mkdir(parents=True, exist_ok=True)
                write_once(self._file, Fernet.generate_key())
            if self._file.exists():
                keys.append(Fernet(self._file.read_bytes().strip()))
        except (OSError, ValueError) as error:
            raise ConfigError(
                f"the key {self._file} cannot be used ({error}); restore it, or remove it and enter the"
                " passwords again with `mediavault nas add`"
            ) from error
        return keys
