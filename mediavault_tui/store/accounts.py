"""Users, their sessions, and the links to single files."""

from __future__ import annotations

from uuid import UUID

from mediavault_tui.domain.accounts import LinkId, PreviewLink, Session, SessionId, User, UserId
from mediavault_tui.domain.model import FileId
from mediavault_tui.store.database import Connection
from mediavault_tui.store.locks import Lock
from mediavault_tui.store.sqlfiles import sql

ROWS = {
    "user_add": User,
    "users_all": User,
    "session_user": User,
    "session_add": Session,
    "sessions_of": Session,
    "links_live": PreviewLink,
}


async def claim_registration(conn: Connection) -> bool:
    """Return whether there is no account yet; nobody else can make one before the transaction ends."""
    await conn.execute(sql("users_lock"), Lock.FIRST_USER)
    return not await any_user(conn)


async def any_user(conn: Connection) -> bool:
    """Return whether there is any account."""
    return bool(await conn.fetchval(sql("users_exist")))


async def add_user(conn: Connection, name: str, password_hash: str, *, superuser: bool) -> User | None:
    """Add an account; None if the name is taken."""
    row = await conn.fetchrow(sql("user_add"), name, password_hash, superuser)
    if row is None:
        return None
    user = User(**row)
    await _tell(conn, f"users:{user.id}")
    return user


async def users(conn: Connection) -> list[User]:
    """Return every account, by name."""
    return [User(**row) for row in await conn.fetch(sql("users_all"))]


async def user_with_hash(conn: Connection, name: str) -> tuple[User, str] | None:
    """Return the account of a name with its password's hash; None if there is none."""
    row = await conn.fetchrow(sql("user_by_name"), name)
    if row is None:
        return None
    values = dict(row)
    password_hash: str = values.pop("password_hash")
    return User(**values), password_hash


async def set_password(conn: Connection, user: UserId, password_hash: str) -> None:
    """Give an account another password."""
    await conn.execute(sql("user_password"), user, password_hash)


async def remove_user(conn: Connection, user: UserId) -> None:
    """Remove an account with its sessions and links."""
    await conn.execute(sql("user_remove"), user)
    await _tell(conn, f"users:{user}")


async def add_session(conn: Connection, user: UserId, *, client: str, seconds: float) -> Session:
    """Begin a session and remember the login; what ended long ago is forgotten."""
    await conn.execute(sql("sessions_clear"))
    await conn.execute(sql("user_seen"), user)
    row = await conn.fetchrow(sql("session_add"), user, client, seconds)
    assert row is not None  # an insert returns its row
    return Session(**row)


async def user_of(conn: Connection, session: SessionId) -> User | None:
    """Return whose session this is; None if it ended or never was."""
    row = await conn.fetchrow(sql("session_user"), session)
    return User(**row) if row else None


async def sessions_of(conn: Connection, user: UserId) -> list[Session]:
    """Return the sessions of an account that still hold, newest first."""
    return [Session(**row) for row in await conn.fetch(sql("sessions_of"), user)]


async def revoke_session(conn: Connection, user: UserId, session: SessionId) -> bool:
    """End one session of an account; False if it has none such."""
    ended = await conn.fetchval(sql("session_revoke"), user, session)
    await _tell(conn, f"session:{session}")
    return ended is not None


async def revoke_sessions(conn: Connection, user: UserId, *, but: SessionId | None = None) -> None:
    """End the sessions of an account, all but one if that is given."""
    await conn.execute(sql("sessions_revoke"), user, but)
    await _tell(conn, f"users:{user}")


async def add_link(
    conn: Connection, file: FileId, *, user: UserId | None, made_by: str, seconds: float
) -> tuple[LinkId, int] | None:
    """Add a link; return its id and its end (seconds since 1970), None if there is no such file."""
    await conn.execute(sql("links_clear"))
    row = await conn.fetchrow(sql("link_add"), file, user, made_by, seconds)
    return (LinkId(_uuid(row["id"])), int(row["expires_at"].timestamp())) if row else None


async def link_made_by(conn: Connection, link: LinkId, file: FileId) -> str | None:
    """Return who made a link to this file; None if it works no more."""
    made_by: str | None = await conn.fetchval(sql("link_made_by"), link, file)
    return made_by


async def links(conn: Connection, *, limit: int, made_by: str | None = None) -> list[PreviewLink]:
    """Return the links that still work, newest first."""
    return [PreviewLink(**row) for row in await conn.fetch(sql("links_live"), limit, made_by)]


async def revoke_link(conn: Connection, link: LinkId, *, made_by: str | None = None) -> bool:
    """Make a link useless; False if it was so already, or is not of that maker."""
    ended = await conn.fetchval(sql("link_revoke"), link, made_by)
    await _tell(conn, f"link:{link}")
    return ended is not None


async def _tell(conn: Connection, what: str) -> None:
    """Notify, when the transaction commits, everybody who remembers who may look."""
    await conn.execute(sql("accounts_notice"), what)


def _uuid(value: UUID) -> UUID:
    """Return a plain UUID: the driver's own kind is a subclass with other pickling."""
    return UUID(int=value.int)
