"""Staged files, and what follows from them in the inventory.

Functions take the connection first; the `finish_…` ones belong into one transaction with
whatever else the end of an act means (`acts.together`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import asyncpg

from mediavault_tui.domain.library import StagedFile, StagedState
from mediavault_tui.domain.model import FileId, FileStamp, GroupId, OperationId, StagedId
from mediavault_tui.domain.paths import locate, place
from mediavault_tui.domain.pathtext import display
from mediavault_tui.domain.staging import Act, ActState, Held, Leg
from mediavault_tui.store.acts import advance_all, leg_of, legs_text, rules
from mediavault_tui.store.database import Connection
from mediavault_tui.store.rows import file_stamp, path_text
from mediavault_tui.store.sqlfiles import sql


@dataclass(frozen=True, slots=True)
class Arrived:
    """A stage whose files have arrived: the video as it is there, the legs of sidecars that went along."""

    act: Act
    found: FileStamp
    links: int
    moved: tuple[Leg, ...]
    hash: bytes | None


async def finish_stages(conn: Connection, arrived: Sequence[Arrived]) -> list[StagedId]:
    """Record, in the caller's transaction, that files lie in the holding folder now."""
    ids = [one.act.id for one in arrived]
    files = [one.act.file for one in arrived]
    ends = [place(one.act.video.destination or b"") for one in arrived]
    devices, inodes = [one.found.device for one in arrived], [one.found.inode for one in arrived]
    hashes = [one.hash for one in arrived]
    rows = await conn.fetch(
        sql("staged_insert"),
        ids,
        [legs_text(one.moved) for one in arrived],
        devices,
        inodes,
        [one.found.modified_ns for one in arrived],
        [one.links for one in arrived],
        hashes,
    )
    staged = {row["operation_id"]: StagedId(row["id"]) for row in rows}
    texts = [path_text(path) for _, path in ends]
    raw, sources = [path for _, path in ends], [source for source, _ in ends]
    await conn.execute(sql("files_displace"), raw, files, sources)
    await conn.execute(sql("files_staged"), files, raw, texts, devices, inodes, hashes, sources)
    await conn.execute(sql("groups_settle"), files)
    await advance_all(conn, ids, ActState.MOVED, ActState.DONE)
    await conn.execute(sql("notice"), [f"staged:{id}" for id in staged.values()])
    return [staged[id] for id in ids]


async def finish_restores(conn: Connection, back: Sequence[tuple[Act, StagedId, FileStamp]]) -> None:
    """Record, in the caller's transaction, that files are back; each with its stamp there."""
    await conn.execute(sql("staged_end"), [id for _, id, _ in back], StagedState.RESTORED.value)
    await _placed(conn, [(act, stamp) for act, _, stamp in back])
    await _follow(conn, [act for act, _, _ in back], [f"restored:{id}" for _, id, _ in back])


async def finish_rename(conn: Connection, act: Act, *, stamp: FileStamp) -> None:
    """Record, in the caller's transaction, that a file has its new name; `stamp`: of it there."""
    await _placed(conn, [(act, stamp)])
    await _follow(conn, [act], [f"renamed:{act.file}"])


async def finish_purges(conn: Connection, gone: Sequence[tuple[Act, Held]]) -> None:
    """Record, in the caller's transaction, that files are gone for good."""
    await conn.execute(sql("staged_end"), [staged.id for _, staged in gone], StagedState.PURGED.value)
    names = [path_text(place(staged.original)[1]) for _, staged in gone]
    await conn.execute(sql("files_purged"), [act.file for act, _ in gone], names)
    await _follow(conn, [act for act, _ in gone], [f"purged:{staged.id}" for _, staged in gone])


async def _placed(conn: Connection, moved: Sequence[tuple[Act, FileStamp]]) -> None:
    """Have the inventory's rows follow files to where their acts brought them."""
    files = [act.file for act, _ in moved]
    ends = [place(act.video.destination or b"") for act, _ in moved]
    raw, sources = [path for _, path in ends], [source for source, _ in ends]
    await conn.execute(sql("files_displace"), raw, files, sources)
    await conn.execute(
        sql("files_placed"),
        files,
        raw,
        [path_text(path) for path in raw],
        [stamp.device for _, stamp in moved],
        [stamp.inode for _, stamp in moved],
        sources,
    )


async def _follow(conn: Connection, done: Sequence[Act], notices: Sequence[str]) -> None:
    await conn.execute(sql("groups_settle"), [act.file for act in done])
    await advance_all(conn, [act.id for act in done], ActState.MOVED, ActState.DONE)
    await conn.execute(sql("notice"), list(notices))


