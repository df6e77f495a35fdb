"""`mediavault users add|list|remove|password`: the accounts of sidecar and front end."""

from __future__ import annotations

import argparse
import asyncio
import getpass
import json
import sys

from mediavault_tui.domain.pathtext import harmless
from mediavault_tui.errors import UsageError


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the four acts."""
    parser.epilog = "Exit code 2: the name or password will not do, or there is no such account."
    acts = parser.add_subparsers(dest="act", metavar="ACT", required=True)
    listing = acts.add_parser("list", help="every account")
    listing.add_argument("--json", action="store_true", help="one JSON document")
    for name, text in (
        ("add", "make an account; the first one is a superuser"),
        ("password", "give an account another password, and end its sessions"),
        ("remove", "remove an account with its sessions and links"),
    ):
        act = acts.add_parser(name, help=text)
        act.add_argument("name", metavar="NAME", help="the account's name")
        if name != "remove":
            act.add_argument(
                "--password-stdin", action="store_true", help="read the password from standard input"
            )


def run(args: argparse.Namespace) -> int:
    """Do one act."""
    password = _password(args) if args.act in ("add", "password") else ""
    return asyncio.run(_run(args, password))


async def _run(args: argparse.Namespace, password: str) -> int:
    from mediavault_tui.bootstrap import load_settings, open_database
    from mediavault_tui.services.accounts import Accounts
    from mediavault_tui.services.keys import signing_secret

    settings = load_settings()
    async with open_database(settings) as database:
        accounts = Accounts(database, signing_secret(settings))
        if args.act == "add":
            user = await accounts.add(args.name, password)
            print(f"{harmless(user.name)} added{' as superuser' if user.superuser else ''}")
        elif args.act == "password":
            await accounts.set_password(args.name, password)
            print(f"{harmless(args.name)} has another password; all sessions ended")
        elif args.act == "remove":
            await accounts.remove(args.name)
            print(f"{harmless(args.name)} removed")
        else:
            users = await accounts.users()
            if args.json:
                rows = [
                    {
                        "id": user.id,
                        "name": user.name,
                        "superuser": user.superuser,
                        "made_at": user.made_at.isoformat(),
                        "seen_at": user.seen_at.isoformat() if user.seen_at else None,
                    }
                    for user in users
                ]
                print(json.dumps({"users": rows}, indent=2))
            for user in users if not args.json else []:
                seen = f"last login {user.seen_at:%Y-%m-%d %H:%M} UTC" if user.seen_at else "never logged in"
                print(f"{harmless(user.name):<30} {'superuser' if user.superuser else '':<10} {seen}")
    return 0


def _password(args: argparse.Namespace) -> str:
    if args.password_stdin:
        return sys.stdin.readline().rstrip("\n")
    if not sys.stdin.isatty():
        raise UsageError("There is no terminal to ask for the password; use --password-stdin")
    password = getpass.getpass("Password: ")
    if getpass.getpass("The same again: ") != password:
        raise UsageError("The two differ; nothing was done")
    return password
