"""Frames of films for Compare and the details, kept on disk so that a second look is free."""

from __future__ import annotations

import asyncio
import hashlib
import os
import zlib
from pathlib import Path

from mediavault_tui.domain.model import MediaFile
from mediavault_tui.domain.picture import Picture, curve_of
from mediavault_tui.errors import SourceMissing
from mediavault_tui.probe.picture import Painter

_MOST = 64 << 20
"""Bytes of frames kept; some 3,000 of them."""


class Pictures:
    """Small frames, decoded once for each file, second and size."""

    def __init__(self, painter: Painter, folder: Path, *, most: int = _MOST) -> None:
        """`folder`: where frames are kept, up to `most` bytes; the oldest go first."""
        self._painter = painter
        self._kept = Kept(folder, most=most)

    async def frame(self, file: MediaFile, *, at: float, width: int, height: int) -> Picture:
        """Return the frame at `at` seconds, inside width × height pixels.

        Raises: SourceMissing if the file is not there; ProbeError, ToolMissing without a
            picture, with a sentence to show in its place.
        """
        curve = curve_of(file.info.video) if file.info is not None else None
        key = await asyncio.to_thread(_key, file.raw_path, f"{at:.3f} {width} {height} {curve}")
        found = await asyncio.to_thread(self._kept.get, key)
        if found is None:
            found = await self._painter.frame(file.raw_path, at=at, width=width, height=height, curve=curve)
            await asyncio.to_thread(self._kept.put, key, found)
        return found


def _key(path: bytes, wanted: str) -> str:
    """Return what changes when the file does: its place on the disk, size and time."""
    try:
        now = os.stat(path)
    except OSError as error:
        raise SourceMissing(f"No picture: the file cannot be read ({error.strerror or error}).") from error
    stamp = f"{now.st_dev} {now.st_ino} {now.st_size} {now.st_mtime_ns} {wanted}"
    return hashlib.sha256(stamp.encode()).hexdigest()[:32]


class Kept:
    """Pictures in a folder, bounded in bytes. Nothing here is missed when it is lost."""

    def __init__(self, folder: Path, *, most: int) -> None:
        self._folder = folder
        self._most = most

    def get(self, key: str) -> Picture | None:
        """Return a kept picture and make it the youngest; None without a whole one."""
        path = self._folder / key
        try:
            size, _, packed = path.read_bytes().partition(b"\n")
            width, height = map(int, size.split())
            picture = Picture(width, height, zlib.decompress(packed))
            os.utime(path)
        except (OSError, ValueError, zlib.error):
            return None
        return picture

    def put(self, key: str, picture: Picture) -> None:
        """Keep a picture, as far as the disk lets us."""
        new = self._folder / f"{key}.{os.getpid()}.new"
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            new.write_bytes(b"%d %d\n" % (picture.width, picture.height) + zlib.compress(picture.rgb))
            new.replace(self._folder / key)
            self._shrink()
        except OSError:
            return  # a full or read-only disk: the frame is decoded again next time

    def _shrink(self) -> None:
        with os.scandir(self._folder) as entries:
            files = sorted((s.st_mtime_ns, s.st_size, e.path) for e in entries if (s := e.stat()))
        total = sum(size for _, size, _ in files)
        for _, size, path in files:
            if total <= self._most:
                break
            Path(path).unlink(missing_ok=True)
            total -= size
