"""Accounts and logins: Argon2id passwords, a JWT of 24 hours for each login, revocable by its row.

Whoever asks wrongly learns nothing from the answer or its time: an unknown name costs the
same work as a wrong password, and both are one sentence. Hashing runs in threads, two at a
time, because each takes 64 MiB.
"""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import jwt
from argon2 import PasswordHasher, Type
from argon2.exceptions import Argon2Error, InvalidHashError

from mediavault_tui.domain.accounts import SESSION_SECONDS, Session, SessionId, User
from mediavault_tui.errors import Denied, Refused, UsageError
from mediavault_tui.services.keys import derived
from mediavault_tui.store import accounts as store
from mediavault_tui.store.database import Connection, Database

_AUDIENCE = "mediavault"
_SHORTEST, _LONGEST = 10, 1024
_NAME = 64
_CLIENT = 200
_AT_ONCE = 2


@dataclass(frozen=True, slots=True)
class Login:
    """A session that has just begun; its token is shown here and never again."""

    user: User
    session: Session
    token: str

    def __repr__(self) -> str:
        return f"Login({self.user.name!r}, {self.session.id})"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who a session's token stands for."""

    user: User
    session: SessionId


class Accounts:
    """Makes, checks and ends accounts and sessions."""

    def __init__(
        self,
        database: Database,
        secret: bytes,
        *,
        hasher: PasswordHasher | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`secret`: `keys.signing_secret`; `hasher`: tests take a quick one."""
        self._database = database
        self._key = derived(secret, "session")
        self._hasher = hasher or PasswordHasher(type=Type.ID)
        self._now = now
        self._hashing = asyncio.Semaphore(_AT_ONCE)
        self._nobody: str | None = None

    async def exist(self) -> bool:
        """Return whether there is any account: without one, only this machine itself is served."""
        async with self._database.connection() as conn:
            return await store.any_user(conn)

    async def register(self, name: str, password: str) -> User:
        """Make the first account, a superuser; afterwards registration is closed.

        Raises: Refused once there is an account; UsageError for a name or password that will not do.
        """
        name = _good_name(name)
        password_hash = await self._hash(_good_password(password))
        async with self._database.transaction() as conn:
            if not await store.claim_registration(conn):
                raise Refused("Registration is closed; ask an administrator for an account")
            user = await store.add_user(conn, name, password_hash, superuser=True)
        assert user is not None  # there was nobody who could have the name
        return user

    async def add(self, name: str, password: str) -> User:
        """Make an account, as an administrator does; the first one is a superuser.

        Raises: UsageError, also for a name that is taken.
        """
        name = _good_name(name)
        password_hash = await self._hash(_good_password(password))
        async with self._database.transaction() as conn:
            first = await store.claim_registration(conn)
            user = await store.add_user(conn, name, password_hash, superuser=first)
        if user is None:
            raise UsageError(f"There is an account {name} already; choose another name")
        return user

    async def users(self) -> list[User]:
        """Return every account, by name."""
        async with self._database.connection() as conn:
            return await store.users(conn)

    async def remove(self, name: str) -> None:
        """Remove an account with its sessions and links. Raises: UsageError for an unknown name."""
        async with self._database.transaction() as conn:
            await store.remove_user(conn, (await self._known(conn, name)).id)

    async def set_password(self, name: str, password: str) -> None:
        """Give an account another password and end all its sessions. Raises: UsageError."""
        password_hash = await self._hash(_good_password(password))
        async with self._database.transaction() as conn:
            user = await self._known(conn, name)
            await store.set_password(conn, user.id, password_hash)
            await store.revoke_sessions(conn, user.id)

    async def login(self, name: str, password: str, *, client: str = "") -> Login:
        """Begin a session. Raises: Denied, with one sentence for a wrong name and a wrong password."""
        name = unicodedata.normalize("NFC", name.strip())
        async with self._database.connection() as conn:
            found = await store.user_with_hash(conn, name) if _storable(name) else None
        if self._nobody is None:
            self._nobody = await self._hash("nobody has this password")
        fits = await self._fits(found[1] if found else self._nobody, password)
        if found is None or not fits:
            raise Denied("Name and password do not fit; try again")
        user = found[0]
        async with self._database.transaction() as conn:
            session = await store.add_session(
                conn, user.id, client=_plain(client)[:_CLIENT], seconds=SESSION_SECONDS
            )
        token = jwt.encode(
            {
                "sub": str(user.id),
                "jti": str(session.id),
                "aud": _AUDIENCE,
                "iat": session.made_at,
                "exp": session.expires_at,
            },
            self._key,
            algorithm="HS256",
        )
        return Login(user, session, token)

    async def who(self, token: str) -> SignedIn:
        """Return whom a session's token stands for. Raises: Denied; DatabaseError."""
        session = self.read(token)
        async with self._database.connection() as conn:
            user = await store.user_of(conn, session)
        if user is None:
            raise _ended()
        return SignedIn(user, session)

    def read(self, token: str) -> SessionId:
        """Return a token's session by its signature and its end alone. Raises: Denied."""
        try:
            claims = jwt.decode(
                token,
                self._key,
                algorithms=["HS256"],
                audience=_AUDIENCE,
                options={"require": ["exp", "iat", "jti", "sub"], "verify_exp": False, "verify_iat": False},
            )
            if float(claims["exp"]) <= self._now().timestamp():
                raise _ended()
            return SessionId(UUID(claims["jti"]))
        except (jwt.InvalidTokenError, ValueError, TypeError, AttributeError) as error:
            raise _ended() from error

    async def sessions(self, user: User) -> list[Session]:
        """Return the sessions of an account that still hold, newest first."""
        async with self._database.connection() as conn:
            return await store.sessions_of(conn, user.id)

    async def end(self, user: User, session: SessionId) -> bool:
        """End one of a user's sessions; False if it had ended already."""
        async with self._database.transaction() as conn:
            return await store.revoke_session(conn, user.id, session)

    async def end_all(self, user: User, *, but: SessionId | None = None) -> None:
        """End the sessions of a user, all but one if that is given."""
        async with self._database.transaction() as conn:
            await store.revoke_sessions(conn, user.id, but=but)

    async def _known(self, conn: Connection, name: str) -> User:
        found = await store.user_with_hash(conn, name) if _storable(name) else None
        if found is None:
            raise UsageError(f"There is no account {_plain(name)}; see `mediavault users list`")
        return found[0]

    async def _hash(self, password: str) -> str:
        async with self._hashing:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def _fits(self, password_hash: str, password: str) -> bool:
        def verify() -> bool:
            try:
                return self._hasher.verify(password_hash, password[: _LONGEST + 1])
            except (Argon2Error, InvalidHashError, UnicodeEncodeError):
                return False

        async with self._hashing:
            return await asyncio.to_thread(verify)


def _good_name(name: str) -> str:
    name = unicodedata.normalize("NFC", name.strip())
    if not 1 <= len(name) <= _NAME or not name.isprintable():
        raise UsageError(f"A name has 1 to {_NAME} printable characters; choose another")
    return name


def _good_password(password: str) -> str:
    if not _SHORTEST <= len(password) <= _LONGEST or not _storable(password):
        raise UsageError(f"A password has {_SHORTEST} to {_LONGEST} characters; choose a longer one")
    return password


def _storable(text: str) -> bool:
    """Return whether PostgreSQL takes the text: no NUL, no lone surrogates."""
    return not any(sign == "\0" or "\ud800" <= sign <= "\udfff" for sign in text)


def _plain(text: str) -> str:
    return "".join(c for c in text if c.isprintable())


def _ended() -> Denied:
    return Denied("You are not logged in, or no more; log in")
