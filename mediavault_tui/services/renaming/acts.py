"""One rename, from the written intent to the last line of the journal; the twin of `staging.acts`.

The same acts, legs and locks as staging: intent (committed) → last look → moves, the video
first → inventory. `staging.recovery` finishes or undoes what a crash interrupted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from mediavault_tui.domain.holding import NAME_LIMIT, below, folded, split
from mediavault_tui.domain.model import FileId, MediaFile, OperationId
from mediavault_tui.domain.pathtext import display
from mediavault_tui.domain.staging import Act, ActKind, ActState, Leg
from mediavault_tui.errors import Refused, SourceTaken
from mediavault_tui.services.renaming.look import Looks, legs_for, legs_of
from mediavault_tui.services.staging import checks as stage_checks
from mediavault_tui.services.staging.acts import Carrying, Tools, needed_file
from mediavault_tui.services.staging.drafts import Order
from mediavault_tui.services.staging.hold import Hold
from mediavault_tui.services.staging.looks import unchanged
from mediavault_tui.sources.places import Places
from mediavault_tui.store import acts
from mediavault_tui.store.database import Connection


def check(
    source: Places, looks: Looks, file: MediaFile, legs: Sequence[Leg], protected: Sequence[bytes]
) -> None:
    """Take the last look: all there and unchanged, every new name free and good. Blocks.

    Raises: Refused for a rule, SourceError for what the disk says.
    """
    stage_checks.in_place(source, file)
    if file.protected or stage_checks.inside(source, file.raw_path, protected):
        raise Refused(f"{file.path} is in a protected folder")
    for leg in legs:
        assert leg.destination is not None
        unchanged(source, leg.source, leg.stamp)
        if not below(leg.destination, file.root):
            raise Refused(f"{display(leg.destination)} is not inside the folder that was scanned")
        if stage_checks.inside(source, leg.destination, protected):
            raise Refused(f"{display(leg.destination)} is in a protected folder")
        folder, name = split(leg.destination)
        if len(name) > NAME_LIMIT:
            raise Refused(f"{display(name)} would be longer than the {NAME_LIMIT} bytes that a name may have")
        # Its own entry may be in the way of a file whose name changes in case or accents only.
        if any(folder + b"/" + other != leg.source for other in looks.alike(folder, name)):
            raise SourceTaken(f"{display(leg.destination)} is in use; nothing is overwritten")


async def rename(
    conn: Connection,
    tools: Tools,
    id: FileId,
    moves: Sequence[tuple[bytes, bytes]],
    *,
    order: Order,
    protected: Sequence[bytes],
    reason: str,
) -> OperationId:
    """Make these moves of one file and its sidecars, as they were shown to a person, the video's first.

    Raises: Refused, SourceError; then nothing was moved.
    """
    file = await needed_file(conn, id)
    destination = moves[0][1]
    if moves[0][0] != file.raw_path:
        raise Refused(f"{file.path} has been moved since the preview")
    legs = await asyncio.to_thread(legs_for, tools.source, file, moves)
    await asyncio.to_thread(check, tools.source, Looks(tools.source), file, legs, protected)

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
        check(tools.source, Looks(tools.source), file, act.legs, protected)
        folder = split(destination)[0]
        stage_checks.way_back(tools.source, destination, file.root)
        tools.source.make_folder(folder)
        tools.step("folder made")
        tools.source.real_folder(folder, top=file.root)

    try:
        with (hold := Hold()).on(conn):
            await Carrying(tools.under(hold), conn).rename(act, look)
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
    looks = Looks(tools.source)
    legs = await asyncio.to_thread(legs_of, tools.source, looks, file, act.video.source)
    moves = [(leg.source, leg.destination or b"") for leg in legs]
    # What went along once comes back, whatever it is called.
    there = {origin for origin, _ in moves}
    moves += [
        (leg.destination, leg.source)
        for leg in act.legs[1:]
        if leg.destination is not None and leg.destination not in there
    ]
    return await rename(conn, tools, act.file, moves, order=order, protected=protected, reason="undo")
