"""Give files the names that their titles ask for: a preview first, then acts of the journal."""

from __future__ import annotations

import asyncio
import os
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from mediavault_tui.domain.choosing import Key
from mediavault_tui.domain.holding import folded, split
from mediavault_tui.domain.library import ActResult
from mediavault_tui.domain.model import FileId, FileState, MediaFile, OperationId, StagedId
from mediavault_tui.domain.pathtext import display
from mediavault_tui.domain.rename_plan import Planned, Preview, Reach, is_show_paper
from mediavault_tui.domain.renaming import Pattern, is_work, new_path
from mediavault_tui.domain.world import Title, TitleKind
from mediavault_tui.errors import ReadOnly, Refused, SourceError, UsageError
from mediavault_tui.services.renaming import acts as rename_acts
from mediavault_tui.services.renaming.extras import extras, papers
from mediavault_tui.services.renaming.look import Looks, legs_of
from mediavault_tui.services.staging.acts import Tools, located
from mediavault_tui.services.staging.drafts import Order
from mediavault_tui.services.staging.hold import Running
from mediavault_tui.services.staging.moves import Mover, Step, no_step
from mediavault_tui.services.staging.recovery import Recovery
from mediavault_tui.sources.base import Source
from mediavault_tui.sources.places import as_places
from mediavault_tui.store import metadata
from mediavault_tui.store.database import Connection, Database
from mediavault_tui.store.files import media_files

_PAGE = 500


