"""New files into the inventory: whole rows by COPY, and identities into rows that are there.

A row comes in two halves that are joined as text: what the walk saw of the file, and
what its name says, which a worker process has put into the server's form already.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from functools import lru_cache
from typing import Any

from mediavault_tui.domain.model import FileStamp, Identity, ScanId
from mediavault_tui.domain.paths import display
from mediavault_tui.domain.search import indexed
from mediavault_tui.domain.titles import title_key
from mediavault_tui.store.copytext import flag, number, numbers, raw, raws, text, texts
from mediavault_tui.store.database import Connection
from mediavault_tui.store.sqlfiles import sql

_SEEN = [
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
_IDENTITY = [
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
_LONGEST_KEY = 200
"""Characters of a title that are sorted by: an index entry holds 2.7 KB, and one letter can become 18."""
_SMALL = 2**15 - 1
_WHOLE = 2**31 - 1
"""What PostgreSQL's smallint and integer hold; a name can claim any number."""


def seen_half(
    path: bytes,
    stamp: FileStamp,
    *,
    source: str,
    root: bytes,
    links: int,
    aliases: Sequence[bytes],
    protected: bool,
    sample: bytes | None,
    content: bytes | None,
    scan: ScanId,
) -> str:
    """Return the first half of a row: the file as the walk saw it."""
    return "\t".join(
        (
            source, raw(path), text(display(path)), raw(root), str(stamp.device), str(stamp.inode),
            str(stamp.size), str(stamp.modified_ns), str(links), raws(aliases) if aliases else "{}",
            flag(protected), raw(sample), raw(content), str(scan),
        )
    )  # fmt: skip


def identity_half(name: str, identity: Identity | None) -> str:
    """Return the second half of a row: what the name says, and the words to find it by.

    `name`: the path from the root's own folder on. None: not known yet.
    """
    if identity is None:
        return _UNNAMED + indexed(name)
    title = text(identity.title)
    key = text(title_key(identity.title)[:_LONGEST_KEY])
    said = _PLAIN if _says_no_more(identity) else _details(identity)
    evidence = _evidence(identity.evidence)
    words = indexed(name, identity.title)
    return f"{identity.kind.value}\t{title}\t{key}\t{said}\t{identity.confidence}\t{evidence}\t{words}"


def _says_no_more(identity: Identity) -> bool:
    """Return whether the name says nothing beyond kind and title, as most of a careless library's do."""
    return not (
        identity.year
        or identity.season is not None
        or identity.episodes
        or identity.extra
        or identity.edition
        or identity.part
        or identity.release_source
        or identity.country
        or identity.air_date
        or identity.three_d
        or identity.tmdb_id
        or identity.imdb_id
        or identity.tvdb_id
    )


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


_MANY = 5000
"""New files from which it pays to index an empty inventory afterwards."""


async def insert(conn: Connection, rows: AsyncIterable[bytes]) -> None:
    """COPY rows into the inventory: each chunk is one or more `seen_half TAB identity_half NEWLINE`."""
    await conn.copy_to_table("media_files", source=rows, columns=[*_SEEN, *_IDENTITY])


@asynccontextmanager
async def bulk(conn: Connection, *, rows: int) -> AsyncIterator[None]:
    """Inside a transaction: fill an empty inventory first and index it afterwards.

    Three times as fast as keeping thirty indexes up to date row by row. Does nothing unless
    the inventory is empty and many rows come.
    """
    if rows < _MANY or await conn.fetchval(sql("inventory_has_rows")):
        yield
        return
    indexes = await conn.fetch(sql("inventory_indexes"))
    for index in indexes:
        await conn.execute(f'drop index "{index["name"]}"')  # a name from the catalogue
    yield
    for index in indexes:
        await conn.execute(index["definition"])
    await conn.execute("analyze media_files")


async def set_identities(conn: Connection, rows: Iterable[tuple[int, str]]) -> None:
    """Give rows (id, identity half) their identity."""
    await conn.execute(sql("temporary_identity"))

    async def lines() -> AsyncIterator[bytes]:
        for id, half in rows:
            yield f"{id}\t{half}\n".encode()

    await conn.copy_to_table("scan_identity", source=lines(), columns=["id", *_IDENTITY])
    await conn.execute(sql("scan_set_identities"))
    await conn.execute("truncate scan_identity")


async def known_names(conn: Connection, parser: str, names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return the identities (as JSON values) of the names that were parsed before."""
    keys = {name.encode(): name for name in names}
    rows = await conn.fetch(sql("names_known"), parser, list(keys))
    return {keys[row["name"]]: row["identity"] for row in rows}


async def remember_names(conn: Connection, parser: str, identities: dict[str, dict[str, Any]]) -> None:
    """Keep identities (as JSON values) by name, for ever; other versions of the parser are forgotten."""
    await conn.execute(
        sql("names_remember"), parser, [name.encode() for name in identities], list(identities.values())
    )
