"""Every source under one roof: each call goes to the machine that a located path names.

`Places` is a `Source` over located paths (`domain.paths.locate`): every path that its methods take or give
is one, and every path that it hands on to a source is plain. It does what a holding
folder needs beside that: on this machine with `sources.holding`, on a share with
`sources.share_holding`. A move between two places raises CrossVolume, as between two volumes.

Longer than the habit: a short method for each question that is sent on.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from mediavault_tui.domain.paths import LOCAL, locate, place
from mediavault_tui.domain.pathtext import display
from mediavault_tui.errors import CrossVolume, SourceChanged, SourceOffline
from mediavault_tui.sources import holding, share_copy, share_holding
from mediavault_tui.sources.base import FoundFile, RangedReader, Source, WalkError
from mediavault_tui.sources.local.source import LocalSource, copy_exclusive
from mediavault_tui.sources.share_holding import ShareSource


class Shares(Protocol):
    """Whoever knows the shares: `sources.registry.Registry`, or nobody."""

    def names(self) -> Sequence[str]:
        """Return the sources that can be opened."""
        ...

    def open(self, name: str) -> ShareSource:
        """Return the source of that name; raises SourceOffline if there is none (any more)."""
        ...


class NoShares:
    """There are only this machine's folders."""

    def names(self) -> Sequence[str]:
        """Return nothing."""
        return ()

    def open(self, name: str) -> ShareSource:
        """Refuse: nobody has set up a share."""
        raise SourceOffline(
            f"{name} is not set up here, or was disabled; `mediavault nas list` shows what is"
        )


