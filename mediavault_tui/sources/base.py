"""What MediaVault asks of a place where bytes live: a local folder, an SMB share.

All calls block; services run them in threads. Paths are raw bytes, absolute, as the
source spells them. Every driver error is renamed to a `SourceError` here at the edge.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import NamedTuple, Protocol, TypeVar

from mediavault_tui.domain.model import FileStamp

Answer = TypeVar("Answer")


class FoundFile(NamedTuple):
    """One regular file that a walk met; `links` is its hard-link count."""

    path: bytes
    stamp: FileStamp
    links: int


@dataclass(frozen=True, slots=True)
class WalkError:
    """A folder that could not be listed, or an entry that could not be looked at."""

    path: bytes
    message: str


class Again(Protocol):
    """Asks until there is an answer, however long the one who gives it is patient."""

    def __call__(self, ask: Callable[[], Answer], /) -> Answer: ...


class RangedReader(Protocol):
    """An open file, read by position; safe to use from several threads at once."""

    path: bytes
    """As it was opened; errors name it."""

    def read_into(self, offset: int, buffer: memoryview) -> int:
        """Fill `buffer` from `offset`; return the bytes read, fewer only at the end."""
        ...

    def stamp(self) -> FileStamp:
        """Return the stamp of the very file that is open."""
        ...


class Source(Protocol):
    """Walk, stat, read a range, move, remove."""

    name: str
    """'local' or 'nas:1': `media_files.source`."""

    def walk(
        self, root: bytes, *, skip: frozenset[bytes], on_error: Callable[[WalkError], None]
    ) -> Iterator[list[FoundFile]]:
        """Yield batches of the regular files below `root`; links are not followed.

        `skip`: absolute folders never entered (staging) in any spelling, beside the names of
        `domain.media.SKIPPED_FOLDERS`. Raises SourceOffline if the root itself is
        missing, is no folder or cannot be listed.
        """
        ...

    def names_in(self, folder: bytes) -> list[bytes]:
        """Return every name in a folder, of whatever kind."""
        ...

    def stat(self, path: bytes) -> FoundFile:
        """Look at one file now, following no link; raises SourceMissing, SourceDenied."""
        ...

    def open(self, path: bytes) -> AbstractContextManager[RangedReader]:
        """Open for ranged reading, following no link."""
        ...

    def move(self, source: bytes, destination: bytes) -> None:
        """Rename within one volume; never overwrites (SourceTaken), makes no folder.

        Raises SourceTaken, SourceFull, SourceMissing; CrossVolume when the volumes differ.
        """
        ...

    def remove(self, path: bytes) -> None:
        """Remove one file; a missing one is SourceMissing."""
        ...

    def make_folder(self, path: bytes) -> None:
        """Make a folder and its parents; an existing one is fine."""
        ...
