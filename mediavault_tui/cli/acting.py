"""What the commands that move files share: the service, and how its answers are printed."""

from __future__ import annotations

import getpass
import json
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from mediavault_tui.cli.spelled import located
from mediavault_tui.domain.measures import size
from mediavault_tui.domain.pathtext import harmless
from mediavault_tui.errors import ReadOnly, UsageError

if TYPE_CHECKING:
    from mediavault_tui.domain.library import ActResult
    from mediavault_tui.domain.model import FileId, StagedId
    from mediavault_tui.domain.purging import Purgeable
    from mediavault_tui.services.dedupe import Dedupe
    from mediavault_tui.services.library import Library
    from mediavault_tui.services.nas.shares import Nas
    from mediavault_tui.services.staging.stage import Stage
    from mediavault_tui.services.undoing import Undoing
    from mediavault_tui.settings import Settings
    from mediavault_tui.store.database import Database


@dataclass(frozen=True, slots=True)
class Naming:
    """Which file of the inventory a person means: by its number, or by its path in any spelling."""

    library: Library
    nas: Nas

    async def file(self, word: str) -> FileId:
        """Return the file. Raises: UsageError for a path that is not in the inventory."""
        from mediavault_tui.domain.model import FileId

        if word.isdecimal():
            return FileId(int(word))
        return await self.library.file_named(located(word, self.nas))


@asynccontextmanager
async def staging() -> AsyncIterator[Stage]:
    """Yield the service alone; see `opened`."""
    async with opened() as (stage, _meant):
        yield stage


@asynccontextmanager
async def opened() -> AsyncIterator[tuple[Stage, Naming]]:
    """Yield the service, and what says which file a person means; see `_opened`."""
    from mediavault_tui import bootstrap

    async with _opened() as (database, settings, stage, nas):
        yield stage, Naming(bootstrap.library(database, settings), nas)


@asynccontextmanager
async def undoing() -> AsyncIterator[Undoing]:
    """Yield what takes back the last act of any kind. Raises: ReadOnly."""
    from mediavault_tui import bootstrap

    async with _opened() as (database, settings, stage, _nas):
        if settings.read_only:
            raise ReadOnly

        async def mover() -> Stage:
            return stage

        async def finder() -> Dedupe:
            return bootstrap.dedupe(database, settings)

        yield bootstrap.undoing(database, stage=mover, dedupe=finder)


@asynccontextmanager
async def _opened() -> AsyncIterator[tuple[Database, Settings, Stage, Nas]]:
    """First say (on standard error) what became of acts that a crash interrupted."""
    from mediavault_tui import bootstrap

    settings = bootstrap.load_settings()
    async with (
        bootstrap.open_database(settings) as database,
        bootstrap.open_nas(database, settings) as nas,
    ):
        stage = bootstrap.stage(database, settings, nas)
        try:
            for sentence in await stage.recover():
                print(f"mediavault: {harmless(sentence)}", file=sys.stderr)
            yield database, settings, stage, nas
        finally:
            await stage.close()


def who() -> str:
    """Return the name under which this person's acts are journalled."""
    return getpass.getuser()


def report(
    result: ActResult, done: str, *, as_json: bool, also: Mapping[str, object] = MappingProxyType({})
) -> int:
    """Print what an act did; 1 if anything was refused.

    `done`: what happened to each file, in the past ("staged"); `also`: what the JSON document says beside.
    """
    if as_json:
        print_json(
            {
                "batch": result.batch,
                "done": list(result.done),
                "operations": list(result.operations),
                "refused": list(result.refused),
                "freed_bytes": result.freed,
                **also,
            }
        )
    else:
        freed = f", {size(result.freed)} freed" if result.freed else ""
        print(f"{len(result.done)} {done}{freed}")
        for sentence in result.refused:
            print(f"refused: {harmless(sentence)}", file=sys.stderr)
    return 1 if result.refused else 0


def print_json(document: Any) -> None:
    """Print one JSON document."""
    print(json.dumps(document, ensure_ascii=False, indent=1))


def due_and_held(what: Purgeable) -> dict[str, object]:
    """Return for a JSON document how many approved files are due, and how many are held for longer."""
    waiting = what.waiting
    held = waiting.files if waiting else 0
    return {
        "due": what.files - (held if what.early else 0),
        "held": held,
        "held_until": waiting.first.isoformat() if waiting else None,
    }


def numbers(words: Sequence[str], what: str, *, listed_by: str) -> list[int]:
    """Read ids from the command line. Raises: UsageError naming the first that is none."""
    for word in words:
        if not word.isdecimal():
            raise UsageError(f"{word!r} is no number of a {what}; `mediavault {listed_by}` lists them")
    return [int(word) for word in words]


async def chosen(stage: Stage, words: Sequence[str], *, everything: bool) -> list[StagedId]:
    """Return the staged files that were named, or all. Raises: UsageError if neither was asked for."""
    from mediavault_tui.domain.model import StagedId

    if everything:
        return [row.id async for row in all_pending(stage)]
    if not words:
        raise UsageError("say which: numbers as `mediavault pending` lists them, or --all")
    return [StagedId(number) for number in numbers(words, "staged file", listed_by="pending")]


async def all_pending(stage: Stage, text: str = "") -> AsyncIterator[Any]:
    """Yield every staged file, newest first."""
    after = None
    while rows := await stage.pending(after=after, text=text):
        for row in rows:
            yield row
        after = rows[-1]
