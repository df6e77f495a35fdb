"""`mediavault nas`: set up the shares of a NAS, list them, look into them, say what is wrong."""

from __future__ import annotations

import argparse
import asyncio
import getpass
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from mediavault_tui.domain.pathtext import harmless
from mediavault_tui.errors import UsageError

if TYPE_CHECKING:
    from mediavault_tui.domain.checks import Check
    from mediavault_tui.domain.nas import KnownShare
    from mediavault_tui.services.nas.shares import Nas
    from mediavault_tui.settings import Secret


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.epilog = "Exit code 1: something is wrong with a share; 2: there is no such share."
    acts = parser.add_subparsers(dest="act", metavar="ACT", required=True)
    listing = acts.add_parser("list", help="the shares that are set up")
    listing.add_argument("--json", action="store_true", help="one JSON document")
    add = acts.add_parser("add", help="set up a share, or change it; asks for the password")
    add.add_argument("address", metavar="smb://[user@]host[:port]/share", help="where the share is")
    add.add_argument("--name", default="", help="what to call it")
    add.add_argument("--user", help="the SMB user")
    add.add_argument("--password-stdin", action="store_true", help="read the password from standard input")
    add.add_argument(
        "--scan",
        action="append",
        default=[],
        metavar="/SHARE/FOLDER",
        help="a folder to scan; may be repeated",
    )
    add.add_argument("--staging", default="", metavar="/SHARE/FOLDER", help="the holding folder on the share")
    add.add_argument("--encrypt", action="store_true", help="encrypt every message")
    add.add_argument("--json", action="store_true", help="one JSON document")
    remove = acts.add_parser(
        "remove", help="forget a share's password and leave it alone; no file is touched"
    )
    remove.add_argument("nas", help="its number or name, as `nas list` shows it")
    test = acts.add_parser("test", help="try the connection, step by step, and say what is wrong")
    test.add_argument("nas", nargs="?", help="its number or name; without it every enabled one")
    test.add_argument("--json", action="store_true", help="one JSON document")
    ls = acts.add_parser("ls", help="the folders of a share, with the videos in each")
    ls.add_argument("path", nargs="?", default="nas:", help="/volume1/videos, smb://…, nas:1/…; default: all")
    ls.add_argument("--json", action="store_true", help="one JSON document")


def run(args: argparse.Namespace) -> int:
    """Do one act: 0 done, 1 something is wrong with a share, 2 asked wrongly."""
    acts = {"list": _list, "add": _add, "remove": _remove, "test": _test, "ls": _ls}
    return asyncio.run(acts[args.act](args))


@asynccontextmanager
async def _opened() -> AsyncIterator[Nas]:
    from mediavault_tui import bootstrap

    settings = bootstrap.load_settings()
    async with bootstrap.open_database(settings) as database, bootstrap.open_nas(database, settings) as nas:
        yield nas


async def _list(args: argparse.Namespace) -> int:
    async with _opened() as nas:
        shares = nas.shares
    if args.json:
        _print([_document(share) for share in shares])
        return 0
    for share in shares:
        print(f"{share.source[4:]:>3}  {harmless(str(share))}  {harmless(share.username or '(no user)')}")
        if share.scan_paths:
            print(f"     scans {harmless(', '.join(share.scan_paths))}")
        if share.staging_path:
            print(f"     stages into {harmless(share.staging_path)}")
        if share.problem:
            print(f"     {harmless(share.problem)}")
    return 0