class Renaming:
    """The service that the command line and the app call. `step` is for tests."""

    def __init__(
        self,
        database: Database,
        source: Source,
        *,
        protected: tuple[Path, ...] = (),
        read_only: bool = False,
        step: Step = no_step,
    ) -> None:
        self._database = database
        self._protected = tuple(os.fsencode(path) for path in protected)
        self._read_only = read_only
        places = as_places(source)
        self._tools = Tools(places, Mover(places, step), step, lambda: datetime.now().astimezone())
        self._recovery = Recovery(database, self._tools)
        self._running = Running()

    async def preview(self, pattern: Pattern, files: Sequence[FileId] | None = None) -> list[Planned]:
        """Return what would be renamed (all files without `files`), by every look at the disk.

        Files that have the right name already are left out. Nothing is changed.
        """
        planned: dict[FileId, Planned] = {}
        looks = Looks(self._tools.source)
        aims: dict[str, str] = {}
        async with self._database.connection() as conn:
            ids = list(files) if files is not None else await self._matched(conn)
            for start in range(0, len(ids), _PAGE):
                page = await media_files(conn, ids[start : start + _PAGE])
                works = dict.fromkeys(key for file in page if (key := _work(file)) is not None)
                titles = {title.key: title for title in await metadata.titles(conn, list(works))}
                for file in page:
                    each = await self._plan(titles, looks, located(file), pattern)
                    if each is not None:
                        planned[file.id] = _first_come(each, aims)
            for file, destination in await extras(conn, list(planned.values())):
                if (each := await self._planned(looks, file, destination)) is not None:
                    planned[file.id] = _first_come(each, aims)
            for each in await papers(conn, looks, list(planned.values())):
                planned[each.file] = _first_come(each, aims)
        return list(planned.values())

    async def show(self, pattern: Pattern, files: Sequence[FileId], reach: Reach = Reach.FILES) -> Preview:
        """Return a preview for people: these files, or all of their seasons or titles."""
        async with self._database.connection() as conn:
            if reach is not Reach.FILES:
                files = await metadata.related_files(conn, files, season=reach is Reach.SEASON)
            about = await metadata.title_of(conn, files)
        planned = sorted(await self.preview(pattern, files), key=lambda each: each.path)
        return Preview(tuple(planned), len(files), about)

    async def rename(self, planned: Sequence[Planned], *, who: str) -> ActResult:
        """Carry out a preview as one batch, which one undo takes back. Raises: Refused when read-only."""
        if self._read_only:
            raise ReadOnly
        return await self._running.finish(self._run(planned, who))

    async def recover(self) -> list[str]:
        """Finish or undo what a crash interrupted; one sentence for each act."""
        return [] if self._read_only else await self._recovery.run()

    async def close(self) -> None:
        """Wait some seconds for the renames that are under way; what takes longer is the next start's."""
        await self._running.close()

    async def named(self, path: bytes) -> list[FileId]:
        """Return the present files at or below a located path. Raises: UsageError if there is none."""
        async with self._database.connection() as conn:
            found = await metadata.files_below(conn, path)
        if not found:
            raise UsageError(f"{display(path)} holds no file of the inventory; scan it first")
        return found

    async def _run(self, planned: Sequence[Planned], who: str) -> ActResult:
        order = Order(str(uuid.uuid4()), who)
        done: list[StagedId] = []
        operations: list[OperationId] = []
        refused = [each.refused for each in planned if each.refused]
        async with self._database.connection() as conn:
            for each in planned:
                if not each.moves:
                    continue
                try:
                    id = await rename_acts.rename(
                        conn,
                        self._tools,
                        each.file,
                        each.moves,
                        order=order,
                        protected=self._protected,
                        reason="named after its title",
                    )
                except (Refused, SourceError, UsageError) as error:
                    refused.append(str(error))
                    continue
                done.append(StagedId(each.file))
                operations.append(id)
        return ActResult(order.batch, tuple(done), tuple(operations), tuple(refused))

    async def _matched(self, conn: Connection) -> list[FileId]:
        return await metadata.sure_files(conn)

    async def _plan(
        self, titles: Mapping[Key, Title], looks: Looks, file: MediaFile, pattern: Pattern
    ) -> Planned | None:
        if file.state is not FileState.PRESENT or not is_work(file):
            return Planned(file.id, file.path, refused=f"{file.path} is no film or episode that is present")
        work = _work(file)
        if work is None:
            why = (
                f"{file.path} is not surely known to TMDb: `mediavault metadata fetch` asks,"
                " `m` in the Inventory or `mediavault metadata match` chooses"
            )
            return Planned(file.id, file.path, refused=why)
        try:
            return await self._planned(looks, file, new_path(file, titles[work], pattern))
        except UsageError as error:
            return Planned(file.id, file.path, refused=str(error))

    async def _planned(self, looks: Looks, file: MediaFile, destination: bytes) -> Planned | None:
        try:
            moves = await asyncio.to_thread(self._moves, looks, file, destination)
        except (Refused, SourceError) as error:
            return Planned(file.id, file.path, refused=str(error))
        return Planned(file.id, file.path, moves) if moves else None

    def _moves(self, looks: Looks, file: MediaFile, destination: bytes) -> tuple[tuple[bytes, bytes], ...]:
        """Return every move that the name asks for, by what is there now; none if it is right. Blocks."""
        destination = looks.spelled(destination, file.root)
        if destination == file.raw_path:
            return ()
        legs = legs_of(self._tools.source, looks, file, destination, papers=True)
        rename_acts.check(self._tools.source, looks, file, legs, self._protected)
        return tuple((leg.source, leg.destination or b"") for leg in legs)


def _work(file: MediaFile) -> Key | None:
    """Return which title a file surely is."""
    return (TitleKind(file.work.kind), file.work.tmdb_id) if file.work is not None else None


def _first_come(each: Planned, aims: dict[str, str]) -> Planned:
    """Let a plan have the names that no plan before it has; without its own name it is refused."""
    free: list[tuple[bytes, bytes]] = []
    for move in each.moves:
        other = aims.setdefault(folded(move[1]), each.path)
        if other == each.path:
            free.append(move)
        elif not is_show_paper(split(move[1])[1]):
            return Planned(each.file, each.path, refused=f"{other} would take the same name")
    return replace(each, moves=tuple(free))
