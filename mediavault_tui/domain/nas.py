"""A share of a NAS as a person sets it up and sees it; no password is ever part of these values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mediavault_tui.domain.paths import Share, locate
from mediavault_tui.errors import UsageError

FROM_ENVIRONMENT = "nas:0"
"""The source that NAS_HOST and its siblings stand for, where no row says the same."""


@dataclass(frozen=True, slots=True)
class KnownShare:
    """One share: `source` is what its files have in the inventory ('nas:1').

    `problem` is a sentence if it cannot be used: disabled, no user, a password that cannot be read.
    """

    source: str
    name: str
    host: str
    port: int
    share: str
    username: str
    encrypt: bool = False
    enabled: bool = True
    scan_paths: Sequence[str] = ()
    staging_path: str = ""
    problem: str = ""

    @property
    def names(self) -> Share:
        """What its paths are recognised by."""
        return Share(self.source, self.host, self.share, self.port)

    @property
    def top(self) -> bytes:
        """Its located top folder."""
        return locate(self.source, self.names.top)

    @property
    def staging(self) -> bytes | None:
        """Its located holding folder, if one is set."""
        return locate(self.source, self.staging_path.encode()) if self.staging_path else None

    def __str__(self) -> str:
        port = "" if self.port == 445 else f":{self.port}"
        return f"{self.name} (smb://{self.host}{port}/{self.share})"


@dataclass(frozen=True, slots=True)
class ShareRoom:
    """Bytes on a share: what is free, and all there are."""

    free: int
    total: int


def checked_path(path: str, share: str, what: str) -> str:
    """Return a path of a share as it is stored, `/volume1/videos`; raises UsageError for another share's."""
    steps = [step for step in path.strip().split("/") if step]
    if not steps or any(step in (".", "..") for step in steps) or "\0" in path:
        raise UsageError(f"{what} {path!r} is no folder of a share; write it as /{share}/folder")
    if steps[0].casefold() != share.casefold():
        raise UsageError(
            f"{what} {path!r} is not on the share {share}; write it as /{share}/{'/'.join(steps)}"
        )
    return "/" + "/".join([share, *steps[1:]])
