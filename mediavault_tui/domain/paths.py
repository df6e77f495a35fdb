"""The one name of a file that has many: which machine or share it lies on, and where there.

A file on a NAS is *located* by its source and its path there: `nas:1/volume1/videos/x.mkv`. A
located path of this machine is simply its path. Journal, manifests and holding folders use
located paths, so that no act can mistake one machine's file for another's.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from mediavault_tui.domain.pathtext import comparable, display
from mediavault_tui.errors import UsageError

LOCAL = "local"
"""The source of this machine's own files."""
PLACES = b"places:"
"""Stands above everything: this machine and every share, in the Scanner's browser."""

_LOCATED = re.compile(rb"(nas:\d+)(/.*|$)", re.DOTALL)


def locate(source: str, path: bytes) -> bytes:
    """Return the located form of a source's absolute path."""
    return path if source == LOCAL else source.encode() + path


def place(located: bytes) -> tuple[str, bytes]:
    """Return the source and the path there of a located path; the opposite of `locate`."""
    found = _LOCATED.fullmatch(located)
    return (LOCAL, located) if found is None else (found[1].decode(), found[2] or b"/")


def parent(located: bytes) -> bytes:
    """Return the folder above, as a person walks: above a share, and above `/`, are all places."""
    source, path = place(located)
    if located == PLACES or path.count(b"/") < (1 if source == LOCAL else 2) or path == b"/":
        return PLACES
    above = path.rstrip(b"/").rpartition(b"/")[0]
    return locate(source, above or b"/")


def distinct_folders(folders: Sequence[bytes]) -> list[bytes]:
    """Return the folders without repetitions and without those inside another, in order."""
    kept: list[bytes] = []
    for folder in sorted({folder.rstrip(b"/") or b"/" for folder in folders}, key=len):
        if not any(folder.startswith(above.rstrip(b"/") + b"/") for above in kept):
            kept.append(folder)
    return sorted(kept)


@dataclass(frozen=True, slots=True)
class Share:
    """One share of a NAS and what it is called: `source` is 'nas:1'."""

    source: str
    host: str
    share: str
    port: int = 445

    @property
    def top(self) -> bytes:
        """The share's own path at its source."""
        return b"/" + self.share.encode()

    def same(self, host: str, share: str) -> bool:
        """Return whether these are this share's names; both are compared without their case."""
        return comparable(host) == comparable(self.host) and comparable(share) == comparable(self.share)


@dataclass(frozen=True, slots=True)
class Mount:
    """A folder of this machine that shows a share, or a folder of one: `/mnt/nas` is `/volume1`."""

    folder: bytes
    path: bytes
    source: str = ""
    """Of which share, where two may have the same name; empty for one that a person set by that name."""
    unproven: bool = False
    """It may show another share as well: no name is made of it."""

    @classmethod
    def read(cls, text: str) -> Mount:
        """Read `/mnt/nas-media=volume1`, as the setting NAS_MOUNTS has it. Raises: ValueError."""
        folder, mark, path = text.partition("=")
        if not mark or not folder.startswith("/") or not path.strip("/"):
            raise ValueError(f"{text!r} is not of the form /mnt/nas-media=volume1")
        return cls(folder.rstrip("/").encode(), b"/" + path.strip("/").encode())


@dataclass(frozen=True, slots=True)
class Names:
    """Every share and mount that is known: what turns any spelling into the located path."""

    shares: Sequence[Share] = ()
    mounts: Sequence[Mount] = ()

    def located(self, name: bytes) -> bytes:
        r"""Return the one located path of a file or folder that may be spelled in many ways.

        Understood: `/volume1/x`, `nas:/volume1/x`, `nas:1/volume1/x`, `smb://host[:port]/volume1/x`,
        `\\host\volume1\x`, `//host/volume1/x` of a known host, and paths below a mount. Anything else
        is a path of this machine and comes back as it is.
        Raises: UsageError for a share nobody has set up, an ambiguous one, or a path with `..`.
        """
        if _LOCATED.fullmatch(name):
            source, path = place(name)
            self._known(source, name)
            return locate(source, _steps(path, name))
        if name.startswith(b"nas:/"):
            return self._by_share(name[4:], name, needed=True)
        if name[:6].lower() == b"smb://":
            from urllib.parse import unquote_to_bytes  # `exact` starts without it

            return self._by_host(unquote_to_bytes(name[6:]), name, needed=True)
        if name.startswith(b"\\\\"):
            return self._by_host(name[2:].replace(b"\\", b"/"), name, needed=True)
        if name.startswith(b"//"):
            return self._by_host(name[2:], name, needed=False)
        for mount in sorted(self.mounts, key=lambda mount: -len(mount.folder)):
            if name == mount.folder or name.startswith(mount.folder + b"/"):
                inside = mount.path + name[len(mount.folder) :]
                if mount.source:
                    return locate(mount.source, _steps(inside, name))
                return self._by_share(inside, name, needed=True)
        return self._by_share(name, name, needed=False) if name.startswith(b"/") else name

    def mounted(self, name: bytes) -> bool:
        """Return whether a path of this machine lies below a mount of a share."""
        return any(name == mount.folder or name.startswith(mount.folder + b"/") for mount in self.mounts)

    def _known(self, source: str, name: bytes) -> None:
        if all(share.source != source for share in self.shares):
            raise UsageError(
                f"{display(name)}: there is no {source}; `mediavault nas list` shows what there is"
            )

    def _by_share(self, path: bytes, name: bytes, *, needed: bool) -> bytes:
        first, _, rest = path.strip(b"/").partition(b"/")
        wanted = comparable(display(first))
        found = [share for share in self.shares if comparable(share.share) == wanted]
        if not found:
            if needed:
                raise UsageError(
                    f"{display(name)}: no share {display(first)} is set up; see `mediavault nas add`"
                )
            return name
        if len(found) > 1:
            several = ", ".join(sorted(f"smb://{share.host}/{share.share}" for share in found))
            raise UsageError(f"{display(name)} is on several machines; say which: {several}")
        return locate(found[0].source, _steps(found[0].top + b"/" + rest, name))

    def _by_host(self, rest: bytes, name: bytes, *, needed: bool) -> bytes:
        host, _, path = rest.partition(b"/")
        host, _, port = host.rpartition(b"@")[2].partition(b":")
        share, _, inside = path.lstrip(b"/").partition(b"/")
        for known in self.shares:
            if known.same(display(host), display(share)) and port in (b"", b"%d" % known.port):
                return locate(known.source, _steps(known.top + b"/" + inside, name))
        if needed or any(comparable(known.host) == comparable(display(host)) for known in self.shares):
            shown = f"{display(host)}/{display(share)}"
            raise UsageError(f"the share {shown} is not set up; see `mediavault nas add`")
        return name


def _steps(path: bytes, name: bytes) -> bytes:
    """Return `path` without empty steps; raises UsageError for one that leaves its share."""
    steps = [step for step in path.split(b"/") if step]
    if any(step in (b".", b"..") or b"\0" in step for step in steps):
        raise UsageError(f"{display(name)} has `.` or `..` in it; write the path as it is")
    return b"/" + b"/".join(steps)
