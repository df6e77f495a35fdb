"""The app on a million rows beside a bare Textual app, gdu and harlequin, on a pseudo-terminal.

    python -m bench.app [--files 1000000] [--rounds 5] [--keys 40]

gdu (Debian) and harlequin (PyPI, an environment of its own) run where they are on PATH.
"served" is the app beside a running database, as when a second window is opened or
DATABASE_URL is set; "alone" starts the embedded server itself, with all caches cold but
the kernel's.
"""

from __future__ import annotations

import argparse
import asyncio
import compileall
import shlex
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

from bench.terminal import Measured, Program, measure, show
from mediavault_tui.store.database import Database
from mediavault_tui.store.embedded import serve
from mediavault_tui.store.migrate import migrate
from tests.db.rows import fill

HERE = Path(__file__).resolve().parent
FIRST_ROWS = r"(?m)^. \S.*✓"
"""A healthy file in the list."""


def yardsticks() -> list[Program]:
    """Return the programs to be beside: the bare Textual app, and the peers that are there."""
    python = shlex.quote(sys.executable)
    programs = [Program("bare Textual", f"{python} {HERE / 'bare_textual.py'}", "A Film 0003", "Down")]
    if shutil.which("gdu"):
        programs.append(Program("gdu", "gdu -c /usr/share", "Total disk usage", "Down"))
    if shutil.which("harlequin"):
        programs.append(Program("harlequin", "harlequin :memory:", "Query Editor", "Down"))
    return programs


def ours(name: str, data: Path) -> Program:
    """Return the app on the library in `data`; its first rows are what is waited for."""
    app = f"{shlex.quote(sys.executable)} -m mediavault_tui app"
    return Program(name, f"env MEDIAVAULT_DATA_DIR={shlex.quote(str(data))} {app}", FIRST_ROWS, "Down")


def compare(results: dict[str, Measured]) -> None:
    """Print our figures as ratios to the bare app's, with the goals."""
    bare = results["bare Textual"]
    print(
        "\n| mediavault | rows on screen / bare | goal | key p95 / bare | goal | bytes | goal | MB | goal |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for name, result in results.items():
        if not name.startswith("mediavault"):
            continue
        ready = statistics.median(result.ready) / statistics.median(bare.ready)
        print(
            f"| {name} | {ready:.2f} | ≤ 1.4 | {result.latency(0.95) / bare.latency(0.95):.2f} | ≤ 1.5 "
            f"| {statistics.median(answer.size for answer in result.answers):.0f} | ≤ 2,000 "
            f"| {statistics.median(result.memory):.0f} | ≤ 150 |"
        )


async def main() -> None:
    """Fill a library, then run everything in turns."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--files", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--keys", type=int, default=40)
    args = parser.parse_args()
    # As after an installation: where Python may write no bytecode, every start would compile what was edited.
    compileall.compile_dir(HERE.parent / "mediavault_tui", quiet=1)
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        async with serve(data) as url:
            await migrate(url)
            database = await Database.connect(url)
            async with database.connection() as conn:
                await fill(conn, args.files)
                await conn.execute("vacuum analyze media_files")
            await database.close()
            results = await asyncio.to_thread(
                measure,
                [*yardsticks(), ours("mediavault, served", data)],
                rounds=args.rounds,
                keys=args.keys,
            )
        alone = await asyncio.to_thread(
            measure, [ours("mediavault, alone", data)], rounds=args.rounds, keys=args.keys
        )
    results |= alone
    show(results, rounds=args.rounds, keys=args.keys)
    compare(results)


if __name__ == "__main__":
    asyncio.run(main())
