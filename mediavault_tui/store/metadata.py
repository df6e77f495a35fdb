"""Titles of the world, which file is which, and what people chose. Long: one short function a statement.

Functions take the connection first; whatever belongs together belongs into the caller's
transaction.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

import asyncpg
from asyncpg import Record

from mediavault_tui.domain.choosing import Key
from mediavault_tui.domain.model import FileId, Identity, Kind
from mediavault_tui.domain.paths import place
from mediavault_tui.domain.search import words
from mediavault_tui.domain.titles import title_key
from mediavault_tui.domain.world import (
    Asked,
    Episode,
    Question,
    Ratings,
    Title,
    TitleKind,
    question_of,
)
from mediavault_tui.errors import DatabaseError
from mediavault_tui.store.arrival_rows import LONGEST_KEY
from mediavault_tui.store.database import Connection, Database
from mediavault_tui.store.sqlfiles import sql

_Answer = TypeVar("_Answer")
_HELD = (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError)
_ATTEMPTS = 300
_PAUSE = 0.5
"""Seconds between them: a scan's merge of a large library takes a minute."""
_KEYED_AT_ONCE = 2000


@dataclass(frozen=True, slots=True)
class FileToMatch:
    """One file, what is asked for it, and what it was found to be before."""

    id: FileId
    path: bytes
    asked: Asked
    asked_as: str | None
    state: str


@dataclass(frozen=True, slots=True)
class FoundMatch:
    """What a file was found to be, as it is kept. `state`: sure, ask, none, chosen."""

    file: FileId
    asked_as: str
    state: str
    title: Key | None
    season: int | None = None
    episodes: tuple[int, ...] = ()
    confidence: int = 0
    margin: int = 0
    evidence: tuple[str, ...] = ()
    candidates: tuple[tuple[TitleKind, int, int, tuple[str, ...]], ...] = ()
    """Kind, id, points and words of each, best first."""


async def in_turn(database: Database, write: Callable[[Connection], Awaitable[_Answer]]) -> _Answer:
    """Run `write` in one transaction; one such writer at a time, and again if a scan holds its files.

    Titles and matches change what the inventory shows of files, whose rows a scan locks in its own order.
    Raises: DatabaseError, too when a scan holds them for minutes.
    """
    for attempt in range(_ATTEMPTS):
        try:
            async with database.transaction() as conn:
                await conn.execute(sql("titles_in_turn"))
                await conn.execute(sql("titles_give_way"))
                return await write(conn)
        except DatabaseError as error:
            if attempt == _ATTEMPTS - 1 or not isinstance(error.__cause__, _HELD):
                raise
        await asyncio.sleep(_PAUSE)
    raise AssertionError("unreachable: the last attempt returns or raises")


async def key_titles(conn: Connection) -> int:
    """Work out what the inventory shows of titles that an older program kept; how many there were."""
    rows = await conn.fetch(sql("titles_unkeyed"), _KEYED_AT_ONCE)
    shown = [_shown(row["title"], row["original_title"]) for row in rows]
    await conn.execute(
        sql("titles_key"),
        [row["kind"] for row in rows],
        [row["tmdb_id"] for row in rows],
        [key for key, _ in shown],
        [" ".join(found) for _, found in shown],
    )
    return len(rows)


def _shown(title: str, original: str) -> tuple[str, list[str]]:
    """Return the key that files are sorted by and the words that they are found by."""
    return clean(title_key(title))[:LONGEST_KEY], sorted({*words(clean(title)), *words(clean(original))})


async def put_titles(conn: Connection, found: Iterable[Title]) -> None:
    """Keep titles; details bring their names and episodes with them. In a transaction of `in_turn`."""
    for title in sorted(found, key=lambda each: each.key):  # in one order: two writers cannot deadlock
        written = await conn.fetchval(
            sql("title_put"),
            title.kind.value, title.tmdb_id, clean(title.title), clean(title.original_title),
            title.original_language, title.year or 0, list(title.countries), title.runtime,
            list(title.genres), clean(title.overview), min(max(title.rating, 0), 10), title.votes,
            title.popularity, title.poster,
            title.imdb_id, title.tvdb_id, clean(title.collection), [clean(c) for c in title.credits],
            title.detailed, list(title.runtimes), *_shown(title.title, title.original_title),
        )  # fmt: skip
        if written is None or not title.detailed:
            continue
        await conn.execute(sql("title_names_drop"), title.kind.value, title.tmdb_id)
        await conn.execute(
            sql("title_names_put"),
            title.kind.value,
            title.tmdb_id,
            [clean(name) for name, _ in title.names],
            [language for _, language in title.names],
        )
        if title.kind is TitleKind.TV:
            await conn.execute(sql("title_episodes_drop"), title.tmdb_id)
            episodes = title.episodes
            await conn.execute(
                sql("title_episodes_put"),
                title.tmdb_id,
                [e.season for e in episodes],
                [e.number for e in episodes],
                [clean(e.name) for e in episodes],
                [e.air_date for e in episodes],
                [e.runtime for e in episodes],
            )


