"""What is mounted where, and which folders of this machine show a share of a NAS.

Source: proc(5), /proc/self/mountinfo; fstab(5); mount.cifs(8), nfs(5). What the list says is
trusted for a name only where SMB itself is mounted (`//host/share`); an NFS export has a path of its own and
proves nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from mediavault_tui.domain.paths import Mount, Share
from mediavault_tui.domain.pathtext import comparable, display

_SMB = (b"cifs", b"smb3", b"smbfs")
_NFS = (b"nfs", b"nfs4")
_ESCAPED = re.compile(rb"\\([0-7]{3})")


def mounts_of(shares: Iterable[Share], mountinfo: bytes) -> list[Mount]:
    """Return the mounts of these shares; those by NFS are `unproven`."""
    shares = tuple(shares)
    found: list[Mount] = []
    for line in mountinfo.splitlines():
        before, mark, after = line.partition(b" - ")
        fields, rest = before.split(b" "), after.split(b" ")
        if not mark or len(fields) < 5 or len(rest) < 3:
            continue
        kind, device, options = rest[0], _plain(rest[1]), rest[2]
        folder = _plain(fields[4])
        for share in shares:
            if kind in _SMB:
                host, _, path = device.replace(b"\\", b"/").lstrip(b"/").partition(b"/")
                if (inside := _inside(share, path, first=True)) is not None and _is(share, host, options):
                    found.append(Mount(folder, inside, share.source))
            elif kind in _NFS:
                host, _, path = device.partition(b":/")
                if (inside := _inside(share, path, first=False)) is not None and _is(share, host, options):
                    found.append(Mount(folder, inside, share.source, unproven=True))
    return found


def points(mountinfo: bytes) -> set[bytes]:
    """Return every folder at which something is mounted."""
    rows = (line.split(b" ") for line in mountinfo.splitlines())
    return {_plain(fields[4]) for fields in rows if len(fields) > 4}


def intended(fstab: bytes) -> list[bytes]:
    """Return the folders at which the system's table wants something to be mounted."""
    rows = (line.split() for line in fstab.splitlines() if not line.lstrip().startswith(b"#"))
    return [_plain(fields[1]) for fields in rows if len(fields) > 1 and fields[1].startswith(b"/")]


def shown_at(mounts: Iterable[Mount], folders: Iterable[bytes]) -> list[bytes]:
    """Return where this machine shows these folders of a share, through mounts that are beyond doubt."""
    shown: list[bytes] = []
    folders = tuple(folders)
    for mount in mounts:
        for folder in () if mount.unproven else folders:
            if folder == mount.path or folder.startswith(mount.path + b"/"):
                shown.append(mount.folder + folder[len(mount.path) :])
            elif mount.path.startswith(folder.rstrip(b"/") + b"/"):
                shown.append(mount.folder)
    return shown


def _plain(field: bytes) -> bytes:
    """Return a field without its escapes: a blank is written as \\040."""
    return _ESCAPED.sub(lambda found: bytes([int(found[1], 8)]), field)


def _is(share: Share, host: bytes, options: bytes) -> bool:
    """Return whether a mount's host, or the address that it was found at, is the share's."""
    wanted = comparable(share.host)
    address = next((option[5:] for option in options.split(b",") if option.startswith(b"addr=")), b"")
    return wanted in (comparable(display(host.strip(b"[]"))), comparable(display(address)))


def _inside(share: Share, path: bytes, *, first: bool) -> bytes | None:
    """Return the share's path that a mounted path shows; NFS may export a share from below other folders."""
    steps = [step for step in path.split(b"/") if step]
    wanted = comparable(share.share)
    for number, step in enumerate(steps[:1] if first else steps):
        if comparable(display(step)) == wanted:
            return b"/".join([share.top, *steps[number + 1 :]])
    return None
