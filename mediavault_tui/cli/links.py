"""`mediavault links`: the links to watch that still work; make one, or make one useless."""

from __future__ import annotations

import argparse
import asyncio
import sys
from typing import TYPE_CHECKING

from mediavault_tui.cli import acting
from mediavault_tui.domain.pathtext import harmless
from mediavault_tui.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mediavault_tui.domain.accounts import PreviewLink
    from mediavault_tui.domain.watching import Preview
    from mediavault_tui.services.watching import Watching
    from mediavault_tui.settings import Settings
    from mediavault_tui.store.database import Database


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments."""
    parser.epilog = "Exit code 1: the links could not be read; 2: there is no such file or link."
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--make",
        nargs="+",
        metavar="FILE",
        help="make a link to a file (number or path); to two of them, the page that compares them",
    )
    what.add_argument("--revoke", metavar="ID", help="make this link useless at once (its first letters do)")
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    if args.make and len(args.make) > 2:
        raise UsageError("--make takes one file, or two to compare")
    return asyncio.run(_run(args))


async def _run(args: argparse.Namespace) -> int:
    from mediavault_tui import bootstrap

    settings = bootstrap.load_settings()
    async with bootstrap.open_database(settings) as database:
        watching = bootstrap.watching(database, settings)
        if args.make:
            preview = await _made(args.make, database, settings, watching)
            return _show(preview, as_json=args.json)
        links = await watching.live()
        if args.revoke is not None:
            links = [_meant(links, args.revoke)]
            await watching.revoke(links[0].id)
    if args.json:
        acting.print_json([_document(link) for link in links])
    elif args.revoke is not None:
        print(f"revoked: {harmless(links[0].path)} opens by that link no more")
    else:
        for link in links:
            until = link.expires_at.astimezone()
            print(f"{link.id}  until {until:%Y-%m-%d %H:%M}  {harmless(link.made_by)}  {harmless(link.path)}")
        print("1 link works" if len(links) == 1 else f"{len(links)} links work")
    return 0


async def _made(words: Sequence[str], database: Database, settings: Settings, watching: Watching) -> Preview:
    """Make the links. Raises: UsageError for a file that is not in the inventory."""
    from mediavault_tui import bootstrap

    async with bootstrap.open_nas(database, settings) as nas:
        naming = acting.Naming(bootstrap.library(database, settings), nas)
        files = [await naming.file(word) for word in words]
    return await watching.preview(files, who=acting.who())


def _show(preview: Preview, *, as_json: bool) -> int:
    """Print the links, which are shown this once: what is kept of them opens nothing."""
    from mediavault_tui.domain.watching import Answering, mpv, same_minute

    if as_json:
        acting.print_json(
            {
                "ids": [str(link) for link in preview.links],
                "files": [copy.file for copy in preview.copies],
                "page": preview.page,
                "streams": list(preview.streams),
                "expires_at": preview.expires_at.isoformat(),
                "answering": preview.answering.value,
            }
        )
        return 0
    for copy in preview.copies:
        print(harmless(copy.name))
    start = same_minute([copy.seconds for copy in preview.copies]) if len(preview.copies) > 1 else 0.0
    print(f"  browser  {preview.page}\n  player   {mpv(preview.streams, start=start)}")
    print(f"  until    {preview.expires_at.astimezone():%Y-%m-%d %H:%M}; shown this once")
    if preview.answering is Answering.NO:
        print("Nobody answers at this address yet: `mediavault serve` makes it work.", file=sys.stderr)
    elif preview.answering is Answering.STRANGER:
        stranger = "Another program, or another library's sidecar, answers at this address"
        print(f"{stranger}: stop it, or choose another STREAMER_PORT.", file=sys.stderr)
    return 0


def _meant(links: Sequence[PreviewLink], word: str) -> PreviewLink:
    """Return the one link whose id begins so. Raises: UsageError for none or several."""
    found = [link for link in links if word and str(link.id).startswith(word.lower())]
    if len(found) != 1:
        why = "no link that works" if not found else f"{len(found)} links"
        raise UsageError(f"{word!r} is the number of {why}; `mediavault links` lists them")
    return found[0]


def _document(link: PreviewLink) -> dict[str, object]:
    """Return a link as JSON has it: without its token, which only its maker was shown."""
    return {
        "id": str(link.id),
        "file": link.file,
        "path": link.path,
        "made_by": link.made_by,
        "made_at": link.made_at.isoformat(),
        "expires_at": link.expires_at.isoformat(),
    }
