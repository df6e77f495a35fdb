"""`mediavault exact`: byte-identical files of a tree, without a database unless it is on a share."""

from __future__ import annotations

import argparse
import gc
import io
import os
import sys
from collections.abc import Iterator

from mediavault_tui.cli.spelled import is_folder, of_a_share
from mediavault_tui.domain.measures import size
from mediavault_tui.domain.pathtext import display, harmless
from mediavault_tui.services.exact.tree import ExactGroup, ExactReport, find_exact

_GROUPS_AT_ONCE = 64
"""Groups printed with one call, also where output is not buffered; a whole document may be large."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Say what may be asked."""
    parser.epilog = "Exit code 1: a file or folder could not be read; 2: a path is no folder."
    parser.add_argument(
        "paths", nargs="+", metavar="PATH", help="folders to search, together, here or on shares"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument(
        "--readers",
        type=_readers,
        metavar="N",
        help="files read at once (by itself: as suits memory or disk; try 2 on one hard disk)",
    )
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--all-files", action="store_true", help="compare every regular file (the default)")
    kind.add_argument("--videos", action="store_true", help="compare only files that are videos")


def run(args: argparse.Namespace) -> int:
    """Search and print; 0 when every file could be read, 1 when some could not.

    Raises: UsageError for what is no folder, and for a mount that does not answer.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal may know fewer letters than a name
    gc.disable()  # nothing here is cyclic, and a million small tuples are walked through in vain
    roots = [os.fsencode(path) for path in args.paths]
    report = None if all(map(is_folder, roots)) else _of_shares(args)
    if report is None:
        report = find_exact(roots, readers=args.readers, videos=args.videos)
    if args.json:
        print_json(report)
    else:
        print_text(report)
    return 1 if report.errors else 0


def _of_shares(args: argparse.Namespace) -> ExactReport | None:
    """Search folders of which some may be on a share; None if none can be."""
    import asyncio

    return asyncio.run(_far(args)) if any(map(of_a_share, args.paths)) else None


async def _far(args: argparse.Namespace) -> ExactReport:
    """Search shares too: what is set up stands in the database, and nothing is written to it."""
    import asyncio
    from functools import partial

    from mediavault_tui import bootstrap
    from mediavault_tui.cli.spelled import located
    from mediavault_tui.domain.paths import distinct_folders
    from mediavault_tui.services.exact.far import find_exact_far

    settings = bootstrap.load_settings()
    async with (
        bootstrap.open_database(settings) as database,
        bootstrap.open_nas(database, settings) as nas,
    ):
        roots = distinct_folders([located(path, nas) for path in args.paths])
        find = partial(find_exact_far, nas.places, roots, readers=args.readers, videos=args.videos)
        return await asyncio.to_thread(find)


def _readers(text: str) -> int:
    """Read a number of readers, 1 to 64."""
    if not text.isdecimal() or not 1 <= int(text) <= 64:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 to 64")
    return int(text)


def print_json(report: ExactReport) -> None:
    """Print one document, some groups at a time; a path that is no valid text is given as its bytes in hex.

    A further name of a file (a hard link) is an object that says of which.
    """
    import json

    def name(path: bytes) -> str | dict[str, str]:
        try:
            return path.decode()
        except UnicodeDecodeError:
            return {"path_hex": path.hex()}

    def files(group: ExactGroup) -> Iterator[object]:
        for first, *others in group.files:
            yield name(first)
            for other in others:
                shown = name(other)
                yield {**({"path": shown} if isinstance(shown, str) else shown), "link_of": name(first)}

    text = ['{"groups": [']
    for number, group in enumerate(report.groups):
        one = {"size": group.size, "hash": group.content_hash.hex(), "files": list(files(group))}
        text.append((",\n" if number else "\n") + json.dumps(one))
        if len(text) == _GROUPS_AT_ONCE:
            sys.stdout.write("".join(text))
            text.clear()
    rest = {
        "errors": [{"path": name(path), "message": message} for path, message in report.errors],
        "files": report.files,
        "left_out": report.left_out,
        "bytes_freed": sum(group.freed for group in report.groups),
        "bytes_read": report.bytes_read,
    }
    print("".join(text), "\n], ", json.dumps(rest)[1:], sep="")


def print_text(report: ExactReport) -> None:
    """Print the groups, then what could not be read, then the totals."""
    for group in report.groups:
        print(f"{len(group.files)} files of {size(group.size)} each; {size(group.freed)} could be freed")
        for first, *others in group.files:
            print(f"  {harmless(display(first))}")
            for other in others:
                print(f"    = {harmless(display(other))} (another name of the same file)")
        print()
    for _path, message in report.errors:
        print(f"mediavault: {harmless(message)}", file=sys.stderr)
    copies = sum(len(group.files) - 1 for group in report.groups)
    freed = sum(group.freed for group in report.groups)
    print(
        f"{report.files} files looked at, {size(report.bytes_read)} read: {len(report.groups)} groups, "
        f"{copies} copies too many, {size(freed)} could be freed"
    )
    if report.left_out:
        held = "1 held file was" if report.left_out == 1 else f"{report.left_out:,} held files were"
        print(f"{held} left out: a purge may delete {'it' if report.left_out == 1 else 'them'}")