class Places:
    """This machine and every share, by located paths. Share it freely between threads."""

    name = LOCAL

    def __init__(self, local: Source | None = None, shares: Shares | None = None) -> None:
        self._local: Source = local or LocalSource()
        self._shares = shares or NoShares()

    def steady(self) -> Steady:
        """Return these places as one batch may see them."""
        return Steady(self._local, self._shares)

    def names(self) -> list[str]:
        """Return the sources that there are: this machine, and every share that can be used."""
        return [LOCAL, *self._shares.names()]

    def source(self, name: str) -> Source:
        """Return the source of that name ('local', 'nas:1'), whose paths are plain."""
        return self._local if name == LOCAL else self._shares.open(name)

    def _at(self, located: bytes) -> tuple[Source, bytes]:
        name, path = place(located)
        return self.source(name), path

    def _share(self, located: bytes) -> tuple[ShareSource, bytes] | None:
        """Return the share and the path there; None on this machine."""
        name, path = place(located)
        return None if name == LOCAL else (self._shares.open(name), path)

    def walk(
        self, root: bytes, *, skip: frozenset[bytes], on_error: Callable[[WalkError], None]
    ) -> Iterator[list[FoundFile]]:
        """Yield what lies below a located folder, by located paths."""
        name, path = place(root)
        if name == LOCAL:
            yield from self._local.walk(path, skip=skip, on_error=on_error)
            return
        inside = frozenset(other for where, other in map(place, skip) if where == name)

        def located(error: WalkError) -> None:
            on_error(WalkError(locate(name, error.path), error.message))

        for batch in self.source(name).walk(path, skip=inside, on_error=located):
            yield [FoundFile(locate(name, file.path), file.stamp, file.links) for file in batch]

    def stat(self, path: bytes) -> FoundFile:
        """Look at one file now."""
        source, inside = self._at(path)
        found = source.stat(inside)
        return FoundFile(path, found.stamp, found.links)

    def open(self, path: bytes) -> AbstractContextManager[RangedReader]:
        """Open for ranged reading."""
        source, inside = self._at(path)
        return source.open(inside)

    def move(self, source: bytes, destination: bytes) -> None:
        """Rename within one place, on a share by its server; never overwrites."""
        here, path = self._at(source)
        if place(destination)[0] != place(source)[0]:
            raise CrossVolume("source and destination are on different machines or shares; copy instead")
        here.move(path, place(destination)[1])

    def move_checked(
        self, source: bytes, destination: bytes, check: Callable[[FoundFile], None]
    ) -> FoundFile:
        """Rename a file that `check` let pass at this very moment; return it as it is there.

        `check` raises to refuse. On a share the file that is renamed is the very one that was looked at. On
        this machine another may have taken its place: then that one is put back (SourceChanged). A power
        cut may take the rename back, on this machine, until `settle` was called with both folders.
        """
        here, path = self._at(source)
        if place(destination)[0] != place(source)[0]:
            raise CrossVolume("source and destination are on different machines or shares; copy instead")
        if (share := self._share(source)) is None:
            return _moved_here(here, path, destination, check)
        found = share[0].move_checked(
            path, place(destination)[1], lambda found: check(FoundFile(source, found.stamp, found.links))
        )
        return FoundFile(destination, found.stamp, found.links)

    def remove_checked(self, path: bytes, check: Callable[[FoundFile], None]) -> None:
        """Remove a file that `check` let pass at this very moment; on a share, the very one it looked at.

        `check` raises to refuse. On this machine a power cut may bring the file back until `settle`.
        """
        if (share := self._share(path)) is not None:
            share[0].remove_checked(share[1], lambda found: check(FoundFile(path, found.stamp, found.links)))
            return
        check(self._local.stat(path))
        if isinstance(self._local, LocalSource):
            self._local.unlink(path)
        else:
            self._local.remove(path)

    def settle(self, folders: Iterable[bytes]) -> None:
        """Have what was renamed or removed in these folders last; servers see to it themselves."""
        for folder in folders:
            if place(folder)[0] == LOCAL:
                holding.settle(folder)

    def read_pieces(self, path: bytes, pieces: Sequence[tuple[int, int]]) -> tuple[FoundFile, bytes]:
        """Return a file as it is now, and some pieces (offset, bytes) of that very file, joined."""
        if (share := self._share(path)) is not None:
            found, data = share[0].read_pieces(share[1], pieces)
            return FoundFile(path, found.stamp, found.links), data
        with self._local.open(path) as reader:
            stamp = reader.stamp()
            memory = [memoryview(bytearray(length)) for _, length in pieces]
            read = [
                into[: reader.read_into(offset, into)]
                for (offset, _), into in zip(pieces, memory, strict=True)
            ]
        return FoundFile(path, stamp, 1), b"".join(read)

    def remove(self, path: bytes) -> None:
        """Remove one file."""
        source, inside = self._at(path)
        source.remove(inside)

    def make_folder(self, path: bytes) -> None:
        """Make a folder and its parents."""
        source, inside = self._at(path)
        source.make_folder(inside)

    def real_folder(self, folder: bytes, *, top: bytes) -> None:
        """Make sure that every step from `top` down to `folder` is a folder and no link."""
        if (share := self._share(folder)) is None:
            holding.real_folder(folder, top=top)
        else:
            share_holding.real_folder(share[0], share[1], top=place(top)[1])

    def is_folder(self, path: bytes) -> bool:
        """Return whether a folder can be reached there now; a share that is offline has none."""
        try:
            share = self._share(path)
        except SourceOffline:
            return False
        return holding.is_folder(path) if share is None else share_holding.is_folder(*share)

    def unmounted(self, path: bytes) -> bytes | None:
        """Return the mount point at or above a path of this machine at which nothing is mounted now."""
        return holding.unmounted(path) if place(path)[0] == LOCAL else None

    def device_if_empty(self, folder: bytes) -> int | None:
        """Return the device of an empty folder of this machine; None for any other."""
        return holding.device_if_empty(folder) if place(folder)[0] == LOCAL else None

    def names_in(self, folder: bytes) -> list[bytes]:
        """Return every name in a folder, of whatever kind."""
        share = self._share(folder)
        return holding.names_in(folder) if share is None else share_holding.names_in(*share)

    def exists(self, path: bytes) -> bool:
        """Return whether anything has that name."""
        share = self._share(path)
        return holding.exists(path) if share is None else share_holding.exists(*share)

    def make_file(self, path: bytes) -> None:
        """Make an empty file of our own; raises SourceTaken if the name is in use."""
        if (share := self._share(path)) is None:
            holding.make_file(path)
        else:
            share[0].write_file(share[1], b"")

    def write_new(self, path: bytes, data: bytes) -> None:
        """Make a small file that everybody may read; raises SourceTaken if the name is in use."""
        if (share := self._share(path)) is None:
            holding.write_new(path, data)
        else:
            share[0].write_file(share[1], data)

    def remove_if_there(self, path: bytes) -> None:
        """Remove a file of our own making; its absence is fine."""
        if (share := self._share(path)) is None:
            holding.remove_if_there(path)
        else:
            share_holding.remove_if_there(*share)

    def rewrite_manifest(
        self,
        folder: bytes,
        change: Callable[[Mapping[str, Any] | None], dict[str, Any] | None],
        *,
        step: Callable[[str], None],
    ) -> None:
        """Replace the folder's manifest by what `change` makes of it, whole or not at all."""
        if (share := self._share(folder)) is None:
            holding.rewrite_manifest(folder, change, step=step)
        else:
            share_holding.rewrite_manifest(*share, change, step=step)

    def copy(self, source: bytes, destination: bytes, *, on_chunk: Callable[[memoryview], None]) -> None:
        """Copy one file between places or volumes, durably; never overwrites (SourceTaken)."""
        if place(source)[0] == place(destination)[0] == LOCAL:
            copy_exclusive(source, destination, on_chunk=on_chunk)
            return
        here, path = self._at(source)
        share = self._share(destination)
        if share is None:
            share_copy.to_local(here, path, destination, on_chunk=on_chunk)
        else:
            share_copy.to_share(here, path, *share, on_chunk=on_chunk)

    def real(self, path: bytes) -> bytes:
        """Return where a path really is, links of this machine followed."""
        return os.path.realpath(path) if place(path)[0] == LOCAL else path


