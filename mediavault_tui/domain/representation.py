"""What an answer says of a file beside its bytes: type, name, strong tag. Pure text."""

from __future__ import annotations

import hashlib
from urllib.parse import quote

from mediavault_tui.domain.media import suffix
from mediavault_tui.domain.model import FileStamp

UNKNOWN_TYPE = "application/octet-stream"

_FAMILIES: tuple[tuple[frozenset[str], dict[bytes, str]], ...] = (
    (
        frozenset({"matroska", "webm"}),
        {b".mkv": "video/x-matroska", b".mk3d": "video/x-matroska", b".webm": "video/webm"},
    ),
    (
        frozenset({"mov", "mp4", "m4a", "3gp", "3g2", "mj2"}),
        {b".mp4": "video/mp4", b".m4v": "video/mp4", b".mov": "video/quicktime", b".3gp": "video/3gpp"},
    ),
    (frozenset({"avi"}), {b".avi": "video/x-msvideo", b".divx": "video/x-msvideo"}),
    (frozenset({"asf"}), {b".wmv": "video/x-ms-wmv", b".asf": "video/x-ms-asf"}),
    (frozenset({"flv"}), {b".flv": "video/x-flv"}),
    (
        frozenset({"mpeg", "mpegvideo", "vob"}),
        {b".mpg": "video/mpeg", b".mpeg": "video/mpeg", b".m2v": "video/mpeg", b".vob": "video/mpeg"},
    ),
    (frozenset({"mpegts"}), {b".ts": "video/mp2t", b".m2ts": "video/mp2t", b".mts": "video/mp2t"}),
    (frozenset({"ogg"}), {b".ogv": "video/ogg", b".ogm": "video/ogg"}),
    (
        frozenset({"rm"}),
        {b".rmvb": "application/vnd.rn-realmedia-vbr", b".rm": "application/vnd.rn-realmedia"},
    ),
)
"""Names that ffprobe gives a container → type by ending; the first is the family's own.

Source: IANA's list of media types where it has one, else what browsers and players agree on.
"""


def content_type(name: bytes, container: str | None) -> str:
    """Return the media type: of the container that was found in the file, else of the name's ending.

    An ending decides only between types of the same container: an `.avi` that is really
    an MP4 is announced as one.
    """
    ending = suffix(name)
    words = frozenset((container or "").replace("/", ",").split(","))
    for names, types in _FAMILIES:
        if words & names:
            return types.get(ending) or next(iter(types.values()))
    return next((types[ending] for _, types in _FAMILIES if ending in types), UNKNOWN_TYPE)


def disposition(name: bytes) -> str:
    """Return a Content-Disposition that shows the file and gives it its name when it is saved.

    Nothing in a name can leave its quotes or begin another header: the plain form keeps
    harmless ASCII only, the other one is percent-encoded. Source: RFC 6266, RFC 8187.
    """
    text = name.decode("utf-8", "replace")
    plain = "".join(c if " " <= c <= "~" and c not in '"\\%' else "_" for c in text)
    return f"inline; filename=\"{plain}\"; filename*=UTF-8''{quote(text, safe='')}"


def etag(source: str, stamp: FileStamp) -> str:
    """Return the strong entity tag of a file: it changes whenever the file may have.

    Of the inode, size and time a player learns nothing but whether they changed.
    """
    said = f"{source}\0{stamp.device}\0{stamp.inode}\0{stamp.size}\0{stamp.modified_ns}"
    return f'"{hashlib.blake2b(said.encode(), digest_size=15).hexdigest()}"'
