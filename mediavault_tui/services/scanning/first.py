"""The first scan: nothing is known, so everything that the walk meets goes straight into the inventory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass

from mediavault_tui.domain.fenced import Fenced
from mediavault_tui.domain.media import suffix
from mediavault_tui.domain.model import FileStamp
from mediavault_tui.services.scanning.arrive import LOT, Files
from mediavault_tui.services.scanning.lots import NewFile
from mediavault_tui.services.scanning.stock import Stock
from mediavault_tui.services.scanning.walk import Walk
from mediavault_tui.sources.base import FoundFile


@dataclass(frozen=True, slots=True)
class FirstStock:
    """One walk into an empty inventory."""

    stock: Stock

    async def files(self, walk: Walk) -> AsyncGenerator[Files, None]:
        """Yield the videos while the walk goes on; last those that it must see all of first.

        These are names of one file (hard links), which become one row, and files that only
        their bytes make videos.
        """
        linked: dict[FileStamp, list[tuple[bytes, FoundFile]]] = defaultdict(list)
        doubtful: list[tuple[bytes, FoundFile]] = []
        async for root, found in walk.batches():
            sure = []
            for file in found:
                if _linked(file):
                    linked[file.stamp].append((root, file))
                elif _doubtful(file):
                    doubtful.append((root, file))
                else:
                    sure.append(new_file(file, (), self.stock.protected))
            for lot in self._lots(root, sure):
                yield lot
        if self.stock.meter.control.cancelled:
            return
        rest: dict[bytes, list[NewFile]] = defaultdict(list)
        one_each = [sorted(names, key=lambda name: name[1].path) for names in linked.values()]
        doubtful += [names[0] for names in one_each if _doubtful(names[0][1])]
        proved = await self.stock.prove([(file.path, file.stamp) for _, file in doubtful])
        for names in [*one_each, *([alone] for alone in doubtful if not _linked(alone[1]))]:
            root, file = names[0]
            if not _doubtful(file) or file.path in proved:
                aliases = tuple(other.path for _, other in names[1:])
                rest[root].append(new_file(file, aliases, self.stock.protected))
        for root, files in rest.items():
            for lot in self._lots(root, files):
                yield lot

    def _lots(self, root: bytes, files: Sequence[NewFile]) -> list[Files]:
        self.stock.meter.count(new=len(files))
        return [(root, files[at : at + LOT]) for at in range(0, len(files), LOT)]


def _linked(file: FoundFile) -> bool:
    """Return whether the file may have other names; a share without inodes says 0."""
    return file.links > 1 and file.stamp.inode != 0


def _doubtful(file: FoundFile) -> bool:
    """Return whether its ending alone does not make it a video."""
    return suffix(file.path[file.path.rfind(b"/") + 1 :]) == b".ts"


def new_file(file: FoundFile, aliases: tuple[bytes, ...], protected: Fenced) -> NewFile:
    """Return a found file as a worker takes it."""
    path, stamp = file.path, file.stamp
    kept = path in protected
    return (path, stamp.device, stamp.inode, stamp.size, stamp.modified_ns, file.links, aliases, kept)
