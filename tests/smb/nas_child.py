"""What runs in a child process that is killed: one act on a share, ended by `os._exit` at the n-th step."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path

from mediavault_tui.bootstrap import renaming, stage
from mediavault_tui.domain.renaming import PRESETS, custom
from mediavault_tui.services.nas import Nas
from mediavault_tui.services.stage import Stage
from mediavault_tui.settings import from_env
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


async def act(service: Stage, words: Sequence[str]) -> Sequence[str]:
    """Do what `words` say; returns the sentences of what was refused."""
    verb, *numbers = words
    ids = [int(number) for number in numbers]
    if verb == "stage":
        return (await service.stage_group(ids[0], ids[1], who=WHO)).refused
    if verb == "restore":
        return (await service.restore(ids, who=WHO)).refused
    if verb == "purge":
        return (await service.purge(word="purge", who=WHO)).refused
    if verb == "recover":
        return await service.recover()
    raise ValueError(verb)


async def _run(url: str, environ: dict[str, str], words: Sequence[str], step: Counting) -> Sequence[str]:
    settings = from_env(environ)
    database = await Database.connect(url, pool_size=2)
    nas = Nas(database, settings)
    try:
        await nas.load()
        if words[0] == "rename":
            pattern = custom(words[1], base=PRESETS["plex"]) if words[1:] else PRESETS["plex"]
            service = renaming(database, settings, nas, step=step)
            return (await service.rename(await service.preview(pattern), who=WHO)).refused
        return await act(stage(database, settings, nas, step=step), words)
    finally:
        nas.close()
        await database.close()


def child(url: str, environ: dict[str, str], words: Sequence[str], last: int, answer: str) -> None:
    """The child's whole life: act, write down steps and sentences, and leave; or be killed at step `last`."""
    step = Counting(last)
    sentences = asyncio.run(_run(url, environ, words, step))
    Path(answer).write_text("\n".join([*(f"step {name}" for name in step.names), *sentences]))
