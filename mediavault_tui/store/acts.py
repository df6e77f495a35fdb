"""The journal of acts: one row for everything that is done to a file, written before it is done.

The rules live in the database too (`0002_staging_guards.sql`): what its triggers refuse is
`Refused` here, with the trigger's own sentence. Functions take the connection first; where
several must happen together the caller opens the transaction.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeVar

import asyncpg

from mediavault_tui.domain.model import FileId, FileStamp, GroupId, OperationId
from mediavault_tui.domain.paths import LOCAL, locate, place
from mediavault_tui.domain.staging import Act, ActKind, ActState, Leg, VerifiedCopy
from mediavault_tui.errors import DatabaseDown, Refused
from mediavault_tui.store.database import Connection
from mediavault_tui.store.database import lost as is_lost
from mediavault_tui.store.rows import file_stamp, path_text
from mediavault_tui.store.sqlfiles import sql

LOST = "The database was restarted in the middle of an act; the next start finishes it"

_BROKEN_RULE = "MV001"
_ATTEMPTS = 5
_Answer = TypeVar("_Answer")


@contextmanager
def rules() -> Iterator[None]:
    """Turn the triggers' refusals, and a lost race for a file or a name, into Refused."""
    try:
        yield
    except asyncpg.UniqueViolationError as error:
        raise Refused(
            f"Somebody else is just moving this file or to this name ({error.constraint_name})"
        ) from error
    except asyncpg.PostgresError as error:
        if error.sqlstate != _BROKEN_RULE:
            raise
        raise Refused(str(error)) from error


async def together(conn: Connection, work: Callable[[], Awaitable[_Answer]]) -> _Answer:
    """Run `work` in one transaction; begin again when the database broke a deadlock.

    A scan's merge locks many rows in its own order, so one can happen. Raises: Refused.
    """
    for attempt in range(_ATTEMPTS):
        try:
            with rules():
                async with conn.transaction():
                    return await work()
        except (asyncpg.DeadlockDetectedError, asyncpg.SerializationError):
            if attempt == _ATTEMPTS - 1:
                raise
    raise AssertionError("unreachable: the last attempt returns or raises")


async def begin(conn: Connection, act: Act) -> OperationId:
    """Write down `act` (its id is given here) and take its lock for this session."""
    return (await begin_all(conn, [act]))[0]


async def begin_all(conn: Connection, begun: Sequence[Act]) -> list[OperationId]:
    """Write down acts of one batch and kind, and take their locks; Refused if a rule forbids one of them.

    Their ids are given here, in the order of `begun`; no two may be of one file.
    """
    first = begun[0]
    videos = [act.video for act in begun]
    with rules():
        rows = await conn.fetch(
            sql("acts_begin"),
            first.batch,
            first.kind.value,
            [act.file for act in begun],
            [act.keeper for act in begun],
            [act.group for act in begun],
            [video.source for video in videos],
            [path_text(video.source) for video in videos],
            [video.destination for video in videos],
            [path_text(video.destination) if video.destination is not None else None for video in videos],
            [video.stamp.device for video in videos],
            [video.stamp.inode for video in videos],
            [video.stamp.size for video in videos],
            [video.stamp.modified_ns for video in videos],
            [act.content_hash for act in begun],
            [legs_text(act.legs[1:]) for act in begun],
            [act.reason for act in begun],
            first.who,
            [act.undoes for act in begun],
            [act.holding for act in begun],
        )
    ids = {FileId(row["file_id"]): OperationId(row["id"]) for row in rows}
    # Before the commit, so that no other program ever sees an act without its owner.
    await conn.fetch(sql("acts_lock"), list(ids.values()))
    return [ids[act.file] for act in begun]


async def advance(
    conn: Connection, id: OperationId, old: ActState, new: ActState, *, error: str = ""
) -> None:
    """Move an act on; raises Refused if it is no longer in the state `old`."""
    await advance_all(conn, [id], old, new, error=error)


async def advance_all(
    conn: Connection, ids: Sequence[OperationId], old: ActState, new: ActState, *, error: str = ""
) -> None:
    """Move acts on; raises Refused if one is no longer in the state `old`: in a transaction none is then."""
    with rules():
        moved = await conn.fetch(sql("acts_advance"), list(ids), new.value, error, old.value)
    if left := set(ids) - {row["id"] for row in moved}:
        raise Refused(f"Act {min(left)} is not {old} any more: another program has dealt with it")


async def begin_purges(conn: Connection, ids: Sequence[OperationId]) -> set[OperationId]:
    """Note that purges may delete their files from now on; return those that nobody has called off.

    Raises: Refused if one of their files must not go any more: none has begun then.
    """

    async def work() -> set[OperationId]:
        return {OperationId(row["id"]) for row in await conn.fetch(sql("purges_begin"), list(ids))}

    return await together(conn, work)


async def remember_copy(conn: Connection, id: OperationId, number: int, copy: VerifiedCopy) -> None:
    """Journal that leg `number` has a complete, compared copy under its part name."""
    found = {"device": copy.device, "inode": copy.inode, "hash": copy.hash.hex()}
    await conn.execute(sql("act_copied"), id, {str(number): found})


async def still_owned(conn: Connection, *ids: OperationId) -> None:
    """Make sure that this session holds the acts' locks; raises DatabaseDown if they were lost.

    After a restart of the database another program may already be recovering the acts.
    """
    if await conn.fetchval(sql("acts_locked"), list(ids)) != len(set(ids)):
        raise DatabaseDown(LOST)


