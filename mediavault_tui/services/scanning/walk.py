"""The first phase: what lies below the roots, and which roots can be believed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Sequence

from mediavault_tui.domain.library import ScanPhase
from mediavault_tui.domain.media import may_be_video
from mediavault_tui.domain.pathtext import display
from mediavault_tui.errors import SourceOffline
from mediavault_tui.services.scanning.progress import Meter
from mediavault_tui.sources.base import FoundFile, Source, WalkError

_HANDED_ON = 4096
"""Files handed from the walking thread to the loop at a time…"""
_AT_LEAST_EVERY = 0.2
"""…or after so many seconds, so that progress is seen on slow shares."""

Found = tuple[bytes, list[FoundFile]]
"""A root and some videos below it (by their names)."""


class Walk:
    """One walk over all roots, in a thread; afterwards it says what can be believed."""

    def __init__(self, source: Source, roots: Sequence[bytes], skip: frozenset[bytes], meter: Meter) -> None:
        self._source = source
        self._roots = roots
        self._skip = skip
        self._meter = meter
        self.failed: list[bytes] = []
        """Folders and files that could not be looked at: nothing below them is known to be gone."""
        self.offline: list[bytes] = []
        """Roots that could not be read, or held nothing at all."""

    async def batches(self) -> AsyncIterator[Found]:
        """Yield the videos in batches, walking on while the last batch is used."""
        self._meter.begin(ScanPhase.WALKING)
        videos = self._videos()
        ahead = asyncio.create_task(asyncio.to_thread(self._pull, videos))
        try:
            while (batch := await ahead) is not None:
                ahead = asyncio.create_task(asyncio.to_thread(self._pull, videos))
                yield batch
        finally:
            # The thread notices a cancelled scan at its next file.
            await asyncio.gather(ahead, return_exceptions=True)

    def _pull(self, videos: Iterator[Found]) -> Found | None:
        """Gather what comes within a moment, from one root."""
        until = time.monotonic() + _AT_LEAST_EVERY
        gathered: Found | None = None
        for root, found in videos:
            if gathered is None:
                gathered = (root, found)
            else:
                gathered[1].extend(found)
            if len(gathered[1]) >= _HANDED_ON or time.monotonic() > until:
                break
        return gathered

    def _videos(self) -> Iterator[Found]:
        for root in self._roots:
            entries = 0
            try:
                for batch in self._source.walk(root, skip=self._skip, on_error=self._note):
                    entries += len(batch)
                    if self._meter.control.stopped():
                        return
                    videos = [file for file in batch if may_be_video(file.path[file.path.rfind(b"/") + 1 :])]
                    size = sum(file.stamp.size for file in videos)
                    self._meter.count(seen=len(videos), bytes_seen=size)
                    last = display(batch[-1].path) if batch else ""
                    self._meter.advance(files=len(videos), bytes=size, current=last)
                    yield root, videos
            except SourceOffline as error:
                self.offline.append(root)
                self._meter.error(display(root), f"{error}; nothing below it is counted as missing")

    def _note(self, error: WalkError) -> None:
        self.failed.append(error.path)
        self._meter.error(display(error.path), error.message)
