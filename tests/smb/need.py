"""How many bytes the staged comparison of files needs: what a first scan is measured against."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

_END = 64 * 1024
"""Bytes of each end that are read of every file whose size another one has."""


def needed(files: Iterable[Path]) -> int:
    """Return the bytes of head and tail where sizes agree, and of all of a file where those agree too."""
    by_size: dict[int, list[Path]] = defaultdict(list)
    for file in files:
        by_size[file.stat().st_size].append(file)
    total = 0
    for size, alike in by_size.items():
        if not size or len(alike) < 2:
            continue
        by_ends: dict[bytes, int] = defaultdict(int)
        for file in alike:
            with file.open("rb") as content:
                ends = content.read(_END)
                content.seek(max(size - _END, 0))
                by_ends[ends + content.read(_END)] += 1
        total += len(alike) * min(size, 2 * _END)
        if size > 2 * _END:
            total += sum(size * count for count in by_ends.values() if count > 1)
    return total
