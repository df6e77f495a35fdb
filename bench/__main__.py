"""`make bench`: every row of the speed table, from real runs, one after the other.

    python -m bench [NAME …]       NAME: one of the modules below; all unless told otherwise

Each module prints Markdown and can be run by itself (`python -m bench.exact --help`). The
output is kept in `bench/out/NAME.md`. Figures are ratios against peers in one run; on a
machine that does other work at the same time they are worth little, so the load is told.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import time
from pathlib import Path

MODULES = ("exact", "scan", "identify", "match", "inventory", "app", "first_token", "stream", "smb", "nas")
ROOT = Path(__file__).resolve().parent.parent


def run(name: str) -> bool:
    """Run one module, show and keep what it prints; return whether it ended well."""
    out = ROOT / "bench" / "out" / f"{name}.md"
    out.parent.mkdir(exist_ok=True)
    print(f"\n## {name}\n", flush=True)
    lines: list[str] = []
    with subprocess.Popen(
        [sys.executable, "-m", f"bench.{name}"], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        for line in child.stdout:
            print(line, end="", flush=True)
            lines.append(line)
    out.write_text("".join(lines), "utf-8")
    return child.returncode == 0


def main(names: list[str]) -> int:
    """Run the named modules; 1 if any of them failed, 2 for a name that is none."""
    unknown = [name for name in names if name not in MODULES]
    if unknown:
        print(f"no benchmark is called {unknown[0]}; there are {', '.join(MODULES)}", file=sys.stderr)
        return 2
    load = os.getloadavg()[0]
    print(f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} cores")
    print(f"{time.strftime('%Y-%m-%d')}, load before the start {load:.2f}")
    failed = [name for name in names or MODULES if not run(name)]
    if failed:
        print(f"\nfailed: {', '.join(failed)}", file=sys.stderr)
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
