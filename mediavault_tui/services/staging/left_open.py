"""Acts that a lost answer left open, dealt with as soon as somebody asks for their files again.

A server that did not answer may be back: nobody has to start the program anew for that.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias, TypeVar

from mediavault_tui.domain.model import FileId, FileState, OperationId, StagedId
from mediavault_tui.services.staging.back import BackOrder
from mediavault_tui.services.staging.batch import StageOrder
from mediavault_tui.services.staging.recovery import Recovery
from mediavault_tui.store import acts, staging
from mediavault_tui.store.database import Connection, Database
from mediavault_tui.store.files import media_files

Item: TypeAlias = "StageOrder | BackOrder | StagedId | tuple[FileId, OperationId]"
"""What is asked for: a stage, a restore, a purge, or that a rename is taken back."""

_Asked = TypeVar("_Asked", bound=Item)


class LeftOpen:
    """Looks, before acts, at what earlier ones on the same files left open."""

    def __init__(self, database: Database, recovery: Recovery) -> None:
        self._database = database
        self._recovery = recovery

    async def take_up(self, asked: Sequence[_Asked]) -> tuple[Sequence[_Asked], list[str]]:
        """Return what of `asked` is still to be done, and a sentence for each act that was dealt with.

        Acts that a live program is at are left to it.
        """
        async with self._database.connection() as conn:
            if not await acts.open_acts(conn):  # nearly always
                return asked, []
            done_before = await _done(conn, asked)
            files = await _files(conn, asked)
        told = await self._recovery.run(only=files)
        if not told:
            return asked, []
        async with self._database.connection() as conn:
            done = await _done(conn, asked) - done_before
        return [item for item in asked if item not in done], told


async def _files(conn: Connection, asked: Sequence[Item]) -> set[FileId]:
    """Return the files that what is asked for concerns, kept copies too."""
    files = {one.file for one in await staging.held(conn, _staged(asked))}
    for item in asked:
        if isinstance(item, StageOrder):
            files |= {item.loser, item.keeper}
        elif isinstance(item, tuple):
            files.add(item[0])
    return files


async def _done(conn: Connection, asked: Sequence[Item]) -> set[Item]:
    """Return what is done already: files that are staged, and held ones that are not held any more."""
    losers = [item.loser for item in asked if isinstance(item, StageOrder)]
    here = {file.id for file in await media_files(conn, losers) if file.state is FileState.STAGED}
    gone = {one.id for one in await staging.held(conn, _staged(asked)) if not one.live}

    def is_done(item: Item) -> bool:
        if isinstance(item, StageOrder):
            return item.loser in here
        return bool(gone.intersection(_staged([item])))

    return set(filter(is_done, asked))


def _staged(asked: Sequence[Item]) -> list[StagedId]:
    """Return the held files that are to be restored or purged."""
    others = [item for item in asked if not isinstance(item, StageOrder | tuple)]
    return [item.staged if isinstance(item, BackOrder) else item for item in others]
