"""Small makers of the domain's values, and of the rows that hold them.

`a_file` gives a healthy, probed, identified 1080p film unless told otherwise; every
argument changes one thing. `insert_file` puts such a value into `media_files`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from mediavault_tui.domain.identity import title_key
from mediavault_tui.domain.model import (
    AudioTrack,
    FileId,
    FileStamp,
    FileState,
    Hdr,
    Health,
    HealthReport,
    Identity,
    Kind,
    MediaFile,
    MediaInfo,
    SubtitleTrack,
    VideoTrack,
)
from mediavault_tui.domain.quality import score, tier
from mediavault_tui.domain.search import words
from mediavault_tui.store.database import Connection
from mediavault_tui.store.files import tracks_json

MBIT = 1_000_000
HOUR = 3600.0
LONG_AGO = datetime(2024, 1, 1, tzinfo=UTC)

_CHANNELS = {"mono": 1, "stereo": 2, "5.1": 6, "7.1": 8}


def audio(spec: str) -> AudioTrack:
    """Read "en", "en 5.1", "en 5.1 eac3" or "en stereo aac commentary"; "-" is an unknown language."""
    words = spec.split()
    layout = next((w for w in words if w in _CHANNELS), "stereo")
    rest = [w for w in words[1:] if w not in _CHANNELS and w != "commentary"]
    return AudioTrack(
        codec=rest[0] if rest else "aac",
        channels=_CHANNELS[layout],
        layout=layout,
        language=None if words[0] == "-" else words[0],
        profile=" ".join(rest[1:]) or None,
        commentary="commentary" in words,
    )


def an_info(
    *,
    container: str = "matroska",
    duration: float = 2 * HOUR,
    mbit: float = 8.0,
    width: int = 1920,
    height: int = 1080,
    codec: str = "h264",
    frame_rate: float = 24.0,
    hdr: Sequence[str] = (),
    audio_tracks: Sequence[str] = ("en 5.1",),
    subtitles: Sequence[str] = (),
    chapters: int = 0,
) -> MediaInfo:
    """What a file says of itself; `mbit` is the whole file's Mbit/s, tracks as `audio` reads them."""
    return MediaInfo(
        container=container,
        duration=duration,
        bit_rate=round(mbit * MBIT),
        video=VideoTrack(
            codec=codec,
            width=width,
            height=height,
            frame_rate=frame_rate,
            hdr=tuple(Hdr(kind) for kind in hdr),
        ),
        audio=tuple(audio(spec) for spec in audio_tracks),
        subtitles=tuple(SubtitleTrack("subrip", language) for language in subtitles),
        chapters=chapters,
    )


def an_identity(
    title: str = "Heat", *, year: int | None = 1995, season: int | None = None, episodes: Sequence[int] = ()
) -> Identity:
    """A film, or an episode where episodes are given; `dataclasses.replace` does the rest."""
    kind = Kind.EPISODE if episodes or season is not None else Kind.MOVIE
    return Identity(kind, title, year, season=season, episodes=tuple(episodes), confidence=90)


def a_file(
    path: str = "/library/Heat (1995)/Heat (1995).mkv",
    *,
    id: int = 1,
    size: int | None = None,
    root: str = "/library",
    inode: int | None = None,
    device: int = 1,
    modified_ns: int = 1_700_000_000_000_000_000,
    identity: Identity | str | None = "default",
    info: MediaInfo | str | None = "default",
    content_hash: bytes | None = None,
    health: Health = Health.HEALTHY,
    reason: str = "",
    state: FileState = FileState.PRESENT,
    protected: bool = False,
    first_seen: datetime = LONG_AGO,
) -> MediaFile:
    """One file; the size follows from bit rate and duration unless it is given."""
    info = an_info() if isinstance(info, str) else info
    if size is None:
        size = round(info.bit_rate * info.duration / 8) if info else 1_000_000
    return MediaFile(
        id=FileId(id),
        path=path,
        raw_path=path.encode("utf-8", "surrogateescape"),
        root=root.encode(),
        stamp=FileStamp(device, inode if inode is not None else 1000 + id, size, modified_ns),
        state=state,
        content_hash=content_hash,
        identity=an_identity() if isinstance(identity, str) else identity,
        info=info,
        health=HealthReport(health, reason),
        protected=protected,
        first_seen=first_seen,
    )


async def insert_file(
    conn: Connection, file: MediaFile, *, source: str = "local", sample_hash: bytes | None = None
) -> MediaFile:
    """Put `file` into the inventory as a scan would have; returns it with the id it was given."""
    who = file.identity or Identity(Kind.OTHER, "")
    info, video = file.info, file.info.video if file.info else None
    row: dict[str, object] = {
        "source": source,
        "path_raw": file.raw_path,
        "path": re.sub("\x00", "", file.path),
        "root_raw": file.root,
        "aliases": list(file.aliases),
        "device": file.stamp.device,
        "inode": file.stamp.inode,
        "size_bytes": file.size,
        "modified_ns": file.stamp.modified_ns,
        "link_count": file.link_count,
        "state": file.state.value,
        "missing_since": LONG_AGO if file.state is FileState.MISSING else None,
        "protected": file.protected,
        "sample_hash": sample_hash,
        "content_hash": file.content_hash,
        "kind": who.kind.value,
        "title": who.title,
        "title_key": title_key(who.title),
        "year": who.year or 0,
        "country": who.country,
        "season": who.season,
        "episodes": list(who.episodes),
        "air_date": who.air_date,
        "edition": who.edition,
        "part": who.part,
        "three_d": who.three_d,
        "extra": who.extra,
        "tmdb_id": who.tmdb_id,
        "imdb_id": who.imdb_id,
        "tvdb_id": who.tvdb_id,
        "release_source": who.release_source.value if who.release_source else None,
        "identity_confidence": who.confidence,
        "identity_evidence": list(who.evidence),
        "container": info.container if info else None,
        "duration_s": info.duration if info else None,
        "bit_rate": info.bit_rate if info else None,
        "width": video.width if video else None,
        "height": video.height if video else 0,
        "tier": tier(video.width, video.height).value if video else "?",
        "video_codec": video.codec if video else None,
        "hdr": [kind.value for kind in video.hdr] if video else [],
        "audio_languages": sorted({t.language for t in info.audio if t.language}) if info else [],
        "subtitle_languages": sorted({t.language for t in info.subtitles if t.language}) if info else [],
        "tracks": tracks_json(info) if info else None,
        "health": file.health.health.value,
        "health_reason": file.health.reason,
        "score": score(info).total if info else -1,
        "first_seen_at": file.first_seen or LONG_AGO,
        "last_scan_id": 1,
        "probed_at": LONG_AGO if info else None,
        "search": sorted(set(words(f"{file.path} {who.title}"))),
    }
    places = ", ".join(f"${number}" for number in range(1, len(row)))
    places += f", array_to_tsvector(${len(row)}::text[])"
    id = await conn.fetchval(
        f"insert into media_files ({', '.join(row)}) values ({places}) returning id", *row.values()
    )
    return replace(file, id=FileId(id))
