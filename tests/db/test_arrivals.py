"""Rows for COPY say to PostgreSQL what they were made from: every field, every null, any name."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date

import pytest

from mediavault_tui.domain.model import Identity, Kind, ReleaseSource, ScanId
from mediavault_tui.domain.pathtext import display
from mediavault_tui.domain.search import words
from mediavault_tui.store import arrivals
from mediavault_tui.store.arrival_rows import (
    IDENTITY_COLUMNS,
    SEEN_COLUMNS,
    beginning,
    identity_half,
    plain_half,
    seen_half,
)
from mediavault_tui.store.database import Connection

ROOT = b"/lib"
FULL = Identity(
    Kind.EPISODE,
    "Ocean's \\ Two\tThree",
    year=2001,
    country="US",
    season=3,
    episodes=(4, 5, 2**31 - 1),
    air_date=date(1999, 12, 31),
    edition="Director's Cut",
    part=2,
    three_d=True,
    extra="trailer",
    tmdb_id=603,
    imdb_id="tt0133093",
    tvdb_id=0,
    release_source=ReleaseSource.WEB,
    confidence=90,
    evidence=('a "quoted", {braced} \\ one', "日本"),
)
AS_THEY_ARE = ("country", "season", "air_date", "edition", "part", "three_d", "extra", "tmdb_id", "imdb_id")


async def put(
    conn: Connection,
    path: bytes,
    half: bytes,
    *,
    aliases: tuple[bytes, ...] = (),
    digest: bytes | None = None,
) -> None:
    stamp = (-(2**63), 2**63 - 1, 2**40, 1_600_000_000_123_456_789)
    begun = beginning("local", ROOT, ScanId(7))
    seen = seen_half(begun, path, display(path), stamp, 3, aliases, digest, protected=bool(aliases))

    async def rows() -> AsyncIterator[bytes]:
        yield seen + half

    await arrivals.insert(conn, rows())


async def held(conn: Connection, path: bytes) -> dict[str, object]:
    columns = ", ".join([*SEEN_COLUMNS, *IDENTITY_COLUMNS[:-1], "tsvector_to_array(search) as search"])
    row = await conn.fetchrow(f"select {columns} from media_files where path_raw = $1", path)
    assert row is not None
    return dict(row)


@pytest.mark.parametrize("name", ["été\t\\N\n'\"", "日本語の映画", "a" * 200, "☃", "[/red] $1"])
async def test_a_full_row_comes_back_as_it_was_made(conn: Connection, name: str) -> None:
    path = ROOT + b"/" + name.encode() + b"\xff.mkv"
    half = identity_half(f"lib/{name}.mkv", FULL)
    await put(conn, path, half, aliases=(b"/lib/\x01\xfe", b"/lib/b"), digest=bytes(range(16)))
    row = await held(conn, path)
    assert [row[column] for column in SEEN_COLUMNS] == [
        "local", ROOT, 7, path, display(path), -(2**63), 2**63 - 1, 2**40, 1_600_000_000_123_456_789, 3,
        [b"/lib/\x01\xfe", b"/lib/b"], True, bytes(range(16)), bytes(range(16)),
    ]  # fmt: skip
    assert (row["kind"], row["title"], row["title_key"], row["year"]) == (
        "episode", FULL.title, "oceans two three", 2001,
    )  # fmt: skip
    assert [row[name] for name in AS_THEY_ARE] == [getattr(FULL, name) for name in AS_THEY_ARE]
    assert (row["episodes"], row["tvdb_id"], row["release_source"], row["identity_confidence"]) == (
        [4, 5, 2**31 - 1], 0, "web", 90,
    )  # fmt: skip
    assert row["identity_evidence"] == list(FULL.evidence)
    assert sorted(row["search"]) == sorted({*words(f"lib/{name}.mkv"), *words(FULL.title)})  # type: ignore[call-overload]


async def test_what_a_name_does_not_say_is_null_and_a_name_that_is_not_read_yet_says_nothing(
    conn: Connection,
) -> None:
    plain = Identity(Kind.MOVIE, "Heat", confidence=30, evidence=("it stands",))
    await put(conn, b"/lib/plain", plain_half("lib/Heat.mkv", "Heat", 30, "it stands"))
    await put(conn, b"/lib/long", identity_half("lib/Heat.mkv", plain))
    await put(conn, b"/lib/none", identity_half("lib/Heat.mkv", None))
    short, long, none = [await held(conn, b"/lib/" + name) for name in (b"plain", b"long", b"none")]
    differing = ("path_raw", "path")
    assert {k: v for k, v in short.items() if k not in differing} == {
        k: v for k, v in long.items() if k not in differing
    }
    assert short["sample_hash"] is None
    assert short["aliases"] == short["episodes"] == []
    assert short["air_date"] is short["country"] is short["release_source"] is None
    assert (none["kind"], none["title"], none["title_key"], none["identity_confidence"]) == (
        "other",
        "",
        "",
        0,
    )
    assert none["identity_evidence"] == []
    assert none["search"] == short["search"] == ["heat", "lib", "mkv"]
    # Names without a word and titles that are read later.
    file = await conn.fetchval("select id from media_files where path_raw = '/lib/none'")
    await arrivals.set_identities(conn, [(file, identity_half("☃", replace(plain, title="☃")))])
    none = await held(conn, b"/lib/none")
    assert (none["title"], none["search"], none["identity_evidence"]) == ("☃", [], ["it stands"])