async def held(conn: Connection, ids: Sequence[StagedId]) -> list[Held]:
    """Return staged files, whatever became of them, in the order of `ids`; unknown ids are left out."""
    return [
        Held(
            id=StagedId(row["id"]),
            operation=OperationId(row["operation_id"]),
            file=FileId(row["file_id"]),
            keeper=FileId(row["keeper_id"]),
            group=GroupId(row["group_id"]) if row["group_id"] is not None else None,
            state=StagedState(row["state"]),
            original=row["original_raw"],
            staged=row["staged_raw"],
            sidecars=tuple(map(leg_of, row["sidecars"])),
            stamp=file_stamp(row),
            reason=row["reason"],
            who=row["staged_by"],
            when=row["staged_at"],
            holding=row["holding_raw"],
            root=locate(place(row["original_raw"])[0], row["root_raw"]),
            content_hash=row["content_hash"],
            keeper_size=row["keeper_size"],
            keeper_modified_ns=row["keeper_modified_ns"],
            original_device=row["original_device"],
            seen_at=tuple(locate(row["source"], path) for path in row["seen_at"]),
        )
        for row in await conn.fetch(sql("staged_by_id"), list(ids))
    ]


async def held_of_files(conn: Connection, files: Sequence[FileId]) -> dict[FileId, Held]:
    """Return the newest staged row of each file, whatever became of it; one never staged is left out."""
    rows = await conn.fetch(sql("staged_of_files"), list(files))
    return {found.file: found for found in await held(conn, [row["id"] for row in rows])}


async def holdings_in_use(conn: Connection, tops: Iterable[bytes]) -> set[bytes]:
    """Return which of these holding folders hold files now."""
    return {row["holding_raw"] for row in await conn.fetch(sql("holdings_in_use"), list(tops))}


async def holdings_now(conn: Connection) -> set[bytes]:
    """Return the located holding folders that files lie in now or are on their way to."""
    return {row["holding_raw"] for row in await conn.fetch(sql("holdings_now"))}


async def page(
    conn: Connection, *, limit: int, after: StagedFile | None = None, text: str = "", inverse: bool = False
) -> list[StagedFile]:
    """Return the next page of what is staged, newest first; `text`: words that must (not) occur."""
    rows = await conn.fetch(
        sql("staged_page"),
        limit,
        after.staged_at if after else None,
        after.id if after else None,
        text.split(),
        inverse,
    )
    return [
        StagedFile(
            id=StagedId(row["id"]),
            file=FileId(row["file_id"]),
            title=row["title"],
            original=row["original"],
            staged=row["staged"],
            keeper=FileId(row["keeper_id"]),
            keeper_path=row["keeper_path"],
            reason=row["reason"],
            staged_by=row["staged_by"],
            staged_at=row["staged_at"],
            state=StagedState(row["state"]),
            size=row["size_bytes"],
            freed=row["size_bytes"] if row["link_count"] == 1 else 0,
            sidecars=tuple(display(leg.source) for leg in map(leg_of, row["sidecars"])),
        )
        for row in rows
    ]


async def approve(conn: Connection, ids: Sequence[StagedId], *, who: str, batch: str) -> list[StagedId]:
    """Approve for purging; returns those that were staged and are approved now."""
    with rules():
        rows = await conn.fetch(sql("staged_approve"), list(ids), who, batch)
    return await _announce(conn, rows)


async def unapprove(conn: Connection, ids: Sequence[StagedId]) -> tuple[list[StagedId], frozenset[StagedId]]:
    """Take approvals back, in the caller's transaction; call off the purges that have not begun.

    Returns: those that were approved and are not any more, and those that are being purged just now.
    """
    approved = await lock_approved(conn, ids)
    await conn.execute(sql("purges_call_off"), list(ids))
    done = await _announce(conn, await conn.fetch(sql("staged_unapprove"), list(ids)))
    return done, approved - set(done)


async def lock_approved(conn: Connection, ids: Sequence[StagedId]) -> frozenset[StagedId]:
    """Let nobody take approvals back until the transaction ends; return those that are approved."""
    rows = await conn.fetch(sql("staged_lock"), list(ids))
    return frozenset(StagedId(row["id"]) for row in rows)


async def _announce(conn: Connection, rows: Sequence[asyncpg.Record]) -> list[StagedId]:
    await conn.execute(sql("notice"), [f"approved:{row['id']}" for row in rows])
    return [StagedId(row["id"]) for row in rows]
