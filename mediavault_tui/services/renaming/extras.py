"""What goes along with a film or show that gets another folder: trailers, featurettes, samples, papers.

Extras are files of the inventory, so each gets an act of its own, in the same batch. Papers (`tvshow.nfo`,
posters of show and seasons) go with the last file that leaves their folder, and come back with it.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from mediavault_tui.domain.holding import split
from mediavault_tui.domain.model import FileId, MediaFile
from mediavault_tui.domain.rename_plan import Planned, homes_of, is_season, is_show_paper
from mediavault_tui.services.renaming.look import Looks
from mediavault_tui.services.staging.acts import located
from mediavault_tui.store import metadata
from mediavault_tui.store.database import Connection
from mediavault_tui.store.files import media_files


async def extras(conn: Connection, planned: Sequence[Planned]) -> list[tuple[MediaFile, bytes]]:
    """Return the extras of the folders that are left for good, and where each goes.

    A folder in which another film or episode stays, or whose files part, keeps its extras.
    """
    homes = _homes(planned)
    moving = {each.file for each in planned if each.moves}
    found: list[tuple[MediaFile, bytes]] = []
    for old, new in homes.items():
        ids = set(await metadata.files_below(conn, old)) - moving
        files = [located(file) for file in await media_files(conn, sorted(ids))]
        if len(new) == 1 and all(file.identity and file.identity.extra for file in files):
            (own,) = new
            found += [(file, own + file.raw_path[len(old) :]) for file in files]
    return found


async def papers(conn: Connection, looks: Looks, planned: Sequence[Planned]) -> list[Planned]:
    """Return the plans that papers go along with, those added.

    Only from folders that every file leaves, for one other folder; and only where the name is free there.
    """
    moving = {each.file: each for each in planned if each.moves}
    left = {old: next(iter(new)) for old, new in _homes(planned).items() if len(new) == 1}
    for old in list(left):
        if set(await metadata.files_below(conn, old)) - moving.keys():
            del left[old]
    last: dict[bytes, tuple[bytes, FileId]] = {}
    seasons: dict[bytes, set[bytes]] = defaultdict(set)
    for each in moving.values():
        home = homes_of(each)
        if home is None or home[0] not in left:
            continue
        season, new = (split(path)[0] for path in each.moves[0])
        if not is_season(home[0]):
            last[home[0]] = (left[home[0]], each.file)
        if season != home[0] or is_season(home[0]):
            seasons[season].add(new)
            last[season] = (new, each.file)
    changed: dict[FileId, Planned] = {}
    for folder, (new, file) in last.items():
        if len(seasons.get(folder, {new})) > 1 or folder == new:
            continue
        plan = changed.get(file, moving[file])
        going = {origin for each in moving.values() for origin, _ in each.moves}
        names = await asyncio.to_thread(looks.names, folder)
        free = [
            (folder + b"/" + name, new + b"/" + name)
            for name in sorted(names)
            if is_show_paper(name)
            and folder + b"/" + name not in going
            and not await asyncio.to_thread(looks.alike, new, name)
        ]
        if free:
            changed[file] = replace(plan, moves=(*plan.moves, *free))
    return list(changed.values())


def _homes(planned: Sequence[Planned]) -> dict[bytes, set[bytes]]:
    """Return the folders of their own that files leave, and those that they get."""
    homes: dict[bytes, set[bytes]] = defaultdict(set)
    for each in planned:
        if (home := homes_of(each)) is not None:
            homes[home[0]].add(home[1])
    return homes
