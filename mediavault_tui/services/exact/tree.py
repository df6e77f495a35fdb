"""Byte-identical files of local folders, without a database: what `mediavault exact` runs.

The same proof as `services.exact.candidates`, on the leanest path: one look a file while walking, small
files whole in forked processes, large ones in lockstep in threads. Modules that only large
files need are imported when there are some: start-up is part of the time a person waits.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from mediavault_tui.domain.media import is_mpeg_ts, may_be_video, named_as_held, suffix
from mediavault_tui.errors import SourceOffline, UsageError
from mediavault_tui.probe.hashing import WHOLE, changed
from mediavault_tui.probe.wholefiles import CHANGED, FETCHES_AHEAD, SmallFile, in_memory
from mediavault_tui.services.exact.forked import hash_forked
from mediavault_tui.sources.local.errors import renamed
from mediavault_tui.sources.local.walk import distinct_roots, walk

_ASKED = 16
"""Files asked whether they are in memory, to choose the number of readers."""
_WARM_READERS = 4
_COLD_READERS = 8
_UNKNOWN_READERS = 4


class ExactGroup(NamedTuple):
    """Two or more files of equal bytes; each with all its names (hard links), the first one first."""

    size: int
    content_hash: bytes
    files: list[list[bytes]]

    @property
    def freed(self) -> int:
        """Bytes that all but one file take up."""
        return self.size * (len(self.files) - 1)


class Unread(NamedTuple):
    """A file or folder that could not be read, and the sentence why."""

    path: bytes
    message: str


class ExactReport(NamedTuple):
    """What there is, largest files first, and what it took."""

    groups: list[ExactGroup]
    errors: list[Unread]
    files: int
    bytes_read: int
    left_out: int = 0
    """Files in holding folders: what may be purged tomorrow is no copy to rely on."""


Looked = tuple[int, int, int, int, bytes]
"""Device, inode, size, modification time in ns, path."""
Equal = tuple[bytes, list[Looked]]
"""A content hash and the files, of one size, that have it."""


def find_exact(roots: Sequence[bytes], *, readers: int | None = None, videos: bool = False) -> ExactReport:
    """Find the groups of equal files below `roots`; overlapping roots count once.

    `readers`: files read at once; None: few if they are in memory, more if they are on a disk.
    `videos`: only files that are named as videos (and a `.ts` only if it is MPEG-TS).
    Raises: UsageError if a root is missing, is no folder or cannot be listed.
    """
    errors: list[Unread] = []
    sizes, names, seen, left_out = _look(roots, videos=videos, errors=errors)
    wanted = [group for size, group in sizes.items() if size and len(group) > 1]
    del sizes
    small = [group for group in wanted if group[0][2] <= WHOLE]
    large = [file for group in wanted if group[0][2] > WHOLE for file in group]
    cold = _on_disk(large or [group[0] for group in small])
    crew = readers or _readers_for(cold)
    ahead = FETCHES_AHEAD and cold is not False and readers is None
    equal, read = _compare_small(small, crew, errors, by_inode=cold is not False, ahead=ahead)
    if large:
        equal_large, read_large = _compare_large(large, crew, errors)
        equal, read = equal + equal_large, read + read_large
    del wanted, small, large
    groups: list[ExactGroup] = []
    while equal:  # what was looked at goes as the group comes: both at once would be the peak
        content, members = equal.pop()
        if len(files := _distinct(members, names)) > 1:
            groups.append(ExactGroup(members[0][2], content, files))
    groups.sort(key=lambda group: (-group.size, group.files))
    return ExactReport(groups, errors, seen, read, left_out)


def _look(
    roots: Iterable[bytes], *, videos: bool, errors: list[Unread]
) -> tuple[dict[int, list[Looked]], dict[tuple[int, int], list[bytes]], int, int]:
    """Walk: one entry a file by size, the names of files that have several, the files seen and left out."""
    sizes: dict[int, list[Looked]] = defaultdict(list)
    names: dict[tuple[int, int], list[bytes]] = {}
    devices: dict[int, int] = {}
    seen = left_out = 0
    for root in distinct_roots(roots):
        try:
            for found in walk(root, on_error=lambda path, why: errors.append(Unread(path, why))):
                folder = os.path.dirname(found[0][0])
                if named_as_held(folder) and _is_held(folder):
                    left_out += len(found) - 1  # but for the manifest
                    continue
                for path, looked in found:
                    if videos and not _is_video(path):
                        continue
                    seen += 1
                    if looked.st_nlink > 1:
                        same = names.setdefault((looked.st_dev, looked.st_ino), [])
                        same.append(path)
                        if len(same) > 1:
                            continue
                    same_size = sizes[looked.st_size]
                    # One number for all that have it: 64 bytes a file less.
                    size = same_size[0][2] if same_size else looked.st_size
                    device = devices.setdefault(looked.st_dev, looked.st_dev)
                    same_size.append((device, looked.st_ino, size, looked.st_mtime_ns, path))
        except SourceOffline as error:
            raise UsageError(str(error)) from error
    return sizes, names, seen, left_out


def _is_held(folder: bytes) -> bool:
    """Return whether files are staged in a folder that is named like one that they are staged in."""
    from mediavault_tui.domain.manifest import MANIFEST, is_manifest

    try:
        with open(folder + b"/" + MANIFEST, "rb") as file:
            return is_manifest(file.read())
    except OSError:
        return False


def _is_video(path: bytes) -> bool:
    """Return whether the file is a video by its name, a `.ts` also by its bytes."""
    if not may_be_video(os.path.basename(path)):
        return False
    if suffix(os.path.basename(path)) != b".ts":
        return True
    try:
        with open(path, "rb", buffering=0) as file:
            return is_mpeg_ts(file.read(4 * 192))
    except OSError:
        return True  # whatever is wrong with it is found, and said, when it is to be compared


def _on_disk(files: Sequence[Looked]) -> bool | None:
    """Return whether most files must be fetched from a disk; None if the system does not tell."""
    asked = [in_memory(file[4]) for file in files[:: len(files) // _ASKED + 1]]
    told = [answer for answer in asked if answer is not None]
    return told.count(False) * 2 > len(told) if told else None


def _readers_for(cold: bool | None) -> int:
    """Choose how many files are read at once: a disk wants a queue, memory only the processors."""
    if cold is None:
        return _UNKNOWN_READERS
    return _COLD_READERS if cold else min(_processors(), _WARM_READERS)


def _processors() -> int:
    """Return the processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _compare_small(
    groups: Sequence[Sequence[SmallFile]],
    readers: int,
    errors: list[Unread],
    *,
    by_inode: bool,
    ahead: bool,
) -> tuple[list[Equal], int]:
    """Read groups of one small size each; return what is equal, and the bytes read."""
    files = [file for group in groups for file in group]
    order: Sequence[int] = ()
    if by_inode:  # roughly their order on the disk
        order = sorted(range(len(files)), key=lambda number: files[number][1])
        files = [files[number] for number in order]
    processes = min(readers, _processors(), _WARM_READERS)
    threads = 1 if ahead else -(-readers // processes)
    answers = hash_forked(files, processes=processes, threads=threads, ahead=ahead)
    if by_inode:
        in_order, answers = answers, [CHANGED] * len(answers)
        for number, answer in zip(order, in_order, strict=True):
            answers[number] = answer
        del in_order
    equal: list[Equal] = []
    read = 0
    rest = iter(answers)
    for group in groups:
        alike: dict[bytes, list[Looked]] = defaultdict(list)  # of one size only, and then forgotten
        for file, answer in zip(group, rest, strict=False):  # the next of all the answers
            if isinstance(answer, bytes):
                alike[answer].append(file)
                read += file[2]
            elif answer == CHANGED:
                errors.append(Unread(file[4], str(changed(file[4]))))
            else:
                wrong = renamed(OSError(answer, os.strerror(answer)), "read", file[4])
                errors.append(Unread(file[4], str(wrong)))
        equal += [(content, members) for content, members in alike.items() if len(members) > 1]
    return equal, read


def _compare_large(files: Iterable[Looked], readers: int, errors: list[Unread]) -> tuple[list[Equal], int]:
    """The same for large files of any sizes, in lockstep."""
    from mediavault_tui.domain.model import FileStamp, signed
    from mediavault_tui.services.exact.candidates import hash_candidates
    from mediavault_tui.services.exact.lockstep import Candidate
    from mediavault_tui.sources.base import FoundFile
    from mediavault_tui.sources.local.source import LocalSource

    counts: list[int] = []
    alike: dict[tuple[int, bytes], list[Looked]] = defaultdict(list)
    candidates = (
        Candidate(FoundFile(path, FileStamp(signed(device), signed(inode), size, modified_ns), 1))
        for device, inode, size, modified_ns, path in files
    )
    for hashed in hash_candidates(LocalSource(), candidates, readers=readers, on_bytes=counts.append):
        stamp, path = hashed.file.stamp, hashed.file.path
        if hashed.error is not None:
            errors.append(Unread(path, str(hashed.error)))
        elif hashed.content_hash is not None:
            file = (stamp.device, stamp.inode, stamp.size, stamp.modified_ns, path)
            alike[stamp.size, hashed.content_hash].append(file)
    return [(content, members) for (_, content), members in alike.items() if len(members) > 1], sum(counts)


def _distinct(members: Iterable[Looked], names: dict[tuple[int, int], list[bytes]]) -> list[list[bytes]]:
    """Return the members as files, each with all its names, in order of their first names.

    A folder that is mounted twice shows a file under two paths without any hard link.
    """
    files: dict[tuple[int, int], list[bytes]] = {}
    for device, inode, _size, _modified_ns, path in members:
        same = files.setdefault((device, inode), names.get((device, inode)) or [])
        if path not in same:
            same.append(path)
    return sorted(sorted(same) for same in files.values())
