"""What reading a file came to: hashes, probe results, health; written in batches."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from asyncpg import Record

from mediavault_tui.domain.model import FileId, FileStamp, Health, HealthReport, MediaInfo, ScanId, Tier
from mediavault_tui.store.database import Connection
from mediavault_tui.store.files import tracks_json
from mediavault_tui.store.rows import file_stamp
from mediavault_tui.store.sqlfiles import sql
from mediavault_tui.store.stocktake import ranges


@dataclass(frozen=True, slots=True)
class HashCandidate:
    """A file that has the size of another, and what is known of its bytes."""

    path: bytes
    stamp: FileStamp
    links: int
    sample_hash: bytes | None
    content_hash: bytes | None

    @property
    def size(self) -> int:
        """Bytes."""
        return self.stamp.size


@dataclass(frozen=True, slots=True)
class Shared:
    """A file that has something in common with one of another source, and is to be read for it."""

    source: str
    path: bytes
    stamp: FileStamp


@dataclass(frozen=True, slots=True)
class Unprobed:
    """A file that was never probed."""

    id: FileId
    path: bytes
    stamp: FileStamp


@dataclass(frozen=True, slots=True)
class Probed:
    """What probing one file came to; `info` is None where it would not say."""

    file: Unprobed
    info: MediaInfo | None
    health: HealthReport
    score: int = -1
    tier: Tier = Tier.UNKNOWN


@dataclass(frozen=True, slots=True)
class Returned:
    """A file that is here again although its content was staged or purged earlier."""

    path: str
    was: str
    state: str


async def hash_candidates(conn: Connection, source: str) -> list[HashCandidate]:
    """Return the files of those sizes of which at least one file was never read."""
    return [
        HashCandidate(
            row["path_raw"],
            file_stamp(row),
            row["link_count"],
            row["sample_hash"],
            row["content_hash"],
        )
        for row in await conn.fetch(sql("scan_hash_candidates"), source)
    ]


async def with_files(conn: Connection, sources: Sequence[str]) -> list[str]:
    """Return those of the sources that hold present files."""
    return [row["source"] for row in await conn.fetch(sql("scan_sources_with_files"), list(sources))]


async def across_unsampled(conn: Connection, source: str, others: Sequence[str]) -> list[Shared]:
    """Return the files never sampled of a size that `source` shares with `others`, the largest first."""
    return _shared(await conn.fetch(sql("scan_across_unsampled"), source, list(others)))


async def across_unread(conn: Connection, source: str, others: Sequence[str]) -> list[Shared]:
    """Return the files never read to their end whose size and sample `source` shares with `others`."""
    return _shared(await conn.fetch(sql("scan_across_unread"), source, list(others)))


def _shared(rows: Sequence[Record]) -> list[Shared]:
    return [Shared(row["source"], row["path_raw"], file_stamp(row)) for row in rows]


async def unhashed_total(conn: Connection, source: str, roots: Sequence[bytes]) -> tuple[int, int]:
    """Return how many files below the roots have no full hash, and their bytes."""
    row = await conn.fetchrow(sql("scan_unhashed_total"), source, *ranges(roots))
    assert row is not None  # an aggregate always has one row
    return row["files"], row["bytes"]


async def unhashed(
    conn: Connection, source: str, roots: Sequence[bytes], *, after: int, limit: int
) -> list[Unprobed]:
    """Return the next files below the roots that have no full hash."""
    rows = await conn.fetch(sql("scan_unhashed"), source, *ranges(roots), after, limit)
    return [Unprobed(FileId(row["id"]), row["path_raw"], file_stamp(row)) for row in rows]


async def set_hashes(
    conn: Connection, source: str, rows: Sequence[tuple[bytes, int, int, bytes | None, bytes | None]]
) -> None:
    """Write (path, size, modification time, sample hash, content hash) of files that are still those."""
    await conn.execute(sql("scan_hashed"), source, *map(list, zip(*rows, strict=True)))


async def adopt_moved(conn: Connection, source: str, scan: ScanId) -> int:
    """Let missing files whose content arrived elsewhere take the arrivals' places; return how many."""
    async with conn.transaction():
        rows = await conn.fetch(sql("scan_came_home"), source, scan)
        pairs = {row["arrival"]: row["known"] for row in rows}
        if pairs:
            await conn.execute(sql("scan_adopt"), list(pairs.values()), list(pairs))
    return len(pairs)


async def returned(conn: Connection, source: str, scan: ScanId) -> list[Returned]:
    """Return what is back although it was staged or purged."""
    return [Returned(**row) for row in await conn.fetch(sql("scan_returned"), source, scan)]


async def unidentified(
    conn: Connection, source: str, *, after: int, limit: int
) -> list[tuple[FileId, bytes, bytes]]:
    """Return (id, path, root) of present files without an identity."""
    rows = await conn.fetch(sql("scan_unidentified"), source, after, limit)
    return [(FileId(row["id"]), row["path_raw"], row["root_raw"]) for row in rows]


async def unprobed_total(conn: Connection, source: str, roots: Sequence[bytes]) -> tuple[int, int]:
    """Return how many files below the roots were never probed, and their bytes."""
    row = await conn.fetchrow(sql("scan_unprobed_total"), source, *ranges(roots))
    assert row is not None  # an aggregate always has one row
    return row["files"], row["bytes"]


async def unprobed(
    conn: Connection, source: str, roots: Sequence[bytes], *, after: int, limit: int
) -> list[Unprobed]:
    """Return the next files below the roots that were never probed."""
    return [
        Unprobed(
            FileId(row["id"]),
            row["path_raw"],
            file_stamp(row),
        )
        for row in await conn.fetch(sql("scan_unprobed"), source, *ranges(roots), after, limit)
    ]


async def set_probes(conn: Connection, probes: Sequence[Probed]) -> None:
    """Write what probing came to, for files that are still those that were probed."""
    await conn.executemany(sql("scan_probed"), [_probe_row(probe) for probe in probes])


def _probe_row(probe: Probed) -> tuple[object, ...]:
    info, video = probe.info, probe.info.video if probe.info else None
    stamp = probe.file.stamp
    return (
        probe.file.id,
        stamp.size,
        stamp.modified_ns,
        info.container if info else None,
        info.duration if info else None,
        info.bit_rate if info else None,
        video.width if video else None,
        video.height if video else 0,
        probe.tier.value,
        video.codec if video else None,
        [hdr.value for hdr in video.hdr] if video else [],
        _languages(track.language for track in info.audio) if info else [],
        _languages(track.language for track in info.subtitles) if info else [],
        tracks_json(info) if info else None,
        probe.health.health.value,
        probe.health.reason,
        probe.score,
        probe.health.health is not Health.QUARANTINED,
    )


def _languages(said: Iterable[str | None]) -> list[str]:
    return sorted({language for language in said if language})
