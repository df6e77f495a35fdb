"""The last look at the disk before anything moves; every function blocks and refuses in a sentence.

How much is read: of the copy that is kept, head and tail (64 KiB each), so that it is known to
be readable at this moment; for exact copies those of both are compared as well. The full
content is read again only when a file goes to another volume, because it is read then anyway:
on one volume nothing is copied, device, inode, size and time prove it is the file that was hashed.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from contextlib import suppress

from mediavault_tui.domain.fenced import Fenced
from mediavault_tui.domain.holding import below, in_date_folder, split
from mediavault_tui.domain.model import FileStamp, MediaFile
from mediavault_tui.domain.paths import place
from mediavault_tui.domain.pathtext import display
from mediavault_tui.domain.staging import Held
from mediavault_tui.errors import Refused, SourceChanged, SourceError, SourceMissing, SourceOffline
from mediavault_tui.probe.hashing import WHOLE, sample_of, sample_pieces
from mediavault_tui.services.staging.looks import same_content, same_file, stamp_if_there, still, unchanged
from mediavault_tui.sources.base import FoundFile
from mediavault_tui.sources.places import Places

_MARK = re.compile(rb"\.mediavault-[0-9a-f]{16}\.mark")
_OLD_NS = 3600 * 1_000_000_000
"""Nanoseconds after which nobody looks for a mark any more: it lives for one look."""


def before_staging(
    source: Places,
    loser: MediaFile,
    keeper: MediaFile,
    *,
    exact: bool,
    holding_top: bytes,
    protected: Sequence[bytes],
    rehearsal: bool = False,
) -> None:
    """Make sure that `loser` may go and `keeper` is a different, readable, unchanged file.

    A `rehearsal` writes nothing, so that it cannot tell a share from a mount of it.
    Raises: Refused for a rule, SourceError for what the disk says.
    """
    in_place(source, loser)
    is_protected = loser.protected or inside(source, loser.raw_path, protected)
    if is_protected:
        raise Refused(f"{loser.path} is in a protected folder")
    for file in (loser, keeper):
        if inside(source, file.raw_path, [holding_top]):
            raise Refused(f"{file.path} lies in the holding folder already")
    here, read = _peek(source, loser, exact=exact)
    if here.device != loser.stamp.device:
        raise SourceChanged(f"{loser.path} is on another volume than when it was scanned; scan again")
    sample = kept_is_safe(source, keeper, apart_from=here)
    if exact:
        if loser.content_hash is None or loser.content_hash != keeper.content_hash:
            raise Refused(f"{loser.path} and {keeper.path} are not known to be equal any more; scan again")
        if read != sample:
            raise SourceChanged(f"{loser.path} and {keeper.path} are not equal any more; scan again")
    if not rehearsal and may_be_one(loser, keeper):
        two_folders(source, loser, keeper)


def may_be_one(loser: MediaFile, keeper: MediaFile) -> bool:
    """Return whether both may be one file: of a share and a mount of it, of a disk and the pool it is in."""
    elsewhere = place(loser.raw_path)[0] != place(keeper.raw_path)[0]
    pooled = loser.stamp.device != keeper.stamp.device  # mergerfs, overlays: one file on two volumes
    return (elsewhere or pooled) and same_content(loser.stamp, keeper.stamp)


def two_folders(source: Places, loser: MediaFile, keeper: MediaFile) -> None:
    """Make sure that two files lie in two folders, by a mark that is made in one and looked for in the other.

    File ids prove nothing between two places: only what one of them does shows in the other. A pool of disks
    may put the mark on another disk than the file is on, so it is made in the other folder too, where that
    may be written to.
    Raises: Refused if both are one folder; SourceError.
    """
    seen = _mark_shows(source, loser, keeper)
    if not seen:
        with suppress(SourceError):
            seen = _mark_shows(source, keeper, loser)
    if seen:
        here = place(loser.raw_path)[0] == place(keeper.raw_path)[0]
        raise Refused(
            f"{display(loser.raw_path)} and {display(keeper.raw_path)} are one file, seen "
            + (
                "through two volumes; scan only one of them"
                if here
                else "here and on a share; set NAS_MOUNTS and scan again"
            )
        )


def _mark_shows(source: Places, here: MediaFile, there: MediaFile) -> bool:
    """Return whether a mark that is made beside one file shows beside the other."""
    name = b".mediavault-%s.mark" % secrets.token_hex(8).encode()
    folder = split(here.raw_path)[0]
    mark = folder + b"/" + name
    source.make_file(mark)
    try:
        seen = source.exists(split(there.raw_path)[0] + b"/" + name)
        _sweep_marks(source, folder, source.stat(mark).stamp)
    finally:
        source.remove_if_there(mark)
    return seen


def _sweep_marks(source: Places, folder: bytes, new: FileStamp) -> None:
    """Remove marks that killed programs left in a folder: ours by name, empty, old beside the `new` one.

    The age is by the clock of whoever keeps the folder. One that resists does no harm and stays.
    """
    for name in source.names_in(folder):
        if not _MARK.fullmatch(name):
            continue
        with suppress(SourceError):
            found = source.stat(folder + b"/" + name).stamp
            if found.size == 0 and found.modified_ns < new.modified_ns - _OLD_NS:
                source.remove(folder + b"/" + name)


def kept_is_safe(source: Places, keeper: MediaFile, *, apart_from: FileStamp) -> bytes:
    """Make sure that the kept copy is there, unchanged, readable and another file; return its sample hash."""
    try:
        in_place(source, keeper)
        stamp, sample = _peek(source, keeper, exact=True)
    except SourceError as error:
        raise Refused(f"the copy to keep is not safe: {error}") from error
    if (stamp.device, stamp.inode) == (apart_from.device, apart_from.inode):
        raise Refused(f"{keeper.path} is the same file under another name; nothing would be left")
    return sample


def kept_stays(source: Places, loser: MediaFile, keeper: MediaFile) -> None:
    """Make sure that the kept copy did not go with `loser`, which has just been moved: raises SourceError.

    Whatever made two paths of one file (a share and a mount of it, a pool of disks, a mount that follows
    links), this shows it. It is opened, because a mount may answer a mere look from memory.
    """
    try:
        found, _data = source.read_pieces(keeper.raw_path, ((0, 1),))
        still(keeper.raw_path, found.stamp, keeper.stamp)
    except SourceError as error:
        raise SourceChanged(
            f"{loser.path} stays: when it was moved, {keeper.path}, the copy to keep, went or changed; both"
            f" may be one file under two paths ({error})"
        ) from error


def _peek(source: Places, file: MediaFile, *, exact: bool) -> tuple[FileStamp, bytes]:
    """Return a file's stamp now and, for an `exact` look, its sample hash; SourceChanged if it changed."""
    if not exact:
        return unchanged(source, file.raw_path, file.stamp), b""
    found, data = source.read_pieces(file.raw_path, sample_pieces(file.size))
    stamp = still(file.raw_path, found.stamp, file.stamp)
    if len(data) != min(file.size, WHOLE):
        raise SourceChanged(f"{file.path} is shorter than it says; scan again")
    return stamp, sample_of(data)


