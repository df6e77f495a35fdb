"""What runs in a child process that is killed: one act on a share, ended by `os._exit` at the n-th step."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from mediavault_tui.bootstrap import renaming, stage
from mediavault_tui.domain.renaming import PRESETS, custom
from mediavault_tui.services.nas.shares import Nas
from mediavault_tui.settings import from_env
from mediavault_tui.store.database import Database
from tests.db.staging_child import KILLED as KILLED
from tests.db.staging_child import WHO, Counting, act, leave


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
    leave(answer, step, sentences)
