"""The secret that signs sessions and links: JWT_SECRET_KEY, else one made once for this data folder.

Each purpose has a key of its own, derived from it, so that what was signed for one can
never pass for the other.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from contextlib import suppress
from typing import Literal

from mediavault_tui.errors import ConfigError
from mediavault_tui.settings import Settings

SHORTEST = 32
"""Characters of a secret that nobody tries out."""


def signing_secret(settings: Settings) -> bytes:
    """Return the secret; blocks on the disk at its first use.

    Raises: ConfigError for a JWT_SECRET_KEY too short to be one, or a data folder that cannot hold it.
    """
    if settings.jwt_secret_key is not None:
        secret = settings.jwt_secret_key.reveal().encode()
        if len(secret) < SHORTEST:
            raise ConfigError(
                f"JWT_SECRET_KEY has {len(secret)} characters; give it {SHORTEST} or more, or unset it"
            )
        return secret
    place = settings.data_dir.absolute() / "signing.key"
    try:
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not place.exists():
            _make(str(place))
        made = place.read_bytes().strip()
    except OSError as error:
        raise ConfigError(
            f"{place} cannot be used ({error.strerror}); set JWT_SECRET_KEY or MEDIAVAULT_DATA_DIR"
        ) from error
    if len(made) < SHORTEST:
        raise ConfigError(f"{place} holds no key; remove it, and another is made")
    return made


def derived(secret: bytes, purpose: Literal["session", "link"]) -> bytes:
    """Return the key of one purpose: 32 bytes."""
    return hmac.new(secret, f"mediavault {purpose} 1".encode(), hashlib.sha256).digest()


def _make(place: str) -> None:
    """Write a new secret whole, or leave the one that another process made meanwhile."""
    fresh = f"{place}.{secrets.token_hex(8)}"
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_urlsafe(48) + "\n")
        with suppress(FileExistsError):
            os.link(fresh, place)  # never overwrites: whoever is first has made it for all
    finally:
        os.unlink(fresh)
