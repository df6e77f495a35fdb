"""How soon a word of the model stands on the screen: from the server's write to the terminal's glyph.

    python -m bench.first_token [--answers 20] [--pieces 10]

The real app on a pseudo-terminal, a real PostgreSQL, and a server that speaks Azure's protocol. Each
piece of an answer is a word that stands nowhere else; the next is sent only when the last one was seen,
so that none can hide behind another. Goal: the first piece within 50 ms.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import shlex
import statistics
import sys
import tempfile
import time
from pathlib import Path

from bench.terminal import Terminal
from mediavault_tui.store.database import Database
from mediavault_tui.store.embedded import serve
from mediavault_tui.store.migrate import migrate
from tests.assistant.azure_server import KEY, AzureServer, Script, azure_server

GOAL = 50.0
"""Milliseconds."""
_HEADERS = 2
"""Events before the first piece: Azure's filter results, and the role."""
_LIMIT = 25.0


def seen(terminal: Terminal, word: str) -> float:
    """Return the moment at which the terminal got the end of a word; else TimeoutError."""
    heard = b""
    until = time.perf_counter() + _LIMIT
    while time.perf_counter() < until:
        if data := terminal.read(0.5):
            now = time.perf_counter()
            heard += data
            terminal.feed(data)
            if word.encode() in re.sub(rb"\x1b\[[0-9;?]*[a-zA-Z]", b"", heard):
                return now
    raise TimeoutError(f"never showed {word}:\n" + "\n".join(terminal.screen.display))


async def measure(answers: int, pieces: int) -> tuple[list[float], list[float]]:
    """Return milliseconds of each first piece, and of each later one."""
    first: list[float] = []
    later: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        async with serve(Path(folder) / "data") as url, azure_server() as server:
            await migrate(url)
            database = await Database.connect(url)
            async with database.connection() as conn:
                await conn.execute(
                    "insert into chat_consents (who, recipient) values ($1, '127.0.0.1')", _who()
                )
            await database.close()
            app = f"{shlex.quote(sys.executable)} -m mediavault_tui app"
            settings = {
                "MEDIAVAULT_DATA_DIR": f"{folder}/data",
                "AZURE_OPENAI_KEY": KEY,
                "AZURE_OPENAI_ENDPOINT": server.url,
            }
            words = " ".join(f"{name}={shlex.quote(value)}" for name, value in settings.items())
            terminal = await asyncio.to_thread(Terminal, f"env {words} {app}")
            try:
                await asyncio.to_thread(terminal.wait_for, "Inventory")
                os.write(terminal.fd, b"5")
                await asyncio.to_thread(terminal.wait_for, "tokens today", 40)
                for number in range(answers + 1):  # the first loads what later ones have
                    one, more = await _answer(server, terminal, number, pieces)
                    if number:
                        first.append(one)
                        later += more
            finally:
                await asyncio.to_thread(terminal.close)
    return first, later


async def _answer(
    server: AzureServer, terminal: Terminal, number: int, pieces: int
) -> tuple[float, list[float]]:
    """Ask once; let each piece out when the one before it was seen."""
    turns: asyncio.Queue[None] = asyncio.Queue()
    words = [f"q{number:03}w{place:03}" for place in range(pieces)]
    text = "".join(f"{word} " for word in words)
    server.will(Script(text, piece=len(words[0]) + 1, turns=turns))
    os.write(terminal.fd, f"Question {number}\r".encode())
    for _ in range(_HEADERS - 1):
        turns.put_nowait(None)
    await asyncio.sleep(0.5)  # the request has arrived, the screen is at rest
    while terminal.read(0.05):
        pass
    took = []
    for word in words:
        sent = time.perf_counter()
        turns.put_nowait(None)  # the server's task runs next, in this very loop
        took.append((await asyncio.to_thread(seen, terminal, word) - sent) * 1e3)
    for _ in range(4):
        turns.put_nowait(None)
    await asyncio.sleep(0.5)
    while terminal.read(0.1):
        pass
    return took[0], took[1:]


def _who() -> str:
    from mediavault_tui.cli import acting

    return acting.who()


def main() -> None:
    """Measure and print the row."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--answers", type=int, default=20)
    parser.add_argument("--pieces", type=int, default=10)
    args = parser.parse_args()
    first, later = asyncio.run(measure(args.answers, args.pieces))
    print(f"120×40, {len(first)} answers of {args.pieces} pieces, milliseconds from the server's write\n")
    print("| piece | p50 | p95 | worst | goal |\n|---|---|---|---|---|")
    for name, took in (("first", first), ("later", later)):
        ordered = sorted(took)
        p95 = ordered[min(int(len(ordered) * 0.95), len(ordered) - 1)]
        print(f"| {name} | {statistics.median(took):.1f} | {p95:.1f} | {ordered[-1]:.1f} | ≤ {GOAL:g} |")


if __name__ == "__main__":
    main()