async def titles(conn: Connection, keys: Sequence[Key]) -> list[Title]:
    """Return titles in the order of `keys`; unknown ones are left out."""
    rows = await conn.fetch(sql("titles_by_key"), [k.value for k, _ in keys], [id for _, id in keys])
    return [_title(row) for row in rows]


async def files_to_match(conn: Connection, *, after: int, limit: int) -> tuple[list[FileToMatch], int | None]:
    """Return a page of files of which something can be asked, and the id to go on after (None: the end)."""
    rows = await conn.fetch(sql("match_files"), after, limit)
    files = [file for row in rows if (file := file_to_match(row)) is not None]
    return files, rows[-1]["id"] if len(rows) == limit else None


async def put_matches(conn: Connection, found: Sequence[FoundMatch]) -> None:
    """Keep what files were found to be. In a transaction of `in_turn`."""
    await conn.execute(sql("matches_put"), [_match_json(each) for each in found])


async def tell(conn: Connection) -> None:
    """Notify, when the transaction commits, that titles changed."""
    await conn.execute(sql("matches_changed"))


async def match_of(conn: Connection, file: FileId) -> FoundMatch | None:
    """Return what a file was found to be; None if it was never asked for."""
    row = await conn.fetchrow(sql("match_of_file"), file)
    if row is None:
        return None
    return FoundMatch(
        file=FileId(row["file_id"]),
        asked_as=row["asked_as"],
        state=row["state"],
        title=(TitleKind(row["kind"]), row["tmdb_id"]) if row["kind"] else None,
        season=row["season"],
        episodes=tuple(row["episodes"]),
        confidence=row["confidence"],
        margin=row["margin"],
        evidence=tuple(row["evidence"]),
        candidates=candidates_of(row["candidates"]),
    )


def candidates_of(kept: Any) -> tuple[tuple[TitleKind, int, int, tuple[str, ...]], ...]:
    """Read the candidates as they are kept."""
    return tuple((TitleKind(kind), id, points, tuple(why)) for kind, id, points, why in kept or ())


async def tally(conn: Connection) -> tuple[dict[str, int], dict[str, int]]:
    """Return the files by state of matching, and the titles: known, with details, rated by OMDb."""
    files = {row["state"]: row["files"] for row in await conn.fetch(sql("matches_tally"))}
    row = await conn.fetchrow(sql("titles_tally"))
    assert row is not None
    return files, dict(row)


async def worth_details(conn: Connection) -> list[Key]:
    """Return the films whose running time would tell copies apart."""
    return _keys(await conn.fetch(sql("titles_worth_details")))


async def without_details(conn: Connection, *, limit: int) -> list[Key]:
    """Return the titles of files that are known from a search only."""
    return _keys(await conn.fetch(sql("titles_of_files"), limit))


async def omdb_wanted(conn: Connection, *, limit: int, days: int) -> list[str]:
    """Return the IMDb ids to ask OMDb for, the most wanted first."""
    return [row["imdb_id"] for row in await conn.fetch(sql("omdb_wanted"), limit, days)]


async def omdb_left(conn: Connection, *, days: int) -> int:
    """Return for how many titles OMDb is still to be asked."""
    left: int = await conn.fetchval(sql("omdb_left"), days)
    return left


async def put_ratings(conn: Connection, ratings: Ratings) -> None:
    """Keep OMDb's answer, "unknown" too."""
    await conn.execute(
        sql("omdb_put"),
        ratings.imdb_id,
        clean(ratings.title),
        ratings.year or 0,
        ratings.runtime,
        ratings.rating,
        ratings.votes,
        ratings.metascore,
        clean(ratings.awards),
        ratings.known,
    )


async def ratings(conn: Connection, imdb_id: str) -> Ratings | None:
    """Return OMDb's answer; None if it was never asked."""
    row = await conn.fetchrow(sql("omdb_get"), imdb_id)
    if row is None:
        return None
    return Ratings(
        imdb_id=row["imdb_id"],
        known=row["known"],
        title=row["title"],
        year=row["year"] or None,
        runtime=row["runtime_s"],
        rating=float(row["rating"]) if row["rating"] is not None else None,
        votes=row["votes"],
        metascore=row["metascore"],
        awards=row["awards"],
    )


