"""`mediavault links`: the links to watch that still work; make one useless."""

from __future__ import annotations

import argparse
import asyncio
from typing import TYPE_CHECKING

from mediavault_tui.cli import acting
from mediavault_tui.domain.pathtext import harmless
from mediavault_tui.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mediavault_tui.domain.accounts import PreviewLink


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments."""
    parser.add_argument(
        "--revoke", metavar="ID", help="make this link useless at once (its first letters do)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    return asyncio.run(_run(args))


async def _run(args: argparse.Namespace) -> int:
    from mediavault_tui import bootstrap

    settings = bootstrap.load_settings()
    async with bootstrap.open_database(settings) as database:
        watching = bootstrap.watching(database, settings)
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
