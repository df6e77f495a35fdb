"""What a purge would really free: hard links considered, asked of the disk as it is now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from mediavault_tui.domain.library import PurgeForecast
from mediavault_tui.domain.staging import Held
from mediavault_tui.errors import SourceError
from mediavault_tui.sources.base import FoundFile, Source


def forecast(source: Source, held: Sequence[Held]) -> PurgeForecast:
    """Return files and bytes; a file whose other names stay outside frees nothing. Blocks.

    A file that cannot be looked at counts as a file that frees nothing.
    """
    found: list[FoundFile] = []
    for staged in held:
        try:
            found.append(source.stat(staged.staged))
        except SourceError:
            continue
    names = Counter((file.stamp.device, file.stamp.inode) for file in found)
    whole = {
        (file.stamp.device, file.stamp.inode): file.stamp.size
        for file in found
        if file.links <= names[file.stamp.device, file.stamp.inode]
    }
    return PurgeForecast(files=len(held), bytes=sum(whole.values()))