async def poster_name(conn: Connection, key: Key) -> str:
    """Return TMDb's name of a title's poster; empty without one."""
    return await conn.fetchval(sql("title_poster"), key[0].value, key[1]) or ""


def _keys(rows: Sequence[Record]) -> list[Key]:
    return [(TitleKind(row["kind"]), row["tmdb_id"]) for row in rows]


def file_to_match(row: Record) -> FileToMatch | None:
    """Read a row of `match_files`; None for a file of which nothing can be asked."""
    identity = Identity(
        kind=Kind(row["kind"]),
        title=row["title"],
        year=row["year"] or None,
        country=row["country"],
        season=row["season"],
        episodes=tuple(row["episodes"]),
        air_date=row["air_date"],
        extra=row["extra"],
        tmdb_id=row["tmdb_id"],
        imdb_id=row["imdb_id"],
        tvdb_id=row["tvdb_id"],
    )
    question: Question | None = question_of(identity)
    if question is None:
        return None
    asked = Asked(
        question=question,
        duration=row["duration_s"],
        season=identity.season,
        episodes=identity.episodes,
        air_date=identity.air_date,
        part=row["part"],
        edition=row["edition"],
    )
    return FileToMatch(FileId(row["id"]), row["path_raw"], asked, row["asked_as"], row["match_state"])


def _match_json(each: FoundMatch) -> Mapping[str, Any]:
    kind, id = each.title if each.title else (None, None)
    return {
        "file_id": each.file,
        "asked_as": clean(each.asked_as),
        "state": each.state,
        "kind": kind.value if kind else None,
        "tmdb_id": id,
        "season": each.season,
        "episodes": list(each.episodes),
        "confidence": each.confidence,
        "margin": min(max(each.margin, -999), 999),
        "evidence": [clean(text) for text in each.evidence],
        "candidates": [
            [k.value, i, points, [clean(w) for w in why]] for k, i, points, why in each.candidates
        ],
    }


def _title(row: Record) -> Title:
    return Title(
        kind=TitleKind(row["kind"]),
        tmdb_id=row["tmdb_id"],
        title=row["title"],
        original_title=row["original_title"],
        original_language=row["original_language"],
        year=row["year"] or None,
        countries=tuple(row["countries"]),
        runtime=row["runtime_s"],
        runtimes=tuple(row["runtimes"]),
        genres=tuple(row["genres"]),
        overview=row["overview"],
        rating=float(row["rating"]),
        votes=row["votes"],
        popularity=row["popularity"],
        poster=row["poster"],
        imdb_id=row["imdb_id"],
        tvdb_id=row["tvdb_id"],
        collection=row["collection"],
        credits=tuple(row["credits"]),
        names=tuple((name, language) for name, language in row["names"]),
        episodes=tuple(
            Episode(season, number, name, date.fromisoformat(day) if day else None, seconds)
            for season, number, name, day, seconds in row["episodes"] or ()
        ),
        detailed=row["detailed"],
    )


def clean(text: str) -> str:
    """PostgreSQL holds no NUL, and half a surrogate pair is no text."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


async def sure_files(conn: Connection) -> list[FileId]:
    """Return the present files of which the title is sure, by path."""
    return [FileId(row["id"]) for row in await conn.fetch(sql("files_sure"))]


async def files_below(conn: Connection, path: bytes) -> list[FileId]:
    """Return the present files at or below a located path."""
    source, raw = place(path)
    top = raw.rstrip(b"/")
    rows = await conn.fetch(sql("files_below"), raw, top + b"/", top + b"0", source)  # "0" follows "/"
    return [FileId(row["id"]) for row in rows]


async def related_files(conn: Connection, files: Sequence[FileId], *, season: bool) -> list[FileId]:
    """Return these files and the present ones of the same titles, or `season`: of the same seasons."""
    return [FileId(row["id"]) for row in await conn.fetch(sql("files_related"), list(files), season)]


async def title_of(conn: Connection, files: Sequence[FileId]) -> str:
    """Return the one title of these files, with its year; empty where they are of several or none."""
    rows = await conn.fetch(sql("title_shared"), list(files))
    if len(rows) != 1:
        return ""
    title, year = rows[0]["title"], rows[0]["year"]
    return f"{title} ({year})" if year else str(title)
