"""Small files in a folder, bounded in bytes, the least recently used going first."""

from __future__ import annotations

import os
from pathlib import Path


class Kept:
    """What can be had again: nothing here is missed when it is lost."""

    def __init__(self, folder: Path, *, most: int) -> None:
        self._folder = folder
        self._most = most

    def get(self, key: str) -> bytes | None:
        """Return what is kept under a key and make it the youngest."""
        path = self._folder / key
        try:
            content = path.read_bytes()
            os.utime(path)
        except OSError:
            return None
        return content

    def put(self, key: str, content: bytes) -> None:
        """Keep something, as far as the disk lets us."""
        new = self._folder / f"{key}.{os.getpid()}.new"
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            new.write_bytes(content)
            new.replace(self._folder / key)
            self._shrink()
        except OSError:
            return  # a full or read-only disk: it is made again next time

    def _shrink(self) -> None:
        with os.scandir(self._folder) as entries:
            files = sorted((s.st_mtime_ns, s.st_size, e.path) for e in entries if (s := e.stat()))
        total = sum(size for _, size, _ in files)
        for _, size, path in files:
            if total <= self._most:
                break
            Path(path).unlink(missing_ok=True)
            total -= size
