"""How the role `mediavault_reader` logs in: a password derived from the owner's, set as a verifier."""

from __future__ import annotations

import base64
import hashlib
import hmac
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

ROLE = "mediavault_reader"


def derived_password(url: str) -> str | None:
    """Return the role's password for the owner's: every program on this database finds the same one."""
    parts = urlsplit(url)
    owner = unquote(parts.password) if parts.password else dict(parse_qsl(parts.query)).get("password")
    if not owner:
        return None
    return hmac.new(owner.encode(), f"mediavault:{ROLE}:1".encode(), hashlib.sha256).hexdigest()


def reader_url(url: str, password: str | None) -> str:
    """Return the address of the same database for the role."""
    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")[2]
    login = ROLE + (f":{quote(password, safe='')}" if password else "")
    query = [(key, value) for key, value in parse_qsl(parts.query) if key not in ("user", "password")]
    return urlunsplit(parts._replace(netloc=f"{login}@{place}", query=urlencode(query)))


def scram_verifier(password: str, salt: bytes, iterations: int = 4096) -> str:
    """Return what PostgreSQL stores for a password. Source: RFC 5802, section 3; RFC 7677."""
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, iterations)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    salt64, stored64, server64 = (base64.b64encode(part).decode() for part in (salt, stored, server))
    return f"SCRAM-SHA-256${iterations}:{salt64}${stored64}:{server64}"
