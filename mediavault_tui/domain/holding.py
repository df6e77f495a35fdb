"""Where a staged file and its sidecars go, under which names, and which files are its sidecars.

`<holding>/{movies,tv,documentaries}/YYYY-MM-DD/<name>`, with ` (2)` before the ending where
a name is taken. Names are raw bytes: what the file system gave is what opens a file.
Source: docs/safety.md.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date

from mediavault_tui.domain.media import SIDECAR_SUFFIXES, STAGING_FOLDER, may_be_video, named_as_held, suffix
from mediavault_tui.domain.model import Kind
from mediavault_tui.domain.pathtext import comparable, display

NAME_LIMIT = 255
"""Bytes that a file name may have on every file system that matters."""

_KIND_FOLDERS: Mapping[Kind, bytes] = {
    Kind.MOVIE: b"movies",
    Kind.EPISODE: b"tv",
    Kind.DOCUMENTARY: b"documentaries",
    Kind.OTHER: b"movies",
}

KEPT_OUT: Mapping[bytes, bytes] = {b".plexignore": b"*\n", b".ignore": b""}
"""Files at the top of a holding folder that keep media servers out of it: Plex, and Jellyfin and Emby."""


def split(path: bytes) -> tuple[bytes, bytes]:
    """Return folder and name of an absolute path."""
    folder, _, name = path.rpartition(b"/")
    return folder or b"/", name


def below(path: bytes, folder: bytes) -> bool:
    """Return whether `path` is written as lying below `folder`, without `.`, `..` or empty steps.

    Links are another matter: `sources.holding.real_folder` looks at the disk.
    """
    top = folder.rstrip(b"/") + b"/"
    steps = path[len(top) :].split(b"/")
    return path.startswith(top) and not any(step in (b"", b".", b"..") for step in steps)


def holding_folder(configured: bytes | None, root: bytes) -> bytes:
    """Return the top of the holding folder for files of `root`."""
    return configured or root.rstrip(b"/") + b"/" + STAGING_FOLDER


def date_folder(holding: bytes, kind: Kind, day: date) -> bytes:
    """Return the folder that takes a file of `kind` staged on `day`."""
    return b"%s/%s/%s" % (holding.rstrip(b"/"), _KIND_FOLDERS[kind], day.isoformat().encode())


def in_date_folder(path: bytes, holding: bytes) -> bool:
    """Return whether `path` is a file where staging puts one: holding/kind/date/name."""
    if not below(path, holding):
        return False
    steps = path[len(holding.rstrip(b"/")) + 1 :].split(b"/")
    return len(steps) == 3 and named_as_held(split(path)[0])


def free_names(video: bytes, sidecars: Sequence[bytes], taken: Callable[[bytes], bool]) -> tuple[bytes, ...]:
    """Return names for the video and its sidecars, all of one stem, none of them taken.

    The first free of `Film`, `Film (2)`, `Film (3)` …; a stem is cut where the number would
    make a name too long. `taken` is asked with each name.
    """
    stem = _stem(video)
    longest = max(len(name) for name in (video, *sidecars)) - len(stem)
    number = 1
    while True:
        ending = b"" if number == 1 else b" (%d)" % number
        new = _cut(stem, NAME_LIMIT - longest - len(ending)) if ending else stem
        names = tuple(new + ending + name[len(stem) :] for name in (video, *sidecars))
        if not any(taken(name) for name in names):
            return names
        number += 1


def folded(name: bytes) -> str:
    """Return the form in which two names count as one on any file system (case, NFC)."""
    return comparable(display(name))


def _stem(name: bytes) -> bytes:
    return name[: len(name) - len(suffix(name))]


def _cut(stem: bytes, limit: int) -> bytes:
    """Shorten to `limit` bytes without breaking a UTF-8 letter in two."""
    if len(stem) <= limit:
        return stem
    while limit > 0 and stem[limit] & 0xC0 == 0x80:
        limit -= 1
    return stem[:limit]


_ARTWORK = (
    rb"(?:poster|fanart|thumb|banner|landscape|clearlogo|clearart|logo|disc|discart|keyart|backdrop"
    rb"|cover|folder|characterart|screenshot)\d{0,2}"
)
_TAG = (
    rb"(?:[a-z]{2,3}(?:[-_][a-z0-9]{2,8})*|\d{1,2}|forced|default|foreign|full|signs|songs|comment(?:ary)?"
    rb"|orig(?:inal)?|auto|trickplay|chapters?|arabic|chinese|czech|danish|dutch|english|finnish|french|german|greek"
    rb"|hebrew|hindi|hungarian|indonesian|italian|japanese|korean|norwegian|polish|portuguese|romanian|russian"
    rb"|spanish|swedish|thai|turkish|ukrainian|vietnamese)"
)
_REST = re.compile(
    rb"(?:[-.]%s)?|(?:\.%s(?:[-_ ]?\[(?:cc|sdh|forced|hi)\])?)+" % (_ARTWORK, _TAG), re.IGNORECASE
)
"""What may stand between a video's stem and a sidecar's ending."""


def sidecars_of(video: bytes, names: Iterable[bytes]) -> tuple[bytes, ...]:
    """Return, sorted, which of a folder's `names` belong to `video` and to no other video.

    `Film.srt`, `Film.en.srt`, `Film.pt-BR.forced.srt`, `Film-poster.jpg` and `Film.mkv.nfo`
    are Film.mkv's; `Film 2.srt` and `Film-2.srt` are not. A sidecar belongs to the longest
    stem that it begins with, so `Film.Extended.srt` is Film.Extended.mkv's where there is
    one. Where a second video has the same stem (Film.mp4), what they share stays with the
    survivor; only a name with the ending in it (`Film.mkv.nfo`) is certainly this one's.
    """
    everything = set(names)
    stem = _stem(video)
    near = [name for name in everything if name.startswith(stem) and name != video]
    near = [name for name in near if suffix(name) in SIDECAR_SUFFIXES]
    if not near:
        return ()  # most often; a folder may hold ten thousand videos
    others = [name for name in everything if may_be_video(name) and name != video]
    rivals = [folded(_stem(name)) for name in others]
    own = []
    for name in near:
        body = _stem(name)
        if body.startswith(video) and _REST.fullmatch(body[len(video) :]):
            own.append(name)
        elif body.startswith(stem) and _REST.fullmatch(body[len(stem) :]):
            whole = folded(body)
            if not any(len(rival) >= len(folded(stem)) and _could_own(rival, whole) for rival in rivals):
                own.append(name)
    return tuple(sorted(own))


def _could_own(stem: str, body: str) -> bool:
    return body.startswith(stem) and _REST.fullmatch(body[len(stem) :].encode()) is not None