def before_purging(source: Places, staged: Held, keeper: MediaFile) -> FoundFile | None:
    """Make sure that deleting `staged` deletes just that, and that the kept copy is still the one kept.

    Returns the file as it is now; None if somebody has deleted it already: that may be written down.
    Raises: Refused for a rule, SourceError for what the disk says.
    """
    if not in_date_folder(staged.staged, staged.holding):
        raise Refused(f"{display(staged.staged)} is not inside the holding folder {display(staged.holding)}")
    folder, _name = split(staged.staged)
    source.real_folder(folder, top=staged.holding)
    try:
        found = source.stat(staged.staged)
    except SourceMissing:
        gone_for_good(source, staged)
        return None
    if not same_file(found.stamp, staged.stamp):
        raise SourceChanged(
            f"{display(staged.staged)} has changed since it was staged, or its disk was mounted anew;"
            " restore it and stage it again"
        )
    for leg in staged.sidecars:
        assert leg.destination is not None
        if split(leg.destination)[0] != folder:
            raise Refused(f"{display(leg.destination)} is not beside its video")
    if (keeper.size, keeper.stamp.modified_ns) != (staged.keeper_size, staged.keeper_modified_ns):
        raise Refused(
            f"{keeper.path}, kept instead, has changed since; restore this file, or scan and stage it again"
        )
    kept_is_safe(source, keeper, apart_from=found.stamp)
    return found


