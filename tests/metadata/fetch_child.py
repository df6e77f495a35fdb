"""What runs in a process of its own: a fetch, or plain questions, under a limit that is given."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace

from mediavault_tui.domain.world import TitleKind
from mediavault_tui.metadata import tmdb
from mediavault_tui.metadata.edge import Edge
from mediavault_tui.metadata.gate import TMDB
from mediavault_tui.services.titles.metadata import Metadata
from mediavault_tui.services.titles.world_gate import Answers, DatabaseGate
from mediavault_tui.store.database import Database
from tests.metadata.world_server import TOKEN


async def main(verb: str, url: str, world: str, requests: int, patience: float) -> None:
    """`ask-A`: 35 questions at once; `fetch`: the whole inventory."""
    database = await Database.connect(url, pool_size=10)
    allowance = replace(TMDB, requests=requests)
    async with Edge(
        "TMDb", world, DatabaseGate(database), allowance, headers={"Authorization": f"Bearer {TOKEN}"},
        patience=patience, first_pause=0.05, timeout=5,
    ) as edge:  # fmt: skip
        answers = Answers(database, edge, lease=3.0)
        if verb == "fetch":
            async for progress in Metadata(database, answers).fetch():
                sys.stdout.write(f"{progress.titles_done} {progress.titles} {progress.asked}\n")
                sys.stdout.flush()
        else:
            await asyncio.gather(
                *(answers.get(tmdb.search(TitleKind.MOVIE, f"{verb} {n}")) for n in range(35))
            )
    await database.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:4], int(sys.argv[4]), float(sys.argv[5])))
