"""One rename, from the written intent to the last line of the journal; the twin of `stage_acts`.

The same acts, legs and locks as staging: intent (committed) → last look → moves, the video
first → inventory. `stage_recovery` finishes or undoes what a crash interrupted.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from dataclasses import replace

from mediavault_tui.domain.holding import below, folded, sidecars_of, split
from mediavault_tui.domain.model import FileId, MediaFile, OperationId
from mediavault_tui.domain.paths import LOCAL
from mediavault_tui.domain.pathtext import display
from mediavault_tui.domain.renaming import beside
from mediavault_tui.domain.staging import Act, ActKind, ActState, Leg
from mediavault_tui.errors import Refused, SourceChanged, SourceMissing, SourceTaken
from mediavault_tui.services import stage_checks
from mediavault_tui.services.stage_acts import Carrying, Tools, needed_file
from mediavault_tui.services.stage_moves import unchanged
from mediavault_tui.services.stage_plan import Order
from mediavault_tui.sources import holding
from mediavault_tui.sources.base import Source
from mediavault_tui.sources.places import Places
from mediavault_tui.store import acts
from mediavault_tui.store.database import Connection


def legs_of(source: Source, file: MediaFile, destination: bytes) -> tuple[Leg, ...]:
    """Return the ways of a video and its sidecars. Blocks. Raises: SourceError."""
    folder, name = split(file.raw_path)
    legs = [Leg(file.raw_path, destination, file.stamp)]
    for sidecar in sidecars_of(name, holding.names_in(folder)):
        path = folder + b"/" + sidecar
        try:
            stamp = source.stat(path).stamp
        except (SourceMissing, SourceChanged):
            continue  # a link or a folder of such a name stays
        legs.append(Leg(path, beside(path, file.raw_path, destination), stamp))
    return tuple(legs)


def check(source: Places, file: MediaFile, legs: Sequence[Leg], protected: Sequence[bytes]) -> None:
    """Take the last look: all there and unchanged, every new name free. Blocks.

    Raises: Refused for a rule, SourceError for what the disk says.
    """
    if file.source != LOCAL:
        raise Refused(f"{file.path} is on a share, where nothing is renamed yet")
    stage_checks.in_place(source, file)
    if file.protected or any(_inside(file.raw_path, folder) for folder in protected):
        raise Refused(f"{file.path} is in a protected folder")
    for leg in legs:
        assert leg.destination is not None
        unchanged(source, leg.source, leg.stamp)
        if not below(leg.destination, file.root):
            raise Refused(f"{display(leg.destination)} is not inside the folder that was scanned")
        if any(_inside(leg.destination, folder) for folder in protected):
            raise Refused(f"{display(leg.destination)} is in a protected folder")
        folder, name = split(leg.destination)
        taken = {folded(other) for other in holding.names_in(folder)} if holding.is_folder(folder) else set()
        own = {folded(split(each.source)[1]) for each in legs if split(each.source)[0] == folder}
        if folded(name) in taken - own or holding.exists(leg.destination):
            raise SourceTaken(f"{display(leg.destination)} is in use; nothing is overwritten")


async def rename(
    conn: Connection,
    tools: Tools,
    id: FileId,
    destination: bytes,
    *,
    order: Order,
    protected: Sequence[bytes],
    reason: str,
) -> OperationId:
    """Rename one file with its sidecars. Raises: Refused, SourceError; then nothing was moved."""
    file = await needed_file(conn, id)
    legs = await asyncio.to_thread(legs_of, tools.source, file, destination)
    await asyncio.to_thread(check, tools.source, file, legs, protected)

    async def begin() -> Act:
        claimed = {folded(path) for path in await acts.lock_folder(conn, split(destination)[0])}
        if folded(destination) in claimed - {folded(file.raw_path)}:
            raise SourceTaken(f"{display(destination)} is in use in the inventory; nothing is overwritten")
        act = Act(
            id=OperationId(0),
            batch=order.batch,
            kind=ActKind.RENAME,
            state=ActState.INTENDED,
            file=file.id,
            keeper=None,
            group=None,
            legs=legs,
            holding=b"",
            content_hash=file.content_hash,
            reason=reason,
            who=order.who,
            undoes=order.undoes,
        )
        return replace(act, id=await acts.begin(conn, act))

    act = await acts.together(conn, begin)
    tools.step("intent committed")

    def look() -> None:
        check(tools.source, file, act.legs, protected)
        folder = split(destination)[0]
        stage_checks.way_back(tools.source, destination, file.root)
        tools.source.make_folder(folder)
        tools.step("folder made")
        holding.real_folder(folder, top=file.root)

    try:
        await Carrying(tools, conn).rename(act, look)
    finally:
        if not conn.is_closed():
            await acts.release(conn, act.id)
    return act.id


async def rename_back(
    conn: Connection, tools: Tools, undone: OperationId, *, order: Order, protected: Sequence[bytes]
) -> OperationId:
    """Take one rename back: the file gets the name it had. Raises: Refused, SourceError."""
    act = await acts.act(conn, undone)
    file = await needed_file(conn, act.file)
    if file.raw_path != act.video.destination:
        raise Refused(f"{file.path} has been moved since it was renamed")
    return await rename(
        conn, tools, act.file, act.video.source, order=order, protected=protected, reason="undo"
    )


def _inside(path: bytes, folder: bytes) -> bool:
    return below(os.path.realpath(path), os.path.realpath(folder))
