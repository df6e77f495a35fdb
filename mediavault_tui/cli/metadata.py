"""`mediavault metadata`: ask TMDb and OMDb, see what waits for a person, and choose."""

from __future__ import annotations

import argparse
import asyncio
import sys
from contextlib import AsyncExitStack
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from mediavault_tui.cli import acting
from mediavault_tui.domain.pathtext import harmless
from mediavault_tui.errors import ConfigError, ReadOnly, UsageError

if TYPE_CHECKING:
    from mediavault_tui.domain.world import Title
    from mediavault_tui.services.titles.metadata import Metadata
    from mediavault_tui.settings import Settings
    from mediavault_tui.store.choosing import Waiting

OMDB_A_DAY = 1000


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments."""
    parser.epilog = (
        "Exit code 1: the service did not answer, or there was no choice to take back; 2: a key is not set."
    )
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    fetch = verbs.add_parser("fetch", help="ask TMDb for every title that has no match yet")
    fetch.add_argument("--again", action="store_true", help="also what is unsure or was not found")
    fetch.add_argument("--details", action="store_true", help="also cast, running time and episodes of all")
    omdb = verbs.add_parser("omdb", help="ask OMDb for ratings and awards, so many a day")
    omdb.add_argument(
        "--budget", type=int, default=OMDB_A_DAY, metavar="N", help="requests at most (1000 in 24 hours)"
    )
    match = verbs.add_parser("match", help="list what waits for a choice, or choose")
    match.add_argument("file", nargs="?", help="number or path of a file")
    match.add_argument("title", nargs="?", help="movie/603, tv/1437, or none")
    match.add_argument("--undo", action="store_true", help="take your last choice back")
    match.add_argument("--everywhere", action="store_true", help="for that name in every folder")
    status = verbs.add_parser("status", help="count matches, titles and requests")
    missing = verbs.add_parser("missing", help="list the episodes that no file holds")
    missing.add_argument("show", nargs="?", type=int, help="TMDb's number of one show")
    better = verbs.add_parser("better", help="list the files of which a better copy is elsewhere")
    for verb in (fetch, omdb, match, status, missing, better):
        verb.add_argument("--json", action="store_true", help="print one JSON document")


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    return asyncio.run(_run(args))


async def _run(args: argparse.Namespace) -> int:
    from mediavault_tui import bootstrap

    settings = bootstrap.load_settings()
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(bootstrap.open_database(settings))
        if args.verb == "omdb":
            if args.budget < 1:
                raise UsageError("--budget is a number of requests, 1 or more")
            batch = await stack.enter_async_context(bootstrap.ratings(database, settings))
            result = await batch.run(budget=args.budget)
            said = f"{result.asked} titles asked, {result.unknown} unknown to OMDb, {result.left} left"
            _print(asdict(result), said, as_json=args.json)
            if result.stopped:
                print(f"mediavault: {result.stopped}", file=sys.stderr)
            return 0
        service = await stack.enter_async_context(bootstrap.metadata(database, settings))
        match args.verb:
            case "fetch":
                _needs_key(settings)
                code = await _fetch(service, args)
                await bootstrap.dedupe(database, settings).refresh()
                return code
            case "match":
                if settings.read_only and (args.file is not None or args.undo):
                    raise ReadOnly
                nas = await stack.enter_async_context(bootstrap.open_nas(database, settings))
                naming = acting.Naming(bootstrap.library(database, settings), nas)
                code = await _match(service, args, naming)
                if args.file is not None or args.undo:
                    await bootstrap.dedupe(database, settings).refresh()
                return code
            case "status":
                counts = await service.status()
                _print(
                    counts,
                    "\n".join(f"{n:>8}  {k.replace('_', ' ')}" for k, n in counts.items()),
                    as_json=args.json,
                )
                return 0
            case "better":
                return await _better(service, args)
            case _:
                return await _missing(service, args)


def _needs_key(settings: Settings) -> None:
    if settings.tmdb_token is None and settings.tmdb_key is None:
        raise ConfigError(
            "TMDB_READ_ACCESS_TOKEN is not set: get a token at themoviedb.org/settings/api"
            " and put it into .env"
        )


async def _fetch(service: Metadata, args: argparse.Namespace) -> int:
    shown = not args.json and sys.stderr.isatty()
    last = None
    async for last in service.fetch(again=args.again):
        if shown:
            print(
                f"\r{last.titles_done} of {last.titles} titles, {last.asked} requests",
                end="",
                file=sys.stderr,
            )
    if shown:
        print(file=sys.stderr)
    details = await service.fetch_details() if args.details else 0
    assert last is not None
    said = (
        f"{last.titles} titles of {last.files} files with {last.asked} requests:"
        f" {last.sure} files sure, {last.unsure} ask for a choice, {last.unknown} unknown"
    )
    said += f"; details of {details} titles" if args.details else ""
    _print({**asdict(last), "details": details}, said, as_json=args.json)
    if last.unsure and not args.json:
        print("see `mediavault metadata match`")
    return 0


async def _match(service: Metadata, args: argparse.Namespace, naming: acting.Naming) -> int:
    if args.undo:
        if args.file is not None:
            raise UsageError("--undo takes no file: it takes your last choice back")
        sentence = await service.choosing.undo(who=acting.who())
        _print({"undone": sentence}, sentence or "there is no choice of yours to undo", as_json=args.json)
        return 0 if sentence else 1
    if args.file is None:
        waiting = await service.choosing.waiting()
        _print(
            [_waiting_json(row, titles) for row, titles in waiting],
            "\n".join(map(_waiting_text, waiting)),
            as_json=args.json,
        )
        return 0
    if args.title is None:
        raise UsageError("say which title it is: movie/603, tv/1437, or none")
    files = await service.choosing.choose(
        await naming.file(args.file), _title(args.title), everywhere=args.everywhere, who=acting.who()
    )
    _print({"files": files}, f"chosen for {files} {'file' if files == 1 else 'files'}", as_json=args.json)
    return 0


def _title(word: str) -> Any:
    from mediavault_tui.domain.world import TitleKind

    if word == "none":
        return None
    kind, _, number = word.partition("/")
    if kind not in list(TitleKind) or not number.isdecimal():
        raise UsageError(f"{word!r} names no title: movie/603, tv/1437, or none")
    return TitleKind(kind), int(number)


def _waiting_json(row: Waiting, titles: list[Title]) -> dict[str, Any]:
    return {
        "file": row.file_id,
        "files": row.files,
        "example": row.example,
        "why": row.why,
        "candidates": [
            {"title": f"{t.kind}/{t.tmdb_id}", "name": t.title, "year": t.year, "link": t.link}
            for t in titles
        ],
    }


def _waiting_text(each: tuple[Waiting, list[Title]]) -> str:
    from mediavault_tui.domain.world import named

    row, titles = each
    lines = [f"file {row.file_id}: {harmless(row.example)} ({row.files} like it)"]
    lines += [f"    {t.kind}/{t.tmdb_id:<9} {harmless(named(t))}" for t in titles]
    return "\n".join(lines)


async def _missing(service: Metadata, args: argparse.Namespace) -> int:
    found = await service.missing_episodes(args.show)
    lines = [f"{harmless(e.title)} S{e.season:02}E{e.episode:02} {harmless(e.name)}" for e in found]
    document = [{**asdict(e), "air_date": e.air_date.isoformat() if e.air_date else None} for e in found]
    _print(
        document,
        "\n".join(lines) or "none is missing of the shows whose episodes are known",
        as_json=args.json,
    )
    return 0


async def _better(service: Metadata, args: argparse.Namespace) -> int:
    found = await service.better_copies()
    lines = [
        f"{harmless(each.path)} ({each.tier}, {each.score} points)\n"
        f"    better by {each.gap}: {harmless(each.better_path)}"
        f" ({each.better_tier}, {each.better_score} points)"
        for each in found
    ]
    nothing = "no file has a better copy in another folder or source"
    _print([asdict(each) for each in found], "\n".join(lines) or nothing, as_json=args.json)
    return 0


def _print(document: Any, text: str, *, as_json: bool) -> None:
    if as_json:
        acting.print_json(document)
    elif text:
        print(text)