def _moved_here(
    source: Source, path: bytes, destination: bytes, check: Callable[[FoundFile], None]
) -> FoundFile:
    before = source.stat(path)
    check(before)
    if isinstance(source, LocalSource):
        source.rename(path, destination)
    else:
        source.move(path, destination)
    try:
        found = source.stat(destination)
    except SourceChanged:  # a link or a folder has taken its place
        found = None
    if found is None or found.stamp != before.stamp:
        source.move(destination, path)
        raise SourceChanged(f"{display(path)} was replaced at this very moment; scan again")
    return found


class Steady(Places):
    """Places for the length of one batch: a folder of a share that was found or made is there until its end.

    Nothing is lost by that: a share opens no file below a folder that is gone, and shows no links. On this
    machine every step is looked at each time, for a folder may become a link.
    """

    def __init__(self, local: Source, shares: Shares) -> None:
        super().__init__(local, shares)
        self._real: set[tuple[bytes, bytes]] = set()
        self._there: set[bytes] = set()
        self._made: set[bytes] = set()

    def is_folder(self, path: bytes) -> bool:
        """Return whether a folder can be reached there; on a share, one that was is not asked for again."""
        if path in self._there:
            return True
        found = super().is_folder(path)
        if found and place(path)[0] != LOCAL:
            self._there.add(path)
        return found

    def make_folder(self, path: bytes) -> None:
        """Make a folder and its parents, once on a share."""
        if path not in self._made:
            super().make_folder(path)
            if place(path)[0] != LOCAL:
                self._made.add(path)

    def real_folder(self, folder: bytes, *, top: bytes) -> None:
        """Make sure, once on a share, that every step down to `folder` is a folder."""
        if (folder, top) not in self._real:
            super().real_folder(folder, top=top)
            if place(folder)[0] != LOCAL:
                self._real.add((folder, top))


def as_places(source: Source) -> Places:
    """Return `source` as places: itself, or as the one source of this machine's files."""
    return source if isinstance(source, Places) else Places(source)