@contextmanager
def watched(conn: Connection, lost: Callable[[], None]) -> Iterator[None]:
    """Call `lost` as soon as the connection is: with it go the locks of its acts."""

    def hear(_conn: object) -> None:
        lost()

    conn.add_termination_listener(hear)
    try:
        yield
    finally:
        if not is_lost(conn):
            conn.remove_termination_listener(hear)


async def release(conn: Connection, *ids: OperationId) -> None:
    """Give the acts' locks back."""
    await conn.fetch(sql("acts_unlock"), list(ids))


async def open_acts(conn: Connection, only: Iterable[FileId] | None = None) -> list[OperationId]:
    """Return the acts (on `only` these files) that are not finished, oldest first; some may be running."""
    files = None if only is None else list(only)
    return [OperationId(row["id"]) for row in await conn.fetch(sql("acts_open"), files)]


@asynccontextmanager
async def claimed(conn: Connection, id: OperationId) -> AsyncIterator[Act | None]:
    """Yield an abandoned act under its lock; None if a live program has it or it is finished."""
    if not await conn.fetchval(sql("act_lock"), id):
        yield None
        return
    try:
        found = await act(conn, id)
        yield found if found.state in (ActState.INTENDED, ActState.MOVED) else None
    finally:
        if not conn.is_closed():
            await release(conn, id)


async def act(conn: Connection, id: OperationId) -> Act:
    """Return one act of the journal; an unknown id is a KeyError."""
    row = await conn.fetchrow(sql("act_by_id"), id)
    if row is None:
        raise KeyError(id)
    stamp = file_stamp(row)
    return Act(
        id=OperationId(row["id"]),
        batch=row["batch"],
        kind=ActKind(row["kind"]),
        state=ActState(row["state"]),
        file=FileId(row["file_id"]),
        keeper=FileId(row["keeper_id"]) if row["keeper_id"] is not None else None,
        group=GroupId(row["group_id"]) if row["group_id"] is not None else None,
        legs=(Leg(row["source_raw"], row["destination_raw"], stamp), *map(leg_of, row["sidecars"])),
        holding=row["holding_raw"],
        content_hash=row["content_hash"],
        reason=row["reason"],
        who=row["requested_by"],
        undoes=OperationId(row["undoes"]) if row["undoes"] is not None else None,
        copies={
            int(number): VerifiedCopy(copy["device"], copy["inode"], bytes.fromhex(copy["hash"]))
            for number, copy in row["copies"].items()
        },
        begun=row["begun"],
        keeper_size=row["keeper_size"],
        keeper_modified_ns=row["keeper_modified_ns"],
    )


async def lock_folder(conn: Connection, folder: bytes) -> frozenset[bytes]:
    """Choose names in `folder` alone until the transaction ends; return the paths already claimed."""
    await conn.execute(sql("folder_lock"), path_text(folder))
    source, path = place(folder)
    # "0" follows "/"
    ends = (folder + b"/", folder + b"0", source, path + b"/", path + b"0")
    rows = await conn.fetch(sql("folder_claims"), *ends)
    found = ((row["path_raw"], row["listed"]) for row in rows if row["path_raw"] is not None)
    return frozenset(locate(source, raw) if listed else raw for raw, listed in found)


async def lock_files(conn: Connection, files: Iterable[FileId]) -> None:
    """Lock files' rows until the transaction ends: whoever takes several takes them in this order."""
    await conn.fetch(sql("files_lock"), list(files))


async def last_act(conn: Connection, who: str) -> list[tuple[str, int, FileId]]:
    """Return the files of a person's newest act still in effect: (kind, act or staged id, file).

    `kind` is stage, restore, purge or approve (whose id is that of the staged file).
    """
    return [
        (row["kind"], row["id"], FileId(row["file_id"])) for row in await conn.fetch(sql("last_act"), who)
    ]


@asynccontextmanager
async def manifest_lock(conn: Connection, folder: bytes) -> AsyncIterator[None]:
    """Keep other programs, on any machine, from rewriting the manifest of a share's folder meanwhile.

    A folder of this machine is locked where it lies (`sources.holding`).
    """
    if place(folder)[0] == LOCAL:
        yield
        return
    await conn.execute(sql("manifest_lock"), path_text(folder))
    try:
        yield
    finally:
        if not conn.is_closed():
            await conn.execute(sql("manifest_unlock"), path_text(folder))


def leg_json(leg: Leg) -> dict[str, Any]:
    """Return a leg as the journal keeps it: its located paths in hex, for they are bytes."""
    return {
        "source": leg.source.hex(),
        "destination": leg.destination.hex() if leg.destination is not None else None,
        "device": leg.stamp.device,
        "inode": leg.stamp.inode,
        "size": leg.stamp.size,
        "modified_ns": leg.stamp.modified_ns,
    }


def legs_text(legs: Iterable[Leg]) -> str:
    """Return legs as JSON: an array of such cannot be given as values."""
    return json.dumps([leg_json(leg) for leg in legs])


def leg_of(found: dict[str, Any]) -> Leg:
    """Return the leg that `leg_json` wrote."""
    return Leg(
        bytes.fromhex(found["source"]),
        bytes.fromhex(found["destination"]) if found["destination"] is not None else None,
        FileStamp(found["device"], found["inode"], found["size"], found["modified_ns"]),
    )