def gone_for_good(source: Places, staged: Held) -> None:
    """Make sure that a staged file was deleted: not put back, nor out of reach for the moment.

    A copy that was made by hand may have another time than it had, so its size alone is asked for.
    Raises: Refused if it lies there, or where a scan found it; SourceError if nobody can tell now.
    """
    folder, name = split(staged.staged)
    if name in source.names_in(folder):
        raise SourceChanged(f"{display(staged.staged)} comes and goes; scan again")
    if (now := stamp_if_there(source, staged.original)) is None:
        # Only a disk that is there shows that it is not on it.
        way_back(source, staged.original, staged.root, device=staged.original_device)
    elif now.size == staged.stamp.size:
        raise Refused(f"{display(staged.original)} was put back by hand; restore it to have that recorded")
    if (path := seen_elsewhere(source, staged)) is not None:
        raise Refused(_rescued(staged, path))


def seen_elsewhere(source: Places, staged: Held) -> bytes | None:
    """Return where the very file lies that was held, if a scan found it there."""
    for path in staged.seen_at:
        now = stamp_if_there(source, path)
        if now is not None and (now.inode, now.size) == (staged.stamp.inode, staged.stamp.size):
            return path
    return None


def not_held(source: Places, staged: Held) -> SourceMissing:
    """Return what to say of a staged file that is neither held nor where it came from."""
    path = seen_elsewhere(source, staged)
    gone = f"{display(staged.staged)} is not in the holding folder any more"
    return SourceMissing(gone if path is None else _rescued(staged, path))


def _rescued(staged: Held, path: bytes) -> str:
    return f"{display(path)} is the film that was held; move it to {display(staged.original)} and restore it"


def in_place(source: Places, file: MediaFile) -> None:
    """Make sure that a file lies inside its scanned folder and no step to it is a link."""
    if not below(file.raw_path, file.root):
        raise Refused(f"{file.path} is not inside the folder that was scanned")
    source.real_folder(split(file.raw_path)[0], top=file.root)


def mounted(source: Places, path: bytes) -> None:
    """Make sure that no disk is missing at or above `path`; raises SourceOffline.

    Its empty mount point would take files that nobody sees any more when it comes back.
    """
    if (place := source.unmounted(path)) is not None:
        raise SourceOffline(
            f"nothing is mounted at {display(place)}, where {display(path)} belongs; mount it"
        )


def way_back(source: Places, original: bytes, root: bytes, *, device: int | None = None) -> None:
    """Make sure that `original` may be put back: its root is there and no step on the way is a link.

    `device`: of the volume that it came from, if known. An empty folder on another volume than that is taken
    for a mount point whose disk is away.
    Raises: SourceOffline if the scanned folder itself is not there: nothing is made in its place.
    """
    if not source.is_folder(root):
        raise SourceOffline(f"{display(root)} is not there; is its disk mounted?")
    mounted(source, root)
    if device is not None and source.device_if_empty(root) not in (None, device):
        raise SourceOffline(
            f"{display(root)} is empty and on another volume than the file came from; is its disk mounted?"
            " If it is, make any file there and try again"
        )
    if not below(original, root):
        raise Refused(f"{display(original)} is not inside the folder that was scanned")
    folder = split(original)[0]
    while not source.exists(folder):
        folder = split(folder)[0]
    if below(folder, root):
        source.real_folder(folder, top=root)


def inside(source: Places, path: bytes, folders: Sequence[bytes]) -> bool:
    """Judge by where the folders really are, links followed, in whatever spelling."""
    return bool(folders) and source.real(path) in Fenced(map(source.real, folders))
