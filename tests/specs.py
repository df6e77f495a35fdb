"""Files written in one line, for the corpora: "1080p hevc 8M a:en/5.1 s:en,fr HDR10".

1080p or 1920x800     picture size                 h264 …            video codec
8M                    Mbit/s of the whole file     a:en/5.1/eac3     sound (a:- none, a:?/… unlabelled)
s:en,fr  f:en         subtitles, forced ones       HDR10 HDR10+ HLG DV
t:7000                seconds                      ch:12  chapters   rate:24  frames a second
remux bluray web hdtv dvd cam                      broken quarantined unchecked unprobed
size:700              megabytes                    ed:IMAX_Cut  year:1995  year:-  country:US  part:1  e:1,2
tmdb-runs:7200/6900   a film known to TMDb, with seconds of its cuts (the release first)
title:Heat_2          underscores are spaces       at:/a/b.mkv  path
protected missing changed                          links:2           seen:2025-01-31  mtime:5
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from mediavault_tui.domain.model import (
    AudioTrack,
    FileState,
    Hdr,
    Health,
    Identity,
    MediaFile,
    ReleaseSource,
    SubtitleTrack,
    Work,
)
from tests.factories import MBIT, a_file, an_identity, an_info, audio

_SIZES = {
    "4K": (3840, 2160),
    "1440p": (2560, 1440),
    "1080p": (1920, 1080),
    "720p": (1280, 720),
    "576p": (720, 576),
    "480p": (720, 480),
    "360p": (480, 360),
}
_HDR = {str(kind): kind for kind in Hdr}
_SOURCES = {str(source): source for source in ReleaseSource}
_HEALTH = {"broken": Health.BROKEN, "quarantined": Health.QUARANTINED, "unchecked": Health.UNCHECKED}
_CODECS = {"h264", "hevc", "av1", "vp9", "mpeg4", "msmpeg4v3", "mpeg2video", "vc1", "wmv3", "theora"}


def is_changed(spec: str) -> bool:
    """Whether the line says that the file is not what was scanned."""
    return "changed" in spec.split()


def file_of(spec: str, *, id: int) -> MediaFile:
    """Read one line; an unknown word is an error."""
    info: dict[str, Any] = {}
    tracks: list[AudioTrack] | None = None
    subtitles: list[SubtitleTrack] = []
    hdr: list[Hdr] = []
    identity: dict[str, Any] = {}
    file: dict[str, Any] = {"path": f"/library/film {id}/film {id}.mkv", "health": Health.HEALTHY}
    after: dict[str, Any] = {}
    for word in spec.split():
        name, colon, value = word.partition(":")
        if word in _SIZES:
            info["width"], info["height"] = _SIZES[word]
        elif match := re.fullmatch(r"(\d+)x(\d+)", word):
            info["width"], info["height"] = int(match[1]), int(match[2])
        elif word in _CODECS:
            info["codec"] = word
        elif match := re.fullmatch(r"([\d.]+)M", word):
            info["mbit"] = float(match[1])
        elif word in _HDR:
            hdr.append(_HDR[word])
        elif word in _SOURCES:
            identity["release_source"] = _SOURCES[word]
        elif word in _HEALTH:
            file["health"], file["reason"] = _HEALTH[word], "the end is missing"
        elif word == "unprobed":
            file["info"] = None
            file["health"] = Health.UNCHECKED
        elif word == "protected":
            file["protected"] = True
        elif word == "missing":
            file["state"] = FileState.MISSING
        elif word == "changed":
            pass
        elif not colon:
            raise ValueError(f"{word!r} in {spec!r}")
        elif name == "a":
            tracks = tracks or []
            if value != "-":
                tracks.append(audio(value.replace("?", "-", 1).replace("/", " ").replace("_", " ")))
        elif name in "sf":
            for language in value.split(","):
                code = None if language == "?" else language
                subtitles.append(SubtitleTrack("subrip", code, forced=name == "f"))
        elif name == "t":
            info["duration"] = float(value)
        elif name == "ch":
            info["chapters"] = int(value)
        elif name == "rate":
            info["frame_rate"] = float(value)
        elif name == "size":
            file["size"] = round(float(value) * MBIT)
        elif name == "at":
            file["path"] = value.replace("_", " ")
        elif name == "seen":
            file["first_seen"] = datetime.fromisoformat(value).replace(tzinfo=UTC)
        elif name == "mtime":
            file["modified_ns"] = int(value)
        elif name == "tmdb-runs":
            release, *cuts = map(float, value.split("/"))
            after["work"] = Work("movie", 949, "en", release, cuts=tuple(cuts))
        elif name == "links":
            after["link_count"] = int(value)
        elif name == "e":
            identity |= {"season": 1, "episodes": tuple(map(int, value.split(",")))}
        else:
            identity |= _identity_word(name, value)
    if "info" not in file:
        made = an_info(**info)
        made = replace(made, audio=tuple(tracks)) if tracks is not None else made
        assert made.video is not None
        video = replace(made.video, hdr=tuple(hdr))
        file["info"] = replace(made, video=video, subtitles=tuple(subtitles))
    who: Identity = replace(an_identity(), **identity)
    return replace(a_file(id=id, identity=who, **file), **after)


def _identity_word(name: str, value: str) -> dict[str, Any]:
    text = value.replace("_", " ")
    match name:
        case "ed":
            return {"edition": text}
        case "year":
            return {"year": None if value == "-" else int(value)}
        case "country":
            return {"country": value}
        case "part":
            return {"part": int(value)}
        case "title":
            return {"title": text}
        case "tmdb":
            return {"tmdb_id": int(value)}
        case _:
            raise ValueError(f"{name}:{value}")
