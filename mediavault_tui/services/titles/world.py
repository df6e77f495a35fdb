"""What the app asks of the world: titles to choose among, posters, what a library lacks."""

from __future__ import annotations

from mediavault_tui.domain.choosing import Key
from mediavault_tui.domain.lacks import BetterCopy, MissingEpisode
from mediavault_tui.domain.picture import Picture
from mediavault_tui.metadata.edge import Edge
from mediavault_tui.services.titles.metadata import Metadata
from mediavault_tui.services.titles.posters import Posters


class World:
    """Titles and posters behind one door that is closed once."""

    def __init__(self, metadata: Metadata, posters: Posters, edge: Edge | None) -> None:
        """`edge` None: nobody is asked, what is kept has to do."""
        self.metadata = metadata
        self.choosing = metadata.choosing
        self.posters = posters
        self._edge = edge

    async def poster(self, title: Key, *, width: int, height: int) -> Picture | None:
        """Return a title's poster; None without one, or while it cannot be had."""
        name = await self.metadata.poster_name(title)
        return await self.posters.poster(name, width=width, height=height)

    async def missing(self, *, limit: int, after: MissingEpisode | None = None) -> list[MissingEpisode]:
        """Return a page of the aired episodes that no file holds."""
        return await self.metadata.missing_episodes(limit=limit, after=after)

    async def better(self, *, limit: int, after: BetterCopy | None = None) -> list[BetterCopy]:
        """Return a page of the files of which a better copy lies elsewhere."""
        return await self.metadata.better_copies(limit=limit, after=after)

    async def close(self) -> None:
        """End the connections."""
        try:
            await self.posters.close()
        finally:
            if self._edge is not None:
                await self._edge.close()
