"""Who may look, and by what: users, sessions, links to one file. Values only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NewType
from uuid import UUID

from mediavault_tui.domain.model import FileId

UserId = NewType("UserId", int)
SessionId = NewType("SessionId", UUID)
"""The `jti` of a session's token: a row of `sessions`."""
LinkId = NewType("LinkId", UUID)
"""A row of `preview_links`."""

LINK_SECONDS = 4 * 3600
"""How long a link works unless told otherwise."""
SESSION_SECONDS = 24 * 3600
"""How long a login lasts."""

SESSION_COOKIE = "mediavault_session"
"""The cookie that holds a session's token, for the sidecar and the front end alike."""


@dataclass(frozen=True, slots=True)
class User:
    """An account. Names are one whatever their case."""

    id: UserId
    name: str
    superuser: bool
    made_at: datetime
    seen_at: datetime | None = None
    """The last login."""


@dataclass(frozen=True, slots=True)
class Session:
    """One login; `client` is what the browser or program called itself."""

    id: SessionId
    user: UserId
    client: str
    made_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class PreviewLink:
    """A link to one file that still works, as the list shows it: without its token."""

    id: LinkId
    file: FileId
    path: str
    made_by: str
    made_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Claims:
    """What a link's token says, once its signature and its row were checked."""

    link: LinkId
    file: FileId
    made_by: str
    expires_at: datetime
