"""What runs in a child process that is killed: one act, ended by `os._exit` at the n-th step.

The parent's fork server imports this once, so each child starts warm but is a process of
its own with connections of its own.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mediavault_tui.domain.renaming import PRESETS
from mediavault_tui.services.renaming.rename import Renaming
from mediavault_tui.services.staging.stage import Stage
from mediavault_tui.sources.local.source import LocalSource
from mediavault_tui.store.database import Database

KILLED = 137
WHO = "ripley"


class Counting:
    """Counts steps; kills the process at the one asked for (0: never)."""

    def __init__(self, last: int = 0) -> None:
        self.names: list[str] = []
        self._last = last

    def __call__(self, name: str) -> None:
        self.names.append(name)
        if len(self.names) == self._last:
            os._exit(KILLED)


async def act(stage: Any, words: Sequence[str]) -> Sequence[str]:
    """Do what `words` say; returns the sentences of what was refused."""
    verb, *numbers = words
    ids = [int(number) for number in numbers]
    if verb == "stage":
        return (await stage.stage_group(ids[0], ids[1], who=WHO)).refused
    if verb == "restore":
        return (await stage.restore(ids, who=WHO)).refused
    if verb == "purge":
        return (await stage.purge(word="purge", who=WHO)).refused
    if verb == "recover":
        return await stage.recover()
    if verb == "rename":
        return (await stage.rename(await stage.preview(PRESETS["plex"]), who=WHO)).refused
    raise ValueError(verb)


async def _run(url: str, holding: str | None, words: Sequence[str], step: Counting) -> Sequence[str]:
    database = await Database.connect(url, pool_size=2)
    try:
        if words[0] == "rename":
            return await act(Renaming(database, LocalSource(), step=step), words)
        service = Stage(database, LocalSource(), staging_path=Path(holding) if holding else None, step=step)
        return await act(service, words)
    finally:
        await database.close()


def child(url: str, holding: str | None, words: Sequence[str], last: int, answer: str) -> None:
    """The child's whole life: act, write down steps and sentences, and leave; or be killed at step `last`."""
    step = Counting(last)
    sentences = asyncio.run(_run(url, holding, words, step))
    leave(answer, step, sentences)


def leave(answer: str, step: Counting, sentences: Sequence[str]) -> None:
    """Write down the steps that were made and what was said, for the parent."""
    Path(answer).write_text("\n".join([*(f"step {name}" for name in step.names), *sentences]))
