"""First scan and unchanged rescan of a tree, against `mediavault exact` and `find` on the same tree.

    python -m bench.scan [--folder DIR] [--rounds 3] [--million 1000000]

The corpus, 100,000 small files named as videos, is made in DIR (kept, and taken again next
time). Then the database's part of an unchanged rescan of a million rows, without any disk
under it; `--million 0` leaves it out. Prints Markdown rows.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from pathlib import Path

from bench.database import own_database
from bench.exact import drop_caches, warm_up
from mediavault_tui.domain.model import ScanId
from mediavault_tui.store import stocktake
from mediavault_tui.store.database import connect_once
from mediavault_tui.store.stocktake import Seen
from tests.db.rows import fill

MEDIAVAULT = [str(Path(sys.executable).with_name("mediavault"))]


def seconds(command: list[str], environ: dict[str, str] | None = None) -> float:
    """Run a command to its end and return its wall time."""
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environ)
    return time.perf_counter() - began


async def scans(data: Path, rounds: int) -> None:
    """Compare scans with their yardsticks, in turns; a first scan of a disk and one out of memory."""
    taken: dict[str, list[float]] = defaultdict(list)
    exact = [*MEDIAVAULT, "exact", "--json", str(data)]
    scan = [*MEDIAVAULT, "scan", "--no-probe", "--no-match", "--json", str(data)]
    may_drop = os.geteuid() == 0
    for _ in range(rounds):
        if may_drop:
            drop_caches()
            taken["cold exact"].append(seconds(exact))
            async with own_database() as url:
                drop_caches()
                taken["cold first"].append(seconds(scan, {**os.environ, "DATABASE_URL": url}))
        warm_up(str(data))
        async with own_database() as url:
            environ = {**os.environ, "DATABASE_URL": url}
            taken["warm exact"].append(seconds(exact))
            taken["warm first"].append(seconds(scan, environ))
            taken["find"].append(seconds(["find", str(data), "-printf", "%s"]))
            taken["rescan"].append(seconds(scan, environ))
    median = {name: statistics.median(values) for name, values in taken.items()}
    print("| work | s | yardstick s | ratio | goal |\n|---|---|---|---|---|")
    for name, yardstick, goal in (
        ("cold first", "cold exact", 3),
        ("warm first", "warm exact", 3),
        ("rescan", "find", 8),
    ):
        if name in median:
            ratio = median[name] / median[yardstick]
            print(
                f"| {name} scan | {median[name]:.2f} | {median[yardstick]:.2f} ({yardstick})"
                f" | {ratio:.2f} | ≤ {goal} |",
                flush=True,
            )
        else:
            print(f"| {name} scan | not measured: only root may empty the page cache | – | – | ≤ {goal} |")


async def million(files: int) -> None:
    """Time COPY, comparison and merge of an unchanged rescan."""
    async with own_database() as url:
        conn = await connect_once(url)
        try:
            await fill(conn, files)
            await conn.execute("delete from media_files where state = 'purged'")
            await conn.execute(
                "update media_files set state = 'present', missing_since = null where state <> 'present'"
            )
            await conn.execute("vacuum analyze media_files")
            rows = await conn.fetch(
                "select path_raw, root_raw, device, inode, size_bytes, modified_ns, link_count, protected"
                " from media_files"
            )

            async def seen() -> AsyncIterator[Seen]:
                for row in rows:
                    yield tuple(row)

            began = time.perf_counter()
            await stocktake.prepare(conn)
            await stocktake.copy_seen(conn, seen())
            copied = time.perf_counter() - began
            await stocktake.compare(conn, "local", [b"/lib"])
            await stocktake.moved(conn, "local")
            tally, missing = await stocktake.merge(conn, ScanId(1), clean=[b"/lib"], failed=[])
            whole = time.perf_counter() - began
        finally:
            await conn.close()
    assert (tally, missing) == ({}, 0)
    print(f"| rescan, database's part, {files:,} rows | {whole:.1f} (COPY {copied:.1f}) | – | – | ≤ 10 s |")


async def main() -> None:
    """Do what was asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "mediavault-bench")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--million", type=int, default=1_000_000, metavar="ROWS")
    arguments = parser.parse_args()
    corpus = arguments.folder / "tree-videos"
    if not (corpus / "truth.json").exists():
        make = [sys.executable, "-m", "bench.corpus", "tree", str(corpus), "--videos"]
        subprocess.run(make, check=True, stdout=subprocess.DEVNULL)  # noqa: ASYNC221  nothing else runs yet
    await scans(corpus / "data", arguments.rounds)
    if arguments.million:
        await million(arguments.million)


if __name__ == "__main__":
    asyncio.run(main())
