"""A holding folder's work on a share: what `sources.holding` does on a disk, by the server's means.

The server resolves links of its own and never shows them, so a step that is a link cannot be
told from a folder; what a move moved is compared by the server's file id instead.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from mediavault_tui.domain.manifest import MANIFEST
from mediavault_tui.domain.pathtext import display
from mediavault_tui.errors import SourceChanged, SourceError, SourceMissing
from mediavault_tui.sources.base import Again, FoundFile, Source, WalkError


class Named(Protocol):
    """An entry of a listing, as far as it is looked at here."""

    @property
    def name(self) -> bytes: ...

    @property
    def is_folder(self) -> bool: ...

    @property
    def size(self) -> int: ...

    @property
    def modified_ns(self) -> int: ...


class ShareSource(Source, Protocol):
    """A source on a server: what `sources.smb.source.SmbSource` has beyond a `Source`."""

    @property
    def bytes_read(self) -> int: ...

    def walk(
        self,
        root: bytes,
        *,
        skip: frozenset[bytes],
        on_error: Callable[[WalkError], None],
        again: Again = ...,
    ) -> Iterator[list[FoundFile]]:
        """Walk; `again` asks for a folder whose server was away for long."""
        ...

    def move_checked(
        self, source: bytes, destination: bytes, check: Callable[[FoundFile], None]
    ) -> FoundFile:
        """Rename the very file that `check` let pass; return it as it is there."""
        ...

    def remove_checked(self, path: bytes, check: Callable[[FoundFile], None]) -> None:
        """Remove the very file that `check` let pass."""
        ...

    def read_pieces(self, path: bytes, pieces: Sequence[tuple[int, int]]) -> tuple[FoundFile, bytes]:
        """Return a file, and some pieces (offset, bytes) of that very file, joined."""
        ...

    def list_folder(self, path: bytes) -> Sequence[Named]: ...

    def free_space(self) -> tuple[int, int]: ...

    def write_file(self, path: bytes, data: bytes, *, replace: bool = False) -> None: ...

    def read_file(self, path: bytes) -> bytes: ...

    def write_stream(self, path: bytes, chunks: Iterable[memoryview], *, modified_ns: int) -> None:
        """Write a new file, durably, with that time; raises SourceTaken if the name is in use."""
        ...

    def close(self) -> None: ...


def is_folder(source: Source, path: bytes) -> bool:
    """Return whether a folder can be reached there now."""
    try:
        source.stat(path)
    except SourceChanged:  # it is there, and no regular file
        return True
    except SourceError:
        return False
    return False


def exists(source: Source, path: bytes) -> bool:
    """Return whether anything has that name."""
    try:
        source.stat(path)
    except SourceMissing:
        return False
    except SourceChanged:
        return True
    return True


def names_in(source: ShareSource, folder: bytes) -> list[bytes]:
    """Return every name in a folder, of whatever kind."""
    return [entry.name for entry in source.list_folder(folder)]


def remove_if_there(source: Source, path: bytes) -> None:
    """Remove a file of our own making; its absence is fine."""
    try:
        source.remove(path)
    except SourceMissing:
        return


def real_folder(source: Source, folder: bytes, *, top: bytes) -> None:
    """Make sure that every step from `top` down to `folder` is there and a folder."""
    path = top.rstrip(b"/")
    steps = [step for step in folder[len(path) :].split(b"/") if step]
    for step in [b"", *steps]:
        path += b"/" + step if step else b""
        try:
            source.stat(path)
        except SourceChanged:
            continue
        raise SourceChanged(f"{display(path)} is no folder any more; scan again")


def rewrite_manifest(
    source: ShareSource,
    folder: bytes,
    change: Callable[[Mapping[str, Any] | None], dict[str, Any] | None],
    *,
    step: Callable[[str], None],
) -> None:
    """Replace the folder's manifest; other programs are kept out by whoever calls (`acts.manifest_lock`).

    `change` gets None where there is none, and returns None to remove it. A manifest that
    cannot be read is set aside under a free name, never overwritten.
    """
    path = folder + b"/" + MANIFEST
    document = _read(source, path)
    try:
        revised = change(document)
    except ValueError:
        _set_aside(source, path)
        document, revised = None, change(None)
    if revised == document:
        return
    if revised is None:
        remove_if_there(source, path)
        step("manifest removed")
        return
    source.write_file(path, json.dumps(revised, indent=1, ensure_ascii=True).encode(), replace=True)
    step("manifest in place")


def _read(source: ShareSource, path: bytes) -> dict[str, Any] | None:
    try:
        document = json.loads(source.read_file(path))
    except SourceMissing:
        return None
    except ValueError:  # no JSON, no UTF-8
        return {"files": None}
    return document if isinstance(document, dict) else {"files": None}


def _set_aside(source: ShareSource, path: bytes) -> None:
    number = 1
    while exists(source, aside := path[: -len(b".json")] + b".damaged-%d.json" % number):
        number += 1
    source.move(path, aside)
