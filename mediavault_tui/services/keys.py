"""The secret that signs sessions and links: JWT_SECRET_KEY, else one made once for this data folder.

Each purpose has a key of its own, derived from it, so that what was signed for one can
never pass for the other.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import Literal

from mediavault_tui.errors import ConfigError
from mediavault_tui.services.key_files import write_once
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
            write_once(place, f"{secrets.token_urlsafe(48)}\n".encode())
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
