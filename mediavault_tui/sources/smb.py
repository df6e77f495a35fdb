"""An SMB share as a Source: no mount; deadlines on everything; a drop is mended and work goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from types import TracebackType

from mediavault_tui.sources.base import FoundFile, RangedReader, WalkError


@dataclass(frozen=True, slots=True)
class ShareAddress:
    """Where a share is and who asks; the password never shows in a repr."""

    host: str
    share: str
    username: str
    password: str = field(repr=False)
    port: int = 445
    encrypt: bool = False
    """Insist on encryption; without, it is used where the server asks for it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One name in a folder; `file_id` is 0 where the server has none."""

    name: bytes
    is_folder: bool
    size: int
    modified_ns: int
    file_id: int
    attributes: int
    """[MS-FSCC] 2.6: 0x2 hidden, 0x10 folder, 0x400 reparse point (a link)."""


class SmbSource:
    """`sources.base.Source` over one share; share it freely between threads.

    Paths are `b"/<share>/<path inside>"`.
    """

    def __init__(
        self, name: str, address: ShareAddress, *, deadline_s: float = 10.0, in_flight: int = 4
    ) -> None:
        self.name = name
        self.address = address
        self.bytes_read = 0

    def __enter__(self) -> SmbSource:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; every later call raises SourceOffline."""
        raise NotImplementedError

    def walk(
        self, root: bytes, *, skip: frozenset[bytes], on_error: Callable[[WalkError], None]
    ) -> Iterator[list[FoundFile]]:
        raise NotImplementedError

    def list_folder(self, path: bytes) -> list[Entry]:
        raise NotImplementedError

    def stat(self, path: bytes) -> FoundFile:
        raise NotImplementedError

    def open(self, path: bytes) -> AbstractContextManager[RangedReader]:
        raise NotImplementedError

    def move(self, source: bytes, destination: bytes) -> None:
        raise NotImplementedError

    def remove(self, path: bytes) -> None:
        raise NotImplementedError

    def make_folder(self, path: bytes) -> None:
        raise NotImplementedError

    def free_space(self) -> tuple[int, int]:
        """Return (free, total) bytes of the share's volume, as this user may use them."""
        raise NotImplementedError

    def read_file(self, path: bytes) -> bytes:
        raise NotImplementedError

    def write_file(self, path: bytes, data: bytes, *, replace: bool = False) -> None:
        """Write a small file, whole or not at all; SourceTaken where one is, unless `replace`."""
        raise NotImplementedError
