"""Finders of equal bytes side by side on a corpus of bench/corpus.py, in turns, their answers judged.

    python -m bench.peers CORPUS [--rounds 5] [--cold] --ours 'mediavault exact --json {data}'

`--ours` prints JSON: a list of groups, each a list of paths, or objects with "paths" or
"files" (a path, or an object with "path"); a path that is no valid text may be given as
{"path_hex": "..."}. Peers found on PATH run too: jdupes, rmlint, rdfind, fdupes, hardlink.
Prints a Markdown table: medians, and the ratio to `jdupes -Q`. Groups are compared as sets of
inodes, so it does not matter whether a tool lists hard links.
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
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path

Groups = list[list[bytes]]


def from_nul(out: bytes) -> Groups:
    return [[p for p in g.split(b"\0") if p] for g in out.split(b"\0\0") if g.strip(b"\0")]


def from_blank_lines(out: bytes) -> Groups:
    return [g.split(b"\n") for g in out.strip(b"\n").split(b"\n\n") if g]


def from_hardlink(out: bytes) -> Groups:
    parent: dict[bytes, bytes] = {}

    def root(p: bytes) -> bytes:
        parent.setdefault(p, p)
        while parent[p] != p:
            p = parent[p] = parent[parent[p]]
        return p

    for m in re.finditer(rb"\[DryRun\] Linking (.*?) to (.*?) \(-[^\n]*\)\n", out, re.S):
        parent[root(m[1])] = root(m[2])
    groups = defaultdict(list)
    for p in list(parent):
        groups[root(p)].append(p)
    return list(groups.values())


def from_json(out: bytes) -> Groups:
    def path(p: str | dict) -> bytes:
        if isinstance(p, dict):
            return bytes.fromhex(p["path_hex"]) if p.get("path_hex") else path(p["path"])
        return p.encode("utf-8", "surrogateescape")

    def members(g: list | dict) -> list:
        return g if isinstance(g, list) else g.get("paths") or g.get("files") or []

    data = json.loads(out)
    groups = data if isinstance(data, list) else data["groups"]
    return [[path(p) for p in members(g)] for g in groups]


def from_rmlint(folder: Path) -> Groups:
    groups = defaultdict(list)
    for e in json.loads((folder / "rmlint.json").read_bytes().decode("utf-8", "surrogateescape")):
        if e.get("type") == "duplicate_file" and "checksum" in e:
            groups[e["checksum"], e["size"]].append(e["path"].encode("utf-8", "surrogateescape"))
    return list(groups.values())


def from_rdfind(folder: Path) -> Groups:
    groups = defaultdict(list)
    for line in (folder / "rdfind.txt").read_bytes().split(b"\n"):
        f = line.split(b" ", 7)
        if len(f) == 8 and not line.startswith(b"#"):
            groups[abs(int(f[1]))].append(f[7])
    return list(groups.values())


def tools(data: str, tmp: Path, ours: str) -> dict[str, tuple[list[str], Callable[[bytes], Groups]]]:
    known = {
        "jdupes -Q": (["jdupes", "-r", "-0", "-q", "-Q", data], from_nul),
        "jdupes": (["jdupes", "-r", "-0", "-q", data], from_nul),
        "fdupes": (["fdupes", "-r", "-n", "-q", data], from_blank_lines),
        "hardlink -n -c": (["hardlink", "-n", "-c", "-v", "-v", data], from_hardlink),
        "rmlint": (
            ["rmlint", "-T", "df", "--without-fiemap", "--hidden", "-o", f"json:{tmp}/rmlint.json", data],
            lambda _: from_rmlint(tmp),
        ),
        "rdfind": (
            [
                "rdfind",
                "-dryrun",
                "true",
                "-makeresultsfile",
                "true",
                "-outputname",
                f"{tmp}/rdfind.txt",
                data,
            ],
            lambda _: from_rdfind(tmp),
        ),
    }
    found = {name: t for name, t in known.items() if shutil.which(t[0][0])}
    return {"ours": (shlex.split(ours.format(data=shlex.quote(data))), from_json)} | found


def run(cmd: list[str], tmp: Path) -> tuple[float, float, float, bytes]:
    """Wall seconds, CPU seconds, peak MB of the largest process, standard output."""
    with tempfile.TemporaryFile() as out:
        start = time.perf_counter()
        child = subprocess.Popen(
            cmd, stdout=out, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, cwd=tmp
        )
        _, _, use = os.wait4(child.pid, 0)
        wall = time.perf_counter() - start
        out.seek(0)
        return wall, use.ru_utime + use.ru_stime, use.ru_maxrss / 1024, out.read()


def judge(groups: Groups, data: str, truth: dict) -> str:
    def inode(p: bytes) -> int | None:
        try:
            return os.lstat(p if p.startswith(b"/") else os.path.join(os.fsencode(data), p)).st_ino
        except OSError:
            return None

    def sets(gs: Iterable[list[bytes]]) -> set[frozenset[int]]:
        return {s for g in gs if len(s := frozenset(i for p in g if (i := inode(p)) is not None)) > 1}

    def pairs(ss: set[frozenset[int]]) -> set[tuple[int, int]]:
        return {(a, b) for s in ss for a in s for b in s if a < b}

    want = sets([bytes.fromhex(p) for p in g] for g in truth["groups"])
    got = sets(groups)
    return (
        f"{len(want & got)}/{len(want)} | {len(pairs(got) - pairs(want))} | {len(pairs(want) - pairs(got))}"
    )


def main() -> None:
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("corpus", type=Path)
    ap.add_argument("--ours", required=True)
    ap.add_argument("--rounds", type=int, default=5)
    ap.add_argument("--cold", action="store_true", help="drop the page cache before each run (root)")
    args = ap.parse_args()
    data = os.path.realpath(args.corpus / "data")
    truth = json.loads((args.corpus / "truth.json").read_text())
    with tempfile.TemporaryDirectory() as name:
        tmp = Path(name)
        todo = tools(data, tmp, args.ours)
        times: dict[str, list[tuple[float, float, float]]] = defaultdict(list)
        verdict: dict[str, str] = {}
        for turn in range(args.rounds):
            names = list(todo)
            for tool in names[turn % len(names) :] + names[: turn % len(names)]:
                if args.cold:
                    os.sync()
                    Path("/proc/sys/vm/drop_caches").write_text("3\n")
                else:
                    subprocess.run(
                        f"find {shlex.quote(data)} -type f -print0 | xargs -0 cat >/dev/null",
                        shell=True,
                        check=False,
                    )
                cmd, parse = todo[tool]
                wall, cpu, rss, out = run(cmd, tmp)
                times[tool].append((wall, cpu, rss))
                if tool not in verdict:
                    verdict[tool] = judge(parse(out), data, truth)
    middle = {t: tuple(statistics.median(x[i] for x in v) for i in range(3)) for t, v in times.items()}
    base = middle.get("jdupes -Q", min(middle.values()))[0]
    print(f"{args.corpus.name}, {'cold' if args.cold else 'warm'}, {args.rounds} rounds, medians")
    print("| tool | wall s | / jdupes -Q | cpu s | MB | groups right | false pairs | missed pairs |")
    print("|---|---|---|---|---|---|---|---|")
    for tool in sorted(middle, key=lambda t: middle[t][0]):
        wall, cpu, rss = middle[tool]
        print(f"| {tool} | {wall:.2f} | {wall / base:.2f} | {cpu:.2f} | {rss:.0f} | {verdict[tool]} |")


if __name__ == "__main__":
    main()
