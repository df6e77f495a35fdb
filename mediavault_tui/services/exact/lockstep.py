"""Files of one size, compared over a Source: by sample, then side by side to their first difference."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace

from xxhash import xxh3_128

from mediavault_tui.errors import SourceError
from mediavault_tui.probe.hashing import WHOLE, Interrupted, changed, fill, sample_hash
from mediavault_tui.sources.base import FoundFile, RangedReader, Source

_ABREAST = 32
"""Files open side by side; of more that agree in size and sample each is read through by itself."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file to compare, with what an earlier run learnt of it (while its stamp is the same)."""

    file: FoundFile
    sample_hash: bytes | None = None
    content_hash: bytes | None = None


@dataclass(frozen=True, slots=True)
class Hashed:
    """What reading one candidate came to; each hash is as known now, or None.

    `content_hash` is there only if the file was read to its end, which happens while at least
    one other candidate of its size agrees with it. `error`: it could not be read, or changed;
    then both hashes are None.
    """

    file: FoundFile
    sample_hash: bytes | None = None
    content_hash: bytes | None = None
    error: SourceError | None = None


Piece = tuple[list[Hashed], int]
"""Candidates that are done, and the bytes read for them and others since the last piece."""


class _Reading:
    """A candidate in lockstep: open, and hashed so far."""

    __slots__ = ("candidate", "reader", "state")

    def __init__(self, candidate: Candidate, reader: RangedReader) -> None:
        self.candidate = candidate
        self.reader = reader
        self.state = xxh3_128()

    def finish(self, *, whole: bool) -> Hashed:
        """Return what is known now that no more is read of it: its full hash only if `whole`."""
        file = self.candidate.file
        try:
            check_stamp(self.reader, file)
        except SourceError as error:
            return Hashed(file, error=error)
        return Hashed(file, self.candidate.sample_hash, self.state.digest() if whole else None)


def check_stamp(reader: RangedReader, file: FoundFile) -> None:
    """Raise SourceChanged unless the open file is still the one that was found."""
    if reader.stamp() != file.stamp:
        raise changed(file.path)


def take_sample(source: Source, file: FoundFile, buffer: memoryview) -> bytes:
    """Return the sample hash of the very file that was found; raises SourceError."""
    with source.open(file.path) as reader:
        sample = sample_hash(reader, size=file.stamp.size, buffer=buffer)
        check_stamp(reader, file)
        return sample


def compare(
    source: Source, group: Sequence[Candidate], *, buffer: memoryview, cancelled: Callable[[], bool]
) -> Iterator[Piece]:
    """Read candidates of one size (over 128 KiB) as far as they agree.

    `buffer`: one step's worth of memory, page-aligned. Raises: Interrupted when `cancelled()`.
    """
    alike: dict[bytes, list[Candidate]] = defaultdict(list)
    sampled: set[bytes] = set()
    for candidate in group:
        if candidate.sample_hash is not None:
            alike[candidate.sample_hash].append(candidate)
            continue
        if cancelled():
            raise Interrupted
        try:
            sample = take_sample(source, candidate.file, buffer)
        except SourceError as error:
            yield [Hashed(candidate.file, error=error)], 0
        else:
            sampled.add(candidate.file.path)
            alike[sample].append(replace(candidate, sample_hash=sample))
            yield [], WHOLE
    for members in alike.values():
        unread = [member for member in members if member.content_hash is None]
        known = len(unread) < len(members)
        for member in members:
            if member.file.path in sampled and (len(members) == 1 or member.content_hash is not None):
                yield [Hashed(member.file, member.sample_hash, member.content_hash)], 0
        if known or len(unread) > _ABREAST:
            # An answer of an earlier run can only be compared with a hash of everything.
            for member in unread:
                if len(members) > 1:
                    yield from _read_abreast(source, [member], buffer, cancelled, to_the_end=True)
        elif len(unread) > 1:
            yield from _read_abreast(source, unread, buffer, cancelled, to_the_end=False)


def _read_abreast(
    source: Source,
    members: Sequence[Candidate],
    buffer: memoryview,
    cancelled: Callable[[], bool],
    *,
    to_the_end: bool,
) -> Iterator[Piece]:
    """Read the members step by step; unless `to_the_end`, drop one at its first difference."""
    size = members[0].file.stamp.size
    with ExitStack() as stack:
        opened: list[_Reading] = []
        for member in members:
            try:
                opened.append(_Reading(member, stack.enter_context(source.open(member.file.path))))
            except SourceError as error:
                yield [Hashed(member.file, error=error)], 0
        together = [opened]
        for offset in range(0, size, len(buffer)):
            step = buffer[: size - offset]
            agreeing: list[list[_Reading]] = []
            for readings in together:
                parts: dict[bytes, list[_Reading]] = defaultdict(list)
                for reading in readings:
                    if cancelled():
                        raise Interrupted
                    try:
                        fill(reading.reader, offset, step)
                    except SourceError as error:
                        yield [Hashed(reading.candidate.file, error=error)], 0
                        continue
                    reading.state.update(step)
                    parts[reading.state.digest()].append(reading)
                    yield [], len(step)
                for part in parts.values():
                    if to_the_end or len(part) > 1:
                        agreeing.append(part)
                    else:
                        whole = offset + len(step) == size
                        yield [part[0].finish(whole=whole)], 0
            together = agreeing
        yield [reading.finish(whole=True) for readings in together for reading in readings], 0