async def _add(args: argparse.Namespace) -> int:
    address = urlsplit(args.address)
    try:
        port = address.port or 445
    except ValueError as error:
        raise UsageError(f"{args.address}: {error}") from error
    if address.scheme.lower() != "smb" or not address.hostname:
        raise UsageError("the address is of the form smb://host/share")
    if address.password is not None:
        raise UsageError(
            "no password belongs into an address: it is asked for, or read with --password-stdin"
        )
    user = args.user or unquote(address.username or "")
    if not user:
        raise UsageError("say the user: smb://user@host/share, or --user")
    password = await asyncio.to_thread(_password, args.password_stdin, user)
    async with _opened() as nas:
        share = await nas.add(
            host=address.hostname,
            port=port,
            share=unquote(address.path),
            username=user,
            password=password,
            name=args.name,
            scan_paths=args.scan,
            staging_path=args.staging,
            encrypt=args.encrypt,
        )
    if args.json:
        _print(_document(share))
    else:
        number = share.source[4:]
        print(f"{number}  {harmless(str(share))} is set up; `mediavault nas test {number}` tries it")
    return 0


async def _remove(args: argparse.Namespace) -> int:
    async with _opened() as nas:
        share = nas.share(args.nas)
        await nas.remove(share)
    print(f"{harmless(str(share))} is left alone from now on; its files stay in the inventory and on the NAS")
    return 0


async def _test(args: argparse.Namespace) -> int:
    found: dict[str, list[Check]] = {}
    colours = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    async with _opened() as nas:
        shares = [nas.share(args.nas)] if args.nas else nas.enabled
        if not shares:
            raise UsageError("no NAS is enabled; `mediavault nas add smb://host/share` sets one up")
        for share in shares:
            if not args.json:
                print(harmless(str(share)))
            found[share.source] = await nas.test(
                share, heard=_unheard if args.json else lambda check: _show(check, colours)
            )
    if args.json:
        _print({source: [asdict(check) for check in checks] for source, checks in found.items()})
    return 0 if all(check.ok for checks in found.values() for check in checks) else 1


def _unheard(_check: Check) -> None:
    """The lines come at the end, as JSON."""


def _show(check: Check, colours: bool) -> None:
    sign = "✓" if check.ok else "✗"
    if colours:
        sign = f"\x1b[{32 if check.ok else 31}m{sign}\x1b[0m"
    print(f"  {sign} {harmless(check.what)}: {harmless(check.said)}")
    if check.remedy and not check.ok:
        print(f"    → {harmless(check.remedy)}")


async def _ls(args: argparse.Namespace) -> int:
    from mediavault_tui.domain.paths import LOCAL, place
    from mediavault_tui.domain.pathtext import display

    async with _opened() as nas:
        if args.path == "nas:":
            folders = [await nas.as_folder(share) for share in nas.enabled]
        else:
            located = nas.names.located(os.fsencode(args.path))
            if place(located)[0] == LOCAL:
                raise UsageError(
                    f"{harmless(args.path)} is on no share that is set up; see `mediavault nas list`"
                )
            folders = await nas.folders(located)
    if args.json:
        _print(
            [
                {
                    "path": display(folder.raw_path),
                    "name": folder.name,
                    "videos": folder.videos,
                    "complete": folder.complete,
                    "readable": folder.readable,
                    "note": folder.note,
                }
                for folder in folders
            ]
        )
        return 0
    for folder in folders:
        videos = (
            f"{folder.videos:,}{'' if folder.complete else '+'} videos" if folder.readable else "no access"
        )
        print(f"{harmless(display(folder.raw_path))}  {folder.note or videos}")
    return 0


def _password(from_stdin: bool, user: str) -> Secret | None:
    """Return what was typed; an empty answer keeps the password that is stored."""
    from mediavault_tui.settings import Secret

    if from_stdin:
        typed = sys.stdin.readline().rstrip("\r\n")
    elif sys.stdin.isatty():
        typed = getpass.getpass(f"Password of {user} (empty: keep the stored one): ")
    else:
        raise UsageError("no terminal to ask for the password on; give it with --password-stdin")
    return Secret(typed) if typed else None


def _document(share: KnownShare) -> dict[str, Any]:
    return {name: getattr(share, name) for name in share.__slots__}


def _print(document: Any) -> None:
    print(json.dumps(document, ensure_ascii=True, indent=1))
