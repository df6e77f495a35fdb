"""`mediavault exact` against `jdupes -Q` (or all peers), start-up included, on both corpora.

    python -m bench.exact [--folder DIR] [--rounds 5] [--all-peers] [--warm-only]

Corpora are made in DIR (kept, and taken again next time): media, 200 large files, and tree,
100,000 small ones. Warm: everything is read into memory first. Cold: the page cache is dropped
before each run, which needs root. Tools take turns, and only ratios of one run mean anything.
Then the system calls (strace) and the peak memory of every process, for each file of tree.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from bench import corpus, peers

OURS = (os.path.join(os.path.dirname(sys.executable), "mediavault"), "exact", "--json")
BASE = "jdupes -Q"
GOALS = {("media", "warm"): 0.45, ("media", "cold"): 0.3, ("tree", "warm"): 1.0, ("tree", "cold"): 0.6}
"""At most so much of the wall time of `jdupes -Q`."""
CALLS, KILOBYTES = 5.0, 1.0
"""At most so many system calls and KiB of memory a file."""


class Line(NamedTuple):
    """One tool on one corpus: median wall seconds, largest resident MB, and the judge's three numbers."""

    tool: str
    wall: float
    megabytes: float
    judged: str


def ready(folder: Path, kind: str) -> Path:
    """Make the corpus unless it is there whole; `truth.json` is written last."""
    place = folder / kind
    if not (place / "truth.json").exists():
        shutil.rmtree(place, ignore_errors=True)
        subprocess.run([sys.executable, corpus.__file__, kind, place], check=True, stdout=subprocess.DEVNULL)
    return place


def drop_caches() -> None:
    """Make the next reader wait for the disk; PermissionError unless root."""
    os.sync()
    Path("/proc/sys/vm/drop_caches").write_text("3\n")


def warm_up(data: str) -> None:
    """Have every byte in memory."""
    every_byte = f"find {shlex.quote(data)} -type f -print0 | xargs -0 cat > /dev/null"
    subprocess.run(every_byte, shell=True, check=False)


def race(place: Path, *, cold: bool, rounds: int, everybody: bool) -> list[Line]:
    """Let the tools take turns; the quickest comes first."""
    data = os.path.realpath(place / "data")
    truth = json.loads((place / "truth.json").read_text())
    times: dict[str, list[tuple[float, float]]] = defaultdict(list)
    judged: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as name:
        known = peers.tools(data, Path(name), " ".join((*OURS, "{data}")))
        runners = {tool: how for tool, how in known.items() if everybody or tool in ("ours", BASE)}
        for turn in range(rounds):
            order = list(runners)
            for tool in order[turn % len(order) :] + order[: turn % len(order)]:
                if cold:
                    drop_caches()
                command, parse = runners[tool]
                wall, _cpu, megabytes, out = peers.run(command, Path(name))
                times[tool].append((wall, megabytes))
                if tool not in judged:
                    judged[tool] = peers.judge(parse(out), data, truth)
    lines = [
        Line(tool, statistics.median(t[0] for t in taken), max(t[1] for t in taken), judged[tool])
        for tool, taken in times.items()
    ]
    return sorted(lines, key=lambda line: line.wall)


def floor(place: Path, rounds: int) -> float:
    """Return the median seconds that the disk needs for the true groups' bytes, which no proof does without.

    Whoever says that files are equal has read them to their ends. Four readers, 4 MiB at a time: more
    of either were no faster here.
    """
    truth = json.loads((place / "truth.json").read_text())
    data = os.fsencode(os.path.realpath(place / "data"))
    paths = [os.path.join(data, bytes.fromhex(path)) for group in truth["groups"] for path in group]

    def read(path: bytes) -> None:
        with open(path, "rb", buffering=0) as file:
            while file.readinto(buffers.setdefault(threading.get_ident(), bytearray(4 << 20))):
                pass

    taken = []
    for _ in range(rounds):
        buffers: dict[int, bytearray] = {}
        drop_caches()
        begun = time.perf_counter()
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(read, paths))
        taken.append(time.perf_counter() - begun)
    return statistics.median(taken)


def system_calls(data: str, files: int) -> float | None:
    """Return the system calls a file of all our processes; None without strace."""
    if not shutil.which("strace"):
        return None
    ran = subprocess.run(
        ["strace", "-f", "-c", "-o", "/dev/stderr", *OURS, data],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    total = re.search(r"^100\.00\s+\S+\s+(?:\S+\s+)?(\d+)\s+(?:\d+\s+)?total$", ran.stderr, re.MULTILINE)
    return int(total[1]) / files if total else None


def kilobytes(data: str, nothing: Path, files: int) -> float:
    """Return the peak KiB a file of the largest process, beyond what an empty folder takes.

    A small process starts and measures it: a child's peak is never below what its parent had.
    """
    nothing.mkdir(exist_ok=True)
    ask = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL);"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    said = [
        subprocess.run(
            [sys.executable, "-c", ask, *OURS, where], capture_output=True, check=True, cwd=nothing
        ).stdout
        for where in (str(nothing), data)
    ]
    empty, full = map(int, said)
    return (full - empty) / files


def print_race(kind: str, cold: bool, lines: list[Line]) -> None:
    """Print one table, the goal beneath it."""
    state = "cold" if cold else "warm"
    base = next((line.wall for line in lines if line.tool == BASE), lines[0].wall)
    print(
        f"\n{kind}, {state}\n\n| tool | wall s | / {BASE} | MB | groups right | false pairs | missed pairs |"
    )
    print("|---|---|---|---|---|---|---|")
    for line in lines:
        ratio = line.wall / base
        print(f"| {line.tool} | {line.wall:.2f} | {ratio:.2f} | {line.megabytes:.0f} | {line.judged} |")
    ours = next(line.wall for line in lines if line.tool == "ours") / base
    goal = GOALS[kind, state]
    print(f"\n{'met' if ours <= goal else 'MISSED'}: {ours:.2f} of {BASE}, goal ≤ {goal}", flush=True)


def main() -> None:
    """Make what is missing, race, and print the tables."""
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "mediavault-bench")
    ap.add_argument("--rounds", type=int, default=5)
    ap.add_argument("--all-peers", action="store_true")
    ap.add_argument("--warm-only", action="store_true", help="drop no caches")
    args = ap.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    for kind in ("media", "tree"):
        place = ready(args.folder, kind)
        warm_up(os.path.realpath(place / "data"))
        for cold in (False, True):
            if cold and (args.warm_only or os.geteuid() != 0):
                why = "not asked for" if args.warm_only else "dropping the page cache needs root"
                print(f"\n{kind}, cold: not measured ({why})")
                continue
            lines = race(place, cold=cold, rounds=args.rounds, everybody=args.all_peers)
            print_race(kind, cold, lines)
            if cold and kind == "media":
                least = floor(place, args.rounds)
                base = next(line.wall for line in lines if line.tool == BASE)
                print(f"only to read what is equal takes {least:.2f} s: {least / base:.2f} of {BASE}")
    data = os.path.realpath(args.folder / "tree" / "data")
    files = json.loads((args.folder / "tree" / "truth.json").read_text())["files"]
    warm_up(data)  # the goals are those of files in memory
    calls = system_calls(data, files)
    print(
        f"\nsystem calls a file: {'strace is missing' if calls is None else f'{calls:.2f}'}, goal ≤ {CALLS:g}"
    )
    print(f"memory a file: {kilobytes(data, args.folder / 'nothing', files):.2f} KiB, goal ≤ {KILOBYTES:g}")


if __name__ == "__main__":
    main()
