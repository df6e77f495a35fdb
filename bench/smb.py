"""The SMB source against Debian's `smbclient` and plain smbprotocol, on a real smbd on loopback.

    python -m bench.smb [--rounds 3]

Signing is required for everybody. Reading: 1 GiB in the steps of a full hash, start-up of smbclient
included (some 30 ms), against its `get` to /dev/null; through a proxy (a process of its own) with 2 ms and
20 ms of round trip against `smbclient.open_file().read()`, once each. Listing: `walk` with a new connection
against `smbclient -c 'recurse;ls'`. They take turns; the median counts.
"""

from __future__ import annotations

import argparse
import mmap
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import smbclient

from mediavault_tui.probe.hashing import STEP
from mediavault_tui.sources.smb.source import SmbSource
from tests.smb import proxy
from tests.smb.server import PASSWORD, SHARE, Smbd

MIB = 1024 * 1024
TOP = f"/{SHARE}".encode()


def fill(server: Smbd) -> None:
    """Write what is read and listed."""
    block = os.urandom(MIB)
    with open(server.share / "big", "wb") as file:
        for _ in range(1024):
            file.write(block)
    for tree, folders, each in (("one", 1, 5000), ("many", 2000, 25)):
        for folder in range(folders):
            place = server.share / tree / f"Some Film ({1950 + folder % 70}) {folder}"
            place.mkdir(parents=True)
            for number in range(each):
                (place / f"Some.Film.{number:05d}.1080p.BluRay.x264.mkv").touch()


def timed(run: Callable[[], object]) -> float:
    """Return the seconds that `run` takes."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def turns(rounds: int, *runs: Callable[[], object]) -> list[float]:
    """Return the median seconds of each, run in turns."""
    times: list[list[float]] = [[] for _ in runs]
    for _ in range(rounds):
        for run, taken in zip(runs, times, strict=True):
            taken.append(timed(run))
    return [statistics.median(taken) for taken in times]


def read(server: Smbd, name: str, port: int) -> int:
    """Read a file in a row through a source of its own; return its bytes."""
    buffer = memoryview(mmap.mmap(-1, STEP))
    with SmbSource("bench", server.address(port=port)) as source, source.open(TOP + name.encode()) as reader:
        done = 0
        while count := reader.read_into(done, buffer):
            done += count
    return done


def read_plainly(server: Smbd, name: str, port: int) -> None:
    """Read a file as the library's own manual does."""
    cache: dict[str, object] = {}
    path = rf"\\127.0.0.1\{SHARE}\{name}"
    known = {"username": server.user, "password": PASSWORD, "port": port, "connection_cache": cache}
    try:
        with smbclient.open_file(path, mode="rb", share_access="rwd", **known) as file:
            file.read()
    finally:
        smbclient.reset_connection_cache(connection_cache=cache)


def walk(server: Smbd, tree: str) -> int:
    """Walk a tree with a new connection; return how many files there are."""
    with SmbSource("bench", server.address()) as source:
        batches = source.walk(TOP + b"/" + tree.encode(), skip=frozenset(), on_error=print)
        return sum(len(batch) for batch in batches)


def debian(server: Smbd, commands: str) -> None:
    """Run smbclient's own commands, signed."""
    subprocess.run(
        ["smbclient", "-p", str(server.port), "-U", f"{server.user}%{PASSWORD}", "--client-protection=sign",
         f"//127.0.0.1/{SHARE}", "-c", commands],
        check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


@contextmanager
def delayed(port: int, round_trip_s: float) -> Iterator[int]:
    """Yield the port of a proxy in a process of its own."""
    with subprocess.Popen(
        [sys.executable, proxy.__file__, str(port), str(round_trip_s / 2)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as child:  # fmt: skip
        assert child.stdout is not None
        yield int(child.stdout.readline())
        child.communicate("")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    print("| work | ours | theirs | ratio | goal |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name, Smbd(Path(name) / "smbd") as server:
        fill(server)
        assert read(server, "/big", server.port) == 1024 * MIB
        ours, theirs = turns(
            rounds,
            lambda: read(server, "/big", server.port),
            lambda: debian(server, "get big /dev/null"),
        )
        rates = f"{1024 * MIB / ours / 1e6:.0f} MB/s | {1024 * MIB / theirs / 1e6:.0f} MB/s"
        print(
            f"| read 1 GiB, signed, against `smbclient get` | {rates} | {theirs / ours:.2f} | ≥ 0.9 |",
            flush=True,
        )
        for round_trip, goal in ((0.002, 2), (0.020, 5)):
            with delayed(server.port, round_trip) as port:
                ours, theirs = turns(
                    1,
                    lambda port=port: read(server, "/big", port),
                    lambda port=port: read_plainly(server, "big", port),
                )
            rates = f"{1024 * MIB / ours / 1e6:.0f} MB/s | {1024 * MIB / theirs / 1e6:.0f} MB/s"
            what = f"read 1 GiB, {round_trip * 1000:.0f} ms away, against `open_file().read()`"
            print(f"| {what} | {rates} | {theirs / ours:.1f} | ≥ {goal} |", flush=True)
        for tree, files, what in (("one", 5000, "1 folder"), ("many", 50_000, "2,000 folders")):
            assert walk(server, tree) == files
            ours, theirs = turns(
                rounds,
                lambda tree=tree: walk(server, tree),
                lambda tree=tree: debian(server, f"cd {tree};recurse;ls"),
            )
            row = f"{ours:.2f} s | {theirs:.2f} s | {ours / theirs:.2f}"
            print(f"| list {files:,} files in {what}, against `recurse;ls` | {row} | ≤ 0.7 |", flush=True)


if __name__ == "__main__":
    main()
