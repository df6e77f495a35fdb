"""A new file's row for COPY, in two halves, made where the values are: in any process.

What the walk saw of the file, and what its name says, in the server's form already.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from functools import lru_cache

from mediavault_tui.domain.model import Identity, ScanId
from mediavault_tui.domain.search import indexed
from mediavault_tui.domain.titles import title_key
from mediavault_tui.store.copybinary import (
    NO,
    NULL,
    day,
    fields,
    flag,
    long,
    raw,
    raws,
    small,
    text,
    texts,
    whole,
    wholes,
    words,
)

SEEN_COLUMNS = [
    "source",
    "root_raw",
    "last_scan_id",
    "path_raw",
    "path",
    "device",
    "inode",
    "size_bytes",
    "modified_ns",
    "link_count",
    "aliases",
    "protected",
    "sample_hash",
    "content_hash",
]
IDENTITY_COLUMNS = [
    "kind",
    "year",
    "country",
    "season",
    "episodes",
    "air_date",
    "edition",
    "part",
    "three_d",
    "extra",
    "tmdb_id",
    "imdb_id",
    "tvdb_id",
    "release_source",
    "identity_confidence",
    "identity_evidence",
    "title",
    "title_key",
    "search",
]
_FIELDS = fields(len(SEEN_COLUMNS) + len(IDENTITY_COLUMNS))
_IDENTIFIED = fields(1 + len(IDENTITY_COLUMNS))
_NO_ALIASES = raws(()) + NO
"""Aliases and protection of nearly every file."""
_STAMP = struct.Struct(">iqiqiqiqii").pack
"""Device, inode, size, time and links, each behind its length."""
_SAYS_NOTHING = small(0) + NULL * 2 + wholes(()) + NULL * 3 + NO + NULL * 5
"""Year to release source where the name says nothing of them."""
LONGEST_KEY = 200
"""Characters of a title that are sorted by: an index entry holds 2.7 KB, and one letter can become 18."""
_SMALL = 2**15 - 1
_WHOLE = 2**31 - 1
"""What PostgreSQL's smallint and integer hold; a name can claim any number."""


def beginning(source: str, root: bytes, scan: ScanId) -> bytes:
    """Return what the rows of all files below one root begin with."""
    return _FIELDS + text(source) + raw(root) + long(scan)


def seen_half(
    begun: bytes,
    path: bytes,
    shown: str,
    stamp: tuple[int, int, int, int],
    links: int,
    aliases: Sequence[bytes],
    digest: bytes | None,
    *,
    protected: bool,
) -> bytes:
    """Return the first half of a row: the file as the walk saw it.

    `begun`: of `beginning`; `shown`: the path for people; `stamp`: as `domain.model.FileStamp`;
    `digest`: of the whole file.
    """
    device, inode, size, modified_ns = stamp
    content = raw(digest)
    return b"".join(
        (
            begun,
            raw(path),
            raw(shown.encode()),
            _STAMP(8, device, 8, inode, 8, size, 8, modified_ns, 4, links),
            raws(aliases) + flag(protected) if aliases or protected else _NO_ALIASES,
            content,
            content,
        )
    )


def identified(file: int, half: bytes) -> bytes:
    """Return the row for `scan_identity`: a file of the inventory and its identity half."""
    return _IDENTIFIED + long(file) + half


def identity_half(name: str, identity: Identity | None) -> bytes:
    """Return the second half of a row: what the name says, and the words to find it by.

    `name`: the path from the root's own folder on. None: not known yet.
    """
    if identity is None:
        return _plain("other", 0, "") + raw(b"") * 2 + words(indexed(name))
    return b"".join(
        (
            text(identity.kind.value),
            _details(identity),
            small(identity.confidence),
            texts(identity.evidence),
            text(identity.title),
            text(title_key(identity.title)[:LONGEST_KEY]),
            words(indexed(name, identity.title)),
        )
    )


def plain_half(name: str, title: str, confidence: int, evidence: str) -> bytes:
    """Return `identity_half` of a film of which the name says the title and nothing else."""
    return b"".join(
        (
            _plain("movie", confidence, evidence),
            raw(title.encode()),
            raw(title_key(title)[:LONGEST_KEY].encode()),
            words(indexed(name, title)),
        )
    )


@lru_cache(maxsize=64)
def _plain(kind: str, confidence: int, evidence: str) -> bytes:
    """Return the fields before the title where the name says no more than that."""
    return text(kind) + _SAYS_NOTHING + small(confidence) + texts((evidence,) if evidence else ())


def _details(identity: Identity) -> bytes:
    return b"".join(
        (
            small(_within(identity.year, _SMALL) or 0),
            text(identity.country),
            small(_within(identity.season, _SMALL)),
            wholes(n for n in identity.episodes if 0 <= n <= _WHOLE),
            day(identity.air_date),
            text(identity.edition),
            small(_within(identity.part, _SMALL)),
            flag(identity.three_d),
            text(identity.extra),
            whole(_within(identity.tmdb_id, _WHOLE)),
            text(identity.imdb_id),
            whole(_within(identity.tvdb_id, _WHOLE)),
            text(identity.release_source.value if identity.release_source else None),
        )
    )


def _within(value: int | None, most: int) -> int | None:
    return value if value is not None and 0 <= value <= most else None
