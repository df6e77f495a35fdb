"""A row of `media_files` as a `MediaFile`, and the form of its `tracks` column."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from asyncpg import Record

from mediavault_tui.domain.model import (
    AudioTrack,
    FileId,
    FileState,
    Hdr,
    Health,
    HealthReport,
    Identity,
    Kind,
    MediaFile,
    MediaInfo,
    ReleaseSource,
    SubtitleTrack,
    VideoTrack,
    Work,
)
from mediavault_tui.domain.paths import place
from mediavault_tui.store.database import Connection
from mediavault_tui.store.rows import file_stamp, path_text
from mediavault_tui.store.sqlfiles import sql


async def media_file(conn: Connection, id: FileId) -> MediaFile | None:
    """Return one file of the inventory, whatever its state; None if the id is unknown."""
    found = await media_files(conn, (id,))
    return found[0] if found else None


async def media_files(conn: Connection, ids: Iterable[FileId]) -> list[MediaFile]:
    """Return the files in the order of `ids`; unknown ids are left out."""
    return [file_of(row) for row in await conn.fetch(sql("media_files_by_id"), list(ids))]


async def files_at(conn: Connection, located: bytes) -> list[FileId]:
    """Return the file that has this path, else those whose path reads so to a person."""
    source, path = place(located)
    rows = await conn.fetch(sql("file_by_path"), source, path)
    if not rows:
        rows = await conn.fetch(sql("files_by_text"), source, path_text(path))
    return [FileId(row["id"]) for row in rows]


async def bytes_of(conn: Connection, ids: Iterable[FileId]) -> int:
    """Return how many bytes files have together; unknown ids have none."""
    return int(await conn.fetchval(sql("media_files_bytes"), list(ids)))


def file_of(row: Record) -> MediaFile:
    """Read a row that has the columns of the query `media_files_by_id`."""
    return MediaFile(
        id=FileId(row["id"]),
        path=row["path"],
        raw_path=row["path_raw"],
        root=row["root_raw"],
        stamp=file_stamp(row),
        state=FileState(row["state"]),
        content_hash=row["content_hash"],
        identity=_identity(row),
        info=_info(row),
        health=HealthReport(Health(row["health"]), row["health_reason"]),
        protected=row["protected"],
        link_count=row["link_count"],
        aliases=tuple(row["aliases"]),
        first_seen=row["first_seen_at"],
        source=row["source"],
        work=_work(row),
    )


def tracks_json(info: MediaInfo) -> dict[str, Any]:
    """Return what the `tracks` column holds of a probe result.

    Container, duration and bit rate have columns of their own and are not repeated.
    """
    video = info.video
    return {
        "video": None
        if video is None
        else {name: getattr(video, name) for name in VideoTrack.__slots__} | {"hdr": list(video.hdr)},
        "audio": [{name: getattr(track, name) for name in AudioTrack.__slots__} for track in info.audio],
        "subtitles": [
            {name: getattr(track, name) for name in SubtitleTrack.__slots__} for track in info.subtitles
        ],
        "chapters": info.chapters,
    }


def info_of(
    tracks: Mapping[str, Any] | None, *, container: str | None, duration: float | None, bit_rate: int | None
) -> MediaInfo | None:
    """Read a probe result back from its columns; None for a file that was never probed."""
    if tracks is None:
        return None
    video = tracks["video"]
    return MediaInfo(
        container=container or "",
        duration=duration or 0.0,
        bit_rate=bit_rate or 0,
        video=VideoTrack(**{**video, "hdr": tuple(Hdr(name) for name in video["hdr"])}) if video else None,
        audio=tuple(AudioTrack(**track) for track in tracks["audio"]),
        subtitles=tuple(SubtitleTrack(**track) for track in tracks["subtitles"]),
        chapters=tracks["chapters"],
    )


def _info(row: Record) -> MediaInfo | None:
    return info_of(
        row["tracks"], container=row["container"], duration=row["duration_s"], bit_rate=row["bit_rate"]
    )


def _work(row: Record) -> Work | None:
    if row["work_id"] is None:
        return None
    return Work(
        kind=row["work_kind"],
        tmdb_id=row["work_id"],
        original_language=row["work_language"] or None,
        runtime=float(row["work_runtime_s"]),
        documentary=row["work_documentary"],
        cuts=tuple(float(length) for length in row["work_cuts"] if length),
        title=row["work_title"],
        year=row["work_year"],
    )


def _numbering(row: Record) -> dict[str, Any]:
    """Season and episodes as TMDb counts them, where it knows the file: 070 and S02E09 are one episode."""
    if row["work_kind"] == "tv" and row["work_season"] is not None and row["work_episodes"]:
        return {"season": row["work_season"], "episodes": tuple(row["work_episodes"]), "air_date": None}
    return {"season": row["season"], "episodes": tuple(row["episodes"]), "air_date": row["air_date"]}


def _identity(row: Record) -> Identity | None:
    """None for a file that was not identified: it has neither a title nor an explicit id."""
    if not (row["title"] or row["tmdb_id"] or row["imdb_id"] or row["tvdb_id"]):
        return None
    return Identity(
        kind=Kind.DOCUMENTARY if row["work_documentary"] else Kind(row["kind"]),
        title=row["title"],
        year=row["year"] or None,
        country=row["country"],
        **_numbering(row),
        edition=row["edition"],
        part=row["part"],
        three_d=row["three_d"],
        extra=row["extra"],
        tmdb_id=row["tmdb_id"],
        imdb_id=row["imdb_id"],
        tvdb_id=row["tvdb_id"],
        release_source=ReleaseSource(row["release_source"]) if row["release_source"] else None,
        confidence=row["identity_confidence"],
        evidence=tuple(row["identity_evidence"]),
    )


async def scored_by(conn: Connection) -> str:
    """Return the weights that the scores were given by, and keep others from changing them meanwhile."""
    return str(await conn.fetchval(sql("scored_by")))


async def set_scored_by(conn: Connection, weights: str) -> None:
    """Say by which weights the scores are given."""
    await conn.execute(sql("scored_by_now"), weights)


async def probed(conn: Connection, *, after: FileId, limit: int) -> list[tuple[FileId, MediaInfo]]:
    """Return the next files that were probed, in order of their ids."""
    rows = await conn.fetch(sql("probed_files"), after, limit)
    return [(FileId(row["id"]), info) for row in rows if (info := _info(row)) is not None]


async def set_scores(conn: Connection, ids: Sequence[FileId], scores: Sequence[int]) -> int:
    """Write scores; return how many were others before."""
    return int(await conn.fetchval(sql("scores_given"), ids, scores))
