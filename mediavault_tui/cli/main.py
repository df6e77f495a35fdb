"""The `mediavault` command: pick the subcommand, import only its module, run it.

Each module of this package that is a subcommand has `configure(parser)`, which also says what
its exit codes mean, and `run(args) -> int`; heavy imports belong inside `run`, because start-up is part of
the time that a person (and the benchmark of `exact`) sees.
"""

from __future__ import annotations

import argparse
import importlib
import os
import signal
import sys
from collections.abc import Sequence

from mediavault_tui import __version__
from mediavault_tui.cli.spelled import is_place
from mediavault_tui.domain.pathtext import harmless
from mediavault_tui.errors import MediaVaultError

COMMANDS: dict[str, str] = {
    "app": "open the terminal app (also without any command)",
    "demo": "make a small library of real files and open the app on it",
    "scan": "take stock of folders and find their duplicates",
    "files": "list the inventory, filtered and in any order",
    "duplicates": "list the groups found, with what is recommended and why",
    "decide": "say of a group: keep every copy, two are no duplicates, a note",
    "stage": "move the worse copies of a group into the holding folder",
    "pending": "list what is staged; approve it",
    "restore": "put staged files back where they came from",
    "purge": "delete approved staged files for good",
    "metadata": "ask TMDb and OMDb what the files are; choose where they are unsure",
    "rename": "give files the names that their titles ask for",
    "undo": "reverse the last act",
    "ask": "ask the library: in plain words, in SQL, or a ready question",
    "identify": "say which work each name is, without a database",
    "exact": "find byte-identical files in a tree, without a database",
    "serve": "serve files over HTTP to players and browsers (the sidecar)",
    "web": "serve the terminal app to browsers, behind the login (the front end)",
    "links": "list the links to watch that still work; make one, revoke one",
    "users": "add, list and remove accounts, or change a password",
    "doctor": "check the whole installation, each line with its remedy",
    "nas": "set up the shares of a NAS, list them, test the connection",
    "db": "migrate, look at or locate the database",
}


def parser(only: str | None = None) -> argparse.ArgumentParser:
    """Build the parser; with `only`, just that subcommand's module is imported."""
    top = argparse.ArgumentParser(
        prog="mediavault",
        description="Find duplicates in a video library, stage the worse copy; it never deletes by itself.",
        epilog="Without a command the app opens: mediavault, mediavault /path/to/films, … --read-only.",
    )
    top.add_argument("--version", action="version", version=f"mediavault {__version__}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND")
    for name, text in COMMANDS.items():
        sub = commands.add_parser(name, help=text, description=text)
        if only in (None, name):
            module = importlib.import_module(f"mediavault_tui.cli.{name}")
            module.configure(sub)
            sub.set_defaults(run=module.run)
    return top


def meant(words: Sequence[str]) -> list[str]:
    """Return the words with the command that they mean: a folder or --read-only without one opens the app."""
    first = next((word for word in words if not word.startswith("-")), None)
    if first in COMMANDS:
        return list(words)
    opens = not words or "--read-only" in words or (first is not None and is_place(first))
    return ["app", *words] if opens else list(words)


def _end_in_order() -> None:
    """Clean up when told to end, or when the terminal goes: else the embedded server would run on."""
    signal.signal(signal.SIGTERM, _end)
    if signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:  # `nohup` has it ignored
        signal.signal(signal.SIGHUP, _end)


def _end(number: int, _frame: object) -> None:
    """Leave once, between two callbacks of the event loop where one runs.

    A terminal that goes says so more than once, and the second word may not end the cleaning up
    of the first. And an exit that is raised wherever the program happens to be is lost in a
    finalizer, where exceptions are printed and forgotten.
    """
    for each in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)
    try:
        loop = sys.modules["asyncio"].get_running_loop()
    except (KeyError, AttributeError, RuntimeError):  # not imported (it takes 30 ms), half imported, idle
        sys.exit(128 + number)
    loop.call_soon_threadsafe(sys.exit, 128 + number)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code: 0 done, 1 failed, 2 asked wrongly, 130 interrupted."""
    _end_in_order()
    try:
        words = meant(sys.argv[1:] if argv is None else argv)
        command = next((word for word in words if not word.startswith("-")), None)
        args = parser(command if command in COMMANDS else "").parse_args(words)
        if args.command is None:
            parser("").print_help()
            return 2
        code: int = args.run(args)
        sys.stdout.flush()
    except MediaVaultError as error:
        # A sentence may hold the name of a file, and a name may hold what a terminal obeys.
        print(f"mediavault: {harmless(str(error))}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("mediavault: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader (head, less) has gone; nothing more can be said to it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    return code
