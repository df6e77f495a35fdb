"""A program that uses the embedded server of the folder it is given, until its input ends.

Run by test_embedded.py as a real process. It says `ready <start time of the server>`.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

import asyncpg

from mediavault_tui.errors import MediaVaultError
from mediavault_tui.store.embedded import serve


def say(*words: object) -> None:
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


async def main(data_dir: Path) -> None:
    loop = asyncio.get_running_loop()
    over = asyncio.Event()
    loop.add_reader(sys.stdin.fileno(), over.set)
    async with serve(data_dir) as url:
        conn = await asyncpg.connect(url)
        say("ready", await conn.fetchval("select pg_postmaster_start_time()::text"))
        await conn.close()
        await over.wait()


signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
try:
    asyncio.run(main(Path(sys.argv[1])))
except MediaVaultError as error:
    say("error", error)
    sys.exit(1)
