"""Paths as the library spells them (`b"/volume1/videos/x.mkv"`) and as the wire does."""

from __future__ import annotations

from mediavault_tui.domain.pathtext import display
from mediavault_tui.errors import CrossVolume, SourceMissing
from mediavault_tui.sources.smb.values import ShareAddress

_NEVER = frozenset('\\:*?"<>|') | {chr(code) for code in range(32)}
"""What no name may hold over SMB; a colon would open another stream of a file."""


def on_the_wire(path: bytes, address: ShareAddress) -> bytes:
    r"""Return `path` as the server takes it: `videos\x.mkv` in UTF-16, empty for the share itself.

    Raises: SourceMissing for what no file there can be called, CrossVolume for another share.
    """
    where = f"on {address.server}"
    top, *steps = path.removeprefix(b"/").rstrip(b"/").split(b"/")
    if not path.startswith(b"/") or top.decode("utf-8", "replace").casefold() != address.share.casefold():
        raise CrossVolume(f"{display(path)} is not on share {address.share} {where}; use that share's source")
    try:
        text = b"\\".join(steps).decode("utf-8", "surrogatepass")
        name = text.encode("utf-16-le", "surrogatepass")
    except UnicodeDecodeError as error:
        raise SourceMissing(f"{display(path)} is no name that {where[3:]} can have; scan again") from error
    for step in steps:
        if step in (b"", b".", b"..") or not _NEVER.isdisjoint(step.decode("utf-8", "surrogatepass")):
            raise SourceMissing(
                f'{display(path)} cannot be a name {where}: SMB allows none of \\ : * ? " < > | in it; '
                "use the name that a listing shows, or choose another"
            )
    return name


def above(path: bytes) -> bytes:
    """Return the folder that holds `path`."""
    return path.rstrip(b"/").rpartition(b"/")[0]
