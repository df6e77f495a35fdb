"""What a server refuses, in one sentence: what, where, and what to do."""

from __future__ import annotations

from mediavault_tui.domain.pathtext import display
from mediavault_tui.errors import (
    CrossVolume,
    SourceBusy,
    SourceChanged,
    SourceDenied,
    SourceError,
    SourceFull,
    SourceMissing,
    SourceOffline,
    SourceTaken,
)
from mediavault_tui.sources.smb.values import ShareAddress

END_OF_FILE = 0xC0000011
NO_MORE_FILES = 0x80000006
NOT_FOUND = frozenset((0xC0000034, 0xC000003A, 0xC000000F, 0xC0000056))
"""No such name, no such folder, no such file, deletion pending."""

_MISSING = (SourceMissing, "it is not there; scan again")
_FULL = (SourceFull, "the volume is full or the quota used up; make room")
_LOCKED = (SourceDenied, "another program has it locked; close it there and try again")
_NOT_ALLOWED = (SourceDenied, "the user {user} may not; check the rights of the share and of the folder")
_NO_NAME = (SourceError, "the server allows no such name; choose another")
_BUSY = (SourceBusy, "the server is out of resources; try again later, or with fewer readers")
_KNOWN: dict[int, tuple[type[SourceError], str]] = {
    **dict.fromkeys(NOT_FOUND, _MISSING),
    0xC0000022: _NOT_ALLOWED,
    0xC0000061: _NOT_ALLOWED,
    0xC0000121: (SourceDenied, "it is read-only; take that attribute away on the server"),
    0xC0000043: _LOCKED,
    0xC0000054: _LOCKED,
    0xC0000055: _LOCKED,
    0xC0000035: (SourceTaken, "the name is in use and nothing is overwritten; choose another"),
    0xC0000101: (SourceTaken, "the name is in use by a folder; choose another"),
    0xC00000BA: (SourceChanged, "it is a folder, not a file; scan again"),
    0xC0000103: (SourceMissing, "it, or a part of its path, is no folder; scan again"),
    0xC00000D4: (CrossVolume, "source and destination are on different volumes; copy instead"),
    0xC000007F: _FULL,
    0xC0000044: _FULL,
    0xC00000A2: (SourceFull, "the share is read-only; share it for writing"),
    0xC0000904: (SourceFull, "the volume takes no file of that size; choose another"),
    0xC0000033: _NO_NAME,
    0xC000003B: _NO_NAME,
    0xC0000106: _NO_NAME,
    0xC000009A: _BUSY,
    0xC000011F: _BUSY,
    0xC00000E9: (SourceError, "the server's disk gave an input/output error; check the disk"),
    0xC0000185: (SourceError, "the server's disk gave an input/output error; check the disk"),
    0x8000002D: (SourceChanged, "it is a symbolic link, and links are not followed; scan again"),
}
_SIGNING_IN: dict[int, tuple[type[SourceError], str]] = {
    0xC000006D: (SourceDenied, "user {user} or its password is wrong; correct them"),
    0xC000006A: (SourceDenied, "the password of user {user} is wrong; correct it"),
    0xC0000064: (SourceDenied, "it knows no user {user}; correct the name or make the user"),
    0xC0000071: (SourceDenied, "the password of user {user} has expired; give it a new one there"),
    0xC0000224: (SourceDenied, "user {user} must change the password there first"),
    0xC0000072: (SourceDenied, "user {user} is disabled there; enable it"),
    0xC0000193: (SourceDenied, "user {user} has expired there; prolong it"),
    0xC0000234: (SourceDenied, "user {user} is locked out there; wait, or unlock it"),
    0xC000006E: (SourceDenied, "it restricts when or from where user {user} may sign in"),
    0xC000006F: (SourceDenied, "user {user} may not sign in at this hour"),
    0xC0000070: (SourceDenied, "user {user} may not sign in from this machine"),
    0xC000015B: (SourceDenied, "user {user} has no right to sign in over the network; grant it"),
    0xC0000133: (SourceDenied, "its clock and ours differ too much; set both by a time server"),
    0xC00000CC: (SourceOffline, "it has no share {share}; check the share's name, or mount its volume there"),
    0xC00000BE: (SourceOffline, "it has no share {share}; check the share's name, or mount its volume there"),
    0xC0000022: (
        SourceDenied,
        "user {user} has no right to share {share}, or it demands encryption; grant it, or set encrypt",
    ),
    0xC00000D0: (SourceOffline, "it takes no more connections; close some"),
    0xC00000BB: (SourceOffline, "it speaks no SMB 2 or newer; enable SMB 2 and 3 there"),
    0xC000009A: (SourceBusy, "it is out of resources; try again later"),
}


def renamed(status: int, doing: str, path: bytes, address: ShareAddress) -> SourceError:
    """Return the SourceError for an NTSTATUS, met while `doing` ("read", "move") to `path`."""
    kind, why = _KNOWN.get(status, (SourceError, f"the server says 0x{status:08X}; look into its log"))
    why = why.format(user=address.username)
    return kind(f"cannot {doing} {display(path)} on {address.server}: {why}")


def refused(status: int, address: ShareAddress) -> SourceError:
    """Return the SourceError for an NTSTATUS, met while signing in."""
    kind, why = _SIGNING_IN.get(
        status, (SourceOffline, f"it refuses with 0x{status:08X}; look into the server's log")
    )
    why = why.format(user=address.username or "(none)", share=address.share)
    return kind(f"cannot sign in to share {address.share} on {address.server}: {why}")


def offline(doing: str, path: bytes, address: ShareAddress, why: str) -> SourceOffline:
    """Return the error for a server that is not there, or not any more."""
    return SourceOffline(
        f"cannot {doing} {display(path)} on {address.server}: {why}; check that it runs and the network works"
    )
