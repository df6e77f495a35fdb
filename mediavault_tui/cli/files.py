"""`mediavault files`: the inventory, filtered and in order, in the windows that the app's list has."""

from __future__ import annotations

import argparse
import asyncio
import re
import shlex
from typing import TYPE_CHECKING, Any

from mediavault_tui.cli.acting import print_json
from mediavault_tui.cli.spelled import located
from mediavault_tui.domain.library import Cursor, Facet, InventoryQuery, SortKey
from mediavault_tui.domain.measures import size
from mediavault_tui.domain.model import FileId, FileState, Kind, Tier
from mediavault_tui.domain.pathtext import harmless
from mediavault_tui.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mediavault_tui.domain.library import InventoryRow, Totals
    from mediavault_tui.services.library import Library
    from mediavault_tui.services.nas.shares import Nas

_SHOWN = 100
"""Files told of where nobody says how many."""
_AT_ONCE = 1000
"""Rows read with one question."""
_NAMED = 40
"""Letters of a title that are shown."""
_FACETS: Mapping[Facet, tuple[str, Sequence[str] | None]] = {
    Facet.KIND: ("only this kind", [kind.value for kind in Kind]),
    Facet.TIER: ("only this resolution", [tier.value for tier in Tier]),
    Facet.CODEC: ("only this video codec: hevc, h264, av1 …", None),
    Facet.LANGUAGE: ("only what can be heard in this language: en, German …", None),
    Facet.GENRE: ("only titles of this genre", None),
    Facet.DECADE: ("only titles of these ten years: 1990", None),
    Facet.ORIGINAL: ("only titles made in this language", None),
    Facet.RATING: ("only titles that TMDb's users rate so: 8 is 8.0 to 8.9", [str(n) for n in range(10)]),
    Facet.COLLECTION: ("only titles of this collection, as TMDb writes it", None),
    Facet.FOLDER: ("only files below this folder, here or on a share", None),
    Facet.STATE: (
        "only files in this state (all but purged ones)",
        [state.value for state in FileState if state is not FileState.PURGED],
    ),
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments."""
    parser.epilog = "Exit code 1: the inventory could not be read."
    parser.add_argument(
        "words", nargs="*", metavar="WORD", help="words of title or path; `!words`: all files without them"
    )
    for facet, (text, choices) in _FACETS.items():
        metavar = None if choices else facet.name
        parser.add_argument(f"--{facet.name.lower()}", choices=choices, metavar=metavar, help=text)
    parser.add_argument(
        "--sort",
        choices=[key.value for key in SortKey],
        default=SortKey.TITLE.value,
        help="the order; by itself: title",
    )
    parser.add_argument("--reverse", action="store_true", help="the other way round: largest, newest first")
    parser.add_argument(
        "--limit", type=int, default=_SHOWN, metavar="N", help=f"so many files at most; by itself: {_SHOWN}"
    )
    parser.add_argument(
        "--after", metavar="CURSOR", help="go on after a window, with what its last line (`next`) says"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    if args.limit < 1:
        raise UsageError("--limit takes a number of files, 1 or more")
    return asyncio.run(_run(args, None if args.after is None else cursor(args.after, SortKey(args.sort))))


async def _run(args: argparse.Namespace, after: Cursor | None) -> int:
    from mediavault_tui import bootstrap

    settings = bootstrap.load_settings()
    async with (
        bootstrap.open_database(settings) as database,
        bootstrap.open_nas(database, settings) as nas,
    ):
        query = _query(args, nas)
        library = bootstrap.library(database, settings)
        rows = await _window(library, query, after, args.limit + 1)
        totals = await library.totals(query)
    more = len(rows) > args.limit
    rows = rows[: args.limit]
    following = written(rows[-1].cursor) if more else None
    if args.json:
        print_json(
            {
                "files": totals.files,
                "bytes": totals.bytes,
                "exact": totals.exact,
                "rows": [_document(row) for row in rows],
                "next": following,
            }
        )
        return 0
    for row in rows:
        print(_line(row))
    print(_total(len(rows), totals, following))
    return 0


def _query(args: argparse.Namespace, nas: Nas) -> InventoryQuery:
    """Return what was asked for. Raises: UsageError for a value that no file can have."""
    text = " ".join(args.words).strip()
    chosen = ((facet, getattr(args, facet.name.lower())) for facet in _FACETS)
    return InventoryQuery(
        text=text.removeprefix("!").strip(),
        inverse=text.startswith("!"),
        facets=tuple((facet, _value(facet, str(value), nas)) for facet, value in chosen if value is not None),
        sort=SortKey(args.sort),
        descending=args.reverse,
    )


def _value(facet: Facet, word: str, nas: Nas) -> str:
    """Return a facet's value as the inventory has it."""
    from mediavault_tui.domain import languages
    from mediavault_tui.domain.paths import place
    from mediavault_tui.domain.pathtext import display
    from mediavault_tui.domain.world import GENRES
    from mediavault_tui.domain.worldfacets import years_of

    match facet:
        case Facet.LANGUAGE:
            return languages.normalise(word) or word
        case Facet.FOLDER:
            return display(place(located(word, nas))[1])
        case Facet.GENRE:
            named = {name.casefold(): name for name in GENRES.values()}
            if word.casefold() not in named:
                known = ", ".join(sorted(set(named.values())))
                raise UsageError(f"no genre is called {word!r}; there are {known}")
            return named[word.casefold()]
        case Facet.DECADE if years_of(word) is None:
            raise UsageError(f"{word!r}: a decade is a year such as 1990")
        case _:
            return word


async def _window(
    library: Library, query: InventoryQuery, after: Cursor | None, most: int
) -> list[InventoryRow]:
    rows: list[InventoryRow] = []
    while len(rows) < most:
        page = await library.page(query, after=after, limit=min(_AT_ONCE, most - len(rows)))
        if not page:
            break
        rows += page
        after = page[-1].cursor
    return rows


def written(place: Cursor) -> str:
    """Return a place in an order as a script hands it back: the file's number, a colon, its value there."""
    return f"{place.id}:{place.value}"


def cursor(text: str, sort: SortKey) -> Cursor:
    """Read what `written` wrote. Raises: UsageError for what no window of that order ends with."""
    value = ".*" if sort is SortKey.TITLE else r"-?\d+"
    found = re.fullmatch(rf"(\d+):({value})", text, re.DOTALL)
    if found is None:
        raise UsageError(
            f"--after: {text!r} is no place to go on from in the order by {sort};"
            " take it from the last line of the window before, with the same --sort"
        )
    return Cursor(found[2] if sort is SortKey.TITLE else int(found[2]), FileId(int(found[1])))


def _line(row: InventoryRow) -> str:
    name = harmless(_name(row))
    name = name if len(name) <= _NAMED else name[: _NAMED - 1] + "…"
    score = "–" if row.score is None else str(row.score)
    state = "" if row.state is FileState.PRESENT else f"  ({row.state})"
    return (
        f"{row.id:>7}  {name:<{_NAMED}}  {row.tier:<5}  {row.codec or '–':<6}"
        f"  {','.join(row.audio_languages) or '–':<8}  {size(row.size):>8}  {score:>3}"
        f"  {harmless(row.where)}{state}"
    )


def _name(row: InventoryRow) -> str:
    year = f" ({row.year})" if row.year else ""
    season = "" if row.season is None else f"S{row.season:02}"
    number = season + "".join(f"E{episode:02}" for episode in row.episodes)
    return f"{row.title}{year}{' ' if number else ''}{number}"


def _total(shown: int, totals: Totals, following: str | None) -> str:
    about = "" if totals.exact else "about "
    files = "1 file" if totals.files == 1 else f"{about}{totals.files:,} files"
    if following is None:
        return f"{files}, {about}{size(totals.bytes)}"
    return (
        f"{shown:,} of {files} ({size(totals.bytes)}); go on with --after {shlex.quote(harmless(following))}"
    )


def _document(row: InventoryRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "path": row.path,
        "source": row.source,
        "title": row.title,
        "year": row.year,
        "season": row.season,
        "episodes": list(row.episodes),
        "kind": row.kind,
        "edition": row.edition,
        "tier": row.tier,
        "codec": row.codec,
        "hdr": list(row.hdr),
        "audio_languages": list(row.audio_languages),
        "subtitle_languages": list(row.subtitle_languages),
        "size_bytes": row.size,
        "duration_s": row.duration,
        "score": row.score,
        "state": row.state,
        "health": row.health,
        "modified_ns": row.modified_ns,
    }
