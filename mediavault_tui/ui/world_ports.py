"""What the views of titles, and of what is lacking, ask of the services layer.

Apart from the views themselves, which are imported when somebody opens one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from mediavault_tui.ui.posters import PosterServices

if TYPE_CHECKING:
    from mediavault_tui.domain.choosing import Asking, Key, Puzzle
    from mediavault_tui.domain.lacks import BetterCopy, MissingEpisode
    from mediavault_tui.domain.model import FileId
    from mediavault_tui.domain.world import Title
    from mediavault_tui.domain.worldmatch import Scored


class TitleServices(PosterServices, Protocol):
    """What this screen asks of the services layer, and all it may ask."""

    async def title_queue(self, *, after: Asking | None = None) -> Sequence[Asking]: ...

    async def puzzle(self, file: FileId) -> Puzzle: ...

    async def find_titles(self, puzzle: Puzzle, text: str) -> Sequence[Scored]: ...

    async def world_title(self, title: Key) -> Title | None: ...

    async def choose_title(self, file: FileId, title: Key | None, *, everywhere: bool = False) -> int: ...

    async def undo(self) -> str: ...


class LackServices(Protocol):
    """What these views ask of the services layer."""

    async def missing_episodes(
        self, *, limit: int, after: MissingEpisode | None = None
    ) -> Sequence[MissingEpisode]: ...

    async def better_copies(self, *, limit: int, after: BetterCopy | None = None) -> Sequence[BetterCopy]: ...
