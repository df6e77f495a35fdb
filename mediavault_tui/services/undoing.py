"""One undo for everything: the newest act of a person that still has an effect, whatever kind it is.

The moments are in the database, so the app after a restart and the command line take the same
act back as the app that did it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from mediavault_tui.domain.library import ActResult
from mediavault_tui.errors import Refused
from mediavault_tui.services.dedupe import Dedupe
from mediavault_tui.services.staging.stage import Stage
from mediavault_tui.services.titles.choosing import Choosing
from mediavault_tui.store.database import Database
from mediavault_tui.store.undoing import Newest, newest


@dataclass(frozen=True, slots=True)
class Undone:
    """What an undo did; `files` is None where none was moved or approved."""

    sentence: str
    files: ActResult | None = None


class Undoing:
    """Takes back acts on files, decisions about groups and choices of titles."""

    def __init__(
        self,
        database: Database,
        *,
        stage: Callable[[], Awaitable[Stage]],
        dedupe: Callable[[], Awaitable[Dedupe]],
        choosing: Callable[[], Awaitable[Choosing]],
    ) -> None:
        """Each service is asked for only when its kind of act is the newest."""
        self._database = database
        self._stage = stage
        self._dedupe = dedupe
        self._choosing = choosing

    async def undo(self, *, who: str) -> Undone:
        """Take the newest act back; pressed again, it goes one act further back.

        Raises: Refused for a purge, and when there is nothing to undo.
        """
        async with self._database.connection() as conn:
            last = await newest(conn, who)
        sentence: str | None = None
        match last:
            case None:
                raise Refused("there is nothing to undo")
            case Newest.FILES:
                result = await (await self._stage()).undo(who=who)
                return Undone(" ".join([*_said(result), *result.refused]), result)
            case Newest.DECISION:
                sentence = await (await self._dedupe()).undo_last_decision(who=who)
            case Newest.CHOICE:
                sentence = await (await self._choosing()).undo(who=who)
                await (await self._dedupe()).refresh()
        if sentence is None:
            raise Refused("the last act was just undone elsewhere; nothing was changed")
        return Undone(sentence)


def _said(result: ActResult) -> list[str]:
    """Return the sentence for what an undo did: only an act with operations moved a file."""
    if not result.done:
        return []
    files = f"{len(result.done)} {'file' if len(result.done) == 1 else 'files'}"
    if not result.operations:
        return [f"Undone: {files} no longer approved."]
    return [f"Undone: {files} moved back."]
