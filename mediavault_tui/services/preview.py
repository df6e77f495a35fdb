"""Links to one file for a while: signed, bound to file, maker and end, listed, revocable.

A token is 48 bytes as 64 letters: the link's id, the file's, the second at which it ends,
and 16 bytes of HMAC-SHA256 over them. The key is used for nothing else, so a link is no
login and a login no link. The row in `preview_links` decides whether it was revoked.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import struct
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from mediavault_tui.domain.accounts import LINK_SECONDS, Claims, LinkId, PreviewLink, User
from mediavault_tui.domain.model import FileId
from mediavault_tui.errors import Denied, UsageError
from mediavault_tui.services.keys import derived
from mediavault_tui.store import accounts as store
from mediavault_tui.store.database import Database

_BODY = struct.Struct(">16sqq")
_MAC = 16
_LETTERS = 64


@dataclass(frozen=True, slots=True)
class MadeLink:
    """A link as it is handed to its maker; its token is shown here and never again."""

    id: LinkId
    file: FileId
    token: str
    expires_at: datetime
    base_url: str

    def __repr__(self) -> str:
        return f"MadeLink({self.id}, file {self.file})"

    def url(self, path: str) -> str:
        """Return an address below `base_url` with the token: `url("/watch/7")`."""
        return f"{self.base_url}{path}?t={self.token}"

    @property
    def stream_url(self) -> str:
        """What mpv and VLC open."""
        return self.url(f"/api/media/stream/{self.file}")


class PreviewLinks:
    """Makes, checks, lists and revokes links."""

    def __init__(
        self,
        database: Database,
        secret: bytes,
        *,
        base_url: str,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`secret`: `keys.signing_secret`; `base_url`: PUBLIC_BASE_URL, else the sidecar's own address."""
        self._database = database
        self._key = derived(secret, "link")
        self._base_url = base_url.rstrip("/")
        self._now = now

    async def make(
        self, file: FileId, *, who: str, user: User | None = None, seconds: float = LINK_SECONDS
    ) -> MadeLink:
        """Make a link to `file` in the name of `who`, which works for so many seconds.

        Raises: UsageError for an unknown file; DatabaseError.
        """
        async with self._database.transaction() as conn:
            made = await store.add_link(
                conn, file, user=user.id if user else None, made_by=who, seconds=seconds
            )
        if made is None:
            raise UsageError(f"The library has no file {file}; scan again")
        link, ends = made
        body = _BODY.pack(link.bytes, file, ends)
        token = base64.urlsafe_b64encode(body + self._mac(body)).decode()
        return MadeLink(link, file, token, datetime.fromtimestamp(ends, UTC), self._base_url)

    async def check(self, token: str, file: FileId) -> Claims:
        """Return what the token claims if it is ours, for this very file, and neither over nor revoked.

        Raises: Denied, always with the same sentence; DatabaseError.
        """
        link, ends = self.read(token, file)
        async with self._database.connection() as conn:
            made_by = await store.link_made_by(conn, link, file)
        if made_by is None:
            raise _no_more()
        return Claims(link, file, made_by, datetime.fromtimestamp(ends, UTC))

    def read(self, token: str, file: FileId) -> tuple[LinkId, int]:
        """Return a token's link and end by its signature alone. Raises: Denied."""
        try:
            raw = base64.b64decode(token, altchars=b"-_", validate=True) if len(token) == _LETTERS else b""
        except (binascii.Error, ValueError):
            raw = b""
        body, mac = raw[: _BODY.size], raw[_BODY.size :]
        if len(raw) != _BODY.size + _MAC or not hmac.compare_digest(mac, self._mac(body)):
            raise _no_more()
        link, of_file, ends = _BODY.unpack(body)
        if of_file != file or ends <= self._now().timestamp():
            raise _no_more()
        return LinkId(UUID(bytes=link)), ends

    def over(self, claims: Claims) -> bool:
        """Return whether a link that was checked before has ended since."""
        return claims.expires_at <= self._now()

    async def live(self, *, limit: int = 200, made_by: str | None = None) -> list[PreviewLink]:
        """Return the links that still work, newest first; of everybody or of one maker."""
        async with self._database.connection() as conn:
            return await store.links(conn, limit=limit, made_by=made_by)

    async def revoke(self, link: LinkId, *, made_by: str | None = None) -> bool:
        """Make a link useless at once, of everybody or of one maker; False if it was so, or is another's."""
        async with self._database.transaction() as conn:
            return await store.revoke_link(conn, link, made_by=made_by)

    def _mac(self, body: bytes) -> bytes:
        return hmac.new(self._key, body, hashlib.sha256).digest()[:_MAC]


def _no_more() -> Denied:
    return Denied("This link does not open this file, or no more; ask for a new one")
