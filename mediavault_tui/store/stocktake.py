"""What a walk met against what the inventory holds: one COPY, one pass, few rows changed.

The functions are called in the order in which they stand, on one connection, which
keeps the two temporary tables; an unchanged file costs no write anywhere.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Sequence
from dataclasses import dataclass

from mediavault_tui.domain.model import FileId, FileStamp, FileState, ScanId
from mediavault_tui.domain.pathtext import display
from mediavault_tui.store.database import Connection
from mediavault_tui.store.rows import file_stamp
from mediavault_tui.store.scans import below
from mediavault_tui.store.sqlfiles import sql

_SEEN = ["path_raw", "root_raw", "device", "inode", "size_bytes", "modified_ns", "link_count", "protected"]

Seen = tuple[bytes, bytes, int, int, int, int, int, bool]
"""Path, root, device, inode, size, modification time, links, whether it is never to be staged."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A new file; `aliases` are its other names."""

    path: bytes
    root: bytes
    stamp: FileStamp
    links: int
    aliases: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Moved:
    """A new name of a file that the inventory knows by another one, which was not seen."""

    path: bytes
    root: bytes
    links: int
    id: FileId
    known: bytes
    state: FileState


@dataclass(frozen=True, slots=True)
class Unmounted:
    """A device of which nothing is left below a root, and one of the files it held there."""

    device: int
    path: bytes
    files: int


def ranges(folders: Sequence[bytes]) -> tuple[list[bytes], list[bytes]]:
    """Return the lower and the upper ends of the path ranges below the folders."""
    ends = [below(folder) for folder in folders]
    return [low for low, _ in ends], [high for _, high in ends]


async def prepare(conn: Connection) -> None:
    """Make this connection's temporary tables, empty."""
    await conn.execute(sql("temporary_scan_seen"))
    await conn.execute(sql("temporary_scan_diff"))
    await conn.execute("truncate scan_seen, scan_diff")
    # A comparison of a million rows hashes some 200 MB; sorting and indexing profit too.
    await conn.execute("set work_mem = '256MB'")
    await conn.execute("set maintenance_work_mem = '256MB'")
    await conn.execute("set synchronous_commit = off")  # a crash loses some seconds, as the scan does


async def is_empty(conn: Connection) -> bool:
    """Return whether the inventory holds nothing at all: then there is nothing to compare with."""
    return not await conn.fetchval(sql("inventory_has_rows"))


async def known_by_share(conn: Connection, folders: Sequence[bytes]) -> None:
    """Let the files of this machine below mounts of a share be known by the share's names alone."""
    await conn.execute(sql("scan_known_by_share"), *ranges(folders))


async def forget_content(conn: Connection, source: str, roots: Sequence[bytes]) -> None:
    """Forget what was read of the files below the roots, so that it is read again."""
    await conn.execute(sql("scan_forget_content"), source, *ranges(roots))


async def copy_seen(conn: Connection, rows: AsyncIterable[Seen]) -> None:
    """COPY what the walk meets while it meets it."""
    await conn.copy_records_to_table("scan_seen", records=rows, columns=_SEEN)
    await conn.execute("analyze scan_seen")


async def emptied(conn: Connection, source: str, roots: Sequence[bytes]) -> list[bytes]:
    """Return the roots that hold no video now but did: perhaps a share that is not mounted."""
    rows = await conn.fetch(sql("scan_emptied"), source, list(roots), *ranges(roots))
    return [row["root"] for row in rows]


async def compare(conn: Connection, source: str, roots: Sequence[bytes]) -> None:
    """Find every difference between the folders and the inventory."""
    await conn.execute(sql("scan_fold_links"), source)
    await conn.execute(sql("scan_far_aliases"), source, *ranges(roots))
    await conn.execute(sql("scan_compare"), source, *ranges(roots))
    await conn.execute(sql("scan_known_rejects"), source)
    await conn.execute("analyze scan_diff")


async def doubtful(conn: Connection) -> list[tuple[bytes, FileStamp]]:
    """Return new and changed files whose bytes must prove that they are videos."""
    rows = await conn.fetch(sql("scan_doubtful"))
    return [(row["path_raw"], file_stamp(row)) for row in rows]


async def reject(conn: Connection, source: str, files: Sequence[tuple[bytes, FileStamp]]) -> None:
    """Remember files that are no videos until they change."""
    paths = [path for path, _ in files]
    sizes, times = [s.size for _, s in files], [s.modified_ns for _, s in files]
    await conn.execute(sql("scan_reject"), source, paths, sizes, times)


async def skip(conn: Connection, paths: Sequence[bytes]) -> None:
    """Leave files out of this scan only."""
    await conn.execute(sql("scan_drop_rejects"), list(paths))


async def moved(conn: Connection, source: str) -> list[Moved]:
    """Return new names of known files."""
    return [
        Moved(
            row["path_raw"],
            row["root_raw"],
            row["link_count"],
            FileId(row["id"]),
            row["known_raw"],
            FileState(row["state"]),
        )
        for row in await conn.fetch(sql("scan_moved"), source)
    ]


async def rename(conn: Connection, files: Sequence[Moved]) -> None:
    """Give known files their new names."""
    await conn.execute(
        sql("scan_rename"),
        [file.id for file in files],
        [file.path for file in files],
        [display(file.path) for file in files],
        [file.root for file in files],
    )


async def alias(conn: Connection, files: Sequence[Moved]) -> None:
    """Add names to known files."""
    await conn.execute(sql("scan_alias"), [file.id for file in files], [file.path for file in files])


async def unmounted(conn: Connection, root: bytes) -> list[Unmounted]:
    """Return the devices of which nothing was seen below a root that held files of them."""
    rows = await conn.fetch(sql("scan_unmounted"), *below(root))
    return [Unmounted(row["device"], row["path_raw"], row["files"]) for row in rows]


async def merge(
    conn: Connection, scan: ScanId, *, clean: Sequence[bytes], failed: Sequence[bytes]
) -> tuple[dict[str, int], int]:
    """Write down what came back, changed and went; return the differences by kind, and the missing.

    `clean`: roots that were read to the end; `failed`: folders (and files) below which nothing is
    known to be gone.
    """
    tally = {row["what"]: row["files"] for row in await conn.fetch(sql("scan_tally"))}
    await conn.execute(sql("scan_same_content"))
    await conn.execute(sql("scan_other_content"), scan)
    await conn.execute(sql("scan_doubt_groups"))
    low, high = ranges(failed)
    missing = await conn.fetchval(
        sql("scan_gone"), *ranges(clean), low + list(failed), high + [path + b"\0" for path in failed]
    )
    return tally, missing


async def arrivals(conn: Connection) -> list[Arrival]:
    """Return the new files, by path."""
    return [
        Arrival(
            row["path_raw"],
            row["root_raw"],
            file_stamp(row),
            row["link_count"],
            tuple(row["aliases"]),
        )
        for row in await conn.fetch(sql("scan_arrivals"))
    ]


async def finish(conn: Connection) -> None:
    """Drop the temporary tables and what was set: the connection goes back to others."""
    await conn.execute("drop table if exists scan_seen, scan_diff, scan_identity")
    await conn.execute("reset work_mem")
    await conn.execute("reset maintenance_work_mem")
    await conn.execute("reset synchronous_commit")
