"""The walk into the inventory: what is new, changed, moved, back or missing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from mediavault_tui.domain.fenced import Fenced
from mediavault_tui.domain.media import is_mpeg_ts
from mediavault_tui.domain.model import FileStamp, FileState
from mediavault_tui.domain.pathtext import display
from mediavault_tui.errors import SourceError
from mediavault_tui.services.scanning.progress import Meter
from mediavault_tui.services.scanning.walk import Walk
from mediavault_tui.sources.base import Source, WalkError
from mediavault_tui.store import stocktake
from mediavault_tui.store.database import Connection
from mediavault_tui.store.stocktake import Arrival, Moved, Seen

_HEAD = 1024
"""Bytes that show whether a .ts is an MPEG transport stream."""


@dataclass(frozen=True, slots=True)
class Stock:
    """One scan's means for taking stock."""

    conn: Connection
    source: Source
    roots: Sequence[bytes]
    meter: Meter
    protected: Fenced
    """Folders whose files are never staged."""

    async def walk(self, walk: Walk) -> None:
        """Walk, and put everything seen beside the inventory."""

        async def rows() -> AsyncIterator[Seen]:
            async for root, files in walk.batches():
                for file in files:
                    stamp = file.stamp
                    yield (
                        file.path,
                        root,
                        stamp.device,
                        stamp.inode,
                        stamp.size,
                        stamp.modified_ns,
                        file.links,
                        file.path in self.protected,
                    )

        await stocktake.prepare(self.conn)
        await stocktake.copy_seen(self.conn, rows())

    async def compare(self, walk: Walk) -> list[Arrival]:
        """Write down every difference but the new files, and return those."""
        await self._doubt_empty_roots(walk)
        await stocktake.compare(self.conn, self.source.name, self.roots)
        doubtful = await stocktake.doubtful(self.conn)
        proved = await self.prove(doubtful)
        await stocktake.skip(self.conn, [path for path, _ in doubtful if path not in proved])
        async with self.conn.transaction():
            renamed = await self._follow_moves()
            await self._doubt_mounts(walk)
            clean = [root for root in self.roots if root not in walk.offline]
            tally, missing = await stocktake.merge(
                self.conn, self.meter.scan, clean=clean, failed=walk.failed
            )
        self.meter.count(
            new=tally.get("new", 0), changed=tally.get("changed", 0), renamed=renamed, missing=missing
        )
        return await stocktake.arrivals(self.conn)

    async def _doubt_empty_roots(self, walk: Walk) -> None:
        """A folder that lost all its videos at once is rather a share that is not mounted."""
        believed = [root for root in self.roots if root not in walk.offline]
        for root in await stocktake.emptied(self.conn, self.source.name, believed):
            walk.offline.append(root)
            self.meter.error(
                display(root),
                f"{display(root)} holds no video now but did before: perhaps it is not mounted;"
                " nothing below it is counted as missing",
            )

    async def _doubt_mounts(self, walk: Walk) -> None:
        """A device of which nothing is left below a root may be a volume that is not mounted there."""
        for root in (root for root in self.roots if root not in walk.offline):
            for lost in await stocktake.unmounted(self.conn, root):
                folder = lost.path[: lost.path.rfind(b"/")]
                if await asyncio.to_thread(self._stands, folder):
                    continue  # the folder is there: the files were taken out of it
                top = folder
                while (
                    not await asyncio.to_thread(self._stands, above := top[: top.rfind(b"/")])
                    and above > root
                ):
                    top = above
                walk.failed.append(top)
                self.meter.error(
                    display(top),
                    f"The volume below {display(top)} is gone with {lost.files} files: perhaps it is not"
                    " mounted; nothing below it is counted as missing",
                )

    def _stands(self, folder: bytes) -> bool:
        """Return whether the folder exists and holds anything."""
        try:
            return any(self.source.walk(folder, skip=frozenset(), on_error=_unheard))
        except SourceError:
            return False

    async def prove(self, files: Sequence[tuple[bytes, FileStamp]]) -> set[bytes]:
        """Read the heads of files that only their bytes make videos; return those that are, and
        remember those that are not."""
        if not files:
            return set()
        rejected, unread = await asyncio.to_thread(self._judge, files)
        self.meter.count(skipped=len(rejected), bytes_read=_HEAD * len(files))
        await stocktake.reject(self.conn, self.source.name, rejected)
        return {path for path, _ in files} - {path for path, _ in rejected} - set(unread)

    def _judge(
        self, files: Sequence[tuple[bytes, FileStamp]]
    ) -> tuple[list[tuple[bytes, FileStamp]], list[bytes]]:
        rejected: list[tuple[bytes, FileStamp]] = []
        unread: list[bytes] = []
        head = memoryview(bytearray(_HEAD))
        for path, stamp in files:
            try:
                with self.source.open(path) as reader:
                    got = reader.read_into(0, head[: min(_HEAD, stamp.size)])
                if not is_mpeg_ts(bytes(head[:got])):
                    rejected.append((path, stamp))
            except SourceError as error:
                unread.append(path)
                self.meter.error(display(path), str(error))
        return rejected, unread

    async def _follow_moves(self) -> int:
        """Give known files their new names; a known name that still stands makes the new one an alias."""
        candidates = await stocktake.moved(self.conn, self.source.name)
        standing = await asyncio.to_thread(self._still_there, candidates)
        by_id: dict[int, Moved] = {}
        aliases: list[Moved] = []
        for moved, stands in zip(candidates, standing, strict=True):
            if stands or moved.state is FileState.STAGED:
                aliases.append(moved)
            elif moved.id in by_id:
                aliases.append(moved)  # a second new name of one file
            else:
                by_id[moved.id] = moved
        if by_id:
            await stocktake.rename(self.conn, list(by_id.values()))
        if aliases:
            await stocktake.alias(self.conn, aliases)
        return len(by_id)

    def _still_there(self, candidates: Sequence[Moved]) -> list[bool]:
        """Return for each whether its known name still opens that very file."""
        standing = []
        for moved in candidates:
            try:
                self.source.stat(moved.known)
            except SourceError:
                standing.append(False)
            else:
                standing.append(True)
        return standing


def _unheard(_error: WalkError) -> None:
    """Nobody asks why a folder below could not be listed."""
