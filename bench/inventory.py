"""Windows of the inventory at a million rows: p50 and p99 of each sort under each filter.

    python -m bench.inventory [--files 1000000] [--rounds 20] [--keep FOLDER] [--only title,search]

Uses DATABASE_URL's server, else the embedded one in a temporary folder; makes a database of
its own, filled by `tests.db.rows`, and drops it. With --keep it stays in that folder and is
not filled again. Prints the table's rows as Markdown.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from bench.database import kept_database, own_database
from mediavault_tui.domain.library import Facet, InventoryQuery, SortKey
from mediavault_tui.services.library import Library
from mediavault_tui.store.database import Database
from tests.db.rows import fill, fill_world

FILTERS: dict[str, list[InventoryQuery]] = {
    "none": [InventoryQuery()],
    "kind": [
        InventoryQuery(facets=((Facet.KIND, kind),)) for kind in ("movie", "episode", "documentary", "other")
    ],
    "tier": [InventoryQuery(facets=((Facet.TIER, tier),)) for tier in ("4K", "1080p", "720p", "480p", "low")],
    "codec": [InventoryQuery(facets=((Facet.CODEC, codec),)) for codec in ("av1", "h264", "hevc", "mpeg4")],
    "language": [InventoryQuery(facets=((Facet.LANGUAGE, code),)) for code in ("en", "fr", "de", "ja", "fi")],
    "folder": [
        InventoryQuery(facets=((Facet.FOLDER, f"/lib/{kind}"),)) for kind in ("movie", "episode", "other")
    ],
    "title": [
        InventoryQuery(facets=(chosen,))
        for chosen in (
            (Facet.GENRE, "Drama"),
            (Facet.GENRE, "Western"),
            (Facet.DECADE, "1950s"),
            (Facet.ORIGINAL, "Finnish"),
            (Facet.RATING, "8–9"),
            (Facet.COLLECTION, "Collection 7"),
        )
    ],
    "state": [InventoryQuery(facets=((Facet.STATE, state),)) for state in ("present", "missing")],
    "search": [
        InventoryQuery(text=text)
        for text in (
            "star",
            "gla",
            "oce gh",
            "summer 42",
            "abc",
            "kin doc",
            "zzz",
            "winter",
            "summer",
            "gla epi",
        )
    ],
    # Two to thirty files in a hundred that come first or last in one order: films by year, a title's word.
    "common words": [
        InventoryQuery(text=text) for text in ("night", "ocean", "desert", "movie", "other", "lost kin")
    ],
}
WINDOW = 50


def processor(pid: int) -> float:
    """Return the milliseconds of processor that a server's process has used: other load does not count."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e6


async def measure(library: Library, rounds: int, only: Sequence[str], server: int) -> None:
    """Time windows from the start, from the end and from somewhere inside, in random order.

    `server`: the process at the other end of the only connection.
    """
    work = [
        (name, InventoryQuery(text=q.text, facets=q.facets, sort=sort, descending=descending))
        for name in only
        for q in FILTERS[name]
        for sort in SortKey
        for descending in (False, True)
    ]
    times: dict[str, list[float]] = {name: [] for name in only}
    worked: dict[str, list[float]] = {name: [] for name in only}
    worst: dict[str, tuple[float, InventoryQuery]] = {}
    for round_ in range(rounds + 1):
        random.Random(round_).shuffle(work)
        for name, query in work:
            after = None
            for _ in range(3):
                before, began = processor(server), time.perf_counter()
                rows = await library.page(query, after=after, limit=WINDOW)
                took = (time.perf_counter() - began) * 1000
                if round_:  # the first round warms the server's cache
                    times[name].append(took)
                    cost = processor(server) - before
                    worked[name].append(cost)
                    worst[name] = max(worst.get(name, (0.0, query)), (cost, query), key=lambda pair: pair[0])
                if not rows:
                    break
                after = rows[-1].cursor
    print(
        "| filter | windows | p50 ms | p99 ms | server's processor p50, p99 ms | worst of it | goal p99 |"
        "\n|---|---|---|---|---|---|---|"
    )
    for name, taken in times.items():
        p99, work_p99 = (statistics.quantiles(each, n=100)[98] for each in (taken, worked[name]))
        slowest, query = worst[name]
        print(
            f"| {name} | {len(taken)} | {statistics.median(taken):.1f} | {p99:.1f}"
            f" | {statistics.median(worked[name]):.1f}, {work_p99:.1f} | {slowest:.0f}"
            f" ({query.sort}{' desc' if query.descending else ''} {query.text or query.facets}) | ≤ 25 |"
        )


async def prepared(url: str, files: int, *, fresh: bool) -> Database:
    """Open the database, filled first if it is new."""
    database = await Database.connect(url, pool_size=1)
    if fresh:
        async with database.connection() as conn:
            await fill(conn, files)
            await fill_world(conn)
            await conn.execute("vacuum analyze media_files, file_matches, titles")
    return database


async def main() -> None:
    """Fill, then measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--only", type=lambda text: text.split(","), default=list(FILTERS))
    arguments = parser.parse_args()
    async with AsyncExitStack() as stack:
        if arguments.keep:
            name = f"inventory_{arguments.files}"
            url, fresh = await stack.enter_async_context(kept_database(arguments.keep, name))
        else:
            url, fresh = await stack.enter_async_context(own_database()), True
        database = await prepared(url, arguments.files, fresh=fresh)
        stack.push_async_callback(database.close)
        async with database.connection() as conn:
            server = await conn.fetchval("select pg_backend_pid()")
        await measure(Library(database), arguments.rounds, arguments.only, server)


if __name__ == "__main__":
    asyncio.run(main())
