"""A file of a share, open behind a bridge, for programs that are awaited; all that blocks is in threads."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager

from mediavault_tui.probe.bridge import Bridge
from mediavault_tui.sources.base import Source


@asynccontextmanager
async def bridged(source: Source, path: bytes, *, most: int = 0) -> AsyncIterator[Bridge]:
    """Open a file of a share and serve it on loopback; `most`: bytes that may be read of it."""
    with ExitStack() as stack:
        reader = await asyncio.to_thread(lambda: stack.enter_context(source.open(path)))
        bridge = await asyncio.to_thread(lambda: stack.enter_context(Bridge(reader, most=most)))
        try:
            yield bridge
        finally:
            await asyncio.shield(asyncio.to_thread(stack.close))
