"""Posters of titles: fetched once, kept on disk as they came, drawn in any size without the network."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable
from pathlib import Path
from weakref import WeakValueDictionary

from mediavault_tui.domain.picture import Picture
from mediavault_tui.errors import MetadataError
from mediavault_tui.metadata.images import Images, drawn
from mediavault_tui.services.kept import Kept

MOST = 64 << 20
"""Bytes of posters kept; some 2,000 of them."""
_AGAIN = 300.0
"""Seconds until a poster that did not come is asked for again."""


class Posters:
    """Small pictures of titles."""

    def __init__(
        self,
        folder: Path,
        images: Callable[[], Images] | None,
        *,
        most: int = MOST,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """`images` makes what asks TMDb, at the first poster that is not kept; None: nobody is asked."""
        self._kept = Kept(folder, most=most)
        self._make = images
        self._images: Images | None = None
        self._making = asyncio.Lock()
        self._now = now
        self._failed: dict[str, float] = {}
        self._asking: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        """One lock for each poster, for as long as somebody waits for it."""

    async def poster(self, name: str, *, width: int, height: int) -> Picture | None:
        """Return a poster inside width × height pixels; None without one, whatever the reason."""
        if not name or width < 1 or height < 1:
            return None
        key = hashlib.sha256(name.encode()).hexdigest()[:32]
        async with self._asking.setdefault(key, asyncio.Lock()):
            content = await asyncio.to_thread(self._kept.get, key)
            if content is None:
                content = await self._fetched(name)
                if content is None:
                    return None
                await asyncio.to_thread(self._kept.put, key, content)
        try:
            return await asyncio.to_thread(drawn, content, width, height)
        except MetadataError:
            return None

    async def close(self) -> None:
        """End the connections."""
        if self._images is not None:
            await self._images.close()

    async def _fetched(self, name: str) -> bytes | None:
        if self._make is None or self._now() - self._failed.get(name, -_AGAIN) < _AGAIN:
            return None
        try:
            async with self._making:  # one for all: `close` knows of no other
                if self._images is None:
                    self._images = await asyncio.to_thread(self._make)
            return await self._images.poster(name)
        except MetadataError:
            now = self._now()
            self._failed = {other: at for other, at in self._failed.items() if now - at < _AGAIN}
            self._failed[name] = now
            return None
