"""What goes along with a film or show that gets another folder: its trailers, featurettes, samples.

They are files of the inventory, so each gets an act of its own, in the same batch.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from mediavault_tui.domain.model import MediaFile
from mediavault_tui.domain.rename_plan import Planned, homes_of
from mediavault_tui.services.stage_acts import located
from mediavault_tui.store import metadata
from mediavault_tui.store.database import Connection
from mediavault_tui.store.files import media_files


async def extras(conn: Connection, planned: Sequence[Planned]) -> list[tuple[MediaFile, bytes]]:
    """Return the extras of the folders that are left for good, and where each goes.

    A folder in which another film or episode stays, or whose files part, keeps its extras.
    """
    homes: dict[bytes, set[bytes]] = defaultdict(set)
    for each in planned:
        if (home := homes_of(each)) is not None:
            homes[home[0]].add(home[1])
    moving = {each.file for each in planned if each.moves}
    found: list[tuple[MediaFile, bytes]] = []
    for old, new in homes.items():
        ids = set(await metadata.files_below(conn, old)) - moving
        files = [located(file) for file in await media_files(conn, sorted(ids))]
        if len(new) == 1 and all(file.identity and file.identity.extra for file in files):
            (own,) = new
            found += [(file, own + file.raw_path[len(old) :]) for file in files]
    return found
