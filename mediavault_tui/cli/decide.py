"""`mediavault decide`: say of a group what a person knows: keep every copy, two are no duplicates, a note."""

from __future__ import annotations

import argparse
import asyncio
from typing import TYPE_CHECKING, Any

from mediavault_tui.cli import acting
from mediavault_tui.cli.spelled import located
from mediavault_tui.domain.pathtext import harmless
from mediavault_tui.errors import ReadOnly, UsageError

if TYPE_CHECKING:
    from mediavault_tui.domain.library import Comparison
    from mediavault_tui.domain.model import MediaFile
    from mediavault_tui.services.dedupe import Dedupe
    from mediavault_tui.services.nas.shares import Nas


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments."""
    parser.epilog = "Exit code 1: it was refused; 2: there is no such group, or the file is none of it."
    parser.add_argument("group", metavar="GROUP", help="a number as `mediavault duplicates` lists it")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--both", action="store_true", help="keep every copy; the group leaves the list")
    what.add_argument(
        "--differ",
        nargs="*",
        metavar="FILE",
        help="two files (number or path) are different works; of a group of two, they need no naming",
    )
    what.add_argument(
        "--note", metavar="TEXT", help="write a note, in place of the one before; '' removes it"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    if args.differ and len(args.differ) != 2:
        raise UsageError("--differ takes two files of the group, or none where it has only two")
    return asyncio.run(_run(args))


async def _run(args: argparse.Namespace) -> int:
    from mediavault_tui import bootstrap
    from mediavault_tui.domain.model import GroupId

    group = GroupId(acting.numbers([args.group], "group", listed_by="duplicates")[0])
    settings = bootstrap.load_settings()
    if settings.read_only:
        raise ReadOnly
    async with (
        bootstrap.open_database(settings) as database,
        bootstrap.open_nas(database, settings) as nas,
    ):
        dedupe = bootstrap.dedupe(database, settings)
        document, sentence = await _decide(dedupe, await dedupe.comparison(group), args, nas)
    if args.json:
        acting.print_json({"group": group, **document})
    else:
        print(sentence)
    return 0


async def _decide(
    dedupe: Dedupe, known: Comparison, args: argparse.Namespace, nas: Nas
) -> tuple[dict[str, Any], str]:
    """Do what was asked; return it for programs and for people."""
    group = known.group
    if args.note is not None:
        await dedupe.note(group.id, args.note, who=acting.who())
        after = (await dedupe.comparison(group.id)).group.note
        said = (
            f"noted on group {group.id}: {harmless(after)}" if after else f"group {group.id} has no note now"
        )
        return {"decision": "note", "note": after, "note_before": group.note}, said
    back = "; `mediavault undo` takes it back"
    if args.both:
        files = [copy.file for copy in known.copies]
        await dedupe.keep_both(group.id, who=acting.who())
        said = f"all {len(files)} copies of {harmless(group.title)} are kept{back}"
        return {"decision": "keep_both", "files": [file.id for file in files]}, said
    a, b = _two(known, args.differ, nas)
    await dedupe.not_duplicate(group.id, a.id, b.id, who=acting.who())
    said = f"different works, for ever: {harmless(a.where)}\n                      and: {harmless(b.where)}\n"
    return {"decision": "not_duplicate", "files": [a.id, b.id]}, f"{said}`mediavault undo` takes it back"


def _two(known: Comparison, words: list[str], nas: Nas) -> tuple[MediaFile, MediaFile]:
    """Return the two files meant. Raises: UsageError if they are not two members of the group."""
    files = [copy.file for copy in known.copies]
    if not words and len(files) != 2:
        members = ", ".join(str(file.id) for file in files)
        raise UsageError(f"group {known.group.id} has the files {members}: say which two are different works")
    a, b = (_member(known, word, nas) for word in words) if words else files
    if a.id == b.id:
        raise UsageError("--differ takes two files; both words name the same one")
    return a, b


def _member(known: Comparison, word: str, nas: Nas) -> MediaFile:
    path = None if word.isdecimal() else located(word, nas)
    for copy in known.copies:
        if (str(copy.file.id) == word) if path is None else (copy.file.raw_path == path):
            return copy.file
    raise UsageError(f"group {known.group.id} has no file {word}; `mediavault duplicates` lists its files")
