"""A real outage of two minutes: 5,000 names of 800 titles, a kill, two fetches at once, the real limit.

    python -m bench.outage [--seconds 120]

Runs `mediavault metadata fetch` as it is shipped, against the local TMDb of the tests, which counts what
comes in. Takes about seven minutes, nearly all of it waiting.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import time

from bench.database import own_database
from mediavault_tui.store.database import Database
from tests.metadata.test_fetch import many_names
from tests.metadata.world_server import TOKEN, WorldServer

TITLES = 800
FILES = 5000


async def fetch(url: str, world: WorldServer) -> asyncio.subprocess.Process:
    """Start the command in a process of its own."""
    env = {
        **os.environ,
        "DATABASE_URL": url,
        "TMDB_BASE_URL": world.url,
        "TMDB_READ_ACCESS_TOKEN": TOKEN,
    }
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "mediavault_tui", "metadata", "fetch", "--json", env=env,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip


async def until(world: WorldServer, requests: int, *running: asyncio.subprocess.Process) -> None:
    """Wait until the server was asked so often. Raises: RuntimeError with what a fetch that ended said."""
    while sum(world.asked.values()) < requests:  # the server's thread counts
        for process in running:
            if process.returncode is not None:
                _, err = await process.communicate()
                raise RuntimeError(err.decode())
        await asyncio.sleep(0.1)


async def main() -> None:
    """Fetch, kill, fetch twice at once, stop the server for so long, and count."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=120.0)
    away = parser.parse_args().seconds
    async with own_database() as url:
        database = await Database.connect(url)
        began = time.monotonic()
        first = WorldServer(made_up=TITLES, limit=40)
        with first:
            await many_names(database, first, titles=TITLES, files=FILES)
            killed = await fetch(url, first)
            await until(first, 250, killed)
            killed.kill()
            await killed.wait()
            print(f"killed after {sum(first.asked.values())} requests", flush=True)
            both = [await fetch(url, first) for _ in range(2)]
            await until(first, 500, *both)
        print(f"away after {sum(first.asked.values())} requests for {away:.0f} s", flush=True)
        second = WorldServer(made_up=TITLES, limit=40, port=first.port)
        await asyncio.sleep(away)
        with second:
            for process in both:
                out, err = await process.communicate()
                print(process.returncode, out.decode()[-300:].strip(), err.decode()[-300:].strip())
        asked = first.asked + second.asked
        async with database.connection() as conn:
            states = await conn.fetch("select state, count(*) from file_matches group by 1")
        await database.close()
    twice = {what: count for what, count in asked.items() if count > 1}
    total = sum(asked.values())
    print(
        f"{time.monotonic() - began:.0f} s; {total} requests, {total / TITLES:.3f} a title;"
        f" asked twice: {len(twice)}, at most {max(asked.values())} times;"
        f" busiest 10 s at the server: {first.busiest(10.0)} and {second.busiest(10.0)};"
        f" matches: {[tuple(row) for row in states]}"
    )


if __name__ == "__main__":
    asyncio.run(main())
