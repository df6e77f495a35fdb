"""A new file's row as text for COPY, in two halves, made where the values are: in any process.

What the walk saw of the file, and what its name says, in the server's form already.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from mediavault_tui.domain.model import Identity, ScanId
from mediavault_tui.domain.pathtext import display
from mediavault_tui.domain.search import indexed
from mediavault_tui.domain.titles import title_key
from mediavault_tui.store.copytext import flag, number, numbers, raw, raws, text, texts

SEEN_COLUMNS = [
    "source",
    "path_raw",
    "path",
    "root_raw",
    "device",
    "inode",
    "size_bytes",
    "modified_ns",
    "link_count",
    "aliases",
    "protected",
    "sample_hash",
    "content_hash",
    "last_scan_id",
]
IDENTITY_COLUMNS = [
    "kind",
    "title",
    "title_key",
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
    "search",
]
_PLAIN = "0" + "\t\\N" * 2 + "\t{}" + "\t\\N" * 3 + "\tf" + "\t\\N" * 5
"""Year to release source where the name says nothing of them."""
_UNNAMED = f"other\t\t\t{_PLAIN}\t0\t{{}}\t"
"""The identity half of a name that is not read yet, up to its words."""
LONGEST_KEY = 200
"""Characters of a title that are sorted by: an index entry holds 2.7 KB, and one letter can become 18."""
_SMALL = 2**15 - 1
_WHOLE = 2**31 - 1
"""What PostgreSQL's smallint and integer hold; a name can claim any number."""


def seen_half(
    place: tuple[str, bytes, ScanId],
    path: bytes,
    stamp: tuple[int, int, int, int],
    links: int,
    aliases: Sequence[bytes],
    digest: bytes | None,
    *,
    protected: bool,
) -> str:
    """Return the first half of a row: the file as the walk saw it.

    `place`: source, root and scan; `stamp`: as `domain.model.FileStamp`; `digest`: of the whole file.
    """
    source, root, scan = place
    device, inode, size, modified_ns = stamp
    names = raws(aliases) if aliases else "{}"
    kept = "t" if protected else "f"
    content = raw(digest)
    return (
        f"{source}\t\\\\x{path.hex()}\t{text(display(path))}\t{raw(root)}\t{device}\t{inode}\t{size}"
        f"\t{modified_ns}\t{links}\t{names}\t{kept}\t{content}\t{content}\t{scan}"
    )


def identity_half(name: str, identity: Identity | None) -> str:
    """Return the second half of a row: what the name says, and the words to find it by.

    `name`: the path from the root's own folder on. None: not known yet.
    """
    if identity is None:
        return _UNNAMED + indexed(name)
    title = text(identity.title)
    key = text(title_key(identity.title)[:LONGEST_KEY])
    said = _details(identity)
    evidence = _evidence(identity.evidence)
    words = indexed(name, identity.title)
    return f"{identity.kind.value}\t{title}\t{key}\t{said}\t{identity.confidence}\t{evidence}\t{words}"


def plain_half(name: str, title: str, confidence: int, evidence: str) -> str:
    """Return `identity_half` of a film of which the name says the title and nothing else."""
    key = text(title_key(title)[:LONGEST_KEY])
    words = indexed(name, title)
    return f"movie\t{text(title)}\t{key}\t{_PLAIN}\t{confidence}\t{_evidence((evidence,))}\t{words}"


def _details(identity: Identity) -> str:
    return "\t".join(
        (
            str(_within(identity.year, _SMALL) or 0),
            text(identity.country),
            number(_within(identity.season, _SMALL)),
            numbers(n for n in identity.episodes if 0 <= n <= _WHOLE),
            identity.air_date.isoformat() if identity.air_date else "\\N",
            text(identity.edition),
            number(_within(identity.part, _SMALL)),
            flag(identity.three_d),
            text(identity.extra),
            number(_within(identity.tmdb_id, _WHOLE)),
            text(identity.imdb_id),
            number(_within(identity.tvdb_id, _WHOLE)),
            identity.release_source.value if identity.release_source else "\\N",
        )
    )


@lru_cache(maxsize=4096)
def _evidence(phrases: tuple[str, ...]) -> str:
    return texts(phrases)


def _within(value: int | None, most: int) -> int | None:
    return value if value is not None and 0 <= value <= most else None
