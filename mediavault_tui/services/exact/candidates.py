"""Which files have equal bytes: size, then head and tail, then everything, in lockstep.

Files of one size are sorted out by their sample; those that still agree are read side by side
and a file is dropped at its first difference, so a full hash comes out only of a file that was
read to its end. No database, no event loop: `services.scanning.scan` calls this in a thread.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from queue import SimpleQueue
from threading import Event, Thread

from mediavault_tui.domain.model import FileStamp
from mediavault_tui.errors import SourceError
from mediavault_tui.probe.hashing import STEP, WHOLE, Interrupted, changed, never, new_buffer, uncounted
from mediavault_tui.probe.wholefiles import CHANGED, hash_whole
from mediavault_tui.services.exact.lockstep import Candidate, Hashed, Piece, compare, take_sample
from mediavault_tui.sources.base import FoundFile, Source
from mediavault_tui.sources.local.errors import renamed
from mediavault_tui.sources.local.source import LocalSource

_BATCH = 128
"""Small files that a reader takes on at a time."""


def hash_candidates(
    source: Source,
    candidates: Iterable[Candidate],
    *,
    readers: int,
    cancelled: Callable[[], bool] = never,
    on_bytes: Callable[[int], None] = uncounted,
) -> Iterator[Hashed]:
    """Read what must be read to tell which candidates are equal; yield each as it is done.

    Candidates of several sizes may come in any order; those alone with their size, empty ones
    and those whose known hashes suffice are not read and do not come back. Two candidates are
    equal exactly if their sizes and content hashes are. Names of one file (device and inode) are
    read once and come back each. Up to 128 KiB the sample is the content, and both come out.

    `readers`: threads that read. `cancelled` is asked by them between two pieces of a file and
    may wait there (a pause); when it says yes the iteration ends soon, half-read files missing.
    `on_bytes` is told the bytes read, in the thread that iterates. Leaving the iteration early
    stops the readers.
    """
    names: dict[FileStamp | bytes, list[FoundFile]] = defaultdict(list)
    sizes: dict[int, list[Candidate]] = defaultdict(list)
    for candidate in candidates:
        same = names[_one_file(candidate.file)]
        same.append(candidate.file)
        if len(same) == 1 and candidate.file.stamp.size:
            sizes[candidate.file.stamp.size].append(candidate)
    for hashed, count in _Crew(source, cancelled).run(_work(sizes), readers):
        if count:
            on_bytes(count)
        for one in hashed:
            for file in names[_one_file(one.file)]:
                yield Hashed(file, one.sample_hash, one.content_hash, one.error)


def _one_file(file: FoundFile) -> FileStamp | bytes:
    """Return what the names of one file have in common; a share without inodes says 0."""
    return file.stamp if file.stamp.inode else file.path


def _work(sizes: dict[int, list[Candidate]]) -> list[list[Candidate]]:
    """Cut the candidates into pieces of work; the last one, the largest, is to be done first.

    Small files need no company while they are read, so they go in order of inode: that is
    roughly their order on a disk.
    """
    groups = {size: group for size, group in sizes.items() if len(group) > 1}
    small = [c for size, group in groups.items() if size <= WHOLE for c in group if c.content_hash is None]
    small.sort(key=lambda c: (c.file.stamp.device, c.file.stamp.inode), reverse=True)
    large = [groups[size] for size in sorted(groups) if size > WHOLE]
    return [small[start : start + _BATCH] for start in range(0, len(small), _BATCH)] + large


def _taken(work: list[list[Candidate]]) -> list[Candidate]:
    """Take the last piece of work, which one thread gets; an empty one if there is none."""
    try:
        return work.pop()
    except IndexError:
        return []


class _Crew:
    """The threads that read, and what they hand back."""

    def __init__(self, source: Source, cancelled: Callable[[], bool]) -> None:
        self._source = source
        self._asked = cancelled
        self._left = Event()
        self._done: SimpleQueue[Piece | BaseException | None] = SimpleQueue()

    def run(self, work: list[list[Candidate]], readers: int) -> Iterator[Piece]:
        """Yield pieces until all work is done or given up; raise what a reader raised."""
        count = min(max(readers, 1), len(work))
        threads = [Thread(target=self._read, args=(work,), name=f"reader-{n + 1}") for n in range(count)]
        running = len(threads)
        try:
            for thread in threads:
                thread.start()
            while running:
                piece = self._done.get()
                if piece is None:
                    running -= 1
                elif isinstance(piece, BaseException):
                    raise piece
                else:
                    yield piece
        finally:
            self._left.set()
            for thread in threads:
                if thread.ident is not None:
                    thread.join()

    def _cancelled(self) -> bool:
        return self._left.is_set() or self._asked()

    def _read(self, work: list[list[Candidate]]) -> None:
        """Be one reader: take pieces of work from the end until there are none."""
        buffer = new_buffer(STEP)
        try:
            while not self._cancelled() and (group := _taken(work)):
                for piece in self._pieces(group, buffer):
                    self._done.put(piece)
        except Interrupted:
            pass  # what was being read is simply not handed back
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that iterates
            self._done.put(error)
        finally:
            self._done.put(None)

    def _pieces(self, group: list[Candidate], buffer: memoryview) -> Iterator[Piece]:
        if group[0].file.stamp.size > WHOLE:
            yield from compare(self._source, group, buffer=buffer, cancelled=self._cancelled)
        elif isinstance(self._source, LocalSource):
            yield self._hash_local(group, buffer)
        else:
            for candidate in group:
                if self._cancelled():
                    raise Interrupted
                yield self._hash_one(candidate.file, buffer)

    def _hash_one(self, file: FoundFile, buffer: memoryview) -> Piece:
        """Hash a small file over any Source."""
        try:
            content = take_sample(self._source, file, buffer)
        except SourceError as error:
            return [Hashed(file, error=error)], 0
        return [Hashed(file, content, content)], file.stamp.size

    def _hash_local(self, group: list[Candidate], buffer: memoryview) -> Piece:
        """Hash small files of this machine, in few system calls."""
        stamps = [(candidate.file.stamp, candidate.file.path) for candidate in group]
        small = [(stamp.device, stamp.inode, stamp.size, stamp.modified_ns, path) for stamp, path in stamps]
        done: list[Hashed] = []
        count = 0
        answers = hash_whole(small, buffer=buffer, cancelled=self._cancelled)
        for candidate, answer in zip(group, answers, strict=False):  # fewer when it was called off
            file = candidate.file
            if isinstance(answer, bytes):
                count += file.stamp.size
                done.append(Hashed(file, answer, answer))
            elif answer == CHANGED:
                done.append(Hashed(file, error=changed(file.path)))
            else:
                done.append(
                    Hashed(file, error=renamed(OSError(answer, os.strerror(answer)), "read", file.path))
                )
        return done, count
