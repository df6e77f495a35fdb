"""The history of scans, and who may scan what: one living scan for each folder.

A running scan holds an advisory lock with its id for as long as its connection lives; a
history row without an end whose lock is free belongs to a process that died.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from mediavault_tui.domain.library import ScanCounts, ScanError, ScanPhase, ScanRecord
from mediavault_tui.domain.model import ScanId
from mediavault_tui.domain.paths import place
from mediavault_tui.domain.pathtext import display
from mediavault_tui.errors import Refused
from mediavault_tui.store.database import Connection
from mediavault_tui.store.locks import Lock
from mediavault_tui.store.sqlfiles import sql

ABANDONED = "The scan ended without a word (its process was killed); the next one went on from there"


async def begin(conn: Connection, roots: Sequence[bytes]) -> ScanId:
    """Open a history row and hold its lock on this connection; close what the dead left open.

    Raises: Refused while another living scan reads one of the folders.
    """
    async with conn.transaction():
        await conn.execute(sql("scans_door"), Lock.SCANS)
        for row in await conn.fetch(sql("scan_open")):
            if not await conn.fetchval(sql("scan_try_lock"), Lock.SCANS, row["id"]):
                _refuse_overlap(row["id"], row["roots_raw"], roots)
                continue
            error = [{"path": ", ".join(row["roots"]), "message": ABANDONED}]
            await conn.execute(sql("scan_abandoned"), row["id"], error)
            await conn.execute(sql("scan_unlock"), Lock.SCANS, row["id"])
        scan = await conn.fetchval(sql("scan_begin"), [display(root) for root in roots], list(roots))
        await conn.execute(sql("scan_lock"), Lock.SCANS, scan)
    return ScanId(scan)


async def save(
    conn: Connection, scan: ScanId, phase: ScanPhase, counts: ScanCounts, errors: Sequence[ScanError]
) -> None:
    """Write how far a running scan is."""
    await conn.execute(sql("scan_save"), scan, phase.value, asdict(counts), [asdict(e) for e in errors])


async def tell(conn: Connection) -> None:
    """Tell every program that looks at this library that a scan has found more of it."""
    await conn.execute(sql("notice"), ["files:changed"])


async def end(
    conn: Connection, scan: ScanId, phase: ScanPhase, counts: ScanCounts, errors: Sequence[ScanError]
) -> None:
    """Close the history row; a second end changes nothing."""
    await conn.execute(sql("scan_end"), scan, phase.value, asdict(counts), [asdict(e) for e in errors])


async def release(conn: Connection, scan: ScanId) -> None:
    """Give the scan's lock back; a lost connection has done so already."""
    await conn.execute(sql("scan_unlock"), Lock.SCANS, scan)


async def history(conn: Connection, *, limit: int) -> list[ScanRecord]:
    """Return the newest scans first, running ones without an end."""
    rows = await conn.fetch(sql("scan_history_newest"), limit)
    return [
        ScanRecord(
            id=ScanId(row["id"]),
            roots=tuple(row["roots"]),
            started_at=row["started_at"],
            finished_at=row["finished_at"],
            phase=ScanPhase(row["phase"]),
            counts=_counts(row["counts"]),
            errors=tuple(ScanError(**error) for error in row["errors"]),
            roots_raw=tuple(row["roots_raw"]),
        )
        for row in rows
    ]


async def known_roots(conn: Connection) -> list[bytes]:
    """Return the located folders that were scanned before and of which the inventory has files."""
    known = []
    for row in await conn.fetch(sql("scan_roots")):
        source, path = place(row["root"])
        if await conn.fetchval(sql("scan_has_files"), source, *below(path)):
            known.append(row["root"])
    return known


def below(folder: bytes) -> tuple[bytes, bytes]:
    """Return the range of raw paths below `folder`: from the first, up to and without the second."""
    stem = folder.rstrip(b"/")
    return stem + b"/", stem + b"0"  # "0" is the byte after "/"


def overlaps(one: bytes, other: bytes) -> bool:
    """Return whether one folder is the other or lies inside it."""
    a, b = one.rstrip(b"/") + b"/", other.rstrip(b"/") + b"/"
    return a.startswith(b) or b.startswith(a)


def _counts(stored: dict[str, Any]) -> ScanCounts:
    known = ScanCounts.__slots__
    return ScanCounts(**{name: value for name, value in stored.items() if name in known})


def _refuse_overlap(scan: int, running: Sequence[bytes], roots: Sequence[bytes]) -> None:
    for root in roots:
        if any(overlaps(root, other) for other in running):
            raise Refused(f"Scan {scan} is reading {display(root)} right now; wait for it or cancel it first")
