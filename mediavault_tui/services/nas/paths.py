"""The last steps of a connection's test: the folders that are set up, and mounts of the share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from mediavault_tui.domain.checks import Check
from mediavault_tui.domain.nas import KnownShare
from mediavault_tui.domain.paths import Mount
from mediavault_tui.domain.pathtext import display
from mediavault_tui.errors import SourceError, SourceOffline
from mediavault_tui.sources import share_folders
from mediavault_tui.sources.mounted import examine
from mediavault_tui.sources.share_holding import ShareSource, is_folder


def try_paths(
    source: ShareSource, share: KnownShare, mounts: Sequence[Mount], told: Callable[[Check], None]
) -> None:
    """Look at every folder and mount, and tell of each. Blocks."""
    for path in share.scan_paths or (f"/{share.share}",):
        told(_try(f"folder {path}", partial(_listed, source, path)))
    if share.staging_path:
        told(_try(f"holding folder {share.staging_path}", lambda: _above(source, share.staging_path)))
    for mount in mounts:
        told(_try_mount(source, mount))


def _try(what: str, ask: Callable[[], str]) -> Check:
    try:
        return Check(what, True, ask())
    except SourceOffline as error:
        return Check(what, False, str(error), "is the NAS going to sleep, or the network unsteady?")
    except SourceError as error:
        return Check(what, False, str(error), "correct the path, or give the user rights to it on the NAS")


def _try_mount(source: ShareSource, mount: Mount) -> Check:
    """Say whether a mount is the share, and which of the two is faster."""
    what = f"mount {display(mount.folder)}"
    try:
        finding = examine(source, mount)
    except SourceError as error:
        return Check(what, False, str(error), "is the NAS going to sleep, or the network unsteady?")
    remedy = "" if finding.same else "mount the share there, or correct NAS_MOUNTS; scans read over SMB"
    return Check(what, finding.same or mount.unproven, finding.said, remedy)


def _listed(source: share_folders.Lists, path: str) -> str:
    entries = source.list_folder(path.encode())
    return f"{len(entries)} entries can be seen"


def _above(source: share_folders.Lists, path: str) -> str:
    """Look at the folder, or at the nearest one above it: it is made when it is needed first."""
    raw = path.encode()
    while not is_folder(source, raw):
        raw = raw.rpartition(b"/")[0]
        if raw.count(b"/") < 1:
            return "will be made when it is needed"
    source.list_folder(raw)
    return "is there" if raw == path.encode() else "will be made when it is needed"
