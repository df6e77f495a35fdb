"""The plain values of an SMB source: where a share is, what a folder holds, what a file is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

FOLDER = 0x10
REPARSE_POINT = 0x400
"""[MS-FSCC] 2.6: attributes. A reparse point is a link of one kind or another; none is followed."""


@dataclass(frozen=True, slots=True)
class ShareAddress:
    """Where a share is and who asks; the password never shows in a repr."""

    host: str
    share: str
    username: str
    password: str = field(repr=False)
    port: int = 445
    encrypt: bool = False
    """Insist on encryption; without, it is used where the server asks for it."""

    @property
    def server(self) -> str:
        """Return `host:port`, as errors name it."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Entry(NamedTuple):
    """One name in a folder. A tuple, because a large share has a million of them.

    Bytes, nanoseconds since 1970. `file_id` is 0 where the server has none.
    """

    name: bytes
    is_folder: bool
    size: int
    modified_ns: int
    file_id: int
    attributes: int
    """[MS-FSCC] 2.6: 0x2 hidden, 0x10 folder, 0x400 reparse point (a link)."""


@dataclass(frozen=True, slots=True)
class Look:
    """What the server says of one open file or folder; times in ns since 1970."""

    attributes: int
    size: int
    modified_ns: int
    created_ns: int
    file_id: int
    links: int

    def same_file(self, other: Look) -> bool:
        """Return whether both are one file: by file id, else by everything that a rename keeps."""
        if self.file_id and other.file_id:
            return self.file_id == other.file_id
        mine = (self.size, self.modified_ns, self.created_ns)
        return mine == (other.size, other.modified_ns, other.created_ns)
